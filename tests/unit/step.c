/* SPDX-License-Identifier: Apache-2.0 */
/* A kill at every instruction that matters. See step.h. */

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "step.h"

#define STEPS_MAX	2000000UL
#define POINTS_MAX	20000

struct watch {
	unsigned char	*now, *last;
	size_t		 size;
	blkcnt_t	 blocks;
};

static void
die(const char *what)
{
	printf("Bail out! %s: %s\n", what, strerror(errno));
	exit(1);
}

/* A child that waits at its first instruction of op. */
static pid_t
start(const struct step_case *c, void *state)
{
	pid_t	pid;

	fflush(stdout);
	pid = fork();
	if (pid < 0)
		die("fork");
	if (pid == 0) {
		if (c->begin != NULL)
			c->begin(state);
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
			_exit(99);
		raise(SIGSTOP);
		c->op(state);
		_exit(0);
	}
	return pid;
}

/* 1 while the child is there, 0 when it has ended. */
static int
step(pid_t pid)
{
	int	status;

	if (ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL) < 0)
		die("singlestep");
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			die("waitpid");
	if (WIFEXITED(status) && WEXITSTATUS(status) != 0) {
		printf("Bail out! the operation failed: %d\n",
		    WEXITSTATUS(status));
		exit(1);
	}
	return WIFSTOPPED(status);
}

static void
end(pid_t pid)
{
	int	status;

	kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			die("waitpid");
}

static void
wait_start(pid_t pid)
{
	int	status;

	if (waitpid(pid, &status, 0) < 0 || !WIFSTOPPED(status))
		die("the child did not start");
}

/* By pread: a mapping would give memory to holes that it only looks at. */
static int
has_changed(struct watch *w, int fd)
{
	struct stat	 st;
	unsigned char	*swap;
	int		 changed;

	if (fstat(fd, &st) < 0 ||
	    pread(fd, w->now, w->size, 0) != (ssize_t)w->size)
		die("look at the file");
	changed = st.st_blocks != w->blocks ||
	    memcmp(w->now, w->last, w->size) != 0;
	w->blocks = st.st_blocks;
	swap = w->now;
	w->now = w->last;
	w->last = swap;
	return changed;
}

/* Is the child about to enter the kernel? */
static int
is_syscall(pid_t pid)
{
#if defined(__x86_64__)
	long	at, word;

	at = ptrace(PTRACE_PEEKUSER, pid, (void *)(16 * sizeof(long)), NULL);
	word = ptrace(PTRACE_PEEKTEXT, pid, (void *)at, NULL);
	return (word & 0xffff) == 0x050f;
#else
	(void)pid;
	return 1;	/* every instruction is a point */
#endif
}

/* Fills points with the instructions to kill after; returns how many. */
static size_t
find_points(const struct step_case *c, unsigned long *points,
    unsigned long *steps)
{
	struct watch	 w = { 0 };
	struct stat	 st;
	size_t		 n = 0;
	void		*state;
	pid_t		 pid;
	int		 fd, alive = 1;

	state = c->setup(&fd);
	if (fstat(fd, &st) < 0)
		die("fstat");
	w.size = (size_t)st.st_size;
	w.now = malloc(w.size);
	w.last = malloc(w.size);
	if (w.now == NULL || w.last == NULL)
		die("malloc");
	pid = start(c, state);
	wait_start(pid);
	(void)has_changed(&w, fd);
	points[n++] = 0;
	for (*steps = 1; alive && *steps < STEPS_MAX; (*steps)++) {
		int	syscall_next = is_syscall(pid);

		alive = step(pid);
		if ((has_changed(&w, fd) || syscall_next) && n < POINTS_MAX)
			points[n++] = *steps;
	}
	if (alive)
		end(pid);
	c->clean(state);
	free(w.now);
	free(w.last);
	return n;
}

static const char *
kill_after(const struct step_case *c, unsigned long steps)
{
	const char	*wrong;
	void		*state;
	pid_t		 pid;
	int		 fd, alive = 1;

	state = c->setup(&fd);
	pid = start(c, state);
	wait_start(pid);
	for (unsigned long i = 0; alive && i < steps; i++)
		alive = step(pid);
	if (alive)
		end(pid);
	wrong = c->check(state);
	c->clean(state);
	return wrong;
}

/* Both take turns anyway, and switching between processors takes longer. */
static void
stay_on_one_cpu(void)
{
	cpu_set_t	set;
	int		cpu = sched_getcpu();

	if (cpu < 0)
		return;
	CPU_ZERO(&set);
	CPU_SET((unsigned int)cpu, &set);
	(void)sched_setaffinity(0, sizeof(set), &set);
}

void
step_must(int ok, const char *what)
{
	if (ok)
		return;
	printf("Bail out! %s\n", what);
	exit(1);
}

int
step_sweep(const struct step_case *c, int number)
{
	unsigned long	*points = calloc(POINTS_MAX, sizeof(*points));
	unsigned long	 steps;
	const char	*wrong = NULL;
	size_t		 n, i;

	if (points == NULL)
		die("calloc");
	stay_on_one_cpu();
	n = find_points(c, points, &steps);
	for (i = 0; i < n && wrong == NULL; i++)
		wrong = kill_after(c, points[i]);
	if (wrong == NULL)
		printf("ok %d - %s: %lu instructions, killed at %zu\n", number,
		    c->name, steps, n);
	else
		printf("not ok %d - %s: killed after instruction %lu: %s\n",
		    number, c->name, points[i - 1], wrong);
	fflush(stdout);
	free(points);
	return wrong != NULL || n < 2 || steps >= STEPS_MAX;
}
