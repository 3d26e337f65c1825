// SPDX-License-Identifier: Apache-2.0
// The drawer at the side: every session, with what can be done to it.
import { confirmDialog } from './dialog.js';
import { el, icon, iconButton } from './dom.js';
import * as format from './format.js';
import { notice } from './notice.js';

const TICK_MS = 30000;		// ages move on
const FILTER_FROM = 7;		// sessions, before there is a filter

export class SessionList {
	element = document.getElementById('drawer');
	#sessions;
	#workspace;
	#items = el('ul', { class: 'sessions' });
	#filter = el('input', { type: 'search', placeholder: 'Filter',
		'aria-label': 'Filter sessions', autocomplete: 'off' });
	#none = el('p', { class: 'hint', hidden: true });
	#built = new Map();	// session id -> {look, node}
	#renaming = null;

	constructor(sessions, workspace) {
		this.#sessions = sessions;
		this.#workspace = workspace;
		this.element.append(
			el('header', {}, el('h2', { text: 'Sessions' }),
				iconButton('plus', 'New session',
					() => workspace.newTab())),
			this.#filter, this.#items, this.#none,
			el('p', { class: 'hint', text: 'Sessions go on when you close ' +
				'a tab, this page or the browser.' }));
		this.#filter.addEventListener('input', () => this.update());
		this.#items.addEventListener('keydown', (e) => this.#move(e));
		sessions.on('change', () => this.update());
		workspace.on('change', () => this.update());
		setInterval(() => this.update(), TICK_MS);
	}

	update() {
		if (this.element.hidden || this.#renaming)
			return;
		const all = this.#sessions.all;
		const wanted = this.#filter.value.toLowerCase();
		this.#filter.hidden = all.length < FILTER_FROM && !wanted;
		const shown = all.filter((s) => !wanted ||
			`${s.name} ${s.title} ${s.command}`.toLowerCase()
				.includes(wanted));
		this.#place(shown);
		this.#none.hidden = shown.length > 0;
		this.#none.textContent = all.length ? 'None fits' : 'None yet';
	}

	// Only items that look different are built anew, so that none goes away
	// from under a finger or loses the focus for nothing.
	#place(shown) {
		const focused = this.#focusedItem();
		const old = this.#built;
		this.#built = new Map();
		shown.forEach((session, i) => {
			const look = this.#look(session);
			const was = old.get(session.id);
			const node = was?.look === look ? was.node
				: this.#item(session);
			this.#built.set(session.id, { look, node });
			if (this.#items.children[i] !== node)
				this.#items.insertBefore(node,
					this.#items.children[i] ?? null);
		});
		while (this.#items.children.length > shown.length)
			this.#items.lastChild.remove();
		if (focused && !this.#items.contains(document.activeElement))
			this.#items.querySelector(
				`[data-id="${CSS.escape(focused.id)}"] ` +
				`[data-do="${focused.what}"]`)?.focus();
	}

	#look(s) {
		return JSON.stringify([s.name, s.title, s.command, s.state,
			s.viewers, s.exit_status, format.age(s.created),
			this.#workspace.current?.session === s.id]);
	}

	focus() {
		(this.#items.querySelector('.session-open') ??
			this.element.querySelector('button')).focus();
	}

	#focusedItem() {
		const at = document.activeElement;
		const id = at?.closest('[data-id]')?.dataset.id;
		return id && this.#items.contains(at)
			? { id, what: at.dataset.do } : null;
	}

	#item(session) {
		const isLive = session.state === 'running';
		const isShown = this.#workspace.current?.session === session.id;
		const open = el('button', { type: 'button', class: 'session-open',
			'data-do': 'open', 'aria-current': isShown && 'true',
			title: `${session.command}\n${session.cwd ?? ''}`.trim(),
			on: { click: () => this.#workspace.show(session.id) } },
		el('span', { class: `dot ${dot(session)}` }),
		el('span', { class: 'session-text' },
			el('span', { class: 'session-name', text: session.name ||
				session.id.slice(0, 8) }),
			el('span', { class: 'dim', text: isLive
				? session.title || session.command
				: endText(session) })),
		el('span', { class: 'session-meta' },
			el('span', { text: format.age(session.created) }),
			session.viewers > 0 && el('span', { class: 'viewers',
				title: format.plural(session.viewers, 'viewer') },
			icon('eye'), String(session.viewers))));
		return el('li', { 'data-id': session.id,
			class: isShown ? 'session current' : 'session' }, open,
		el('div', { class: 'session-acts' },
			...this.#acts(session, isLive)));
	}

	#acts(session, isLive) {
		const name = session.name || session.id.slice(0, 8);
		const act = (what, picture, label, run) => iconButton(picture,
			`${label} ${name}`, run, { 'data-do': what });
		return [
			act('beside', 'split-right', 'Open beside:',
				() => this.#workspace.show(session.id, 'row')),
			act('rename', 'edit', 'Rename',
				() => this.#rename(session)),
			isLive
				? act('kill', 'stop', 'End', () => this.kill(session))
				: act('forget', 'trash', 'Remove from the list:',
					() => this.#do(this.#sessions.forget(session.id))),
		];
	}

	async kill(session) {
		const name = session.name || session.id.slice(0, 8);
		const sure = await confirmDialog({
			title: `End ${name}?`,
			text: 'The program in it is told to stop. What it printed ' +
				'stays readable until you remove the session.',
			action: 'End session', kind: 'danger',
		});
		if (sure)
			await this.#do(this.#sessions.kill(session.id));
	}

	async #do(promise) {
		try {
			await promise;
		} catch (error) {
			notice(error.message, { kind: 'bad' });
		}
	}

	startRename(id) {
		const session = this.#sessions.byId(id);
		if (session)
			this.#rename(session);
	}

	#rename(session) {
		const item = this.#items.querySelector(
			`[data-id="${CSS.escape(session.id)}"]`);
		const text = item?.querySelector('.session-open');
		if (!text)
			return;
		this.#renaming = session.id;
		const input = el('input', { class: 'rename', value: session.name,
			'aria-label': `New name of ${session.name}`, maxlength: '63',
			autocomplete: 'off', autocapitalize: 'off',
			spellcheck: 'false' });
		let isOver = false;
		const end = async (save) => {
			if (isOver)
				return;
			isOver = true;
			this.#renaming = null;
			this.#built.delete(session.id);
			const name = input.value.trim();
			if (save && name && name !== session.name)
				await this.#do(this.#sessions.rename(session.id, name));
			this.update();
			this.#items.querySelector(`[data-id="${CSS.escape(
				session.id)}"] .session-open`)?.focus();
		};
		input.addEventListener('keydown', (event) => {
			event.stopPropagation();
			if (event.key === 'Enter')
				end(true);
			else if (event.key === 'Escape')
				end(false);
		});
		input.addEventListener('blur', () => end(true));
		text.replaceWith(input);
		input.select();
		input.focus();
	}

	// Arrows walk the list, F2 renames, Delete ends.
	#move(event) {
		const item = event.target.closest('[data-id]');
		const session = this.#sessions.byId(item?.dataset.id);
		if (!session)
			return;
		const to = { ArrowDown: item.nextElementSibling,
			ArrowUp: item.previousElementSibling }[event.key];
		if (to)
			to.querySelector('.session-open')?.focus();
		else if (event.key === 'F2')
			this.#rename(session);
		else if (event.key === 'Delete')
			item.querySelector('[data-do="kill"], [data-do="forget"]')
				.click();
		else
			return;
		event.preventDefault();
	}
}

function dot({ state, exit_status: status }) {
	if (state === 'running')
		return 'live';
	return state === 'exited' && !status ? 'done' : 'failed';
}

function endText({ state, exit_status: status }) {
	return state === 'lost' ? 'lost when its host ended'
		: format.ending(status ?? 0);
}
