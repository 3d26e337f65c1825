// SPDX-License-Identifier: Apache-2.0
// Builds elements. Text only ever becomes text: names and titles come from
// programs, and nothing here parses HTML.

const PROPERTIES = new Set(['value', 'checked', 'disabled', 'hidden',
	'tabIndex', 'className', 'textContent', 'open', 'multiple', 'readOnly']);
const SVG = 'http://www.w3.org/2000/svg';

// el('button', {class: 'x', text: 'Save', on: {click}}, ...children)
export function el(tag, props = {}, ...children) {
	const node = document.createElement(tag);
	for (const [name, value] of Object.entries(props)) {
		if (name === 'class')
			node.className = value;
		else if (name === 'text')
			node.textContent = value;
		else if (name === 'on')
			listen(node, value);
		else if (PROPERTIES.has(name))
			node[name] = value;
		else if (value !== false && value !== undefined && value !== null)
			node.setAttribute(name, value === true ? '' : value);
	}
	node.append(...children.filter((child) => child));
	return node;
}

function listen(node, listeners) {
	for (const [type, listener] of Object.entries(listeners))
		node.addEventListener(type, listener);
}

// A picture from the sprite in index.html.
export function icon(name) {
	const svg = document.createElementNS(SVG, 'svg');
	const use = document.createElementNS(SVG, 'use');
	svg.setAttribute('class', 'icon');
	svg.setAttribute('aria-hidden', 'true');
	use.setAttribute('href', `#i-${name}`);
	svg.append(use);
	return svg;
}

// A button that shows only a picture; its label is read out and is the hint.
export function iconButton(name, label, click, more = {}) {
	return el('button', { type: 'button', class: 'icon-button',
		'aria-label': label, title: label, on: { click }, ...more },
	icon(name));
}

export function button(label, click, more = {}) {
	return el('button', { type: 'button', class: 'button', text: label,
		on: { click }, ...more });
}

// A command as people know it: a login shell's first argument has a dash.
export const commandName = (text) => clean(text).replace(/^-/, '');

// What a program calls itself, made fit to show: no control characters, and
// none that reorder or hide the text around it.
export function clean(text) {
	return String(text ?? '').replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '')
		.slice(0, 200);
}
