// SPDX-License-Identifier: Apache-2.0
// The dialog for settings. Each control acts at once; there is no "save".
import { panel } from './dialog.js';
import { button, el } from './dom.js';
import { FONT_MAX, FONT_MIN, settings } from './settings.js';
import { themes } from './themes.js';

const CHOICES = {
	cursorStyle: { block: 'Block', bar: 'Bar', underline: 'Underline' },
	bell: { visual: 'Flash', none: 'Nothing' },
	keybar: { auto: 'On touch screens', on: 'Always', off: 'Never' },
	renderer: { auto: 'Fastest', dom: 'Without the GPU' },
	minimumContrast: { 1: 'As the program says', 4.5: 'At least 4.5',
		7: 'At least 7' },
};

let lastId = 0;

function row(label, control, hint) {
	const id = `setting-${++lastId}`;
	const target = control.matches('input, select') ? control
		: control.querySelector('input, select');
	target.id = id;
	return el('div', { class: 'setting' },
		el('label', { for: id },
			el('span', { text: label }),
			hint && el('small', { class: 'dim', text: hint })), control);
}

function select(name, choices) {
	const node = el('select', {}, ...Object.entries(choices)
		.map(([value, text]) => el('option', { value, text })));
	node.value = String(settings.get(name));
	node.addEventListener('change', () => {
		const isNumber = typeof settings.get(name) === 'number';
		settings.set(name, isNumber ? Number(node.value) : node.value);
	});
	return node;
}

function toggle(name) {
	const node = el('input', { type: 'checkbox', role: 'switch',
		checked: settings.get(name) });
	node.addEventListener('change', () => settings.set(name, node.checked));
	return node;
}

function number(name, min, max, step) {
	const node = el('input', { type: 'number', min, max, step,
		value: settings.get(name) });
	node.addEventListener('change', () => {
		const value = Math.min(max, Math.max(min, Number(node.value)));
		node.value = Number.isFinite(value) ? value : settings.get(name);
		settings.set(name, Number(node.value));
	});
	return node;
}

function text(name, placeholder) {
	const node = el('input', { type: 'text', placeholder,
		value: settings.get(name), maxlength: '200', spellcheck: 'false' });
	node.addEventListener('change', () => settings.set(name, node.value));
	return node;
}

// Shows each theme in its own colours.
function themePicker() {
	const group = el('div', { class: 'themes', role: 'radiogroup',
		'aria-label': 'Theme' });
	const choice = (value, label, t) => {
		const input = el('input', { type: 'radio', name: 'theme', value,
			checked: settings.get('theme') === value });
		input.addEventListener('change',
			() => settings.set('theme', value));
		const sample = el('span', { class: 'swatch', 'aria-hidden': 'true' },
			...(t ? [1, 2, 3, 4, 5, 6].map((i) => {
				const spot = el('i');
				spot.style.background = t.ansi[i];
				return spot;
			}) : []));
		if (t)
			sample.style.background = t.background;
		else
			sample.classList.add('auto');
		group.append(el('label', {}, input, sample,
			el('span', { text: label })));
	};
	choice('auto', 'Like the system', null);
	for (const [name, t] of Object.entries(themes))
		choice(name, t.label, t);
	return group;
}

function build(session) {
	return el('div', { class: 'settings' },
		el('h3', { text: 'Colours' }), themePicker(),
		row('Contrast of text', select('minimumContrast',
			CHOICES.minimumContrast)),
		el('h3', { text: 'Text' }),
		row('Size', number('fontSize', FONT_MIN, FONT_MAX, 1),
			'Also Ctrl and + − 0, or a pinch'),
		row('Font', text('fontFamily', 'The system’s own')),
		row('Line height', number('lineHeight', 1, 2, 0.05)),
		row('Cursor', select('cursorStyle', CHOICES.cursorStyle)),
		row('Cursor blinks', toggle('cursorBlink')),
		el('h3', { text: 'Habits' }),
		row('Screen reader mode', toggle('screenReaderMode'),
			'Reads output aloud; slower'),
		row('Copy what is selected', toggle('copyOnSelect')),
		row('Bell', select('bell', CHOICES.bell)),
		row('Lines kept to scroll back', number('scrollback', 0, 100000,
			1000)),
		row('Extra keys', select('keybar', CHOICES.keybar),
			'Esc, Tab, Ctrl, arrows, for phones'),
		row('Status line', toggle('statusBar')),
		row('Drawing', select('renderer', CHOICES.renderer)),
		el('footer', {}, el('p', { class: 'dim', text: session.about }),
			button('Defaults', () => settings.reset())));
}

export function showSettings(session) {
	const holder = el('div', {}, build(session));
	const dialog = panel('Settings', holder);
	const off = settings.on('change', (name) => {
		if (name === null)
			holder.replaceChildren(build(session));
	});
	dialog.addEventListener('close', off);
}
