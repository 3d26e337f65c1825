// SPDX-License-Identifier: Apache-2.0
// The one WebSocket: connects, comes back when it is lost, carries channels
// and calls.
//
// States: 'connecting', 'open', 'waiting' (until the next try), 'stopped'
// (nobody wants it, or a login is needed).
//
// It comes back after 0.25 s, doubling to 15 s, plus up to a quarter by
// chance so that a server's thousand pages do not all come at once; at once
// when the server said that it restarts (GOING), when the page is looked at
// again, or when the network is back.
//
// Events: 'state' (state), 'hello' (object), 'sessions' (list),
// 'login' (the cookie is no longer good).
import { Emitter } from './emitter.js';
import * as wire from './wire.js';

const BACKOFF_MIN_MS = 250;
const BACKOFF_MAX_MS = 15000;
const CONNECT_MS = 10000;	// to HELLO
const PING_EVERY_MS = 15000;
const PONG_WITHIN_MS = 8000;
const LOGGED_OUT = 4001;	// close code
const PONG_SOON_MS = 2500;	// when the page is looked at again

export class Connection extends Emitter {
	state = 'stopped';
	hello = null;
	retryAt = 0;
	downSince = 0;
	#url;
	#probe;
	#socket = null;
	#failures = 0;
	#timer = 0;
	#deadline = 0;
	#heart = 0;
	#channels = new Map();
	#lastChannel = 0;
	#calls = new Map();
	#lastTag = 0;
	#marks = new Map();

	// probe() tells why a connection failed, which a WebSocket does not:
	// it resolves to true when a login is needed.
	constructor(url, probe) {
		super();
		this.#url = url;
		this.#probe = probe;
		addEventListener('online', () => this.retryNow());
		document.addEventListener('visibilitychange', () => {
			if (document.visibilityState === 'visible')
				this.#wake();
		});
	}

	start() {
		if (this.state === 'stopped')
			this.#connect();
	}

	stop() {
		clearTimeout(this.#timer);
		this.#drop();
		this.#set('stopped');
	}

	retryNow() {
		if (this.state !== 'waiting')
			return;
		clearTimeout(this.#timer);
		this.#connect();
	}

	// True when the frame was handed to the socket.
	send(type, channel, fields) {
		if (this.state !== 'open')
			return false;
		this.#socket.send(wire.pack(type, channel, fields));
		return true;
	}

	// Calls back once the server has handled all that was sent so far.
	mark(done) {
		const tag = this.#lastTag = this.#lastTag % 0xffffffff + 1;
		if (this.send(wire.PING, 0, { arg: tag }))
			this.#marks.set(tag, done);
	}

	// Takes a channel number for an object with handleFrame(frame),
	// handleOpen() and handleLost(isCut).
	addChannel(handler) {
		do
			this.#lastChannel = this.#lastChannel % 65535 + 1;
		while (this.#channels.has(this.#lastChannel));
		this.#channels.set(this.#lastChannel, handler);
		return this.#lastChannel;
	}

	delChannel(number) {
		this.#channels.delete(number);
	}

	// One request and its answer. Rejects with an Error that is fit to show.
	call(op, fields = {}) {
		return new Promise((resolve, reject) => {
			const tag = this.#lastTag = this.#lastTag % 0xffffffff + 1;
			const sent = this.send(wire.CALL, 0,
				{ arg: tag, payload: { op, ...fields } });
			if (!sent)
				reject(new Error('The server cannot be reached just now'));
			else
				this.#calls.set(tag, { resolve, reject });
		});
	}

	#set(state) {
		this.state = state;
		this.emit('state', state);
	}

	#connect() {
		this.#set('connecting');
		const socket = new WebSocket(this.#url, [wire.PROTOCOL]);
		this.#socket = socket;
		socket.binaryType = 'arraybuffer';
		socket.onmessage = ({ data }) => {
			const frame = wire.unpack(data);
			if (frame)
				this.#handle(frame);
		};
		socket.onclose = ({ code }) => this.#lost(undefined, true,
			code === LOGGED_OUT);
		this.#deadline = setTimeout(() => this.#lost(), CONNECT_MS);
	}

	// Forgets the socket; its calls fail, its channels wait. isCut: the
	// other end closed it, so that nothing sent can still be handled there.
	#drop(isCut = false) {
		clearTimeout(this.#deadline);
		clearInterval(this.#heart);
		const wasOpen = this.state === 'open';
		if (this.#socket) {
			this.#socket.onclose = this.#socket.onmessage = null;
			this.#socket.close();
			this.#socket = null;
		}
		for (const { reject } of this.#calls.values())
			reject(new Error('The connection was lost: try again'));
		this.#calls.clear();
		this.#marks.clear();
		if (wasOpen) {
			this.downSince = performance.now();
			for (const channel of this.#channels.values())
				channel.handleLost(isCut);
		}
		return wasOpen;
	}

	async #lost(delay, isCut, isLoggedOut = false) {
		const wasOpen = this.#drop(isCut);
		if (!this.downSince)
			this.downSince = performance.now();
		const backoff = Math.min(BACKOFF_MAX_MS,
			BACKOFF_MIN_MS * 2 ** this.#failures);
		this.#failures++;
		const wait = delay ?? backoff * (1 + Math.random() / 4);
		this.retryAt = performance.now() + wait;
		this.#timer = setTimeout(() => this.#connect(), wait);
		this.#set('waiting');
		if ((!wasOpen || isLoggedOut) && await this.#probe() && this.state === 'waiting') {
			this.stop();
			this.emit('login');
		}
	}

	#wake() {
		if (this.state === 'waiting')
			this.retryNow();
		else if (this.state === 'open')
			this.#ping(PONG_SOON_MS);
	}

	#ping(within) {
		clearTimeout(this.#deadline);
		this.#deadline = setTimeout(() => this.#lost(0), within);
		this.send(wire.PING, 0);
	}

	#handle(frame) {
		if (frame.channel !== 0) {
			this.#channels.get(frame.channel)?.handleFrame(frame);
			return;
		}
		switch (frame.type) {
		case wire.HELLO:
			this.#handleHello(wire.json(frame));
			break;
		case wire.SESSIONS:
			this.emit('sessions', wire.json(frame));
			break;
		case wire.PONG:
			clearTimeout(this.#deadline);
			this.#marks.get(frame.arg)?.();
			this.#marks.delete(frame.arg);
			break;
		case wire.GOING:
			this.#failures = 0;
			this.#lost(0);
			break;
		case wire.RESULT:
		case wire.ERROR:
			this.#settle(frame);
			break;
		}
	}

	#handleHello(hello) {
		clearTimeout(this.#deadline);
		this.#failures = 0;
		this.downSince = 0;
		this.hello = hello;
		this.#set('open');
		this.#heart = setInterval(() => this.#ping(PONG_WITHIN_MS),
			PING_EVERY_MS);
		this.emit('hello', hello);
		for (const channel of this.#channels.values())
			channel.handleOpen();
	}

	#settle(frame) {
		const waiting = this.#calls.get(frame.arg);
		const body = wire.json(frame);
		this.#calls.delete(frame.arg);
		if (frame.type === wire.RESULT)
			waiting?.resolve(body);
		else if (waiting)
			waiting.reject(Object.assign(
				new Error(body.text ?? 'The server refused'),
				{ code: body.code }));
		else
			this.emit('error', body);
	}
}
