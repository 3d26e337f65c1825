/* SPDX-License-Identifier: Apache-2.0 */
/* qt-hist list - events in the order of time */

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include <qt/base/text.h>
#include <qt/hist/export.h>

#include "history.h"
#include "verbs.h"

static const struct qt_opt options[] = {
	{ 'l', "limit", "N", "the last N only" },
	{ '0', "null", NULL, "commands alone, as they are, each ends in a NUL" },
	{ 'J', "json", NULL, "a JSON object a line, with all that is known" },
	{ 0, NULL, NULL, NULL },
};

const struct qt_verb list_verb = {
	"list", list_main, "[-l N] [-0|-J]",
	"list what was run, the last one last", options,
};

struct listing {
	unsigned long	limit;
	bool		is_null, is_json;
	struct qt_buf	out;
};

static void
put_line(struct qt_buf *out, const struct qt_hist_event *e)
{
	time_t		at = (time_t)(e->start_us / 1000000);
	struct tm	tm;
	char		when[32] = "-", status[16] = "-";

	if (e->start_us != 0 && localtime_r(&at, &tm) != NULL)
		strftime(when, sizeof(when), "%F %T", &tm);
	if (e->flags & QT_HIST_RUNNING)
		snprintf(status, sizeof(status), "runs");
	else if (e->status >= 0)
		snprintf(status, sizeof(status), "%" PRId32, e->status);
	(void)qt_buf_addf(out, "%-19s %4s  ", when, status);
	(void)qt_text_escape(out, e->text.data, e->text.len);
	(void)qt_buf_add(out, "\n", 1);
}

static void
put(struct listing *l, const struct qt_hist_event *e)
{
	qt_buf_reset(&l->out);
	if (l->is_json) {
		(void)qt_hist_export_add(&l->out, QT_HIST_JSON, e);
	} else if (l->is_null) {
		(void)qt_buf_add(&l->out, e->text.data, e->text.len);
		(void)qt_buf_add(&l->out, "", 1);
	} else {
		put_line(&l->out, e);
	}
	qt_prog_write(l->out.data, l->out.len);
}

/* The first of the last so many. */
static struct qt_hist_event
find_first(struct qt_hist_db *db, unsigned long limit, struct qt_err *err)
{
	struct qt_hist_event	 e = { 0 };
	struct qt_hist_scan	*scan;
	int			 rc;

	rc = qt_hist_scan_open(db, 0, UINT64_MAX, true, &scan, err);
	while (rc >= 0 && limit-- > 0)
		if ((rc = qt_hist_scan_next(scan, &e, err)) <= 0)
			break;
	if (rc < 0)
		qt_die(history_code(rc), "%s: %s", err->text, qt_strerror(rc));
	qt_hist_scan_close(scan);
	return e;
}

static unsigned long
list(struct qt_hist_db *db, struct listing *l)
{
	struct qt_hist_event	 first = { 0 }, e = { 0 };
	struct qt_hist_scan	*scan;
	struct qt_err		 err = QT_ERR_INIT;
	unsigned long		 n = 0;
	int			 rc;

	if (l->limit > 0)
		first = find_first(db, l->limit, &err);
	rc = qt_hist_scan_open(db, first.start_us, UINT64_MAX, false, &scan,
	    &err);
	while (rc >= 0 && (rc = qt_hist_scan_next(scan, &e, &err)) == 1) {
		/* Many may have begun at one time, or nobody knows when. */
		if (e.start_us == first.start_us && e.id < first.id)
			continue;
		put(l, &e);
		n++;
	}
	if (rc < 0)
		qt_die(history_code(rc), "%s: %s", err.text, qt_strerror(rc));
	qt_hist_scan_close(scan);
	return n;
}

int
list_main(int argc, char **argv)
{
	struct qt_opts		 o = QT_OPTS_INIT(&list_verb, argc, argv);
	struct listing		 l = { .out = QT_BUF_INIT };
	struct qt_hist_db	*db;
	unsigned long		 n;
	int			 id;

	while ((id = qt_opts_next(&o)) != 0) {
		if (id == 'l')
			l.limit = qt_opt_ulong("-l", o.value, 1, UINT32_MAX);
		else if (id == '0')
			l.is_null = true;
		else
			l.is_json = true;
	}
	if (o.index < argc)
		qt_usage(&list_verb);
	if (l.is_null && l.is_json)
		qt_die(QT_EXIT_USAGE, "-0 or -J, not both");
	db = history_open();
	n = list(db, &l);
	qt_buf_clear(&l.out);
	history_close(db);
	return n > 0 ? QT_EXIT_OK : QT_EXIT_NO;
}
