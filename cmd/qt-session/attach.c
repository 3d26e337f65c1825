/* SPDX-License-Identifier: Apache-2.0 */
/* qt-session attach - show a session on this terminal */

#include <stddef.h>

#include "find.h"
#include "verbs.h"
#include "viewer.h"

#define LINES_MAX 100000ul

enum { OPT_NEST = 256 };

static const struct qt_opt opts[] = {
	{ 'r', "read-only", NULL, "only look; never sets the size" },
	{ 'd', "detach-others", NULL, "send the other viewers away" },
	{ 'k', "key", "KEY", "the key that detaches (C-\\), - for none" },
	{ 'S', "scrollback", "LINES", "lines above the screen to show (1000)" },
	{ OPT_NEST, "nest", NULL, "even inside another session" },
	{ 0, NULL, NULL, NULL },
};

const struct qt_verb attach_verb = {
	"attach", attach_main, "[NAME|ID]",
	"show a session on this terminal (the last used)", opts,
};

/* The body of QT_MSG_KICK. */
struct kick {
	struct qt_uuid	id;
	uint32_t	conn;	/* 0: all but ours */
};
_Static_assert(sizeof(struct kick) == 20, "packed as control.h says");

static void
send_away(const struct world *w, const struct qt_session *s)
{
	struct kick	body = { s->id, 0 };
	struct qt_err	err = QT_ERR_INIT;
	int		rc;

	rc = qt_client_call(w->client, QT_MSG_KICK, 0, &body, sizeof(body),
	    QT_MSG_OK, NULL, 0, &err);
	if (rc < 0)
		die_err(rc, &err);
}

int
attach_main(int argc, char **argv)
{
	struct qt_opts		 o = QT_OPTS_INIT(&attach_verb, argc, argv);
	struct viewer_opt	 opt = VIEWER_OPT_INIT;
	struct world		 w = WORLD_INIT;
	struct qt_session	 s;
	uint16_t		 cols, rows;
	int			 id, may_nest = 0, is_alone = 0;

	while ((id = qt_opts_next(&o)) != 0) {
		switch (id) {
		case 'r':
			opt.role = QT_ROLE_READER;
			break;
		case 'd':
			is_alone = 1;
			break;
		case 'k':
			opt.key = o.value;
			break;
		case 'S':
			opt.scrollback = (uint32_t)qt_opt_ulong("-S", o.value,
			    0, LINES_MAX);
			break;
		default:
			may_nest = 1;
		}
	}
	if (argc - o.index > 1)
		qt_usage(&attach_verb);
	viewer_check_key(opt.key);
	viewer_check_nesting(may_nest);
	viewer_check_terminal(&cols, &rows);
	world_connect(&w, 0, QT_ROLE_OWNER);
	find_or_latest(&w, argv[o.index], 0, &s);
	if (is_alone)
		send_away(&w, &s);
	return viewer_run(&w, &s, &opt);
}
