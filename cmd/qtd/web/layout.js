// SPDX-License-Identifier: Apache-2.0
// How a tab is divided into panes: a tree of plain objects, and questions to
// it. No elements here.
//
//	leaf	{pane: ID}
//	split	{dir: 'row' | 'column', sizes: [fraction...], kids: [node...]}
//
// A split has at least two kids, none of which is a split of the same
// direction, and sizes that sum to 1. Functions return new trees.

export const leaf = (pane) => ({ pane });

export function panes(node) {
	return node.kids ? node.kids.flatMap(panes) : [node.pane];
}

// Divides the pane `at`, giving half of it to `added`, which goes after it.
export function split(node, at, dir, added) {
	if (!node.kids) {
		if (node.pane !== at)
			return node;
		return { dir, sizes: [0.5, 0.5], kids: [node, leaf(added)] };
	}
	const sizes = [];
	const kids = [];
	node.kids.forEach((kid, i) => {
		const next = split(kid, at, dir, added);
		if (next.kids && next.dir === node.dir) {
			kids.push(...next.kids);
			sizes.push(...next.sizes.map((s) => s * node.sizes[i]));
		} else {
			kids.push(next);
			sizes.push(node.sizes[i]);
		}
	});
	return { ...node, sizes, kids };
}

// Without one pane; null when it was the last.
export function remove(node, pane) {
	if (!node.kids)
		return node.pane === pane ? null : node;
	const kids = [];
	const sizes = [];
	node.kids.forEach((kid, i) => {
		const next = remove(kid, pane);
		if (!next)
			return;
		if (next.kids && next.dir === node.dir) {
			kids.push(...next.kids);
			sizes.push(...next.sizes.map((s) => s * node.sizes[i]));
		} else {
			kids.push(next);
			sizes.push(node.sizes[i]);
		}
	});
	if (kids.length <= 1)
		return kids[0] ?? null;
	const sum = sizes.reduce((a, b) => a + b);
	return { ...node, kids, sizes: sizes.map((s) => s / sum) };
}

// Moves the divider after kid `index` of the split at `path` (a list of kid
// indexes) by a fraction of that split; neither side gets under `min`.
export function moveDivider(node, path, index, by, min = 0.08) {
	if (path.length) {
		const [first, ...rest] = path;
		return { ...node, kids: node.kids.map((kid, i) =>
			i === first ? moveDivider(kid, rest, index, by, min) : kid) };
	}
	const sizes = [...node.sizes];
	const both = sizes[index] + sizes[index + 1];
	const least = Math.min(min, both / 2);
	sizes[index] = Math.min(both - least,
		Math.max(least, sizes[index] + by));
	sizes[index + 1] = both - sizes[index];
	return { ...node, sizes };
}

// Where everything is, in fractions of the whole: {panes: Map(ID, box),
// dividers: [{path, index, dir, box, span}]}; span is the split's own box.
export function place(node, box = { x: 0, y: 0, w: 1, h: 1 }, path = [],
	out = { panes: new Map(), dividers: [] }) {
	if (!node.kids) {
		out.panes.set(node.pane, box);
		return out;
	}
	const row = node.dir === 'row';
	let at = 0;
	node.kids.forEach((kid, i) => {
		const size = node.sizes[i];
		const part = row
			? { ...box, x: box.x + at * box.w, w: size * box.w }
			: { ...box, y: box.y + at * box.h, h: size * box.h };
		place(kid, part, [...path, i], out);
		at += size;
		if (i < node.kids.length - 1)
			out.dividers.push({ path, index: i, dir: node.dir, span: box,
				at, box: row
					? { ...box, x: box.x + at * box.w, w: 0 }
					: { ...box, y: box.y + at * box.h, h: 0 } });
	});
	return out;
}

// The pane next to one in a direction: 'left' 'right' 'up' 'down', or null.
export function neighbour(node, pane, direction) {
	const boxes = place(node).panes;
	const from = boxes.get(pane);
	const across = direction === 'left' || direction === 'right';
	const sign = direction === 'left' || direction === 'up' ? -1 : 1;
	const near = (box) => {
		const [a, b] = sign < 0 ? [box, from] : [from, box];
		return across ? b.x - (a.x + a.w) : b.y - (a.y + a.h);
	};
	const overlap = (box) => across
		? Math.min(box.y + box.h, from.y + from.h) - Math.max(box.y, from.y)
		: Math.min(box.x + box.w, from.x + from.w) - Math.max(box.x, from.x);
	let best = null;
	for (const [id, box] of boxes) {
		if (id === pane || near(box) < -1e-9 || overlap(box) <= 1e-9)
			continue;
		const rank = near(box) * 10 - overlap(box);
		if (!best || rank < best.rank)
			best = { id, rank };
	}
	return best?.id ?? null;
}

// The same tree over other pane ids: names maps old to new.
export function rename(node, names) {
	return node.kids
		? { ...node, kids: node.kids.map((kid) => rename(kid, names)) }
		: leaf(names.get(node.pane));
}

// Whether a value read from storage is a tree as above, over known panes.
export function isValid(node, known) {
	if (!node || typeof node !== 'object')
		return false;
	if (!node.kids)
		return known.has(node.pane);
	return (node.dir === 'row' || node.dir === 'column') &&
		Array.isArray(node.kids) && node.kids.length > 1 &&
		Array.isArray(node.sizes) &&
		node.sizes.length === node.kids.length &&
		node.sizes.every((s) => s > 0 && s <= 1) &&
		node.kids.every((kid) => isValid(kid, known));
}
