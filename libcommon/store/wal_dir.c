/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The folder that holds the logs of a store. See format_priv.h.
 *
 * It is wal/ in the store, or else, below the setting wal-path, one that is
 * named by the store's id, so that several stores may share a volume.
 */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <qt/base/sys.h>

#include "durable_priv.h"
#include "format_priv.h"

void
qt__format_wal_path(const struct qt__format *f, char path[QT__WAL_DIR_SIZE])
{
	char	id[33];

	if (f->set.wal_path[0] == '\0') {
		strcpy(path, "wal");
		return;
	}
	qt__format_id(f, id);
	snprintf(path, QT__WAL_DIR_SIZE, "%s/%s", f->set.wal_path, id);
}

int
qt__format_wal_dir(const struct qt__format *f, int dirfd, struct qt_err *err)
{
	char	path[QT__WAL_DIR_SIZE];
	int	fd;

	qt__format_wal_path(f, path);
	fd = qt_sys_open(dirfd, path, O_RDONLY | O_DIRECTORY, 0);
	if (fd == -ENOENT && f->set.wal_path[0] != '\0')
		qt_err_set(err, "the folder of its logs, '%s', which wal-path "
		    "names (is its volume mounted?)", path);
	else if (fd < 0)
		qt_err_set(err, "open the folder of its logs, '%s'", path);
	return fd;
}

/* A folder that may be there; then its name is made durable. */
static int
make(int dirfd, const char *path, const char *parent)
{
	int	rc = qt__create_folder(dirfd, path);

	return rc < 0 && rc != -EEXIST ? rc : qt__durable_names(dirfd, parent);
}

int
qt__format_wal_make(const struct qt__format *f, int dirfd, struct qt_err *err)
{
	const char	*base = f->set.wal_path;
	char		 path[QT__WAL_DIR_SIZE], parent[QT__WAL_DIR_SIZE];
	int		 rc;

	if (base[0] == '\0') {
		rc = make(dirfd, "wal", ".");
		if (rc < 0)
			qt_err_set(err, "make folder wal");
		return rc;
	}
	snprintf(parent, sizeof(parent), "%s/..", base);
	rc = qt_sys_mkdirat(dirfd, base, 0777);
	if (rc == 0)
		rc = qt__durable_names(dirfd, parent);
	if (rc < 0 && rc != -EEXIST) {
		qt_err_set(err, "wal-path: make folder '%s'", base);
		return rc;
	}
	qt__format_wal_path(f, path);
	rc = make(dirfd, path, base);
	if (rc < 0)
		qt_err_set(err, "wal-path: make folder '%s'", path);
	return rc;
}
