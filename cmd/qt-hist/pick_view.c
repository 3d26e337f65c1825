/* SPDX-License-Identifier: Apache-2.0 */
/* What the picker is to show: the list as rows for pick_draw.c. See pick.h. */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <qt/base/clock.h>

#include "pick.h"
#include "pick_draw.h"

#define ROWS_MAX	512u	/* of a screen that are used */
#define HITS_MAX	128u	/* bytes of a command that are marked as found */
#define RUNS_MAX	64u	/* shown */

const char *const pick_help[] = {
	"  Enter         run it             Right, M-Enter  edit it first",
	"  Esc C-c C-g   leave              M-w             copy it",
	"  Up C-p        up                 Tab, S-Tab      mark, down or up",
	"  Down C-n      down               C-x, S-Del      delete (all marked)",
	"  PgUp M-v      a page up          C-_             undo",
	"  PgDn C-v      a page down        C-o             preview",
	"  C-Home M-<    the first one      C-r             of whom: all, host,",
	"  C-End M->     the last one                       session, folder ...",
	"  F1 M-?        this               C-s             order",
	"",
	"  The query is edited as in readline, or in vi (--keys vi), where Esc",
	"  and then j k g G ? q are keys of the list.  Words match fuzzily;",
	"  'exact  ^start  end$  !not  a | b  re:  cwd: dir: git: host: session:",
	"  exit: dur: before: after: shell: tag:   see qt-query(7)",
	"",
	"  + marked   ! failed   * runs",
};
const unsigned int pick_help_count = sizeof(pick_help) / sizeof(pick_help[0]);

unsigned int
pick_height(const struct pick *p)
{
	unsigned int	most = p->term.rows, rows = p->height;

	if (most > ROWS_MAX)
		most = ROWS_MAX;
	if (p->place.is_full)
		return most;
	/* The line in which the cursor is stays in sight, where it can. */
	if (p->place.is_below && most > PICK_ROWS_MIN)
		most--;
	if (p->is_per_cent)
		rows = p->term.rows * p->height / 100;
	if (rows < PICK_ROWS_MIN)
		rows = PICK_ROWS_MIN;
	return rows < most ? rows : most;
}

/* --- The list ------------------------------------------------------------- */

struct rows {
	struct pick_row	rows[ROWS_MAX];
	uint32_t	hits[ROWS_MAX][HITS_MAX];
};

static void
fill_row(const struct pick *p, uint32_t i, struct pick_row *r,
    uint32_t hits[HITS_MAX])
{
	const struct qt_hist_found	*f = &p->list.found[i];
	struct qt_hist_bytes		 text = pick_list_text(&p->list, i);
	struct qt_hist_positions	 at = { hits, HITS_MAX, 0 };
	struct qt_hist_index_event	 e;

	*r = (struct pick_row){ .text = text.data, .len = text.len,
	    .at = hits, .status = -1 };
	qt_hist_find_positions(p->list.find, f->command, &at);
	r->at_count = at.count;
	r->is_marked = pick_texts_has(&p->list.marked, &text);
	if (!qt_hist_index_event(p->list.ix, f->event, &e))
		return;
	r->when_us = e.start_us;
	r->status = e.status;
	r->is_running = (e.flags & QT_HIST_RUNNING) != 0;
}

/* --- The preview ---------------------------------------------------------- */

static void
fill_run(struct pick_run *r, const struct qt_hist_event *e)
{
	*r = (struct pick_run){ .when_us = e->start_us, .took_us = e->took_us,
	    .status = e->status,
	    .is_running = (e->flags & QT_HIST_RUNNING) != 0,
	    .folder = e->cwd.data, .folder_len = e->cwd.len,
	    .host = e->host.data, .host_len = e->host.len };
}

static void
fill_preview(const struct pick *p, struct pick_preview *v,
    struct pick_run runs[RUNS_MAX], uint32_t most)
{
	struct qt_hist_index_view	view;
	struct qt_hist_index_event	e;
	struct qt_hist_event		whole;
	struct qt_hist_bytes		text;
	uint32_t			command, n;

	if (p->list.cursor >= p->list.count)
		return;
	command = p->list.found[p->list.cursor].command;
	text = pick_list_text(&p->list, p->list.cursor);
	qt_hist_index_view(p->list.ix, &view);
	if (command >= view.commands)
		return;
	v->text = text.data;
	v->len = text.len;
	v->count = view.count[command];
	v->good = view.successes[command];
	v->runs = runs;
	for (n = view.last[command]; n != 0 && v->run_count < most; ) {
		if (!qt_hist_index_event(p->list.ix, n, &e) ||
		    !qt_hist_find_event(p->list.find, n, &whole))
			break;
		fill_run(&runs[v->run_count++], &whole);
		n = e.of_command < n ? e.of_command : 0;
	}
}

/* --- The line below the query --------------------------------------------- */

static void
say_question(const struct pick_texts *marked, char out[256])
{
	if (marked->count > 1)
		snprintf(out, 256, "delete the %zu marked, and all their runs? "
		    "y n", marked->count);
	else
		snprintf(out, 256, "delete %s, and all its runs? y n",
		    marked->count == 1 ? "what is marked" : "it");
}

static void
say_status(const struct pick *p, char out[256], bool *is_alarm)
{
	const struct pick_list		*l = &p->list;
	struct qt_hist_index_view	 v = { 0 };
	int				 n;

	*is_alarm = true;
	if (p->mode == PICK_SURE) {
		say_question(&l->marked, out);
	} else if (p->note[0] != '\0') {
		snprintf(out, 256, "%s", p->note);
		*is_alarm = false;
	} else if (l->is_wrong) {
		snprintf(out, 256, "expected %s", l->mistake.expected);
	} else if (l->ix == NULL && p->taker >= 0) {
		snprintf(out, 256, "reading the history ...");
	} else {
		*is_alarm = false;
		if (l->ix != NULL)
			qt_hist_index_view(l->ix, &v);
		n = snprintf(out, 256, "%" PRIu64 "/%" PRIu32 "  %s  %s",
		    l->matched, v.commands, qt_hist_scope_name(l->scope),
		    pick_list_order_name(l));
		if (l->marked.count > 0)
			n += snprintf(out + n, 256 - (size_t)n, "  +%zu",
			    l->marked.count);
		if (l->gave_up > 0)
			snprintf(out + n, 256 - (size_t)n, "  re: gave up on %"
			    PRIu64, l->gave_up);
	}
}

void
pick_view(struct pick *p, struct qt_buf *out)
{
	static struct rows	 r;
	static struct pick_run	 runs[RUNS_MAX];
	char			 status[256];
	struct pick_list	*l = &p->list;
	struct pick_screen	 s = { .cols = p->term.cols,
	    .rows = pick_height(p), .has_color = p->has_color,
	    .now_us = qt_clock_real_us(), .query = p->line.text,
	    .len = p->line.len, .at = p->line.at, .wrong = UINT32_MAX,
	    .is_normal = p->line.is_normal, .status = status,
	    .hint = "F1 help", .list = r.rows };

	if (p->mode == PICK_HELP) {
		s.help = pick_help + p->help_top;
		s.help_count = pick_help_count - p->help_top;
	} else if (p->has_preview) {
		fill_preview(p, &s.preview, runs,
		    s.rows < RUNS_MAX ? s.rows : RUNS_MAX);
	}
	p->area_rows = s.rows;
	p->list_rows = pick_layout(s.rows, s.preview.text != NULL).list_rows;
	pick_list_scroll(l, p->list_rows);
	for (uint32_t i = l->top; i < l->count && s.list_count < p->list_rows;
	    i++, s.list_count++)
		fill_row(p, i, &r.rows[s.list_count], r.hits[s.list_count]);
	s.cursor = l->cursor - l->top;
	if (l->is_wrong) {
		s.wrong = l->mistake.at;
		s.wrong_len = l->mistake.len;
	}
	if (l->here != NULL)
		s.home = l->here->home;
	say_status(p, status, &s.is_alarm);
	pick_draw(&s, out);
}
