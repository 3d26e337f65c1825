// SPDX-License-Identifier: Apache-2.0
// The protocol qt.1 as qt-proto(7) tells it.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import * as fs from 'node:fs';
import * as raw from './raw.mjs';
import * as wire from '../../cmd/qtd/web/wire.js';
import { Client } from './qt1.mjs';
import { World, until } from './world.mjs';

const world = new World();
let server;
let port;

before(async () => {
	server = await world.qtd('--no-login');
	({ port } = server);
});
after(() => world.end());

const sh = (script) => ({ new: { command: ['sh', '-c', script] } });

test('a new session is typed into and its exit code comes last', async () => {
	const c = await Client.open(port);
	assert.equal(c.hello.readonly, false);
	const info = await c.openSession(1, sh('read x; echo "got $x"; exit 7'));
	assert.equal(info.state, 'running');
	c.input(1, 'yo\r');
	const exit = await c.until(wire.EXIT);
	assert.equal(exit.arg, 7);
	assert.match(c.text, /got yo/);
	c.end();
});

test('short commands lose nothing: 100 of 100', async () => {
	const c = await Client.open(port);
	for (let i = 1; i <= 100; i++) {
		c.text = '';
		await c.openSession(i, sh(`echo hi ${i}`));
		await c.until(wire.EXIT);
		assert.equal(c.text, `hi ${i}\r\n`);
	}
	c.end();
});

test('who comes back goes on at the byte', async () => {
	const c = await Client.open(port);
	const info = await c.openSession(1, sh('echo one; exec cat'));
	await c.untilText(/one\r\n/);
	const { offset } = c;
	c.ws.end();
	const d = await Client.open(port);
	await d.openSession(3, { session: info.id }, { offset,
		arg: info.arg });
	d.input(3, 'two\r');
	await d.untilText(/two\r\ntwo\r\n/);
	assert.doesNotMatch(d.text, /one/);
	await d.call('kill', { id: info.id });
	d.end();
});

test('who comes for the first time sees what is there', async () => {
	const c = await Client.open(port);
	const info = await c.openSession(1, sh('echo look here; exec cat'));
	await c.untilText(/look here/);
	const d = await Client.open(port);
	await d.openSession(1, { session: info.name });
	await d.untilText(/look here/);
	c.input(1, 'both\r');
	await c.untilText(/both/);
	await d.untilText(/both/);
	await d.call('kill', { id: info.id });
	c.end();
	d.end();
});

test('64 channels on one connection, and not one more', async () => {
	const c = await Client.open(port);
	const { id } = await c.openSession(1, sh('exec cat'));
	for (let i = 2; i <= 64; i++)
		await c.openSession(i, { session: id });
	c.send(wire.OPEN, 65, { payload: { session: id } });
	assert.match(wire.json(await c.until(wire.ERROR)).text, /too many/);
	const metrics = await raw.request(port, 'GET /metrics HTTP/1.1\r\n' +
		`Host: 127.0.0.1:${port}\r\n\r\n`);
	assert.match(metrics.body, /^qtd_viewers 64$/m);
	c.send(wire.CLOSE, 64);
	await c.openSession(65, { session: id });
	await c.call('kill', { id });
	c.end();
});

test('list, rename, resize, kill, forget', async () => {
	const c = await Client.open(port);
	const { id } = await c.call('new', { command: ['cat'], name: 'first' });
	assert.deepEqual(await c.call('rename', { id, name: 'second' }), {});
	assert.deepEqual(await c.call('resize', { id, cols: 99, rows: 33 }), {});
	const [mine] = (await c.call('list')).filter((s) => s.id === id);
	assert.equal(mine.name, 'second');
	assert.equal(mine.cols, 99);
	assert.equal(mine.state, 'running');
	assert.equal(mine.exit_status, null);
	assert.deepEqual(await c.call('kill', { id, signal: 15 }), {});
	await until('it has ended', async () => (await c.call('list'))
		.some((s) => s.id === id && s.state === 'exited' &&
			s.exit_status === 143));
	assert.deepEqual(await c.call('forget', { id }), {});
	await until('it is forgotten', async () =>
		!(await c.call('list')).some((s) => s.id === id));
	assert.match((await c.call('kill', { id })).error.text, /no such/);
	assert.ok((await c.call('rename', { id })).error);
	assert.ok((await c.call('nonsense')).error);
	c.end();
});

test('who watches is told of changes', async () => {
	const c = await Client.open(port);
	await c.call('watch', { on: true });
	await c.until(wire.SESSIONS);
	const d = await Client.open(port);
	const { id } = await d.call('new', { command: ['cat'], name: 'seen' });
	for (;;) {
		const list = wire.json(await c.until(wire.SESSIONS));
		if (list.some((s) => s.name === 'seen'))
			break;
	}
	await d.call('kill', { id });
	c.end();
	d.end();
});

test('the size comes before what was printed for it', async () => {
	const c = await Client.open(port);
	await c.openSession(1, sh('trap "stty size" WINCH; echo go; ' +
		'while :; do sleep 0.1; done'));
	const size = await c.until(wire.SIZE);
	assert.deepEqual(wire.unpackSize(size.arg), { cols: 80, rows: 24 });
	await c.untilText(/go/);
	c.send(wire.RESIZE, 1, { arg: wire.packSize(100, 30) });
	const next = await c.until(wire.SIZE);
	assert.deepEqual(wire.unpackSize(next.arg), { cols: 100, rows: 30 });
	assert.doesNotMatch(c.text, /30 100/);
	await c.untilText(/30 100/);
	c.end();
});

test('without acknowledgements 512 KiB come, then silence', async () => {
	const c = await Client.open(port);
	const d = await Client.open(port);
	// 20,000 bytes for each line that is typed.
	const info = await c.openSession(1, sh('stty -echo; echo go; ' +
		'while read x; do head -c 20000 /dev/zero | tr "\\0" x; done'));
	await c.untilText(/go\r\n/);
	const before = c.received;
	for (let i = 1; i <= 26; i++) {
		c.input(1, '\r');
		while (c.received < before + i * 20000)
			await c.until(wire.DATA);
	}
	c.input(1, '\r'.repeat(30));
	await until('all has been written', async () =>
		(await d.call('list')).find(({ id }) => id === info.id)
			.output_bytes >= before + 56 * 20000);
	// Silent: twice in a row nothing comes before the answer to a PING.
	for (let quiet = 0; quiet < 2; quiet++) {
		const { received } = c;
		c.send(wire.PING, 0, { arg: quiet });
		await c.until(wire.PONG);
		if (c.received !== received)
			quiet = -1;
	}
	assert.ok(c.received > 512 << 10, `${c.received}`);
	assert.ok(c.received < (512 << 10) + (64 << 10), `${c.received}`);
	// It goes on from there, or with what is there now.
	c.send(wire.ACK, 1, { offset: c.received });
	const f = await c.next();
	assert.ok([wire.DATA, wire.SKIPPED].includes(f.type));
	await d.call('kill', { id: info.id });
	c.end();
	d.end();
});

test('a viewer that reads nothing harms nobody', async () => {
	const c = await Client.open(port);
	const info = await c.openSession(1, sh('yes'));
	c.ws.socket.pause();
	const d = await Client.open(port);
	await d.openSession(1, sh('echo fine'));
	await d.until(wire.EXIT);
	assert.match(d.text, /fine/);
	await d.call('kill', { id: info.id, signal: 9 });
	c.end();
	d.end();
});

test('JSON and channels that make no sense', async () => {
	const c = await Client.open(port);
	const bad = async (channel, payload) => {
		c.send(wire.OPEN, channel, { payload });
		return wire.json(await c.until(wire.ERROR)).text;
	};
	assert.match(await bad(1, Buffer.from('{')), /JSON/);
	assert.match(await bad(1, {}), /either/);
	assert.match(await bad(1, { session: 'x', new: {} }), /either/);
	assert.match(await bad(1, { session: 'nobody' }), /no such/);
	assert.match(await bad(1, { new: { command: [1] } }), /texts/);
	assert.match(await bad(1, { new: { command: ['/none'] } }), /none/);
	assert.match(await bad(1, { new: { name: 'a/b' } }), /name/);
	assert.match(await bad(1, { new: { policy: 'x' } }), /policy/);
	// Frames for channels that are not there are passed over.
	for (const type of [wire.INPUT, wire.RESIZE, wire.ACK, wire.CLOSE,
		wire.LEAD])
		c.send(type, 9);
	c.send(wire.PING, 0, { arg: 3 });
	assert.equal((await c.until(wire.PONG)).arg, 3);
	c.send(wire.OPEN, 0, { payload: {} });
	assert.equal((await c.next()).closed, 1002);
	c.end();
});

test('who opens a session read-only cannot type', async () => {
	const c = await Client.open(port);
	const info = await c.openSession(1, sh('exec cat'));
	const d = await Client.open(port);
	const seen = await d.openSession(1, { session: info.id,
		readonly: true });
	assert.equal(seen.role, 'reader');
	d.input(1, 'no\r');
	const error = await d.until(wire.ERROR);
	assert.ok(error.flags & wire.SOFT);
	await d.call('kill', { id: info.id });
	c.end();
	d.end();
});

test('a large paste arrives whole', async () => {
	const c = await Client.open(port);
	const file = `${world.dir}/paste`;
	await c.openSession(1, sh(`stty raw -echo; : >${file}; echo go; ` +
		`head -c 2000000 | tee ${file} | cksum`));
	await c.untilText(/go/);
	const piece = Buffer.alloc(50000, 'paste ');
	for (let i = 0; i < 40; i++) {
		c.send(wire.INPUT, 1, { payload: piece });
		// The session takes a megabyte at a time.
		if (i % 10 === 9)
			await until('most of it is read', () =>
				fs.statSync(file).size > (i - 4) * 50000);
	}
	await c.until(wire.EXIT);
	assert.match(c.text, /\d+ 2000000/);
	c.end();
});

test('a host that dies: the session ends, the connection lives', async () => {
	const c = await Client.open(port);
	await c.openSession(1, sh('exec cat'));
	const pid = Number.parseInt(fs.readFileSync(
		`${world.runtime}/host.lock`, 'utf8'), 10);
	process.kill(pid, 'SIGKILL');
	for (;;) {
		const f = await c.next();
		assert.ok(f && f.closed === undefined);
		if (f.type === wire.EXIT || (f.type === wire.ERROR &&
			f.channel === 1 && !(f.flags & wire.SOFT)))
			break;
	}
	await until('a host is there again', async () => {
		const { error } = await c.call('new', { command: ['true'] });
		return error === undefined;
	});
	await c.openSession(2, sh('echo anew'));
	await c.until(wire.EXIT);
	assert.match(c.text, /anew/);
	c.end();
});

test('roles: a reader looks, and does nothing else', async () => {
	const other = await world.qtd('--no-login', '--read-only');
	const c = await Client.open(other.port);
	assert.equal(c.hello.readonly, true);
	c.send(wire.OPEN, 1, { payload: sh('true') });
	assert.match(wire.json(await c.until(wire.ERROR)).text, /may look/);
	const w = await Client.open(port);
	const info = await w.openSession(1, sh('exec cat'));
	assert.equal((await c.openSession(2, { session: info.id })).role,
		'reader');
	c.input(2, 'x');
	assert.ok((await c.until(wire.ERROR)).flags & wire.SOFT);
	assert.ok((await c.call('kill', { id: info.id })).error);
	assert.ok((await c.call('rename', { id: info.id, name: 'y' })).error);
	await w.call('kill', { id: info.id });
	c.end();
	w.end();
});

test('logging out closes what was open', async () => {
	const other = await world.qtd();
	const post = (path, body, head = '') => raw.request(other.port,
		`POST ${path} HTTP/1.1\r\nHost: 127.0.0.1:${other.port}\r\n` +
		`Content-Length: ${body.length}\r\n${head}\r\n${body}`);
	const answer = await post('/login',
		JSON.stringify({ token: other.token }));
	const [, cookie] = /set-cookie: ([^;]*)/i.exec(answer.head);
	const c = await Client.open(other.port, { Cookie: cookie });
	await c.openSession(1, sh('exec cat'));
	assert.equal((await post('/logout', '', `Cookie: ${cookie}\r\n`)).status,
		204);
	for (;;) {
		const f = await c.next();
		if (f.closed) {
			assert.equal(f.closed, 4001);
			break;
		}
	}
	await assert.rejects(Client.open(other.port, { Cookie: cookie }), /401/);
	// A cookie alone, as another site's page would send it.
	const again = await raw.request(other.port, raw.upgrade(other.port,
		{ Cookie: cookie, Origin: undefined }));
	assert.equal(again.status, 403);
	c.end();
});

test('a server that ends says so', async () => {
	const other = await world.qtd('--no-login');
	const c = await Client.open(other.port);
	other.proc.kill();
	await c.until(wire.GOING);
	assert.equal((await c.next()).closed, 1001);
	c.end();
	await until('it ends', () => other.proc.exitCode === 0);
});

test('--max-clients', async () => {
	const other = await world.qtd('--no-login', '-m', '2');
	const a = await Client.open(other.port);
	const b = await Client.open(other.port);
	await assert.rejects(Client.open(other.port), /503/);
	a.end();
	const c = await until('there is room again', () =>
		Client.open(other.port).catch(() => null));
	b.end();
	c.end();
});

test('--once and --exit-no-conn', async () => {
	for (const option of ['-o', '-q']) {
		const other = await world.qtd('--no-login', option);
		const c = await Client.open(other.port);
		if (option === '-o')
			await assert.rejects(Client.open(other.port), /503/);
		c.end();
		await until(`${option}: it ends`, () => other.proc.exitCode === 0);
	}
});
