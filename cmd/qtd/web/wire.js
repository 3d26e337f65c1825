// SPDX-License-Identifier: Apache-2.0
// Frames of the WebSocket subprotocol qt.1: packs and unpacks them.
// The contract is include/qt/session/wire.h and qt-proto(7).

export const PROTOCOL = 'qt.1';
export const HEAD_SIZE = 16;
export const REDRAW_PART = 16 << 10;	// a redraw's last frame is smaller

// Client to server.
export const OPEN = 1;
export const INPUT = 2;
export const RESIZE = 3;
export const ACK = 4;
export const CLOSE = 5;
export const LEAD = 6;
export const CALL = 7;
export const PING = 8;
// Server to client.
export const HELLO = 64;
export const OPENED = 65;
export const SIZE = 66;
export const DATA = 67;
export const SKIPPED = 68;
export const STATE = 69;
export const EXIT = 70;
export const ERROR = 71;
export const SESSIONS = 72;
export const RESULT = 73;
export const PONG = 74;
export const GOING = 75;

// Flags.
export const REPLAY = 1;	// DATA: a redraw; nothing in it may be answered
export const RESET = 2;		// DATA: reset the terminal first
export const SOFT = 4;		// ERROR: the channel lives on

// The offset that means: no position yet.
export const NO_OFFSET = 2n ** 64n - 1n;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

// Returns one frame. A payload is bytes, or an object to send as JSON.
export function pack(type, channel, { flags = 0, arg = 0, offset = 0,
	payload } = {}) {
	const bytes = payload === undefined ? new Uint8Array(0)
		: payload instanceof Uint8Array ? payload
		: encoder.encode(JSON.stringify(payload));
	const frame = new Uint8Array(HEAD_SIZE + bytes.length);
	const head = new DataView(frame.buffer);
	head.setUint8(0, type);
	head.setUint8(1, flags);
	head.setUint16(2, channel, true);
	head.setUint32(4, arg, true);
	head.setBigUint64(8, BigInt(offset), true);
	frame.set(bytes, HEAD_SIZE);
	return frame;
}

// Returns {type, flags, channel, arg, offset, payload}, or null when the
// message is too short to be a frame.
export function unpack(buffer) {
	if (buffer.byteLength < HEAD_SIZE)
		return null;
	const head = new DataView(buffer);
	return {
		type: head.getUint8(0),
		flags: head.getUint8(1),
		channel: head.getUint16(2, true),
		arg: head.getUint32(4, true),
		offset: Number(head.getBigUint64(8, true)),
		payload: new Uint8Array(buffer, HEAD_SIZE),
	};
}

// The payload of a frame as JSON; {} when it is none.
export function json(frame) {
	try {
		return JSON.parse(decoder.decode(frame.payload));
	} catch {
		return {};
	}
}

export const packSize = (cols, rows) => (cols << 16 | rows) >>> 0;
export const unpackSize = (arg) => ({ cols: arg >>> 16, rows: arg & 0xffff });
