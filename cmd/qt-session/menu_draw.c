/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the interactive list shows. See menu.h.
 *
 *	+--------------------------------------------+
 *	| qt-session  3 sessions          header     |
 *	|> editor    running   5s | the selected     |
 *	|  build     exited 2  1h | session's screen |
 *	|                         |                  |
 *	| n new  x kill ...               footer     |
 *	+--------------------------------------------+
 *
 * Narrow terminals have the picture below the list, small ones none.
 */

#include <stdio.h>
#include <string.h>

#include <qt/base/clock.h>

#include "menu.h"
#include "mirror.h"
#include "width.h"

#define WIDE_COLS	70	/* from here on the picture is beside */
#define TALL_ROWS	14	/* from here on it may be below */
#define LIST_COLS_MIN	34	/* name, state and age, beside the picture */
#define LIST_COLS_MAX	48

struct area {
	unsigned int	row, col, rows, cols;
};

struct layout {
	struct area	list, preview;
};

static const char *const help[] = {
	"Up Down j k   move            Enter   attach",
	"Home End g G  first, last     n       new session",
	"PgUp PgDn     by pages        x       kill (or forget)",
	"/             filter: type,   r       rename",
	"              Enter attaches, q Esc   quit",
	"              Esc clears      ?       this help",
	"wheel, click  move, select    twice   attach",
	"",
	"Detach from a session with Ctrl-\\.",
};

static struct layout
arrange(const struct term *t)
{
	struct layout	l = { { 1, 0, 0, t->cols }, { 0, 0, 0, 0 } };
	unsigned int	rows = t->rows > 2 ? t->rows - 2u : 1;

	l.list.rows = rows;
	if (t->cols >= WIDE_COLS) {
		l.list.cols = t->cols * 2u / 5;
		if (l.list.cols < LIST_COLS_MIN)
			l.list.cols = LIST_COLS_MIN;
		if (l.list.cols > LIST_COLS_MAX)
			l.list.cols = LIST_COLS_MAX;
		l.preview = (struct area){ 1, l.list.cols + 1, rows,
		    t->cols - l.list.cols - 1 };
	} else if (t->rows >= TALL_ROWS) {
		l.list.rows = rows / 2;
		l.preview = (struct area){ 2 + l.list.rows, 0,
		    rows - l.list.rows - 1, t->cols };
	}
	return l;
}

static void
go(struct qt_buf *out, unsigned int row, unsigned int col)
{
	qt_buf_addf(out, "\033[%u;%uH\033[m", row + 1, col + 1);
}

static const char *
color_of(const struct menu *m, const struct row *r)
{
	if (!m->has_color)
		return "";
	switch (r->session.state) {
	case QT_STATE_RUNNING:
		return "\033[32m";
	case QT_STATE_LOST:
		return "\033[31m";
	default:
		return "\033[33m";
	}
}

/* One session: name, state, how long ago it wrote something. */
static void
draw_row(const struct menu *m, struct qt_buf *out, const struct row *r,
    int is_selected, unsigned int cols)
{
	struct qt_buf	text = QT_BUF_INIT;
	char		ago[16];
	unsigned int	tail = cols >= 34 ? 17 : cols >= 24 ? 10 : 0;
	unsigned int	lead = cols >= 12 ? 2 : 0;

	width_ago(ago, r->now_ms, r->active_ms != 0 ? r->active_ms :
	    r->session.created_ms);
	column_human(column_find("state", 5), r, &text);
	qt_buf_addf(out, "%s", is_selected ? "\033[7m" : "");
	width_fit(out, is_selected ? ">" : "", lead);
	width_fit(out, r->session.name, cols - lead - tail);
	if (tail > 0) {
		qt_buf_addf(out, " %s", is_selected ? "" : color_of(m, r));
		width_fit(out, text.data, 9);
		if (tail > 10)
			qt_buf_addf(out, "%s %4s %c",
			    is_selected ? "" : "\033[m", ago,
			    r->session.viewers > 0 ? '*' : ' ');
	}
	qt_buf_addf(out, "\033[m");
	qt_buf_clear(&text);
}

static void
draw_list(struct menu *m, struct qt_buf *out, const struct area *a)
{
	unsigned int	i;
	size_t		at;

	m->page = a->rows;
	m->list_row = a->row;
	m->list_cols = a->cols;
	if (m->selected < m->top)
		m->top = m->selected;
	if (m->selected >= m->top + a->rows)
		m->top = m->selected - a->rows + 1;
	for (i = 0; i < a->rows; i++) {
		at = m->top + i;
		go(out, a->row + i, a->col);
		if (at < m->nshown)
			draw_row(m, out, &m->rows[m->shown[at]],
			    at == m->selected, a->cols);
		else if (i == 0 && m->nrows == 0)
			width_fit(out, "no sessions: n starts one", a->cols);
		else if (i == 0)
			width_fit(out, "nothing matches", a->cols);
		else
			width_fit(out, "", a->cols);
	}
}

static void
draw_text(struct qt_buf *out, const struct area *a, const char *const *lines,
    size_t count)
{
	unsigned int	i;

	for (i = 0; i < a->rows; i++) {
		go(out, a->row + i, a->col);
		width_fit(out, i < count ? lines[i] : "", a->cols);
	}
}

static void
draw_preview(const struct menu *m, struct qt_buf *out, const struct area *a)
{
	const struct row	*r = menu_selected(m);
	struct picture		 p = { m->preview.data, m->preview.len, 0, 0 };
	const char		*why[1] = { m->preview_why };

	if (a->rows == 0)
		return;
	if (r == NULL || !m->has_preview || memcmp(&m->preview_id,
	    &r->session.id, sizeof(m->preview_id)) != 0) {
		draw_text(out, a, why, r != NULL ? 1 : 0);
		return;
	}
	if (m->cursor_row >= a->rows)
		p.top = m->cursor_row - a->rows + 1;
	if (m->cursor_col >= a->cols)
		p.left = m->cursor_col - a->cols + 1;
	picture_draw(out, &p, a->row, a->col, a->rows, a->cols);
}

static void
draw_border(const struct menu *m, struct qt_buf *out, const struct layout *l)
{
	unsigned int	i;

	if (l->preview.rows == 0)
		return;
	if (l->preview.col > 0) {
		for (i = 0; i < l->list.rows; i++) {
			go(out, l->list.row + i, l->list.cols);
			qt_buf_addf(out, "\xe2\x94\x82");
		}
		return;
	}
	go(out, l->preview.row - 1, 0);
	for (i = 0; i < m->term.cols; i++)
		qt_buf_addf(out, "\xe2\x94\x80");
}

static void
draw_header(const struct menu *m, struct qt_buf *out)
{
	char	text[192];

	if (m->mode == MENU_FILTER || m->filter[0] != '\0')
		snprintf(text, sizeof(text), " /%s%s   %zu of %zu", m->filter,
		    m->mode == MENU_FILTER ? "_" : "", m->nshown, m->nrows);
	else
		snprintf(text, sizeof(text), " qt-session   %zu session%s",
		    m->nrows, m->nrows == 1 ? "" : "s");
	go(out, 0, 0);
	qt_buf_addf(out, "\033[1m");
	width_fit(out, text, m->term.cols);
}

static void
draw_footer(const struct menu *m, struct qt_buf *out)
{
	const struct row	*r = menu_selected(m);
	const char		*name = r != NULL ? r->session.name : "";
	char			 text[320];

	switch (m->mode) {
	case MENU_NEW:
		snprintf(text, sizeof(text), " name of the new session "
		    "(empty: any): %s_", m->text);
		break;
	case MENU_RENAME:
		snprintf(text, sizeof(text), " new name of '%s': %s_", name,
		    m->text);
		break;
	case MENU_KILL:
		snprintf(text, sizeof(text), " %s '%s'? y n",
		    r != NULL && r->session.state == QT_STATE_RUNNING ?
		    "kill" : "forget", name);
		break;
	case MENU_FILTER:
		snprintf(text, sizeof(text), " type to filter   Enter attach"
		    "   Esc all");
		break;
	default:
		snprintf(text, sizeof(text), "%s%s", m->note[0] != '\0' ?
		    " " : "", m->note[0] != '\0' ? m->note :
		    " Enter attach  n new  x kill  r rename  / filter  "
		    "? help  q quit");
	}
	go(out, m->term.rows - 1u, 0);
	qt_buf_addf(out, m->note[0] != '\0' || m->mode == MENU_KILL ?
	    "\033[1m" : "\033[2m");
	/* The last cell stays free: writing it may scroll the screen. */
	width_fit(out, text, m->term.cols - 1u);
	qt_buf_addf(out, "\033[m");
}

void
menu_draw(struct menu *m)
{
	struct layout	l = arrange(&m->term);
	struct area	whole = { 1, 0, l.list.rows, m->term.cols };
	struct qt_buf	out = QT_BUF_INIT;

	/* A terminal that is behind gets the next picture, not every one. */
	if (m->term.pending.len > 0)
		return;
	m->is_dirty = 0;
	qt_buf_addf(&out, "\033[?2026h");
	if (m->term.rows > 2)
		draw_header(m, &out);
	else
		l.list.row = 0;
	if (m->mode == MENU_HELP) {
		whole.rows = m->term.rows > 2 ? m->term.rows - 2u : 1;
		draw_text(&out, &whole, help, sizeof(help) / sizeof(help[0]));
	} else {
		draw_list(m, &out, &l.list);
		draw_border(m, &out, &l);
		draw_preview(m, &out, &l.preview);
	}
	if (m->term.rows > 1)
		draw_footer(m, &out);
	qt_buf_addf(&out, "\033[?2026l");
	if (term_write(&m->term, out.data, out.len) < 0)
		m->is_done = 1;
	qt_buf_clear(&out);
}
