// SPDX-License-Identifier: Apache-2.0
// Tells what xterm.js answers by itself from what a person types.
//
// Exactly one viewer may answer a program's query, and nobody a replayed
// one: an answer typed into a shell shows up as "1;2c" at the prompt. The
// server removes queries where they must not be answered; this is the second
// lock on that door.

const ANSWERS = new RegExp([
	'^\\x1b\\[[?>=]?[\\d;]*c$',		// device attributes
	'^\\x1b\\[\\??[\\d;]*n$',		// status
	'^\\x1b\\[\\?[\\d;]*R$',		// cursor position (DECXCPR)
	'^\\x1b\\[\\?[\\d;]*\\$y$',		// mode (DECRPM)
	'^\\x1b\\[[\\d;]*\\$y$',
	'^\\x1b\\[\\d+;\\d+;\\d+t$',		// window sizes
	'^\\x1b\\](?:4|1[0-9]|52);',		// colours, clipboard
	'^\\x1bP',				// DECRQSS, XTGETTCAP
].join('|'));
// Also a modified F3, so it only counts when the columns say otherwise.
const POSITION = /^\x1b\[(\d+);(\d+)R$/;
const FOCUS = /^\x1b\[[IO]$/;

export function isAnswer(data) {
	if (ANSWERS.test(data))
		return true;
	const at = POSITION.exec(data);
	return at !== null && !(at[1] === '1' && at[2] >= 2 && at[2] <= 8);
}

// Focus in and out are only for the program of the one who leads.
export const isFocusReport = (data) => FOCUS.test(data);
