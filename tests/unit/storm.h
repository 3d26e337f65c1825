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
 * SEED=n repeats the order of kills (not the scheduler's); KILLS=n how many;
 * QT_STRESS=long many.
 */
#define STORM_WORKERS	10

struct storm {
	const char	*name;
	unsigned int	 workers;	/* 0 to workers - 1 */
	unsigned int	 steady;	/* and behind them some that begin
					 * first and are never killed */
	/* They wait for each other, so a stopped one may hold up all. */
	int		 is_waiting;
	/*
	 * In a process of its own, once, and then turn by turn: n counts them
	 * from 1, r is random (31 bits). What a worker sees to be wrong ends
	 * it by storm_expect(). begin may be NULL.
	 */
	void		 (*begin)(void *arg, unsigned int worker);
	void		 (*turn)(void *arg, unsigned int worker,
			    unsigned int r, uint64_t n);
	/* In who leaves by itself, in a calm; may be NULL. */
	void		 (*leave)(void *arg, unsigned int worker);
	void		*arg;
	uint64_t	 kills;		/* that were done, those at the end
					 * included */
	uint64_t	 turns;
};

/* For a program of several storms; says how many, for TAP. */
void	storm_plan(int count);
/* Runs it to its end; a failure is a line of TAP, and ends all processes. */
void	storm_run(struct storm *s, int kills);
/* The same without a death: each leaves after its turn, when all did so many. */
void	storm_calm(struct storm *s, uint64_t turns);
/* What is to be checked is right: a line of TAP. */
void	storm_passed(const struct storm *s, const char *what);

/* In the program: says what is wrong and ends everything when ok is 0. */
void	storm_must(int ok, const char *what);
/* In a worker: ends it with that code, which the program then says. */
void	storm_expect(int ok, int code);
/* Memory that all processes share, zeros. */
void	*storm_memory(uint64_t size);

#endif /* QT_TEST_STORM_H */
