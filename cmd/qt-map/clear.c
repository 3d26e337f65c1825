/* SPDX-License-Identifier: Apache-2.0 */
/* qt-map clear - remove all keys */

#include "ask.h"
#include "map.h"
#include "verbs.h"

static const struct qt_opt opts[] = {
	{ 'f', "force", NULL, "do not ask" },
	{ 0, NULL, NULL, NULL },
};

const struct qt_verb clear_verb = {
	"clear", clear_main, "", "remove all keys", opts,
};

int
clear_main(int argc, char **argv)
{
	struct qt_opts	 o = QT_OPTS_INIT(&clear_verb, argc, argv);
	struct qt_err	 err = QT_ERR_INIT;
	struct qt_store	*store;
	int		 rc, is_forced = 0;

	while (qt_opts_next(&o) != 0)
		is_forced = 1;
	if (o.index < argc)
		qt_usage(&clear_verb);
	store = map_open(0);
	if (!is_forced && !ask("remove all keys of map '%s'?",
	    map_text())) {
		map_close();
		return QT_EXIT_NO;
	}
	rc = qt_store_clear(store, &err);
	if (rc < 0)
		map_die(NULL, rc, &err);
	map_close();
	return QT_EXIT_OK;
}
