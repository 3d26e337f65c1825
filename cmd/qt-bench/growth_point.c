/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Measures one subject with one number of entries, in a child. See growth.h.
 *
 * Instructions are counted by the processor's trap flag: while it is set, each
 * one ends in SIGTRAP, whose handler counts, and decides by the flags that it
 * returns to whether there will be another.
 */

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#include <qt/base/clock.h>

#include "growth.h"
#include "shm_rows.h"

#define ROUNDS		15u	/* one after the other; odd */
#define BATCH_MAX	256u
#define SAMPLES		48u	/* of steps, at most */
#define STEPS_MAX	60000u	/* of a sample: with more it is not counted */
#define STEPS_ENOUGH	40000u	/* of an operation; then no more samples */

/* --- In the child --------------------------------------------------------- */

static uint32_t
batch_of(const struct growth_op *op, uint64_t n)
{
	uint64_t	many = n / 8;

	if (op->batch != 0)
		return op->batch;
	return many < BATCH_MAX ? (uint32_t)many : BATCH_MAX;
}

static double
time_one(const struct growth_op *op, void *state, uint32_t batch, uint64_t i)
{
	uint64_t	total = 0, start;

	if (op->prepare == NULL) {
		start = qt_clock_mono_ns();
		for (uint32_t k = 0; k < batch; k++)
			op->run(state, i + k);
		return (double)(qt_clock_mono_ns() - start) / batch;
	}
	for (uint32_t k = 0; k < batch; k++) {
		op->prepare(state, i + k);
		start = qt_clock_mono_ns();
		op->run(state, i + k);
		total += qt_clock_mono_ns() - start;
	}
	return (double)total / batch;
}

static void
time_all(const struct growth_subject *s, void *state, uint64_t n,
    struct growth_point *out)
{
	double	ns[GROWTH_OPS][ROUNDS];

	for (uint32_t r = 0; r < ROUNDS; r++)
		for (uint32_t o = 0; s->ops[o].name != NULL; o++) {
			uint32_t	batch = batch_of(&s->ops[o], n);

			ns[o][r] = time_one(&s->ops[o], state, batch,
			    (uint64_t)r * batch);
		}
	for (uint32_t o = 0; s->ops[o].name != NULL; o++)
		out->ns[o] = median(ns[o], ROUNDS);
}

#ifdef __x86_64__

#define TRAP_FLAG	0x100

static volatile sig_atomic_t	is_on;
static volatile uint64_t	steps;

static void
on_step(int sig, siginfo_t *info, void *context)
{
	ucontext_t	*c = context;

	(void)sig, (void)info;
	if (is_on && ++steps < STEPS_MAX)
		c->uc_mcontext.gregs[REG_EFL] |= TRAP_FLAG;
	else
		c->uc_mcontext.gregs[REG_EFL] &= ~TRAP_FLAG;
}

static uint64_t
count_steps(const struct growth_op *op, void *state, uint64_t i)
{
	steps = 0;
	is_on = 1;
	raise(SIGTRAP);
	op->run(state, i);
	is_on = 0;
	return steps;
}

/* Operations in turns, as above: what one puts in another takes out. */
static void
step_all(const struct growth_subject *s, void *state,
    struct growth_point *out)
{
	struct sigaction	act = { .sa_sigaction = on_step,
	    .sa_flags = SA_SIGINFO };
	uint64_t		sum[GROWTH_OPS] = { 0 };
	int			is_long[GROWTH_OPS] = { 0 };

	if (sigaction(SIGTRAP, &act, NULL) < 0)
		return;
	for (uint64_t i = 0; i < SAMPLES; i++)
		for (uint32_t o = 0; s->ops[o].name != NULL; o++) {
			const struct growth_op	*op = &s->ops[o];
			uint64_t		 n;

			if (op->batch != 0)
				continue;
			if (is_long[o] || sum[o] >= STEPS_ENOUGH) {
				op->run(state, i);
				continue;
			}
			sum[o] += n = count_steps(op, state, i);
			is_long[o] = n >= STEPS_MAX;
			out->steps[o] = is_long[o] ? 0 : (double)sum[o] /
			    (double)(i + 1);
		}
}

#else

static void
step_all(const struct growth_subject *s, void *state,
    struct growth_point *out)
{
	(void)s, (void)state, (void)out;
}

#endif

static _Noreturn void
child_main(const struct growth_subject *s, uint64_t n,
    struct growth_point *out, pid_t parent)
{
	void	*state;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	state = s->open(n);
	time_all(s, state, n, out);
	step_all(s, state, out);
	s->close(state);
	_exit(0);
}

void
growth_measure(const struct growth_subject *s, uint64_t n,
    struct growth_point *out)
{
	struct growth_point	*point = shm_shared(sizeof(*point));
	int			 status = 0;
	pid_t			 pid, parent = getpid();

	pid = fork();
	if (pid < 0)
		qt_die(QT_EXIT_SYS, "fork: %s", strerror(errno));
	if (pid == 0)
		child_main(s, n, point, parent);
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			qt_die(QT_EXIT_SYS, "wait: %s", strerror(errno));
	if (status != 0)
		qt_die(QT_EXIT_SYS, "a process to be measured failed");
	*out = *point;
	munmap(point, sizeof(*point));
}
