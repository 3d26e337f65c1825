/* SPDX-License-Identifier: Apache-2.0 */
/* The user's terminal. See pick_term.h. */

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <qt/base/clock.h>
#include <qt/base/sys.h>

#include "pick_term.h"

#define FAREWELL_MS	1000	/* how long a stalled terminal may keep us */

static struct pick_term	*current;	/* for atexit(3) */

static void
end_current(void)
{
	if (current != NULL && current->owner == getpid())
		pick_term_end(current);
}

bool
pick_term_resize(struct pick_term *t)
{
	struct winsize	ws;
	unsigned int	cols = t->cols, rows = t->rows;

	if (ioctl(t->fd, TIOCGWINSZ, &ws) < 0)
		return false;
	/* Some have no size: serial lines, expect(1). */
	t->cols = ws.ws_col == 0 || ws.ws_row == 0 ? 80 : ws.ws_col;
	t->rows = ws.ws_col == 0 || ws.ws_row == 0 ? 24 : ws.ws_row;
	return cols != t->cols || rows != t->rows;
}

int
pick_term_open(struct pick_term *t, struct qt_err *err)
{
	const char	*kind = getenv("TERM");

	memset(t, 0, sizeof(*t));
	t->fd = qt_sys_open(AT_FDCWD, "/dev/tty",
	    O_RDWR | O_NOCTTY | O_NONBLOCK, 0);
	if (t->fd < 0) {
		qt_err_set(err, "no terminal to pick on: open '/dev/tty'");
		return t->fd;
	}
	if (kind == NULL || *kind == '\0' || strcmp(kind, "dumb") == 0) {
		qt_err_set(err, "TERM is '%s': pick moves the cursor; "
		    "'qt-hist search' prints lines", kind != NULL ? kind : "");
		return -ENOTTY;
	}
	if (tcgetattr(t->fd, &t->saved) < 0) {
		qt_err_set(err, "read the terminal's settings");
		return -errno;
	}
	t->cols = 80;
	t->rows = 24;
	pick_term_resize(t);
	if (t->cols < PICK_COLS_MIN || t->rows < PICK_ROWS_MIN) {
		qt_err_set(err, "the terminal has %ux%u characters, %ux%u "
		    "are needed", t->cols, t->rows, PICK_COLS_MIN,
		    PICK_ROWS_MIN);
		return -EMSGSIZE;
	}
	return 0;
}

/* Output is processed as before: who is killed here leaves lines that end. */
static int
raw(struct pick_term *t)
{
	struct termios	raw = t->saved;

	cfmakeraw(&raw);
	raw.c_oflag = t->saved.c_oflag;
	raw.c_cc[VMIN] = 1;
	raw.c_cc[VTIME] = 0;
	return tcsetattr(t->fd, TCSANOW, &raw) < 0 ? -errno : 0;
}

int
pick_term_start(struct pick_term *t, const struct pick_place *where,
    struct qt_err *err)
{
	static bool	is_registered;
	const char	*text;
	int		rc = raw(t);

	if (rc < 0) {
		qt_err_set(err, "set the terminal to raw mode");
		return rc;
	}
	t->is_raw = true;
	t->is_full = where->is_full;
	t->is_below = where->is_below && !where->is_full;
	t->has_paste = where->has_paste;
	t->owner = getpid();
	current = t;
	if (!is_registered)
		is_registered = atexit(end_current) == 0;
	text = t->is_full ? "\033[?1049h\033[H" : t->is_below ? "\r\n" : "\r";
	rc = pick_term_write(t, text, strlen(text));
	if (rc == 0 && where->has_mouse)
		rc = pick_term_write(t, "\033[?1000h\033[?1006h", 16);
	return rc < 0 || !t->has_paste ? rc :
	    pick_term_write(t, "\033[?2004h", 8);
}

void
pick_term_again(struct pick_term *t)
{
	(void)raw(t);
}

/* Writes what is queued, waiting for the terminal a little. */
static void
drain(struct pick_term *t)
{
	struct pollfd	p = { .fd = t->fd, .events = POLLOUT };
	uint64_t	end_ms = qt_clock_mono_ms() + FAREWELL_MS, now_ms;

	while (pick_term_flush(t) == 1) {
		now_ms = qt_clock_mono_ms();
		if (now_ms >= end_ms)
			break;
		(void)poll(&p, 1, (int)(end_ms - now_ms));
	}
}

void
pick_term_end(struct pick_term *t)
{
	static const char	modes[] = "\033[?1006l\033[?1000l"
				    "\033[?7h\033[?25h\033[m";
	const char		*text;

	if (t->is_raw) {
		t->is_raw = false;
		(void)pick_term_write(t, modes, sizeof(modes) - 1);
		if (t->has_paste)
			(void)pick_term_write(t, "\033[?2004l", 8);
		text = t->is_full ? "\033[?1049l" : t->is_below ?
		    "\r\033[J\033[A" : "\r\033[J";
		(void)pick_term_write(t, text, strlen(text));
		drain(t);
		tcsetattr(t->fd, TCSANOW, &t->saved);
	}
	if (current == t)
		current = NULL;
	if (t->fd >= 0)
		close(t->fd);
	t->fd = -1;
	qt_buf_clear(&t->pending);
}

int
pick_term_flush(struct pick_term *t)
{
	ssize_t	n;

	while (t->pending_at < t->pending.len) {
		n = qt_sys_write(t->fd, t->pending.data + t->pending_at,
		    t->pending.len - t->pending_at);
		if (n == -EAGAIN)
			return 1;
		if (n < 0)
			return (int)n;
		t->pending_at += (size_t)n;
	}
	qt_buf_reset(&t->pending);
	t->pending_at = 0;
	return 0;
}

int
pick_term_write(struct pick_term *t, const void *data, size_t len)
{
	int	rc = qt_buf_add(&t->pending, data, len);

	if (rc == 0)
		rc = pick_term_flush(t);
	return rc < 0 ? rc : 0;
}
