/* SPDX-License-Identifier: Apache-2.0 */
/* Files that appear when they are whole. See whole.h. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <qt/base/err.h>
#include <qt/base/prog.h>
#include <qt/base/sys.h>

#include "whole.h"

#define PIECE	65536u

int
whole_temporary(void)
{
	const char	*dir = getenv("TMPDIR");
	int		 fd;

	fd = qt_sys_open(AT_FDCWD, dir != NULL && *dir != '\0' ? dir : "/tmp",
	    O_TMPFILE | O_RDWR, 0600);
	/* Not every file system has files without names; memory has. */
	if (fd < 0)
		fd = qt_sys_memfd("qt-shm", 0, 0);
	if (fd < 0)
		qt_die(QT_EXIT_SYS, "make a file without a name: %s",
		    qt_strerror(fd));
	return fd;
}

/* A name that is given before the end; taken away when we exit before that. */
static const char	*unfinished;

static void
forget(void)
{
	if (unfinished != NULL)
		(void)qt_sys_unlink(AT_FDCWD, unfinished);
}

/* The folder of a path, in out. */
static void
folder(const char *path, char *out, size_t size)
{
	const char	*slash = strrchr(path, '/');
	int		 len = slash != NULL ? (int)(slash - path + 1) : 0;

	if (snprintf(out, size, "%.*s.", len, path) >= (int)size - 20)
		qt_die(QT_EXIT_SYS, "%s: the path is too long", path);
}

static void
open_file(struct whole *w)
{
	mode_t	mask = umask(0);
	char	dir[sizeof(w->temp)];

	umask(mask);
	folder(w->at, dir, sizeof(dir));
	w->fd = qt_sys_open(AT_FDCWD, dir, O_TMPFILE | O_RDWR, 0666);
	if (w->fd == -EOPNOTSUPP || w->fd == -EISDIR || w->fd == -EINVAL) {
		snprintf(w->temp, sizeof(w->temp), "%.4070sqt-shm-XXXXXX", dir);
		w->fd = mkostemp(w->temp, O_CLOEXEC);
		if (w->fd < 0 || fchmod(w->fd, 0666 & ~mask) < 0)
			w->fd = -errno;
		unfinished = w->temp;
		atexit(forget);
	}
	if (w->fd < 0)
		qt_die(QT_EXIT_SYS, "%s: make a file beside it: %s", w->path,
		    qt_strerror(w->fd));
}

/* Where there is something that is no file, that is written to. */
static void
open_special(struct whole *w, int is_seeking)
{
	w->to = w->path == NULL ? STDOUT_FILENO :
	    qt_sys_open(AT_FDCWD, w->path, O_WRONLY, 0);
	if (w->to < 0)
		qt_die(QT_EXIT_SYS, "%s: %s", w->path, qt_strerror(w->to));
	if (isatty(w->to))
		qt_die(QT_EXIT_USAGE, "this is nothing for a terminal: name a "
		    "file");
	w->fd = is_seeking ? whole_temporary() : w->to;
}

void
whole_open(struct whole *w, const char *path, int is_seeking)
{
	struct stat	 st;
	char		*real = NULL;

	*w = (struct whole){ .to = -1 };
	if (path != NULL && strcmp(path, "-") != 0)
		w->path = path;
	if (w->path == NULL ||
	    (stat(path, &st) == 0 && !S_ISREG(st.st_mode))) {
		open_special(w, is_seeking);
		return;
	}
	if (lstat(path, &st) == 0 && S_ISLNK(st.st_mode))
		real = realpath(path, NULL);
	if (snprintf(w->at, sizeof(w->at), "%s", real != NULL ? real : path) >=
	    (int)sizeof(w->at))
		qt_die(QT_EXIT_SYS, "%s: the path is too long", path);
	free(real);
	open_file(w);
}

static int
copy(int to, int from)
{
	char	*buf = malloc(PIECE);
	off_t	 at = 0;
	ssize_t	 n = 1;
	int	 rc = buf != NULL ? 0 : -ENOMEM;

	for (; n > 0 && rc == 0; at += n) {
		n = qt_sys_pread(from, buf, PIECE, at);
		rc = n > 0 ? qt_sys_write_all(to, buf, (size_t)n) : (int)n;
	}
	free(buf);
	return rc;
}

/* The name, for a file that has none yet; over an older one if there is. */
static int
give_name(struct whole *w)
{
	int	rc = -EEXIST;

	if (w->temp[0] == '\0') {
		rc = qt_sys_linkat_fd(w->fd, AT_FDCWD, w->at);
		if (rc != -EEXIST)
			return rc;
		for (unsigned int i = 0; i < 100 && rc == -EEXIST; i++) {
			folder(w->at, w->temp, sizeof(w->temp));
			snprintf(w->temp + strlen(w->temp), 20,
			    "qt-shm-%x.%u", (unsigned)getpid(), i);
			rc = qt_sys_linkat_fd(w->fd, AT_FDCWD, w->temp);
		}
		if (rc < 0) {
			w->temp[0] = '\0';
			return rc;
		}
	}
	return qt_sys_rename(AT_FDCWD, w->temp, w->at);
}

void
whole_close(struct whole *w, int rc)
{
	/* Then it is the file without a name that could not be written. */
	int	is_kept = rc < 0 && w->to >= 0 && w->fd != w->to;

	if (rc == 0 && w->at[0] != '\0')
		rc = give_name(w);
	else if (rc == 0 && w->fd != w->to)
		rc = copy(w->to, w->fd);
	if (rc < 0 && w->temp[0] != '\0')
		(void)qt_sys_unlink(AT_FDCWD, w->temp);
	unfinished = NULL;
	if (rc < 0)
		qt_die(QT_EXIT_SYS, "%s: %s%s", w->path != NULL ? w->path :
		    "write to standard output", qt_strerror(rc), is_kept ?
		    WHOLE_KEPT : "");
	if (w->fd != w->to && w->fd != STDOUT_FILENO)
		close(w->fd);
	if (w->to >= 0 && w->to != STDOUT_FILENO)
		close(w->to);
}
