// SPDX-License-Identifier: Apache-2.0
// wire.js says the same as include/qt/session/wire.h.
import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import { test } from 'node:test';
import * as wire from '../../cmd/qtd/web/wire.js';

const header = fs.readFileSync(
	new URL('../../include/qt/session/wire.h', import.meta.url), 'utf8');

test('types, flags and sizes are those of wire.h', () => {
	let types = 0;
	for (const [, name, value] of
		header.matchAll(/^\tQT_WIRE_([A-Z]+) = (\d+),/gm)) {
		assert.equal(wire[name], Number(value), name);
		types++;
	}
	assert.ok(types >= 19, `${types} types found`);
	for (const name of ['REPLAY', 'RESET', 'SOFT', 'HEAD_SIZE']) {
		const found = new RegExp(`#define QT_WIRE_${name}\\s+(\\d+)`)
			.exec(header);
		assert.equal(wire[name], Number(found[1]), name);
	}
});

test('a frame is laid out as wire.h says', () => {
	const frame = wire.pack(wire.OPEN, 0x1234,
		{ flags: 3, arg: 0xdeadbeef, offset: 2 ** 40 + 5,
			payload: new Uint8Array([7, 8]) });
	assert.deepEqual([...frame], [1, 3, 0x34, 0x12, 0xef, 0xbe, 0xad, 0xde,
		5, 0, 0, 0, 0, 1, 0, 0, 7, 8]);
	assert.deepEqual([...wire.pack(wire.OPEN, 1, { offset: wire.NO_OFFSET })
		.subarray(8)], Array(8).fill(255));
});

test('unpacking gives what was packed', () => {
	const { buffer } = wire.pack(wire.STATE, 65535,
		{ arg: 0xffffffff, offset: 9e15, payload: { title: 'é' } });
	const frame = wire.unpack(buffer);
	assert.deepEqual({ ...frame, payload: null }, { type: wire.STATE,
		flags: 0, channel: 65535, arg: 0xffffffff, offset: 9e15,
		payload: null });
	assert.deepEqual(wire.json(frame), { title: 'é' });
});

test('what is no frame or no JSON does no harm', () => {
	assert.equal(wire.unpack(new ArrayBuffer(15)), null);
	const frame = wire.unpack(wire.pack(wire.STATE, 1,
		{ payload: new Uint8Array([0x7b, 0xff]) }).buffer);
	assert.deepEqual(wire.json(frame), {});
});

test('a size goes there and back', () => {
	assert.deepEqual(wire.unpackSize(wire.packSize(65535, 1)),
		{ cols: 65535, rows: 1 });
});
