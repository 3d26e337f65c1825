/* SPDX-License-Identifier: Apache-2.0 */
/* System calls on files and memory, behind faults. See <qt/base/sys.h>. */

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sys_priv.h"

/*
 * Runs expr until it is not interrupted, with the fault in front of it: an
 * injected EINTR is retried as the kernel's would be. Leaves the result or
 * -errno in rc. half is what a short fault does before expr.
 */
#define CALL(rc, call, half, expr) do {					\
	int	fault_ = qt__sys_fault(call);				\
	if (fault_ > 0)							\
		half;							\
	(rc) = fault_ < 0 ? fault_ : (expr);				\
	if ((rc) == -1 && fault_ >= 0)					\
		(rc) = -errno;						\
} while ((rc) == -EINTR)

/* In place of standard output, say, which was closed. */
static int
lift(int fd)
{
	int	rc = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);

	rc = rc < 0 ? -errno : rc;
	close(fd);
	return rc;
}

int
qt_sys_open(int dirfd, const char *path, int flags, mode_t mode)
{
	int	rc;

	CALL(rc, QT_SYS_OPEN, (void)0,
	    openat(dirfd, path, flags | O_CLOEXEC, mode));
	if (rc >= 0 && rc <= STDERR_FILENO && (flags & O_ACCMODE) != O_RDONLY)
		rc = lift(rc);
	if (qt__sys_is_noted(rc))
		qt__sys_note_open(rc, dirfd, path, flags);
	return rc;
}

ssize_t
qt_sys_read(int fd, void *buf, size_t size)
{
	ssize_t	rc;

	CALL(rc, QT_SYS_READ, size = qt__sys_half(size), read(fd, buf, size));
	return rc;
}

ssize_t
qt_sys_write(int fd, const void *buf, size_t len)
{
	ssize_t	rc;

	CALL(rc, QT_SYS_WRITE, len = qt__sys_half(len), write(fd, buf, len));
	if (qt__sys_is_noted(rc))
		qt__sys_note_write(fd, buf, (size_t)rc, -1);
	return rc;
}

ssize_t
qt_sys_pread(int fd, void *buf, size_t size, off_t at)
{
	ssize_t	rc;

	CALL(rc, QT_SYS_PREAD, size = qt__sys_half(size),
	    pread(fd, buf, size, at));
	return rc;
}

ssize_t
qt_sys_pwrite(int fd, const void *buf, size_t len, off_t at)
{
	ssize_t	rc;

	CALL(rc, QT_SYS_PWRITE, len = qt__sys_half(len),
	    pwrite(fd, buf, len, at));
	if (qt__sys_is_noted(rc))
		qt__sys_note_write(fd, buf, (size_t)rc, at);
	return rc;
}

int
qt_sys_write_all(int fd, const void *buf, size_t len)
{
	const char	*p = buf;
	ssize_t		 n;

	while (len > 0) {
		n = qt_sys_write(fd, p, len);
		if (n < 0)
			return (int)n;
		if (n == 0)
			return -EIO;	/* no progress and no reason */
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

/*
 * Not retried, not even after EINTR: after a failed sync the kernel may have
 * dropped the dirty pages, and a second call would then lie.
 */
int
qt_sys_fsync(int fd)
{
	int		fault = qt__sys_fault(QT_SYS_FSYNC), rc;
	struct stat	st;

	if (qt__sys_is_noted(0))
		qt__sys_note_file(QT_SYS_FSYNC, fd, QT_SYS_BEGINS, 0, 0);
	if (fault < 0)
		rc = fault;
	else if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode))
		rc = fsync(fd) < 0 ? -errno : 0;
	else
		rc = fdatasync(fd) < 0 ? -errno : 0;
	if (qt__sys_is_noted(0))
		qt__sys_note_file(QT_SYS_FSYNC, fd,
		    rc < 0 ? QT_SYS_FAILED : 0, 0, 0);
	return rc;
}

int
qt_sys_ftruncate(int fd, off_t size)
{
	int	rc;

	CALL(rc, QT_SYS_FTRUNCATE, (void)0, ftruncate(fd, size));
	if (qt__sys_is_noted(rc))
		qt__sys_note_file(QT_SYS_FTRUNCATE, fd, 0, 0, size);
	return rc;
}

int
qt_sys_fallocate(int fd, int mode, off_t at, off_t len)
{
	int	rc;

	CALL(rc, QT_SYS_FALLOCATE, (void)0, fallocate(fd, mode, at, len));
	if (qt__sys_is_noted(rc))
		qt__sys_note_file(QT_SYS_FALLOCATE, fd, (unsigned int)mode,
		    at, len);
	return rc;
}

/*
 * Segments are large, sparse and shared: no swap is set aside for what was
 * never allocated, and a core dump holds neither a gigabyte of zeros nor
 * other people's screens.
 */
int
qt_sys_mmap(int fd, size_t size, int prot, void **map)
{
	int	fault = qt__sys_fault(QT_SYS_MMAP);
	void	*at;

	*map = NULL;
	if (fault < 0)
		return fault;
	at = mmap(NULL, size, prot, MAP_SHARED | MAP_NORESERVE, fd, 0);
	if (at == MAP_FAILED)
		return -errno;
	(void)madvise(at, size, MADV_DONTDUMP);
	*map = at;
	return 0;
}

/* Addresses for more than is wanted; then the map, and the rest goes back. */
int
qt_sys_mmap_aligned(int fd, size_t size, int prot, size_t align, void **map)
{
	int		 fault = qt__sys_fault(QT_SYS_MMAP), rc;
	unsigned char	*room, *at;
	size_t		 before;

	*map = NULL;
	if (fault < 0)
		return fault;
	if (size > SIZE_MAX - align)
		return -ENOMEM;
	room = mmap(NULL, size + align, PROT_NONE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (room == MAP_FAILED)
		return -errno;
	before = -(uintptr_t)room & (align - 1);
	at = mmap(room + before, size, prot,
	    MAP_SHARED | MAP_NORESERVE | MAP_FIXED, fd, 0);
	if (at == MAP_FAILED) {
		rc = -errno;
		munmap(room, size + align);
		return rc;
	}
	if (before > 0)
		munmap(room, before);
	if (before < align)
		munmap(at + size, align - before);
	(void)madvise(at, size, MADV_DONTDUMP);
	*map = at;
	return 0;
}

/*
 * By way of /proc, because AT_EMPTY_PATH asks for a capability on most
 * kernels; it is tried where /proc is not mounted.
 */
int
qt_sys_linkat_fd(int fd, int dirfd, const char *path)
{
	char	from[32];
	int	rc;

	snprintf(from, sizeof(from), "/proc/self/fd/%d", fd);
	CALL(rc, QT_SYS_LINK, (void)0,
	    linkat(AT_FDCWD, from, dirfd, path, AT_SYMLINK_FOLLOW));
	if (rc == -ENOENT && access("/proc/self/fd", F_OK) < 0)
		rc = linkat(fd, "", dirfd, path, AT_EMPTY_PATH) < 0 ?
		    -errno : 0;
	if (qt__sys_is_noted(rc))
		qt__sys_note_name(QT_SYS_LINK, fd, dirfd, path, NULL);
	return rc;
}

int
qt_sys_rename(int dirfd, const char *from, const char *to)
{
	int	rc;

	CALL(rc, QT_SYS_RENAME, (void)0, renameat(dirfd, from, dirfd, to));
	if (qt__sys_is_noted(rc))
		qt__sys_note_name(QT_SYS_RENAME, -1, dirfd, from, to);
	return rc;
}

int
qt_sys_rename_new(int dirfd, const char *from, const char *to)
{
	int	fd, rc;

	CALL(rc, QT_SYS_RENAME, (void)0,
	    renameat2(dirfd, from, dirfd, to, RENAME_NOREPLACE));
	if (qt__sys_is_noted(rc))
		qt__sys_note_name(QT_SYS_RENAME, -1, dirfd, from, to);
	if (rc != -EINVAL && rc != -ENOSYS)
		return rc;
	fd = qt_sys_open(dirfd, to, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW,
	    0600);
	if (fd < 0)
		return fd;
	close(fd);
	rc = qt_sys_rename(dirfd, from, to);
	if (rc < 0)
		(void)qt_sys_unlink(dirfd, to);
	return rc;
}

int
qt_sys_unlink(int dirfd, const char *path)
{
	int	rc;

	CALL(rc, QT_SYS_UNLINK, (void)0, unlinkat(dirfd, path, 0));
	if (qt__sys_is_noted(rc))
		qt__sys_note_name(QT_SYS_UNLINK, -1, dirfd, path, NULL);
	return rc;
}

int
qt_sys_mkdir(const char *path, mode_t mode)
{
	return qt_sys_mkdirat(AT_FDCWD, path, mode);
}

int
qt_sys_mkdirat(int dirfd, const char *path, mode_t mode)
{
	int	rc;

	CALL(rc, QT_SYS_MKDIR, (void)0, mkdirat(dirfd, path, mode));
	if (qt__sys_is_noted(rc))
		qt__sys_note_name(QT_SYS_MKDIR, -1, dirfd, path, NULL);
	return rc;
}

pid_t
qt_sys_fork(void)
{
	pid_t	rc;

	CALL(rc, QT_SYS_FORK, (void)0, fork());
	return rc;
}

/* Instrumented code keeps books for each thread, which a child would upset. */
#ifndef __has_feature
#define __has_feature(x) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || \
    __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || \
    __has_feature(memory_sanitizer)
#define SHARE_MEMORY 0
#else
#define SHARE_MEMORY 1
#endif

pid_t
qt_sys_vfork(int (*run)(void *), void *arg, void *stack, size_t size)
{
	pid_t	rc;

	if (!SHARE_MEMORY) {
		rc = qt_sys_fork();
		if (rc == 0)
			_exit(run(arg));
		return rc;
	}
	CALL(rc, QT_SYS_FORK, (void)0, clone(run, (char *)stack + size,
	    CLONE_VM | CLONE_VFORK | SIGCHLD, arg));
	return rc;
}

static int
check_range(int type, off_t at, off_t len)
{
	if (type != F_RDLCK && type != F_WRLCK && type != F_UNLCK)
		return -EINVAL;
	return at < 0 || len < 0 ? -EINVAL : 0;
}

/*
 * The arguments are checked before the call, so that EINVAL from it can only
 * mean a kernel or file system without such locks.
 */
static int
ofd_lock(int fd, int command, struct flock *range)
{
#ifdef F_OFD_SETLK
	int	rc;

	CALL(rc, QT_SYS_LOCK, (void)0, fcntl(fd, command, range));
	if (rc == -EINVAL || rc == -ENOTTY)
		return -ENOSYS;
	return rc == -EACCES ? -EAGAIN : rc;
#else
	(void)fd;
	(void)command;
	(void)range;
	return -ENOSYS;
#endif
}

#ifndef F_OFD_SETLK
#define F_OFD_GETLK (-1)
#define OFD_SETLK (-1)
#else
#define OFD_SETLK F_OFD_SETLK
#endif

int
qt_sys_lock(int fd, int type, off_t at, off_t len)
{
	struct flock	range = {
		.l_type = (short)type, .l_whence = SEEK_SET,
		.l_start = at, .l_len = len,
	};
	int		rc = check_range(type, at, len);

	return rc < 0 ? rc : ofd_lock(fd, OFD_SETLK, &range);
}

/*
 * Whether another description holds what is in the way of type, and where that
 * begins within the range.
 */
static int
is_in_the_way(int fd, short type, off_t at, off_t len, off_t *found)
{
	struct flock	range = {
		.l_type = type, .l_whence = SEEK_SET,
		.l_start = at, .l_len = len,
	};
	int		rc = check_range(type, at, len);

	if (rc == 0)
		rc = ofd_lock(fd, F_OFD_GETLK, &range);
	if (rc < 0 || range.l_type == F_UNLCK)
		return rc;
	*found = range.l_start > at ? range.l_start : at;
	return 1;
}

int
qt_sys_find_locked(int fd, off_t at, off_t len, off_t *found)
{
	/* A read lock conflicts with write locks only. */
	return is_in_the_way(fd, F_RDLCK, at, len, found);
}

int
qt_sys_is_locked(int fd, off_t at, off_t len)
{
	return qt_sys_find_locked(fd, at, len, &(off_t){ 0 });
}

int
qt_sys_is_used(int fd, off_t at, off_t len)
{
	return is_in_the_way(fd, F_WRLCK, at, len, &(off_t){ 0 });
}
