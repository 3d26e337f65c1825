/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Making a store. See qt_store_init() of <qt/store/store.h>.
 *
 * It is made in a folder .NAME.XXXXXXXXXXXXXXXX.tmp beside it, whose maker
 * holds byte QT__LOCK_FORMAT of the LOCK in it, and gets its name when it is
 * whole: rename(2) of a folder replaces nothing but an empty one, so of two
 * makers one wins, and the other is told that there is a store. Killed at any
 * moment before: there is no store, and a folder whose LOCK nobody holds, which
 * the next one who makes a store of that name removes. Cut off from power: the
 * same, for all that is in the folder is durable before it gets its name.
 *
 * A folder that is there already, and empty, stays what it is (it may be a
 * volume, or have an owner and a mode of its own) and is filled in place, under
 * the same lock; FORMAT gets its name last, and without it there is no store.
 * The next one removes what a killed one left, if it is that and no more: a
 * store that lost its FORMAT is not taken for one that was never made.
 *
 *	LOCK, locked, with a stamp	1, so that the disk has a block for others
 *	FORMAT.tmp, durable		2, says where the logs will be
 *	manifest/ run/ big/		3
 *	an empty manifest, CURRENT	4
 *	wal/, or the one elsewhere	5
 *	fsync of the folder		6
 *	FORMAT.tmp becomes FORMAT	7, fsync
 *	the folder gets its name	8, fsync of its parent
 */

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <qt/base/clock.h>
#include <qt/base/hash.h>
#include <qt/base/path.h>
#include <qt/base/sys.h>

#include "durable_priv.h"
#include "format_priv.h"
#include "lock_priv.h"
#include "manifest_priv.h"

#define WAIT_MS		30000u
#define TMP_DIGITS	16
#define NAME_SIZE	256

static const char *const folders[] = { "manifest", "run", "big", "wal" };
#define FOLDERS (sizeof(folders) / sizeof(folders[0]))

struct place {
	char	parent[QT_PATH_SIZE];
	char	name[NAME_SIZE];
};

static int
split_path(struct place *p, const char *path, struct qt_err *err)
{
	size_t	len = strlen(path), start;

	while (len > 1 && path[len - 1] == '/')
		len--;
	for (start = len; start > 0 && path[start - 1] != '/'; start--)
		;
	/* The longest name leaves room for that of the temporary folder. */
	if (len == 0 || start >= sizeof(p->parent) ||
	    len - start >= sizeof(p->name) - TMP_DIGITS - 6) {
		qt_err_set(err, "'%.100s': a name that is empty or too long",
		    path);
		return len == 0 ? -ENOENT : -ENAMETOOLONG;
	}
	memcpy(p->parent, path, start);
	strcpy(p->parent + start, start == 0 ? "." : "");
	memcpy(p->name, path + start, len - start);
	p->name[len - start] = '\0';
	return 0;
}

/* --- What is left of one that was never finished -------------------------- */

/* May a file of this name be in a store that was never finished? */
static int
is_foreign(void *arg, const char *name)
{
	static const char *const	known[] = { "LOCK", "FORMAT.tmp",
	    "CURRENT", "CURRENT.tmp", "lost+found" };
	const bool			*with_format = arg;

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (strcmp(name, known[i]) == 0)
			return 0;
	}
	for (size_t i = 0; i < FOLDERS; i++) {
		if (strcmp(name, folders[i]) == 0)
			return 0;
	}
	return *with_format && strcmp(name, "FORMAT") == 0 ? 0 : 1;
}

static int
is_any(void *arg, const char *name)
{
	const bool	*is_manifest = arg;

	return *is_manifest && strcmp(name, "000000000001") == 0 ? 0 : 1;
}

/* 1: nothing is in it that anybody wrote; 0: something is; or negative. */
static int
is_unused(int dirfd, bool with_format)
{
	int	rc = qt__each_name(dirfd, ".", is_foreign, &with_format);

	for (size_t i = 0; i < FOLDERS && rc == 0; i++) {
		bool	is_manifest = i == 0;

		rc = qt__each_name(dirfd, folders[i], is_any, &is_manifest);
		if (rc == -ENOENT)
			rc = 0;
	}
	return rc < 0 ? rc : rc == 0;
}

/* Removes it all but LOCK. Failures show when it is filled again. */
static void
wipe(int dirfd)
{
	static const char *const	files[] = { "CURRENT", "CURRENT.tmp",
	    "manifest/000000000001", "FORMAT.tmp", "FORMAT" };
	char				path[QT__WAL_DIR_SIZE];
	struct qt__format		f;

	if (qt__format_read(&f, dirfd, "FORMAT.tmp", NULL) == 0 ||
	    qt__format_read(&f, dirfd, "FORMAT", NULL) == 0) {
		qt__format_wal_path(&f, path);
		(void)unlinkat(dirfd, path, AT_REMOVEDIR);
	}
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		(void)qt_sys_unlink(dirfd, files[i]);
	for (size_t i = 0; i < FOLDERS; i++)
		(void)unlinkat(dirfd, folders[i], AT_REMOVEDIR);
}

static bool
is_named(int parent, const char *name, int dirfd)
{
	struct stat	here, there;

	return fstatat(parent, name, &there, AT_SYMLINK_NOFOLLOW) == 0 &&
	    fstat(dirfd, &here) == 0 && here.st_ino == there.st_ino &&
	    here.st_dev == there.st_dev;
}

static void
remove_tmp(int parent, const char *name, int dirfd)
{
	wipe(dirfd);
	(void)qt_sys_unlink(dirfd, "LOCK");
	(void)unlinkat(parent, name, AT_REMOVEDIR);
}

struct dead {
	int		 parent;
	const char	*name;
};

/* Removes a temporary folder whose maker is dead. */
static int
bury(void *arg, const char *name)
{
	const struct dead	*d = arg;
	size_t			 len = strlen(d->name);
	int			 dirfd, lock;

	if (name[0] != '.' || strncmp(name + 1, d->name, len) != 0 ||
	    name[1 + len] != '.' ||
	    strspn(name + len + 2, "0123456789abcdef") != TMP_DIGITS ||
	    strcmp(name + len + 2 + TMP_DIGITS, ".tmp") != 0)
		return 0;
	dirfd = qt_sys_open(d->parent, name,
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	if (dirfd < 0)
		return 0;
	lock = qt__lock_file(dirfd, QT__LOCK_FORMAT);
	if (lock >= 0) {
		/* It may have got its name, and have become a store. */
		if (is_named(d->parent, name, dirfd) &&
		    is_unused(dirfd, true) == 1)
			remove_tmp(d->parent, name, dirfd);
		close(lock);
	}
	close(dirfd);
	return 0;
}

/* --- A new one ------------------------------------------------------------ */

/* Steps 3 and 4. */
static int
make_manifest(int dirfd, struct qt_err *err)
{
	struct qt__manifest_edit	*e = NULL;
	struct qt__manifest		*m = NULL;
	int				 rc;

	for (size_t i = 0; i < 3; i++) {
		rc = qt__create_folder(dirfd, folders[i]);
		if (rc < 0) {
			qt_err_set(err, "make folder %s", folders[i]);
			return rc;
		}
	}
	rc = qt__manifest_edit(&e, NULL);
	if (rc == 0)
		rc = qt__manifest_save(e, dirfd, &m, err);
	if (rc < 0)
		qt__manifest_edit_free(e);
	qt__manifest_free(m);
	return rc;
}

/* From the stamp to step 7: all that a store is, in a folder that is locked. */
static int
fill(int dirfd, int lock, const struct qt__format *f, struct qt_err *err)
{
	uint8_t	stamp[QT__STAMP_SIZE];
	int	rc;

	qt_err_set(err, "write LOCK");
	rc = qt__stamp_make(lock, stamp);
	if (rc == 0)
		rc = qt__format_write(f, dirfd, err);
	if (rc == 0)
		rc = make_manifest(dirfd, err);
	if (rc == 0)
		rc = qt__format_wal_make(f, dirfd, err);
	if (rc < 0)
		return rc;
	qt_err_set(err, "sync its folder");
	rc = qt__durable_names(dirfd, ".");
	if (rc < 0)
		return rc;
	qt_err_set(err, "rename FORMAT.tmp");
	rc = qt_sys_rename(dirfd, "FORMAT.tmp", "FORMAT");
	if (rc < 0)
		return rc;
	qt_err_set(err, "sync its folder");
	return qt__durable_names(dirfd, ".");
}

static int
fill_existing(int dirfd, const struct qt__format *f, struct qt_err *err)
{
	int	lock, rc;

	/* Looked at first: no LOCK is to be left in what is not ours. */
	rc = is_unused(dirfd, true);
	if (rc == 0) {
		qt_err_set(err, faccessat(dirfd, "FORMAT", F_OK, 0) == 0 ?
		    "there is a store" : "the folder is not empty");
		return -EEXIST;
	}
	lock = rc < 0 ? rc : qt__lock_file_wait(dirfd, QT__LOCK_FORMAT,
	    WAIT_MS);
	if (lock < 0) {
		qt_err_set(err, "open and lock LOCK");
		return lock;
	}
	rc = is_unused(dirfd, false);
	if (rc == 1) {
		wipe(dirfd);
		rc = fill(dirfd, lock, f, err);
		if (rc < 0) {
			wipe(dirfd);
			(void)qt_sys_unlink(dirfd, "LOCK");
		}
	} else if (rc == 0) {
		qt_err_set(err, "there is a store");
		rc = -EEXIST;
	}
	close(lock);
	return rc;
}

/* Step 1: a temporary folder. *lock holds it. */
static int
make_tmp(int parent, const char *name, char tmp[NAME_SIZE], int *lock,
    struct qt_err *err)
{
	uint64_t	n;
	int		dirfd, rc;

	for (;;) {
		qt_random(&n, sizeof(n));
		if (snprintf(tmp, NAME_SIZE, ".%s.%016" PRIx64 ".tmp", name,
		    n) >= NAME_SIZE)
			return -ENAMETOOLONG;
		qt_err_set(err, "make folder '%s'", tmp);
		rc = qt_sys_mkdirat(parent, tmp, 0777);
		if (rc == -EEXIST)
			continue;
		if (rc < 0)
			return rc;
		dirfd = qt_sys_open(parent, tmp, O_RDONLY | O_DIRECTORY, 0);
		*lock = dirfd < 0 ? dirfd :
		    qt__lock_file(dirfd, QT__LOCK_FORMAT);
		if (*lock >= 0)
			return dirfd;
		/* Did somebody take it for a dead one's before? */
		rc = *lock;
		if (rc != -EAGAIN && rc != -ENOENT) {
			if (dirfd >= 0)
				(void)qt_sys_unlink(dirfd, "LOCK");
			(void)unlinkat(parent, tmp, AT_REMOVEDIR);
		}
		if (dirfd >= 0)
			close(dirfd);
		if (rc != -EAGAIN && rc != -ENOENT)
			return rc;
	}
}

static int
fill_new(int parent, const char *name, const struct qt__format *f,
    struct qt_err *err)
{
	struct dead	d = { parent, name };
	char		tmp[NAME_SIZE];
	int		dirfd, lock = -1, rc;

	(void)qt__each_name(parent, ".", bury, &d);
	dirfd = make_tmp(parent, name, tmp, &lock, err);
	if (dirfd < 0)
		return dirfd;
	rc = fill(dirfd, lock, f, err);
	if (rc == 0) {
		qt_err_set(err, "rename folder '%s'", tmp);
		rc = qt_sys_rename(parent, tmp, name);
		if (rc == -ENOTEMPTY || rc == -ENOTDIR || rc == -EEXIST) {
			qt_err_set(err, "somebody made it meanwhile");
			rc = -EEXIST;
		}
	}
	if (rc < 0) {
		remove_tmp(parent, tmp, dirfd);
	} else {
		qt_err_set(err, "sync the folder that it is in");
		rc = qt__durable_names(parent, ".");
	}
	close(lock);
	close(dirfd);
	return rc;
}

static int
init(const char *path, const struct qt__format *f, struct qt_err *err)
{
	struct place	p;
	int		fd, rc;

	fd = qt_sys_open(AT_FDCWD, path, O_RDONLY | O_DIRECTORY, 0);
	if (fd == -ENOTDIR) {
		qt_err_set(err, "it, or what it is said to be in, is no "
		    "folder");
		return -EEXIST;
	}
	if (fd >= 0) {
		rc = fill_existing(fd, f, err);
		close(fd);
		return rc;
	}
	if (fd != -ENOENT) {
		qt_err_set(err, "open it");
		return fd;
	}
	rc = split_path(&p, path, err);
	if (rc < 0)
		return rc;
	fd = qt_sys_open(AT_FDCWD, p.parent, O_RDONLY | O_DIRECTORY, 0);
	if (fd < 0) {
		qt_err_set(err, "open the folder '%s'", p.parent);
		return fd;
	}
	rc = fill_new(fd, p.name, f, err);
	close(fd);
	return rc;
}

int
qt_store_init(const char *path, const struct qt_store_settings *s,
    struct qt_err *err)
{
	struct qt__format	f = { .made_ms = qt_clock_real_ms() };
	int			rc;

	qt_random(f.id, sizeof(f.id));
	if (s != NULL)
		f.set = *s;
	else
		qt_store_settings_init(&f.set);
	rc = qt__settings_check(&f.set, err);
	if (rc == 0)
		rc = init(path, &f, err);
	if (rc < 0)
		qt_err_wrap(err, "make store '%s'", path);
	return rc;
}
