/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_HIST_PICK_LINE_H
#define QT_HIST_PICK_LINE_H
/*
 * The line in which a query is typed, with the keys of readline's emacs mode or
 * of vi. It holds bytes; the cursor is between what is shown as one. Pure.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <qt/hist/query.h>

#include "pick_keys.h"

#define PICK_LINE_MAX	QT_HIST_QUERY_MAX
#define PICK_LINE_UNDO	64u		/* steps back */

struct pick_line {
	char		 text[PICK_LINE_MAX + 1];
	size_t		 len, at;	/* at: the cursor */
	char		 kill[PICK_LINE_MAX];	/* what yank puts back */
	size_t		 kill_len;
	struct pick_undo {
		char	*text;
		size_t	 len, at;
	}		 undo[PICK_LINE_UNDO];
	uint64_t	 steps;		/* that can be, and could once, be undone */
	bool		 is_typing;	/* the last step goes on */
	bool		 is_killing;	/* so does what is killed */
	/* vi */
	bool		 has_vi, is_normal;
	uint32_t	 operator, find;	/* d, c, y; f, F, t, T, r */
	unsigned int	 times;		/* 0: not said */
	uint32_t	 sought_by;	/* f, F, t, T; of ; and , */
	char		 sought[4];
	size_t		 sought_len;
};

enum pick_did {
	PICK_NOT_MINE, PICK_TAKEN, PICK_CHANGED
};

/* The line with this text, cut at PICK_LINE_MAX; controls become blanks. */
void	pick_line_init(struct pick_line *l, const char *text, size_t len,
	    bool has_vi);
void	pick_line_clear(struct pick_line *l);
enum pick_did pick_line_key(struct pick_line *l, const struct pick_key *k);
/* false: there is nothing to undo. */
bool	pick_line_undo(struct pick_line *l);

/* --- For pick_vi.c -------------------------------------------------------- */

enum pick_did pick_vi_key(struct pick_line *l, const struct pick_key *k);
/* What is done next can be undone. */
void	pick_line_step(struct pick_line *l);
bool	pick_line_put(struct pick_line *l, const char *text, size_t len);
/* Takes [from, to) out; the cursor is there then. */
void	pick_line_cut(struct pick_line *l, size_t from, size_t to,
	    bool is_kept);
size_t	pick_line_left(const struct pick_line *l, size_t at);
size_t	pick_line_right(const struct pick_line *l, size_t at);

#endif /* QT_HIST_PICK_LINE_H */
