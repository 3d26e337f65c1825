/* SPDX-License-Identifier: Apache-2.0 */
/* qt-hist list - events in the order of time */

#include "history.h"
#include "last.h"
#include "print.h"
#include "verbs.h"

static const struct qt_opt options[] = {
	{ 'l', "limit", "N", "the last N only; 0: all (0)" },
	PRINT_OPTIONS,
	{ 0, NULL, NULL, NULL },
};

const struct qt_verb list_verb = {
	"list", list_main, "",
	"list what was run, the last one last", options,
};

static void
show(void *arg, const struct qt_hist_event *e)
{
	print_out(arg, e, 0, true);
}

int
list_main(int argc, char **argv)
{
	struct qt_opts		 o = QT_OPTS_INIT(&list_verb, argc, argv);
	struct print		 print = { .how = PRINT_LINES };
	struct qt_hist_db	*db;
	unsigned long		 limit = 0, n;
	int			 id;

	while ((id = qt_opts_next(&o)) != 0)
		if (!print_option(&print, id, o.value))
			limit = qt_opt_ulong("-l", o.value, 0, UINT32_MAX);
	if (o.index < argc)
		qt_usage(&list_verb);
	db = history_open();
	print.db = db;
	n = last_each(db, limit, show, &print);
	history_close(db);
	return n > 0 ? QT_EXIT_OK : QT_EXIT_NO;
}
