// SPDX-License-Identifier: Apache-2.0
// Counts that no screen is large enough for.
//
// xterm.js inserts, deletes, scrolls, tabs and repeats as often as the
// sequence says, one by one: "ESC [ 999999999 L", eight bytes more than a
// person would notice in a file, holds the page for minutes. What is larger
// than the largest session (2000 columns) is no honest program's and is left
// out.
const COUNT_MAX = 2000;

// Insert and delete lines, scroll up and down, tab forth and back, repeat.
const COUNTED = ['L', 'M', 'S', 'T', 'I', 'Z', 'b'];

export function boundCounts(term) {
	for (const final of COUNTED)
		term.parser.registerCsiHandler({ final },
			([count]) => count > COUNT_MAX);
}
