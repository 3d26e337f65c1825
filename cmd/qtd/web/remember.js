// SPDX-License-Identifier: Apache-2.0
// Remembers which sessions were open where: sessionStorage for a reload of
// this browser tab, localStorage for the next new one.
import * as layout from './layout.js';
import { read, write } from './settings.js';

const KEY = 'qt.layout';

export function save(tabs, current) {
	const state = { tabs: [], current: 0 };
	for (const tab of tabs) {
		const panes = tab.paneList.map((pane) => pane.saved);
		if (panes.includes(null))
			continue;	// a session that is just being made
		if (tab === current)
			state.current = state.tabs.length;
		state.tabs.push({ root: tab.root, active: tab.active, panes });
	}
	write(sessionStorage, KEY, state);
	write(localStorage, KEY, state);
}

// {tabs: [{root, active, panes}], current: one of tabs}, without what is
// malformed and without sessions that are gone.
export function load(storage, isKnown) {
	const state = read(storage, KEY);
	const tabs = [];
	let current = null;
	(Array.isArray(state.tabs) ? state.tabs : []).forEach((tab, i) => {
		const good = check(tab, isKnown);
		if (!good)
			return;
		tabs.push(good);
		if (i === state.current)
			current = good;
	});
	return { tabs, current };
}

function check(tab, isKnown) {
	const panes = new Map((Array.isArray(tab?.panes) ? tab.panes : [])
		.map((pane) => [pane.id, pane]));
	if (!layout.isValid(tab?.root, panes))
		return null;
	let { root } = tab;
	for (const { id, session } of panes.values())
		if (root && !isKnown(session)) {
			root = layout.remove(root, id);
			panes.delete(id);
		}
	return root && { root, active: tab.active, panes: [...panes.values()] };
}
