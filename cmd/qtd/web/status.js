// SPDX-License-Identifier: Apache-2.0
// The line at the bottom, and the banner when the server is away.
import { el } from './dom.js';
import * as format from './format.js';
import { say } from './notice.js';
import { settings } from './settings.js';

const BANNER_AFTER_MS = 700;	// a worker that restarts is back before

export class Status {
	#connection;
	#workspace;
	#line = document.getElementById('status');
	#banner = document.getElementById('banner');
	#text = el('span');
	#server = el('span', { class: 'status-server' });
	#pane = el('span', { class: 'status-pane' });
	#size = el('span', { class: 'status-size' });
	#dot = el('span', { class: 'dot' });
	#timer = 0;
	user = '';

	constructor(connection, workspace) {
		this.#connection = connection;
		this.#workspace = workspace;
		this.#line.append(this.#dot, this.#server, this.#pane, this.#size);
		this.#banner.append(this.#text, el('button', { type: 'button',
			class: 'button', text: 'Try now',
			on: { click: () => connection.retryNow() } }));
		connection.on('state', () => this.#connectionChanged());
		workspace.on('change', () => this.update());
		settings.on('change', () => this.update());
	}

	update() {
		const { state, hello } = this.#connection;
		const pane = this.#workspace.current;
		this.#line.hidden = !settings.get('statusBar');
		this.#dot.className = `dot ${state === 'open' ? 'live' : 'bad'}`;
		const host = hello?.host ?? location.hostname;
		this.#server.textContent = state === 'open'
			? [this.user || hello?.user, host].filter(Boolean).join('@')
			: 'not connected';
		this.#pane.textContent = pane ? this.#paneText(pane) : '';
		const { size } = pane ?? {};
		this.#size.textContent = size ? `${size.cols} × ${size.rows}` : '';
	}

	#paneText(pane) {
		const { viewers } = pane.info;
		return [
			pane.name,
			viewers > 1 && format.plural(viewers, 'viewer'),
			pane.isReadonly ? 'view only'
				: viewers > 1 && pane.isLead && 'you have control',
			pane.isBoxed && 'sized by another viewer',
		].filter(Boolean).join(' · ');
	}

	#connectionChanged() {
		const { state } = this.#connection;
		this.update();
		if (state === 'open' || state === 'stopped') {
			clearInterval(this.#timer);
			this.#timer = 0;
			if (!this.#banner.hidden)
				say('Connected again');
			this.#banner.hidden = true;
			document.body.classList.remove('away');
		} else if (!this.#timer) {
			this.#timer = setInterval(() => this.#showBanner(), 250);
		}
	}

	#showBanner() {
		const { downSince, retryAt, state } = this.#connection;
		if (!downSince || performance.now() - downSince < BANNER_AFTER_MS)
			return;
		if (this.#banner.hidden)
			say('The server cannot be reached. Sessions go on.');
		const seconds = Math.ceil((retryAt - performance.now()) / 1000);
		this.#text.textContent = 'The server cannot be reached; your ' +
			'sessions go on. ' + (state === 'waiting' && seconds > 0
			? `Trying again in ${seconds} s.` : 'Trying now…');
		this.#banner.hidden = false;
		document.body.classList.add('away');
	}
}
