/* SPDX-License-Identifier: Apache-2.0 */
/* qt-session new - start a session */

#include <stdio.h>
#include <string.h>

#include <qt/shm/ring.h>

#include "find.h"
#include "size.h"
#include "start.h"
#include "verbs.h"
#include "viewer.h"

enum { OPT_NEST = 256, OPT_RESIZE, OPT_KEEP };

static const struct qt_opt opts[] = {
	{ 'd', "detached", NULL, "do not attach; print the session's id" },
	{ 'n', "name", "NAME", "call it so (else it gets a free name)" },
	{ 'A', "attach", NULL, "attach when the NAME is there already" },
	{ 'c', "directory", "DIR", "start there" },
	{ 'e', "env", "K=V", "add to the environment; may be repeated" },
	{ 's', "size", "COLSxROWS", "its size (80x24, or the terminal's)" },
	{ 'k', "key", "KEY", "the key that detaches (C-\\), - for none" },
	{ OPT_RESIZE, "resize", "POLICY",
	    "latest, smallest, largest or fixed" },
	{ OPT_KEEP, "keep", "SIZE", "output to keep, in bytes (1M)" },
	{ OPT_NEST, "nest", NULL, "even inside another session" },
	{ 0, NULL, NULL, NULL },
};

const struct qt_verb new_verb = {
	"new", new_main, "[--] [CMD ARG...]",
	"start a session (the login shell) and attach", opts,
};

struct new_opt {
	struct start_spec	 spec;
	struct viewer_opt	 view;
	int			 is_detached, may_attach, may_nest;
};

static void
read_option(struct new_opt *n, int id, char *value)
{
	switch (id) {
	case 'd':
		n->is_detached = 1;
		break;
	case 'n':
		if (qt_session_name_check(value) < 0)
			qt_die(QT_EXIT_USAGE, "-n '%s' is not a name: 1 to %d "
			    "bytes without '/', ':', controls or a leading "
			    "'-'", value, QT_SESSION_NAME_SIZE - 1);
		n->spec.name = value;
		break;
	case 'A':
		n->may_attach = 1;
		break;
	case 'c':
		n->spec.dir = value;
		break;
	case 'e':
		if (start_add_env(&n->spec, value) < 0)
			qt_die(QT_EXIT_USAGE, "-e '%s' is not K=V", value);
		break;
	case 's':
		size_parse("-s", value, &n->spec.cols, &n->spec.rows);
		break;
	case 'k':
		n->view.key = value;
		break;
	case OPT_RESIZE:
		n->spec.policy = policy_parse(value);
		break;
	case OPT_KEEP:
		n->spec.keep = (uint32_t)qt_opt_size("--keep", value,
		    QT_RING_LIMIT_MIN, QT_RING_LIMIT_MAX);
		break;
	default:
		n->may_nest = 1;
	}
}

/* new -A: 1 when the name is there, to be attached to. */
static int
is_there(const struct world *w, const struct new_opt *n, struct qt_session *s)
{
	return n->may_attach && n->spec.name != NULL &&
	    qt_session_resolve(w->table, n->spec.name, s) == 0 &&
	    strcmp(s->name, n->spec.name) == 0 &&
	    s->state == QT_STATE_RUNNING;
}

static void
print_id(const struct qt_session *s)
{
	char	id[QT_UUID_TEXT_SIZE];

	qt_uuid_text(&s->id, id);
	puts(id);
}

int
new_main(int argc, char **argv)
{
	struct qt_opts		 o = QT_OPTS_INIT(&new_verb, argc, argv);
	struct new_opt		 n = { .spec = START_SPEC_INIT,
	    .view = VIEWER_OPT_INIT };
	struct world		 w = WORLD_INIT;
	struct qt_session	 s;
	uint16_t		 cols = 0, rows = 0;
	int			 id;

	while ((id = qt_opts_next(&o)) != 0)
		read_option(&n, id, o.value);
	if (o.index < argc)
		n.spec.argv = argv + o.index;
	viewer_check_key(n.view.key);
	if (!n.is_detached) {
		viewer_check_nesting(n.may_nest);
		viewer_check_terminal(&cols, &rows);
	}
	if (n.spec.cols == 0 && cols > 0) {
		qt_session_size_clamp(&cols, &rows);
		n.spec.cols = cols;
		n.spec.rows = rows;
	}
	if (n.is_detached && !n.may_attach)
		world_command(&w, QT_CLIENT_START);
	else
		world_connect(&w, QT_CLIENT_START, QT_ROLE_OWNER);
	if (!is_there(&w, &n, &s))
		start_session(&w, &n.spec, &s);
	start_spec_clear(&n.spec);
	if (!n.is_detached)
		return viewer_run(&w, &s, &n.view);
	print_id(&s);
	world_close(&w);
	return QT_EXIT_OK;
}
