/* SPDX-License-Identifier: Apache-2.0 */
/* qt-shm get - print elements and values */

#include "thing.h"
#include "verbs.h"

static const struct qt_opt opts[] = {
	{ '0', "null", NULL, "end each with NUL instead of a new-line" },
	{ 'r', "raw", NULL, "bytes as they are, nothing between" },
	{ 0, NULL, NULL, NULL },
};

const struct qt_verb get_verb = {
	"get", get_main, "SEG/NAME [KEY]", "print elements, a value", opts,
};

int
get_main(int argc, char **argv)
{
	struct qt_opts	 o = QT_OPTS_INIT(&get_verb, argc, argv);
	struct sink	 sink = { .end = '\n' };
	struct qt_err	 err = QT_ERR_INIT;
	struct thing	 t;
	int		 id, rc;

	while ((id = qt_opts_next(&o)) != 0) {
		if (id == 'r')
			sink.is_raw = 1;
		sink.end = sink.is_raw ? -1 : id == '0' ? '\0' : sink.end;
	}
	argc -= o.index;
	argv += o.index;
	if (argc < 1 || argc > 2)
		qt_usage(&get_verb);
	/* Of a variable that is not set, say: all is not what was meant. */
	if (argc > 1 && argv[1][0] == '\0')
		qt_die(QT_EXIT_USAGE, "%s: an empty key or index names "
		    "nothing; without one, get prints all", argv[0]);
	thing_open(&t, argv[0], QT_SEG_RDONLY);
	if (t.type->get == NULL)
		thing_cannot(&t, "get");
	/* Who only reads cannot count its hits and misses. */
	if (t.type->is_counting && argc > 1) {
		thing_close(&t);
		thing_open(&t, argv[0], QT_SEG_JOIN);
	}
	rc = t.type->get(&t, argc > 1 ? argv[1] : "", &sink, &err);
	if (rc < 0)
		target_die(&t.target, rc, &err);
	thing_close(&t);
	return rc > 0 ? QT_EXIT_NO : QT_EXIT_OK;
}
