// SPDX-License-Identifier: Apache-2.0
// Opens links that programs print: http and https only, in a new tab that
// knows nothing of this one.
import { confirmDialog } from './dialog.js';

function parse(text) {
	try {
		const url = new URL(text);
		return /^https?:$/.test(url.protocol) ? url : null;
	} catch {
		return null;
	}
}

function go(url) {
	window.open(url, '_blank', 'noopener,noreferrer');
}

// A link that shows its own address.
export function openLink(event, text) {
	const url = parse(text);
	if (url)
		go(url);
}

// A link whose text may say anything (OSC 8): shows where it leads first.
export async function openNamedLink(event, text) {
	const url = parse(text);
	if (url && await confirmDialog({
		title: 'Open this link?', text: url.href, action: 'Open',
	}))
		go(url);
}
