/* SPDX-License-Identifier: Apache-2.0 */
/* qt-map rm - remove maps */

#include <errno.h>

#include "ask.h"
#include "map.h"
#include "verbs.h"

static const struct qt_opt opts[] = {
	{ 'f', "force", NULL, "do not ask; none of that name is fine" },
	{ 0, NULL, NULL, NULL },
};

const struct qt_verb rm_verb = {
	"rm", rm_main, "MAP ...", "remove maps, with all that is in them", opts,
};

static int
remove_one(int is_forced)
{
	struct qt_err	err = QT_ERR_INIT;
	int		rc;

	if (!is_forced && !ask("remove map '%s' and all that is in it?",
	    map_text()))
		return QT_EXIT_NO;
	rc = qt_store_remove(map_path(), &err);
	if (rc == -ENOENT && is_forced)
		return QT_EXIT_OK;
	if (rc == -ENOENT) {
		qt_warn("no map '%s' ('qt-map ls' lists them)", map_text());
		return QT_EXIT_SYS;
	}
	return rc < 0 ? map_warn(NULL, rc, &err) : QT_EXIT_OK;
}

int
rm_main(int argc, char **argv)
{
	struct qt_opts	o = QT_OPTS_INIT(&rm_verb, argc, argv);
	int		rc, is_forced = 0, status = QT_EXIT_OK;

	while (qt_opts_next(&o) != 0)
		is_forced = 1;
	if (o.index == argc)
		qt_usage(&rm_verb);
	map_check_select("MAP");
	for (; o.index < argc; o.index++) {
		map_select(argv[o.index]);
		rc = remove_one(is_forced);
		status = rc > status ? rc : status;
	}
	return status;
}
