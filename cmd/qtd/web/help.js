// SPDX-License-Identifier: Apache-2.0
// The help: how things work in a few sentences, then every shortcut.
import { panel } from './dialog.js';
import { el } from './dom.js';
import { label } from './keys.js';

const FACTS = [
	['Sessions outlive everything.', 'Close the tab, the browser, or lose ' +
		'the network: programs go on, and you come back to the same place.'],
	['Everyone sees the same.', 'A session can be open in many places, ' +
		'also in a terminal: qt-session attach. Who types last has ' +
		'control and decides its size.'],
	['Files.', 'Drop them on a terminal to upload them into its folder; ' +
		'download from the ⋯ menu.'],
	['Find', 'looks through the terminal, and offers the commands that ran ' +
		'in it, where the shell keeps a history with qt-hist: arrow down, ' +
		'then Enter puts one on the line.'],
	['Links.', 'Click an address to open it. Hold Shift to select text ' +
		'when a program takes the mouse.'],
];

export function showHelp(actions) {
	const groups = new Map();
	for (const action of actions) {
		const shown = action.inHelp ?? (action.inHelp === false ? null
			: action.keys.length ? { label: action.label,
				keys: action.keys[0] } : null);
		if (shown)
			groups.set(action.group,
				[...groups.get(action.group) ?? [], shown]);
	}
	const facts = el('ul', { class: 'facts' }, ...FACTS.map(([head, text]) =>
		el('li', {}, el('strong', { text: head }), ` ${text}`)));
	const keys = [...groups].map(([name, list]) => el('section', {},
		el('h3', { text: name }),
		el('dl', { class: 'shortcuts' }, ...list.flatMap((shown) => [
			el('dt', { text: shown.label }),
			el('dd', {}, el('kbd', { text: label(shown.keys) })),
		]))));
	panel('Help', el('div', {}, facts,
		el('div', { class: 'help-keys' }, ...keys)), { wide: true });
}
