/* SPDX-License-Identifier: Apache-2.0 */
/* What is said when something fails, with the way out, and how we exit then. */

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "map.h"

int
map_status(int rc)
{
	switch (rc) {
	case -ENOENT:
		return QT_EXIT_NO;
	case -EEXIST:
	case -ESTALE:
		return MAP_EXIT_CONFLICT;
	case -QT_ECORRUPT:
		return MAP_EXIT_CORRUPT;
	default:
		return QT_EXIT_SYS;
	}
}

/* Which disks may be full: the map's, its log's, and memory. */
static const char *
way_to_space(void)
{
	static char			text[3 * QT_STORE_PATH_SIZE + 80];
	struct qt_store_settings	s;
	const char			*path = map_path();
	bool				 is_below;

	if (access(path, F_OK) != 0)
		return "'df' shows what is full";
	if (qt_store_settings_load(path, &s, NULL) < 0)
		s.wal_path[0] = '\0';
	is_below = s.wal_path[0] == '.';	/* as seen from the map */
	snprintf(text, sizeof(text), "'df %s %s%s%s%s/dev/shm' shows what is "
	    "full", path, is_below ? path : "", is_below ? "/" : "",
	    s.wal_path, s.wal_path[0] != '\0' ? " " : "");
	return text;
}

static const char *
way_to_users(void)
{
	static char	text[QT_STORE_PATH_SIZE + 80];

	snprintf(text, sizeof(text), "'fuser -v %s/LOCK' names those on this "
	    "machine", map_path());
	return text;
}

/* The way out, or "". */
static const char *
way_out(int rc)
{
	switch (rc) {
	case -QT_ECORRUPT:
		return "'qt-map verify' lists all damage, 'qt-map verify "
		    "--salvage DEST' copies what is sound";
	case -QT_EFORMAT:
		return "'qt-map init' makes one, of an empty folder";
	case -QT_EVERSION:
		return "use the qt-map of that version";
	case -QT_EFULL:
		return "'qt-map stat' says what is held";
	case -EROFS:
		return "if the disk failed, as 'qt-map stat poisoned' says, "
		    "'qt-map sync' tries again";
	case -ENOSPC:
		return way_to_space();
	case -EBUSY:
		return way_to_users();
	case -EACCES:
	case -EPERM:
		return "'ls -ld' of the map's folder says who may";
	case -ETIMEDOUT:
		return "if it is stopped, 'kill -CONT' continues it and 'kill "
		    "-KILL' harms nobody; 'qt-map -o lock-timeout=1m' waits "
		    "longer";
	case -EMSGSIZE:
		return "keys have 1 byte to 64 KiB, values up to 1 GiB";
	case -E2BIG:
		return "'qt-map settings memtable-size' says what fits";
	default:
		return "";
	}
}

int
map_warn(const char *what, int rc, const struct qt_err *err)
{
	const char	*clause = err != NULL ? err->text : "";
	const char	*way = way_out(rc);

	qt_warn("%s: %s%s%s%s%s%s", what != NULL ? what : map_text(), clause,
	    *clause != '\0' ? ": " : "", qt_strerror(rc),
	    *way != '\0' ? " (" : "", way, *way != '\0' ? ")" : "");
	/* What is there or not is no answer here. */
	return rc == -QT_ECORRUPT ? MAP_EXIT_CORRUPT : QT_EXIT_SYS;
}

_Noreturn void
map_die(const char *what, int rc, const struct qt_err *err)
{
	exit(map_warn(what, rc, err));
}

_Noreturn void
map_die_there(const char *dir)
{
	char	format[QT_STORE_PATH_SIZE];

	snprintf(format, sizeof(format), "%s/FORMAT", dir);
	if (access(format, F_OK) < 0)
		qt_die(QT_EXIT_SYS, "'%s' is there already, and is no empty "
		    "folder (use another name)", dir);
	/* 'rm' takes what has no '/' for a map's name. */
	qt_die(QT_EXIT_SYS, "'%s' is a map already (use another name, or "
	    "'qt-map rm %s%s' first)", dir, strchr(dir, '/') == NULL ? "./" :
	    "", dir);
}
