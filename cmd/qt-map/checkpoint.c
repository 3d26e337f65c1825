/* SPDX-License-Identifier: Apache-2.0 */
/* qt-map checkpoint - move all that is in memory to disk, or copy the map */

#include <errno.h>

#include "map.h"
#include "verbs.h"

const struct qt_verb checkpoint_verb = {
	"checkpoint", checkpoint_main, "[DIR]", "write memory to files; copy the map",
	NULL,
};

int
checkpoint_main(int argc, char **argv)
{
	struct qt_opts	o = QT_OPTS_INIT(&checkpoint_verb, argc, argv);
	struct qt_err	err = QT_ERR_INIT;
	int		rc;

	while (qt_opts_next(&o) != 0)
		;
	if (argc - o.index > 1)
		qt_usage(&checkpoint_verb);
	rc = qt_store_checkpoint(map_open(MAP_STAY),
	    o.index < argc ? argv[o.index] : NULL, &err);
	if (rc == -EEXIST && o.index < argc)
		map_die_there(argv[o.index]);
	if (rc < 0)
		map_die(NULL, rc, &err);
	map_close();
	return QT_EXIT_OK;
}
