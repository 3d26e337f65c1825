/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The users file: changing it. See <qt/net/users.h>.
 *
 *	lock FILE.lock -> read FILE -> write FILE.tmp (0600), sync -> rename
 *
 * The lock is an open-file-description lock on a file of its own, which the
 * kernel drops with the process; FILE itself is replaced, so it cannot carry
 * the lock. Killed before the rename, an edit leaves FILE.tmp, which the next
 * one writes over. Comment lines are kept where they are.
 */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <qt/base/buf.h>
#include <qt/base/path.h>
#include <qt/base/sys.h>

#include "users_priv.h"

#define LOCK_TRIES	1000	/* of 10 ms */

/* One change. Exactly one of them is meant. */
struct edit {
	const char		*name;
	const char		*hash;	/* NULL: keep */
	enum qt_net_role	 role;	/* NONE: keep */
	int			 is_add;
	int			 is_del;
};

static int
lock_file(const char *path, int *out, struct qt_err *err)
{
	struct timespec	nap = { 0, 10000000 };
	char		name[QT_PATH_SIZE];
	int		fd, rc = -EAGAIN;

	if (snprintf(name, sizeof(name), "%s.lock", path) >=
	    (int)sizeof(name))
		return -ENAMETOOLONG;
	fd = qt_sys_open(AT_FDCWD, name, O_RDWR | O_CREAT | O_NOFOLLOW, 0600);
	if (fd < 0) {
		qt_err_set(err, "lock '%s'", name);
		return fd;
	}
	for (int i = 0; i < LOCK_TRIES && rc == -EAGAIN; i++) {
		if (i > 0)
			nanosleep(&nap, NULL);
		rc = qt_sys_lock(fd, F_WRLCK, 0, 1);
	}
	if (rc < 0) {
		qt_err_set(err, "lock '%s' (another edit holds it)", name);
		close(fd);
		return rc;
	}
	*out = fd;
	return 0;
}

static int
add_line(struct qt_buf *out, const struct qt_net_account *a)
{
	return qt_buf_addf(out, "%s:%s:%s\n", a->name,
	    qt_net_role_name(a->role), a->hash);
}

/* Copies text to out with the edit done. *found: the name was there. */
static int
apply(const struct edit *e, const char *text, size_t len, struct qt_buf *out,
    int *found)
{
	const char		*p = text, *end = text + len, *eol;
	struct qt_net_account	 a;
	int			 rc = 0;

	*found = 0;
	for (; rc == 0 && p < end; p = eol + 1) {
		eol = memchr(p, '\n', (size_t)(end - p));
		if (eol == NULL)
			eol = end;
		if (eol == p || *p == '#' ||
		    qt__net_user_line_parse(p, (size_t)(eol - p), &a) < 0 ||
		    strcmp(a.name, e->name) != 0) {
			rc = qt_buf_add(out, p, (size_t)(eol - p));
			if (rc == 0)
				rc = qt_buf_add(out, "\n", 1);
			continue;
		}
		*found = 1;
		if (e->is_del)
			continue;
		if (e->role != QT_NET_ROLE_NONE)
			a.role = e->role;
		if (e->hash != NULL)
			snprintf(a.hash, sizeof(a.hash), "%s", e->hash);
		rc = add_line(out, &a);
	}
	if (rc == 0 && e->is_add && !*found) {
		a.role = e->role;
		snprintf(a.name, sizeof(a.name), "%s", e->name);
		snprintf(a.hash, sizeof(a.hash), "%s", e->hash);
		rc = add_line(out, &a);
	}
	return rc;
}

static int
write_file(const char *path, const struct qt_buf *text, struct qt_err *err)
{
	char	tmp[QT_PATH_SIZE];
	int	fd, rc;

	if (snprintf(tmp, sizeof(tmp), "%s.tmp", path) >= (int)sizeof(tmp))
		return -ENAMETOOLONG;
	qt_sys_unlink(AT_FDCWD, tmp);	/* of an edit that was killed */
	fd = qt_sys_open(AT_FDCWD, tmp, O_WRONLY | O_CREAT | O_EXCL, 0600);
	if (fd < 0) {
		qt_err_set(err, "write '%s'", tmp);
		return fd;
	}
	rc = qt_sys_write_all(fd, text->data, text->len);
	if (rc == 0)
		rc = qt_sys_fsync(fd);
	close(fd);
	if (rc == 0)
		rc = qt_sys_rename(AT_FDCWD, tmp, path);
	if (rc < 0) {
		qt_err_set(err, "write '%s'", tmp);
		qt_sys_unlink(AT_FDCWD, tmp);
	}
	return rc;
}

/* The file's text; a missing one is empty. Checks that all of it is sound. */
static int
read_file(const char *path, int may_miss, struct qt_buf *out,
    struct qt_err *err)
{
	struct qt__accounts	list = { 0 };
	struct qt__file_id	id;
	char			buf[4096];
	ssize_t			n;
	int			fd, rc;

	rc = qt__net_users_load(path, &list, &id, err);
	qt__net_accounts_clear(&list);
	if (rc == -ENOENT && may_miss)
		return 0;
	if (rc < 0)
		return rc;
	fd = qt_sys_open(AT_FDCWD, path, O_RDONLY | O_NONBLOCK, 0);
	if (fd < 0)
		return fd;
	while (rc == 0 && (n = qt_sys_read(fd, buf, sizeof(buf))) != 0)
		rc = n < 0 ? (int)n : qt_buf_add(out, buf, (size_t)n);
	close(fd);
	return rc;
}

static int
edit_file(const char *name, const struct edit *e, struct qt_err *err)
{
	char		real[PATH_MAX];
	const char	*path = realpath(name, real);
	struct qt_buf	old = QT_BUF_INIT, new = QT_BUF_INIT;
	int		lock, found, rc;

	/* A link stays one: the file that it leads to is edited. */
	if (path == NULL)
		path = name;
	rc = lock_file(path, &lock, err);
	if (rc < 0)
		return rc;
	rc = read_file(path, e->is_add, &old, err);
	if (rc == 0)
		rc = apply(e, old.data, old.len, &new, &found);
	if (rc == 0 && found && e->is_add) {
		qt_err_set(err, "user '%s' is there already", e->name);
		rc = -EEXIST;
	} else if (rc == 0 && !found && !e->is_add) {
		qt_err_set(err, "no user '%s'", e->name);
		rc = -ENOENT;
	}
	if (rc == 0)
		rc = write_file(path, &new, err);
	qt_buf_clear(&old);
	qt_buf_clear(&new);
	close(lock);
	return rc;
}

static int
check_name(const char *name, struct qt_err *err)
{
	if (qt__net_user_name_is(name, strlen(name)))
		return 0;
	qt_err_set(err, "user name '%.80s' (1 to %d of A-Z a-z 0-9 . _ - @, "
	    "not beginning with '-' or '.')", name, QT_NET_NAME_MAX);
	return -EINVAL;
}

static int
make_hash(const char *password, size_t len, char out[QT_NET_HASH_SIZE],
    struct qt_err *err)
{
	int	rc = qt_net_password_check(password, len, err);

	if (rc == 0)
		rc = qt_net_password_hash(password, len, QT_NET_BCRYPT_COST,
		    out);
	return rc;
}

int
qt_net_users_add(const char *path, const char *name, enum qt_net_role role,
    const char *password, size_t len, struct qt_err *err)
{
	char		hash[QT_NET_HASH_SIZE];
	struct edit	e = { name, hash, role, 1, 0 };
	int		rc;

	if (role <= QT_NET_ROLE_NONE || role > QT_NET_ROLE_ADMIN) {
		qt_err_set(err, "role (reader, writer or admin)");
		return -EINVAL;
	}
	rc = check_name(name, err);
	if (rc == 0)
		rc = make_hash(password, len, hash, err);
	return rc < 0 ? rc : edit_file(path, &e, err);
}

int
qt_net_users_del(const char *path, const char *name, struct qt_err *err)
{
	struct edit	e = { name, NULL, QT_NET_ROLE_NONE, 0, 1 };

	return edit_file(path, &e, err);
}

int
qt_net_users_passwd(const char *path, const char *name, const char *password,
    size_t len, struct qt_err *err)
{
	char		hash[QT_NET_HASH_SIZE];
	struct edit	e = { name, hash, QT_NET_ROLE_NONE, 0, 0 };
	int		rc = make_hash(password, len, hash, err);

	return rc < 0 ? rc : edit_file(path, &e, err);
}

int
qt_net_users_set_role(const char *path, const char *name,
    enum qt_net_role role, struct qt_err *err)
{
	struct edit	e = { name, NULL, role, 0, 0 };

	if (role <= QT_NET_ROLE_NONE || role > QT_NET_ROLE_ADMIN) {
		qt_err_set(err, "role (reader, writer or admin)");
		return -EINVAL;
	}
	return edit_file(path, &e, err);
}
