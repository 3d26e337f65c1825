// SPDX-License-Identifier: Apache-2.0
// What is typed into one session, on its way to the server.
//
//	add() ─► paced ─► sent ─► handled (the server said so)
//	   └──► held, while the connection is away
//
// Half a command is worse than none. So what was sent but not handled is sent
// again when the other end was cut off: a worker that was killed cannot have
// handled it without saying so. When nobody can know (the network went), it
// is dropped with all that follows until the connection is back, and the
// person is told. So is what was typed long ago, or in great amounts.
const FRAME = 16 << 10;
// A big paste is paced, so that the session's input queue can follow.
const BURST = 8;		// frames
const BURST_EVERY_MS = 15;
const HELD_MAX = 4096;		// bytes
const HELD_MS = 5000;

export class Typing {
	#out;
	#isHeld = false;
	#heldSince = 0;
	#isUnsure = false;
	#waiting = [];		// frames for the server, in order
	#timer = 0;
	#sent = [];		// frames that it may not have handled
	#isMarking = false;
	#epoch = 0;

	// out: send(bytes), mark(done), unsure().
	constructor(out) {
		this.#out = out;
	}

	add(bytes) {
		if (this.#isUnsure)
			return;
		for (let at = 0; at < bytes.length; at += FRAME)
			this.#waiting.push(bytes.subarray(at, at + FRAME));
		if (!this.#isHeld && !this.#timer)
			this.#send();
		else if (this.#isHeld && this.#isTooMuch())
			this.#isUnsure = true;
	}

	// The connection is away. isCut: what was not handled never will be.
	hold(isCut) {
		if (this.#sent.length && !isCut)
			this.#isUnsure = true;
		this.#waiting.unshift(...this.#sent);
		this.#stop();
		this.#isHeld = true;
		this.#heldSince = performance.now();
	}

	// The connection is back.
	go() {
		const isUnsure = this.#isUnsure ||
			this.#waiting.length > 0 && this.#isTooMuch();
		this.#isHeld = this.#isUnsure = false;
		if (isUnsure) {
			this.#waiting = [];
			this.#out.unsure();
		}
		this.#send();
	}

	// The server refused some of it: the rest makes no sense.
	drop() {
		this.#stop();
		this.#waiting = [];
	}

	reset() {
		this.drop();
		this.#isHeld = this.#isUnsure = false;
	}

	#isTooMuch() {
		const size = this.#waiting.reduce((sum, b) => sum + b.length, 0);
		return size > HELD_MAX || performance.now() - this.#heldSince > HELD_MS;
	}

	#stop() {
		clearTimeout(this.#timer);
		this.#timer = 0;
		this.#sent = [];
		this.#isMarking = false;
		this.#epoch++;
	}

	#send() {
		for (const bytes of this.#waiting.splice(0, BURST)) {
			this.#out.send(bytes);
			this.#sent.push(bytes);
		}
		this.#mark();
		this.#timer = this.#waiting.length
			? setTimeout(() => this.#send(), BURST_EVERY_MS) : 0;
	}

	// Asks to be told when the server has handled what was sent.
	#mark() {
		if (this.#isMarking || !this.#sent.length)
			return;
		const { length } = this.#sent;
		const epoch = this.#epoch;
		this.#isMarking = true;
		this.#out.mark(() => {
			if (epoch !== this.#epoch)
				return;
			this.#isMarking = false;
			this.#sent.splice(0, length);
			this.#mark();
		});
	}
}
