/* SPDX-License-Identifier: Apache-2.0 */
/* qt-hist sync-spool - take in what shells wrote, and nothing else */

#include <stdio.h>

#include "history.h"
#include "verbs.h"

const struct qt_verb sync_spool_verb = {
	"sync-spool", sync_spool_main, "",
	"take in what shells wrote; every other verb does so, too", NULL,
};

int
sync_spool_main(int argc, char **argv)
{
	struct qt_opts	o = QT_OPTS_INIT(&sync_spool_verb, argc, argv);

	while (qt_opts_next(&o) != 0)
		;
	if (o.index < argc)
		qt_usage(&sync_spool_verb);
	history_close(history_open());
	return QT_EXIT_OK;
}
