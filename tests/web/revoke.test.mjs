// SPDX-License-Identifier: Apache-2.0
// WebSockets of an account that was changed are closed, others are not.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import * as path from 'node:path';
import { after, test } from 'node:test';
import * as raw from './raw.mjs';
import { World, until } from './world.mjs';

const { BINARY, PING, PONG, Socket } = raw;
const SOON_MS = 30000;	// hashing takes its time on a busy machine
const world = new World();
const users = path.join(world.dir, 'users');

after(() => world.end());

const edit = (input, ...args) => execFileSync('qtd', ['user', ...args],
	{ env: world.env, input });

async function login(port, name) {
	const body = JSON.stringify({ user: name, password: `pw-${name}` });
	const { head } = await raw.request(port, 'POST /login HTTP/1.1\r\n' +
		`Host: 127.0.0.1:${port}\r\nOrigin: http://127.0.0.1:${port}\r\n` +
		`Content-Length: ${body.length}\r\n\r\n${body}`);
	return /set-cookie: ([^;]+)/i.exec(head)[1];
}

test('a changed account closes its WebSockets, in every worker', async () => {
	for (const name of ['ann', 'bob', 'joe', 'zoe'])
		edit(`pw-${name}\n`, 'add', '-r', 'writer', users, name);
	const { port } = await world.qtd('--users', users, '--workers', '2');
	const open = async (name, protocol) => Socket.open(port, {
		Cookie: await login(port, name),
		'Sec-WebSocket-Protocol': protocol });
	const [ann, tty, bob, joe, zoe] = [await open('ann', 'qt.1'),
		await open('ann', 'tty'), await open('bob', 'qt.1'),
		await open('joe', 'qt.1'), await open('zoe', 'qt.1')];
	tty.frame(BINARY, '{"columns":80,"rows":24}');
	await tty.until(BINARY);
	edit('other\n', 'passwd', users, 'ann');
	assert.equal(await ann.closeCode(SOON_MS), 4001);
	assert.equal(await tty.closeCode(SOON_MS), 1008);
	edit('', 'del', users, 'bob');
	assert.equal(await bob.closeCode(SOON_MS), 4001);
	edit('', 'role', '-r', 'reader', users, 'joe');
	assert.equal(await joe.closeCode(SOON_MS), 4001);
	zoe.frame(PING, 'there?');
	assert.equal(String((await zoe.until(PONG)).payload), 'there?');
	for (const ws of [ann, tty, bob, joe, zoe])
		ws.end();
});

test('a ticket of an account that was changed is worth nothing', async () => {
	edit('pw-eve\n', 'add', '-r', 'writer', users, 'eve');
	const { port } = await world.qtd('--users', users, '--workers', '1');
	const cookie = await login(port, 'eve');
	const get = (what) => raw.request(port, `GET ${what} HTTP/1.1\r\n` +
		`Host: 127.0.0.1:${port}\r\nCookie: ${cookie}\r\n\r\n`);
	const { body } = await get('/token');
	const ws = await Socket.open(port, { 'Sec-WebSocket-Protocol': 'tty' });
	edit('other\n', 'passwd', users, 'eve');
	await until('the change is seen', async () =>
		(await get('/api/me')).status === 401);
	ws.frame(BINARY, JSON.stringify({ AuthToken: JSON.parse(body).token,
		columns: 80, rows: 24 }));
	assert.equal(await ws.closeCode(SOON_MS), 1008);
	ws.end();
});
