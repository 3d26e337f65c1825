/* SPDX-License-Identifier: Apache-2.0 */
/* <qt/base/sys.h>: files, mappings and locks, without faults. */

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <qt/base/sys.h>

#include "../test.h"

static char	dir[64];
static int	dirfd_;

/* A folder of the test's own, opened; leave() checks that it is empty. */
static void
enter(void)
{
	snprintf(dir, sizeof(dir), "/tmp/qt-sys-test.XXXXXX");
	assert_non_null(mkdtemp(dir));
	dirfd_ = qt_sys_open(AT_FDCWD, dir, O_DIRECTORY | O_RDONLY, 0);
	assert_true(dirfd_ >= 0);
}

static void
leave(void)
{
	close(dirfd_);
	assert_int_equal(rmdir(dir), 0);
}

static int
is_cloexec(int fd)
{
	return (fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0;
}

QT_TEST(a_file_is_made_written_read_renamed_and_removed)
{
	char	text[32] = "";
	int	fd;

	(void)state;
	enter();
	fd = qt_sys_open(dirfd_, "a", O_RDWR | O_CREAT | O_EXCL, 0600);
	assert_true(fd >= 0);
	assert_true(is_cloexec(fd));
	assert_int_equal(qt_sys_write(fd, "hello", 5), 5);
	assert_int_equal(qt_sys_write_all(fd, " world", 6), 0);
	assert_int_equal(qt_sys_pwrite(fd, "W", 1, 6), 1);
	assert_int_equal(qt_sys_fsync(fd), 0);
	assert_int_equal(qt_sys_pread(fd, text, sizeof(text), 0), 11);
	assert_string_equal(text, "hello World");
	assert_int_equal(lseek(fd, 6, SEEK_SET), 6);
	assert_int_equal(qt_sys_read(fd, text, sizeof(text)), 5);
	assert_int_equal(qt_sys_read(fd, text, sizeof(text)), 0);
	assert_int_equal(qt_sys_ftruncate(fd, 5), 0);
	assert_int_equal(qt_sys_fallocate(fd, 0, 0, 8192), 0);
	assert_int_equal(lseek(fd, 0, SEEK_END), 8192);
	close(fd);
	assert_int_equal(qt_sys_rename(dirfd_, "a", "b"), 0);
	assert_int_equal(qt_sys_unlink(dirfd_, "a"), -ENOENT);
	assert_int_equal(qt_sys_unlink(dirfd_, "b"), 0);
	leave();
}

QT_TEST(failures_are_negative_errno)
{
	void	*map = &map;
	char	 c;

	(void)state;
	enter();
	assert_int_equal(qt_sys_open(dirfd_, "no", O_RDONLY, 0), -ENOENT);
	assert_int_equal(qt_sys_read(-1, &c, 1), -EBADF);
	assert_int_equal(qt_sys_write(-1, "x", 1), -EBADF);
	assert_int_equal(qt_sys_write_all(-1, "x", 1), -EBADF);
	assert_int_equal(qt_sys_write_all(-1, "", 0), 0);
	assert_int_equal(qt_sys_pread(-1, &c, 1, 0), -EBADF);
	assert_int_equal(qt_sys_pwrite(-1, "x", 1, 0), -EBADF);
	assert_int_equal(qt_sys_fsync(-1), -EBADF);
	assert_int_equal(qt_sys_ftruncate(-1, 0), -EBADF);
	assert_int_equal(qt_sys_fallocate(-1, 0, 0, 1), -EBADF);
	assert_int_equal(qt_sys_mmap(-1, 4096, PROT_READ, &map), -EBADF);
	assert_null(map);
	assert_int_equal(qt_sys_rename(dirfd_, "no", "x"), -ENOENT);
	assert_int_equal(qt_sys_mkdir(dir, 0700), -EEXIST);
	assert_int_equal(qt_sys_lock(-1, F_WRLCK, 0, 1), -EBADF);
	leave();
}

/* In a child, whose standard error is closed: 0, or what is wrong. */
static int
open_without_stderr(void)
{
	int	fd, ro;

	close(STDERR_FILENO);
	fd = qt_sys_open(dirfd_, "f", O_RDWR | O_CREAT, 0600);
	if (fd <= STDERR_FILENO || !is_cloexec(fd))
		return 1;
	if (write(STDERR_FILENO, "x", 1) != -1 || errno != EBADF)
		return 2;
	ro = qt_sys_open(dirfd_, "f", O_RDONLY, 0);
	return ro == STDERR_FILENO && is_cloexec(ro) ? 0 : 3;
}

QT_TEST(what_is_written_to_is_above_the_standard_descriptors)
{
	pid_t	pid;
	int	status;

	(void)state;
	enter();
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		_exit(open_without_stderr());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(qt_sys_unlink(dirfd_, "f"), 0);
	leave();
}

QT_TEST(folders_are_made)
{
	char	path[96];

	(void)state;
	enter();
	snprintf(path, sizeof(path), "%s/sub", dir);
	assert_int_equal(qt_sys_mkdir(path, 0700), 0);
	assert_int_equal(rmdir(path), 0);
	leave();
}

/* Where the system counts every page beforehand, no mapping may opt out. */
static int
can_overcommit(void)
{
	FILE	*file = fopen("/proc/sys/vm/overcommit_memory", "re");
	int	 mode = file != NULL ? fgetc(file) : '0';

	if (file != NULL)
		fclose(file);
	return mode != '2';
}

QT_TEST(a_mapping_is_shared_unreserved_and_left_out_of_core_dumps)
{
	char	 line[256], want[32];
	char	*a, *b;
	void	*map;
	FILE	*smaps;
	int	 fd = qt_sys_memfd("map", 1 << 20, 0), seen = 0, flags = 0;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(qt_sys_mmap(fd, 1 << 20, PROT_READ | PROT_WRITE,
	    &map), 0);
	a = map;
	assert_int_equal(qt_sys_mmap(fd, 1 << 20, PROT_READ, &map), 0);
	b = map;
	a[12345] = 'x';
	assert_int_equal(b[12345], 'x');

	snprintf(want, sizeof(want), "%lx-", (unsigned long)(uintptr_t)a);
	smaps = fopen("/proc/self/smaps", "re");
	assert_non_null(smaps);
	while (fgets(line, sizeof(line), smaps) != NULL) {
		if (strncmp(line, want, strlen(want)) == 0)
			seen = 1;
		if (seen && strncmp(line, "VmFlags:", 8) == 0) {
			flags = strstr(line, " dd") != NULL &&
			    (strstr(line, " nr") != NULL || !can_overcommit());
			break;
		}
	}
	fclose(smaps);
	assert_int_equal(flags, 1);
	assert_int_equal(qt_sys_mmap(fd, 0, PROT_READ, &map), -EINVAL);
	assert_null(map);
	munmap(a, 1 << 20);
	munmap(b, 1 << 20);
	close(fd);
}

QT_TEST(a_mapping_is_aligned_when_that_is_asked)
{
	size_t	 aligns[] = { 4096, 65536, 2 << 20, 64 << 20 };
	char	*a, *b;
	void	*map;
	int	 fd = qt_sys_memfd("map", 1 << 20, 0);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(qt_sys_mmap(fd, 1 << 20, PROT_READ, &map), 0);
	b = map;
	for (int i = 0; i < 4; i++) {
		assert_int_equal(qt_sys_mmap_aligned(fd, 1 << 20,
		    PROT_READ | PROT_WRITE, aligns[i], &map), 0);
		assert_int_equal((uintptr_t)map % aligns[i], 0);
		a = map;
		a[0] = a[(1 << 20) - 1] = (char)('a' + i);
		assert_int_equal(b[0], 'a' + i);
		assert_int_equal(b[(1 << 20) - 1], 'a' + i);
		assert_int_equal(munmap(a, 1 << 20), 0);
	}
	assert_int_equal(qt_sys_mmap_aligned(fd, 0, PROT_READ, 4096, &map),
	    -EINVAL);
	assert_null(map);
	assert_int_equal(qt_sys_mmap_aligned(fd, SIZE_MAX - 4095, PROT_READ,
	    4096, &map), -ENOMEM);
	assert_int_equal(qt_sys_mmap_aligned(-1, 4096, PROT_READ, 4096, &map),
	    -EBADF);
	munmap(b, 1 << 20);
	close(fd);
}

QT_TEST(a_nameless_file_gets_its_name_whole_and_only_once)
{
	char	text[8] = "";
	int	fd, other;

	(void)state;
	enter();
	fd = qt_sys_open(dirfd_, ".", O_TMPFILE | O_RDWR, 0600);
	assert_true(fd >= 0);
	assert_int_equal(qt_sys_write_all(fd, "whole", 5), 0);
	assert_int_equal(qt_sys_open(dirfd_, "name", O_RDONLY, 0), -ENOENT);
	assert_int_equal(qt_sys_linkat_fd(fd, dirfd_, "name"), 0);
	other = qt_sys_open(dirfd_, ".", O_TMPFILE | O_RDWR, 0600);
	assert_true(other >= 0);
	assert_int_equal(qt_sys_linkat_fd(other, dirfd_, "name"), -EEXIST);
	close(other);
	close(fd);
	fd = qt_sys_open(dirfd_, "name", O_RDONLY, 0);
	assert_int_equal(qt_sys_read(fd, text, sizeof(text)), 5);
	assert_string_equal(text, "whole");
	close(fd);
	assert_int_equal(qt_sys_unlink(dirfd_, "name"), 0);
	leave();
}

QT_TEST(two_descriptions_exclude_each_other_even_in_one_process)
{
	int	a, b;

	(void)state;
	enter();
	a = qt_sys_open(dirfd_, "lock", O_RDWR | O_CREAT, 0600);
	b = qt_sys_open(dirfd_, "lock", O_RDWR, 0);
	assert_true(a >= 0 && b >= 0);
	assert_int_equal(qt_sys_is_locked(b, 3, 1), 0);
	assert_int_equal(qt_sys_lock(a, F_WRLCK, 3, 1), 0);
	assert_int_equal(qt_sys_lock(a, F_WRLCK, 3, 1), 0);
	assert_int_equal(qt_sys_lock(b, F_WRLCK, 3, 1), -EAGAIN);
	assert_int_equal(qt_sys_lock(b, F_RDLCK, 3, 1), -EAGAIN);
	assert_int_equal(qt_sys_lock(b, F_WRLCK, 4, 1), 0);
	assert_int_equal(qt_sys_is_locked(b, 3, 1), 1);
	assert_int_equal(qt_sys_is_locked(a, 3, 1), 0);
	assert_int_equal(qt_sys_is_locked(a, 4, 1), 1);
	assert_int_equal(qt_sys_lock(a, F_UNLCK, 3, 1), 0);
	assert_int_equal(qt_sys_lock(b, F_RDLCK, 3, 1), 0);
	assert_int_equal(qt_sys_lock(a, F_RDLCK, 3, 1), 0);
	assert_int_equal(qt_sys_lock(a, F_WRLCK, 3, 1), -EAGAIN);
	/* A read lock is nobody's exclusive one. */
	assert_int_equal(qt_sys_is_locked(b, 3, 1), 0);
	assert_int_equal(qt_sys_lock(a, 77, 0, 1), -EINVAL);
	assert_int_equal(qt_sys_lock(a, F_WRLCK, -1, 1), -EINVAL);
	assert_int_equal(qt_sys_is_locked(a, 0, -1), -EINVAL);
	close(a);
	close(b);
	assert_int_equal(qt_sys_unlink(dirfd_, "lock"), 0);
	leave();
}

QT_TEST(a_lock_ends_with_its_process_however_that_ends)
{
	int	a, b, status;
	char	byte;
	pid_t	pid;
	int	ready[2];

	(void)state;
	enter();
	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	a = qt_sys_open(dirfd_, "lock", O_RDWR | O_CREAT, 0600);
	assert_true(a >= 0);
	pid = qt_sys_fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		b = qt_sys_open(dirfd_, "lock", O_RDWR, 0);
		if (qt_sys_lock(b, F_WRLCK, 0, 1) != 0)
			_exit(1);
		(void)qt_sys_write(ready[1], "x", 1);
		for (;;)
			pause();
	}
	close(ready[1]);
	assert_int_equal(qt_sys_read(ready[0], &byte, 1), 1);
	assert_int_equal(qt_sys_is_locked(a, 0, 1), 1);
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(qt_sys_is_locked(a, 0, 1), 0);
	close(ready[0]);
	close(a);
	assert_int_equal(qt_sys_unlink(dirfd_, "lock"), 0);
	leave();
}

/* Such a kernel or file system is not at hand: EINVAL is what it answers. */
QT_TEST(where_there_are_no_such_locks_it_is_enosys)
{
	int	fd = qt_sys_memfd("lock", 0, 0);

	(void)state;
	assert_true(fd >= 0);
	qt_sys_fault(QT_SYS_LOCK, 1, EINVAL);
	assert_int_equal(qt_sys_lock(fd, F_WRLCK, 0, 1), -ENOSYS);
	qt_sys_fault(QT_SYS_LOCK, 1, EINVAL);
	assert_int_equal(qt_sys_is_locked(fd, 0, 1), -ENOSYS);
	qt_sys_fault(QT_SYS_LOCK, 0, 0);
	assert_int_equal(qt_sys_lock(fd, F_WRLCK, 0, 1), 0);
	close(fd);
}
