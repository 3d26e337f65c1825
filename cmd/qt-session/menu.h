/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_SESSION_MENU_H
#define QT_SESSION_MENU_H

#include <stddef.h>
#include <stdint.h>

#include <qt/base/buf.h>

#include "columns.h"
#include "find.h"
#include "term.h"

/*
 * The interactive list: qt-session without arguments. It looks at the table
 * four times a second and asks the screen service for a picture of the
 * selected session; only an action talks to the host.
 *
 *	menu.c		life, loop, loading and filtering the list
 *	menu_keys.c	what a key does
 *	menu_mouse.c	what the mouse does
 *	menu_draw.c	what is on the screen
 */
#define MENU_TEXT_SIZE 64

enum menu_mode {
	MENU_LIST,
	MENU_FILTER,	/* typing goes to the filter */
	MENU_NEW,	/* typing the name of a new session */
	MENU_RENAME,
	MENU_KILL,	/* y or n */
	MENU_HELP,
};

/* Keys beyond characters. */
enum menu_key {
	KEY_NONE = 0x110000, KEY_UP, KEY_DOWN, KEY_PAGE_UP, KEY_PAGE_DOWN,
	KEY_HOME, KEY_END, KEY_ENTER, KEY_ESCAPE, KEY_ERASE, KEY_CLEAR,
};

struct menu {
	struct term	 term;
	struct world	 w;
	enum menu_mode	 mode;
	int		 is_done;
	int		 has_choice;	/* attach to chosen after the end */
	struct qt_uuid	 chosen;
	int		 is_dirty;
	int		 has_color;
	char		 note[160];	/* in the last line, until a key */
	char		 filter[MENU_TEXT_SIZE];
	char		 text[MENU_TEXT_SIZE];	/* being typed */

	struct row	*rows;		/* every session */
	size_t		 nrows;
	size_t		*shown;		/* indices of those that match */
	size_t		 nshown;
	size_t		 selected;	/* index in shown */
	size_t		 top;		/* first one on the screen */
	size_t		 page;		/* how many the screen shows */
	unsigned int	 list_row, list_cols;	/* where, from the left edge */
	uint64_t	 click_ms;	/* of the last click on a line, or 0 */
	char		 held[32];	/* the start of a sequence */
	size_t		 nheld;

	int		 preview_fd;	/* a request under way, or -1 */
	uint64_t	 preview_ms;	/* not before */
	struct qt_uuid	 preview_id;	/* of the picture */
	uint64_t	 preview_at;	/* its output_bytes */
	int		 has_preview;
	unsigned int	 cursor_row, cursor_col;
	struct qt_buf	 preview;
	char		 preview_why[160];	/* there is none */
};

/* The selected session, or NULL when the list is empty. */
const struct row *menu_selected(const struct menu *m);
/* Applies the filter again, keeping the selection where it can. */
void	menu_filter(struct menu *m);
void	menu_load(struct menu *m);
/* Connects for an action. NULL with a note when that fails. */
int	menu_connect(struct menu *m, unsigned int flags, struct world *w);

/*
 * menu_keys.c: takes input bytes apart and acts on them. How many it took: a
 * sequence that is not complete is left, for when the rest is there.
 */
size_t	menu_input(struct menu *m, const char *data, size_t len);
/* Attaches to it after the end, unless that would nest. */
void	menu_choose(struct menu *m, const struct qt_uuid *id);
/* Selects the one of that index in shown, or the last. */
void	menu_move(struct menu *m, size_t index);

/* menu_mouse.c: acts on a report of the mouse. 0 when it is none. */
int	menu_mouse(struct menu *m, const char *sequence, size_t len);

/* menu_draw.c */
void	menu_draw(struct menu *m);

#endif /* QT_SESSION_MENU_H */
