// SPDX-License-Identifier: Apache-2.0
// Keys that a phone's keyboard lacks. Ctrl and Alt stick: a tap is for the
// next key, a second tap keeps it until a third.
import { el, icon } from './dom.js';
import { settings } from './settings.js';

const REPEAT_AFTER_MS = 400;
const REPEAT_EVERY_MS = 60;

const coarse = matchMedia('(pointer: coarse)');

// CSI for the cursor keys; the letter is the same with and without modifiers.
const CURSOR = { up: 'A', down: 'B', right: 'C', left: 'D', home: 'H',
	end: 'F' };
const PAGE = { pageup: '5', pagedown: '6' };

const LAYOUT = [
	['esc', 'Esc', 'Escape'], ['tab', 'Tab', 'Tab'],
	['ctrl', 'Ctrl', 'Control, for the next key'],
	['alt', 'Alt', 'Alt, for the next key'],
	['left', 'left', 'Left'], ['down', 'down', 'Down'],
	['up', 'up', 'Up'], ['right', 'right', 'Right'],
	['|', '|', 'Pipe'], ['/', '/', 'Slash'], ['-', '-', 'Minus'],
	['~', '~', 'Tilde'], ['home', 'Home', 'Home'], ['end', 'End', 'End'],
	['pageup', 'PgUp', 'Page up'], ['pagedown', 'PgDn', 'Page down'],
	['paste', 'Paste', 'Paste'],
];
const PICTURES = new Set(['left', 'down', 'up', 'right']);
const REPEATS = new Set([...Object.keys(CURSOR), ...Object.keys(PAGE)]);

export class KeyBar {
	#element = document.getElementById('keybar');
	#held = { ctrl: 0, alt: 0 };	// 0 off, 1 for one key, 2 locked
	#buttons = new Map();
	#pane;
	#paste;

	// pane(): the current one; paste(): pastes into it.
	constructor({ pane, paste }) {
		this.#pane = pane;
		this.#paste = paste;
		for (const [key, text, label] of LAYOUT)
			this.#element.append(this.#key(key, text, label));
		const update = () => this.#update();
		settings.on('change', update);
		coarse.addEventListener('change', update);
		update();
	}

	// What typed text becomes with the modifiers that are held.
	transform(text) {
		const { ctrl, alt } = this.#held;
		const isSequence = text.length > 1 && text.startsWith('\x1b');
		if (!ctrl && !alt || isSequence)
			return text;
		let result = text;
		if (ctrl && text.length === 1)
			result = control(text);
		if (alt)
			result = `\x1b${result}`;
		this.#release();
		return result;
	}

	#update() {
		const wanted = settings.get('keybar');
		this.#element.hidden = wanted === 'off' ||
			wanted === 'auto' && !coarse.matches;
	}

	#key(key, text, label) {
		const node = el('button', { type: 'button', class: 'key',
			'aria-label': label, tabIndex: -1, 'data-key': key });
		node.append(PICTURES.has(text) ? icon(`arrow-${text}`) : text);
		if (key in this.#held)
			node.setAttribute('aria-pressed', 'false');
		this.#buttons.set(key, node);
		let timer = 0;
		const stop = () => clearTimeout(timer);
		const repeat = () => {
			this.#press(key);
			timer = setTimeout(repeat, REPEAT_EVERY_MS);
		};
		// Never takes the focus, so the phone's keyboard stays up.
		node.addEventListener('pointerdown', (e) => e.preventDefault());
		node.addEventListener('mousedown', (e) => e.preventDefault());
		node.addEventListener('pointerdown', () => {
			if (REPEATS.has(key))
				timer = setTimeout(repeat, REPEAT_AFTER_MS);
		});
		for (const type of ['pointerup', 'pointercancel', 'pointerleave'])
			node.addEventListener(type, stop);
		node.addEventListener('click', () => {
			stop();
			this.#press(key);
		});
		return node;
	}

	#press(key) {
		if (key in this.#held) {
			this.#held[key] = (this.#held[key] + 1) % 3;
			this.#show();
			return;
		}
		if (key === 'paste') {
			this.#paste();
			return;
		}
		const pane = this.#pane();
		pane?.type(this.#sequence(key, pane));
	}

	// Text goes through transform() on its way; sequences are complete.
	#sequence(key, pane) {
		if (key === 'esc' || key === 'tab')
			return key === 'esc' ? '\x1b' : '\t';
		if (!(key in CURSOR) && !(key in PAGE))
			return key;
		const modifiers = 1 + (this.#held.alt ? 2 : 0) +
			(this.#held.ctrl ? 4 : 0);
		this.#release();
		const mod = modifiers > 1 ? `;${modifiers}` : '';
		if (key in PAGE)
			return `\x1b[${PAGE[key]}${mod}~`;
		if (mod)
			return `\x1b[1${mod}${CURSOR[key]}`;
		const app = pane.view?.term.modes.applicationCursorKeysMode;
		return `\x1b${app ? 'O' : '['}${CURSOR[key]}`;
	}

	#release() {
		for (const key of Object.keys(this.#held))
			if (this.#held[key] === 1)
				this.#held[key] = 0;
		this.#show();
	}

	#show() {
		for (const [key, state] of Object.entries(this.#held)) {
			const node = this.#buttons.get(key);
			node.setAttribute('aria-pressed', String(state > 0));
			node.classList.toggle('locked', state === 2);
		}
	}
}

// The control character of one typed character.
function control(text) {
	const upper = text.toUpperCase();
	if (upper >= '@' && upper <= '_')
		return String.fromCharCode(upper.charCodeAt(0) & 0x1f);
	return { ' ': '\0', '?': '\x7f', '/': '\x1f', '-': '\x1f',
		2: '\0', 3: '\x1b', 4: '\x1c', 5: '\x1d', 6: '\x1e', 7: '\x1f',
		8: '\x7f' }[text] ?? text;
}
