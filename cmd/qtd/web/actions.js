// SPDX-License-Identifier: Apache-2.0
// Everything a person can do, in one table: the keyboard, the menu and the
// help are made from it, so that they always agree.
//
// {id, label, icon, keys: [KEYS...], group, run, when?, inMenu?}
// KEYS: 'Ctrl+Shift+F'; the last part is a letter, digit, or KeyboardEvent.key.

import * as clipboard from './clipboard.js';
import { promptDialog } from './dialog.js';
import { download, pickFiles } from './files.js';
import { showHelp } from './help.js';
import { notice } from './notice.js';
import { settings } from './settings.js';
import { showSettings } from './settings-panel.js';

async function rename(session, sessions) {
	const name = await promptDialog({ title: 'Rename session', label: 'Name',
		value: session.name, action: 'Rename' });
	if (!name || name === session.name)
		return;
	try {
		await sessions.rename(session.id, name);
	} catch (error) {
		notice(error.message, { kind: 'bad' });
	}
}

export function makeActions({ workspace, list, sessions, search, drawer,
	session }) {
	const term = () => workspace.current?.view?.term;
	const hasPane = () => workspace.current !== null;
	const canType = () => hasPane() && !workspace.current.isReadonly &&
		!workspace.current.ended;
	const hasSeveral = () => (workspace.tab?.panes.size ?? 0) > 1;
	const font = (by) => settings.setFontSize(settings.get('fontSize') + by);
	const move = (direction) => () => workspace.focusNeighbour(direction);
	const listed = () => sessions.byId(workspace.current?.session);

	const actions = [
		{ id: 'new', group: 'Sessions', label: 'New session', icon: 'plus',
			keys: ['Ctrl+Shift+Enter'], run: () => workspace.newTab() },
		{ id: 'sessions', group: 'Sessions', label: 'Show all sessions',
			icon: 'list', keys: ['Ctrl+Shift+L'], inMenu: false,
			run: () => drawer.toggle(true) },
		{ id: 'rename', group: 'Sessions', label: 'Rename session…',
			icon: 'edit', keys: [], when: () => listed() !== undefined,
			run: () => rename(listed(), sessions) },
		{ id: 'link', group: 'Sessions', label: 'Copy link to session',
			icon: 'link', keys: [], when: hasPane, run: async () => {
				await clipboard.copy(location.href);
				notice('The link is copied: it opens this session for ' +
					'whoever may log in here');
			} },
		{ id: 'kill', group: 'Sessions', label: 'End session…', icon: 'stop',
			keys: [], when: () => canType() && listed() !== undefined,
			run: () => list.kill(listed()) },

		{ id: 'split-right', group: 'Panes', label: 'Split right',
			icon: 'split-right', keys: ['Ctrl+Shift+E'],
			run: () => workspace.split('row') },
		{ id: 'split-down', group: 'Panes', label: 'Split down',
			icon: 'split-down', keys: ['Ctrl+Shift+O'],
			run: () => workspace.split('column') },
		{ id: 'zoom', group: 'Panes', label: 'Enlarge or restore pane',
			icon: 'zoom', keys: ['Ctrl+Shift+Z'], when: hasSeveral,
			run: () => workspace.zoom() },
		{ id: 'close', group: 'Panes', label: 'Close pane', icon: 'x',
			keys: ['Ctrl+Shift+X'], when: hasPane,
			run: () => workspace.closePane() },
		...['Left', 'Right', 'Up', 'Down'].map((name) => ({
			id: `focus-${name.toLowerCase()}`, group: 'Panes',
			label: `Go to the pane ${{ Left: 'on the left',
				Right: 'on the right', Up: 'above', Down: 'below' }[name]}`,
			keys: [`Ctrl+Shift+Arrow${name}`], inMenu: false,
			when: hasSeveral, run: move(name.toLowerCase()) })),

		{ id: 'next-tab', group: 'Tabs', label: 'Next tab', inMenu: false,
			keys: ['Ctrl+Shift+]'], run: () => workspace.step(1) },
		{ id: 'previous-tab', group: 'Tabs', label: 'Previous tab',
			inMenu: false, keys: ['Ctrl+Shift+['],
			run: () => workspace.step(-1) },
		...Array.from({ length: 9 }, (_, i) => ({
			id: `tab-${i + 1}`, group: 'Tabs', label: `Tab ${i + 1}`,
			keys: [`Ctrl+Shift+${i + 1}`], inMenu: false,
			inHelp: i === 0 && { label: 'Tabs 1 to 9',
				keys: 'Ctrl+Shift+1 … 9' },
			run: () => workspace.selectIndex(i) })),

		{ id: 'search', group: 'Text', label: 'Find…', icon: 'search',
			keys: ['Ctrl+Shift+F'], when: hasPane,
			run: () => search.open() },
		{ id: 'copy', group: 'Text', label: 'Copy selection', icon: 'copy',
			keys: ['Ctrl+Shift+C'], when: hasPane,
			run: () => clipboard.copySelection(term()) },
		{ id: 'paste', group: 'Text', label: 'Paste', icon: 'paste',
			keys: ['Ctrl+Shift+V'], isNative: true, when: canType,
			run: () => clipboard.paste(term()) },
		{ id: 'copy-all', group: 'Text', label: 'Copy all text',
			icon: 'copy', keys: [], when: hasPane, run: async () => {
				await clipboard.copy(workspace.current.view.text());
				notice('All text is copied');
			} },
		{ id: 'clear', group: 'Text', label: 'Clear scrollback here',
			icon: 'trash', keys: ['Ctrl+Shift+K'], when: hasPane,
			run: () => term().clear() },

		{ id: 'upload', group: 'Files', label: 'Upload files…',
			icon: 'upload', keys: [], when: canType,
			run: () => pickFiles(workspace.current) },
		{ id: 'download', group: 'Files', label: 'Download a file…',
			icon: 'download', keys: [], when: hasPane,
			run: () => download(workspace.current) },

		{ id: 'larger', group: 'View', label: 'Larger text', icon: 'larger',
			keys: ['Ctrl+=', 'Ctrl++'], run: () => font(1) },
		{ id: 'smaller', group: 'View', label: 'Smaller text',
			icon: 'smaller', keys: ['Ctrl+-'], run: () => font(-1) },
		{ id: 'usual', group: 'View', label: 'Usual text size',
			keys: ['Ctrl+0'], inMenu: false,
			run: () => settings.setFontSize(settings.defaultFontSize) },
		{ id: 'settings', group: 'View', label: 'Settings', icon: 'gear',
			keys: ['Ctrl+Shift+,'], run: () => showSettings(session) },
		{ id: 'help', group: 'View', label: 'Help and shortcuts',
			icon: 'help', keys: ['Ctrl+Shift+H', '?'],
			run: () => showHelp(actions) },
		{ id: 'logout', group: 'View', label: 'Log out', icon: 'logout',
			keys: [], when: () => session.canLogOut,
			run: () => session.logout() },
	];
	return actions;
}
