/* SPDX-License-Identifier: Apache-2.0 */
/* qt-shm add - add to a whole number in one step */

#include "thing.h"
#include "verbs.h"

const struct qt_verb add_verb = {
	"add", add_main, "SEG/NAME [KEY] [N]",
	"add N, or 1, in one step; print the sum", NULL,
};

int
add_main(int argc, char **argv)
{
	struct qt_opts	o = QT_OPTS_INIT(&add_verb, argc, argv);
	struct qt_err	err = QT_ERR_INIT;
	struct thing	t;
	int		rc;

	while (qt_opts_next(&o) != 0)
		;
	argc -= o.index;
	argv += o.index;
	if (argc < 1)
		qt_usage(&add_verb);
	thing_open(&t, argv[0], QT_SEG_JOIN);
	if (t.type->add == NULL)
		thing_cannot(&t, "add");
	rc = t.type->add(&t, argv + 1, (size_t)argc - 1, &err);
	if (rc < 0)
		target_die(&t.target, rc, &err);
	thing_close(&t);
	return rc > 0 ? QT_EXIT_NO : QT_EXIT_OK;
}
