// SPDX-License-Identifier: Apache-2.0
// Marks over marks that no eye could tell apart.
//
// xterm.js joins every character without a width to the cell before it, and
// draws the whole cell anew each time: half a million accents on one letter,
// a megabyte of output, hold the page for minutes. So no more than MARKS_MAX
// of them follow one another; the rest are left out before xterm.js sees
// them. Emoji sequences and flags have far fewer in a row: what they join has
// a width.
//
// Only what surely ends a run in xterm.js ends it here: a character with a
// width, or a control. What it passes over in silence (DEL, bytes that are no
// UTF-8, a byte order mark) does not.
export const MARKS_MAX = 32;

const DEL = 0x7f;
const FIRST_MARK = 0xcc;	// lead byte of U+0300; nothing before joins
const FIRST_TEXT = 0xa0;	// what is lower, and no ASCII, is a control
const BOM = 0xfeff;
const NOTHING = new Uint8Array(0);
const LEAST = [0, 0, 0x80, 0x800, 0x10000];	// by length, else overlong

// By far the most output; seen without decoding it.
function isPlain(bytes) {
	for (const byte of bytes)
		if (byte >= FIRST_MARK)
			return false;
	return bytes[bytes.length - 1] < DEL;
}

const isLater = (byte) => (byte & 0xc0) === 0x80;

// The bytes that a lead byte announces; 0: it is none.
function announced(byte) {
	if (byte < 0xc2 || byte > 0xf4)
		return 0;
	return byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
}

function decode(bytes, at, size) {
	let code = bytes[at] & 0xff >> size + 1;
	for (let i = 1; i < size; i++)
		code = code << 6 | bytes[at + i] & 0x3f;
	return code;
}

function joined(parts) {
	const all = new Uint8Array(parts.reduce((n, p) => n + p.length, 0));
	let at = 0;
	for (const part of parts) {
		all.set(part, at);
		at += part.length;
	}
	return all;
}

// One stream of output.
export class MarkBound {
	#widthOf;		// of a code point
	#run = 0;		// marks in a row so far
	#held = NOTHING;	// a character's first bytes, the rest is to come

	constructor(widthOf) {
		this.#widthOf = widthOf;
	}

	// The bytes without the marks that are too many.
	cut(bytes) {
		if (!this.#held.length && isPlain(bytes)) {
			this.#run = 0;
			return bytes;
		}
		const all = this.#held.length ? joined([this.#held, bytes]) : bytes;
		const kept = [];
		let from = 0;
		let at = 0;
		let size;
		for (; at < all.length; at += size) {
			size = this.#sizeAt(all, at);
			if (at + size > all.length)
				break;
			if (!this.#isTooMany(all, at, size))
				continue;
			if (at > from)
				kept.push(all.subarray(from, at));
			from = at + size;
		}
		this.#held = all.slice(at);
		if (from === 0 && at === all.length)
			return all;
		kept.push(all.subarray(from, Math.max(from, at)));
		return joined(kept);
	}

	// Of the character; 1 for a byte that belongs to none; more than there
	// is when the rest may still come.
	#sizeAt(all, at) {
		const size = announced(all[at]);
		for (let i = 1; i < size && at + i < all.length; i++)
			if (!isLater(all[at + i]))
				return 1;
		return size || 1;
	}

	#isTooMany(all, at, size) {
		if (size === 1) {
			if (all[at] < DEL)
				this.#run = 0;
			return false;
		}
		const code = decode(all, at, size);
		const isNothing = code === BOM || code < LEAST[size] ||
			code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff);
		if (isNothing)
			return false;
		if (code < FIRST_TEXT || this.#widthOf(code) > 0) {
			this.#run = 0;
			return false;
		}
		return ++this.#run > MARKS_MAX;
	}
}
