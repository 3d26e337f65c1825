/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_SESSION_TERM_H
#define QT_SESSION_TERM_H

#include <stddef.h>
#include <stdint.h>
#include <termios.h>

#include <qt/base/buf.h>
#include <qt/base/err.h>
#include <qt/session/scan.h>

/*
 * The user's own terminal: raw mode, writing without ever being stuck on it,
 * and giving it back as it was found.
 *
 * Everything written passes a scanner that notes which modes were left on;
 * restoring undoes exactly those, so a terminal that does not know a mode is
 * never sent it. Whatever way the program ends, atexit(3) restores.
 */
#define TERM_DEC_MAX 64

struct term {
	int		 in, out;
	int		 is_own_out;	/* out is a description of our own */
	int		 is_raw;
	int		 is_tidy;	/* the cursor is where it was: no newline */
	char		 last_byte;	/* written */
	struct termios	 saved;
	uint16_t	 cols, rows;

	struct qt_scan	 scan;
	struct qt_modes	 modes;
	uint32_t	 dec[TERM_DEC_MAX];	/* DEC modes not at default */
	uint32_t	 ndec;
	int		 is_dec_full;	/* there were more than that */
	uint32_t	 colors;	/* bit n: OSC n was set; bit 4: OSC 4 */
	int		 is_linked;	/* inside an OSC 8 hyperlink */

	struct qt_buf	 pending;	/* bytes the terminal has not taken */
	size_t		 pending_at;
};

/* Takes stdin and stdout, which must be terminals. -ENOTTY names which. */
int	term_open(struct term *t, struct qt_err *err);
/* Restores and lets go. */
void	term_close(struct term *t);

/* Raw mode on; saves the window title. Off again: modes, then termios. */
int	term_raw(struct term *t, struct qt_err *err);
void	term_restore(struct term *t);

/* Asks the terminal's size again: 1 when it changed. */
int	term_size(struct term *t);

/*
 * Queues bytes and writes what the terminal takes now. 0, or negative when
 * the terminal is gone.
 */
int	term_write(struct term *t, const void *data, size_t len);
int	term_print(struct term *t, const char *fmt, ...)
	    __attribute__((format(printf, 2, 3)));
/* 1 when bytes are still queued: poll t->out for POLLOUT; 0; or negative. */
int	term_flush(struct term *t);

/*
 * Appends what brings the terminal from the modes it was left in back to its
 * defaults, the main screen included.
 */
void	term_defaults(const struct term *t, struct qt_buf *out);

#endif /* QT_SESSION_TERM_H */
