/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_TEST_MODEL_H
#define QT_TEST_MODEL_H

#include <stddef.h>

/*
 * Looks at every state that a few threads can reach together, one atomic step
 * at a time, and that a kill at any moment can leave behind.
 *
 * A model is a struct of plain data (all of it, padding too, is compared) and a
 * function that does the next step of one thread. It stands for the algorithm
 * as written, one step for each load, store or CAS of a shared word; so it says
 * whether the algorithm is right when memory is sequentially consistent.
 */
enum model_move {
	MODEL_STEP,		/* it did something */
	MODEL_WAIT,		/* it is done, or waits for others */
	MODEL_BAD,		/* what must never be */
};

struct model {
	const char	*name;
	size_t		 size;		/* of the state, a multiple of 8 */
	unsigned int	 threads;
	unsigned int	 mortal;	/* bit t: thread t may be killed */
	void		(*init)(void *state);
	enum model_move	(*step)(void *state, unsigned int thread);
	/* Thread is killed now; not called again for it. 0: it cannot be. */
	int		(*die)(void *state, unsigned int thread);
	/* When nobody can move: is all as it should be? */
	int		(*is_right)(const void *state);
	/* For a trace: where a thread is. */
	int		(*place)(const void *state, unsigned int thread);
	int		 is_quiet;	/* no trace: it is expected to fail */
};

/*
 * Returns how many states there are; 0 when one is wrong, after printing how it
 * is reached, or when there are more than limit.
 */
size_t	model_check(const struct model *m, size_t limit);

#endif /* QT_TEST_MODEL_H */
