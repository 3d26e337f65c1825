/* SPDX-License-Identifier: Apache-2.0 */
/* qt-map init - make a map */

#include <errno.h>
#include <stdio.h>

#include "map.h"
#include "verbs.h"

enum { OPT_MODE = 256, OPT_MEMTABLE, OPT_WAL, OPT_COMPRESSION };

static const struct qt_opt opts[] = {
	{ 'o', "set", "SETTING=VALUE", "any of what 'settings' lists" },
	{ OPT_MODE, "mode", "MODE", "sync, async, hybrid or memory" },
	{ OPT_MEMTABLE, "memtable-size", "SIZE", "bytes kept in memory" },
	{ OPT_WAL, "wal-path", "DIR", "where its log shall be" },
	{ OPT_COMPRESSION, "compression", "LEVEL", "0 (none) to 9" },
	{ 0, NULL, NULL, NULL },
};

const struct qt_verb init_verb = {
	"init", init_main, "[NEWNAME]", "make a map", opts,
};

static void
set(struct qt_store_settings *s, const char *name, const char *value)
{
	struct qt_err	err = QT_ERR_INIT;

	/* Its text begins with the name. */
	if (qt_store_settings_set(s, name, value, &err) < 0)
		qt_die(QT_EXIT_USAGE, "--%s", err.text);
}

int
init_main(int argc, char **argv)
{
	struct qt_opts			 o = QT_OPTS_INIT(&init_verb, argc,
	    argv);
	struct qt_store_settings	 s;
	struct qt_err			 err = QT_ERR_INIT;
	int				 id, rc;

	map_settings_new(&s);
	while ((id = qt_opts_next(&o)) != 0) {
		if (id == 'o')
			map_set(&s, "-o", o.value);
		else if (id == OPT_MODE)
			set(&s, "mode", o.value);
		else if (id == OPT_MEMTABLE)
			set(&s, "memtable-size", o.value);
		else if (id == OPT_WAL)
			set(&s, "wal-path", o.value);
		else
			set(&s, "compression", o.value);
	}
	if (argc - o.index > 1)
		qt_usage(&init_verb);
	if (o.index < argc) {
		map_check_select("MAP");
		map_select(argv[o.index]);
	}
	rc = map_init(&s, &err);
	if (rc == -EEXIST)
		qt_die(QT_EXIT_SYS, "%s: %s is there already, and is no empty "
		    "folder ('qt-map -m %s stat' looks into a map)",
		    map_text(), map_path(), map_text());
	if (rc == -EINVAL)
		qt_die(QT_EXIT_USAGE, "%s: %s", map_text(), err.text);
	if (rc < 0)
		map_die(NULL, rc, &err);
	return QT_EXIT_OK;
}
