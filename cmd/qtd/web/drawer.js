// SPDX-License-Identifier: Apache-2.0
// Opens and closes the drawer of sessions: beside the terminals where there
// is room, over them on a phone.
import { settings } from './settings.js';

export class Drawer {
	#list;
	#workspace;
	#button = document.getElementById('do-drawer');
	#scrim = document.getElementById('scrim');
	#overOpen = false;	// on a phone it is never remembered

	constructor(list, workspace) {
		this.#list = list;
		this.#workspace = workspace;
		this.#button.addEventListener('click', () => this.toggle());
		this.#scrim.addEventListener('click', () => this.toggle());
		list.element.addEventListener('keydown', (event) => {
			if (event.key !== 'Escape')
				return;
			if (workspace.isNarrow)
				this.toggle();
			workspace.current?.focus();
		});
		list.element.addEventListener('click', (event) => {
			if (workspace.isNarrow && event.target.closest('.session-open'))
				this.toggle();
		});
		settings.on('change', () => this.update());
		addEventListener('resize', () => this.update());
		this.update();
	}

	get isOpen() {
		return this.#workspace.isNarrow ? this.#overOpen
			: settings.get('sidebar');
	}

	// With `focus`, goes into it; a second time goes back and closes it.
	toggle(focus = false) {
		const { element } = this.#list;
		const isInside = element.contains(document.activeElement);
		if (focus && this.isOpen && !isInside) {
			this.#list.focus();
			return;
		}
		if (this.#workspace.isNarrow)
			this.#overOpen = !this.#overOpen;
		else
			settings.set('sidebar', !this.isOpen);
		this.update();
		if (!this.isOpen)
			this.#workspace.current?.focus();
		else if (focus)
			this.#list.focus();
	}

	update() {
		const { element } = this.#list;
		const isOver = this.#workspace.isNarrow;
		const wasHidden = element.hidden;
		element.hidden = !this.isOpen;
		element.classList.toggle('over', isOver);
		this.#scrim.hidden = !(isOver && this.isOpen);
		this.#button.setAttribute('aria-expanded', String(this.isOpen));
		if (wasHidden && !element.hidden)
			this.#list.update();
	}
}
