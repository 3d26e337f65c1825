/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The index of the user's history. See history.h.
 *
 * Most of the time it has all: then it is opened once, for reading, and nothing
 * is locked. Who writes it holds a lock on a file beside the store. Nobody waits
 * for that lock who has an index: one that is a moment old will do.
 */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/file.h>
#include <unistd.h>

#include <qt/base/prog.h>
#include <qt/base/sys.h>

#include "history.h"

#define WAIT_MS		2		/* for who has one */
#define WAIT_MAX_MS	10000		/* for the first one to be made */

/* The lock, or -EWOULDBLOCK after so long. */
static int
lock(int wait_ms, struct qt_err *err)
{
	char	path[QT_PATH_SIZE];
	char	store[QT_PATH_SIZE];
	int	fd, rc = history_folder(store, "store", err);

	if (rc < 0)
		return rc;
	if (snprintf(path, sizeof(path), "%s-index.lock", store) >=
	    (int)sizeof(path))
		return -ENAMETOOLONG;
	fd = qt_sys_open(AT_FDCWD, path, O_RDWR | O_CREAT | O_CLOEXEC,
	    0600);
	if (fd < 0) {
		qt_err_set(err, "open '%s'", path);
		return fd;
	}
	for (; flock(fd, LOCK_EX | LOCK_NB) < 0; wait_ms--) {
		rc = errno == EINTR ? 0 : -errno;
		if (rc < 0 && (rc != -EWOULDBLOCK || wait_ms <= 0)) {
			close(fd);
			qt_err_set(err, "lock '%s'", path);
			return rc;
		}
		(void)poll(NULL, 0, 1);
	}
	return fd;
}

struct qt_hist_index *
history_index_now(void)
{
	struct qt_hist_index	*ix;
	char			 path[QT_PATH_SIZE];

	if (history_folder(path, "store", NULL) < 0 ||
	    qt_hist_index_open(&ix, path, NULL) < 0)
		return NULL;
	return ix;
}

/* One to write to, brought up to date, or made. */
static int
update(struct qt_hist_index **ix, struct qt_hist_db *db, int wait_ms,
    struct qt_err *err)
{
	char	path[QT_PATH_SIZE];
	int	rc = history_folder(path, "store", err), fd;

	*ix = NULL;
	if (rc < 0)
		return rc;
	fd = lock(wait_ms, err);
	if (fd < 0)
		return fd;
	/* Not while something is being erased. */
	while ((rc = qt_hist_index_update(ix, db, path, NULL, err)) ==
	    -EWOULDBLOCK && wait_ms-- > 0)
		(void)poll(NULL, 0, 1);
	close(fd);
	return rc;
}

/* Another one takes the place of what is missing or behind; on failure *ix is as
   it was. */
static int
follow(struct qt_hist_index **ix, struct qt_hist_db *db, struct qt_err *err)
{
	struct qt_hist_index	*newer;
	int			 rc;

	if (*ix != NULL && qt_hist_index_is_current(*ix, db))
		return 0;
	rc = update(&newer, db, *ix == NULL ? WAIT_MAX_MS : WAIT_MS, err);
	qt_hist_index_close(rc == 0 ? *ix : newer);
	if (rc == 0)
		*ix = newer;
	return rc;
}

void
history_index_follow(struct qt_hist_db *db)
{
	struct qt_hist_index	*ix = history_index_now();

	/* Whoever searches next is told why, if that fails. */
	if (ix != NULL)
		(void)follow(&ix, db, NULL);
	qt_hist_index_close(ix);
}

struct qt_hist_index *
history_index(struct qt_hist_db *db)
{
	struct qt_hist_index	*ix = history_index_now();
	struct qt_err		 err = QT_ERR_INIT;
	int			 rc = follow(&ix, db, &err);

	if (rc < 0 && (rc != -EWOULDBLOCK || ix == NULL))
		qt_warn("%s: %s%s", err.text, qt_strerror(rc),
		    rc == -ENOSPC ? "; it needs memory in /dev/shm" : "");
	return ix;
}

int
history_index_drop(struct qt_err *err)
{
	char	path[QT_PATH_SIZE];
	int	rc = history_folder(path, "store", err), fd;

	if (rc < 0)
		return rc;
	fd = lock(WAIT_MAX_MS, err);
	if (fd < 0)
		return fd;
	rc = qt_hist_index_remove(path);
	close(fd);
	if (rc < 0)
		qt_err_set(err, "remove the index");
	return rc;
}
