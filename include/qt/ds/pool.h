/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_DS_POOL_H
#define QT_DS_POOL_H

#include <stddef.h>
#include <stdint.h>

/*
 * A bounded work-stealing pool of threads for work that may not run on an
 * event loop: password hashes, compression, compaction in parallel.
 *
 *	submit --> [ queues, at most limit jobs ] --> threads --> done list
 *	                                                             |
 *	         take_done <-- wake(arg), once for each batch <------+
 *
 * Jobs from outside start in the order they came. A job may submit jobs: they
 * go to its thread's own queue, which runs the newest first, and from which
 * threads that have nothing to do steal the oldest. A full pool refuses at
 * once; it never blocks and never grows. Finished jobs wait on the done list
 * until the owner collects them with qt_pool_take_done(); wake is called, on a
 * pool thread, when that list goes from empty to not empty (a uv_async_send,
 * usually). Threads without work sleep.
 *
 * The job struct is the caller's and must live until it was collected. All
 * calls are safe from any thread, except qt_pool_free.
 */
struct qt_pool;

struct qt_pool_job {
	void			(*run)(struct qt_pool_job *job);
	struct qt_pool_job	*next;	/* the pool's */
};

/*
 * Starts threads (1 to 64) with small stacks. limit is how many jobs may wait.
 * wake may be NULL. 0, -EINVAL, -ENOMEM, -EAGAIN (no more threads allowed).
 */
int	qt_pool_new(unsigned int threads, unsigned int limit,
	    void (*wake)(void *arg), void *arg, struct qt_pool **out);

/*
 * Stops: running jobs end, waiting ones never run. Joins the threads and
 * returns, linked by next, all jobs that were not collected: first the
 * finished ones, then the others. NULL is fine.
 */
struct qt_pool_job *qt_pool_free(struct qt_pool *pool);

/* 0, or -EAGAIN when limit jobs are waiting. */
int	qt_pool_submit(struct qt_pool *pool, struct qt_pool_job *job);

/* All jobs finished since the last call, oldest first, linked by next. */
struct qt_pool_job *qt_pool_take_done(struct qt_pool *pool);

struct qt_pool_stats {
	uint64_t	run;		/* jobs that were run */
	uint64_t	stolen;		/* of these, from another thread */
	uint64_t	refused;	/* for want of room */
	uint64_t	parked;		/* how often a thread went to sleep */
};
/* Since it was made; of a running pool each number is a moment's. */
void	qt_pool_stats(const struct qt_pool *pool, struct qt_pool_stats *out);

/* Jobs waiting now; those that run are not counted. */
unsigned int qt_pool_waiting(struct qt_pool *pool);

#endif /* QT_DS_POOL_H */
