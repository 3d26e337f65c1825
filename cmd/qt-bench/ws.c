/* SPDX-License-Identifier: Apache-2.0 */
/* qt-bench ws - what qtd promises to WebSocket clients, measured */

#include <string.h>

#include "report.h"
#include "rows.h"
#include "verbs.h"

static int ws_main(int argc, char **argv);

static const struct qt_opt ws_opts[] = {
	{ 'J', "json", NULL, "print one JSON array" },
	{ 'b', "bytes", "SIZE", "of each flood (default 200M)" },
	{ 'i', "idle", "N", "idle WebSockets (default 10000)" },
	{ 'r', "rounds", "N", "repeat, take medians (default 3)" },
	{ 0, NULL, NULL, NULL },
};

const struct qt_verb ws_verb = {
	"ws", ws_main, "[ROW ...]", "rows: flow echo idle", ws_opts
};

static void
run_named(struct report *r, const char *name, const struct bench_opt *opt)
{
	if (strcmp(name, "flow") == 0)
		row_ws_flow(r, opt);
	else if (strcmp(name, "echo") == 0)
		row_ws_echo(r, opt);
	else if (strcmp(name, "idle") == 0)
		row_ws_idle(r, opt);
	else
		qt_die(QT_EXIT_USAGE, "no row '%s': flow echo idle", name);
}

static int
ws_main(int argc, char **argv)
{
	static const char *const all[] = { "flow", "echo", "idle" };
	struct qt_opts		o = QT_OPTS_INIT(&ws_verb, argc, argv);
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
			    19000);
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
	for (size_t i = 0; o.index == argc && i < 3; i++)
		run_named(&r, all[i], &opt);
	return report_end(&r);
}
