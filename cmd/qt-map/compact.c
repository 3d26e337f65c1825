/* SPDX-License-Identifier: Apache-2.0 */
/* qt-map compact - merge everything into one run */

#include "map.h"
#include "verbs.h"

const struct qt_verb compact_verb = {
	"compact", compact_main, "", "merge all runs into one", NULL,
};

int
compact_main(int argc, char **argv)
{
	struct qt_opts	o = QT_OPTS_INIT(&compact_verb, argc, argv);
	struct qt_err	err = QT_ERR_INIT;
	int		rc;

	while (qt_opts_next(&o) != 0)
		;
	if (o.index < argc)
		qt_usage(&compact_verb);
	rc = qt_store_compact(map_open(MAP_STAY), &err);
	if (rc < 0)
		map_die(NULL, rc, &err);
	map_close();
	return QT_EXIT_OK;
}
