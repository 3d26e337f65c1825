/* SPDX-License-Identifier: Apache-2.0 */
/* qt-hist search - commands that a query matches; qt-query(7) */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <qt/base/json.h>
#include <qt/base/text.h>
#include <qt/hist/find.h>

#include "history.h"
#include "print.h"
#include "query.h"
#include "verbs.h"

#define LIMIT	100u		/* unless told */

static const struct qt_opt options[] = {
	{ 'l', "limit", "N", "the first N only; 0: all; else 100" },
	{ 's', "scope", "SCOPE",
	    "all, host, session, folder or repository: of this one" },
	{ 'o', "order", "ORDER", "best or latest first" },
	{ 'e', "explain", NULL, "why each is where it is" },
	PRINT_OPTIONS,
	{ 0, NULL, NULL, NULL },
};

const struct qt_verb search_verb = {
	"search", search_main, "[QUERY...]",
	"print the commands that a query matches, the best one first", options,
};

struct search {
	unsigned long			 limit;
	bool				 is_explained;
	struct print			 print;
	struct qt_buf			 query, out;
	struct qt_hist_finding		 q;
	struct qt_hist_db		*db;
	struct qt_hist_find		*find;
	struct qt_hist_index_view	 view;
};

/* --- Printing ------------------------------------------------------------- */

/* The index has half of an event's id, and nothing of its pipeline: those are on
   disk. Of commands whose time nobody knows there may be very many. */
static bool
read_whole(const struct search *s, struct qt_hist_event *e,
    struct qt_hist_scan **scan)
{
	struct qt_hist_event	other;

	if (e->start_us == 0 || qt_hist_scan_open(s->db, e->start_us,
	    e->start_us + 1, false, scan, NULL) < 0)
		return false;
	while (qt_hist_scan_next(*scan, &other, NULL) == 1)
		if ((uint32_t)other.id == (uint32_t)e->id) {
			*e = other;
			return true;
		}
	return false;
}

/* Of a score, as against that of one run right now. */
static double
since_now(uint32_t score)
{
	return (double)score / (1 << 20) - (double)(history_here()->now_us /
	    1000000) / QT_HIST_HALF_S;
}

static double
doublings(uint32_t x)
{
	return (double)x / (1 << 20);
}

static void
explain(struct search *s, const struct qt_hist_found *f)
{
	struct qt_hist_reasons	r;

	qt_hist_find_reasons(s->find, f->command, &r);
	(void)qt_buf_addf(&s->out, "    match %u; prior %.2f = %.2f for %u run%s"
	    " (%u well), %+.2f for %u in this folder, %+.2f for %u in this"
	    " repository, %+.2f for %u after what ran last\n", f->match,
	    since_now(f->prior), since_now(r.frecency), r.runs,
	    r.runs == 1 ? "" : "s", r.successes, doublings(r.folder),
	    r.runs_folder, doublings(r.repository), r.runs_repository,
	    doublings(r.follows), r.runs_follows);
}

static void
put(struct search *s, const struct qt_hist_found *f)
{
	struct qt_hist_event	 e;
	struct qt_hist_scan	*scan = NULL;
	bool			 is_whole = false;

	qt_buf_reset(&s->out);
	/* Its last run may have left the ring; the command stays. */
	if (!qt_hist_find_event(s->find, f->event, &e))
		e.text = qt_hist_index_text(&s->view, f->command);
	else if (s->print.how >= PRINT_JSON)
		is_whole = read_whole(s, &e, &scan);
	print_event(&s->out, &s->print, &e, s->view.count[f->command],
	    is_whole);
	if (s->is_explained)
		explain(s, f);
	qt_prog_write(s->out.data, s->out.len);
	qt_hist_scan_close(scan);
}

/* --- The verb ------------------------------------------------------------- */

static void
take_option(struct search *s, int id, const char *value)
{
	switch (id) {
	case 'l':
		s->limit = qt_opt_ulong("-l", value, 0, UINT32_MAX);
		break;
	case 's':
		s->q.scope = query_scope("-s", value);
		break;
	case 'o':
		s->q.order = query_order("-o", value);
		break;
	case 'e':
		s->is_explained = true;
		break;
	default:
		(void)print_option(&s->print, id, value);
	}
}

static void
open_all(struct search *s)
{
	struct qt_err		 err = QT_ERR_INIT;
	struct qt_hist_index	*ix;
	int			 rc;

	s->db = s->print.db = history_open_index(&ix);
	if (ix == NULL)
		exit(QT_EXIT_SYS);
	qt_hist_index_view(ix, &s->view);
	rc = qt_hist_find_new(&s->find, ix, s->db, history_here(), &err);
	if (rc < 0)
		qt_die(history_code(rc), "%s: %s", err.text, qt_strerror(rc));
	s->q.max = s->limit > 0 && s->limit < s->view.commands ?
	    (uint32_t)s->limit : s->view.commands;
	s->q.found = calloc(s->q.max + 1, sizeof(*s->q.found));
	if (s->q.found == NULL)
		qt_die(QT_EXIT_SYS, "%s", qt_strerror(-ENOMEM));
}

int
search_main(int argc, char **argv)
{
	struct qt_opts	o = QT_OPTS_INIT(&search_verb, argc, argv);
	struct search	s = { .limit = LIMIT };
	struct qt_err	err = QT_ERR_INIT;
	int		id, rc;

	while ((id = qt_opts_next(&o)) != 0)
		take_option(&s, id, o.value);
	if (s.is_explained && s.print.how != PRINT_LINES)
		qt_die(QT_EXIT_USAGE, "-e explains lines: without -0, -J, -T"
		    " and -F");
	query_join(&s.query, argv + o.index, argc - o.index);
	open_all(&s);
	s.q.query = s.query.data;
	s.q.len = s.query.len;
	rc = qt_hist_find(s.find, &s.q, &err);
	if (rc == -EINVAL || rc == -E2BIG)
		query_die(&s.query, &s.q.mistake);
	if (rc < 0)
		qt_die(history_code(rc), "%s: %s", err.text, qt_strerror(rc));
	if (s.q.gave_up > 0)
		qt_warn("re: took too long on %llu commands, which are not"
		    " shown", (unsigned long long)s.q.gave_up);
	for (uint32_t i = 0; i < s.q.count; i++)
		put(&s, &s.q.found[i]);
	/* The end of the program takes care of the memory. */
	history_close(s.db);
	return s.q.count > 0 ? QT_EXIT_OK : QT_EXIT_NO;
}
