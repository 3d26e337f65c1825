/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a store is set to, read and replaced. See <qt/store/store.h>.
 *
 * All settings but one take effect with the next opening. wal-path says where
 * logs are that may hold what is nowhere else. So it changes only while nobody
 * has the store open, and never away from logs: the old folder is there and
 * has none, or they have been moved to the new one.
 */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <qt/base/sys.h>

#include "control_priv.h"
#include "durable_priv.h"
#include "format_priv.h"
#include "lock_priv.h"

static int
open_store(const char *path, struct qt__format *f, struct qt_err *err)
{
	int	fd, rc;

	fd = qt_sys_open(AT_FDCWD, path, O_RDONLY | O_DIRECTORY, 0);
	if (fd < 0) {
		qt_err_set(err, "open its folder");
		return fd;
	}
	rc = qt__format_load(f, fd, err);
	if (rc == 0)
		return fd;
	close(fd);
	return rc;
}

int
qt_store_settings_load(const char *path, struct qt_store_settings *s,
    struct qt_err *err)
{
	struct qt__format	f;
	int			fd = open_store(path, &f, err);

	if (fd < 0) {
		qt_err_wrap(err, "read settings of store '%s'", path);
		return fd;
	}
	close(fd);
	*s = f.set;
	return 0;
}

static int
is_log(void *arg, const char *name)
{
	(void)arg;
	return qt__number_of(name, ".wal") != 0;
}

/* 1: logs are there, 0, or negative. */
static int
has_logs(int dirfd, const struct qt__format *f)
{
	char	path[QT__WAL_DIR_SIZE];

	qt__format_wal_path(f, path);
	return qt__each_name(dirfd, path, is_log, NULL);
}

/* The logs go elsewhere. Under QT__LOCK_FORMAT: nobody opens it for the first
 * time. */
static int
move_logs(int dirfd, int lock, const struct qt__format *old,
    const struct qt__format *new, struct qt_err *err)
{
	char	path[QT__WAL_DIR_SIZE];
	int	rc;

	qt__control_end_syncer(dirfd, lock, old);
	rc = qt__control_is_used(lock, old->set.lock_timeout_ms);
	if (rc != 0) {
		qt_err_set(err, "wal-path cannot change while somebody writes "
		    "to the store");
		return rc < 0 ? rc : -EBUSY;
	}
	qt__format_wal_path(old, path);
	rc = has_logs(dirfd, old);
	if (rc == -ENOENT && has_logs(dirfd, new) == 1)
		return 0;
	if (rc < 0) {
		qt_err_set(err, "wal-path: the folder of the logs so far, '%s'",
		    path);
		return rc;
	}
	if (rc == 1) {
		qt_err_set(err, "wal-path: logs are in '%s': move that folder "
		    "first", path);
		return -ENOTEMPTY;
	}
	return qt__format_wal_make(new, dirfd, err);
}

static int
replace(int dirfd, const struct qt_store_settings *s, struct qt_err *err)
{
	struct qt__format	old, new;
	int			lock = -1, rc;

	/* Again: what was read before the lock may have been replaced. */
	rc = qt__format_load(&old, dirfd, err);
	if (rc < 0)
		return rc;
	new = old;
	new.set = *s;
	if (strcmp(s->wal_path, old.set.wal_path) != 0) {
		lock = qt__lock_file_wait(dirfd, QT__LOCK_FORMAT,
		    old.set.lock_timeout_ms);
		rc = lock < 0 ? lock : move_logs(dirfd, lock, &old, &new, err);
	}
	if (rc == 0)
		rc = qt__format_save(&new, dirfd, err);
	if (lock >= 0)
		close(lock);
	return rc;
}

int
qt_store_settings_save(const char *path, const struct qt_store_settings *s,
    struct qt_err *err)
{
	struct qt__format	f;
	int			fd, lock, rc;

	rc = qt__settings_check(s, err);
	fd = rc < 0 ? rc : open_store(path, &f, err);
	if (fd < 0) {
		qt_err_wrap(err, "change settings of store '%s'", path);
		return fd;
	}
	qt_err_set(err, "lock its settings");
	lock = qt__lock_file_wait(fd, QT__LOCK_SETTINGS,
	    f.set.lock_timeout_ms);
	rc = lock < 0 ? lock : replace(fd, s, err);
	if (lock >= 0)
		close(lock);
	close(fd);
	if (rc < 0)
		qt_err_wrap(err, "change settings of store '%s'", path);
	return rc;
}
