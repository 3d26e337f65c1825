// SPDX-License-Identifier: Apache-2.0
// The page's own key combinations; every other key goes to the terminal.

const isMac = /^Mac|^iP/.test(navigator.platform);

function parse(keys) {
	const plus = keys.endsWith('++');
	const parts = (plus ? keys.slice(0, -2) : keys).split('+');
	const key = plus ? '+' : parts.pop();
	return { key, ctrl: parts.includes('Ctrl'),
		shift: parts.includes('Shift'), alt: parts.includes('Alt') };
}

// What the key at the same place says on a US keyboard, for layouts whose
// letters are not Latin and for digits with Shift.
const CODES = { BracketLeft: '[', BracketRight: ']', Comma: ',',
	Minus: '-', Equal: '=' };
function byPlace({ code }) {
	return CODES[code] ?? /^(?:Key|Digit)(.)$/.exec(code)?.[1] ?? '';
}

function fits(event, wanted) {
	if (event.altKey !== wanted.alt || event.metaKey)
		return false;
	if (event.ctrlKey !== wanted.ctrl)
		return false;
	// '+' and '?' are typed with Shift on most keyboards.
	if (event.shiftKey !== wanted.shift && !'+?'.includes(wanted.key))
		return false;
	const { key } = event;
	if (key.toLowerCase() === wanted.key.toLowerCase())
		return true;
	const isPlainLetter = /^[a-z]$/i.test(key);
	return wanted.shift && !isPlainLetter &&
		byPlace(event).toLowerCase() === wanted.key.toLowerCase();
}

// For people: 'Ctrl+Shift+F', or with the signs of a Mac.
export function label(keys) {
	const names = { ArrowLeft: '←', ArrowRight: '→', ArrowUp: '↑',
		ArrowDown: '↓', Enter: '⏎' };
	const text = keys.replace(/Arrow\w+|Enter/, (name) => names[name]);
	return isMac ? text.replace('Ctrl+', '⌃').replace('Shift+', '⇧')
		.replace('Alt+', '⌥') : text;
}

// The action that a key event asks for, or undefined.
export function find(actions, event) {
	const isTyped = !event.ctrlKey && !event.altKey;
	const inText = event.target.matches?.('input, textarea, select');
	return actions.find((action) => action.keys.some((keys) => {
		const wanted = parse(keys);
		// A plain key is only for when nobody is typing.
		if (isTyped && inText)
			return false;
		return fits(event, wanted);
	}));
}

// Runs actions by key, before the terminal sees the event. home(): typing
// while nothing has the focus goes to the terminal.
export function listen(actions, home) {
	addEventListener('keydown', (event) => {
		if (document.querySelector('dialog[open]'))
			return;
		const action = find(actions, event);
		if (!action || action.when && !action.when()) {
			if (document.activeElement === document.body)
				home();
			return;
		}
		event.stopPropagation();
		// The browser's own paste needs no permission.
		if (action.isNative)
			return;
		event.preventDefault();
		action.run();
	}, { capture: true });
}
