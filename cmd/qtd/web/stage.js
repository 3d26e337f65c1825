// SPDX-License-Identifier: Apache-2.0
// Shows one tab's panes: puts each where the layout says, and the dividers
// between them. Panes are placed, never moved in the document, so a terminal
// keeps its state through every split.
import { el } from './dom.js';
import * as layout from './layout.js';

const KEY_STEP = 0.02;
const percent = (fraction) => `${(fraction * 100).toFixed(4)}%`;

function setBox(element, { x, y, w, h }) {
	element.style.left = percent(x);
	element.style.top = percent(y);
	element.style.width = percent(w);
	element.style.height = percent(h);
}

export class Stage {
	element = el('div', { class: 'stage', role: 'tabpanel' });
	#onLayout;
	#dividers = [];

	// onLayout(tree) is called when a divider was moved.
	constructor(onLayout) {
		this.#onLayout = onLayout;
	}

	// root: the tree; panes: Map(ID, Pane); only: the one pane to show, or
	// null for all.
	arrange(root, panes, only) {
		const { panes: boxes, dividers } = layout.place(root);
		this.element.classList.toggle('several',
			boxes.size > 1 && only === null);
		for (const [id, box] of boxes) {
			const pane = panes.get(id);
			if (pane.element.parentNode !== this.element)
				this.element.append(pane.element);
			pane.element.hidden = only !== null && only !== id;
			setBox(pane.element, only === id
				? { x: 0, y: 0, w: 1, h: 1 } : box);
		}
		this.#showDividers(root, only === null ? dividers : []);
	}

	#showDividers(root, wanted) {
		const keys = wanted.map((d) => `${d.path}/${d.index}/${d.dir}`);
		if (keys.join() !== this.#dividers.map((d) => d.key).join()) {
			for (const { element } of this.#dividers)
				element.remove();
			this.#dividers = wanted.map((d, i) => this.#divider(keys[i]));
			this.element.append(...this.#dividers.map((d) => d.element));
		}
		wanted.forEach((divider, i) => {
			const { element } = this.#dividers[i];
			Object.assign(this.#dividers[i], { divider, root });
			setBox(element, divider.box);
			const isRow = divider.dir === 'row';
			element.className = `divider ${divider.dir}`;
			element.setAttribute('aria-orientation',
				isRow ? 'vertical' : 'horizontal');
			element.setAttribute('aria-valuenow',
				Math.round(divider.at * 100));
		});
	}

	#divider(key) {
		const element = el('div', { role: 'separator', tabIndex: 0,
			'aria-label': 'Divider between panes: arrow keys move it',
			'aria-valuemin': '0', 'aria-valuemax': '100' });
		const self = { key, element };
		const move = (by) => {
			const { root, divider } = self;
			this.#onLayout(layout.moveDivider(root, divider.path,
				divider.index, by));
		};
		element.addEventListener('keydown', (event) => {
			const isRow = self.divider.dir === 'row';
			const by = { [isRow ? 'ArrowLeft' : 'ArrowUp']: -KEY_STEP,
				[isRow ? 'ArrowRight' : 'ArrowDown']: KEY_STEP }[event.key];
			if (by) {
				event.preventDefault();
				move(by);
			}
		});
		element.addEventListener('dblclick', () => {
			const { sizes } = split(self);
			const { index } = self.divider;
			move((sizes[index + 1] - sizes[index]) / 2);
		});
		this.#drag(self, move);
		return self;
	}

	#drag(self, move) {
		const { element } = self;
		let last = null;
		element.addEventListener('pointerdown', (event) => {
			event.preventDefault();
			element.focus();
			element.setPointerCapture(event.pointerId);
			last = event;
		});
		element.addEventListener('pointermove', (event) => {
			if (!last)
				return;
			const { span, dir } = self.divider;
			const whole = this.element.getBoundingClientRect();
			const by = dir === 'row'
				? (event.clientX - last.clientX) / (whole.width * span.w)
				: (event.clientY - last.clientY) / (whole.height * span.h);
			last = event;
			move(by);
		});
		const end = () => { last = null; };
		element.addEventListener('pointerup', end);
		element.addEventListener('pointercancel', end);
	}
}

const split = ({ root, divider }) =>
	divider.path.reduce((node, i) => node.kids[i], root);
