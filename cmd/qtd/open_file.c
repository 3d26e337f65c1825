/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files for workers, which may open none: beneath the folder that a session's
 * program is in now. An upload gets its name there once it is whole; a download
 * is any plain file that the user could read.
 */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <qt/base/sys.h>
#include <qt/net/place.h>

#include "monitor.h"

/*
 * The process whose folder is meant: the foreground program's tells best what
 * the user sees, but a shell's is what they think of. The shell it is.
 */
static int
open_folder(uint32_t pid)
{
	char	path[32];
	int	fd;

	snprintf(path, sizeof(path), "/proc/%u/cwd", pid);
	fd = qt_sys_open(AT_FDCWD, path, O_PATH | O_DIRECTORY, 0);
	return fd == -ENOENT ? -QT_EGONE : fd;
}

static void
say_path(int dir, const char *name, char *out, size_t size)
{
	char	link[32], folder[QT_PATH_SIZE];
	ssize_t	n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", dir);
	n = readlink(link, folder, sizeof(folder) - 1);
	folder[n > 0 ? n : 0] = '\0';
	if (name[0] == '/' || (size_t)snprintf(out, size, "%s/%s",
	    strcmp(folder, "/") == 0 ? "" : folder, name) >= size)
		snprintf(out, size, "%s", name);
}

static unsigned int
place_flags(unsigned int flags)
{
	return (flags & MON_OPEN_OVER) != 0 ? QT_NET_PLACE_OVER : 0;
}

int
link_session_file(int fd, unsigned int flags, const char *path)
{
	return qt_net_place_commit(fd, path, place_flags(flags));
}

static int
open_download(int dir, const char *path)
{
	struct stat	st;
	int		fd;

	/* Nonblocking, or a FIFO would hold us up. */
	fd = qt_sys_open(dir, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		close(fd);
		return S_ISDIR(st.st_mode) ? -EISDIR : -EINVAL;
	}
	return fd;
}

int
open_session_file(uint32_t pid, unsigned int flags, const char *name,
    char *path_out, size_t size)
{
	int	dir = open_folder(pid), fd;

	if (dir < 0)
		return dir;
	if ((flags & MON_OPEN_WRITE) != 0)
		fd = qt_net_place_open(dir, name, place_flags(flags));
	else
		fd = open_download(dir, name);
	if (fd >= 0)
		say_path(dir, name, path_out, size);
	close(dir);
	return fd;
}
