// SPDX-License-Identifier: Apache-2.0
// What is an answer of the terminal, and how things are said in words.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as format from '../../cmd/qtd/web/format.js';
import { isAnswer, isFocusReport } from '../../cmd/qtd/web/guard.js';

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
