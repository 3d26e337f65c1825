/* SPDX-License-Identifier: Apache-2.0 */
/* qt-bench session - what the session host promises, measured */

#include <string.h>

#include "report.h"
#include "rows.h"
#include "verbs.h"

static int session_main(int argc, char **argv);

static const struct qt_opt session_opts[] = {
	{ 'J', "json", NULL, "print one JSON array" },
	{ 'b', "bytes", "SIZE", "of each flood (default 200M)" },
	{ 'i', "idle", "N", "idle sessions (default 10000)" },
	{ 'r', "rounds", "N", "repeat, take medians (default 3)" },
	{ 0, NULL, NULL, NULL },
};

const struct qt_verb session_verb = {
	"session", session_main, "[ROW ...]",
	"rows: flow idle new stopped viewers", session_opts
};

static const struct {
	const char	*name;
	void		(*run)(struct report *, const struct bench_opt *);
} rows[] = {
	{ "flow",	row_session_flow },
	{ "new",	row_session_new },
	{ "stopped",	row_session_stopped },
	{ "viewers",	row_session_viewers },
	{ "idle",	row_session_idle },
};
#define ROW_COUNT (sizeof(rows) / sizeof(rows[0]))

static void
run_named(struct report *r, const char *name, const struct bench_opt *opt)
{
	for (size_t i = 0; i < ROW_COUNT; i++) {
		if (strcmp(rows[i].name, name) == 0) {
			rows[i].run(r, opt);
			return;
		}
	}
	qt_die(QT_EXIT_USAGE, "no row '%s': flow new stopped viewers idle",
	    name);
}

static int
session_main(int argc, char **argv)
{
	struct qt_opts		o = QT_OPTS_INIT(&session_verb, argc, argv);
	struct bench_opt	opt = { 200u << 20, 10000, 3 };
	struct report		r;
	int			id, is_json = 0;

	while ((id = qt_opts_next(&o)) != 0) {
		switch (id) {
		case 'J':
			is_json = 1;
			break;
		case 'b':
			opt.bytes = qt_opt_size("-b", o.value, 1, 1ul << 40);
			break;
		case 'i':
			opt.idle = (uint32_t)qt_opt_ulong("-i", o.value, 1,
			    60000);
			break;
		default:
			opt.rounds = (uint32_t)qt_opt_ulong("-r", o.value, 1,
			    16);
			break;
		}
	}
	report_start(&r, is_json);
	for (int i = o.index; i < argc; i++)
		run_named(&r, argv[i], &opt);
	for (size_t i = 0; o.index == argc && i < ROW_COUNT; i++)
		rows[i].run(&r, &opt);
	return report_end(&r);
}
