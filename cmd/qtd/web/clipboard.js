// SPDX-License-Identifier: Apache-2.0
// Copying and pasting, within what the browser allows this page.
import { notice, say } from './notice.js';

const PROGRAM_MAX = 1 << 20;	// what a program may put on the clipboard

function copyByCommand(text) {
	const put = (event) => {
		event.preventDefault();
		event.stopImmediatePropagation();
		event.clipboardData.setData('text/plain', text);
	};
	document.addEventListener('copy', put, { capture: true, once: true });
	const done = document.execCommand('copy');
	document.removeEventListener('copy', put, { capture: true });
	return done;
}

// True when it is on the clipboard.
export async function copy(text) {
	try {
		await navigator.clipboard.writeText(text);
		return true;
	} catch {
		return copyByCommand(text);	// no permission, or plain HTTP
	}
}

export async function copySelection(term) {
	const text = term.getSelection();
	if (!text) {
		notice('Nothing is selected: drag over text first');
		return;
	}
	if (await copy(text))
		say('Copied');
	else
		notice('The browser does not let this page copy', { kind: 'bad' });
}

// For those who want a selection copied as it is made.
export function copyOnSelect(term, isWanted) {
	term.element.addEventListener('mouseup', () => {
		if (isWanted() && term.hasSelection())
			copy(term.getSelection());
	});
}

export async function paste(term) {
	try {
		term.paste(await navigator.clipboard.readText());
	} catch {
		notice('The browser does not let this page read the clipboard: ' +
			'press Ctrl+Shift+V (Cmd+V on a Mac) instead');
	}
}

// OSC 52: a program puts text on the clipboard. It may never read it.
// `mayWrite()` says whether this viewer is the one who leads.
export function allowProgramCopy(term, mayWrite) {
	return term.parser.registerOscHandler(52, (data) => {
		const encoded = data.slice(data.indexOf(';') + 1);
		if (encoded === '?' || encoded.length > PROGRAM_MAX || !mayWrite())
			return true;
		let text;
		try {
			const bytes = Uint8Array.from(atob(encoded),
				(c) => c.charCodeAt(0));
			text = new TextDecoder().decode(bytes);
		} catch {
			return true;
		}
		if (text)
			offer(text);
		return true;
	});
}

async function offer(text) {
	try {
		await navigator.clipboard.writeText(text);
		notice(`The program copied ${text.length} characters`);
	} catch {
		notice(`The program wants to copy ${text.length} characters`, {
			action: { label: 'Copy', run: () => copy(text) },
			sticky: true,
		});
	}
}
