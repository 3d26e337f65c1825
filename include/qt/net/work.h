/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_NET_WORK_H
#define QT_NET_WORK_H

#include <qt/ds/pool.h>

/*
 * A bounded thread pool (see <qt/ds/pool.h>) whose finished jobs come back to
 * a libuv loop: run() on a thread, then done() on the loop's.
 */
struct qt_net_work;
struct uv_loop_s;

struct qt_net_job {
	struct qt_pool_job	job;	/* set job.run */
	void			(*done)(struct qt_net_job *job);
};

/* The pool does not keep the loop alive. 0 or negative. */
int	qt_net_work_new(struct uv_loop_s *loop, unsigned int threads,
	    unsigned int limit, struct qt_net_work **out);
/*
 * Waits for running jobs. Then every job that was submitted and not done gets
 * done() called, run or not (tell by what run() sets). NULL is fine.
 * The loop must turn once more to let its handle go.
 */
void	qt_net_work_free(struct qt_net_work *work);
/* 0, or -EAGAIN when the queue is full. The job is the caller's. */
int	qt_net_work_submit(struct qt_net_work *work, struct qt_net_job *job);

#endif /* QT_NET_WORK_H */
