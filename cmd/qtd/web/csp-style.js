// SPDX-License-Identifier: Apache-2.0
// <qt-style>: what a <style> element is to xterm.js, under a strict
// Content-Security-Policy. Its text becomes a constructed style sheet, which
// 'unsafe-inline' does not govern. build.mjs makes xterm.js use it.

class Style extends HTMLElement {
	#sheet = new CSSStyleSheet();

	connectedCallback() {
		document.adoptedStyleSheets.push(this.#sheet);
	}

	disconnectedCallback() {
		document.adoptedStyleSheets = document.adoptedStyleSheets
			.filter((sheet) => sheet !== this.#sheet);
	}

	set textContent(text) {
		this.#sheet.replaceSync(text);
	}

	get textContent() {
		return '';
	}
}

customElements.define('qt-style', Style);
