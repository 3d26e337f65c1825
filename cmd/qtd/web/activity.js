// SPDX-License-Identifier: Apache-2.0
// What the browser's own tab shows: the session's name, and a mark when
// something happened while nobody looked.

export class Activity {
	#workspace;
	#mark = '';
	#icon = document.querySelector('link[rel="icon"]');
	#quiet = this.#icon.href;
	titleFixed = null;

	constructor(workspace) {
		this.#workspace = workspace;
		workspace.on('change', () => this.#update());
		workspace.on('activity', (pane, kind) => {
			if (!document.hidden || this.#mark === '! ')
				return;
			this.#mark = kind === 'bell' ? '! ' : '• ';
			this.#update();
		});
		document.addEventListener('visibilitychange', () => {
			if (document.hidden)
				return;
			this.#mark = '';
			this.#update();
		});
	}

	#update() {
		const pane = this.#workspace.current;
		const name = pane ? [pane.name, pane.subtitle].filter(Boolean)
			.join(' — ') : 'Quantum Terminal';
		const title = this.#mark + (this.titleFixed ?? name);
		if (document.title !== title)
			document.title = title;
		const href = this.#mark ? this.#icon.dataset.active : this.#quiet;
		if (this.#icon.getAttribute('href') !== href)
			this.#icon.setAttribute('href', href);
	}
}
