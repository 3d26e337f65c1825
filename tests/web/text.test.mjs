// SPDX-License-Identifier: Apache-2.0
// What is an answer of the terminal, and how things are said in words.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { bytesOf, typed, visible } from
	'../../cmd/qtd/web/command-text.js';
import * as format from '../../cmd/qtd/web/format.js';
import { isAnswer, isFocusReport } from '../../cmd/qtd/web/guard.js';
import { MARKS_MAX, MarkBound } from '../../cmd/qtd/web/marks.js';

const require = createRequire(new URL('../../cmd/qtd/web/package.json',
	import.meta.url));
globalThis.window ??= globalThis;
const { Unicode11Addon } = require('@xterm/addon-unicode11');
let widths;
new Unicode11Addon().activate({ unicode: {
	register: (provider) => { widths = provider; } } });
const widthOf = (code) => widths.wcwidth(code);

// What remains of pieces of output; each piece is text or bytes.
function bounded(...pieces) {
	const marks = new MarkBound(widthOf);
	const kept = pieces.map((piece) => marks.cut(typeof piece === 'string'
		? new TextEncoder().encode(piece) : Uint8Array.from(piece)));
	return Buffer.concat(kept);
}

// The same, given one byte at a time.
const boundedBytewise = (text) =>
	bounded(...[...new TextEncoder().encode(text)].map((byte) => [byte]));

test('answers to queries are known', () => {
	for (const text of ['\x1b[?1;2c', '\x1b[>0;276;0c', '\x1b[0n',
		'\x1b[?25;1R', '\x1b[24;80R', '\x1b[?2004;2$y', '\x1b[4;2$y',
		'\x1b[8;24;80t', '\x1b]11;rgb:1616/1818/1d1d\x1b\\',
		'\x1b]4;1;rgb:0/0/0\x07', '\x1bP1$r0m\x1b\\'])
		assert.ok(isAnswer(text), JSON.stringify(text));
});

test('what a person types is no answer', () => {
	for (const text of ['a', '\x1b', '\x1b[A', '\x1bOA', '\x1b[1;5C',
		'\x1b[1;2R', '\x1b[1;8R', '\x1b[15~', '\x1b[200~c\x1b[201~',
		'\x1b[<0;10;20M', '\x1bc', '\x1b[I', 'n', 'é', '\x1b[3;5~'])
		assert.ok(!isAnswer(text), JSON.stringify(text));
	assert.ok(isFocusReport('\x1b[I') && isFocusReport('\x1b[O'));
	assert.ok(!isFocusReport('\x1b[1;5I'));
});

test('ends, sizes and ages are said in words', () => {
	assert.equal(format.ending(0), 'finished');
	assert.equal(format.ending(3), 'ended with status 3');
	assert.equal(format.ending(137), 'killed');
	assert.equal(format.ending(128 + 34), 'ended by signal 34');
	assert.equal(format.ending(255), 'ended with status 255');
	assert.equal(format.bytes(999), '999 bytes');
	assert.equal(format.bytes(1500), '1.5 kB');
	assert.equal(format.bytes(250e6), '250 MB');
	assert.equal(format.age(Date.now() - 3 * 3600e3), '3 h');
	assert.equal(format.plural(1, 'viewer'), '1 viewer');
});

test('marks in a row are bounded, over the borders of chunks too', () => {
	const accents = (n) => '\u0301'.repeat(n);
	const most = `a${accents(MARKS_MAX)}`;
	assert.equal(bounded(`a${accents(500000)}b`).toString(), `${most}b`);
	assert.equal(bounded(most, accents(9), 'b').toString(), `${most}b`);
	assert.equal(boundedBytewise(`a${accents(99)}b`).toString(), `${most}b`);
	assert.equal(bounded(most, `${most}${most}`).toString(),
		most + most + most);
	const astral = '\u{e0101}'.repeat(99);
	assert.equal(boundedBytewise(`x${astral}y`).toString(),
		`x${'\u{e0101}'.repeat(MARKS_MAX)}y`);
});

test('what xterm.js passes over does not end a run of marks', () => {
	for (const between of [[0x7f], [0xff], [0x80], [0xe2, 0x82],
		[0xef, 0xbb, 0xbf], [0xe0, 0x80, 0x80], [0xed, 0xa0, 0x80],
		[0xf4, 0x90, 0x80, 0x80]]) {
		const unit = [...between, 0xcc, 0x81];
		const kept = bounded('a', Array(99).fill(unit).flat(), 'b');
		assert.equal(kept.toString('latin1').split('\xcc\x81').length - 1,
			MARKS_MAX, between.join());
	}
});

test('other text passes unchanged, in pieces of any size', () => {
	const text = 'plain \x1b[31mred\x1b[0m \u00e9 e\u0301 \u0e01\u0e34' +
		'\u0e48 \u4e2d\u6587 \u{1f469}\u200d\u2764\ufe0f\u200d' +
		'\u{1f48b}\u200d\u{1f468} \u{1f1e9}\u{1f1ea}\u{1f1eb}\u{1f1f7} ' +
		'\u{1f3f4}\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}' +
		'\u{e007f} \u{1f44d}\u{1f3fd}\r\n';
	const all = text.repeat(40);
	assert.equal(bounded(all).toString(), all);
	assert.equal(boundedBytewise(all).toString(), all);
	const raw = [0x61, 0xff, 0xc3, 0x28, 0xe2, 0x82, 0x41, 0xf0, 0x9f, 0x0a];
	assert.deepEqual([...bounded(raw)], raw);
	for (let code = 0xa0; code < 0x300; code++)
		assert.ok(widthOf(code) > 0, code.toString(16));
	const plain = new TextEncoder().encode('as it came');
	assert.equal(new MarkBound(widthOf).cut(plain), plain);
});

test('commands are made fit to show, and to type', () => {
	assert.equal(visible('a\tb\nc\x7f\x1b[m\x9b\u202e\u200d é'),
		'a␉b⏎c␡␛[m<U+009B><U+202E><U+200D> é');
	assert.deepEqual(bytesOf({ command: 'é' }), Uint8Array.of(0xc3, 0xa9));
	assert.deepEqual(bytesOf({ command: '\ufffd', command_hex: 'e90a' }),
		Uint8Array.of(0xe9, 10));
	const keys = (text, isBracketed) => {
		const bytes = typed(bytesOf({ command: text }), isBracketed);
		return bytes && Buffer.from(bytes).toString();
	};
	assert.equal(keys('ls -l', false), 'ls -l');
	assert.equal(keys('ls -l', true), '\x1b[200~ls -l\x1b[201~');
	assert.equal(keys('a\nb\tc', true), '\x1b[200~a\rb\tc\x1b[201~');
	for (const text of ['a\nb', 'a\tb'])
		assert.equal(keys(text, false), null);
	for (const text of ['a\x1b[201~\rb', 'a\rb', '\x03', 'x\x7f', '\0'])
		for (const isBracketed of [true, false])
			assert.equal(keys(text, isBracketed), null,
				JSON.stringify(text));
});
