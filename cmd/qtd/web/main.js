// SPDX-License-Identifier: Apache-2.0
// Puts the page together: login, connection, workspace, and what is around.
import './style.css';
import { makeActions } from './actions.js';
import { Activity } from './activity.js';
import * as api from './api.js';
import * as clipboard from './clipboard.js';
import { Connection } from './connection.js';
import { Drawer } from './drawer.js';
import { EmptyState } from './empty.js';
import { listenDrops } from './files.js';
import { KeyBar } from './keybar.js';
import * as keys from './keys.js';
import { logIn } from './login.js';
import { Menu } from './menu.js';
import { notice } from './notice.js';
import { SearchBar } from './search-bar.js';
import { SessionList } from './session-list.js';
import { Sessions } from './sessions.js';
import { settings } from './settings.js';
import { Status } from './status.js';
import { TabStrip } from './tabs.js';
import { onSystemChange, paint } from './themes.js';
import * as touch from './touch.js';
import { Viewport } from './viewport.js';
import { Workspace } from './workspace.js';

const RETRY_MS = 2000;
const byId = (id) => document.getElementById(id);
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// Who is logged in, here and for the dialogs.
const session = {
	me: {},
	get canLogOut() {
		return this.me.login === 'token' || this.me.login === 'password';
	},
	get about() {
		const { version, user, role } = this.me;
		return [`Quantum Terminal ${version ?? ''}`.trim(),
			user && (role ? `${user} (${role})` : user)]
			.filter(Boolean).join(' · ');
	},
	async logout() {
		try {
			await api.logout();
			location.reload();
		} catch {
			notice('The server cannot be reached: you are still logged in',
				{ kind: 'bad' });
		}
	},
};

function dress() {
	paint(settings.get('theme'), settings.colors);
}

// Asks until the server answers.
async function enter() {
	for (;;) {
		try {
			session.me = await logIn();
			break;
		} catch {
			byId('splash').textContent = 'The server cannot be reached. ' +
				'Trying again…';
			await sleep(RETRY_MS);
		}
	}
	settings.setServerOptions(session.me.options);
}

function connect() {
	const connection = new Connection(api.socketUrl(), async () => {
		try {
			return (await api.whoAmI()).me === undefined;
		} catch {
			return false;	// away: just try again
		}
	});
	connection.on('error', ({ text }) =>
		notice(text ?? 'The server refused', { kind: 'bad' }));
	let version = null;
	connection.on('hello', (hello) => {
		if (version && version !== hello.version)
			notice(`The server is now version ${hello.version}`, {
				action: { label: 'Reload', run: () => location.reload() },
				sticky: true });
		({ version } = hello);
	});
	return connection;
}

function assemble(connection) {
	const sessions = new Sessions(connection);
	let workspace = null;
	const keybar = new KeyBar({
		pane: () => workspace?.current,
		paste: () => workspace.current &&
			clipboard.paste(workspace.current.view.term),
	});
	workspace = new Workspace(connection, sessions,
		(text) => keybar.transform(text));
	const list = new SessionList(sessions, workspace);
	const drawer = new Drawer(list, workspace);
	const search = new SearchBar(workspace);
	const actions = makeActions({ workspace, list, sessions, search, drawer,
		session });
	const run = (id) => () => actions.find((a) => a.id === id).run();
	for (const id of ['new', 'split-right', 'split-down', 'search'])
		byId(`do-${id}`).addEventListener('click', run(id));
	byId('do-panes').addEventListener('click', () => workspace.nextPane());
	new Menu(byId('do-more'), actions, () => workspace.current?.focus());
	new TabStrip(workspace);
	new EmptyState(workspace, sessions);
	new Activity(workspace).titleFixed = session.me.options?.titleFixed;
	new Status(connection, workspace).user = session.me.user;
	new Viewport(workspace);
	keys.listen(actions, () => workspace.current?.focus());
	const stages = byId('stages');
	touch.listen(stages, () => workspace.current);
	listenDrops(stages, (target) => workspace.allPanes
		.find((p) => p.element.contains(target)));
	return { workspace, sessions };
}

async function main() {
	dress();
	settings.on('change', dress);
	onSystemChange(() => settings.emit('change', null));
	await enter();
	const connection = connect();
	const { workspace, sessions } = assemble(connection);
	connection.on('login', async () => {
		await enter();
		connection.start();
		workspace.current?.focus();
	});
	const off = connection.on('hello', async () => {
		try {
			await sessions.refresh();
		} catch {
			return;		// lost again: the next hello does it
		}
		off();
		byId('splash').hidden = true;
		byId('app').hidden = false;
		workspace.mayCreate = session.me.role !== 'reader' &&
			!session.me.readonly;
		workspace.start({ isFresh: Boolean(session.me.command),
			user: session.me.user });
	});
	connection.start();
}

await main();
