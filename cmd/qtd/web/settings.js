// SPDX-License-Identifier: Apache-2.0
// What this browser remembers: appearance and habits.
//
// The order is: what the person chose, then what the server's owner chose
// (options in api/me, as with ttyd's -t), then the defaults.
import { Emitter } from './emitter.js';

const KEY = 'qt.settings';

export const FONT_MIN = 8;
export const FONT_MAX = 40;

const defaults = {
	theme: 'auto',
	fontSize: 14,
	fontFamily: '',
	lineHeight: 1.15,
	cursorStyle: 'block',
	cursorBlink: true,
	scrollback: 10000,
	screenReaderMode: false,
	minimumContrast: 1,
	bell: 'visual',
	copyOnSelect: false,
	keybar: 'auto',
	renderer: 'auto',
	sidebar: false,
	statusBar: true,
};

function read(storage, key) {
	try {
		return JSON.parse(storage.getItem(key)) ?? {};
	} catch {
		return {};	// no storage here, or somebody else's value
	}
}

export function write(storage, key, value) {
	try {
		storage.setItem(key, JSON.stringify(value));
	} catch {
		// Private mode or a full store: it is then not remembered.
	}
}
export { read };

class Settings extends Emitter {
	#chosen = read(localStorage, KEY);
	#server = {};
	colors = null;		// the server owner's, over any theme

	constructor() {
		super();
		addEventListener('storage', ({ key }) => {
			if (key !== KEY)
				return;
			this.#chosen = read(localStorage, KEY);
			this.emit('change', null);
		});
	}

	get(name) {
		const value = this.#chosen[name] ?? this.#server[name];
		return typeof value === typeof defaults[name] ? value
			: defaults[name];
	}

	set(name, value) {
		this.#chosen[name] = value;
		write(localStorage, KEY, this.#chosen);
		this.emit('change', name);
	}

	reset() {
		this.#chosen = {};
		write(localStorage, KEY, {});
		this.emit('change', null);
	}

	setFontSize(size) {
		this.set('fontSize', Math.round(
			Math.min(FONT_MAX, Math.max(FONT_MIN, size))));
	}

	setServerOptions(options = {}) {
		const { rendererType, theme, ...rest } = options;
		this.#server = rest;
		if (rendererType)
			this.#server.renderer = rendererType === 'dom' ? 'dom' : 'auto';
		this.colors = theme && typeof theme === 'object' ? theme : null;
		this.emit('change', null);
	}

	get defaultFontSize() {
		return this.#server.fontSize ?? defaults.fontSize;
	}
}

export const settings = new Settings();
