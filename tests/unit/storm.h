/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_TEST_STORM_H
#define QT_TEST_STORM_H

#include <stdatomic.h>
#include <stdint.h>

/*
 * Processes that work on one thing and are killed and stopped at random; each
 * that was killed is followed by another. While one is stopped the others have
 * to go on.
 *
 * SEED=n repeats the order of kills (not the scheduler's); KILLS=n how many.
 */
#define STORM_WORKERS	8

struct storm {
	const char	*name;
	unsigned int	 workers;	/* up to STORM_WORKERS */
	/*
	 * In a process of its own; never returns. Counts up *done with each
	 * turn. What it sees to be wrong ends it by storm_expect().
	 */
	void		 (*work)(void *arg, unsigned int worker,
			    unsigned int seed, _Atomic uint64_t *done);
	void		*arg;
	uint64_t	 kills;		/* that were done, those at the end
					 * included */
	uint64_t	 turns;
};

/* Runs it to its end; a failure is a line of TAP, and ends all processes. */
void	storm_run(struct storm *s, int kills);

/* In the program: says what is wrong and ends everything when ok is 0. */
void	storm_must(int ok, const char *what);
/* In a worker: ends it with that code, which the program then says. */
void	storm_expect(int ok, int code);
/* Memory that all processes share, zeros. */
void	*storm_memory(uint64_t size);

#endif /* QT_TEST_STORM_H */
