/* SPDX-License-Identifier: Apache-2.0 */
/* qt-hist stats - how much was run, what, when, where, and how it ended */

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <qt/base/json.h>
#include <qt/base/text.h>

#include "history.h"
#include "stats.h"
#include "verbs.h"

static const struct qt_opt options[] = {
	{ 'l', "limit", "N", "at most N rows of a list (10)" },
	{ 'J', "json", NULL, "a JSON object" },
	{ 'T', "tsv", NULL, "fields with tabs between them, also for a "
	    "terminal" },
	{ 0, NULL, NULL, NULL },
};

const struct qt_verb stats_verb = {
	"stats", stats_main, "[PERIOD]",
	"figures: what was run most, when, where, and how it ended", options,
};

static const char *const sections[] = { "command", "program", "folder" };
static const char *const plurals[] = { "commands", "programs", "folders" };
static const char *const weekdays[] = { "monday", "tuesday", "wednesday",
    "thursday", "friday", "saturday", "sunday" };

static uint32_t
rows_of(const struct qt_hist_stats *s, int of, unsigned int limit)
{
	return s->count[of] < limit ? s->count[of] : limit;
}

/* --- Fields --------------------------------------------------------------- */

static void
add_row(struct qt_buf *out, const char *section,
    const struct qt_hist_bytes *name, const struct qt_hist_tally *n)
{
	(void)qt_buf_addf(out, "%s\t", section);
	qt_text_escape(out, name->data, name->len);
	(void)qt_buf_addf(out, "\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64
	    ".%06" PRIu64 "\n", n->runs, n->failed, n->took_us / 1000000,
	    n->took_us % 1000000);
}

static void
add_figure(struct qt_buf *out, const char *name, uint64_t n)
{
	(void)qt_buf_addf(out, "total\t%s\t%" PRIu64 "\t-\t-\n", name, n);
}

static void
add_fields(struct qt_buf *out, const struct qt_hist_stats *s,
    unsigned int limit)
{
	char	hour[3] = "00";

	add_row(out, "total", &(struct qt_hist_bytes){ "runs", 4 }, &s->all);
	add_figure(out, "distinct", s->count[QT_HIST_STATS_COMMANDS]);
	add_figure(out, "folders", s->count[QT_HIST_STATS_FOLDERS]);
	add_figure(out, "sessions", s->sessions);
	add_figure(out, "days", s->days);
	add_figure(out, "first", s->first_us / 1000000);
	add_figure(out, "last", s->last_us / 1000000);
	for (int of = 0; of < QT_HIST_STATS_LISTS; of++)
		for (uint32_t i = 0; i < rows_of(s, of, limit); i++)
			add_row(out, sections[of], &s->list[of][i].name,
			    &s->list[of][i].n);
	for (int i = 0; i < 24; i++) {
		hour[0] = (char)('0' + i / 10);
		hour[1] = (char)('0' + i % 10);
		add_row(out, "hour", &(struct qt_hist_bytes){ hour, 2 },
		    &s->hour[i]);
	}
	for (int i = 0; i < 7; i++)
		add_row(out, "weekday", &(struct qt_hist_bytes){ weekdays[i],
		    strlen(weekdays[i]) }, &s->weekday[i]);
}

/* --- JSON ----------------------------------------------------------------- */

static void
put_tally(struct qt_json *j, const struct qt_hist_tally *n)
{
	qt_json_uint(j, "runs", n->runs);
	qt_json_uint(j, "ended", n->ended);
	qt_json_uint(j, "failed", n->failed);
	qt_json_double(j, "seconds", (double)n->took_us / 1e6);
}

static void
put_tallies(struct qt_json *j, const char *key, const struct qt_hist_tally *n,
    int count)
{
	qt_json_array(j, key);
	for (int i = 0; i < count; i++) {
		qt_json_object(j, NULL);
		put_tally(j, &n[i]);
		qt_json_end(j);
	}
	qt_json_end(j);
}

static void
add_json(struct qt_buf *out, const struct qt_hist_stats *s,
    unsigned int limit)
{
	struct qt_json	j = QT_JSON_INIT(out);

	qt_json_object(&j, NULL);
	put_tally(&j, &s->all);
	qt_json_uint(&j, "distinct", s->count[QT_HIST_STATS_COMMANDS]);
	qt_json_uint(&j, "folder_count", s->count[QT_HIST_STATS_FOLDERS]);
	qt_json_uint(&j, "sessions", s->sessions);
	qt_json_uint(&j, "days", s->days);
	if (s->first_us != 0) {
		qt_json_double(&j, "first", (double)s->first_us / 1e6);
		qt_json_double(&j, "last", (double)s->last_us / 1e6);
	}
	for (int of = 0; of < QT_HIST_STATS_LISTS; of++) {
		qt_json_array(&j, plurals[of]);
		for (uint32_t i = 0; i < rows_of(s, of, limit); i++) {
			const struct qt_hist_stats_row	*r =
			    &s->list[of][i];

			qt_json_object(&j, NULL);
			qt_json_strn(&j, sections[of], r->name.data,
			    r->name.len);
			put_tally(&j, &r->n);
			qt_json_end(&j);
		}
		qt_json_end(&j);
	}
	put_tallies(&j, "hours", s->hour, 24);
	put_tallies(&j, "weekdays", s->weekday, 7);
	qt_json_end(&j);
	(void)qt_buf_add(out, "\n", 1);
}

/* --- The verb ------------------------------------------------------------- */

/* The first that says something. */
static bool
is_utf8(void)
{
	static const char *const	names[] = { "LC_ALL", "LC_CTYPE",
	    "LANG" };

	for (int i = 0; i < 3; i++) {
		const char	*value = getenv(names[i]);

		if (value != NULL && *value != '\0')
			return strcasestr(value, "utf-8") != NULL ||
			    strcasestr(value, "utf8") != NULL;
	}
	return false;
}

static void
add_page(struct qt_buf *out, const struct qt_hist_stats *s,
    unsigned int limit)
{
	const char		*plain = getenv("NO_COLOR");
	const char		*term = getenv("TERM");
	struct winsize		 ws;
	struct stats_page	 page = { .stats = s, .limit = limit,
	    .width = 80, .is_utf8 = is_utf8(),
	    .has_color = (plain == NULL || *plain == '\0') && term != NULL &&
		strcmp(term, "dumb") != 0 };

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &ws) == 0 && ws.ws_col > 0)
		page.width = ws.ws_col;
	stats_page(out, &page);
}

static void
make(struct qt_hist_stats *s, struct qt_hist_index *ix, const char *period)
{
	struct qt_hist_period	p = { 0, UINT64_MAX };
	struct qt_err		err = QT_ERR_INIT;
	int			rc;

	if (period != NULL && qt_hist_period_parse(&p, period,
	    history_here()) < 0)
		qt_die(QT_EXIT_USAGE, "'%s' is no period: today, yesterday, "
		    "week, month, year, monday, 30d, 2026, 2026-11, "
		    "2026-11-21, FROM..TO", period);
	rc = qt_hist_stats_make(s, ix, &p, history_here()->zone_s, &err);
	if (rc < 0)
		qt_die(QT_EXIT_SYS, "%s: %s", err.text, qt_strerror(rc));
}

int
stats_main(int argc, char **argv)
{
	struct qt_opts		 o = QT_OPTS_INIT(&stats_verb, argc, argv);
	struct qt_buf		 out = QT_BUF_INIT;
	struct qt_hist_stats	 s;
	struct qt_hist_index	*ix;
	unsigned int		 limit = 10;
	int			 id, how = 0, rc;

	while ((id = qt_opts_next(&o)) != 0) {
		if (id == 'l')
			limit = (unsigned int)qt_opt_ulong("-l", o.value, 0,
			    INT32_MAX);
		else if (how != 0 && how != id)
			qt_die(QT_EXIT_USAGE, "-J or -T, not both");
		else
			how = id;
	}
	if (argc - o.index > 1)
		qt_usage(&stats_verb);
	history_close(history_open_index(&ix));
	if (ix == NULL)
		return QT_EXIT_SYS;
	make(&s, ix, argv[o.index]);
	rc = s.all.runs > 0 ? QT_EXIT_OK : QT_EXIT_NO;
	if (how == 'J')
		add_json(&out, &s, limit);
	else if (rc == QT_EXIT_OK && (how == 'T' || !isatty(STDOUT_FILENO)))
		add_fields(&out, &s, limit);
	else if (rc == QT_EXIT_OK)
		add_page(&out, &s, limit);
	qt_prog_write(out.data, out.len);
	qt_buf_clear(&out);
	qt_hist_stats_clear(&s);
	qt_hist_index_close(ix);
	return rc;
}
