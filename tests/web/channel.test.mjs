// SPDX-License-Identifier: Apache-2.0
// A channel comes back where it was, acknowledges what was parsed, and keeps
// what is typed within bounds.
import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { Channel } from '../../cmd/qtd/web/channel.js';
import * as wire from '../../cmd/qtd/web/wire.js';

let sent;
let connection;
let channel;
let written;

beforeEach(() => {
	sent = [];
	written = [];
	connection = {
		downSince: 0, isUp: true,
		addChannel: () => 7,
		delChannel: () => {},
		marks: [],
		mark(done) { this.marks.push(done); },
		send(type, number, fields = {}) {
			if (this.isUp)
				sent.push({ type, number, ...fields });
			return this.isUp;
		},
	};
	channel = new Channel(connection);
	channel.on('data', (bytes, flags, parsed) =>
		written.push({ bytes, flags, parsed }));
});

afterEach(() => channel.close());

const last = () => sent.at(-1);
const ofType = (type) => sent.filter((frame) => frame.type === type);

// A frame as the server sends it.
function receive(type, { arg = 0, offset = 0, flags = 0, payload } = {}) {
	const { buffer } = wire.pack(type, 7, { arg, offset, flags, payload });
	channel.handleFrame(wire.unpack(buffer));
}

function open(offset = 1000) {
	channel.open({ session: 'x' }, { cols: 80, rows: 24 });
	receive(wire.OPENED, { arg: 3, offset, payload: { id: 'x' } });
}

const data = (length, offset, flags = 0) => receive(wire.DATA,
	{ offset, flags, payload: new Uint8Array(length) });

async function until(check) {
	const end = Date.now() + 5000;
	while (!check()) {
		assert.ok(Date.now() < end, `not within 5 s: ${check}`);
		await new Promise((resolve) => setTimeout(resolve, 5));
	}
}

function reconnect() {
	channel.handleLost(true);
	channel.handleOpen();
	return last();
}

test('it opens without a position, and comes back at its own', () => {
	open();
	assert.equal(sent[0].offset, wire.NO_OFFSET);
	assert.deepEqual(sent[0].payload, { session: 'x', cols: 80, rows: 24 });
	data(10, 1010);
	const again = reconnect();
	assert.equal(again.type, wire.OPEN);
	assert.deepEqual([again.offset, again.arg], [1010, 3]);
});

test('what was made new is opened by its id from then on', () => {
	channel.open({ new: { command: ['top'] } }, { cols: 80, rows: 24 });
	assert.deepEqual(last().payload.new, { command: ['top'] });
	receive(wire.OPENED, { arg: 1, payload: { id: 'made' } });
	const { payload } = reconnect();
	assert.equal(payload.session, 'made');
	assert.equal(payload.new, undefined);
});

test('half a redraw is no position', () => {
	open();
	data(48 << 10, 5000, wire.REPLAY | wire.RESET);
	assert.equal(reconnect().offset, wire.NO_OFFSET);
	receive(wire.OPENED, { arg: 3, offset: 0 });
	data(48 << 10, 5000, wire.REPLAY | wire.RESET);
	data(100, 5000, wire.REPLAY);
	assert.equal(reconnect().offset, 5000);
});

test('after a skip there is no position until the screen is drawn anew', () => {
	open();
	receive(wire.SKIPPED, { offset: 5000, payload: { bytes: 4000 } });
	data(100, 5100);
	assert.equal(reconnect().offset, wire.NO_OFFSET);
	receive(wire.OPENED, { arg: 3, offset: 0 });
	receive(wire.SKIPPED, { offset: 5000, payload: { bytes: 4000 } });
	data(100, 5100);
	data(100, 5100, wire.REPLAY);
	assert.equal(reconnect().offset, 5100);
});

test('the server that has no position leaves none', () => {
	channel.open({ session: 'x' }, { cols: 80, rows: 24 });
	receive(wire.OPENED, { arg: 3, offset: wire.NO_OFFSET,
		payload: { id: 'x' } });
	assert.equal(reconnect().offset, wire.NO_OFFSET);
});

test('every 64 KiB that were parsed are acknowledged', () => {
	open();
	for (let i = 1; i <= 5; i++)
		data(32 << 10, 1000 + i * 100);
	assert.equal(ofType(wire.ACK).length, 0, 'received is not parsed');
	for (const { parsed } of written)
		parsed();
	assert.deepEqual(ofType(wire.ACK).map((f) => f.offset),
		[64 << 10, 128 << 10]);
});

test('a little that was parsed is acknowledged soon', async () => {
	open();
	data(10, 1010);
	written[0].parsed();
	await until(() => ofType(wire.ACK).length);
	assert.equal(last().offset, 10);
});

test('what was written before a reconnect is not acknowledged after', () => {
	open();
	data(100 << 10, 2000);
	reconnect();
	receive(wire.OPENED, { arg: 3, offset: 2000 });
	written[0].parsed();
	assert.equal(ofType(wire.ACK).length, 0);
});

test('typing goes in frames of 16 KiB', () => {
	open();
	channel.input(new Uint8Array(40 << 10));
	assert.deepEqual(ofType(wire.INPUT).map((f) => f.payload.length),
		[16 << 10, 16 << 10, 8 << 10]);
});

test('a big paste is paced, in order, and ends when it is refused',
	async () => {
		open();
		const bytes = new Uint8Array(1 << 20);
		bytes.forEach((_, i) => { bytes[i] = i >> 12; });
		channel.input(bytes);
		channel.input(new Uint8Array([255]));
		assert.ok(ofType(wire.INPUT).length < 10, 'not all at once');
		await until(() => ofType(wire.INPUT).length === 65);
		const got = ofType(wire.INPUT).flatMap((f) => [...f.payload]);
		assert.deepEqual(Uint8Array.from(got),
			Uint8Array.from([...bytes, 255]));
		sent.length = 0;
		channel.input(bytes);
		receive(wire.ERROR, { flags: wire.SOFT, payload: { code: -11 } });
		const before = ofType(wire.INPUT).length;
		channel.input(new Uint8Array([1]));
		assert.equal(ofType(wire.INPUT).length, before + 1);
	});

// What was typed, as the server gets it after a reconnect.
function afterOutage(isCut, typed) {
	let isUnsure = false;
	channel.on('unsure', () => { isUnsure = true; });
	channel.handleLost(isCut);
	sent.length = 0;
	for (const bytes of typed)
		channel.input(Uint8Array.from(bytes));
	channel.handleOpen();
	receive(wire.OPENED, { arg: 3, offset: 1000 });
	return isUnsure ? 'unsure'
		: ofType(wire.INPUT).map((f) => [...f.payload]);
}

test('typing in a short outage is sent later', () => {
	open();
	assert.deepEqual(afterOutage(true, [[97], [98]]), [[97], [98]]);
	channel.input(Uint8Array.from([99]));
	assert.deepEqual([...last().payload], [99]);
});

test('too much typing in an outage is dropped whole', () => {
	open();
	assert.equal(afterOutage(true, [[97], Array(5000).fill(98), [99]]),
		'unsure');
});

test('what was sent to a worker that died is sent again, first', () => {
	open();
	channel.input(Uint8Array.from([1]));
	connection.marks.shift()();	// this one was handled
	channel.input(Uint8Array.from([2]));
	channel.input(Uint8Array.from([3]));
	assert.deepEqual(afterOutage(true, [[4]]), [[2], [3], [4]]);
});

test('what a lost network may have delivered is not sent again', () => {
	open();
	channel.input(Uint8Array.from([1]));
	assert.equal(afterOutage(false, [[2]]), 'unsure');
	assert.equal(ofType(wire.INPUT).length, 0);
	connection.marks.length = 0;
	channel.input(Uint8Array.from([3]));
	connection.marks.shift()();
	assert.deepEqual(afterOutage(false, [[4]]), [[4]]);
});

test('an end is final; a soft error is not', () => {
	open();
	const events = [];
	for (const name of ['exit', 'fail', 'warn'])
		channel.on(name, (what) => events.push([name, what.code ?? what]));
	receive(wire.ERROR, { flags: wire.SOFT, payload: { code: 1 } });
	receive(wire.EXIT, { arg: 137 });
	assert.deepEqual(events, [['warn', 1], ['exit', 137]]);
	channel.handleOpen();
	assert.equal(ofType(wire.OPEN).length, 1);
	channel.open({ session: 'y' }, { cols: 80, rows: 24 });
	receive(wire.ERROR, { payload: { code: 2, text: 'no' } });
	assert.deepEqual(events.at(-1), ['fail', 2]);
});
