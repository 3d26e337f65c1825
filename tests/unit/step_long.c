/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kills in long operations. See step.h.
 *
 * To the child the watched pages are read-only: each store to them stops it by
 * SIGSEGV. We then let it change them for one instruction, by a call of
 * mprotect(2) that we make it do. Each system call stops it anyway. The rest of
 * it runs at full speed.
 */

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "step.h"

#define WINDOWS		8u
#define POINTS_MAX	20000u
#define CALL_STOP	(SIGTRAP | 0x80)

struct window {
	uintptr_t	from, to;	/* whole pages */
};

static struct window	windows[WINDOWS];
static unsigned int	window_count;
static size_t		limit;

void
step_watch(const void *from, size_t len)
{
	uintptr_t	page = (uintptr_t)sysconf(_SC_PAGESIZE);
	uintptr_t	at = (uintptr_t)from;

	step_must(window_count < WINDOWS, "too many windows");
	windows[window_count++] = (struct window){ at & ~(page - 1),
	    (at + len + page - 1) & ~(page - 1) };
}

void
step_limit(size_t points)
{
	const char	*length = getenv("QT_STRESS");

	limit = length != NULL && strcmp(length, "long") == 0 ? 0 : points;
}

#if defined(__x86_64__)

/* --- The child ------------------------------------------------------------ */

struct run {
	pid_t		 pid;
	unsigned long	 call;		/* where an instruction syscall is */
	int		 is_inside;	/* of a system call */
};

static pid_t
start(const struct step_case *c, void *state)
{
	pid_t	pid;

	fflush(stdout);
	pid = fork();
	step_must(pid >= 0, "fork");
	if (pid != 0)
		return pid;
	if (c->begin != NULL)
		c->begin(state);
	for (unsigned int i = 0; i < window_count; i++)
		if (mprotect((void *)windows[i].from, windows[i].to -
		    windows[i].from, PROT_READ) < 0)
			_exit(98);
	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
		_exit(99);
	raise(SIGSTOP);
	c->op(state);
	_exit(0);
}

/* What it was stopped by; 0: it has ended. */
static int
resume(struct run *r, int how)
{
	int	status;

	step_must(ptrace(how, r->pid, NULL, NULL) == 0, "resume");
	step_must(waitpid(r->pid, &status, 0) == r->pid, "waitpid");
	if (WIFSTOPPED(status))
		return WSTOPSIG(status);
	step_must(WIFEXITED(status) && WEXITSTATUS(status) == 0,
	    "the operation failed");
	return 0;
}

/* In the child; its registers are as before. */
static void
protect(struct run *r, const struct window *w, int prot)
{
	struct user_regs_struct	was, regs;

	step_must(ptrace(PTRACE_GETREGS, r->pid, NULL, &was) == 0, "registers");
	regs = was;
	regs.rip = r->call;
	regs.rax = SYS_mprotect;
	regs.orig_rax = (unsigned long long)-1;
	regs.rdi = w->from;
	regs.rsi = w->to - w->from;
	regs.rdx = (unsigned long long)prot;
	step_must(ptrace(PTRACE_SETREGS, r->pid, NULL, &regs) == 0 &&
	    resume(r, PTRACE_SINGLESTEP) == SIGTRAP &&
	    ptrace(PTRACE_GETREGS, r->pid, NULL, &regs) == 0 &&
	    regs.rax == 0, "let it write");
	was.orig_rax = (unsigned long long)-1;
	step_must(ptrace(PTRACE_SETREGS, r->pid, NULL, &was) == 0, "registers");
}

/* One instruction that stores to a window. */
static void
let_store(struct run *r)
{
	siginfo_t	info;
	uintptr_t	at;
	unsigned int	i = 0;

	step_must(ptrace(PTRACE_GETSIGINFO, r->pid, NULL, &info) == 0,
	    "the signal");
	at = (uintptr_t)info.si_addr;
	while (i < window_count && (at < windows[i].from || at >= windows[i].to))
		i++;
	step_must(i < window_count, "a fault");
	protect(r, &windows[i], PROT_READ | PROT_WRITE);
	step_must(resume(r, PTRACE_SINGLESTEP) == SIGTRAP, "a step");
	protect(r, &windows[i], PROT_READ);
}

/*
 * Until it has done so many stores and system calls; says how many there were:
 * fewer when it has ended.
 */
static size_t
go(struct run *r, size_t points)
{
	size_t	n = 0;

	while (n < points) {
		int	stop = resume(r, PTRACE_SYSCALL);

		if (stop == 0)
			break;
		if (stop == CALL_STOP) {
			r->is_inside = !r->is_inside;
			n += !r->is_inside;
		} else {
			step_must(stop == SIGSEGV, "it was stopped by a signal");
			let_store(r);
			n++;
		}
	}
	return n;
}

static struct run
begin(const struct step_case *c, void *state)
{
	struct user_regs_struct	regs;
	struct run		r = { .pid = start(c, state) };
	int			status;

	step_must(waitpid(r.pid, &status, 0) == r.pid && WIFSTOPPED(status),
	    "the child did not start");
	/* It is behind the system call that stopped it. */
	step_must(ptrace(PTRACE_SETOPTIONS, r.pid, NULL,
	    PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL) == 0 &&
	    ptrace(PTRACE_GETREGS, r.pid, NULL, &regs) == 0, "trace it");
	r.call = regs.rip - 2;
	step_must((ptrace(PTRACE_PEEKTEXT, r.pid, (void *)r.call, NULL) &
	    0xffff) == 0x050f, "find a system call");
	return r;
}

static void *
setup(const struct step_case *c)
{
	int	fd[2] = { -1, -1 };

	window_count = 0;
	return c->setup(fd);
}

/* NULL, or what is wrong after a kill at that point. */
static const char *
kill_at(const struct step_case *c, size_t point)
{
	void		*state = setup(c);
	struct run	 r = begin(c, state);
	const char	*wrong;
	int		 status;

	if (go(&r, point) == point) {
		kill(r.pid, SIGKILL);
		while (waitpid(r.pid, &status, 0) == r.pid &&
		    !WIFSIGNALED(status) && !WIFEXITED(status))
			;
	}
	wrong = c->check(state);
	c->clean(state);
	return wrong;
}

static size_t
count_points(const struct step_case *c)
{
	void		*state = setup(c);
	struct run	 r = begin(c, state);
	size_t		 n = go(&r, POINTS_MAX);

	if (n == POINTS_MAX)
		kill(r.pid, SIGKILL);
	c->clean(state);
	return n;
}

static int
sweep(const struct step_case *c, int number, unsigned int seed)
{
	size_t		 count = count_points(c), tried = 0, at, stride;
	const char	*wrong = NULL;

	stride = limit == 0 || count <= limit ? 1 : (count + limit - 1) / limit;
	for (at = seed % stride; at < count && wrong == NULL; at += stride) {
		wrong = kill_at(c, at);
		tried++;
	}
	if (wrong != NULL)
		printf("not ok %d - %s: killed after %zu of %zu stores and "
		    "calls: %s\n", number, c->name, at - stride, count, wrong);
	else
		printf("ok %d - %s: killed at %zu of %zu stores and calls\n",
		    number, c->name, tried, count);
	fflush(stdout);
	return wrong != NULL || count < 2 || count == POINTS_MAX;
}

int
step_run_long(const struct step_case *cases, size_t count)
{
	const char	*text = getenv("SEED");
	unsigned int	 seed = text != NULL ? (unsigned int)strtoul(text,
	    NULL, 10) : (unsigned int)getpid();
	int		 bad = 0;

	printf("1..%zu\n# SEED=%u\n", count, seed);
	child_stay_on_one_cpu();
	for (size_t i = 0; i < count; i++)
		bad |= sweep(&cases[i], (int)i + 1, seed);
	return bad;
}

#else

int
step_run_long(const struct step_case *cases, size_t count)
{
	(void)cases;
	printf("1..%zu\n", count);
	for (size_t i = 1; i <= count; i++)
		printf("ok %zu # SKIP needs x86-64\n", i);
	return 0;
}

#endif
