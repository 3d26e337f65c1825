/* SPDX-License-Identifier: Apache-2.0 */
/* Processes that are killed and stopped at random. See storm.h. */

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <qt/base/clock.h>

#include "storm.h"

#define DEADLINE_MS	300000
#define LINE		64

/* Each worker's counter has a line of its own. */
struct run {
	struct storm		*s;
	unsigned char		*done;
	pid_t			 pid[STORM_WORKERS];
	uint64_t		 deadline;
};

static const char	*storm_name = "storm";

void
storm_must(int ok, const char *what)
{
	if (ok)
		return;
	printf("not ok 1 - %s: %s: %s\n", storm_name, what, strerror(errno));
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

static _Atomic uint64_t *
done_of(const struct run *r, unsigned int worker)
{
	return (void *)(r->done + worker * LINE);
}

static uint64_t
done(const struct run *r)
{
	uint64_t	n = 0;

	for (unsigned int i = 0; i < r->s->workers; i++)
		n += atomic_load(done_of(r, i));
	return n;
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
	r->s->work(r->s->arg, worker, seed, done_of(r, worker));
	_exit(91);
}

static void
end(struct run *r, unsigned int worker)
{
	char	text[64];
	int	status;

	kill(r->pid[worker], SIGKILL);
	storm_must(waitpid(r->pid[worker], &status, 0) == r->pid[worker],
	    "waitpid");
	snprintf(text, sizeof(text), "worker %u ended with %#x", worker,
	    (unsigned int)status);
	storm_must(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, text);
	r->s->kills++;
}

/* So many more turns, whoever is stopped or dead. */
static void
wait_for(const struct run *r, uint64_t turns)
{
	uint64_t	until = done(r) + turns;

	while (done(r) < until) {
		storm_must(qt_clock_mono_ms() < r->deadline,
		    "nobody goes on");
		sched_yield();
	}
}

static void
blow(struct run *r, unsigned int *seed)
{
	unsigned int	victim = (unsigned int)rand_r(seed) % r->s->workers;
	unsigned int	stopped = (victim + 1) % r->s->workers;
	int		is_stop = rand_r(seed) % 4 == 0;

	wait_for(r, (uint64_t)(rand_r(seed) % 400));
	if (is_stop) {
		kill(r->pid[stopped], SIGSTOP);
		wait_for(r, 300);
	}
	end(r, victim);
	start(r, victim, (unsigned int)rand_r(seed));
	if (is_stop)
		kill(r->pid[stopped], SIGCONT);
}

void
storm_run(struct storm *s, int kills)
{
	struct run	 r = { .s = s };
	const char	*seeds = getenv("SEED"), *count = getenv("KILLS");
	unsigned int	 seed = seeds != NULL ? (unsigned int)strtoul(seeds,
	    NULL, 10) : (unsigned int)getpid();

	storm_name = s->name;
	printf("# SEED=%u\n", seed);
	setpgid(0, 0);
	r.deadline = qt_clock_mono_ms() + DEADLINE_MS;
	r.done = storm_memory(STORM_WORKERS * LINE);
	for (unsigned int i = 0; i < s->workers; i++)
		start(&r, i, seed + i);
	for (int i = count != NULL ? atoi(count) : kills; i > 0; i--)
		blow(&r, &seed);
	for (unsigned int i = 0; i < s->workers; i++)
		end(&r, i);
	s->turns = done(&r);
	munmap(r.done, STORM_WORKERS * LINE);
}
