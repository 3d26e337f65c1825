/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_HIST_PICK_H
#define QT_HIST_PICK_H
/*
 * The picker: qt-hist pick.
 *
 *	pick.c		the verb, its life and its loop
 *	pick_act.c	what a key does
 *	pick_mouse.c	what the mouse does
 *	pick_view.c	what is to be shown
 *	pick_take.c	what shells wrote meanwhile; what is deleted in the end
 *	pick_up.c	older commands for a shell's own up-arrow
 *
 * and what knows nothing of each other: pick_term.c, pick_keys.c, pick_line.c
 * with pick_vi.c, pick_list.c, pick_draw.c with pick_glyph.c.
 *
 * It shows at once what the index has; a child takes in what shells wrote since,
 * and then it looks again.
 */
#include "pick_keys.h"
#include "pick_line.h"
#include "pick_list.h"
#include "pick_term.h"

#define PICK_NOTE	160u

enum pick_mode {
	PICK_LIST, PICK_SURE, PICK_HELP	/* sure: of a deletion */
};

struct pick {
	struct pick_term	 term;
	struct pick_place	 place;
	unsigned int		 height;	/* rows, or per cent of them */
	bool			 is_per_cent;
	struct pick_keys	 keys;
	char			 held[2 * PICK_KEYS_MAX];	/* not a key yet */
	size_t			 held_len;
	uint64_t		 held_ms;	/* since when */
	struct pick_line	 line;
	struct pick_list	 list;

	enum pick_mode		 mode;
	char			 note[PICK_NOTE];	/* until a key */
	bool			 is_dirty, is_stale;	/* to be drawn, found */
	bool			 is_reset;	/* the cursor goes to the best */
	bool			 has_color, has_preview, is_multi;
	bool			 is_done, is_chosen, is_edit;
	bool			 is_waiting;	/* chosen before there was any */
	unsigned int		 help_top, list_rows, area_rows;

	unsigned int		 row;	/* of the area on the screen, from 1; 0:
					   not known */
	struct pick_key		 click;	/* that waits for it */
	bool			 has_click;
	uint64_t		 click_ms;	/* of the last one */
	uint32_t		 click_on;

	int			 taker;		/* see pick_take.c; or -1 */
	pid_t			 taker_pid;
	struct qt_buf		 told;		/* by it */
};

/* pick.c: looks for what is asked now; may_wait: unless a key comes before. */
void	pick_find(struct pick *p, bool may_wait);

/* pick_act.c */
void	pick_press(struct pick *p, const struct pick_key *k);
void	pick_choose(struct pick *p, bool is_edit);
void	pick_note(struct pick *p, const char *fmt, ...)
	    __attribute__((format(printf, 2, 3)));

/* pick_mouse.c */
void	pick_mouse(struct pick *p, const struct pick_key *k);

/* pick_view.c: rows of the area; the frame, appended. */
unsigned int pick_height(const struct pick *p);
void	pick_view(struct pick *p, struct qt_buf *out);
extern const char *const pick_help[];
extern const unsigned int pick_help_count;

/* pick_take.c */
void	pick_take_start(struct pick *p);
/* Reads what it tells; when it has ended, the list is of what there is then. */
void	pick_take_read(struct pick *p);
/* Erases what was deleted. Returns an exit code, and says what failed. */
int	pick_erase(const struct pick_texts *deleted);

/* pick_up.c: prints at most so many. Returns an exit code. */
int	pick_up(const char *prefix, unsigned long count);

#endif /* QT_HIST_PICK_H */
