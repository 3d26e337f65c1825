// SPDX-License-Identifier: Apache-2.0
// A client of qt.1 that does nothing by itself, for tests.
import assert from 'node:assert/strict';
import * as raw from './raw.mjs';
import * as wire from '../../cmd/qtd/web/wire.js';

export class Client {
	static async open(port, fields) {
		const client = new Client();
		client.ws = await raw.Socket.open(port, fields);
		client.hello = wire.json(await client.next());
		return client;
	}

	send(type, channel, fields) {
		this.ws.frame(raw.BINARY, wire.pack(type, channel, fields));
	}

	// The next qt.1 frame; null at the end, {closed: code} for a close.
	async next(ms) {
		for (;;) {
			const f = await this.ws.next(ms);
			if (f === null)
				return null;
			if (f.opcode === raw.CLOSE)
				return { closed: f.payload.length < 2 ? 1005
					: f.payload.readUInt16BE(0) };
			if (f.opcode !== raw.BINARY)
				continue;
			const { buffer, byteOffset, length } = f.payload;
			return wire.unpack(buffer.slice(byteOffset,
				byteOffset + length));
		}
	}

	// Frames until one of this type; data goes to this.text on the way.
	async until(type, ms) {
		for (;;) {
			const f = await this.next(ms);
			assert.ok(f && f.closed === undefined,
				`waiting for ${type}: ended with ${f?.closed}`);
			if (f.type === wire.DATA)
				this.#take(f);
			if (f.type === type)
				return f;
			assert.ok(f.type !== wire.ERROR || type === wire.ERROR,
				JSON.stringify(f.type === wire.ERROR && wire.json(f)));
		}
	}

	text = '';
	received = 0;
	offset = wire.NO_OFFSET;

	#take(f) {
		this.text += Buffer.from(f.payload).toString();
		this.received += f.payload.length;
		this.offset = f.offset;
	}

	async untilText(pattern, ms) {
		while (!pattern.test(this.text))
			await this.until(wire.DATA, ms);
	}

	async openSession(channel, request, { offset = wire.NO_OFFSET,
		arg = 0 } = {}) {
		this.send(wire.OPEN, channel, { offset, arg,
			payload: { cols: 80, rows: 24, ...request } });
		const f = await this.until(wire.OPENED);
		return { ...wire.json(f), arg: f.arg };
	}

	input(channel, text) {
		this.send(wire.INPUT, channel, { payload: Buffer.from(text) });
	}

	async call(op, fields = {}) {
		this.send(wire.CALL, 0, { arg: 42, payload: { op, ...fields } });
		for (;;) {
			const f = await this.next();
			if (f.arg === 42 && f.channel === 0 &&
				(f.type === wire.RESULT || f.type === wire.ERROR))
				return f.type === wire.RESULT ? wire.json(f)
					: { error: wire.json(f) };
		}
	}

	end() { this.ws.end(); }
}
