/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_TEST_STORE_FILES_H
#define QT_TEST_STORE_FILES_H
/* What tests do with the files of a store behind its back. */

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include "../test.h"

/* How many names a folder has; dirfd may be AT_FDCWD. */
static inline unsigned int
files_count(int dirfd, const char *folder)
{
	int		 fd = openat(dirfd, folder, O_RDONLY | O_CLOEXEC);
	DIR		*dir = fdopendir(fd);
	struct dirent	*d;
	unsigned int	 n = 0;

	assert_non_null(dir);
	while ((d = readdir(dir)) != NULL)
		n++;
	closedir(dir);
	return n - 2;
}

static inline void
files_touch(int dirfd, const char *name)
{
	int	fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);

	assert_true(fd >= 0);
	close(fd);
}

/* These bits of that byte. Twice: as it was. */
static inline void
files_flip(int dirfd, const char *name, off_t at, uint8_t bits)
{
	int	fd = openat(dirfd, name, O_RDWR | O_CLOEXEC);
	uint8_t	byte;

	assert_true(fd >= 0);
	assert_int_equal(pread(fd, &byte, 1, at), 1);
	byte ^= bits;
	assert_int_equal(pwrite(fd, &byte, 1, at), 1);
	close(fd);
}

#endif /* QT_TEST_STORE_FILES_H */
