/* SPDX-License-Identifier: Apache-2.0 */
/* Raw mode and writing to the user's terminal. See term.h. */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <qt/base/clock.h>
#include <qt/base/sys.h>

#include "modes.h"
#include "term.h"

#define FAREWELL_MS	1000	/* how long a stalled terminal may keep us */
#define SMALL_WRITE	512	/* what a blocking terminal takes at once */

static struct term	*current;	/* for atexit(3) */

static void
restore_at_exit(void)
{
	if (current != NULL)
		term_restore(current);
}

/*
 * stdout's description is shared with the shell, which would inherit
 * O_NONBLOCK from us; so open the terminal once more. Where that is refused
 * (another mount namespace) small writes after POLLOUT have to do.
 */
static void
open_out(struct term *t)
{
	char	name[64];
	int	fd;

	t->out = STDOUT_FILENO;
	if (ttyname_r(STDOUT_FILENO, name, sizeof(name)) != 0)
		return;
	fd = open(name, O_WRONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return;
	t->out = fd;
	t->is_own_out = 1;
}

int
term_open(struct term *t, struct qt_err *err)
{
	static int	is_registered;

	memset(t, 0, sizeof(*t));
	t->in = STDIN_FILENO;
	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO)) {
		qt_err_set(err, "standard %s is not a terminal",
		    isatty(STDIN_FILENO) ? "output" : "input");
		return -ENOTTY;
	}
	if (tcgetattr(t->in, &t->saved) < 0) {
		qt_err_set(err, "read the terminal's settings");
		return -errno;
	}
	open_out(t);
	term_size(t);
	current = t;
	if (!is_registered)
		is_registered = atexit(restore_at_exit) == 0;
	return 0;
}

void
term_close(struct term *t)
{
	term_restore(t);
	if (t->is_own_out)
		close(t->out);
	t->is_own_out = 0;
	qt_buf_clear(&t->pending);
	if (current == t)
		current = NULL;
}

int
term_raw(struct term *t, struct qt_err *err)
{
	struct termios	raw = t->saved;

	cfmakeraw(&raw);
	raw.c_cc[VMIN] = 1;
	raw.c_cc[VTIME] = 0;
	if (tcsetattr(t->in, TCSADRAIN, &raw) < 0) {
		qt_err_set(err, "set the terminal to raw mode");
		return -errno;
	}
	t->is_raw = 1;
	return term_print(t, "\033[22;0t");
}

/* Writes what is queued, waiting for the terminal a little. */
static void
drain(struct term *t)
{
	struct pollfd	p = { .fd = t->out, .events = POLLOUT };
	uint64_t	end_ms = qt_clock_mono_ms() + FAREWELL_MS, now_ms;

	while (term_flush(t) == 1) {
		now_ms = qt_clock_mono_ms();
		if (now_ms >= end_ms)
			break;
		if (poll(&p, 1, (int)(end_ms - now_ms)) < 0 && errno != EINTR)
			break;
	}
}

void
term_restore(struct term *t)
{
	struct qt_buf	buf = QT_BUF_INIT;

	if (!t->is_raw)
		return;
	t->is_raw = 0;
	term_defaults(t, &buf);
	if (!t->is_tidy && t->last_byte != '\n')
		qt_buf_add(&buf, "\r\n", 2);
	qt_buf_addf(&buf, "\033[23;0t");
	term_write(t, buf.data, buf.len);
	qt_buf_clear(&buf);
	drain(t);
	qt_buf_reset(&t->pending);
	t->pending_at = 0;
	tcsetattr(t->in, TCSANOW, &t->saved);
}

int
term_size(struct term *t)
{
	struct winsize	ws;
	uint16_t	cols = 80, rows = 24;
	int		changed;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &ws) == 0 && ws.ws_col > 0 &&
	    ws.ws_row > 0) {
		cols = ws.ws_col;
		rows = ws.ws_row;
	}
	changed = cols != t->cols || rows != t->rows;
	t->cols = cols;
	t->rows = rows;
	return changed;
}

/* write(2), never stuck: -EAGAIN when the terminal takes nothing now. */
static ssize_t
write_some(struct term *t, const char *data, size_t len)
{
	struct pollfd	p = { .fd = t->out, .events = POLLOUT };

	if (!t->is_own_out) {
		if (poll(&p, 1, 0) <= 0)
			return -EAGAIN;
		if (len > SMALL_WRITE)
			len = SMALL_WRITE;
	}
	return qt_sys_write(t->out, data, len);
}

int
term_flush(struct term *t)
{
	ssize_t	n;

	while (t->pending_at < t->pending.len) {
		n = write_some(t, t->pending.data + t->pending_at,
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
term_write(struct term *t, const void *data, size_t len)
{
	int	rc;

	term_note(t, data, len);
	if (len > 0)
		t->last_byte = ((const char *)data)[len - 1];
	rc = qt_buf_add(&t->pending, data, len);
	if (rc < 0)
		return rc;
	rc = term_flush(t);
	return rc < 0 ? rc : 0;
}

int
term_print(struct term *t, const char *fmt, ...)
{
	char	text[512];
	va_list	ap;
	int	n;

	va_start(ap, fmt);
	n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= sizeof(text))
		return -EMSGSIZE;
	return term_write(t, text, (size_t)n);
}
