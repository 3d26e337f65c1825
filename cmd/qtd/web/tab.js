// SPDX-License-Identifier: Apache-2.0
// One tab: some panes, how they divide it, and which one is in use.
import * as layout from './layout.js';
import { Stage } from './stage.js';

const narrow = matchMedia('(max-width: 640px)');
let lastId = 0;

export const isNarrow = () => narrow.matches;
export const onNarrow = (listener) =>
	narrow.addEventListener('change', listener);

export class Tab {
	panes = new Map();
	root = null;
	active = null;		// pane id
	zoomed = false;
	stage;

	// onChange() is called when a divider was moved.
	constructor(onChange) {
		this.stage = new Stage((root) => {
			this.root = root;
			this.arrange();
			onChange();
		});
		this.stage.element.id = `stage-${++lastId}`;
	}

	get current() { return this.panes.get(this.active); }
	get paneList() {
		return layout.panes(this.root).map((id) => this.panes.get(id));
	}

	// Puts the panes where they belong. Returns the id of the only one that
	// is shown, or null when all are.
	arrange() {
		const only = this.zoomed || isNarrow() ? this.active : null;
		this.stage.arrange(this.root, this.panes, only);
		return only;
	}
}
