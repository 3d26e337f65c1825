/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Measures one subject with one number of entries, in a child. See growth.h.
 *
 *	child	makes the subject; times its operations; then, for each sample
 *		of an operation: stops, is_on = 1, operation, is_on = 0
 *	parent	while the child is stopped at a sample: steps it instruction
 *		by instruction until is_on is 0 again, counts those in between
 */

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <qt/base/clock.h>

#include "growth.h"
#include "shm_rows.h"

#define ROUNDS		15u	/* one after the other; odd */
#define BATCH_MAX	256u
#define SAMPLES		24u	/* of steps */
#define SAMPLES_LEAST	3u
#define STEPS_MAX	200000u	/* of a sample; then it is left alone */
#define STEPS_ENOUGH	20000u	/* of an operation; then no more samples */

struct shared {
	struct growth_point	point;
	volatile uint32_t	is_on, op;
	uint32_t		samples[GROWTH_OPS], too_long[GROWTH_OPS];
	uint64_t		steps[GROWTH_OPS];
};

/* --- In the child --------------------------------------------------------- */

static uint32_t
batch_of(const struct growth_op *op, uint64_t n)
{
	uint64_t	many = n / 8;

	if (op->batch != 0)
		return op->batch;
	return many < BATCH_MAX ? (uint32_t)many : BATCH_MAX;
}

static void
time_all(const struct growth_subject *s, void *state, uint64_t n,
    struct growth_point *out)
{
	double	ns[GROWTH_OPS][ROUNDS];

	for (uint32_t r = 0; r < ROUNDS; r++)
		for (uint32_t o = 0; s->ops[o].name != NULL; o++) {
			uint32_t	batch = batch_of(&s->ops[o], n);
			uint64_t	start = qt_clock_mono_ns();

			for (uint32_t i = 0; i < batch; i++)
				s->ops[o].run(state, (uint64_t)r * batch + i);
			ns[o][r] = (double)(qt_clock_mono_ns() - start) /
			    batch;
		}
	for (uint32_t o = 0; s->ops[o].name != NULL; o++)
		out->ns[o] = median(ns[o], ROUNDS);
}

/* Operations in turns, as above: what one puts in another takes out. */
static void
step_all(const struct growth_subject *s, void *state, struct shared *sh)
{
	for (uint64_t i = 0; i < SAMPLES; i++)
		for (uint32_t o = 0; s->ops[o].name != NULL; o++) {
			if (s->ops[o].batch != 0)
				continue;
			sh->op = o;
			raise(SIGSTOP);
			sh->is_on = 1;
			s->ops[o].run(state, i);
			sh->is_on = 0;
		}
}

static _Noreturn void
child_main(const struct growth_subject *s, uint64_t n, struct shared *sh,
    pid_t parent)
{
	int	can_step = ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0;
	void	*state;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	state = s->open(n);
	time_all(s, state, n, &sh->point);
	if (can_step)
		step_all(s, state, sh);
	s->close(state);
	_exit(0);
}

/* --- In the parent -------------------------------------------------------- */

static void
end_child(pid_t pid)
{
	kill(pid, SIGKILL);
	(void)waitpid(pid, NULL, 0);
	qt_die(QT_EXIT_SYS, "a process to be measured failed");
}

/* Steps through one sample. The child is stopped in raise(). */
static void
count_sample(pid_t pid, struct shared *sh)
{
	uint32_t	op = sh->op, before = 0;
	uint64_t	steps = 0;
	int		status;

	if (sh->too_long[op] > 0 || (sh->samples[op] >= SAMPLES_LEAST &&
	    sh->steps[op] >= STEPS_ENOUGH))
		return;
	while (steps < STEPS_MAX && before < STEPS_MAX) {
		if (ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL) < 0 ||
		    waitpid(pid, &status, 0) < 0 || !WIFSTOPPED(status))
			end_child(pid);
		if (sh->is_on != 0)
			steps++;
		else if (steps > 0)
			break;
		else
			before++;
	}
	sh->samples[op]++;
	sh->steps[op] += steps;
	sh->too_long[op] += steps >= STEPS_MAX;
}

/* Until it has ended. */
static void
follow(pid_t pid, struct shared *sh)
{
	for (;;) {
		int	status, sig = 0;

		if (waitpid(pid, &status, 0) < 0) {
			if (errno == EINTR)
				continue;
			qt_die(QT_EXIT_SYS, "wait: %s", strerror(errno));
		}
		if (!WIFSTOPPED(status)) {
			if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
				qt_die(QT_EXIT_SYS, "a process to be measured "
				    "failed");
			return;
		}
		if (WSTOPSIG(status) == SIGSTOP)
			count_sample(pid, sh);
		else if (WSTOPSIG(status) != SIGTRAP)
			sig = WSTOPSIG(status);
		if (ptrace(PTRACE_CONT, pid, NULL, (void *)(intptr_t)sig) < 0)
			end_child(pid);
	}
}

/* Both take turns, and switching between processors takes longer. */
static void
stay_on_one_cpu(cpu_set_t *before)
{
	cpu_set_t	set;
	int		cpu = sched_getcpu();

	CPU_ZERO(before);
	(void)sched_getaffinity(0, sizeof(*before), before);
	CPU_ZERO(&set);
	CPU_SET(cpu < 0 ? 0 : (unsigned int)cpu, &set);
	(void)sched_setaffinity(0, sizeof(set), &set);
}

void
growth_measure(const struct growth_subject *s, uint64_t n,
    struct growth_point *out)
{
	struct shared	*sh = shm_shared(sizeof(*sh));
	cpu_set_t	 before;
	pid_t		 pid, parent = getpid();

	stay_on_one_cpu(&before);
	pid = fork();
	if (pid < 0)
		qt_die(QT_EXIT_SYS, "fork: %s", strerror(errno));
	if (pid == 0)
		child_main(s, n, sh, parent);
	follow(pid, sh);
	(void)sched_setaffinity(0, sizeof(before), &before);
	*out = sh->point;
	for (uint32_t o = 0; s->ops[o].name != NULL; o++)
		if (sh->samples[o] > 0 && sh->too_long[o] == 0)
			out->steps[o] = (double)sh->steps[o] / sh->samples[o];
	munmap(sh, sizeof(*sh));
}
