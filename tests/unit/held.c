/* SPDX-License-Identifier: Apache-2.0 */
/* A sweeper that is held while others go on. See held.h. */

#include "held.h"

#include <stdio.h>

#if defined(__x86_64__)

#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include <qt/shm/segment.h>

#include "child.h"
#include "step.h"

#define HOLDS_MAX	500	/* it comes to its thing first */
#define STEPS_MAX	200000
#define END_MS		20000

/* The visit-th time that the sweep comes to an instruction. */
struct hold {
	unsigned long	at;
	unsigned int	visit;
};

struct worker {
	int	say, told;
	pid_t	pid;
};

/* --- Processes ------------------------------------------------------------ */

static pid_t
start(struct held_world *w, void (*fn)(struct held_world *w))
{
	pid_t	pid = fork();
	int	status;

	step_must(pid >= 0, "fork");
	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (qt_seg_after_fork(w->seg, NULL) < 0 ||
		    ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
			_exit(99);
		raise(SIGSTOP);
		fn(w);
		_exit(0);
	}
	step_must(waitpid(pid, &status, 0) == pid && WIFSTOPPED(status),
	    "a child did not start");
	return pid;
}

/* 1 while it is there. */
static int
resume(pid_t pid, int how)
{
	int	status;

	step_must(ptrace(how, pid, NULL, NULL) == 0, "resume");
	step_must(waitpid(pid, &status, 0) == pid, "waitpid");
	step_must(!WIFEXITED(status) || WEXITSTATUS(status) == 0,
	    "an operation failed");
	return WIFSTOPPED(status);
}

static void
end(pid_t pid)
{
	kill(pid, SIGKILL);
	step_must(waitpid(pid, NULL, 0) == pid, "waitpid");
}

/* To its end: a loop that has none is a finding. */
static bool
finish(pid_t pid)
{
	int	status;

	step_must(ptrace(PTRACE_DETACH, pid, NULL, NULL) == 0, "detach");
	for (int ms = 0; ms < END_MS; ms++) {
		if (waitpid(pid, &status, WNOHANG) == pid)
			return WIFEXITED(status) && WEXITSTATUS(status) == 0;
		usleep(1000);
	}
	end(pid);
	return false;
}

static int
step_until(pid_t pid, struct held_world *w, bool (*is_so)(struct held_world *w))
{
	for (int i = 0; i < STEPS_MAX; i++) {
		if (is_so(w))
			return 1;
		if (!resume(pid, PTRACE_SINGLESTEP))
			return 0;
	}
	return 0;
}

static unsigned long
reg(pid_t pid, size_t which)
{
	return (unsigned long)ptrace(PTRACE_PEEKUSER, pid, which, NULL);
}
#define IP	offsetof(struct user_regs_struct, rip)
#define SP	offsetof(struct user_regs_struct, rsp)

/* To the n-th visit of an instruction, by a trap that is taken away again. */
static int
run_to(pid_t pid, unsigned long at, unsigned int n)
{
	long	word = ptrace(PTRACE_PEEKTEXT, pid, at, NULL);

	for (;;) {
		step_must(ptrace(PTRACE_POKETEXT, pid, at,
		    (word & ~0xffL) | 0xcc) == 0, "set a trap");
		if (!resume(pid, PTRACE_CONT))
			return 0;
		step_must(ptrace(PTRACE_POKEUSER, pid, IP, at) == 0 &&
		    ptrace(PTRACE_POKETEXT, pid, at, word) == 0,
		    "take a trap away");
		if (--n == 0)
			return 1;
		if (!resume(pid, PTRACE_SINGLESTEP))
			return 0;
	}
}

static void
sweep(struct held_world *w)
{
	if (qt_seg_sweep(w->seg) < 0)
		_exit(98);
}

/* --- A participant that goes on and dies last ------------------------------ */

static void
worker_start(struct worker *k, struct held_world *w,
    void (*fn)(struct held_world *w))
{
	int	say[2], told[2];
	char	c;

	step_must(pipe(say) == 0 && pipe(told) == 0, "pipe");
	k->pid = fork();
	step_must(k->pid >= 0, "fork");
	if (k->pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(told[0]);
		if (qt_seg_after_fork(w->seg, NULL) < 0)
			_exit(99);
		/* Here, and then, and not when it is told to. */
		for (;;) {
			if (write(told[1], "x", 1) != 1 ||
			    read(say[0], &c, 1) != 1)
				_exit(0);
			fn(w);
		}
	}
	close(told[1]);
	close(say[0]);
	k->say = say[1];
	k->told = told[0];
	step_must(read(k->told, &c, 1) == 1, "the worker");
}

static void
worker_go(const struct worker *k)
{
	char	c;

	step_must(write(k->say, "x", 1) == 1 && read(k->told, &c, 1) == 1,
	    "the worker");
}

static void
worker_end(const struct worker *k)
{
	end(k->pid);
	close(k->say);
	close(k->told);
}

/* --- The sweep of sweepers -------------------------------------------------- */

/* A fresh world, and in it a sweeper that waits where its sweep begins. */
static pid_t
sweeper(const struct held_case *c, struct held_world **out,
    struct worker *k)
{
	struct held_world	*w = c->setup();
	unsigned long	 entry = (unsigned long)(uintptr_t)c->entry;
	pid_t		 victim, half = -1, pid;

	worker_start(k, w, c->others);
	/* Who joins sweeps; so all join before anybody dies. */
	victim = start(w, c->victim);
	if (c->is_half != NULL)
		half = start(w, sweep);
	pid = start(w, sweep);
	step_must(step_until(victim, w, c->is_dying), "the victim did not "
	    "come to it");
	end(victim);
	if (c->is_half != NULL) {
		step_must(run_to(half, entry, 1) &&
		    step_until(half, w, c->is_half), "half a sweep");
		end(half);
	}
	step_must(run_to(pid, entry, 1), "the sweep did not begin");
	*out = w;
	return pid;
}

/* All instructions of the sweep, in their order. */
static size_t
record(const struct held_case *c, struct hold *hold)
{
	struct held_world	*w;
	struct worker	 k;
	pid_t		 pid = sweeper(c, &w, &k);
	unsigned long	 back = (unsigned long)ptrace(PTRACE_PEEKDATA, pid,
	    reg(pid, SP), NULL);
	size_t		 n = 0, limit = c->limit != 0 ? c->limit : HOLDS_MAX;

	while (n < limit && reg(pid, IP) != back) {
		hold[n] = (struct hold){ reg(pid, IP), 1 };
		for (size_t i = 0; i < n; i++)
			hold[n].visit += hold[i].at == hold[n].at;
		n++;
		step_must(resume(pid, PTRACE_SINGLESTEP), "it ended early");
	}
	end(pid);
	worker_end(&k);
	c->clean(w);
	return n;
}

static const char *
hold_at(const struct held_case *c, const struct hold *h)
{
	struct held_world	*w;
	const char	*wrong = NULL;
	struct worker	 k;
	pid_t		 pid = sweeper(c, &w, &k);

	/* The first instruction is where it is already. */
	if ((h->at == reg(pid, IP) && h->visit == 1) ||
	    run_to(pid, h->at, h->visit)) {
		worker_go(&k);
		if (!finish(pid))
			wrong = "the sweeper does not come to its end";
		worker_end(&k);
		if (wrong == NULL)
			wrong = c->check(w);
	} else {
		worker_end(&k);
	}
	c->clean(w);
	return wrong;
}

int
held_sweep(const struct held_case *c, int number)
{
	static struct hold	 hold[HOLDS_MAX];
	const char		*length = getenv("QT_STRESS");
	const char		*wrong = NULL;
	int			 is_all = length != NULL &&
	    strcmp(length, "long") == 0;
	size_t			 n, i, last = 0, tried = 0;

	/* They take turns anyway. */
	child_stay_on_one_cpu();
	n = record(c, hold);
	for (i = 0; i < n && wrong == NULL; i++) {
		if (!is_all && n > 10 && i % 2 != (size_t)getpid() % 2)
			continue;
		wrong = hold_at(c, &hold[i]);
		last = i;
		tried++;
	}
	if (wrong == NULL)
		printf("ok %d - %s: held at %zu of %zu\n", number, c->name,
		    tried, n);
	else
		printf("not ok %d - %s: held after instruction %zu of %zu: "
		    "%s\n", number, c->name, last, n, wrong);
	fflush(stdout);
	return wrong != NULL;
}

#else /* not x86-64 */

int
held_sweep(const struct held_case *c, int number)
{
	printf("ok %d - %s # SKIP only on x86-64\n", number, c->name);
	return 0;
}

#endif
