// SPDX-License-Identifier: Apache-2.0
// Keeps the page as large as what can be seen: on a phone, the part that the
// keyboard leaves; and shows the pane switch where only one pane fits.

export class Viewport {
	#workspace;
	#panes = document.getElementById('do-panes');

	constructor(workspace) {
		this.#workspace = workspace;
		const { visualViewport } = window;
		visualViewport?.addEventListener('resize', () => this.#resize());
		visualViewport?.addEventListener('scroll', () => this.#resize());
		this.#resize();
		workspace.on('change', () => this.#count());
	}

	#resize() {
		const view = window.visualViewport;
		if (!view || view.scale > 1.01)
			return;		// zoomed in by the browser: leave it
		document.documentElement.style.setProperty('--height',
			`${view.height}px`);
		scrollTo(0, 0);
	}

	#count() {
		const { tab, isNarrow, current } = this.#workspace;
		const count = tab?.panes.size ?? 0;
		this.#panes.hidden = count < 2 || !(isNarrow || tab.zoomed);
		if (this.#panes.hidden)
			return;
		const at = tab.paneList.indexOf(current) + 1;
		this.#panes.textContent = `${at}/${count}`;
		this.#panes.setAttribute('aria-label',
			`Pane ${at} of ${count}: show the next one`);
	}
}
