/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_HIST_PICK_KEYS_H
#define QT_HIST_PICK_KEYS_H
/*
 * What a terminal sends, taken apart: characters (UTF-8, or bytes), control
 * characters, sequences of ECMA-48 and xterm (ctlseqs) for keys, the mouse
 * (modes 1000 and 1006), pasting (2004) and the cursor's place, and those of
 * rxvt and of kitty's protocol. Any bytes are allowed. Pure.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PICK_KEYS_MAX	128u	/* bytes of a sequence; longer ones are none */

enum { PICK_SHIFT = 1, PICK_ALT = 2, PICK_CTRL = 4 };

/* Keys that are no characters; a control character is its letter with CTRL. */
enum pick_code {
	PICK_NONE = 0x110000,	/* something that means nothing here */
	PICK_BYTE,		/* that is not UTF-8 */
	PICK_PASTE,		/* a byte of what is pasted */
	PICK_ENTER, PICK_TAB, PICK_ESCAPE, PICK_BACKSPACE,
	PICK_UP, PICK_DOWN, PICK_RIGHT, PICK_LEFT, PICK_HOME, PICK_END,
	PICK_INSERT, PICK_DELETE, PICK_PAGE_UP, PICK_PAGE_DOWN,
	PICK_F1,
	PICK_MOUSE,		/* button, col, row */
	PICK_PLACE		/* of the cursor: col, row; they count from 1 */
};

/* Buttons as xterm counts them. */
enum {
	PICK_BUTTON_LEFT = 0, PICK_BUTTON_MIDDLE = 1, PICK_BUTTON_RIGHT = 2,
	PICK_WHEEL_UP = 64, PICK_WHEEL_DOWN = 65
};

struct pick_key {
	uint32_t	code;
	unsigned int	mods;
	char		text[4];	/* of a character or byte */
	size_t		len;
	unsigned int	button, col, row;
};

struct pick_keys {
	bool	is_pasting;
};

/*
 * The first key of len > 0 bytes: returns how many are its. 0: it may go on;
 * never when is_over, which says that nothing follows for now, nor from
 * PICK_KEYS_MAX bytes on.
 */
size_t	pick_keys_next(struct pick_keys *k, const char *data, size_t len,
	    bool is_over, struct pick_key *out);

#endif /* QT_HIST_PICK_KEYS_H */
