// SPDX-License-Identifier: Apache-2.0
// The box that finds text in the current terminal, and offers commands that
// ran in its session.
import { copy } from './clipboard.js';
import { bytesOf } from './command-text.js';
import { el, iconButton } from './dom.js';
import { HistoryList } from './history-list.js';
import { notice } from './notice.js';
import { resolve } from './themes.js';
import { settings } from './settings.js';

function toggle(text, label, change) {
	const node = el('button', { type: 'button', class: 'toggle', text,
		'aria-label': label, title: label, 'aria-pressed': 'false' });
	node.addEventListener('click', () => {
		node.setAttribute('aria-pressed',
			String(node.getAttribute('aria-pressed') !== 'true'));
		change();
	});
	return node;
}

const isOn = (node) => node.getAttribute('aria-pressed') === 'true';

export class SearchBar {
	#workspace;
	#pane = null;
	#off = null;
	#input = el('input', { type: 'search', placeholder: 'Find',
		'aria-label': 'Find in this terminal', autocomplete: 'off',
		autocapitalize: 'off', spellcheck: 'false' });
	#count = el('span', { class: 'search-count', 'aria-live': 'polite' });
	#case = toggle('Aa', 'Match case', () => this.#find(0));
	#regex = toggle('.*', 'Regular expression', () => this.#changed());
	#history = new HistoryList(this.#input, (command) => this.#put(command));
	#element;

	constructor(workspace) {
		this.#workspace = workspace;
		this.#element = el('div', { class: 'search', role: 'search',
			hidden: true }, this.#input, this.#count, this.#case,
		this.#regex,
		iconButton('up', 'Earlier (Enter)', () => this.#find(-1)),
		iconButton('down', 'Later (Shift+Enter)', () => this.#find(1)),
		iconButton('x', 'Close (Esc)', () => this.close()),
		this.#history.element);
		document.getElementById('main').append(this.#element);
		this.#input.addEventListener('input', () => this.#changed());
		this.#element.addEventListener('keydown', (e) => this.#key(e));
		workspace.on('change', () => {
			if (!this.#element.hidden && workspace.current !== this.#pane)
				this.#attach();
		});
	}

	open() {
		this.#element.hidden = false;
		const selected = this.#workspace.current.view.term.getSelection();
		if (selected && !selected.includes('\n'))
			this.#input.value = selected;
		this.#attach();
		this.#input.focus();
		this.#input.select();
	}

	close() {
		this.#detach();
		this.#element.hidden = true;
		this.#workspace.current?.focus();
	}

	#attach() {
		this.#detach();
		this.#pane = this.#workspace.current;
		if (!this.#pane?.view)
			return;
		this.#off = this.#pane.view.search.onDidChangeResults(
			({ resultIndex, resultCount }) =>
				this.#tell(resultIndex, resultCount));
		this.#changed();
	}

	#detach() {
		this.#off?.dispose();
		this.#off = null;
		this.#history.close();
		this.#pane?.view?.search.clearDecorations();
		this.#pane = null;
		this.#count.textContent = '';
	}

	#changed() {
		const text = this.#input.value;
		this.#find(0);
		if (!this.#pane?.session || this.#pane.isReadonly ||
				this.#pane.ended)
			this.#history.close();
		else
			this.#history.ask(this.#pane.session,
				text && isOn(this.#regex) ? pattern(text) : text);
	}

	// On the terminal's line, where it waits for Enter.
	async #put(command) {
		const pane = this.#pane;
		this.close();
		if (pane.insert(bytesOf(command)))
			return;
		if (await copy(command.command))
			notice('The command cannot be typed here without running: ' +
				'it is copied instead');
		else
			notice('The command cannot be typed here without running',
				{ kind: 'bad' });
	}

	#options() {
		const t = resolve(settings.get('theme'));
		return {
			caseSensitive: isOn(this.#case),
			regex: isOn(this.#regex),
			decorations: {
				matchBackground: mix(t.ansi[3], t.background),
				matchOverviewRuler: t.ansi[3],
				activeMatchBackground: t.ansi[3],
				activeMatchBorder: t.accent,
				activeMatchColorOverviewRuler: t.accent,
			},
		};
	}

	// by: 1 later, -1 earlier, 0 the text or an option changed.
	#find(by) {
		const search = this.#pane?.view?.search;
		const text = this.#input.value;
		if (!search)
			return;
		this.#element.classList.remove('none');
		if (!text) {
			search.clearDecorations();
			this.#count.textContent = '';
			return;
		}
		if (isOn(this.#regex) && !isRegex(text)) {
			this.#count.textContent = 'Not a valid expression';
			this.#element.classList.add('none');
			return;
		}
		// The addon does not notice by itself when only an option changed.
		if (by === 0)
			search.clearDecorations();
		const options = { ...this.#options(), incremental: by === 0 };
		if (by > 0)
			search.findNext(text, options);
		else
			search.findPrevious(text, options);
	}

	#tell(index, count) {
		this.#element.classList.toggle('none', count === 0);
		this.#count.textContent = count === 0 ? 'None'
			: index < 0 ? `${count}+` : `${index + 1} of ${count}`;
	}

	#key(event) {
		if (event.isComposing)
			return;
		if (event.key === 'Escape')
			this.close();
		else if (event.target !== this.#input || !this.#inText(event))
			return;
		event.preventDefault();
	}

	// Whether the key was one of the box's own.
	#inText({ key, shiftKey }) {
		if (key === 'ArrowDown' || key === 'ArrowUp')
			return this.#history.move(key === 'ArrowDown' ? 1 : -1);
		if (key !== 'Enter')
			return false;
		if (shiftKey || !this.#history.take())
			this.#find(shiftKey ? 1 : -1);
		return true;
	}
}

// As a word of a query: a blank would end it.
const pattern = (text) => `re:${text.replace(/(\\.)|([ \t])/g,
	(all, escaped, blank) => escaped ?? `\\${blank}`)}`;

function isRegex(text) {
	try {
		new RegExp(text);
		return true;
	} catch {
		return false;
	}
}

// Halfway between two #rrggbb colours.
function mix(a, b) {
	const part = (color, i) => parseInt(color.slice(1 + 2 * i, 3 + 2 * i), 16);
	return `#${[0, 1, 2].map((i) =>
		Math.round((part(a, i) + 2 * part(b, i)) / 3).toString(16)
			.padStart(2, '0')).join('')}`;
}
