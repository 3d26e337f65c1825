/* SPDX-License-Identifier: Apache-2.0 */
/* What a viewer shows: pieces of the view on the terminal. See viewer.h. */

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <qt/base/clock.h>
#include <qt/base/prog.h>

#include "viewer.h"
#include "width.h"

#define PIECE_MAX	(32u << 10)
#define TURN_MAX	(256u << 10)	/* then look at the keyboard */
#define RESET_MAX	512		/* of a redraw, its reset */
#define FIT_MS		150		/* time for the host to follow us */

void
viewer_end(struct viewer *v, int code, const char *fmt, ...)
{
	va_list	ap;

	if (v->is_done)
		return;
	v->is_done = 1;
	v->code = code;
	va_start(ap, fmt);
	vsnprintf(v->words, sizeof(v->words), fmt, ap);
	va_end(ap);
}

static void
say_skipped(struct viewer *v, struct qt_buf *out)
{
	char	text[24];

	if (v->skipped == 0)
		return;
	width_bytes(text, v->skipped);
	qt_buf_addf(out, "\033[7m[skipped %s]\033[m\r\n", text);
	v->skipped = 0;
}

/* Moves what is on the main screen up into the terminal's scrollback. */
static void
scroll_away(struct viewer *v, struct qt_buf *out)
{
	uint16_t	i;

	if (v->is_drawn)
		qt_buf_addf(out, "\033[%u;1H\r\n", v->term.rows);
	say_skipped(v, out);
	for (i = 1; i < v->term.rows; i++)
		qt_buf_add(out, "\n", 1);
	qt_buf_addf(out, "\033[H\033[J");
}

/*
 * Before the first bytes, and before those of a redraw. The screen's redraw
 * begins by resetting whatever a terminal may have on, which on somebody's own
 * would undo what was set before we came. So switch off what is on, mode by
 * mode, and keep what was on the screen.
 */
static int
reset_terminal(struct viewer *v, int is_repaint)
{
	struct qt_buf	out = QT_BUF_INIT;
	int		rc;

	term_defaults(&v->term, &out);
	if (is_repaint && v->is_drawn && v->skipped == 0)
		qt_buf_addf(&out, "\033[H\033[J");
	else
		scroll_away(v, &out);
	v->is_drawn = 1;
	v->needs_reset = 0;
	rc = term_write(&v->term, out.data, out.len);
	qt_buf_clear(&out);
	return rc;
}

/*
 * Output goes on without a redraw: says so in a line of its own, for which
 * full-screen programs have no place. A sequence may stand half done.
 */
static int
mark_skipped(struct viewer *v)
{
	struct qt_buf	out = QT_BUF_INIT;
	int		rc;

	if (v->term.modes.dec & QT_MODE_ALT_SCREEN)
		return 0;
	qt_buf_addf(&out, "\030\033\\\033[m\r\n");
	say_skipped(v, &out);
	rc = term_write(&v->term, out.data, out.len);
	qt_buf_clear(&out);
	return rc;
}

/* Takes the reset off the redraw: it ends by clearing the screen. */
void
viewer_redraw(struct qt_buf *data)
{
	static const char	 end[] = "\033[H\033[J";
	size_t			 head = data->len < RESET_MAX ? data->len :
	    RESET_MAX;
	const char		*p;

	p = head > 0 ? memmem(data->data, head, end, sizeof(end) - 1) : NULL;
	if (p != NULL)
		qt_buf_drop(data, (size_t)(p - data->data) + sizeof(end) - 1);
}

int
viewer_fit(struct viewer *v)
{
	const struct qt_session	*s = &v->f.session;
	struct qt_err		 err;
	int			 fits = s->cols == v->term.cols &&
	    s->rows == v->term.rows;

	v->fit_ms = 0;
	if (fits && v->mirror.is_on) {
		mirror_stop(&v->mirror);
		v->needs_reset = 1;
		return follow_restart(&v->f, &err);
	}
	if (!fits && !v->mirror.is_on && s->state == QT_STATE_RUNNING)
		mirror_start(&v->mirror, &v->term);
	v->mirror.is_due = 1;
	return 0;
}

static void
show_exit(struct viewer *v, const struct qt_view_piece *p)
{
	char	how[96];

	if (v->f.session.state == QT_STATE_LOST) {
		viewer_end(v, QT_EXIT_SYS, "%s was lost: its host died",
		    v->f.session.name);
		return;
	}
	exit_text(p->exit_status, how, sizeof(how));
	viewer_end(v, exit_code(p->exit_status) == 0 ? QT_EXIT_OK :
	    QT_EXIT_NO, "%s %s", v->f.session.name, how);
}

static int
show_data(struct viewer *v, const struct qt_view_piece *p)
{
	int	rc;

	if (v->mirror.is_on) {
		mirror_feed(&v->mirror, p->data, p->len);
		return 0;
	}
	rc = v->needs_reset || p->is_first ?
	    reset_terminal(v, p->is_repaint) :
	    v->skipped > 0 ? mark_skipped(v) : 0;
	return rc < 0 ? rc : term_write(&v->term, p->data, p->len);
}

static int
show_piece(struct viewer *v, const struct qt_view_piece *p)
{
	switch (p->kind) {
	case QT_VIEW_SIZE:
		v->f.session.cols = p->cols;
		v->f.session.rows = p->rows;
		if (p->cols == v->term.cols && p->rows == v->term.rows)
			return viewer_fit(v);
		v->fit_ms = qt_clock_mono_ms() + FIT_MS;
		return 0;
	case QT_VIEW_DATA:
		return show_data(v, p);
	case QT_VIEW_SKIPPED:
		v->skipped += p->count;
		v->skipped_all += p->count;
		return 0;
	case QT_VIEW_EXIT:
		show_exit(v, p);
		return 0;
	case QT_VIEW_GONE:
		viewer_end(v, QT_EXIT_NO, "%s was removed",
		    v->f.session.name);
		return 0;
	default:
		return 0;
	}
}

int
viewer_show(struct viewer *v)
{
	struct qt_view_piece	p;
	size_t			shown = 0;
	int			rc;

	v->is_idle = 0;
	while (!v->is_done && shown < TURN_MAX && v->term.pending.len == 0) {
		rc = follow_next(&v->f, PIECE_MAX, &p);
		if (rc < 0)
			return rc;
		if (p.kind == QT_VIEW_IDLE) {
			v->is_idle = 1;
			return 0;
		}
		shown += p.len;
		rc = show_piece(v, &p);
		if (rc < 0)
			return rc;
	}
	return 0;
}
