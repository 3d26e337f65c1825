/* SPDX-License-Identifier: Apache-2.0 */
/* A kill at every instruction that matters. See step.h. */

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../crash/sweeps.h"
#include "child.h"
#include "step.h"

#define STEPS_MAX	2000000UL
#define POINTS_MAX	20000
#define PLACES		65536u		/* instructions of an operation */
#define RANGES		256

#if defined(__x86_64__)
#define IP	offsetof(struct user_regs_struct, rip)
#define SYSCALL	0x050fL
#define TRAP	0xccL
#else
#define IP	0		/* every instruction is a point */
#endif

/* An instruction, and how often the operation has come to it. */
struct place {
	unsigned long	at, visits;
	int		is_syscall;
};

/* When to kill: after so many steps; that is, on that visit of a place. */
struct point {
	unsigned long	steps, at, visit;
};

struct range {
	off_t	from, to;
};

/* The file: what it holds and which of its pages have memory. */
struct watch {
	int		 fd;
	unsigned char	*now, *last;
	size_t		 size;
	blkcnt_t	 blocks;
	struct range	 data[RANGES];	/* zeros elsewhere */
	unsigned int	 count;
};

struct sweep {
	const struct step_case	*c;
	struct place		*place;
	struct point		*point;
	size_t			 count;
	unsigned long		 steps;
};

static void
die(const char *what)
{
	printf("Bail out! %s: %s\n", what, strerror(errno));
	exit(1);
}

static void *
room(size_t count, size_t size)
{
	void	*p = calloc(count, size);

	if (p == NULL)
		die("calloc");
	return p;
}

/* --- The child ------------------------------------------------------------ */

/* One that waits at its first instruction of op. */
static pid_t
start(const struct step_case *c, void *state)
{
	pid_t	pid;
	int	status;

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
	if (waitpid(pid, &status, 0) < 0 || !WIFSTOPPED(status))
		die("the child did not start");
	return pid;
}

/* By PTRACE_SINGLESTEP or PTRACE_CONT. 1 while it is there, 0 at its end. */
static int
resume(pid_t pid, int how)
{
	int	status;

	if (ptrace(how, pid, NULL, NULL) < 0)
		die("resume");
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

static unsigned long
where(pid_t pid)
{
	return (unsigned long)ptrace(PTRACE_PEEKUSER, pid, IP, NULL);
}

/* --- What one run shows --------------------------------------------------- */

/* By pread: a mapping would give memory to holes that it only looks at. */
static void
look(const struct watch *w, unsigned char *out)
{
	for (unsigned int i = 0; i < w->count; i++) {
		const struct range	*r = &w->data[i];
		size_t			 len = (size_t)(r->to - r->from);

		if (pread(w->fd, out + r->from, len, r->from) != (ssize_t)len)
			die("look at the file");
	}
}

/*
 * What may be other than zeros; all, when that is in too many pieces. A page
 * that has memory and was never touched counts as a hole. Has it changed?
 */
static int
find_data(struct watch *w)
{
	struct range	 all = { 0, (off_t)w->size }, *r;
	unsigned int	 n = 0;
	int		 changed = 0;
	off_t		 at = 0;

	while (n < RANGES && (at = lseek(w->fd, at, SEEK_DATA)) >= 0) {
		r = &w->data[n++];
		changed |= r->from != at;
		r->from = at;
		at = lseek(w->fd, at, SEEK_HOLE);
		changed |= r->to != at;
		r->to = at;
	}
	changed |= n != w->count;
	w->count = n;
	if (n == RANGES) {
		w->data[0] = all;
		w->count = 1;
	}
	return changed;
}

static void
watch_new(struct watch *w, int fd)
{
	struct stat	st;

	w->fd = fd;
	if (fd < 0)
		return;
	if (fstat(fd, &st) < 0)
		die("fstat");
	w->size = (size_t)st.st_size;
	w->blocks = st.st_blocks;
	w->now = room(w->size, 1);
	w->last = room(w->size, 1);
	(void)find_data(w);
	look(w, w->last);
}

static void
watch_free(struct watch *w)
{
	free(w->now);
	free(w->last);
}

static int
has_changed(struct watch *w)
{
	struct stat	 st;
	unsigned char	*swap;
	int		 changed;

	if (w->fd < 0)
		return 0;
	if (fstat(w->fd, &st) < 0)
		die("look at the file");
	changed = find_data(w) || st.st_blocks != w->blocks;
	w->blocks = st.st_blocks;
	look(w, w->now);
	for (unsigned int i = 0; i < w->count && !changed; i++) {
		const struct range	*r = &w->data[i];

		changed = memcmp(w->now + r->from, w->last + r->from,
		    (size_t)(r->to - r->from)) != 0;
	}
	swap = w->now;
	w->now = w->last;
	w->last = swap;
	return changed;
}

#ifdef TRAP
/* Its place, or the free one where it belongs. */
static struct place *
find_place(const struct sweep *s, unsigned long at)
{
	unsigned long	i = at * 0x9e3779b97f4a7c15 >> 48;
	unsigned int	tries = 0;

	while (s->place[i].at != 0 && s->place[i].at != at) {
		i = (i + 1) % PLACES;
		if (++tries == PLACES)
			die("an operation of too many instructions");
	}
	return &s->place[i];
}

static struct place *
place_of(const struct sweep *s, pid_t pid)
{
	unsigned long	 at = where(pid);
	struct place	*p = find_place(s, at);

	if (p->at == 0) {
		p->at = at;
		p->is_syscall = (ptrace(PTRACE_PEEKTEXT, pid, (void *)at,
		    NULL) & 0xffff) == SYSCALL;
	}
	return p;
}

/* A function that this sweep is said to cover and did not come by, or NULL. */
static const char *
missed(const struct sweep *s)
{
	const struct sweep_row	*r = sweep_rows;
	const char		*program = program_invocation_short_name;

	for (; r < sweep_rows + sizeof(sweep_rows) / sizeof(*r); r++) {
		size_t	len = strlen(r->program);

		if (strncmp(program, r->program, len) == 0 &&
		    strcmp(program + len, "_crash") == 0 &&
		    strcmp(r->sweep, s->c->name) == 0 &&
		    find_place(s, (unsigned long)r->fn)->at == 0)
			return r->name;
	}
	return NULL;
}
#else
static const char *
missed(const struct sweep *s)
{
	(void)s;
	return NULL;
}

static struct place *
place_of(const struct sweep *s, pid_t pid)
{
	(void)pid;
	s->place[0].is_syscall = 1;
	return &s->place[0];
}
#endif

static void
find_points(struct sweep *s)
{
	struct watch	 w = { 0 }, w2 = { 0 };
	struct place	*p;
	void		*state;
	pid_t		 pid;
	int		 fd[2] = { -1, -1 }, alive = 1, is_syscall, changed;

	state = s->c->setup(fd);
	pid = start(s->c, state);
	watch_new(&w, fd[0]);
	watch_new(&w2, fd[1]);
	p = place_of(s, pid);
	s->point[s->count++] = (struct point){ 0, 0, 0 };
	for (s->steps = 1; alive && s->steps < STEPS_MAX; s->steps++) {
		is_syscall = p->is_syscall;
		alive = resume(pid, PTRACE_SINGLESTEP);
		if (alive) {
			p = place_of(s, pid);
			p->visits++;
		}
		changed = has_changed(&w) | has_changed(&w2);
		if ((changed || is_syscall) && s->count < POINTS_MAX)
			s->point[s->count++] = (struct point){ s->steps,
			    alive ? p->at : 0, alive ? p->visits : 0 };
	}
	if (alive)
		end(pid);
	s->c->clean(state);
	watch_free(&w);
	watch_free(&w2);
}

/* --- A kill --------------------------------------------------------------- */

/* One instruction at a time. 1 when it is there, 0 when the child has ended. */
static int
walk_to(pid_t pid, const struct point *p)
{
	int	alive = 1;

	for (unsigned long i = 0; alive && i < p->steps; i++)
		alive = resume(pid, PTRACE_SINGLESTEP);
	return alive;
}

#ifdef TRAP
/*
 * The same by a trap at the place, which is taken away to let the child pass:
 * a few stops instead of thousands.
 */
static int
run_to(pid_t pid, const struct point *p)
{
	void		*at = (void *)p->at;
	long		 word = ptrace(PTRACE_PEEKTEXT, pid, at, NULL);
	unsigned long	 visits = 0;

	for (;;) {
		if (ptrace(PTRACE_POKETEXT, pid, at,
		    (word & ~0xffL) | TRAP) < 0)
			die("set a trap");
		if (!resume(pid, PTRACE_CONT))
			return 0;
		if (where(pid) != p->at + 1 ||
		    ptrace(PTRACE_POKEUSER, pid, IP, at) < 0 ||
		    ptrace(PTRACE_POKETEXT, pid, at, word) < 0)
			die("take a trap away");
		/* An instruction that repeats itself is several steps. */
		do {
			if (++visits == p->visit)
				return 1;
			if (!resume(pid, PTRACE_SINGLESTEP))
				return 0;
		} while (where(pid) == p->at);
	}
}
#endif

static const char *
kill_at(const struct step_case *c, const struct point *p,
    int (*go)(pid_t pid, const struct point *p), int *is_there)
{
	const char	*wrong;
	void		*state;
	pid_t		 pid;
	int		 fd[2];

	state = c->setup(fd);
	pid = start(c, state);
	*is_there = go(pid, p);
	if (*is_there)
		end(pid);
	wrong = c->check(state);
	c->clean(state);
	return wrong;
}

static const char *
kill_after(const struct step_case *c, const struct point *p)
{
	int	is_there = 0;
#ifdef TRAP
	if (p->at != 0) {
		const char	*wrong = kill_at(c, p, run_to, &is_there);

		/* It took another way this time: then as the first did. */
		if (is_there || wrong != NULL)
			return wrong;
	}
#endif
	return kill_at(c, p, walk_to, &is_there);
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
	struct sweep	 s = { .c = c };
	const char	*wrong = NULL, *fn;
	size_t		 i;

	s.place = room(PLACES, sizeof(*s.place));
	s.point = room(POINTS_MAX, sizeof(*s.point));
	/* Both take turns anyway. */
	child_stay_on_one_cpu();
	find_points(&s);
	fn = missed(&s);
	for (i = 0; i < s.count && wrong == NULL; i++)
		wrong = kill_after(c, &s.point[i]);
	if (wrong != NULL)
		printf("not ok %d - %s: killed after instruction %lu: %s\n",
		    number, c->name, s.point[i - 1].steps, wrong);
	else if (fn != NULL)
		printf("not ok %d - %s: it does not come by %s\n", number,
		    c->name, fn);
	else if (s.count == POINTS_MAX || s.steps >= STEPS_MAX)
		printf("not ok %d - %s: too long to be killed everywhere\n",
		    number, c->name);
	else
		printf("ok %d - %s: %lu instructions, killed at %zu\n",
		    number, c->name, s.steps, s.count);
	fflush(stdout);
	free(s.place);
	free(s.point);
	return wrong != NULL || fn != NULL || s.count < 2 ||
	    s.count == POINTS_MAX || s.steps >= STEPS_MAX;
}

int
step_run(const struct step_case *cases, size_t count)
{
	int	bad = 0;

	printf("1..%zu\n", count);
	for (size_t i = 0; i < count; i++)
		bad |= step_sweep(&cases[i], (int)i + 1);
	return bad;
}
