// SPDX-License-Identifier: Apache-2.0
// Which sessions are open, in which tabs and panes; remembered, so that a
// reload brings the same ones back.
//
// sessionStorage remembers for this browser tab, localStorage for the next
// new one; #s=NAME in the address is a link to one session.
//
// Events: 'change', at most once a frame.
import { Emitter } from './emitter.js';
import * as layout from './layout.js';
import { notice } from './notice.js';
import { Pane } from './pane.js';
import * as remember from './remember.js';
import { isNarrow, onNarrow, Tab } from './tab.js';

const PANES_MAX = 48;		// the connection carries 64 channels

export class Workspace extends Emitter {
	tabs = [];
	tab = null;
	mayCreate = true;
	#connection;
	#sessions;
	#stages = document.getElementById('stages');
	#transform;
	#lastId = 0;
	#frame = 0;
	#isReady = false;

	constructor(connection, sessions, transform) {
		super();
		this.#connection = connection;
		this.#sessions = sessions;
		this.#transform = transform;
		onNarrow(() => this.#arrange());
		addEventListener('hashchange', () => this.#openLink());
		sessions.on('change', () => {
			for (const pane of this.allPanes)
				if (sessions.byId(pane.session)?.state === 'lost')
					pane.markLost();
		});
	}

	get current() { return this.tab?.current ?? null; }
	get allPanes() { return this.tabs.flatMap((tab) => tab.paneList); }
	get isNarrow() { return isNarrow(); }

	// A new session, or a view of one, in a tab of its own.
	newTab(request = { new: {} }) {
		if (!this.#mayOpen(request))
			return null;
		const tab = new Tab(() => this.#changed());
		const pane = this.#addPane(tab, request);
		tab.root = layout.leaf(pane.id);
		tab.active = pane.id;
		this.tabs.push(tab);
		this.#stages.append(tab.stage.element);
		this.select(tab, true);
		return pane;
	}

	// Divides the current pane: dir 'row' beside it, 'column' below it.
	split(dir, request = { new: { cwd: this.#cwd() } }) {
		if (!this.tab)
			return this.newTab(request);
		if (!this.#mayOpen(request))
			return null;
		const { tab } = this;
		const pane = this.#addPane(tab, request);
		tab.root = layout.split(tab.root, tab.active, dir, pane.id);
		tab.zoomed = false;
		tab.active = pane.id;
		this.#arrange();
		pane.focus();
		return pane;
	}

	// Goes to a session: where it is open already, else in a new tab, or
	// beside the current pane.
	show(session, beside = null) {
		if (beside)
			return this.split(beside, { session });
		const tab = this.tabs.find((t) =>
			t.paneList.some((p) => p.session === session));
		if (!tab)
			return this.newTab({ session });
		tab.active = tab.paneList.find((p) => p.session === session).id;
		this.select(tab, true);
		return tab.current;
	}

	select(tab, focus = false) {
		this.tab = tab;
		for (const other of this.tabs)
			other.stage.element.hidden = other !== tab;
		this.#arrange();
		if (focus)
			this.current?.focus();
	}

	step(by, focus = true) {
		const { length } = this.tabs;
		const at = this.tabs.indexOf(this.tab);
		if (length)
			this.select(this.tabs[(at + by + length) % length], focus);
	}

	selectIndex(index) {
		if (this.tabs[index])
			this.select(this.tabs[index], true);
	}

	closePane(pane = this.current) {
		const tab = this.tabs.find((t) => t.panes.get(pane?.id) === pane);
		if (!tab)
			return;
		const order = tab.paneList;
		const at = order.indexOf(pane);
		tab.root = layout.remove(tab.root, pane.id);
		tab.panes.delete(pane.id);
		pane.dispose();
		if (!tab.root) {
			this.#dropTab(tab);
			return;
		}
		if (tab.active === pane.id)
			tab.active = (order[at + 1] ?? order[at - 1]).id;
		tab.zoomed = false;
		this.#arrange();
		if (tab === this.tab)
			this.current.focus();
	}

	closeTab(tab) {
		for (const pane of tab.panes.values())
			pane.dispose();
		this.#dropTab(tab);
	}

	focusNeighbour(direction) {
		if (!this.tab)
			return;
		if (this.tab.zoomed || isNarrow()) {
			const by = direction === 'left' || direction === 'up' ? -1 : 1;
			this.nextPane(by);
			return;
		}
		const id = layout.neighbour(this.tab.root, this.tab.active,
			direction);
		if (id)
			this.tab.panes.get(id).focus();
	}

	nextPane(by = 1) {
		const panes = this.tab?.paneList ?? [];
		const at = panes.indexOf(this.current);
		const next = panes[(at + by + panes.length) % panes.length];
		if (!next)
			return;
		this.#activate(this.tab, next);
		this.#arrange();
		next.focus();
	}

	zoom() {
		if (!this.tab || this.tab.panes.size < 2)
			return;
		this.tab.zoomed = !this.tab.zoomed;
		this.#arrange();
		this.current.focus();
	}

	// Opens what was open, or what the address names, or something useful:
	// the person's latest session, else a new one. `isFresh` is for a server
	// that runs one command: then each browser tab has its own.
	start({ isFresh, user }) {
		const isKnown = (id) => this.#sessions.byId(id) !== undefined;
		const here = this.#restore(remember.load(sessionStorage, isKnown));
		const linked = this.#openLink();
		if (!here && !linked && !isFresh)
			this.#restore(remember.load(localStorage, isKnown));
		if (!this.tabs.length) {
			const own = this.#sessions.running
				.filter((s) => !this.mayCreate || !s.owner || !user ||
					s.owner === user)
				.sort((a, b) => b.changed - a.changed);
			if (own.length && (!isFresh || !this.mayCreate))
				this.newTab({ session: own[0].id });
			else if (this.mayCreate)
				this.newTab();
		}
		this.#isReady = true;
		this.#changed();
	}

	#mayOpen(request) {
		if (request.new && !this.mayCreate) {
			notice('You may watch sessions here but not start them');
			return false;
		}
		return this.#hasRoom();
	}

	#hasRoom() {
		if (this.allPanes.length < PANES_MAX)
			return true;
		notice(`${PANES_MAX} panes are open: close one first`);
		return false;
	}

	#cwd() {
		const session = this.#sessions.byId(this.current?.session);
		return session?.cwd || undefined;
	}

	#addPane(tab, request) {
		const pane = new Pane(`p${++this.#lastId}`, this.#connection,
			request, this.#transform);
		tab.panes.set(pane.id, pane);
		pane.on('change', () => this.#changed());
		pane.on('output', () => {
			this.emit('activity', pane, 'output');
			this.#changed();
		});
		pane.on('bell', () => {
			this.emit('activity', pane, 'bell');
			this.#changed();
		});
		pane.on('focus', () => this.#activate(tab, pane));
		pane.on('close', () => this.closePane(pane));
		pane.on('zoom', () => {
			this.#activate(tab, pane);
			this.zoom();
		});
		pane.on('again', () => this.#again(pane));
		return pane;
	}

	// Starts over in the same pane, in the same folder.
	#again(pane) {
		const { cwd } = this.#sessions.byId(pane.session) ?? {};
		pane.reopen({ new: { cwd: cwd || undefined, ...pane.spec } });
	}

	#activate(tab, pane) {
		if (tab.active === pane.id)
			return;
		tab.active = pane.id;
		this.#arrange();
	}

	#dropTab(tab) {
		const at = this.tabs.indexOf(tab);
		this.tabs.splice(at, 1);
		tab.stage.element.remove();
		if (tab !== this.tab) {
			this.#changed();
			return;
		}
		this.tab = null;
		const next = this.tabs[at] ?? this.tabs[at - 1];
		if (next)
			this.select(next, true);
		this.#changed();
	}

	#arrange() {
		for (const tab of this.tabs) {
			const only = tab.arrange();
			for (const pane of tab.panes.values()) {
				pane.setVisible(tab === this.tab &&
					(only === null || only === pane.id));
				pane.element.classList.toggle('active',
					pane.id === tab.active);
			}
		}
		this.#changed();
	}

	#changed() {
		if (this.#frame)
			return;
		this.#frame = requestAnimationFrame(() => {
			this.#frame = 0;
			this.#save();
			this.emit('change');
		});
	}

	#save() {
		if (!this.#isReady)
			return;
		remember.save(this.tabs, this.tab);
		const { name } = this.current?.info ?? {};
		const hash = name ? `#s=${encodeURIComponent(name)}` : '';
		if (location.hash !== hash)
			history.replaceState(null, '',
				hash || location.pathname + location.search);
	}

	// Opens what was remembered and still exists. True when there was some.
	#restore({ tabs, current }) {
		let selected = null;
		for (const saved of tabs) {
			if (!this.#hasRoom())
				break;
			const tab = new Tab(() => this.#changed());
			const names = new Map();
			for (const { id, ...request } of saved.panes)
				names.set(id, this.#addPane(tab, request).id);
			tab.root = layout.rename(saved.root, names);
			tab.active = names.get(saved.active) ??
				layout.panes(tab.root)[0];
			tab.stage.element.hidden = true;
			this.tabs.push(tab);
			this.#stages.append(tab.stage.element);
			if (saved === current)
				selected = tab;
		}
		if (this.tabs.length)
			this.select(selected ?? this.tabs[0], true);
		return this.tabs.length > 0;
	}

	// Shows the session that #s=NAME asks for. True when it asks for one.
	#openLink() {
		const name = new URLSearchParams(location.hash.slice(1)).get('s');
		if (!name)
			return false;
		const session = this.#sessions.byName(name);
		if (session && session.id !== this.current?.session)
			this.show(session.id);
		if (!session)
			notice(`There is no session ${name} (any more)`);
		return session !== undefined;
	}
}
