/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_HIST_PICK_TERM_H
#define QT_HIST_PICK_TERM_H
/*
 * The user's terminal, /dev/tty: in raw mode while the picker is there, and as
 * it was afterwards, whatever way the program ends but SIGKILL.
 *
 * Inline the picker has some rows below the line in which the cursor is (or from
 * that line on), for which the screen scrolls when need be; they are wiped in
 * the end, and the cursor is where it was, but for its column. Otherwise it has
 * the alternate screen.
 *
 * The description is our own, and never waited for: what the terminal does not
 * take is kept, and the next picture waits.
 */
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <termios.h>

#include <qt/base/buf.h>
#include <qt/base/err.h>

#define PICK_COLS_MIN	20u
#define PICK_ROWS_MIN	3u

struct pick_term {
	int		 fd;
	struct termios	 saved;
	bool		 is_raw, is_full, is_below, has_paste;
	unsigned int	 cols, rows;	/* of the whole terminal */
	pid_t		 owner;		/* who restores it: not its children */
	struct qt_buf	 pending;	/* bytes that it has not taken */
	size_t		 pending_at;
};

/* How the picker is to be shown. */
struct pick_place {
	bool	is_full, is_below, has_mouse;
	bool	has_paste;	/* that pasting is told is ours to switch */
};

/* Opens it, and asks its size. Negative: there is none; it is unfit, or small. */
int	pick_term_open(struct pick_term *t, struct qt_err *err);
int	pick_term_start(struct pick_term *t, const struct pick_place *where,
	    struct qt_err *err);
/* Raw mode again, after who stopped us has set another. */
void	pick_term_again(struct pick_term *t);
/* As it was. Harmless twice. */
void	pick_term_end(struct pick_term *t);
/* true: it is another one. */
bool	pick_term_resize(struct pick_term *t);

/* Queues bytes and writes what is taken now. Negative: it is gone. */
int	pick_term_write(struct pick_term *t, const void *data, size_t len);
/* 1: there is more, see POLLOUT; 0; negative. */
int	pick_term_flush(struct pick_term *t);

#endif /* QT_HIST_PICK_TERM_H */
