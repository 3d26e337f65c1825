// SPDX-License-Identifier: Apache-2.0
// The menu behind the three dots.
import { el, icon } from './dom.js';
import { label } from './keys.js';

export class Menu {
	#button;
	#element = el('div', { class: 'menu', role: 'menu', hidden: true,
		'aria-label': 'More' });
	#actions;
	#done;

	// done(): an action is over and left the focus nowhere.
	constructor(button, actions, done) {
		this.#button = button;
		this.#done = done;
		this.#actions = actions;
		document.body.append(this.#element);
		button.addEventListener('click', () => this.toggle());
		this.#element.addEventListener('keydown', (e) => this.#key(e));
		this.#element.addEventListener('focusout', (event) => {
			if (!this.#element.contains(event.relatedTarget) &&
					event.relatedTarget !== button)
				this.#hide();
		});
		addEventListener('pointerdown', (event) => {
			if (!this.#element.contains(event.target) &&
					!button.contains(event.target))
				this.#hide();
		}, { capture: true });
	}

	toggle() {
		if (this.#element.hidden)
			this.#show();
		else
			this.#hide();
	}

	#show() {
		const groups = group(this.#usable());
		this.#element.replaceChildren(...[...groups.values()].map((some) =>
			el('div', { role: 'group' }, ...some.map((a) => this.#item(a)))));
		this.#element.hidden = false;
		this.#button.setAttribute('aria-expanded', 'true');
		this.#element.querySelector('button').focus();
	}

	#hide() {
		this.#element.hidden = true;
		this.#button.setAttribute('aria-expanded', 'false');
	}

	#usable() {
		return this.#actions.filter((action) => action.inMenu !== false &&
			(!action.when || action.when()));
	}

	#item(action) {
		return el('button', { type: 'button', role: 'menuitem', tabIndex: -1,
			on: { click: () => this.#choose(action) } },
		icon(action.icon), el('span', { text: action.label }),
		action.keys.length > 0 &&
			el('kbd', { text: label(action.keys[0]) }));
	}

	// The focus goes back to where it came from, unless the action took it.
	#choose(action) {
		this.#hide();
		action.run();
		if (document.activeElement === document.body)
			this.#done();
	}

	#key(event) {
		const items = [...this.#element.querySelectorAll('button')];
		const at = items.indexOf(document.activeElement);
		const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0,
			End: items.length - 1 }[event.key];
		if (to !== undefined) {
			event.preventDefault();
			items[(to + items.length) % items.length].focus();
		} else if (event.key === 'Escape') {
			this.#hide();
			this.#button.focus();
		}
	}
}

function group(actions) {
	const groups = new Map();
	for (const action of actions)
		groups.set(action.group, [...groups.get(action.group) ?? [], action]);
	return groups;
}
