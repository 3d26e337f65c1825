// SPDX-License-Identifier: Apache-2.0
// What is shown when no terminal is open.
import { button, el } from './dom.js';

const SHOWN = 6;

export class EmptyState {
	#element = document.getElementById('empty');
	#workspace;
	#sessions;

	constructor(workspace, sessions) {
		this.#workspace = workspace;
		this.#sessions = sessions;
		workspace.on('change', () => this.update());
		sessions.on('change', () => this.update());
	}

	update() {
		const wasHidden = this.#element.hidden;
		this.#element.hidden = this.#workspace.tabs.length > 0;
		document.body.classList.toggle('is-empty', !this.#element.hidden);
		if (this.#element.hidden)
			return;
		const running = this.#sessions.running.slice(0, SHOWN);
		this.#element.replaceChildren(
			el('h2', { text: 'No terminal is open' }),
			el('p', { class: 'dim', text: this.#advice(running) }),
			el('div', { class: 'empty-list' }, ...running.map((s) =>
				button(s.name || s.id.slice(0, 8),
					() => this.#workspace.show(s.id)))),
			this.#workspace.mayCreate && button('New session',
				() => this.#workspace.newTab(),
				{ class: 'button primary' }) || '');
		if (wasHidden)
			this.#element.querySelector('.primary, .button')?.focus();
	}

	#advice(running) {
		if (!this.#workspace.mayCreate)
			return running.length ? 'Choose a session to watch.'
				: 'There is nothing to watch yet. Sessions appear here.';
		return running.length
			? 'Your sessions go on. Open one again, or start a new one.'
			: 'Start one: it goes on even when you close this page.';
	}
}
