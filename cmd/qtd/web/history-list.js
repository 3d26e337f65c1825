// SPDX-License-Identifier: Apache-2.0
// The commands that ran in a session, offered below the search box as one
// types: a listbox whose current option the box owns (aria-activedescendant).
import * as api from './api.js';
import { visible } from './command-text.js';
import { el } from './dom.js';
import * as format from './format.js';
import { say } from './notice.js';

const CALM_MS = 120;		// after a key, before the server is asked
const BUSY_MS = 1000;		// until it is asked again
const BUSY_MAX = 3;
const COUNT = 50;

export class HistoryList {
	element = el('div', { class: 'search-history', hidden: true });
	#input;
	#choose;
	#list = el('ul', { id: 'search-history', role: 'listbox',
		'aria-label': 'Commands of this session' });
	#note = el('p', { class: 'hint', hidden: true });
	#commands = [];
	#at = -1;
	#timer = 0;
	#asking = null;		// what the newest question is ended by
	#hasHistory = false;	// this session had some since the box was opened

	// choose(command) is called with what the server said of it.
	constructor(input, choose) {
		this.#input = input;
		this.#choose = choose;
		this.element.append(this.#list, this.#note);
		for (const [name, value] of Object.entries({ role: 'combobox',
			'aria-autocomplete': 'list', 'aria-expanded': 'false',
			'aria-controls': 'search-history' }))
			input.setAttribute(name, value);
		// The focus stays in the box.
		this.element.addEventListener('pointerdown', (event) => {
			if (event.pointerType === 'mouse')
				event.preventDefault();
		});
		this.#list.addEventListener('click', (event) => {
			const item = event.target.closest('[role="option"]');
			if (item)
				choose(this.#commands[Number(item.dataset.at)]);
		});
	}

	// What is asked last is shown, and nothing else.
	ask(session, query, tries = 0) {
		this.#forget();
		this.#timer = setTimeout(() => this.#ask(session, query, tries),
			tries ? BUSY_MS : CALM_MS);
	}

	close() {
		this.#forget();
		this.#hasHistory = false;
		this.#show([], null);
	}

	// By one up or down; from the first one up, and back in the box.
	move(by) {
		const count = this.#commands.length;
		if (count === 0)
			return false;
		this.#select((this.#at + 1 + by + count + 1) % (count + 1) - 1);
		return true;
	}

	// Chooses the current one. False when there is none.
	take() {
		const command = this.#commands[this.#at];
		if (command)
			this.#choose(command);
		return command !== undefined;
	}

	#forget() {
		clearTimeout(this.#timer);
		this.#asking?.abort();
		this.#asking = null;
	}

	async #ask(session, query, tries) {
		const asking = this.#asking = new AbortController();
		const { commands, reason, error, status } = await api.history(
			session, query, COUNT, asking.signal);
		if (this.#asking !== asking)
			return;
		this.#hasHistory ||= commands?.length > 0;
		if ((status === 503 || status === 504) && tries < BUSY_MAX)
			this.ask(session, query, tries + 1);
		else
			// Who keeps no history is told nothing about it.
			this.#show(commands ?? [], this.#hasHistory
				? error ?? reason : null);
	}

	#show(commands, note) {
		this.#commands = commands;
		this.#list.replaceChildren(...commands.map(item));
		this.#list.hidden = commands.length === 0;
		this.#list.scrollTop = 0;
		this.#note.textContent = note ?? '';
		this.#note.hidden = !note;
		this.element.hidden = commands.length === 0 && !note;
		this.#input.setAttribute('aria-expanded',
			String(commands.length > 0));
		this.#select(-1);
		if (!this.element.hidden)
			say(note ?? `${format.plural(commands.length, 'command')} ` +
				'of this session: arrow down to choose one');
	}

	#select(at) {
		const items = this.#list.children;
		items[this.#at]?.setAttribute('aria-selected', 'false');
		this.#at = at;
		if (at < 0) {
			this.#input.removeAttribute('aria-activedescendant');
			return;
		}
		items[at].setAttribute('aria-selected', 'true');
		items[at].scrollIntoView({ block: 'nearest' });
		this.#input.setAttribute('aria-activedescendant', items[at].id);
	}
}

function item(entry, i) {
	const { command, exit, cwd, start, duration } = entry;
	const text = visible(command);
	const age = start && format.age(start * 1000);
	const facts = [exit !== undefined && format.ending(exit),
		duration >= 1 && `after ${Math.round(duration)} s`,
		cwd && `in ${visible(cwd)}`];
	return el('li', { id: `search-history-${i}`, role: 'option',
		'data-at': String(i), 'aria-selected': 'false',
		'aria-label': said([text, exit > 0 && format.ending(exit), age], ', '),
		title: said(facts, ' ') },
	el('code', { text }),
	exit > 0 && el('span', { class: 'search-exit', text: String(exit) }),
	age && el('span', { class: 'search-age', text: age }));
}

const said = (parts, between) => parts.filter(Boolean).join(between);
