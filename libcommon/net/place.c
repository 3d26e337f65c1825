/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files that arrive. See <qt/net/place.h>.
 *
 * A file with a name of ours is removed only by who holds its lock, and every
 * one that is in use is locked, so a sweep finds the abandoned ones. Between
 * making and locking one a sweep may come first; the maker sees by the lock,
 * or by the count of names, that it has to make another.
 */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <qt/base/hash.h>
#include <qt/base/hex.h>
#include <qt/base/path.h>
#include <qt/base/sys.h>
#include <qt/net/place.h>

#define PREFIX		".qt-upload-"
#define PREFIX_LEN	(sizeof(PREFIX) - 1)
#define DIGITS		16
#define NAME_SIZE	(PREFIX_LEN + DIGITS + 1)
#define SWEEP_MAX	20000	/* names looked at; more is no upload folder */
#define TRIES		8

static void
make_name(char out[NAME_SIZE])
{
	unsigned long long	r;

	qt_random(&r, sizeof(r));
	snprintf(out, NAME_SIZE, PREFIX "%016llx", r);
}

static int
is_our_name(const char *name)
{
	if (strncmp(name, PREFIX, PREFIX_LEN) != 0 ||
	    strlen(name) != NAME_SIZE - 1)
		return 0;
	for (size_t i = PREFIX_LEN; i < NAME_SIZE - 1; i++) {
		if (qt_hex_value(name[i]) < 0)
			return 0;
	}
	return 1;
}

/* A name for a plain file, and not one that a sweep would take. */
static int
is_plain_name(const char *name)
{
	size_t	len = strlen(name);

	return len > 0 && len < 256 && strchr(name, '/') == NULL &&
	    strcmp(name, ".") != 0 && strcmp(name, "..") != 0 &&
	    !is_our_name(name);
}

/* Removes one that nobody has open any more. */
static void
sweep_one(int dir, const char *name)
{
	struct stat	st;
	int		fd;

	fd = qt_sys_open(dir, name, O_WRONLY | O_NOFOLLOW | O_NONBLOCK, 0);
	if (fd < 0)
		return;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    st.st_uid == geteuid() && qt_sys_lock(fd, F_WRLCK, 0, 1) == 0)
		(void)qt_sys_unlink(dir, name);
	close(fd);
}

static void
sweep(int dir)
{
	const struct dirent	*e;
	DIR			*d;
	int			 fd;

	fd = qt_sys_open(dir, ".", O_RDONLY | O_DIRECTORY, 0);
	d = fd < 0 ? NULL : fdopendir(fd);
	if (d == NULL) {
		if (fd >= 0)
			close(fd);
		return;
	}
	for (int i = 0; i < SWEEP_MAX && (e = readdir(d)) != NULL; i++) {
		if (is_our_name(e->d_name))
			sweep_one(dir, e->d_name);
	}
	closedir(d);
}

/* 0, or -EAGAIN when a sweep was quicker. No locks here: then none sweeps. */
static int
claim(int fd)
{
	struct stat	st;

	if (qt_sys_lock(fd, F_WRLCK, 0, 1) == -EAGAIN ||
	    fstat(fd, &st) < 0 || st.st_nlink == 0)
		return -EAGAIN;
	return 0;
}

static int
open_named(int dir)
{
	char	name[NAME_SIZE];
	int	fd, rc = -EAGAIN;

	sweep(dir);
	for (int i = 0; i < TRIES && rc == -EAGAIN; i++) {
		make_name(name);
		fd = qt_sys_open(dir, name, O_WRONLY | O_CREAT | O_EXCL |
		    O_NOFOLLOW, 0666);
		if (fd < 0)
			return fd;
		rc = claim(fd);
		if (rc == 0)
			return fd;
		close(fd);
	}
	return rc;
}

int
qt_net_place_open(int dir, const char *name, unsigned int flags)
{
	struct stat	st;
	int		fd;

	if (!is_plain_name(name))
		return -EINVAL;
	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    ((flags & QT_NET_PLACE_OVER) == 0 || !S_ISREG(st.st_mode)))
		return -EEXIST;
	fd = qt_sys_open(dir, ".", O_WRONLY | O_TMPFILE, 0666);
	/* EISDIR: a kernel or file system that does not know the flag. */
	return fd == -EOPNOTSUPP || fd == -EISDIR ? open_named(dir) : fd;
}

/* The file's own path, if its name is one of ours. */
static int
own_path(int fd, const struct stat *st, char out[QT_PATH_SIZE])
{
	struct stat	there;
	const char	*slash;
	char		link[32];
	ssize_t		n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, out, QT_PATH_SIZE - 1);
	out[n > 0 ? n : 0] = '\0';
	slash = strrchr(out, '/');
	if (slash == NULL || !is_our_name(slash + 1) ||
	    lstat(out, &there) < 0 || there.st_dev != st->st_dev ||
	    there.st_ino != st->st_ino)
		return -EINVAL;
	return 0;
}

/* Gives a file without a name one of ours, beside path. */
static int
link_beside(int fd, const char *path, char out[QT_PATH_SIZE])
{
	char	name[NAME_SIZE];
	int	len = (int)(strrchr(path, '/') - path);

	make_name(name);
	if (snprintf(out, QT_PATH_SIZE, "%.*s/%s", len, path, name) >=
	    QT_PATH_SIZE)
		return -ENAMETOOLONG;
	(void)qt_sys_lock(fd, F_WRLCK, 0, 1);	/* or a sweep would take it */
	return qt_sys_linkat_fd(fd, AT_FDCWD, out);
}

/* In place of a plain file, or of nothing. */
static int
replace(const char *own, const char *path)
{
	struct stat	st;

	if (lstat(path, &st) == 0 && !S_ISREG(st.st_mode))
		return -EEXIST;
	return qt_sys_rename(AT_FDCWD, own, path);
}

static int
is_same_folder(const char *a, const char *b)
{
	const char	*x = strrchr(a, '/'), *y = strrchr(b, '/');

	return x != NULL && y != NULL && x - a == y - b &&
	    memcmp(a, b, (size_t)(x - a)) == 0;
}

int
qt_net_place_commit(int fd, const char *path, unsigned int flags)
{
	char		own[QT_PATH_SIZE];
	struct stat	st;
	int		rc, is_named;

	if (path[0] != '/' || !is_plain_name(strrchr(path, '/') + 1) ||
	    fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return -EINVAL;
	is_named = st.st_nlink > 0;
	if (is_named && (own_path(fd, &st, own) < 0 ||
	    !is_same_folder(own, path)))
		return -EINVAL;
	if ((flags & QT_NET_PLACE_OVER) == 0)
		return is_named ? qt_sys_rename_new(AT_FDCWD, own, path) :
		    qt_sys_linkat_fd(fd, AT_FDCWD, path);
	rc = is_named ? 0 : link_beside(fd, path, own);
	if (rc == 0) {
		rc = replace(own, path);
		if (rc < 0)
			(void)qt_sys_unlink(AT_FDCWD, own);
	}
	return rc;
}

void
qt_net_place_drop(int fd)
{
	char		own[QT_PATH_SIZE];
	struct stat	st;

	if (fstat(fd, &st) == 0 && st.st_nlink > 0 && S_ISREG(st.st_mode) &&
	    own_path(fd, &st, own) == 0)
		(void)qt_sys_unlink(AT_FDCWD, own);
}
