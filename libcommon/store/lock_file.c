/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file LOCK, and single bytes of it, for what is done once in the life of a
 * store. See format_priv.h; lock.c is for all the rest.
 */

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <qt/base/clock.h>
#include <qt/base/hash.h>
#include <qt/base/sys.h>

#include "durable_priv.h"
#include "format_priv.h"

/*
 * A file that was removed while we opened and locked it is nobody's any more:
 * then the next one counts.
 */
int
qt__lock_file(int dirfd, int byte)
{
	struct stat	st;
	int		fd, rc;

	for (;;) {
		fd = qt__create_file(dirfd, "LOCK", O_RDWR);
		if (fd < 0)
			return fd;
		rc = qt_sys_lock(fd, F_WRLCK, byte, 1);
		if (rc == 0 && fstat(fd, &st) < 0)
			rc = -errno;
		if (rc == 0 && st.st_nlink > 0)
			return fd;
		close(fd);
		if (rc < 0)
			return rc;
	}
}

int
qt__stamp_get(int fd, uint8_t out[QT__STAMP_SIZE])
{
	ssize_t	n = qt_sys_pread(fd, out, QT__STAMP_SIZE, QT__STAMP_AT);

	if (n >= 0 && n < (ssize_t)QT__STAMP_SIZE)
		memset(out, 0, QT__STAMP_SIZE);
	return n < 0 ? (int)n : 0;
}

int
qt__stamp_make(int fd, uint8_t out[QT__STAMP_SIZE])
{
	ssize_t	n;

	qt_random(out, QT__STAMP_SIZE);
	n = qt_sys_pwrite(fd, out, QT__STAMP_SIZE, QT__STAMP_AT);
	if (n < 0)
		return (int)n;
	return n < (ssize_t)QT__STAMP_SIZE ? -EIO : qt_sys_fsync(fd);
}

int
qt__lock_file_wait(int dirfd, int byte, uint64_t timeout_ms)
{
	uint64_t	deadline = qt_clock_mono_ms() + timeout_ms;
	struct timespec	pause = { 0, 1000000 };
	int		rc;

	while ((rc = qt__lock_file(dirfd, byte)) == -EAGAIN) {
		if (qt_clock_mono_ms() >= deadline)
			return -ETIMEDOUT;
		(void)nanosleep(&pause, NULL);
		if (pause.tv_nsec < 16000000)
			pause.tv_nsec *= 2;
	}
	return rc;
}
