/* SPDX-License-Identifier: Apache-2.0 */
/*
 * <qt/net/place.h>, each way: as the file system of /tmp has it, and as one
 * has it that knows no O_TMPFILE (its first open fails).
 */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <qt/base/sys.h>
#include <qt/net/place.h>

#include "../test.h"

struct folder {
	char	path[64];
	int	fd;
	int	is_named;	/* no O_TMPFILE here */
};

static void
folder_open(struct folder *f, int is_named)
{
	int	fd;

	strcpy(f->path, "/tmp/qt-place-XXXXXX");
	assert_non_null(mkdtemp(f->path));
	f->fd = open(f->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	assert_true(f->fd >= 0);
	fd = openat(f->fd, ".", O_WRONLY | O_TMPFILE | O_CLOEXEC, 0600);
	f->is_named = is_named || fd < 0;
	close(fd);
}

static int
folder_count(const struct folder *f)
{
	DIR			*d = opendir(f->path);
	const struct dirent	*e;
	int			 n = 0;

	assert_non_null(d);
	while ((e = readdir(d)) != NULL)
		n += strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..");
	closedir(d);
	return n;
}

static void
folder_close(struct folder *f)
{
	char	command[96];

	close(f->fd);
	snprintf(command, sizeof(command), "rm -rf %s", f->path);
	assert_int_equal(system(command), 0);
}

static int
begin(const struct folder *f, const char *name, unsigned int flags)
{
	int	fd;

	qt_sys_fault(QT_SYS_OPEN, f->is_named, EOPNOTSUPP);
	fd = qt_net_place_open(f->fd, name, flags);
	qt_sys_fault(QT_SYS_OPEN, 0, 0);
	return fd;
}

static int
commit(const struct folder *f, int fd, const char *name, unsigned int flags)
{
	char	path[128];

	snprintf(path, sizeof(path), "%s/%s", f->path, name);
	return qt_net_place_commit(fd, path, flags);
}

static void
expect(const struct folder *f, const char *name, const char *want)
{
	char	path[128], got[16] = "";
	int	fd;

	snprintf(path, sizeof(path), "%s/%s", f->path, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_true(read(fd, got, sizeof(got) - 1) >= 0);
	assert_string_equal(got, want);
	close(fd);
}

static void
place(const struct folder *f, const char *name, const char *text,
    unsigned int flags)
{
	int	fd = begin(f, name, flags);

	assert_true(fd >= 0);
	assert_true(write(fd, text, strlen(text)) > 0);
	assert_int_equal(commit(f, fd, name, flags), 0);
	close(fd);
}

static void
try_each(int is_named)
{
	struct folder	f;
	int		fd, other;

	folder_open(&f, is_named);
	place(&f, "a", "one", 0);
	expect(&f, "a", "one");
	assert_int_equal(begin(&f, "a", 0), -EEXIST);
	place(&f, "a", "two", QT_NET_PLACE_OVER);
	expect(&f, "a", "two");
	/* Somebody else was quicker. */
	fd = begin(&f, "b", 0);
	other = begin(&f, "b", 0);
	assert_true(fd >= 0 && other >= 0);
	assert_int_equal(folder_count(&f), 1 + 2 * f.is_named);
	assert_int_equal(commit(&f, other, "b", 0), 0);
	assert_int_equal(commit(&f, fd, "b", 0), -EEXIST);
	qt_net_place_drop(fd);
	close(fd);
	close(other);
	assert_int_equal(folder_count(&f), 2);
	/* What is no plain file is not replaced. */
	assert_int_equal(mkdirat(f.fd, "d", 0700), 0);
	assert_int_equal(begin(&f, "d", QT_NET_PLACE_OVER), -EEXIST);
	fd = begin(&f, "e", QT_NET_PLACE_OVER);
	assert_int_equal(mkdirat(f.fd, "e", 0700), 0);
	assert_int_equal(commit(&f, fd, "e", QT_NET_PLACE_OVER), -EEXIST);
	qt_net_place_drop(fd);
	close(fd);
	assert_int_equal(folder_count(&f), 4);
	folder_close(&f);
}

QT_TEST(a_file_has_its_name_once_it_is_whole)
{
	(void)state;
	try_each(0);
	try_each(1);
}

QT_TEST(a_file_that_is_dropped_was_never_there)
{
	(void)state;
	for (int is_named = 0; is_named < 2; is_named++) {
		struct folder	f;
		int		fd;

		folder_open(&f, is_named);
		fd = begin(&f, "a", 0);
		assert_true(fd >= 0);
		assert_int_equal(folder_count(&f), f.is_named);
		qt_net_place_drop(fd);
		assert_int_equal(folder_count(&f), 0);
		close(fd);
		folder_close(&f);
	}
}

/* Two: one whose writer lives, one whose writer was killed. */
QT_TEST(what_killed_writers_left_is_swept_and_nothing_else)
{
	struct folder	f;
	pid_t		pid;
	int		fd, status;

	(void)state;
	folder_open(&f, 1);
	fd = begin(&f, "mine", 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		_exit(begin(&f, "lost", 0) < 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(folder_count(&f), 2);
	/* Not ours by name, by kind, or by their names alone. */
	close(openat(f.fd, ".qt-upload-0123", O_CREAT | O_WRONLY, 0600));
	close(openat(f.fd, ".qt-upload-0123456789abcdeg", O_CREAT | O_WRONLY,
	    0600));
	assert_int_equal(symlinkat("/etc/passwd", f.fd,
	    ".qt-upload-0123456789abcdef"), 0);
	assert_int_equal(mkfifoat(f.fd, ".qt-upload-fedcba9876543210", 0600),
	    0);
	assert_int_equal(folder_count(&f), 6);
	place(&f, "b", "two", 0);
	assert_int_equal(folder_count(&f), 6);
	assert_int_equal(write(fd, "x", 1), 1);
	assert_int_equal(commit(&f, fd, "mine", 0), 0);
	expect(&f, "mine", "x");
	close(fd);
	folder_close(&f);
}

QT_TEST(where_a_rename_cannot_keep_from_replacing_the_name_is_claimed)
{
	struct folder	f;
	int		fd;

	(void)state;
	folder_open(&f, 1);
	fd = begin(&f, "a", 0);
	assert_int_equal(write(fd, "one", 3), 3);
	qt_sys_fault(QT_SYS_RENAME, 1, EINVAL);
	assert_int_equal(commit(&f, fd, "a", 0), 0);
	close(fd);
	expect(&f, "a", "one");
	fd = begin(&f, "b", 0);
	close(openat(f.fd, "b", O_CREAT | O_WRONLY, 0600));
	qt_sys_fault(QT_SYS_RENAME, 1, EINVAL);
	assert_int_equal(commit(&f, fd, "b", 0), -EEXIST);
	qt_sys_fault(QT_SYS_RENAME, 0, 0);
	qt_net_place_drop(fd);
	close(fd);
	assert_int_equal(folder_count(&f), 2);
	folder_close(&f);
}

QT_TEST(names_and_descriptors_that_are_none_of_ours_are_refused)
{
	static const char *const	bad[] = { "", ".", "..", "a/b", "/a",
	    ".qt-upload-0123456789abcdef" };
	struct folder			f;
	char				path[128];
	int				fd;

	(void)state;
	folder_open(&f, 1);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(begin(&f, bad[i], 0), -EINVAL);
	/* A file that has another name already. */
	fd = openat(f.fd, "own", O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	assert_int_equal(commit(&f, fd, "a", 0), -EINVAL);
	qt_net_place_drop(fd);
	assert_int_equal(folder_count(&f), 1);
	close(fd);
	/* Another folder than it was opened for. */
	fd = begin(&f, "a", 0);
	snprintf(path, sizeof(path), "%s.else", f.path);
	assert_int_equal(qt_net_place_commit(fd, path, 0), -EINVAL);
	qt_net_place_drop(fd);
	close(fd);
	folder_close(&f);
}
