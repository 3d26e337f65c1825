/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_BENCH_TEAM_H
#define QT_BENCH_TEAM_H

#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>

/*
 * Some processes that start together, and the time until the last has done.
 *
 * Each is a fork child that gets ready, calls team_go(), which returns in all
 * of them at once, works and returns. One that dies ends the benchmark; they
 * die with it.
 */
#define TEAM_MAX	8

struct team {
	uint32_t		count;
	_Atomic uint32_t	ready;
	_Atomic uint64_t	started_ns, ended_ns;
	/* For the members; zero at the start. */
	_Alignas(128) _Atomic uint64_t	done;
	_Alignas(128) _Atomic uint64_t	sum;
	double			result;
};

struct team_work {
	uint32_t	count;		/* of processes */
	void		(*member)(struct team *t, uint32_t which, void *arg);
	void		*arg;
};

/*
 * Runs them. *t, which is the caller's to look at, says what they left there.
 * Returns nanoseconds.
 */
double	team_run(const struct team_work *work, struct team *t);
void	team_go(struct team *t);

/* Nothing to do just now: soon the others get this processor. */
static inline void
team_idle(uint32_t *tries)
{
	if (++*tries % 64 == 0) {
		sched_yield();
		return;
	}
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("yield");
#endif
}

#endif /* QT_BENCH_TEAM_H */
