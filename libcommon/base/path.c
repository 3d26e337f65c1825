/* SPDX-License-Identifier: Apache-2.0 */
/* Where things are kept, per user. See <qt/base/path.h>. */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <qt/base/hash.h>
#include <qt/base/path.h>
#include <qt/base/sys.h>

#define WAY_OUT "set QT_RUNTIME_DIR to a folder of your own"

/* snprintf into a path. */
static int __attribute__((format(printf, 3, 4)))
join(char out[QT_PATH_SIZE], struct qt_err *err, const char *fmt, ...)
{
	va_list	ap;
	int	len;

	va_start(ap, fmt);
	len = vsnprintf(out, QT_PATH_SIZE, fmt, ap);
	va_end(ap);
	if (len >= 0 && len < QT_PATH_SIZE)
		return 0;
	qt_err_set(err, "path '%.100s...'", out);
	return -ENAMETOOLONG;
}

/* The variable's value when set and not empty. */
static const char *
env(const char *name)
{
	const char	*value = getenv(name);

	return value != NULL && *value != '\0' ? value : NULL;
}

/* The specification says that a relative one is to be ignored. */
static const char *
env_xdg(const char *name)
{
	const char	*value = env(name);

	return value != NULL && *value == '/' ? value : NULL;
}

/*
 * Whether $XDG_RUNTIME_DIR is good for us. It is not after su or sudo that
 * kept the environment (somebody else's), and after the last logout (gone).
 */
static int
is_usable(const char *dir)
{
	struct stat	st;

	return stat(dir, &st) == 0 && S_ISDIR(st.st_mode) &&
	    st.st_uid == geteuid() &&
	    faccessat(AT_FDCWD, dir, W_OK | X_OK, AT_EACCESS) == 0;
}

/* lstat(2) of "link/" or "link/." would look at the far end of the link. */
static void
strip_end(char *path)
{
	size_t	len = strlen(path);

	for (;;) {
		if (len > 1 && path[len - 1] == '/')
			len--;
		else if (len > 2 && path[len - 1] == '.' &&
		    path[len - 2] == '/')
			len--;
		else
			break;
	}
	path[len] = '\0';
}

static int
runtime_name(char out[QT_PATH_SIZE], struct qt_err *err)
{
	const char	*dir = env("QT_RUNTIME_DIR");
	int		 rc;

	if (dir != NULL && *dir != '/') {
		qt_err_set(err, "QT_RUNTIME_DIR='%s' does not begin with '/':"
		    " " WAY_OUT, dir);
		return -EINVAL;
	}
	if (dir != NULL) {
		rc = join(out, err, "%s", dir);
		if (rc == 0)
			strip_end(out);
		return rc;
	}
	dir = env_xdg("XDG_RUNTIME_DIR");
	if (dir != NULL && is_usable(dir))
		return join(out, err, "%s/qt", dir);
	return join(out, err, "/tmp/qt-%u", (unsigned int)geteuid());
}

/* Of ours, real, and for nobody else to write. */
static int
check_ours(const char *dir, struct stat *st, struct qt_err *err)
{
	if (lstat(dir, st) < 0) {
		int	rc = -errno;

		qt_err_set(err, "runtime folder '%s': " WAY_OUT, dir);
		return rc;
	}
	if (S_ISLNK(st->st_mode))
		qt_err_set(err, "runtime folder '%s' is a link, not a folder: "
		    "remove it or " WAY_OUT, dir);
	else if (!S_ISDIR(st->st_mode))
		qt_err_set(err, "runtime folder '%s' is not a folder: "
		    "remove it or " WAY_OUT, dir);
	else if (st->st_uid != geteuid())
		qt_err_set(err, "runtime folder '%s' is owned by uid %u, not "
		    "by us: " WAY_OUT, dir, (unsigned int)st->st_uid);
	else if ((st->st_mode & (S_IWGRP | S_IWOTH)) != 0)
		qt_err_set(err, "runtime folder '%s' may be written by others "
		    "(mode %04o): 'chmod go-w' it or " WAY_OUT, dir,
		    (unsigned int)st->st_mode & 07777);
	else
		return 0;
	return -QT_EOWNER;
}

static int
runtime_dir(char out[QT_PATH_SIZE], struct stat *st, struct qt_err *err)
{
	int	rc;

	rc = runtime_name(out, err);
	if (rc < 0)
		return rc;
	rc = qt_sys_mkdir(out, 0700);
	if (rc < 0 && rc != -EEXIST) {
		qt_err_set(err, "make runtime folder '%s' (or " WAY_OUT ")",
		    out);
		return rc;
	}
	return check_ours(out, st, err);
}

int
qt_path_runtime(char out[QT_PATH_SIZE], struct qt_err *err)
{
	struct stat	st;

	return runtime_dir(out, &st, err);
}

int
qt_path_in_runtime(const char *name, char out[QT_PATH_SIZE],
    struct qt_err *err)
{
	char	dir[QT_PATH_SIZE];
	int	rc;

	rc = runtime_name(dir, err);
	return rc < 0 ? rc : join(out, err, "%s/%s", dir, name);
}

/* As a file, which programs that are linked statically can read, too. */
static const char *
home_in_passwd(char *text, size_t size)
{
	FILE		*f = fopen("/etc/passwd", "re");
	struct passwd	 pw, *found;
	uid_t		 uid = geteuid();
	const char	*dir = NULL;

	while (f != NULL && dir == NULL &&
	    fgetpwent_r(f, &pw, text, size, &found) == 0)
		if (pw.pw_uid == uid && pw.pw_dir[0] == '/')
			dir = pw.pw_dir;
	if (f != NULL)
		fclose(f);
	return dir;
}

/* The user's home: HOME, else what /etc/passwd says. */
static int
home(char out[QT_PATH_SIZE], const char *instead, struct qt_err *err)
{
	char		 text[1024];
	const char	*dir = env("HOME");

	if (dir == NULL)
		dir = home_in_passwd(text, sizeof(text));
	if (dir == NULL) {
		qt_err_set(err, "no home folder: set HOME or %s", instead);
		return -ENOENT;
	}
	return join(out, err, "%s", dir);
}

/* $var, else $xdg/tail, else HOME/fallback/tail. */
static int
user_path(char out[QT_PATH_SIZE], const char *var, const char *xdg,
    const char *fallback, const char *tail, struct qt_err *err)
{
	char	dir[QT_PATH_SIZE];
	int	rc;

	if (env(var) != NULL)
		return join(out, err, "%s", env(var));
	if (env_xdg(xdg) != NULL)
		return join(out, err, "%s/%s", env_xdg(xdg), tail);
	rc = home(dir, var, err);
	return rc < 0 ? rc : join(out, err, "%s/%s/%s", dir, fallback, tail);
}

int
qt_path_config(char out[QT_PATH_SIZE], struct qt_err *err)
{
	return user_path(out, "QT_CONFIG", "XDG_CONFIG_HOME", ".config",
	    "qt/qt.conf", err);
}

int
qt_path_state(char out[QT_PATH_SIZE], struct qt_err *err)
{
	return user_path(out, "QT_STATE_DIR", "XDG_STATE_HOME",
	    ".local/state", "qt", err);
}

/*
 * When the folder was made, in nanoseconds; 0 where the file system does not
 * know. An inode number is soon used again: a folder removed and made anew
 * must not find the segments of the old one.
 */
static uint64_t
birth_ns(const char *dir)
{
	struct statx	st;

	if (statx(AT_FDCWD, dir, AT_SYMLINK_NOFOLLOW, STATX_BTIME, &st) < 0 ||
	    (st.stx_mask & STATX_BTIME) == 0)
		return 0;
	return (uint64_t)st.stx_btime.tv_sec * UINT64_C(1000000000) +
	    st.stx_btime.tv_nsec;
}

/*
 * The folder is known by device, inode and birth, so that every way of
 * writing its path leads to the same segments. The key is fixed: the name
 * must be the same in every process, and hides nothing.
 */
int
qt_path_segment(const char *kind, char out[128], struct qt_err *err)
{
	static const struct qt_hash_key	key = { { UINT64_C(0x5175616e74756d21),
	    UINT64_C(0x5465726d696e616c) } };
	char		dir[QT_PATH_SIZE];
	uint64_t	id[3];
	struct stat	st;
	int		rc, len;

	rc = runtime_dir(dir, &st, err);
	if (rc < 0)
		return rc;
	id[0] = (uint64_t)st.st_dev;
	id[1] = (uint64_t)st.st_ino;
	id[2] = birth_ns(dir);
	len = snprintf(out, 128, "/qt-%u-%s-%016" PRIx64,
	    (unsigned int)geteuid(), kind, qt_hash(&key, id, sizeof(id)));
	if (len >= 128 || strchr(kind, '/') != NULL) {
		qt_err_set(err, "segment kind '%.40s'", kind);
		return len >= 128 ? -ENAMETOOLONG : -EINVAL;
	}
	return 0;
}
