// SPDX-License-Identifier: Apache-2.0
// One xterm.js terminal with its addons, dressed by the settings.
//
// Everything that must happen in the order of the output (resize, reset,
// marks) goes through xterm's write queue, never around it.
import { FitAddon } from '@xterm/addon-fit';
import { SearchAddon } from '@xterm/addon-search';
import { Unicode11Addon } from '@xterm/addon-unicode11';
import { WebLinksAddon } from '@xterm/addon-web-links';
import { Terminal } from '@xterm/xterm';
import { boundCounts } from './counts.js';
import './csp-style.js';
import { openLink, openNamedLink } from './links.js';
import { MarkBound } from './marks.js';
import { attachRenderer } from './renderer.js';
import { settings } from './settings.js';
import { resolve, xtermTheme } from './themes.js';

const FONTS = 'ui-monospace, "Cascadia Mono", "SF Mono", Menlo, ' +
	'"JetBrains Mono", "DejaVu Sans Mono", Consolas, "Liberation Mono", ' +
	'monospace';

const stillness = matchMedia('(prefers-reduced-motion: reduce)');

function options() {
	const contrast = resolve(settings.get('theme')).minimumContrast ?? 1;
	const family = settings.get('fontFamily').trim();
	return {
		fontSize: settings.get('fontSize'),
		fontFamily: family ? `${family}, ${FONTS}` : FONTS,
		lineHeight: settings.get('lineHeight'),
		cursorStyle: settings.get('cursorStyle'),
		cursorBlink: settings.get('cursorBlink') && !stillness.matches,
		cursorInactiveStyle: 'outline',
		scrollback: settings.get('scrollback'),
		screenReaderMode: settings.get('screenReaderMode'),
		minimumContrastRatio:
			Math.max(contrast, settings.get('minimumContrast')),
		theme: xtermTheme(settings.get('theme'), settings.colors),
	};
}

// The widths that the addon knows; it tells them to whom it registers with.
function unicodeWidths() {
	let widths;
	new Unicode11Addon().activate({ unicode: {
		register: (provider) => { widths = provider; } } });
	return (code) => widths.wcwidth(code);
}

export class TerminalView {
	term;
	search = new SearchAddon({ highlightLimit: 2000 });
	#fit = new FitAddon();
	#marks = new MarkBound(unicodeWidths());
	#renderer;
	#off;

	constructor(parent) {
		this.term = new Terminal({
			...options(),
			allowProposedApi: true,
			scrollOnUserInput: true,
			macOptionIsMeta: false,
			macOptionClickForcesSelection: true,
			rightClickSelectsWord: false,
			linkHandler: { activate: openNamedLink },
			logLevel: 'off',
		});
		this.term.loadAddon(this.#fit);
		this.term.loadAddon(this.search);
		this.term.loadAddon(new WebLinksAddon(openLink));
		this.term.loadAddon(new Unicode11Addon());
		this.term.unicode.activeVersion = '11';
		boundCounts(this.term);
		this.term.open(parent);
		const { textarea } = this.term;
		textarea.setAttribute('autocomplete', 'off');
		textarea.setAttribute('enterkeyhint', 'enter');
		this.#renderer = attachRenderer(this.term);
		this.#off = settings.on('change', () => this.dress());
	}

	dress() {
		const wanted = options();
		for (const [name, value] of Object.entries(wanted))
			if (name === 'theme' || this.term.options[name] !== value)
				this.term.options[name] = value;
		this.#renderer.update();
	}

	// Whether somebody can see it; a hidden one gives up its GPU context.
	setVisible(visible) {
		this.#renderer.setVisible(visible);
	}

	// The size that would fill the parent, or null when it is not shown.
	fitSize() {
		const size = this.#fit.proposeDimensions();
		if (!size || !Number.isFinite(size.cols) ||
				!Number.isFinite(size.rows))
			return null;
		return { cols: Math.min(size.cols, 1000),
			rows: Math.min(size.rows, 1000) };
	}

	// A session's output, as it comes; done() once it is on the screen.
	output(bytes, done) {
		this.term.write(this.#marks.cut(bytes), done);
	}

	// Does something once all output so far is on the screen.
	after(what) {
		this.term.write('', what);
	}

	resize({ cols, rows }) {
		this.after(() => this.term.resize(cols, rows));
	}

	// All text, scrollback included.
	text() {
		const buffer = this.term.buffer.active;
		const lines = [];
		for (let i = 0; i < buffer.length; i++) {
			const line = buffer.getLine(i);
			const text = line.translateToString(true);
			if (line.isWrapped && lines.length)
				lines[lines.length - 1] += text;
			else
				lines.push(text);
		}
		return `${lines.join('\n').trimEnd()}\n`;
	}

	dispose() {
		this.#off();
		this.#renderer.dispose();
		this.term.dispose();
	}
}
