/* SPDX-License-Identifier: Apache-2.0 */
/* The options that every table of rows takes, and the run. See rows.h. */

#include <stdio.h>
#include <string.h>

#include "rows.h"

#define QUICK_ITEMS	20000

static _Noreturn void
no_row(const struct bench_row *rows, const char *name)
{
	char	all[256] = "";
	size_t	len = 0;

	for (; rows->name != NULL; rows++) {
		snprintf(all + len, sizeof(all) - len, " %s", rows->name);
		len = strlen(all);
	}
	qt_die(QT_EXIT_USAGE, "no row '%s':%s", name, all);
}

static void
run_named(const struct bench_row *rows, const char *name, struct report *r,
    const struct bench_opt *opt)
{
	const struct bench_row	*row = rows;

	while (row->name != NULL && strcmp(row->name, name) != 0)
		row++;
	if (row->name == NULL)
		no_row(rows, name);
	row->run(r, opt);
}

int
bench_main(const struct qt_verb *verb, const struct bench_row *rows,
    const struct bench_opt *defaults, uint32_t idle_max, int argc, char **argv)
{
	struct qt_opts		o = QT_OPTS_INIT(verb, argc, argv);
	struct bench_opt	opt = *defaults;
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
			    idle_max);
			break;
		case 'c':
			opt.commands = o.value;
			break;
		case 'd':
			opt.dir = o.value;
			break;
		case 'q':
			opt.is_quick = 1;
			opt.items = QUICK_ITEMS;
			opt.rounds = 1;
			break;
		case 'n':
			opt.items = qt_opt_ulong("-n", o.value, 100,
			    ITEMS_MAX);
			break;
		default:
			opt.rounds = (uint32_t)qt_opt_ulong("-r", o.value, 1,
			    ROUNDS_MAX);
			break;
		}
	}
	report_start(&r, is_json);
	if (opt.before != NULL)
		opt.before(&r, &opt);
	for (int i = o.index; i < argc; i++)
		run_named(rows, argv[i], &r, &opt);
	for (; o.index == argc && rows->name != NULL; rows++)
		rows->run(&r, &opt);
	return report_end(&r);
}
