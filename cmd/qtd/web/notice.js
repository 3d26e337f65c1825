// SPDX-License-Identifier: Apache-2.0
// Short messages in the corner, read out by screen readers.
import { button, el, iconButton } from './dom.js';

const SHOWN_MS = 6000;

const polite = document.getElementById('notices');
const spoken = document.getElementById('spoken');

// action: {label, run}. Stays until dismissed when sticky. Returns a function
// that takes it away.
export function notice(text, { kind = 'info', action, sticky } = {}) {
	const remove = () => node.remove();
	const node = el('div', { class: `notice ${kind}` },
		el('p', { text }),
		action && button(action.label, () => { remove(); action.run(); }),
		iconButton('x', 'Dismiss', remove));
	polite.append(node);
	while (polite.children.length > 5)
		polite.firstChild.remove();
	if (!sticky)
		setTimeout(remove, SHOWN_MS);
	return remove;
}

// A notice with a bar. Returns {update(fraction), done(text), fail(text)}.
export function progressNotice(text, cancel) {
	const bar = el('progress', { max: '1', value: 0, 'aria-label': text });
	const node = el('div', { class: 'notice' }, el('p', { text }), bar,
		iconButton('x', 'Cancel', cancel));
	polite.append(node);
	const end = (message, kind) => {
		node.remove();
		if (message)
			notice(message, { kind });
	};
	return {
		update: (fraction) => { bar.value = fraction; },
		done: (message) => end(message, 'good'),
		fail: (message) => end(message, 'bad'),
	};
}

// Says something to a screen reader without showing it.
export function say(text) {
	spoken.textContent = '';
	requestAnimationFrame(() => { spoken.textContent = text; });
}
