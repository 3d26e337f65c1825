/* SPDX-License-Identifier: Apache-2.0 */
/*
 * <qt/base/sys.h>: faults from the environment. It is read once, so every
 * test is a process of its own and this one makes no call of the layer.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <qt/base/sys.h>

#include "../child.h"
#include "../test.h"

static int
fail_third_fallocate_and_short_write(void *arg)
{
	int	fd = memfd_create("x", MFD_CLOEXEC);

	setenv("QT_FAULT", arg, 1);
	for (int i = 1; i <= 5; i++) {
		if (qt_sys_fallocate(fd, 0, 0, 4096) != (i == 3 ? -ENOSPC : 0))
			return i;
	}
	if (qt_sys_write(fd, "1234", 4) != 2)
		return 11;
	if (qt_sys_write(fd, "1234", 4) != 4)
		return 12;
	return 0;
}

QT_TEST(several_faults_come_from_the_environment)
{
	struct child	c;
	char		text[] = "fallocate:3:ENOSPC,write:1:short";

	(void)state;
	child_run(&c, fail_third_fallocate_and_short_write, text);
	assert_string_equal(c.err, "");
	assert_int_equal(c.status, 0);
}

static int
call_once(void *arg)
{
	if (arg != NULL)
		setenv("QT_FAULT", arg, 1);
	else
		unsetenv("QT_FAULT");
	return -qt_sys_fsync(memfd_create("x", MFD_CLOEXEC));
}

QT_TEST(without_the_variable_nothing_fails)
{
	struct child	c;
	char		empty[] = "";

	(void)state;
	child_run(&c, call_once, NULL);
	assert_int_equal(c.status, 0);
	child_run(&c, call_once, empty);
	assert_int_equal(c.status, 0);
}

QT_TEST(every_kind_has_a_name_there)
{
	static const char *const	names[] = { "open", "read", "write",
	    "pread", "pwrite", "fsync", "ftruncate", "fallocate", "mmap",
	    "link", "rename", "unlink", "mkdir", "fork", "send", "recv",
	    "accept", "memfd", "eventfd", "pty", "lock" };
	struct child			c;
	char				text[32];
	size_t				i;

	(void)state;
	assert_int_equal(sizeof(names) / sizeof(names[0]), QT_SYS_COUNT_);
	for (i = 0; i < QT_SYS_COUNT_; i++) {
		strcpy(text, names[i]);
		strcat(text, ":1:EIO");
		child_run(&c, call_once, text);
		assert_string_equal(c.err, "");
		assert_int_equal(c.status,
		    strcmp(names[i], "fsync") == 0 ? EIO : 0);
	}
}

QT_TEST(a_misspelt_fault_ends_the_program_and_is_named)
{
	static const char *const	bad[] = { "fsnyc:1:EIO", "fsync:0:EIO",
	    "fsync:1:EOI", "fsync:1", "fsync", "fsync:1:EIO:", ",", ":::",
	    "fsync:-1:EIO", "fsync:1:short", "fsync:1:", "fsync:1:EIO ",
	    "fsync:99999999999:EIO" };
	struct child			c;
	char				text[64];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		strcpy(text, bad[i]);
		child_run(&c, call_once, text);
		assert_int_equal(c.status, 2);
		assert_non_null(strstr(c.err, "QT_FAULT: '"));
	}
	strcpy(text, "write:1:EIO,fsnyc:1:EIO");
	child_run(&c, call_once, text);
	assert_int_equal(c.status, 2);
	assert_non_null(strstr(c.err, "'fsnyc:1:EIO'"));
}

static int
override(void *arg)
{
	int	fd = memfd_create("x", MFD_CLOEXEC);

	setenv("QT_FAULT", arg, 1);
	qt_sys_fault(QT_SYS_FSYNC, 0, 0);
	return -qt_sys_fsync(fd);
}

QT_TEST(a_programs_own_fault_replaces_the_environments)
{
	struct child	c;
	char		text[] = "fsync:1:EIO";

	(void)state;
	child_run(&c, override, text);
	assert_int_equal(c.status, 0);
}
