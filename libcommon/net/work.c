/* SPDX-License-Identifier: Apache-2.0 */
/* A thread pool whose results come back to a loop. See <qt/net/work.h>. */

#include <errno.h>
#include <stdlib.h>
#include <uv.h>

#include <qt/net/work.h>

struct qt_net_work {
	uv_async_t	 async;
	struct qt_pool	*pool;
};

static void
wake(void *arg)
{
	struct qt_net_work	*work = arg;

	uv_async_send(&work->async);
}

static void
deliver(struct qt_pool_job *j)
{
	struct qt_pool_job	*next;

	for (; j != NULL; j = next) {
		struct qt_net_job	*job = (struct qt_net_job *)j;

		next = j->next;		/* done may free the job */
		job->done(job);
	}
}

static void
on_wake(uv_async_t *async)
{
	struct qt_net_work	*work = async->data;

	deliver(qt_pool_take_done(work->pool));
}

int
qt_net_work_new(uv_loop_t *loop, unsigned int threads, unsigned int limit,
    struct qt_net_work **out)
{
	struct qt_net_work	*work;
	int			 rc;

	*out = NULL;
	work = calloc(1, sizeof(*work));
	if (work == NULL)
		return -ENOMEM;
	rc = uv_async_init(loop, &work->async, on_wake);
	if (rc < 0) {
		free(work);
		return rc;
	}
	work->async.data = work;
	uv_unref((uv_handle_t *)&work->async);
	rc = qt_pool_new(threads, limit, wake, work, &work->pool);
	if (rc < 0) {
		qt_net_work_free(work);
		return rc;
	}
	*out = work;
	return 0;
}

static void
on_closed(uv_handle_t *handle)
{
	free(handle->data);
}

void
qt_net_work_free(struct qt_net_work *work)
{
	struct qt_pool_job	*left;

	if (work == NULL)
		return;
	left = qt_pool_free(work->pool);
	work->pool = NULL;
	uv_close((uv_handle_t *)&work->async, on_closed);
	deliver(left);
}

int
qt_net_work_submit(struct qt_net_work *work, struct qt_net_job *job)
{
	return qt_pool_submit(work->pool, &job->job);
}
