/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_SHM_SMALL_TEST_H
#define QT_SHM_SMALL_TEST_H

/* A test in a /dev/shm of its own that is soon full: 1 MiB. */

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "../child.h"

#define CHECK(x) do {							\
	if (!(x)) {							\
		fprintf(stderr, "line %d: %s\n", __LINE__, #x);		\
		return 1;						\
	}								\
} while (0)

static int
small_write(const char *path, const char *text)
{
	int	fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t	n = fd < 0 ? -1 : write(fd, text, strlen(text));

	if (fd >= 0)
		close(fd);
	return n < 0 ? -1 : 0;
}

/* As root, or as the root of a user namespace. */
static int
small_namespace(void)
{
	char	uid[32], gid[32];

	if (unshare(CLONE_NEWNS) == 0)
		return 0;
	snprintf(uid, sizeof(uid), "0 %lu 1", (unsigned long)geteuid());
	snprintf(gid, sizeof(gid), "0 %lu 1", (unsigned long)getegid());
	if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0 ||
	    small_write("/proc/self/setgroups", "deny") < 0 ||
	    small_write("/proc/self/uid_map", uid) < 0 ||
	    small_write("/proc/self/gid_map", gid) < 0)
		return -1;
	return 0;
}

/* 77: it may not. */
static int
small_shm(void)
{
	if (small_namespace() < 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("shm", "/dev/shm", "tmpfs", 0, "size=1m") < 0)
		return 77;
	return 0;
}

/* fn begins with small_shm(), and returns 0, or 77 when that says so. */
static void
run_small(int (*fn)(void *arg))
{
	struct child	child;

	child_run(&child, fn, NULL);
	if (child.status == 77) {
		print_message("# may not mount a small /dev/shm\n");
		skip();
	}
	if (child.status != 0)
		fail_msg("%d: %s", child.status, child.err);
}

#endif /* QT_SHM_SMALL_TEST_H */
