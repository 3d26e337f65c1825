// SPDX-License-Identifier: Apache-2.0
// A client that speaks ttyd's protocol, as ttyd's page and scripts do.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import * as raw from './raw.mjs';
import { World, until } from './world.mjs';

const { BINARY, CLOSE, TEXT, Socket } = raw;
const world = new World();
let port;

before(async () => {
	({ port } = await world.qtd('-c', 'ann:secret', '-a', '-t',
		'fontSize=18', '-t', 'theme={"background":"#123"}',
		'--', 'sh', '-c',
		'stty size; echo "args:$*"; while read x; do echo "got $x"; ' +
		'[ "$x" = end ] && exit 5; done', 'sh'));
});
after(() => world.end());

const basic = `Basic ${Buffer.from('ann:secret').toString('base64')}`;

async function ticket() {
	const { body } = await raw.request(port, 'GET /token HTTP/1.1\r\n' +
		`Host: 127.0.0.1:${port}\r\nAuthorization: ${basic}\r\n\r\n`);
	return JSON.parse(body).token;
}

const open = (fields) => Socket.open(port, {
	'Sec-WebSocket-Protocol': 'tty', ...fields });
const init = (AuthToken) => JSON.stringify({ AuthToken, columns: 90,
	rows: 20 });

// Output until it matches; other messages are kept by their type.
async function untilOutput(ws, pattern, kept = {}) {
	let text = '';
	while (!pattern.test(text)) {
		const f = await ws.next();
		assert.ok(f && f.opcode === BINARY, `ended; got ${text}`);
		const type = String.fromCharCode(f.payload[0]);
		const rest = f.payload.toString('utf8', 1);
		if (type === '0')
			text += rest;
		else
			kept[type] = rest;
	}
	return text;
}

test('a ticket, title and preferences, output, input, resize, exit',
	async () => {
		const ws = await open();
		ws.frame(BINARY, init(await ticket()));
		const kept = {};
		const text = await untilOutput(ws, /args:/, kept);
		assert.match(text, /20 90/);
		assert.match(kept[1], /^sh -c .* \(.*\)$/);
		assert.deepEqual(JSON.parse(kept[2]), { fontSize: 18,
			theme: { background: '#123' } });
		ws.frame(BINARY, '0hello\r');
		await untilOutput(ws, /got hello/);
		ws.frame(BINARY, '1{"columns":100,"rows":30}');
		ws.frame(BINARY, '0end\r');
		await untilOutput(ws, /got end/);
		assert.equal(await ws.closeCode(), 4005);
		ws.end();
	});

test('the first message may be text, and the login a Basic header',
	async () => {
		const ws = await open({ Authorization: basic });
		ws.frame(TEXT, init(''));
		await untilOutput(ws, /20 90/);
		ws.end();
	});

test('a ticket is good once', async () => {
	const AuthToken = await ticket();
	const a = await open();
	a.frame(BINARY, init(AuthToken));
	await untilOutput(a, /args/);
	const b = await open();
	b.frame(BINARY, init(AuthToken));
	assert.equal(await b.closeCode(), 1008);
	a.end();
	b.end();
});

test('nobody types without a ticket', async () => {
	for (const first of ['0rm -rf\r', init('x'.repeat(43)), init(''), '{',
		'1{"columns":1,"rows":1}']) {
		const ws = await open();
		ws.frame(BINARY, first);
		assert.equal(await ws.closeCode(), 1008, first);
		ws.end();
	}
	const wrong = await raw.request(port, raw.upgrade(port));
	assert.equal(wrong.status, 401);
});

test('arguments of the address, with -a', async () => {
	const ws = await open({ path: '/ws?arg=one&arg=two%20words',
		Authorization: basic });
	ws.frame(BINARY, init(''));
	await untilOutput(ws, /args:one two words/);
	ws.end();
});

test('pause holds the output, resume lets it go', async () => {
	const ws = await open({ Authorization: basic });
	ws.frame(BINARY, init(''));
	await untilOutput(ws, /args/);
	ws.frame(BINARY, '2');
	ws.frame(BINARY, '0quiet\r');
	await assert.rejects(ws.next(300), /a frame/);
	ws.frame(BINARY, '3');
	await untilOutput(ws, /got quiet/);
	ws.end();
});

test('unknown messages are passed over', async () => {
	const ws = await open({ Authorization: basic });
	ws.frame(BINARY, init(''));
	await untilOutput(ws, /args/);
	ws.frame(BINARY, '9whatever');
	ws.frame(BINARY, '');
	ws.frame(BINARY, '1no json');
	ws.frame(BINARY, '0still\r');
	await untilOutput(ws, /got still/);
	ws.end();
});

const sessions = async () => JSON.parse((await raw.request(port,
	`GET /api/sessions HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n` +
	`Authorization: ${basic}\r\n\r\n`)).body);

test('a session ends with its client, and its record goes', async () => {
	const ws = await open({ Authorization: basic });
	ws.frame(BINARY, init(''));
	await untilOutput(ws, /args/);
	assert.ok((await sessions()).length > 0);
	ws.end();
	await until('no session is left', async () =>
		(await sessions()).length === 0);
});

test('so it does when a worker is killed', async () => {
	const other = await world.qtd('--no-login', 'cat');
	const ws = await Socket.open(other.port, {
		'Sec-WebSocket-Protocol': 'tty' });
	ws.frame(BINARY, init(''));
	ws.frame(BINARY, '0x');
	await ws.until(BINARY);
	const list = async () => {
		const answer = await raw.request(other.port, 'GET /api/sessions ' +
			`HTTP/1.1\r\nHost: 127.0.0.1:${other.port}\r\n\r\n`)
			.catch(() => null);
		return answer?.status === 200 ? JSON.parse(answer.body) : null;
	};
	await until('the session is there', async () =>
		(await list())?.length === 1);
	const [worker] = await world.workers(other);
	process.kill(worker, 'SIGKILL');
	await until('it is gone', async () => (await list())?.length === 0);
	ws.end();
});

test('so it does when monitor and workers are killed at once', async () => {
	const one = await world.qtd('--no-login', '--workers', '2', 'cat');
	const ws = await Socket.open(one.port, {
		'Sec-WebSocket-Protocol': 'tty' });
	ws.frame(BINARY, init(''));
	ws.frame(BINARY, '0x');
	await ws.until(BINARY);
	const list = () => world.sessions().filter((s) => s.command === 'cat');
	await until('the session is there', () => list().length === 1);
	/* Stopped first: a worker ends when it sees its monitor gone. */
	const all = [one.proc.pid, ...world.workers(one)];
	for (const signal of ['SIGSTOP', 'SIGKILL'])
		for (const pid of all)
			process.kill(pid, signal);
	await until('it is gone', () => list().length === 0);
	ws.end();
});

test('who says nothing is shown out', { timeout: 20000 }, async () => {
	const ws = await open();
	const f = await ws.until(CLOSE, 15000);
	assert.equal(f.payload.readUInt16BE(0), 1008);
	ws.end();
});
