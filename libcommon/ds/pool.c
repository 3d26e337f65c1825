/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bounded thread pool. See <qt/ds/pool.h>.
 *
 * One queue and one lock. Jobs here take from a tenth of a millisecond to a
 * second, so the lock (a fraction of a microsecond) is never the limit, and
 * one queue is fair: nobody's login waits behind a later one. Per-thread
 * queues with stealing would add order inversion and gain nothing.
 */

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

#include <qt/ds/pool.h>

#define POOL_THREADS_MAX	64
#define POOL_STACK_SIZE		(256u << 10)

struct list {
	struct qt_pool_job	*head;
	struct qt_pool_job	**tail;
};

struct qt_pool {
	pthread_mutex_t	 lock;
	pthread_cond_t	 work;
	struct list	 queue;		/* under lock, and all below */
	struct list	 done;
	unsigned int	 waiting;
	unsigned int	 limit;
	int		 stop;
	void		(*wake)(void *arg);
	void		*arg;
	unsigned int	 nthreads;
	pthread_t	 threads[POOL_THREADS_MAX];
};

static void
list_init(struct list *l)
{
	l->head = NULL;
	l->tail = &l->head;
}

static void
list_add(struct list *l, struct qt_pool_job *job)
{
	job->next = NULL;
	*l->tail = job;
	l->tail = &job->next;
}

static struct qt_pool_job *
list_pop(struct list *l)
{
	struct qt_pool_job	*job = l->head;

	l->head = job->next;
	if (l->head == NULL)
		l->tail = &l->head;
	return job;
}

static void *
pool_thread(void *arg)
{
	struct qt_pool		*pool = arg;
	struct qt_pool_job	*job;
	int			 was_empty;

	pthread_mutex_lock(&pool->lock);
	for (;;) {
		while (pool->queue.head == NULL && !pool->stop)
			pthread_cond_wait(&pool->work, &pool->lock);
		if (pool->stop)
			break;
		job = list_pop(&pool->queue);
		pool->waiting--;
		pthread_mutex_unlock(&pool->lock);

		job->run(job);

		pthread_mutex_lock(&pool->lock);
		was_empty = pool->done.head == NULL;
		list_add(&pool->done, job);
		if (was_empty && pool->wake != NULL)
			pool->wake(pool->arg);
	}
	pthread_mutex_unlock(&pool->lock);
	return NULL;
}

/* Threads take no signals: handlers belong to the program's own thread. */
static int
start_threads(struct qt_pool *pool, unsigned int threads)
{
	pthread_attr_t	 attr;
	sigset_t	 all, old;
	int		 rc;

	rc = pthread_attr_init(&attr);
	if (rc != 0)
		return -rc;
	pthread_attr_setstacksize(&attr, POOL_STACK_SIZE);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	while (rc == 0 && pool->nthreads < threads) {
		rc = pthread_create(&pool->threads[pool->nthreads], &attr,
		    pool_thread, pool);
		if (rc == 0)
			pool->nthreads++;
	}
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_attr_destroy(&attr);
	return -rc;
}

int
qt_pool_new(unsigned int threads, unsigned int limit, void (*wake)(void *arg),
    void *arg, struct qt_pool **out)
{
	struct qt_pool	*pool;
	int		 rc;

	*out = NULL;
	if (threads < 1 || threads > POOL_THREADS_MAX || limit < 1)
		return -EINVAL;
	pool = calloc(1, sizeof(*pool));
	if (pool == NULL)
		return -ENOMEM;
	pthread_mutex_init(&pool->lock, NULL);
	pthread_cond_init(&pool->work, NULL);
	list_init(&pool->queue);
	list_init(&pool->done);
	pool->limit = limit;
	pool->wake = wake;
	pool->arg = arg;

	rc = start_threads(pool, threads);
	if (rc < 0) {
		qt_pool_free(pool);
		return rc;
	}
	*out = pool;
	return 0;
}

struct qt_pool_job *
qt_pool_free(struct qt_pool *pool)
{
	struct qt_pool_job	*left;

	if (pool == NULL)
		return NULL;
	pthread_mutex_lock(&pool->lock);
	pool->stop = 1;
	pthread_cond_broadcast(&pool->work);
	pthread_mutex_unlock(&pool->lock);
	for (unsigned int i = 0; i < pool->nthreads; i++)
		pthread_join(pool->threads[i], NULL);

	*pool->done.tail = pool->queue.head;
	left = pool->done.head;
	pthread_cond_destroy(&pool->work);
	pthread_mutex_destroy(&pool->lock);
	free(pool);
	return left;
}

int
qt_pool_submit(struct qt_pool *pool, struct qt_pool_job *job)
{
	int	rc = 0;

	pthread_mutex_lock(&pool->lock);
	if (pool->waiting >= pool->limit) {
		rc = -EAGAIN;
	} else {
		list_add(&pool->queue, job);
		pool->waiting++;
		pthread_cond_signal(&pool->work);
	}
	pthread_mutex_unlock(&pool->lock);
	return rc;
}

struct qt_pool_job *
qt_pool_take_done(struct qt_pool *pool)
{
	struct qt_pool_job	*done;

	pthread_mutex_lock(&pool->lock);
	done = pool->done.head;
	list_init(&pool->done);
	pthread_mutex_unlock(&pool->lock);
	return done;
}

unsigned int
qt_pool_waiting(struct qt_pool *pool)
{
	unsigned int	n;

	pthread_mutex_lock(&pool->lock);
	n = pool->waiting;
	pthread_mutex_unlock(&pool->lock);
	return n;
}
