/* SPDX-License-Identifier: Apache-2.0 */
/* qt-map sync - make all that is visible durable */

#include "map.h"
#include "verbs.h"

const struct qt_verb sync_verb = {
	"sync", sync_main, "", "make what was put durable", NULL,
};

int
sync_main(int argc, char **argv)
{
	struct qt_opts	o = QT_OPTS_INIT(&sync_verb, argc, argv);
	struct qt_err	err = QT_ERR_INIT;
	int		rc;

	while (qt_opts_next(&o) != 0)
		;
	if (o.index < argc)
		qt_usage(&sync_verb);
	rc = qt_store_sync(map_open(0), 0, &err);
	if (rc < 0)
		map_die(NULL, rc, &err);
	map_close();
	return QT_EXIT_OK;
}
