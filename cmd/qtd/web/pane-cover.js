// SPDX-License-Identifier: Apache-2.0
// What is laid over a terminal: a header when there are several panes, chips
// (view only, who leads), and a bar when the session has ended.
import { button, el, icon, iconButton } from './dom.js';
import * as format from './format.js';
import { say } from './notice.js';

const FLASH_MS = 6000;

export class PaneCover {
	#pane;
	#element;
	#name = el('strong');
	#title = el('span', { class: 'dim' });
	#chips = el('div', { class: 'chips' });
	#bar = el('div', { class: 'ended', role: 'status', hidden: true });
	#flash = null;
	#shown = '';

	constructor(pane, element, screen) {
		this.#pane = pane;
		this.#element = element;
		element.append(
			el('header', { class: 'pane-head' }, this.#name, this.#title,
				iconButton('zoom', 'Enlarge or restore this pane',
					() => pane.emit('zoom')),
				iconButton('x', 'Close this pane (the session goes on)',
					() => pane.emit('close'))),
			el('div', { class: 'pane-body' }, screen, this.#chips),
			this.#bar);
	}

	update() {
		const pane = this.#pane;
		this.#name.textContent = pane.name;
		this.#title.textContent = pane.subtitle;
		this.#element.setAttribute('aria-label', `Terminal ${pane.name}`);
		this.#element.classList.toggle('boxed', pane.isBoxed);
		this.#element.classList.toggle('has-ended', pane.ended !== null);
		// Rebuilt only when it would differ, so that a focus is kept.
		const now = JSON.stringify([pane.isReadonly, pane.isBoxed, pane.size,
			this.#offersLead(), pane.ended, this.#flash]);
		if (now === this.#shown)
			return;
		this.#shown = now;
		this.#updateChips();
		this.#updateBar();
	}

	// Shows a short message for a while.
	flash(text) {
		this.#flash = text;
		say(text);
		this.update();
		setTimeout(() => {
			this.#flash = null;
			this.update();
		}, FLASH_MS);
	}

	#offersLead() {
		const { info, isLead, isReadonly, ended, isBoxed } = this.#pane;
		return !isReadonly && !ended && !isLead &&
			(isBoxed || info.viewers > 1);
	}

	#updateChips() {
		const pane = this.#pane;
		const chips = [];
		if (this.#flash)
			chips.push(el('span', { class: 'chip', text: this.#flash }));
		if (pane.isReadonly && !pane.ended)
			chips.push(el('span', { class: 'chip', title:
				'You can watch this session but not type in it' },
			icon('lock'), 'View only'));
		if (this.#offersLead()) {
			const why = pane.isBoxed
				? `${pane.size.cols} × ${pane.size.rows}, sized by ` +
					'another viewer' : 'Another viewer has control';
			chips.push(el('button', { type: 'button', class: 'chip action',
				title: `${why}. Take control: the session gets the size ` +
					'of this pane.',
				on: { click: () => pane.takeLead() } },
			icon('hand'), 'Take control'));
		}
		this.#chips.replaceChildren(...chips);
	}

	#updateBar() {
		const pane = this.#pane;
		const { ended } = pane;
		this.#bar.hidden = ended === null;
		if (!ended)
			return;
		const isLost = ended.error !== undefined;
		const text = isLost ? ended.error
			: `Session ${pane.name} ${format.ending(ended.status)}`;
		const good = !isLost && ended.status === 0;
		this.#bar.replaceChildren(
			el('span', { class: `dot ${good ? 'done' : 'bad'}` }),
			el('span', { class: 'ended-text', text }),
			button('Start again', () => pane.emit('again')),
			button('Close', () => pane.emit('close')));
		say(text);
	}
}
