/* SPDX-License-Identifier: Apache-2.0 */
/* <qt/base/sys.h>: what is done to files is written down, in order. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <qt/base/sys.h>

#include "../child.h"
#include "../test.h"

static char			text[65536];
static size_t			len, at;
static struct qt_sys_event	e;
static const char		*name, *to_name, *data;

static int
record(void)
{
	int	fd = qt_sys_memfd("log", 0, 0);

	assert_true(fd >= 0);
	assert_int_equal(fcntl(fd, F_SETFL, O_APPEND), 0);
	qt_sys_record(fd);
	return fd;
}

static void
stop(int fd)
{
	ssize_t	n;

	qt_sys_record(-1);
	n = pread(fd, text, sizeof(text), 0);
	assert_true(n >= 0);
	len = (size_t)n;
	at = 0;
	close(fd);
}

/* The next record is of that kind. */
static void
next(unsigned int call)
{
	assert_true(at + sizeof(e) <= len);
	memcpy(&e, text + at, sizeof(e));
	assert_int_equal(e.call, call);
	name = text + at + sizeof(e);
	to_name = name + e.name_len;
	data = to_name + e.to_len;
	assert_ptr_equal(data + e.data_len, text + at + e.size);
	at += e.size;
}

static void
is_named(const char *n, size_t n_len, const char *want)
{
	assert_int_equal(n_len, strlen(want));
	assert_memory_equal(n, want, n_len);
}

static void
work(const char *dir, int dirfd)
{
	char	path[128];
	int	fd;

	snprintf(path, sizeof(path), "%s/sub/", dir);
	assert_int_equal(qt_sys_mkdir(path, 0700), 0);
	snprintf(path, sizeof(path), "%s/sub/a", dir);
	fd = qt_sys_open(dirfd, path, O_RDWR | O_CREAT | O_EXCL, 0600);
	assert_true(fd >= 0);
	assert_int_equal(qt_sys_write_all(fd, "one", 3), 0);
	assert_int_equal(qt_sys_write_all(fd, "two", 3), 0);
	assert_int_equal(qt_sys_pwrite(fd, "N", 1, 1), 1);
	assert_int_equal(qt_sys_fsync(fd), 0);
	assert_int_equal(qt_sys_ftruncate(fd, 5), 0);
	assert_int_equal(qt_sys_fallocate(fd, 0, 0, 8192), 0);
	close(fd);
	assert_int_equal(qt_sys_rename(dirfd, "sub/a", "b"), 0);
	assert_int_equal(qt_sys_fsync(dirfd), 0);
	fd = qt_sys_open(dirfd, ".", O_TMPFILE | O_RDWR, 0600);
	assert_true(fd >= 0);
	assert_int_equal(qt_sys_linkat_fd(fd, dirfd, "c"), 0);
	close(fd);
	assert_int_equal(qt_sys_unlink(dirfd, "b"), 0);
	assert_int_equal(qt_sys_rename_new(dirfd, "c", "d"), 0);
	assert_int_equal(qt_sys_unlink(dirfd, "d"), 0);
	snprintf(path, sizeof(path), "%s/sub", dir);
	assert_int_equal(rmdir(path), 0);
}

static void
compare(uint64_t top)
{
	uint64_t	ino, sub;

	next(QT_SYS_MKDIR);
	sub = e.ino;
	assert_int_equal(e.dir, top);
	is_named(name, e.name_len, "sub");
	next(QT_SYS_OPEN);
	ino = e.ino;
	assert_int_equal(e.dir, sub);
	is_named(name, e.name_len, "a");
	next(QT_SYS_PWRITE);
	assert_int_equal(e.at, 0);
	is_named(data, e.data_len, "one");
	next(QT_SYS_PWRITE);
	assert_int_equal(e.at, 3);
	is_named(data, e.data_len, "two");
	next(QT_SYS_PWRITE);
	assert_int_equal(e.at, 1);
	assert_int_equal(e.ino, ino);
	is_named(data, e.data_len, "N");
	for (unsigned int begins = 1; begins < 2; begins--) {
		next(QT_SYS_FSYNC);
		assert_int_equal(e.flags, begins);
		assert_int_equal(e.ino, ino);
	}
	next(QT_SYS_FTRUNCATE);
	assert_int_equal(e.len, 5);
	next(QT_SYS_FALLOCATE);
	assert_int_equal(e.len, 8192);
	next(QT_SYS_RENAME);
	assert_int_equal(e.ino, ino);
	assert_int_equal(e.dir, sub);
	assert_int_equal(e.to_dir, top);
	is_named(name, e.name_len, "a");
	is_named(to_name, e.to_len, "b");
	next(QT_SYS_FSYNC);
	assert_int_equal(e.ino, top);
	next(QT_SYS_FSYNC);
	next(QT_SYS_OPEN);
	ino = e.ino;
	next(QT_SYS_LINK);
	assert_int_equal(e.ino, ino);
	is_named(name, e.name_len, "c");
	next(QT_SYS_UNLINK);
	is_named(name, e.name_len, "b");
	next(QT_SYS_RENAME);
	is_named(to_name, e.to_len, "d");
	next(QT_SYS_UNLINK);
	assert_int_equal(at, len);
}

QT_TEST(every_change_of_a_file_or_a_folder_is_recorded)
{
	char		dir[] = "/tmp/qt-record-test.XXXXXX";
	struct stat	st;
	int		fd, dirfd;

	(void)state;
	assert_non_null(mkdtemp(dir));
	dirfd = qt_sys_open(AT_FDCWD, dir, O_DIRECTORY | O_RDONLY, 0);
	assert_int_equal(fstat(dirfd, &st), 0);
	fd = record();
	work(dir, dirfd);
	stop(fd);
	work(dir, dirfd);	/* and no longer */
	compare(st.st_ino);
	close(dirfd);
	assert_int_equal(rmdir(dir), 0);
}

QT_TEST(what_fails_or_changes_nothing_is_not_recorded)
{
	int	fd = record(), out[2], null;

	(void)state;
	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	assert_int_equal(qt_sys_write(out[1], "x", 1), 1);
	null = qt_sys_open(AT_FDCWD, "/dev/null", O_RDWR | O_CREAT, 0600);
	assert_int_equal(qt_sys_write(null, "x", 1), 1);
	assert_int_equal(qt_sys_ftruncate(out[0], 1), -EINVAL);
	assert_int_equal(qt_sys_unlink(AT_FDCWD, "/no/such"), -ENOENT);
	qt_sys_fault(QT_SYS_MKDIR, 1, EIO);
	assert_int_equal(qt_sys_mkdir("/tmp/no", 0700), -EIO);
	qt_sys_fault(QT_SYS_FSYNC, 1, EIO);
	assert_int_equal(qt_sys_fsync(null), -EIO);
	qt_sys_fault(QT_SYS_FSYNC, 0, 0);
	close(out[0]);
	close(out[1]);
	close(null);
	stop(fd);
	/* But a sync that fails changes what others may hope for. */
	next(QT_SYS_FSYNC);
	assert_int_equal(e.flags, QT_SYS_BEGINS);
	next(QT_SYS_FSYNC);
	assert_int_equal(e.flags, QT_SYS_FAILED);
	assert_int_equal(at, len);
}

QT_TEST(children_append_to_the_same_record)
{
	int	fd = record(), i, status;
	pid_t	pid;

	(void)state;
	for (i = 0; i < 4; i++) {
		pid = fork();
		assert_true(pid >= 0);
		if (pid == 0) {
			for (uint64_t n = 0; n < 50; n++)
				qt_sys_record_mark(7, n);
			_exit(0);
		}
	}
	while (wait(&status) > 0)
		assert_int_equal(status, 0);
	stop(fd);
	for (i = 0; i < 200; i++) {
		next(QT_SYS_COUNT_);
		assert_int_equal(e.ino, 7);
	}
	assert_int_equal(at, len);
}

static int
write_to_a_full_log(void *arg)
{
	(void)arg;
	qt_sys_record(open("/dev/full", O_WRONLY | O_CLOEXEC));
	qt_sys_record_mark(1, 1);
	return 0;
}

QT_TEST(a_record_that_cannot_be_kept_ends_the_program)
{
	struct child	child;

	(void)state;
	child_run(&child, write_to_a_full_log, NULL);
	assert_int_equal(child.status, 2);
	assert_non_null(strstr(child.err, "No space left"));
}
