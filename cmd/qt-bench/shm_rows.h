/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_BENCH_SHM_ROWS_H
#define QT_BENCH_SHM_ROWS_H

#include <stdint.h>

#include <qt/shm/segment.h>

#include "rows.h"
#include "team.h"

/* What the rows of `qt-bench shm` share. */

/* One row of the table in qt-bench(1) each, or two. */
void	row_shm_kill(struct report *r, const struct bench_opt *opt);
void	row_shm_spsc(struct report *r, const struct bench_opt *opt);
void	row_shm_pair(struct report *r, const struct bench_opt *opt);
void	row_shm_mpmc(struct report *r, const struct bench_opt *opt);
void	row_shm_round(struct report *r, const struct bench_opt *opt);
void	row_shm_map(struct report *r, const struct bench_opt *opt);
void	row_shm_get(struct report *r, const struct bench_opt *opt);
void	row_shm_cycles(struct report *r, const struct bench_opt *opt);

/* Dies, saying what was tried, when rc is negative. */
void	shm_must(int rc, const char *what);
/* A segment without a name, joined. */
struct qt_seg *shm_segment(uint64_t size);
/* What this process has had of processors, for rows of one thread. */
uint64_t cpu_ns(void);
/* Memory, zeroed, that fork children share. */
void	*shm_shared(size_t size);

/*
 * Two that are measured in turns, so that both meet the same weather. Each
 * function is one round and returns nanoseconds an operation.
 */
struct contest {
	const char	*what;		/* for progress */
	double		(*ours)(void *arg);
	double		(*peer)(void *arg);	/* NULL: there is none */
	void		*arg;
};

struct turns {
	double		ours[ROUNDS_MAX], peer[ROUNDS_MAX];
	uint32_t	count;
};

void	turns_run(struct turns *t, const struct contest *c,
	    const struct bench_opt *opt);

/* What the bound applies to; turns are held as times, speeds are 1/time. */
enum turns_figure {
	TURNS_NS,		/* ours, at most */
	TURNS_RATE,		/* ours in millions a second, at least */
	TURNS_TIMES,		/* our time by the peer's, at most */
	TURNS_SPEEDS,		/* our speed by the peer's, at least */
};
struct turns_row {
	const char	*name, *peer_name, *note;
	enum turns_figure figure;
	double		 bound;
};
/* The median of the rounds' figures, with the lowest and the highest. */
void	turns_report(struct report *r, const struct turns *t,
	    const struct turns_row *row);

/*
 * shm_ck.c: ck_ring of Concurrency Kit between two processes. NULL when it was
 * not there at build time. consume returns the sum of the items.
 */
struct ck_lane;
struct ck_lane *ck_lane_new(void);
void	ck_lane_produce(struct ck_lane *lane, uint64_t items);
uint64_t ck_lane_consume(struct ck_lane *lane, uint64_t items);

/* Large enough that neither side stops at once when the other does. */
#define CK_CAPACITY	8192u

#endif /* QT_BENCH_SHM_ROWS_H */
