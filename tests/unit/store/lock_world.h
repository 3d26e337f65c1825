/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_STORE_LOCK_WORLD_H
#define QT_STORE_LOCK_WORLD_H

/* What the tests of locks share: a folder with LOCK, shared memory, children. */

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <qt/base/clock.h>

#include "../../../libcommon/store/lock_priv.h"
#include "../place.h"

#define LONG_MS		30000
#define STARVED		(1u << 22)	/* lock.c's */

struct world {
	int		 dir;		/* of the folder that holds LOCK */
	int		 mem;		/* this memory, as a file */
	struct qt__lock	 lock;
	_Atomic uint32_t step;		/* how far a child has come */
	_Atomic uint64_t a, b;		/* equal whenever nobody changes them */
};

__attribute__((unused))
static uint64_t
soon(void)
{
	return qt_clock_mono_ms() + LONG_MS;
}

/* NULL when it cannot be made; world_free() removes the folder. */
__attribute__((unused))
static struct world *
world_new(void)
{
	char		 path[64];
	struct world	*w;
	int		 fd, mem = memfd_create("lock", MFD_CLOEXEC);

	if (mem < 0 || ftruncate(mem, sizeof(*w)) < 0)
		return NULL;
	place_new(path, sizeof(path));
	w = mmap(NULL, sizeof(*w), PROT_READ | PROT_WRITE, MAP_SHARED, mem, 0);
	if (w == MAP_FAILED)
		return NULL;
	w->mem = mem;
	w->dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	fd = openat(w->dir, "LOCK", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (w->dir < 0 || fd < 0)
		return NULL;
	close(fd);
	return w;
}

__attribute__((unused))
static void
world_free(struct world *w)
{
	char	link[64], path[64] = "";
	ssize_t	len;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", w->dir);
	len = readlink(link, path, sizeof(path) - 1);
	unlinkat(w->dir, "LOCK", 0);
	if (len > 0)
		rmdir(path);
	close(w->dir);
	close(w->mem);
	munmap(w, sizeof(*w));
}

/* A process that runs fn and then stays until it is killed. */
__attribute__((unused))
static pid_t
world_start(struct world *w, int (*fn)(struct world *w))
{
	pid_t	pid = fork();

	if (pid == 0) {
		int	rc;

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		rc = fn(w);

		if (rc != 0)
			_exit(rc);
		for (;;)
			pause();
	}
	return pid;
}

__attribute__((unused))
static int
world_await(struct world *w, uint32_t step)
{
	uint64_t	until = soon();

	while (atomic_load(&w->step) < step) {
		if (qt_clock_mono_ms() > until)
			return 0;
		usleep(200);
	}
	return 1;
}

/* Until these bits are in the lock's word. */
__attribute__((unused))
static int
world_await_word(struct world *w, uint32_t bits)
{
	uint64_t	until = soon();

	while ((atomic_load(&w->lock.word) & bits) != bits) {
		if (qt_clock_mono_ms() > until)
			return 0;
		usleep(200);
	}
	return 1;
}

__attribute__((unused))
static void
world_kill(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

#endif /* QT_STORE_LOCK_WORLD_H */
