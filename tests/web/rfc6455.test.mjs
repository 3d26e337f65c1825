// SPDX-License-Identifier: Apache-2.0
// RFC 6455 at qtd's WebSockets, along the groups of the Autobahn suite; and
// what libwebsockets would get wrong by itself.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import * as raw from './raw.mjs';
import * as wire from '../../cmd/qtd/web/wire.js';
import { World } from './world.mjs';

const { BINARY, CLOSE, PING, PONG, TEXT, Socket, Wire, frame } = raw;
const world = new World();
let port;

before(async () => { ({ port } = await world.qtd('--no-login')); });
after(() => world.end());

// A connection whose HELLO has come.
async function open(fields, behind) {
	const ws = await Socket.open(port, fields, behind);
	const hello = await ws.next();
	assert.equal(hello.opcode, BINARY);
	assert.equal(hello.payload[0], wire.HELLO);
	return ws;
}

const ping = (arg) => wire.pack(wire.PING, 0, { arg });

async function pongArg(ws) {
	const f = await ws.until(BINARY);
	assert.equal(f?.payload[0], wire.PONG);
	return f.payload.readUInt32LE(4);
}

// Sends bytes and expects a close frame with this code, then the end.
function refuses(name, code, send, fields) {
	test(name, async () => {
		const ws = await open(fields);
		await send(ws);
		assert.equal(await ws.closeCode(), code);
		ws.end();
	});
}

const upgraded = (fields) => raw.request(port, raw.upgrade(port, fields));

describe('1 framing', () => {
	for (const size of [0, 1, 125 - 16, 126 - 16, 127 - 16, 1000, 40000,
		65535 - 16, 65536 - 16])
		test(`a message of ${size + 16} bytes arrives`, async () => {
			const ws = await open();
			ws.frame(BINARY, Buffer.concat([ping(size),
				Buffer.alloc(size, 0x2a)]));
			assert.equal(await pongArg(ws), size);
			ws.end();
		});
	for (const chop of [1, 7, 997])
		test(`frames in pieces of ${chop} bytes`, async () => {
			const ws = await open();
			const bytes = Buffer.concat([1, 2, 3].map((n) =>
				frame(BINARY, Buffer.concat([ping(n),
					Buffer.alloc(300)]))));
			for (let at = 0; at < bytes.length; at += chop)
				ws.send(bytes.subarray(at, at + chop));
			for (const n of [1, 2, 3])
				assert.equal(await pongArg(ws), n);
			ws.end();
		});
	test('frames that came with the handshake are read', async () => {
		const ws = await open({}, Buffer.concat([
			frame(BINARY, ping(5)), frame(BINARY, ping(6))]));
		assert.equal(await pongArg(ws), 5);
		assert.equal(await pongArg(ws), 6);
		ws.end();
	});
	test('what the server sends is not masked', async () => {
		const ws = await Socket.open(port);
		const hello = await ws.next();
		assert.equal(hello.isMasked, false);
		assert.equal(hello.rsv, 0);
		ws.end();
	});
	refuses('a frame without a mask', 1002, (ws) =>
		ws.frame(BINARY, ping(1), { mask: false }));
	refuses('one behind good frames', 1002, (ws) =>
		ws.send(Buffer.concat([frame(BINARY, ping(1)),
			frame(BINARY, ping(2), { mask: false })])));
	refuses('a ping without a mask', 1002, (ws) =>
		ws.frame(PING, 'x', { mask: false }));
	refuses('a length in more bytes than it needs', 1002, (ws) =>
		ws.frame(BINARY, ping(1), { wide: 2 }));
	refuses('the same in eight', 1002, (ws) =>
		ws.frame(BINARY, Buffer.alloc(300), { wide: 8 }));
	refuses('a length with the highest bit', 1002, (ws) =>
		ws.send(Buffer.from([0x82, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 1,
			0, 0, 0, 0])));
	test('a bad frame that came with the handshake', async () => {
		const ws = await open({}, frame(BINARY, ping(1), { mask: false }));
		assert.equal(await ws.closeCode(), 1002);
		ws.end();
	});
});

describe('2 ping and pong', () => {
	for (const size of [0, 1, 125])
		test(`a ping of ${size} bytes is answered with them`, async () => {
			const ws = await open();
			const data = Buffer.alloc(size, 0x61);
			ws.frame(PING, data);
			const pong = await ws.until(PONG);
			assert.deepEqual(pong.payload, data);
			ws.end();
		});
	test('ten pings', async () => {
		const ws = await open();
		for (let i = 0; i < 10; i++) {
			ws.frame(PING, `p${i}`);
			assert.equal((await ws.until(PONG)).payload.toString(),
				`p${i}`);
		}
		ws.end();
	});
	test('a pong that nobody asked for is passed over', async () => {
		const ws = await open();
		ws.frame(PONG, 'hello');
		ws.frame(BINARY, ping(9));
		assert.equal(await pongArg(ws), 9);
		ws.end();
	});
	refuses('a ping of 126 bytes', 1002, (ws) =>
		ws.frame(PING, Buffer.alloc(126)));
	refuses('a ping in fragments', 1002, (ws) =>
		ws.frame(PING, 'x', { fin: false }));
});

describe('3 reserved bits', () => {
	for (const rsv of [1, 2, 4, 7])
		refuses(`bits ${rsv}`, 1002, (ws) =>
			ws.frame(BINARY, ping(1), { rsv }));
	refuses('of a ping', 1002, (ws) => ws.frame(PING, '', { rsv: 1 }));
	refuses('of a close', 1002, (ws) => ws.frame(CLOSE, '', { rsv: 1 }));
});

describe('4 opcodes', () => {
	for (const opcode of [3, 4, 5, 6, 7, 11, 12, 13, 14, 15])
		refuses(`opcode ${opcode}`, 1002, (ws) => ws.frame(opcode, 'x'));
	refuses('opcode 3 behind a good message', 1002, (ws) =>
		ws.send(Buffer.concat([frame(BINARY, ping(1)), frame(3)])));
});

describe('5 fragments', () => {
	test('two', async () => {
		const ws = await open();
		const bytes = ping(77);
		ws.frame(BINARY, bytes.subarray(0, 5), { fin: false });
		ws.frame(0, bytes.subarray(5));
		assert.equal(await pongArg(ws), 77);
		ws.end();
	});
	test('many, some empty, with pings between', async () => {
		const ws = await open();
		const bytes = ping(78);
		ws.frame(BINARY, '', { fin: false });
		for (const byte of bytes) {
			ws.frame(0, Buffer.from([byte]), { fin: false });
			ws.frame(PING, 'between');
		}
		ws.frame(0, '');
		assert.equal((await ws.until(PONG)).payload.toString(), 'between');
		assert.equal(await pongArg(ws), 78);
		ws.end();
	});
	refuses('a continuation of nothing', 1002, (ws) => ws.frame(0, 'x'));
	refuses('one behind a whole message', 1002, (ws) =>
		ws.send(Buffer.concat([frame(BINARY, ping(1)),
			frame(0, 'x', { fin: false })])));
	refuses('a message inside a message', 1002, (ws) => {
		ws.frame(BINARY, 'x', { fin: false });
		ws.frame(BINARY, 'y');
	});
});

describe('6 UTF-8', () => {
	const tty = { 'Sec-WebSocket-Protocol': 'tty' };
	// In a text message: ttyd's clients may send them, so they are read.
	for (const [name, bytes] of [['a lone continuation', [0x80]],
		['an overlong slash', [0xc0, 0xaf]],
		['a surrogate', [0xed, 0xa0, 0x80]],
		['beyond U+10FFFF', [0xf4, 0x90, 0x80, 0x80]],
		['0xff', [0xff]]])
		test(`text with ${name} is refused`, async () => {
			const ws = await Socket.open(port, tty);
			ws.frame(TEXT, Buffer.from([0x7b, ...bytes]));
			assert.equal(await ws.closeCode(), 1007);
			ws.end();
		});
	test('text cut inside a character at a fragment is fine', async () => {
		const ws = await Socket.open(port, tty);
		const bytes = Buffer.from('{"columns":80,"rows":24,"x":"κόσμε"}');
		const cut = bytes.indexOf(Buffer.from('κ')) + 1;
		ws.frame(TEXT, bytes.subarray(0, cut), { fin: false });
		ws.frame(0, bytes.subarray(cut));
		assert.equal((await ws.next()).payload.toString()[0], '1');
		ws.end();
	});
	refuses('text on qt.1', 1003, (ws) => ws.frame(TEXT, 'hello'));
});

describe('7 closing', () => {
	const code = (n, why = '') => Buffer.concat([
		Buffer.from([n >> 8, n & 255]), Buffer.from(why)]);
	test('without a code', async () => {
		const ws = await open();
		ws.frame(CLOSE);
		assert.ok([1000, 1005].includes(await ws.closeCode()));
		await ws.closed();
	});
	for (const n of [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011,
		3000, 3999, 4000, 4999])
		test(`code ${n} is answered in kind, then the end`, async () => {
			const ws = await open();
			ws.frame(CLOSE, code(n, 'good bye'));
			assert.equal(await ws.closeCode(), n);
			await ws.closed();
		});
	for (const n of [0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999, 5000,
		65535])
		refuses(`code ${n}, which nobody may send`, 1002, (ws) =>
			ws.frame(CLOSE, code(n)));
	refuses('half a code', 1002, (ws) => ws.frame(CLOSE, 'x'));
	refuses('a close of 126 bytes', 1002, (ws) =>
		ws.frame(CLOSE, code(1000, 'x'.repeat(124))));
	refuses('a close in fragments', 1002, (ws) =>
		ws.frame(CLOSE, code(1000), { fin: false }));
	for (const bytes of [[0xff, 0xfe], [0xce], [0xed, 0xa0, 0x80]])
		refuses(`a reason that is not UTF-8: ${bytes}`, 1007, (ws) =>
			ws.frame(CLOSE, Buffer.from([3, 0xe8, ...bytes])));
	test('after the close frame nothing is read', async () => {
		const ws = await open();
		ws.send(Buffer.concat([frame(CLOSE, code(1000)),
			frame(BINARY, ping(3))]));
		assert.equal(await ws.closeCode(), 1000);
		await ws.closed();
		assert.equal(await ws.next(), null);
	});
});

describe('9 limits', () => {
	refuses('a message of 64 KiB and one byte', 1009, (ws) =>
		ws.frame(BINARY, Buffer.alloc(65537)));
	refuses('a length of 2^40, before its bytes come', 1009, (ws) => {
		const head = Buffer.alloc(14);
		head.set([0x82, 0xff]);
		head.writeBigUInt64BE(2n ** 40n, 2);
		ws.send(head);
	});
	refuses('fragments that are too long together', 1009, async (ws) => {
		ws.frame(BINARY, Buffer.alloc(40000), { fin: false });
		ws.frame(0, Buffer.alloc(40000), { fin: false });
	});
	refuses('a frame shorter than its head', 1002, (ws) =>
		ws.frame(BINARY, 'short'));
	refuses('an unknown type of frame', 1002, (ws) =>
		ws.frame(BINARY, wire.pack(60, 0)));
});

describe('the handshake', () => {
	test('is answered as the RFC says', async () => {
		const { status, head } = await upgraded();
		assert.equal(status, 101);
		assert.match(head, /^upgrade: websocket\r$/im);
		assert.match(head, /^connection: upgrade\r$/im);
		assert.match(head, /^sec-websocket-protocol: qt\.1\r$/im);
		assert.ok(head.includes(raw.accept(raw.KEY)));
		assert.doesNotMatch(head, /sec-websocket-extensions/i);
	});
	test('no extension is agreed to', async () => {
		const { status, head } = await upgraded({
			'Sec-WebSocket-Extensions': 'permessage-deflate' });
		assert.equal(status, 101);
		assert.doesNotMatch(head, /sec-websocket-extensions/i);
	});
	test('the first protocol that we speak is taken', async () => {
		const { head } = await upgraded({
			'Sec-WebSocket-Protocol': 'chat, tty, qt.1' });
		assert.match(head, /^sec-websocket-protocol: tty\r$/im);
	});
	const refused = {
		'version 7': [{ 'Sec-WebSocket-Version': '7' }, 426],
		'version 8': [{ 'Sec-WebSocket-Version': '8' }, 426],
		'no version': [{ 'Sec-WebSocket-Version': undefined }, 426],
		'no key': [{ 'Sec-WebSocket-Key': undefined }, 400],
		'a short key': [{ 'Sec-WebSocket-Key': 'AAAA' }, 400],
		'no upgrade': [{ Upgrade: undefined }, 426],
		'upgrade to something else': [{ Upgrade: 'foo' }, 426],
		'HTTP/1.0': [{ version: 'HTTP/1.0' }, 426],
		'POST': [{ method: 'POST' }, 405],
		'no protocol of ours': [{ 'Sec-WebSocket-Protocol': 'chat' }, 400],
		'no protocol at all': [{ 'Sec-WebSocket-Protocol': undefined }, 400],
		'a foreign Origin': [{ Origin: 'http://evil.example' }, 403],
		'the right name on another port':
			[{ Origin: 'http://127.0.0.1:1' }, 403],
		'an opaque Origin': [{ Origin: 'null' }, 403],
		'a foreign Host': [{ Host: 'evil.example' }, 403],
	};
	for (const [name, [fields, status]] of Object.entries(refused))
		test(`${name} is refused`, async () => {
			assert.equal((await upgraded(fields)).status, status);
		});
	test('a body with an upgrade is refused', async () => {
		const wire_ = new Wire(port);
		wire_.send(raw.upgrade(port, { 'Content-Length': '5' }) + 'hello');
		assert.ok((await wire_.response()).status >= 400);
		wire_.end();
	});
});

describe('what libwebsockets must not see', () => {
	const post = (rest) => 'POST /ws HTTP/1.1\r\n' +
		`Host: 127.0.0.1:${port}\r\n${rest}`;
	// Each of these hung or broke a server that handed it on.
	const attacks = {
		'POST with a body, and more behind it': () =>
			`${post('Content-Length: 5\r\n\r\n')}hello${post('\r\n')}`,
		'h2c': () => raw.upgrade(port, { Upgrade: 'h2c',
			Connection: 'Upgrade, HTTP2-Settings',
			'HTTP2-Settings': 'AAMAAABkAARAAAAAAAIAAAAA' }),
		'the preface of HTTP/2': () =>
			'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0',
		'a bad Upgrade on a kept connection': () =>
			`GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n` +
			raw.upgrade(port, { Upgrade: 'bogus' }),
		'Transfer-Encoding': () =>
			`${post('Transfer-Encoding: chunked\r\n\r\n')}0\r\n\r\n`,
	};
	for (const [name, text] of Object.entries(attacks))
		test(`${name}: answered, and the worker lives`, async () => {
			const wire_ = new Wire(port);
			wire_.send(text());
			const answer = await wire_.response();
			assert.ok(answer === null || answer.status !== 101);
			wire_.end();
			const health = await raw.request(port, 'GET /healthz ' +
				`HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`, 2000);
			assert.equal(health.status, 200);
		});
});
