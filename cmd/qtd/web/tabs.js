// SPDX-License-Identifier: Apache-2.0
// The strip of tabs. Each tab's elements are kept and changed in place, so
// that a busy title never takes a button away from under a finger.
import { el, icon, iconButton } from './dom.js';

export class TabStrip {
	#element = document.getElementById('tabs');
	#workspace;
	#views = new Map();	// Tab -> elements

	constructor(workspace) {
		this.#workspace = workspace;
		workspace.on('change', () => this.update());
		this.#element.addEventListener('keydown', (e) => this.#key(e));
	}

	update() {
		const { tabs, tab: current } = this.#workspace;
		for (const [tab, view] of this.#views)
			if (!tabs.includes(tab)) {
				view.root.remove();
				this.#views.delete(tab);
			}
		tabs.forEach((tab, i) => {
			if (!this.#views.has(tab))
				this.#views.set(tab, this.#build(tab));
			const view = this.#views.get(tab);
			if (this.#element.children[i] !== view.root)
				this.#element.insertBefore(view.root,
					this.#element.children[i] ?? null);
			this.#dress(tab, view, tab === current);
		});
	}

	#build(tab) {
		const view = {
			lock: icon('lock'),
			name: el('span', { class: 'tab-name' }),
			title: el('span', { class: 'tab-title dim' }),
			count: el('span', { class: 'count' }),
		};
		view.label = el('button', { type: 'button', role: 'tab',
			class: 'tab-label', 'aria-controls': tab.stage.element.id,
			on: {
				click: () => this.#workspace.select(tab, true),
				auxclick: (event) => {
					if (event.button === 1)
						this.#workspace.closeTab(tab);
				},
			} }, view.lock, view.name, view.title, view.count);
		view.close = iconButton('x', '',
			() => this.#workspace.closeTab(tab), { tabIndex: -1 });
		view.root = el('div', { role: 'presentation' }, view.label,
			view.close);
		return view;
	}

	#dress(tab, view, isCurrent) {
		const pane = tab.current;
		const panes = tab.paneList;
		const wasCurrent =
			view.label.getAttribute('aria-selected') === 'true';
		view.name.textContent = pane.name;
		view.title.textContent = pane.subtitle;
		view.count.textContent = panes.length > 1 ? panes.length : '';
		view.count.title = `${panes.length} panes`;
		view.lock.toggleAttribute('hidden', !pane.isReadonly);
		tab.stage.element.setAttribute('aria-label', pane.name);
		view.label.title = [pane.name, pane.subtitle].filter(Boolean)
			.join(' — ');
		view.label.setAttribute('aria-selected', String(isCurrent));
		view.label.tabIndex = isCurrent ? 0 : -1;
		const close = `Close ${pane.name} (the session goes on)`;
		view.close.title = close;
		view.close.setAttribute('aria-label', close);
		view.root.className = ['tab', isCurrent && 'current',
			panes.every((p) => p.ended) && 'has-ended',
			panes.some((p) => p.hasBell) ? 'bell'
				: panes.some((p) => p.hasOutput) && 'output',
		].filter(Boolean).join(' ');
		if (isCurrent && !wasCurrent)
			view.root.scrollIntoView({ block: 'nearest',
				inline: 'nearest' });
	}

	#key(event) {
		if (event.target.getAttribute('role') !== 'tab')
			return;
		const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
		if (by) {
			event.preventDefault();
			this.#workspace.step(by, false);
			this.update();
			this.#views.get(this.#workspace.tab)?.label.focus();
		} else if (event.key === 'Delete') {
			this.#workspace.closeTab(this.#workspace.tab);
		}
	}
}
