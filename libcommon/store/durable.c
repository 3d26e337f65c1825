/* SPDX-License-Identifier: Apache-2.0 */
/* Small files, and names, made durable. See durable_priv.h. */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <qt/base/sys.h>

#include "durable_priv.h"

/* fd, which was just made, or opened, in folder. */
static void
share(const struct stat *folder, int fd, mode_t bits)
{
	struct stat	st;

	if (!(folder->st_mode & S_IWGRP) || fstat(fd, &st) < 0)
		return;
	/* Not with a group that the folder is not for. */
	if (st.st_gid != folder->st_gid && fchown(fd, (uid_t)-1,
	    folder->st_gid) < 0)
		return;
	if ((st.st_mode & bits) != bits)
		(void)fchmod(fd, (st.st_mode & 07777) | bits);
}

int
qt__create_file(int dirfd, const char *name, int flags)
{
	struct stat	folder;
	int		fd;

	if (fstat(dirfd, &folder) < 0)
		return -errno;
	fd = qt_sys_open(dirfd, name, flags | O_CREAT, folder.st_mode & 0666);
	if (fd >= 0)
		share(&folder, fd, 0060);
	return fd;
}

int
qt__create_folder(int dirfd, const char *name)
{
	struct stat	folder;
	int		fd, rc = qt_sys_mkdirat(dirfd, name, 0777);

	if (rc < 0)
		return rc;
	fd = qt_sys_open(dirfd, name, O_RDONLY | O_DIRECTORY, 0);
	if (fd < 0)
		return fd;
	if (fstat(dirfd, &folder) == 0)
		share(&folder, fd, 0070);
	close(fd);
	return 0;
}

int
qt__durable_write(int dirfd, const char *name, const void *data, size_t len)
{
	int	fd, rc;

	rc = qt_sys_unlink(dirfd, name);
	if (rc < 0 && rc != -ENOENT)
		return rc;
	fd = qt__create_file(dirfd, name, O_WRONLY | O_EXCL);
	if (fd < 0)
		return fd;
	rc = qt_sys_write_all(fd, data, len);
	if (rc == 0)
		rc = qt_sys_fsync(fd);
	if (close(fd) < 0 && rc == 0)
		rc = -errno;
	return rc;
}

int
qt__durable_remove(int dirfd, const char *name)
{
	struct stat	st;
	int		fd = qt_sys_open(dirfd, name, O_RDWR, 0), rc;

	if (fd < 0)
		return fd;
	rc = qt_sys_unlink(dirfd, name);
	/* Behind that nobody can give it a name again. */
	if (rc == 0 && (fstat(fd, &st) < 0 || st.st_nlink > 0))
		rc = -ENOENT;
	if (rc == 0)
		rc = qt_sys_ftruncate(fd, 0);
	close(fd);
	return rc;
}

int
qt__durable_names(int dirfd, const char *folder)
{
	int	fd, rc;

	fd = qt_sys_open(dirfd, folder, O_RDONLY | O_DIRECTORY, 0);
	if (fd < 0)
		return fd;
	rc = qt_sys_fsync(fd);
	close(fd);
	return rc;
}

int
qt__each_name(int dirfd, const char *folder,
    int (*each)(void *arg, const char *name), void *arg)
{
	struct dirent	*d;
	DIR		*dir;
	int		 fd, rc = 0;

	fd = qt_sys_open(dirfd, folder, O_RDONLY | O_DIRECTORY, 0);
	if (fd < 0)
		return fd;
	dir = fdopendir(fd);
	if (dir == NULL) {
		rc = -errno;
		close(fd);
		return rc;
	}
	while (rc == 0 && (errno = 0, d = readdir(dir)) != NULL) {
		if (strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0)
			rc = each(arg, d->d_name);
	}
	if (rc == 0 && d == NULL)
		rc = -errno;
	closedir(dir);
	return rc;
}

uint64_t
qt__number_of(const char *name, const char *suffix)
{
	char		again[64];
	uint64_t	n = 0;
	const char	*p;

	for (p = name; *p >= '0' && *p <= '9'; p++) {
		if (n > (UINT64_MAX - 9) / 10)
			return 0;
		n = n * 10 + (uint64_t)(*p - '0');
	}
	/* One way to write it. */
	snprintf(again, sizeof(again), "%012" PRIu64 "%s", n, suffix);
	return strcmp(again, name) == 0 ? n : 0;
}
