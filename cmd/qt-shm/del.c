/* SPDX-License-Identifier: Apache-2.0 */
/* qt-shm del - delete keys */

#include "thing.h"
#include "verbs.h"

const struct qt_verb del_verb = {
	"del", del_main, "SEG/NAME KEY ...", "delete keys, members", NULL,
};

int
del_main(int argc, char **argv)
{
	struct qt_opts	o = QT_OPTS_INIT(&del_verb, argc, argv);
	struct qt_err	err = QT_ERR_INIT;
	struct thing	t;
	int		rc, missing = 0;

	while (qt_opts_next(&o) != 0)
		;
	argc -= o.index;
	argv += o.index;
	if (argc < 2)
		qt_usage(&del_verb);
	thing_open(&t, argv[0], QT_SEG_JOIN);
	if (t.type->del == NULL)
		thing_cannot(&t, "del");
	for (int i = 1; i < argc; i++) {
		rc = t.type->del(&t, argv[i], &err);
		if (rc < 0)
			target_die(&t.target, rc, &err);
		missing += rc;
	}
	thing_close(&t);
	return missing > 0 ? QT_EXIT_NO : QT_EXIT_OK;
}
