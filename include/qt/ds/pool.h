/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_DS_POOL_H
#define QT_DS_POOL_H

#include <stddef.h>

/*
 * A bounded pool of threads for work that may not run on an event loop:
 * password hashes, compression.
 *
 *	submit --> [ queue, at most limit jobs ] --> threads --> done list
 *	                                                             |
 *	         take_done <-- wake(arg), once for each batch <------+
 *
 * Jobs start in the order they came. A full queue refuses at once; it never
 * blocks and never grows. Finished jobs wait on the done list until the owner
 * collects them with qt_pool_take_done(); wake is called, on a pool thread,
 * when that list goes from empty to not empty (a uv_async_send, usually).
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

/* Jobs waiting now; those that run are not counted. */
unsigned int qt_pool_waiting(struct qt_pool *pool);

#endif /* QT_DS_POOL_H */
