/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Removing a store. See qt_store_remove() of <qt/store/store.h>.
 *
 * It goes in one step, by another name, .NAME.XXXXXXXXXXXXXXXX.gone beside it;
 * then what is in that is erased. Killed in between, a folder of such a name is
 * left, which the next removal of that name erases. A folder that cannot be
 * renamed (a volume is mounted there) is erased in place, FORMAT first, without
 * which there is no store, and stays as an empty one.
 */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <qt/base/path.h>
#include <qt/base/sys.h>

#include "control_priv.h"
#include "durable_priv.h"
#include "format_priv.h"
#include "lock_priv.h"

static const char *const files[] = { "FORMAT", "FORMAT.tmp", "CURRENT",
    "CURRENT.tmp", "LOCK", NULL };
static const char *const folders[] = { "manifest", "run", "big", "wal", NULL };

static int
is_in(const char *const *names, const char *name)
{
	for (; *names != NULL; names++)
		if (strcmp(*names, name) == 0)
			return 1;
	return 0;
}

static int
check_name(void *arg, const char *name)
{
	if (is_in(files, name) || is_in(folders, name) ||
	    strcmp(name, "lost+found") == 0)
		return 0;
	qt_err_set(arg, "'%.100s' in it is not the store's", name);
	return -ENOTEMPTY;
}

/* --- What is in memory ---------------------------------------------------- */

static int
forget(int dirfd, const struct qt__format *f, struct qt_err *err)
{
	char		name[QT__SEG_NAME_SIZE];
	int		rc = qt__control_name(name, dirfd, f->id);

	if (rc == 0)
		rc = qt__control_forget(name, true);
	if (rc == 0)
		rc = qt__control_empty(name);
	if (rc < 0)
		qt_err_set(err, "its shared memory");
	return rc;
}

/* --- What is on disk ------------------------------------------------------ */

struct folder {
	int		 fd;
	const char	*path;
};

static int
erase_file(void *arg, const char *name)
{
	const struct folder	*d = arg;
	char			 path[QT__WAL_DIR_SIZE + 260];

	snprintf(path, sizeof(path), "%s/%s", d->path, name);
	return qt_sys_unlink(d->fd, path);
}

static int
erase_folder(int dirfd, const char *path, struct qt_err *err)
{
	struct folder	d = { dirfd, path };
	int		rc = qt__each_name(dirfd, path, erase_file, &d);

	if (rc == 0 && unlinkat(dirfd, path, AT_REMOVEDIR) < 0)
		rc = -errno;
	if (rc == -ENOENT)
		return 0;
	if (rc < 0)
		qt_err_set(err, "erase folder '%s'", path);
	return rc;
}

/* All but the folder itself. */
static int
erase(int dirfd, struct qt_err *err)
{
	char			path[QT__WAL_DIR_SIZE];
	struct qt__format	f;
	int			rc = 0;

	if (qt__format_load(&f, dirfd, NULL) == 0) {
		qt__format_wal_path(&f, path);
		rc = erase_folder(dirfd, path, err);
	}
	for (size_t i = 0; folders[i] != NULL && rc == 0; i++)
		rc = erase_folder(dirfd, folders[i], err);
	for (size_t i = 0; files[i] != NULL && rc == 0; i++) {
		rc = qt_sys_unlink(dirfd, files[i]);
		if (rc == -ENOENT)
			rc = 0;
		if (rc < 0)
			qt_err_set(err, "erase file %s", files[i]);
	}
	return rc;
}

/* --- The folder ----------------------------------------------------------- */

struct place {
	int		 parent;
	char		*name;
	struct qt_err	*err;
};

static int
erase_gone(void *arg, const char *name)
{
	const struct place	*p = arg;
	size_t			 len = strlen(p->name);
	int			 dirfd, rc;

	if (name[0] != '.' || strncmp(name + 1, p->name, len) != 0 ||
	    name[1 + len] != '.' ||
	    strspn(name + len + 2, "0123456789abcdef") != 16 ||
	    strcmp(name + len + 18, ".gone") != 0)
		return 0;
	dirfd = qt_sys_open(p->parent, name,
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	if (dirfd < 0)
		return 0;
	rc = erase(dirfd, p->err);
	close(dirfd);
	if (rc == 0 && unlinkat(p->parent, name, AT_REMOVEDIR) < 0)
		rc = -errno;
	return rc == -ENOENT ? 0 : rc;
}

static int
take_name(const struct place *p, int dirfd, const struct qt__format *f)
{
	uint64_t	id;
	char		gone[300];
	int		rc;

	memcpy(&id, f->id, sizeof(id));
	snprintf(gone, sizeof(gone), ".%s.%016" PRIx64 ".gone", p->name, id);
	rc = qt_sys_rename(p->parent, p->name, gone);
	if (rc == 0)
		return qt__durable_names(p->parent, ".");
	if (rc != -EBUSY && rc != -EXDEV) {
		qt_err_set(p->err, "rename it");
		return rc;
	}
	rc = qt_sys_unlink(dirfd, "FORMAT");
	return rc < 0 ? rc : erase(dirfd, p->err);
}

/* Under QT__LOCK_FORMAT nobody begins to use it. */
static int
remove_store(const struct place *p, int dirfd, struct qt_err *err)
{
	struct qt__format	f;
	int			lock, rc = qt__format_load(&f, dirfd, err);

	if (rc == 0)
		rc = qt__each_name(dirfd, ".", check_name, err);
	if (rc < 0)
		return rc;
	lock = qt__lock_file_wait(dirfd, QT__LOCK_FORMAT,
	    f.set.lock_timeout_ms);
	if (lock < 0) {
		qt_err_set(err, "lock it");
		return lock;
	}
	qt__control_end_syncer(dirfd, lock, &f);
	rc = qt__control_is_used(lock, f.set.lock_timeout_ms);
	if (rc > 0) {
		qt_err_set(err, "somebody is writing to it");
		rc = -EBUSY;
	}
	if (rc == 0)
		rc = forget(dirfd, &f, err);
	if (rc == 0)
		rc = take_name(p, dirfd, &f);
	close(lock);
	return rc;
}

/* Its parent, and its name there. real is taken apart. */
static int
find_place(struct place *p, char *real)
{
	char	*slash = strrchr(real, '/');

	*slash = '\0';
	p->name = slash + 1;
	return p->parent = qt_sys_open(AT_FDCWD, slash == real ? "/" : real,
	    O_RDONLY | O_DIRECTORY, 0);
}

int
qt_store_remove(const char *path, struct qt_err *err)
{
	struct place	 p = { -1, NULL, err };
	char		*real = realpath(path, NULL);
	int		 dirfd, rc, gone;

	dirfd = real == NULL ? -errno : qt_sys_open(AT_FDCWD, real,
	    O_RDONLY | O_DIRECTORY, 0);
	rc = dirfd == -ENOTDIR ? -QT_EFORMAT : dirfd;
	if (rc >= 0)
		rc = find_place(&p, real);
	if (rc >= 0)
		rc = remove_store(&p, dirfd, err);
	if (rc == 0) {
		gone = qt__each_name(p.parent, ".", erase_gone, &p);
		rc = gone < 0 ? gone : 0;
	}
	if (dirfd >= 0)
		close(dirfd);
	if (p.parent >= 0)
		close(p.parent);
	free(real);
	if (rc < 0)
		qt_err_wrap(err, "remove store '%s'", path);
	return rc;
}
