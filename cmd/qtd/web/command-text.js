// SPDX-License-Identifier: Apache-2.0
// Commands of the history: made fit to show, and to be put on a line.

const encoder = new TextEncoder();

const code = (c) => c.codePointAt(0);

// On one line, with everything to be seen that would not be, or that would
// reorder or hide the text around it.
export function visible(text) {
	return text.replace(/\n/g, '⏎')
		.replace(/[\0-\x1f]/g, (c) => String.fromCharCode(0x2400 + code(c)))
		.replace(/\x7f/g, '\u2421')
		.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (c) =>
			`<U+${code(c).toString(16).toUpperCase().padStart(4, '0')}>`);
}

// Its bytes, as they were recorded.
export function bytesOf({ command, command_hex: hex }) {
	return hex ? Uint8Array.from(hex.match(/../g) ?? [],
		(pair) => Number.parseInt(pair, 16)) : encoder.encode(command);
}

// What to type so that the command stands on the line and does not run, or
// null when there is no way: lines, and tabs, have to be taken as they are
// (isBracketed: pasted text is), and other controls never are.
export function typed(bytes, isBracketed) {
	if (bytes.some((b) => b === 0x7f || b < 0x20 && b !== 9 && b !== 10))
		return null;
	if (!isBracketed)
		return bytes.some((b) => b < 0x20) ? null : bytes;
	return Uint8Array.of(...encoder.encode('\x1b[200~'),
		...bytes.map((b) => b === 10 ? 13 : b), ...encoder.encode('\x1b[201~'));
}
