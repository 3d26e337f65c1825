// SPDX-License-Identifier: Apache-2.0
// How a tab is divided into panes.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as layout from '../../cmd/qtd/web/layout.js';

const { leaf, panes, split, remove, place, neighbour } = layout;

// a | b over c | d
const tree = split(split(split(leaf('a'), 'a', 'row', 'b'), 'b', 'column',
	'c'), 'c', 'row', 'd');

function assertWhole(node) {
	if (!node.kids)
		return;
	assert.ok(node.kids.length > 1);
	const sum = node.sizes.reduce((a, b) => a + b);
	assert.ok(Math.abs(sum - 1) < 1e-9, `sizes sum to ${sum}`);
	for (const kid of node.kids) {
		assert.notEqual(kid.dir, node.dir);
		assertWhole(kid);
	}
}

test('splitting divides the pane that was asked for', () => {
	assert.deepEqual(panes(tree), ['a', 'b', 'c', 'd']);
	assertWhole(tree);
	const { x, y, w, h } = place(tree).panes.get('d');
	assert.deepEqual([x, y, w, h], [0.75, 0.5, 0.25, 0.5]);
});

test('splitting twice the same way makes one row of three', () => {
	const row = split(split(leaf('a'), 'a', 'row', 'b'), 'b', 'row', 'c');
	assert.equal(row.kids.length, 3);
	assert.deepEqual(row.sizes, [0.5, 0.25, 0.25]);
});

test('removing gives the room to the others', () => {
	for (const gone of ['a', 'b', 'c', 'd']) {
		const rest = remove(tree, gone);
		assert.deepEqual(panes(rest),
			['a', 'b', 'c', 'd'].filter((p) => p !== gone));
		assertWhole(rest);
	}
	assert.equal(remove(leaf('a'), 'a'), null);
});

test('panes cover everything once, with dividers between', () => {
	const { panes: boxes, dividers } = place(tree);
	const area = [...boxes.values()].reduce((sum, b) => sum + b.w * b.h, 0);
	assert.ok(Math.abs(area - 1) < 1e-9);
	assert.equal(dividers.length, 3);
});

test('a divider moves only its two sides, and not over them', () => {
	const moved = layout.moveDivider(tree, [1, 1], 0, 0.2);
	assert.deepEqual(moved.kids[1].kids[1].sizes.map((s) => s.toFixed(2)),
		['0.70', '0.30']);
	assert.deepEqual(moved.sizes, tree.sizes);
	const far = layout.moveDivider(tree, [], 0, 5);
	assert.ok(far.sizes[1] > 0.05);
	assertWhole(far);
});

test('the neighbour is the nearest pane that way', () => {
	assert.equal(neighbour(tree, 'b', 'left'), 'a');
	assert.equal(neighbour(tree, 'b', 'down'), 'c');
	assert.equal(neighbour(tree, 'd', 'left'), 'c');
	assert.equal(neighbour(tree, 'd', 'up'), 'b');
	assert.equal(neighbour(tree, 'd', 'right'), null);
	assert.ok(['b', 'c'].includes(neighbour(tree, 'a', 'right')));
});

test('only a real tree is taken from storage', () => {
	const known = new Set(['a', 'b', 'c', 'd']);
	assert.ok(layout.isValid(JSON.parse(JSON.stringify(tree)), known));
	assert.ok(!layout.isValid(tree, new Set(['a'])));
	for (const bad of [null, 1, {}, { kids: [] }, { dir: 'row', kids:
		[leaf('a')], sizes: [1] }, { dir: 'x', kids: [leaf('a'), leaf('b')],
		sizes: [0.5, 0.5] }, { dir: 'row', kids: [leaf('a'), leaf('b')],
		sizes: ['1', 2] }])
		assert.ok(!layout.isValid(bad, known), JSON.stringify(bad));
});
