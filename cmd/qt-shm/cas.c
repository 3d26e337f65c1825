/* SPDX-License-Identifier: Apache-2.0 */
/* qt-shm cas - store a value if another is there */

#include "thing.h"
#include "verbs.h"

const struct qt_verb cas_verb = {
	"cas", cas_main, "SEG/NAME [KEY] OLD NEW",
	"store NEW if OLD is there, in one step", NULL,
};

int
cas_main(int argc, char **argv)
{
	struct qt_opts	o = QT_OPTS_INIT(&cas_verb, argc, argv);
	struct qt_err	err = QT_ERR_INIT;
	struct thing	t;
	int		rc;

	while (qt_opts_next(&o) != 0)
		;
	argc -= o.index;
	argv += o.index;
	if (argc < 3 || argc > 4)
		qt_usage(&cas_verb);
	thing_open(&t, argv[0], QT_SEG_JOIN);
	if (t.type->cas == NULL)
		thing_cannot(&t, "cas");
	rc = t.type->cas(&t, argc == 4 ? argv[1] : "", argv[argc - 2],
	    argv[argc - 1], &err);
	if (rc < 0)
		target_die(&t.target, rc, &err);
	thing_close(&t);
	return rc > 0 ? QT_EXIT_NO : QT_EXIT_OK;
}
