// SPDX-License-Identifier: Apache-2.0
// HTTP and WebSockets by hand, over a plain socket: for tests that say what
// no well-behaved client would say.
import { createHash, randomBytes } from 'node:crypto';
import * as net from 'node:net';

export const SOON_MS = 10000;

export const TEXT = 1;
export const BINARY = 2;
export const CLOSE = 8;
export const PING = 9;
export const PONG = 10;

// Bytes as they come, with waits that have a deadline.
export class Wire {
	data = Buffer.alloc(0);
	isEnded = false;
	#wake = () => {};

	constructor(where) {
		this.socket = typeof where === 'string'
			? net.connect({ path: where }) : net.connect(where, '127.0.0.1');
		this.socket.setNoDelay(true);
		this.socket.on('data', (piece) => {
			this.data = Buffer.concat([this.data, piece]);
			this.#wake();
		});
		for (const event of ['close', 'error'])
			this.socket.on(event, () => {
				this.isEnded = true;
				this.#wake();
			});
	}

	send(bytes) { this.socket.write(bytes); }
	end() { this.socket.destroy(); }

	// Waits until look() gives something that is not undefined.
	async wait(what, look, ms = SOON_MS) {
		const deadline = Date.now() + ms;
		for (;;) {
			const found = look();
			if (found !== undefined)
				return found;
			const left = deadline - Date.now();
			if (left <= 0)
				throw new Error(`not within ${ms} ms: ${what}; got ` +
					JSON.stringify(this.data.toString('latin1', 0, 200)));
			await new Promise((resolve) => {
				const timer = setTimeout(resolve, left);
				this.#wake = () => { clearTimeout(timer); resolve(); };
			});
		}
	}

	take(n) {
		const piece = this.data.subarray(0, n);
		this.data = this.data.subarray(n);
		return piece;
	}

	closed(ms) {
		return this.wait('the end of the connection',
			() => this.isEnded || undefined, ms);
	}

	// {status, head, body}; null when the connection ended instead.
	async response(ms) {
		const end = await this.wait('a response', () => {
			const at = this.data.indexOf('\r\n\r\n');
			return at >= 0 ? at : this.isEnded ? -1 : undefined;
		}, ms);
		if (end < 0)
			return null;
		const head = this.take(end + 4).toString('latin1');
		const status = Number(head.split(' ')[1]);
		const length = /content-length: (\d+)/i.exec(head)?.[1] ?? 0;
		const body = status === 101 ? '' : await this.wait('a body', () =>
			this.data.length >= length || this.isEnded
				? this.take(Number(length)).toString() : undefined, ms);
		return { status, head, body };
	}
}

export async function request(where, text, ms) {
	const wire = new Wire(where);
	wire.send(text);
	try {
		return await wire.response(ms);
	} finally {
		wire.end();
	}
}

// One frame. fields: fin, rsv, mask (false: none), length (what it says).
export function frame(opcode, payload = '', fields = {}) {
	const { fin = true, rsv = 0, mask = true, length, wide = 0 } = fields;
	const data = Buffer.from(payload);
	const n = length ?? data.length;
	const bit = mask ? 0x80 : 0;
	let head;
	if (wide === 8 || n > 65535) {
		head = Buffer.alloc(10);
		head[1] = bit | 127;
		head.writeBigUInt64BE(BigInt(n), 2);
	} else if (wide === 2 || n > 125) {
		head = Buffer.alloc(4);
		head[1] = bit | 126;
		head.writeUInt16BE(n, 2);
	} else {
		head = Buffer.from([0, bit | n]);
	}
	head[0] = (fin ? 0x80 : 0) | rsv << 4 | opcode;
	if (!mask)
		return Buffer.concat([head, data]);
	const key = randomBytes(4);
	const masked = Buffer.from(data);
	for (let i = 0; i < masked.length; i++)
		masked[i] ^= key[i & 3];
	return Buffer.concat([head, key, masked]);
}

export const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';
export const accept = (key) => createHash('sha1')
	.update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');

// The text of an upgrade; a field of undefined leaves its header out.
export function upgrade(port, fields = {}) {
	const headers = { Host: `127.0.0.1:${port}`, Upgrade: 'websocket',
		Connection: 'Upgrade', 'Sec-WebSocket-Key': KEY,
		'Sec-WebSocket-Version': '13', 'Sec-WebSocket-Protocol': 'qt.1',
		Origin: `http://127.0.0.1:${port}`, ...fields };
	const { path = '/ws', method = 'GET', version = 'HTTP/1.1', ...rest } =
		headers;
	const lines = Object.entries(rest)
		.filter(([, value]) => value !== undefined)
		.map(([name, value]) => `${name}: ${value}\r\n`);
	return `${method} ${path} ${version}\r\n${lines.join('')}\r\n`;
}

// A WebSocket: frames in, frames out, nothing done by itself.
export class Socket extends Wire {
	static async open(port, fields, behind = '') {
		const ws = new Socket(port);
		ws.send(Buffer.concat([Buffer.from(upgrade(port, fields)),
			Buffer.from(behind)]));
		ws.answer = await ws.response();
		if (ws.answer?.status !== 101)
			throw new Error(`upgrade: ${ws.answer?.head}`);
		return ws;
	}

	frame(opcode, payload, fields) {
		this.send(frame(opcode, payload, fields));
	}

	// {opcode, fin, payload}, or null at the end.
	next(ms) {
		return this.wait('a frame', () => {
			const found = this.#parse();
			return found ?? (this.isEnded ? null : undefined);
		}, ms);
	}

	#parse() {
		const d = this.data;
		if (d.length < 2)
			return undefined;
		let n = d[1] & 0x7f;
		let at = 2;
		if (n === 126) {
			if (d.length < 4)
				return undefined;
			n = d.readUInt16BE(2);
			at = 4;
		} else if (n === 127) {
			if (d.length < 10)
				return undefined;
			n = Number(d.readBigUInt64BE(2));
			at = 10;
		}
		if (d.length < at + n)
			return undefined;
		const head = this.take(at);
		return { opcode: head[0] & 15, fin: (head[0] & 0x80) !== 0,
			rsv: head[0] >> 4 & 7, isMasked: (head[1] & 0x80) !== 0,
			payload: this.take(n) };
	}

	// Frames until one of this opcode.
	async until(opcode, ms) {
		for (;;) {
			const f = await this.next(ms);
			if (f === null || f.opcode === opcode)
				return f;
		}
	}

	// The close code; 1005 for none, 1006 when it ended without a frame.
	async closeCode(ms) {
		const f = await this.until(CLOSE, ms);
		if (f === null)
			return 1006;
		return f.payload.length < 2 ? 1005 : f.payload.readUInt16BE(0);
	}
}
