// SPDX-License-Identifier: Apache-2.0
// One pane: a terminal joined to one session's channel, and what is laid over
// it (read-only, who leads, how it ended).
//
// Events: 'change' (name, title or role), 'output', 'bell', 'focus',
// 'ended', 'close' (the person is done with it), 'again' (start over).
import { Channel } from './channel.js';
import { allowProgramCopy, copyOnSelect } from './clipboard.js';
import { typed } from './command-text.js';
import { clean, commandName, el } from './dom.js';
import { Emitter } from './emitter.js';
import * as format from './format.js';
import { isAnswer, isFocusReport } from './guard.js';
import { notice } from './notice.js';
import { PaneCover } from './pane-cover.js';
import { settings } from './settings.js';
import { TerminalView } from './terminal.js';

const FIT_MS = 60;
// Lines of scrollback that a redraw leaves free, for the mark above it.
const SPARE = 200;
const encoder = new TextEncoder();

export class Pane extends Emitter {
	element = el('section', { class: 'pane' });
	view = null;
	title = '';
	hasBell = false;
	hasOutput = false;
	ended = null;		// {status} or {error}
	#screen = el('div', { class: 'pane-screen' });
	#cover;
	#channel;
	#request;
	#transform;
	#size = null;		// the session's, as the server says
	#fitted = { cols: 80, rows: 24 };
	#fitTimer = 0;
	#replaying = 0;
	#skipped = 0;
	#visible = false;
	#observer = new ResizeObserver(() => this.fitSoon());

	// request: {session: ID} or {new: {...}}, either with readonly.
	// transform(text): what typed text becomes (the key bar's modifiers).
	constructor(id, connection, request, transform) {
		super();
		this.id = id;
		this.#request = request;
		this.#transform = transform;
		this.#channel = new Channel(connection);
		this.#cover = new PaneCover(this, this.element, this.#screen);
		this.element.addEventListener('focusin', () => this.emit('focus'));
		this.#listen();
	}

	get info() { return this.#channel.info ?? {}; }
	get session() { return this.info.id ?? this.#request.session; }
	get name() {
		return clean(this.info.name ?? this.#request.name) || 'session';
	}
	// What runs in it, as it says itself or else by its command.
	get subtitle() { return this.title || commandName(this.info.command); }
	get isReadonly() { return this.info.role === 'reader'; }
	get isLead() { return this.info.lead === true; }
	get size() { return this.#size; }
	get isBoxed() {
		return this.#size !== null && this.ended === null &&
			(this.#size.cols !== this.#fitted.cols ||
			this.#size.rows !== this.#fitted.rows);
	}

	// What to remember of it, or null when it has no session yet.
	get saved() {
		const { session } = this;
		return session ? { id: this.id, session, name: this.name,
			spec: this.spec, readonly: this.#request.readonly } : null;
	}

	setVisible(visible) {
		this.#visible = visible;
		if (visible) {
			this.hasBell = this.hasOutput = false;
			this.#mount();
			this.fitSoon();
		}
		this.view?.setVisible(visible);
	}

	focus() {
		this.view?.term.focus();
	}

	type(text) {
		this.#typed(text, true);
	}

	// A command, onto the line, to be edited or run. False when the program
	// would run it at once, or take it for keys.
	insert(bytes) {
		const { term } = this.view;
		const keys = typed(bytes, term.modes.bracketedPasteMode);
		if (!keys || this.isReadonly || this.ended)
			return false;
		this.#send(keys);
		term.scrollToBottom();
		return true;
	}

	takeLead() {
		this.#channel.lead();
		this.#channel.resize(this.#fitted);
		this.focus();
	}

	// The session again, or another one, in this pane.
	reopen(request) {
		this.#request = request;
		this.#channel.close();
		this.#channel.info = null;
		this.ended = null;
		this.#size = null;
		this.view.term.write('\x1bc');
		this.#open();
		this.#cover.update();
		this.emit('change');
		this.focus();
	}

	get spec() { return this.#request.new ?? this.#request.spec ?? {}; }

	// The session's host died, and the session with it.
	markLost() {
		if (this.ended?.status === undefined)
			return;
		this.ended = { error: `Session ${this.name} was lost: the session ` +
			'host ended' };
		this.#cover.update();
	}

	fitSoon() {
		clearTimeout(this.#fitTimer);
		this.#fitTimer = setTimeout(() => this.#fit(), FIT_MS);
	}

	dispose() {
		clearTimeout(this.#fitTimer);
		this.#observer.disconnect();
		this.#channel.close();
		this.view?.dispose();
		this.element.remove();
	}

	#open() {
		const { session, new: spec, readonly } = this.#request;
		this.#channel.open({ session, new: spec, readonly,
			scrollback: Math.max(0, settings.get('scrollback') - SPARE) },
		this.#fitted);
	}

	#mount() {
		if (this.view)
			return;
		this.view = new TerminalView(this.#screen);
		const { term } = this.view;
		term.onData((data) => this.#typed(data));
		term.onBinary((data) => this.#send(
			Uint8Array.from(data, (c) => c.charCodeAt(0))));
		term.onTitleChange((title) => {
			this.title = clean(title);
			this.emit('change');
		});
		term.onBell(() => this.#bell());
		allowProgramCopy(term, () => this.isLead && !this.#replaying);
		copyOnSelect(term, () => settings.get('copyOnSelect'));
		this.#fitted = this.view.fitSize() ?? this.#fitted;
		this.#observer.observe(this.#screen);
		this.#open();
		this.#cover.update();
	}

	#listen() {
		const on = (name, f) => this.#channel.on(name, f);
		on('opened', (info) => this.#opened(info));
		on('size', (size) => {
			this.#size = size;
			this.view.resize(size);
			this.#changed();
		});
		on('data', (...args) => this.#data(...args));
		on('skipped', (count) => { this.#skipped += count; });
		on('state', (info) => {
			if (info.title !== undefined)
				this.title = clean(info.title);
			this.#changed();
		});
		on('lost', () => this.#changed());
		on('exit', (status) => this.#finish({ status }));
		on('fail', (error) => this.#finish({
			error: error.text ?? 'The server refused', code: error.code }));
		on('warn', ({ text }) => notice(text ?? 'The server refused',
			{ kind: 'bad' }));
		on('unsure', () => notice('The connection broke while you typed: ' +
			'look at the line before you go on', { kind: 'bad' }));
	}

	#opened(info) {
		this.title = clean(info.title);
		this.view.term.options.disableStdin = this.isReadonly;
		this.#changed();
		this.#fit();
	}

	#changed() {
		this.#cover.update();
		this.emit('change');
	}

	#data(bytes, { replay, reset }, parsed) {
		const { term } = this.view;
		if (reset)
			term.write('\x1bc');
		if (this.#skipped)
			this.#mark(reset);
		if (replay)
			this.#replaying++;
		this.view.output(bytes, () => {
			if (replay)
				this.#replaying--;
			parsed();
		});
		if (!this.#visible && !replay && !this.hasOutput) {
			this.hasOutput = true;
			this.emit('output');
		} else if (!replay && document.hidden) {
			this.emit('output');
		}
	}

	// Says in the scrollback how much was left out. After a reset it goes
	// just above what follows: to the bottom line, then scrolled out. Else
	// the terminal may be inside a sequence, which ends here.
	#mark(reset) {
		const { rows } = this.#size ?? this.#fitted;
		const text = `${format.bytes(this.#skipped)} of output skipped`;
		const line = `\x1b[0;2m── ${text} ──\x1b[0m`;
		this.#skipped = 0;
		this.view.term.write(reset
			? `\x1b[${rows};1H${line}${'\r\n'.repeat(rows)}\x1b[H`
			: `\x18\x1b\\\r\n${line}\r\n`);
		this.#cover.flash(text);
	}

	#typed(data, isSure) {
		if (this.isReadonly || this.ended)
			return;
		if (!isSure && isAnswer(data) && (this.#replaying || !this.isLead))
			return;
		if (!isSure && isFocusReport(data) && !this.isLead)
			return;
		this.#send(encoder.encode(this.#transform(data)));
	}

	#send(bytes) {
		if (!this.isReadonly && !this.ended)
			this.#channel.input(bytes);
	}

	#bell() {
		if (this.#replaying || settings.get('bell') === 'none')
			return;
		if (!this.#visible)
			this.hasBell = true;
		this.element.classList.remove('bell');
		requestAnimationFrame(() => this.element.classList.add('bell'));
		this.emit('bell');
	}

	#fit() {
		const size = this.view?.fitSize();
		if (!size)
			return;
		if (size.cols !== this.#fitted.cols ||
				size.rows !== this.#fitted.rows) {
			this.#fitted = size;
			if (!this.isReadonly)
				this.#channel.resize(size);
		}
		this.#cover.update();
	}

	#finish(how) {
		this.ended = how;
		this.view.after(() => {
			this.view.term.options.disableStdin = true;
			this.#cover.update();
		});
		this.emit('ended');
		this.emit('change');
	}
}
