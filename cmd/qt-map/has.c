/* SPDX-License-Identifier: Apache-2.0 */
/* qt-map has - whether keys are there */

#include <errno.h>

#include "map.h"
#include "verbs.h"

const struct qt_verb has_verb = {
	"has", has_main, "KEY ...", "exit 0 when all are there", NULL,
};

int
has_main(int argc, char **argv)
{
	struct qt_opts	 o = QT_OPTS_INIT(&has_verb, argc, argv);
	struct qt_err	 err = QT_ERR_INIT;
	struct qt_store	*store;
	int		 rc = 0;

	while (qt_opts_next(&o) != 0)
		;
	if (o.index == argc)
		qt_usage(&has_verb);
	for (int i = o.index; i < argc; i++)
		(void)map_key_len(argv[i]);
	store = map_open(MAP_READ);
	for (int i = o.index; i < argc && rc == 0; i++)
		rc = qt_store_has(store, NULL, argv[i], map_key_len(argv[i]),
		    &err);
	if (rc < 0 && rc != -ENOENT)
		map_die(NULL, rc, &err);
	map_close();
	return rc < 0 ? QT_EXIT_NO : QT_EXIT_OK;
}
