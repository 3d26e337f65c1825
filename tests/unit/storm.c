/* SPDX-License-Identifier: Apache-2.0 */
/* Processes that are killed and stopped at random. See storm.h. */

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <qt/base/clock.h>

#include "storm.h"

#define DEADLINE_MS	120000		/* for a few hundred turns of all */
#define LONG		30		/* times as many kills */
#define STEADY_TURNS	4

/* What a worker says of itself; in a line of its own. */
struct slot {
	_Atomic uint64_t	done;
	_Atomic uint32_t	has_begun;
	uint32_t		pad[13];
};

/* What all share. */
struct common {
	struct slot		slot[STORM_WORKERS];
	_Atomic uint32_t	stop;
};

struct run {
	struct storm	*s;
	struct common	*common;
	unsigned int	 all;
	pid_t		 pid[STORM_WORKERS];
};

static const char	*storm_name = "storm";
static int		 storm_number = 1;

void
storm_must(int ok, const char *what)
{
	if (ok)
		return;
	printf("not ok %d - %s: %s: %s\n", storm_number, storm_name, what,
	    strerror(errno));
	fflush(stdout);
	kill(0, SIGKILL);
}

void
storm_expect(int ok, int code)
{
	if (!ok)
		_exit(code);
}

void *
storm_memory(uint64_t size)
{
	void	*p = mmap(NULL, size, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	storm_must(p != MAP_FAILED, "mmap");
	return p;
}

static uint64_t
done(const struct run *r)
{
	uint64_t	n = 0;

	for (unsigned int i = 0; i < r->all; i++)
		n += atomic_load(&r->common->slot[i].done);
	return n;
}

static void
work(struct run *r, unsigned int worker, unsigned int seed)
{
	struct storm	*s = r->s;
	struct slot	*slot = &r->common->slot[worker];

	if (s->begin != NULL)
		s->begin(s->arg, worker);
	atomic_store(&slot->has_begun, 1);
	for (uint64_t n = 1; atomic_load(&r->common->stop) == 0; n++) {
		s->turn(s->arg, worker, (unsigned int)rand_r(&seed), n);
		atomic_fetch_add(&slot->done, 1);
	}
	if (s->leave != NULL)
		s->leave(s->arg, worker);
	_exit(0);
}

static void
start(struct run *r, unsigned int worker, unsigned int seed)
{
	fflush(stdout);
	r->pid[worker] = fork();
	storm_must(r->pid[worker] >= 0, "fork");
	if (r->pid[worker] != 0)
		return;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* Who kills goes first, or each kill waits for a turn of the CPU. */
	storm_expect(setpriority(PRIO_PROCESS, 0, 10) == 0, 90);
	work(r, worker, seed);
}

/* Waits for its end, which must be that. */
static void
ended(struct run *r, unsigned int worker, int how)
{
	char	text[64];
	int	status;

	storm_must(waitpid(r->pid[worker], &status, 0) == r->pid[worker],
	    "waitpid");
	snprintf(text, sizeof(text), "worker %u ended with %#x", worker,
	    (unsigned int)status);
	storm_must(status == how, text);
}

static void
end(struct run *r, unsigned int worker)
{
	kill(r->pid[worker], SIGKILL);
	ended(r, worker, SIGKILL);
	r->s->kills++;
}

/* For a moment, in which nobody has ended by himself. */
static void
let_go_on(struct run *r, uint64_t deadline)
{
	/* Who yields waits for all others' turns; who sleeps does not. */
	const struct timespec	a_moment = { .tv_nsec = 20000 };
	siginfo_t		info;

	for (unsigned int i = 0; i < r->all; i++) {
		if (r->pid[i] == 0)
			continue;
		info.si_pid = 0;
		storm_must(waitid(P_PID, (id_t)r->pid[i], &info,
		    WEXITED | WNOHANG | WNOWAIT) == 0, "waitid");
		if (info.si_pid != 0)
			ended(r, i, -1);
	}
	storm_must(qt_clock_mono_ms() < deadline, "nobody goes on");
	nanosleep(&a_moment, NULL);
}

/* So many more turns, whoever is stopped or dead. */
static void
wait_for(struct run *r, uint64_t turns)
{
	uint64_t	deadline = qt_clock_mono_ms() + DEADLINE_MS;
	uint64_t	until = done(r) + turns;

	while (done(r) < until)
		let_go_on(r, deadline);
}

static void
blow(struct run *r, unsigned int *seed)
{
	unsigned int	victim = (unsigned int)rand_r(seed) % r->s->workers;
	unsigned int	stopped = (victim + 1) % r->s->workers;
	int		is_stop = rand_r(seed) % 4 == 0;

	wait_for(r, (uint64_t)(rand_r(seed) % (r->s->is_waiting ? 30 : 400)));
	if (is_stop) {
		kill(r->pid[stopped], SIGSTOP);
		for (int i = 0; i < 20 && r->s->is_waiting; i++)
			let_go_on(r, UINT64_MAX);
		if (!r->s->is_waiting)
			wait_for(r, 300);
	}
	end(r, victim);
	start(r, victim, (unsigned int)rand_r(seed));
	if (is_stop)
		kill(r->pid[stopped], SIGCONT);
}

static void
start_all(struct run *r, unsigned int seed)
{
	uint64_t	deadline = qt_clock_mono_ms() + DEADLINE_MS;
	unsigned int	workers = r->s->workers;

	storm_name = r->s->name;
	r->all = workers + r->s->steady;
	r->common = storm_memory(sizeof(*r->common));
	/* The steady ones have the last numbers. */
	for (unsigned int i = workers; i < workers + r->s->steady; i++)
		start(r, i, seed + i);
	for (unsigned int i = workers; i < workers + r->s->steady; i++)
		while (atomic_load(&r->common->slot[i].has_begun) == 0)
			let_go_on(r, deadline);
	for (unsigned int i = 0; i < workers; i++)
		start(r, i, seed + i);
}

/* Nobody has held up who was never killed. Then none may see another die. */
static void
stop_steady(struct run *r)
{
	uint64_t	deadline = qt_clock_mono_ms() + DEADLINE_MS;

	for (unsigned int i = r->s->workers; i < r->all; i++) {
		_Atomic uint64_t	*turns = &r->common->slot[i].done;
		uint64_t		 until = atomic_load(turns) +
		    STEADY_TURNS;

		while (atomic_load(turns) < until)
			let_go_on(r, deadline);
	}
	for (unsigned int i = r->s->workers; i < r->all; i++) {
		int	status;

		kill(r->pid[i], SIGSTOP);
		storm_must(waitpid(r->pid[i], &status, WUNTRACED) ==
		    r->pid[i] && WIFSTOPPED(status), "stop a steady one");
	}
}

static void
finish(struct run *r)
{
	r->s->turns = done(r);
	munmap(r->common, sizeof(*r->common));
}

static unsigned int
seed_of(void)
{
	const char	*text = getenv("SEED");
	unsigned int	 seed = text != NULL ? (unsigned int)strtoul(text,
	    NULL, 10) : (unsigned int)getpid();

	printf("# SEED=%u\n", seed);
	setpgid(0, 0);		/* storm_must() ends all of us */
	return seed;
}

void
storm_plan(int count)
{
	printf("1..%d\n", count);
}

void
storm_run(struct storm *s, int kills)
{
	struct run	 r = { .s = s };
	const char	*count = getenv("KILLS");
	const char	*length = getenv("QT_STRESS");
	unsigned int	 seed = seed_of();

	if (length != NULL && strcmp(length, "long") == 0)
		kills *= LONG;
	start_all(&r, seed);
	for (int i = count != NULL ? atoi(count) : kills; i > 0; i--)
		blow(&r, &seed);
	stop_steady(&r);
	for (unsigned int i = 0; i < r.all; i++)
		end(&r, i);
	finish(&r);
}

void
storm_calm(struct storm *s, uint64_t turns)
{
	struct run	r = { .s = s };

	start_all(&r, seed_of());
	wait_for(&r, turns);
	atomic_store(&r.common->stop, 1);
	for (unsigned int i = 0; i < r.all; i++)
		ended(&r, i, 0);
	finish(&r);
}

void
storm_passed(const struct storm *s, const char *what)
{
	printf("ok %d - %s: %s: %llu turns, %llu killed\n", storm_number++,
	    s->name, what, (unsigned long long)s->turns,
	    (unsigned long long)s->kills);
	fflush(stdout);
}
