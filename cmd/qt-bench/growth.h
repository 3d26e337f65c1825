/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_BENCH_GROWTH_H
#define QT_BENCH_GROWTH_H

#include <stdint.h>

#include "fit.h"

/*
 * What `qt-bench complexity` measures: subjects (a map, the store), each with
 * operations that promise a class of growth. For each number of entries, a
 * process of its own makes the subject, and then
 *
 *	time	the median of rounds; of a round, all operations one after the
 *		other, each as a batch
 *	steps	the mean of a few single operations, in instructions that the
 *		processor executes outside the kernel; on x86-64 only
 *
 * Steps do not depend on the machine, its caches and whoever else runs.
 */
#define GROWTH_OPS	10u
#define GROWTH_POINTS	16u

struct growth_op {
	const char	*name;		/* NULL ends the list */
	enum fit_class	 promise;
	/* The i-th of those that are done; dies when the answer is wrong. */
	void		(*run)(void *state, uint64_t i);
	/*
	 * In each round of the time: 0 so many as are worth it, else this
	 * many. Those that do much are not counted in steps.
	 */
	uint32_t	 batch;
	/* Before each, and not timed; or NULL. Only with a batch. */
	void		(*prepare)(void *state, uint64_t i);
};

struct growth_subject {
	const char	*name;
	uint32_t	 entry_bytes;	/* about: how far apart reads are */
	uint32_t	 least;		/* entries, below which it is not made
					   smaller; 0: none */
	/* Makes one with n entries; in the process that will use it. */
	void		*(*open)(uint64_t n);
	void		(*close)(void *state);
	const struct growth_op *ops;
};

extern const struct growth_subject growth_map;		/* growth_shm.c */
extern const struct growth_subject growth_skiplist;
extern const struct growth_subject growth_queue;
extern const struct growth_subject growth_stack;
extern const struct growth_subject growth_store;	/* growth_store.c */
extern const struct growth_subject growth_runs;
extern const struct growth_subject growth_flush;
extern const struct growth_subject growth_compaction;

/* growth_point.c: one subject with n entries. */
struct growth_point {
	double	ns[GROWTH_OPS];
	double	steps[GROWTH_OPS];	/* 0: not counted */
};
void	growth_measure(const struct growth_subject *s, uint64_t n,
	    struct growth_point *out);

/* growth_memory.c: nanoseconds of a read that waits for the one before, among
 * so many bytes. */
double	growth_read_ns(uint64_t bytes);

#endif /* QT_BENCH_GROWTH_H */
