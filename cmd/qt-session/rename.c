/* SPDX-License-Identifier: Apache-2.0 */
/* qt-session rename - give a session another name */

#include <errno.h>

#include "find.h"
#include "verbs.h"

const struct qt_verb rename_verb = {
	"rename", rename_main, "NAME NEWNAME", "give a session another name",
	NULL,
};

int
rename_main(int argc, char **argv)
{
	struct qt_opts		 o = QT_OPTS_INIT(&rename_verb, argc, argv);
	struct world		 w = WORLD_INIT;
	struct qt_err		 err = QT_ERR_INIT;
	struct qt_session	 s;
	const char		*name;
	int			 rc;

	while (qt_opts_next(&o) != 0)
		;
	if (argc - o.index != 2)
		qt_usage(&rename_verb);
	name = argv[o.index + 1];
	if (qt_session_name_check(name) < 0)
		qt_die(QT_EXIT_USAGE, "'%s' is not a name: 1 to %d bytes "
		    "without '/', ':', controls or a leading '-'", name,
		    QT_SESSION_NAME_SIZE - 1);
	world_connect(&w, 0, QT_ROLE_OWNER);
	find_session(&w, argv[o.index], &s);
	rc = qt_client_rename(w.client, &s.id, name, &err);
	if (rc == -EEXIST)
		qt_die(QT_EXIT_SYS, "a session named '%s' exists already",
		    name);
	if (rc < 0)
		die_err(rc, &err);
	world_close(&w);
	return QT_EXIT_OK;
}
