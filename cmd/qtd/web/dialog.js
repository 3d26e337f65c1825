// SPDX-License-Identifier: Apache-2.0
// Dialogs: the browser's own <dialog>, which keeps the focus inside, closes
// on Escape, and gives the focus back.
import { button, el, iconButton } from './dom.js';

// Shows content under a title. Returns the element; its `close` event tells.
export function panel(title, content, { wide = false } = {}) {
	const close = () => dialog.close();
	// Takes the first focus, so that no button looks chosen.
	const heading = el('h2', { text: title, tabIndex: -1, autofocus: true });
	const dialog = el('dialog', { class: wide ? 'panel wide' : 'panel',
		'aria-label': title },
	el('header', {}, heading, iconButton('x', 'Close', close)),
	el('div', { class: 'panel-body' }, content));
	dialog.addEventListener('close', () => dialog.remove());
	dialog.addEventListener('click', (event) => {
		if (event.target === dialog)
			close();
	});
	document.body.append(dialog);
	dialog.showModal();
	return dialog;
}

// choices: [{label, value, kind?}]. Resolves to a value, or null.
export function choose({ title, text, choices, content }) {
	return new Promise((resolve) => {
		const form = el('form', { method: 'dialog' });
		const dialog = el('dialog', { class: 'ask', 'aria-label': title },
			form);
		const buttons = choices.map(({ label, value, kind = '' }) =>
			el('button', { class: `button ${kind}`, text: label, value,
				type: 'submit' }));
		form.append(el('h2', { text: title }));
		if (text)
			form.append(el('p', { text }));
		if (content)
			form.append(content);
		form.append(el('footer', {},
			button('Cancel', () => dialog.close('')), ...buttons));
		dialog.addEventListener('close', () => {
			dialog.remove();
			resolve(dialog.returnValue || null);
		});
		document.body.append(dialog);
		dialog.showModal();
		(content?.querySelector('input') ?? buttons.at(-1)).focus();
	});
}

export async function confirmDialog({ title, text, action, kind = 'primary' }) {
	return await choose({ title, text,
		choices: [{ label: action, value: 'yes', kind }] }) === 'yes';
}

// Resolves to the text, or null.
export async function promptDialog({ title, text, label, value = '', action }) {
	const input = el('input', { type: 'text', value, autocomplete: 'off',
		autocapitalize: 'off', spellcheck: 'false', maxlength: '4096' });
	const content = el('label', { class: 'field' },
		el('span', { text: label }), input);
	const answer = await choose({ title, text, content,
		choices: [{ label: action, value: 'yes', kind: 'primary' }] });
	return answer === 'yes' ? input.value.trim() : null;
}
