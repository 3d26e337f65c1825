/* SPDX-License-Identifier: Apache-2.0 */
/* qt-session resize - set a session's size, and what decides it */

#include <string.h>

#include "find.h"
#include "size.h"
#include "verbs.h"

static const struct qt_opt opts[] = {
	{ 256, "resize", "POLICY", "from now on latest, smallest, largest "
	    "or fixed" },
	{ 0, NULL, NULL, NULL },
};

const struct qt_verb resize_verb = {
	"resize", resize_main, "NAME [COLSxROWS]",
	"set a session's size, and what decides it", opts,
};

/* The body of QT_MSG_RESIZE. */
struct resize {
	struct qt_uuid	id;
	uint16_t	cols, rows;
	uint32_t	policy;
};
_Static_assert(sizeof(struct resize) == 24, "packed as control.h says");

int
resize_main(int argc, char **argv)
{
	struct qt_opts		o = QT_OPTS_INIT(&resize_verb, argc, argv);
	struct world		w = WORLD_INIT;
	struct resize		body = { .policy = UINT32_MAX };
	struct qt_err		err = QT_ERR_INIT;
	struct qt_session	s;
	int			rc, count;

	while (qt_opts_next(&o) != 0)
		body.policy = (uint32_t)policy_parse(o.value);
	/* The option reads well after the operands too. */
	count = argc - o.index;
	if (count > 2 && strcmp(argv[o.index + count - 2], "--resize") == 0) {
		body.policy = (uint32_t)policy_parse(argv[argc - 1]);
		count -= 2;
	}
	if (count < 1 || count > 2 || (count == 1 && body.policy == UINT32_MAX))
		qt_usage(&resize_verb);
	if (count == 2)
		size_parse("size", argv[o.index + 1], &body.cols, &body.rows);
	world_connect(&w, 0, QT_ROLE_OWNER);
	find_session(&w, argv[o.index], &s);
	body.id = s.id;
	if (count == 1) {
		body.cols = s.cols;
		body.rows = s.rows;
	}
	rc = qt_client_call(w.client, QT_MSG_RESIZE, 0, &body, sizeof(body),
	    QT_MSG_OK, NULL, 0, &err);
	if (rc < 0)
		die_err(rc, &err);
	world_close(&w);
	return QT_EXIT_OK;
}
