// SPDX-License-Identifier: Apache-2.0
// Fingers on a terminal: one scrolls (or is a wheel to a program that takes
// the wheel), two pinch the text size, a long press selects a word.
import { notice } from './notice.js';
import { copy } from './clipboard.js';
import { settings } from './settings.js';

const LONG_MS = 500;
const SLOP = 10;		// pixels before a touch is a scroll
const FRICTION = 0.95;		// of the speed, each frame after a fling
const stillness = matchMedia('(prefers-reduced-motion: reduce)');

const distance = ([a, b]) =>
	Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY);

export function listen(stages, current) {
	let start = null;
	let last = null;
	let speed = 0;
	let fling = 0;
	let long = 0;
	let pinch = null;
	let rest = 0;		// of a line that was not scrolled yet

	const wheel = (x, y, deltaY) => {
		const term = current()?.view?.term;
		const target = document.elementFromPoint(x, y)
			?.closest('.xterm-screen');
		if (!term || !target)
			return;
		if (term.modes.mouseTrackingMode === 'none' &&
				term.buffer.active.type === 'normal') {
			rest += deltaY / (target.clientHeight / term.rows);
			const lines = Math.trunc(rest);
			rest -= lines;
			term.scrollLines(lines);
			return;
		}
		target.dispatchEvent(new WheelEvent('wheel', { deltaY, clientX: x,
			clientY: y, bubbles: true, cancelable: true }));
	};
	const glide = (x, y) => {
		speed *= FRICTION;
		if (Math.abs(speed) < 0.5 || stillness.matches)
			return;
		wheel(x, y, speed);
		fling = requestAnimationFrame(() => glide(x, y));
	};

	stages.addEventListener('touchstart', (event) => {
		cancelAnimationFrame(fling);
		clearTimeout(long);
		const { touches } = event;
		if (touches.length === 2) {
			pinch = { from: distance(touches),
				size: settings.get('fontSize') };
			start = null;
			return;
		}
		start = last = touches[0];
		speed = 0;
		long = setTimeout(() => {
			selectWord(current(), start);
			start = null;
		}, LONG_MS);
	}, { passive: true });

	stages.addEventListener('touchmove', (event) => {
		const { touches } = event;
		if (!event.target.closest('.xterm'))
			return;
		event.preventDefault();
		if (pinch && touches.length === 2) {
			settings.setFontSize(pinch.size * distance(touches) / pinch.from);
			return;
		}
		const touch = touches[0];
		if (!start)
			return;
		if (last === start && distance([start, touch]) < SLOP)
			return;
		clearTimeout(long);
		const by = last.clientY - touch.clientY;
		speed = 0.6 * by + 0.4 * speed;
		last = touch;
		wheel(touch.clientX, touch.clientY, by);
	}, { passive: false });

	const end = (event) => {
		clearTimeout(long);
		if (event.touches.length < 2)
			pinch = null;
		if (start && last !== start)
			glide(last.clientX, last.clientY);
		start = null;
	};
	stages.addEventListener('touchend', end);
	stages.addEventListener('touchcancel', end);
}

// Selects the word under a finger and offers to copy it.
function selectWord(pane, { clientX, clientY }) {
	const term = pane?.view?.term;
	const screen = term?.element.querySelector('.xterm-screen');
	if (!screen)
		return;
	const box = screen.getBoundingClientRect();
	const column = Math.floor((clientX - box.left) / box.width * term.cols);
	const row = Math.floor((clientY - box.top) / box.height * term.rows);
	const buffer = term.buffer.active;
	const line = buffer.getLine(buffer.viewportY + row)
		?.translateToString(false) ?? '';
	const before = /\S*$/.exec(line.slice(0, column))[0].length;
	const after = /^\S*/.exec(line.slice(column))[0].length;
	if (before + after === 0)
		return;
	term.select(column - before, buffer.viewportY + row, before + after);
	notice(`“${term.getSelection()}”`,
		{ action: { label: 'Copy', run: () => copy(term.getSelection()) } });
}
