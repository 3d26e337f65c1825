// SPDX-License-Identifier: Apache-2.0
// One session as seen through the connection: where in its output we are,
// what was acknowledged, and what was typed while the connection was away.
//
// A channel that was open comes back at its byte offset: the server sends
// what was missed and the terminal is not reset. Only when the ring has moved
// on, or the session was made anew (another generation), comes a redraw.
//
// Events: 'opened' (info), 'size' ({cols, rows}), 'data' (bytes, {replay,
// reset}, parsed), 'skipped' (count), 'state' (object), 'exit' (status),
// 'fail' ({code, text}), 'warn' ({code, text}), 'lost', 'unsure' (some of
// what was typed is lost).
import { Emitter } from './emitter.js';
import { Typing } from './typing.js';
import * as wire from './wire.js';

const ACK_EVERY = 64 << 10;
const ACK_IDLE_MS = 100;

export class Channel extends Emitter {
	// 'idle', 'opening', 'open', 'lost', 'ended'
	state = 'idle';
	info = null;
	#connection;
	#number = 0;
	#request = null;	// OPEN's JSON
	#size = { cols: 80, rows: 24 };
	#offset = wire.NO_OFFSET;	// received up to here
	#isRough = false;	// skipped, and not drawn anew yet
	#generation = 0;
	// Payload bytes of DATA since OPENED.
	#received = 0;
	#parsed = 0;
	#acked = 0;
	#opened = 0;		// counts OPENEDs
	#ackTimer = 0;
	#typing;

	constructor(connection) {
		super();
		this.#connection = connection;
		this.#typing = new Typing({
			send: (payload) => connection.send(wire.INPUT, this.#number,
				{ payload }),
			mark: (done) => connection.mark(done),
			unsure: () => this.emit('unsure'),
		});
	}

	// Views a session, {session: ID}, or makes one, {new: {...}}.
	open(request, size) {
		this.#request = request;
		this.#size = size;
		this.#offset = wire.NO_OFFSET;
		this.#generation = 0;
		if (!this.#number)
			this.#number = this.#connection.addChannel(this);
		this.#typing.hold(true);
		this.state = 'lost';
		this.handleOpen();
	}

	close() {
		if (this.state === 'opening' || this.state === 'open')
			this.#connection.send(wire.CLOSE, this.#number);
		this.#end();
	}

	input(bytes) {
		if (this.state !== 'idle' && this.state !== 'ended')
			this.#typing.add(bytes);
	}

	resize(size) {
		this.#size = size;
		if (this.state === 'open')
			this.#connection.send(wire.RESIZE, this.#number,
				{ arg: wire.packSize(size.cols, size.rows) });
	}

	lead() {
		this.#connection.send(wire.LEAD, this.#number);
	}

	// The connection is open (again).
	handleOpen() {
		if (this.state !== 'lost')
			return;
		const sent = this.#connection.send(wire.OPEN, this.#number, {
			offset: this.#offset,
			arg: this.#generation,
			payload: { ...this.#request, ...this.#size },
		});
		if (sent)
			this.state = 'opening';
	}

	handleLost(isCut) {
		if (this.state !== 'opening' && this.state !== 'open')
			return;
		this.state = 'lost';
		clearTimeout(this.#ackTimer);
		this.#ackTimer = 0;
		this.#typing.hold(isCut);
		this.emit('lost');
	}

	handleFrame(frame) {
		switch (frame.type) {
		case wire.OPENED:
			this.#handleOpened(frame);
			break;
		case wire.SIZE:
			this.emit('size', wire.unpackSize(frame.arg));
			break;
		case wire.DATA:
			this.#handleData(frame);
			break;
		case wire.SKIPPED:
			this.#isRough = true;
			this.#offset = wire.NO_OFFSET;
			this.emit('skipped', wire.json(frame).bytes ?? 0);
			break;
		case wire.STATE:
			this.info = { ...this.info, ...wire.json(frame) };
			this.emit('state', this.info);
			break;
		case wire.EXIT:
			this.#end();
			this.emit('exit', frame.arg);
			break;
		case wire.ERROR:
			this.#handleError(frame);
			break;
		}
	}

	#handleOpened(frame) {
		this.info = { ...this.info, ...wire.json(frame) };
		// From now on it is this session, whatever it was made from.
		const { new: made, ...rest } = this.#request;
		this.#request = { ...rest, session: this.info.id };
		this.#generation = frame.arg;
		// Beyond what a number holds exactly: the server's "no position".
		this.#offset = Number.isSafeInteger(frame.offset) ? frame.offset
			: wire.NO_OFFSET;
		this.#isRough = false;
		this.#received = this.#parsed = this.#acked = 0;
		this.#opened++;
		this.state = 'open';
		this.emit('opened', this.info);
		this.#typing.go();
	}

	#handleData({ payload, flags, offset }) {
		const replay = (flags & wire.REPLAY) !== 0;
		// Half a redraw is no place to go on from: surely whole is one
		// whose last frame came, or that live output has followed. Nor
		// is a screen that waits for its redraw.
		if (replay)
			this.#isRough = false;
		this.#offset = this.#isRough ||
			(replay && payload.length >= wire.REDRAW_PART)
			? wire.NO_OFFSET : offset;
		this.#received += payload.length;
		const received = this.#received;
		const opened = this.#opened;
		this.emit('data', payload, {
			replay, reset: (flags & wire.RESET) !== 0,
		}, () => {
			if (opened === this.#opened)	// not from before a resume
				this.#handleParsed(received);
		});
	}

	#handleParsed(received) {
		this.#parsed = received;
		if (received - this.#acked >= ACK_EVERY)
			this.#ack();
		else if (!this.#ackTimer)
			this.#ackTimer = setTimeout(() => this.#ack(), ACK_IDLE_MS);
	}

	#ack() {
		clearTimeout(this.#ackTimer);
		this.#ackTimer = 0;
		if (this.state !== 'open' || this.#parsed === this.#acked)
			return;
		this.#acked = this.#parsed;
		this.#connection.send(wire.ACK, this.#number,
			{ offset: this.#acked });
	}

	#handleError(frame) {
		const error = wire.json(frame);
		if (frame.flags & wire.SOFT) {
			this.#typing.drop();	// some of it was refused
			this.emit('warn', error);
			return;
		}
		this.#end();
		this.emit('fail', error);
	}

	#end() {
		clearTimeout(this.#ackTimer);
		this.#ackTimer = 0;
		this.state = 'ended';
		this.#typing.reset();
		if (this.#number)
			this.#connection.delChannel(this.#number);
		this.#number = 0;
	}
}
