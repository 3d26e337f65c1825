/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bounded work-stealing pool. See <qt/ds/pool.h>; deque.c is the deque.
 *
 *	submit from outside ──► injector (FIFO) ──┐
 *	submit by a job ──► own deque ────────────┼──► a thread runs it ──► done
 *	                    others' deques ───────┘      (stolen)
 *
 * A thread looks in its own deque, then the injector, then at the others in
 * turn from a random one. Each 61st time the injector comes first, so that jobs
 * which make jobs do not keep those from outside waiting for ever.
 *
 * The count of waiting jobs is the bound and the reason to wake: it is raised
 * before a job can be found and lowered by who found it. A thread that finds
 * none parks: it counts itself as sleeping, then looks at the count once more,
 * while a submitter raises the count, then looks for sleepers; one of them
 * sees the other (all sequentially consistent), so no wake-up is lost.
 */

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>

#include <qt/base/hash.h>
#include <qt/ds/pool.h>

#include "deque_priv.h"

#define POOL_THREADS_MAX	64
#define POOL_STACK_SIZE		(256u << 10)
#define INJECTOR_FIRST		61	/* each so many-th look */

struct list {
	struct qt_pool_job	*head;
	struct qt_pool_job	**tail;
};

struct worker {
	struct qt__deque	 deque;
	struct qt_pool		*pool;
	pthread_t		 thread;
	uint64_t		 random;
	unsigned int		 looks;
	_Atomic uint64_t	 run, stolen, parked;
};

struct qt_pool {
	_Atomic unsigned int	 waiting;
	_Atomic unsigned int	 sleeping;
	_Atomic int		 stop;
	_Atomic uint64_t	 refused;
	pthread_mutex_t		 lock;
	pthread_cond_t		 work;
	struct list		 injector;	/* under lock */
	pthread_mutex_t		 done_lock;
	struct list		 done;		/* under done_lock */
	unsigned int		 limit;
	void			(*wake)(void *arg);
	void			*arg;
	unsigned int		 nthreads;	/* that were started */
	unsigned int		 nworkers;
	struct worker		*workers;
};

static _Thread_local struct worker	*self;

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

	if (job == NULL)
		return NULL;
	l->head = job->next;
	if (l->head == NULL)
		l->tail = &l->head;
	return job;
}

static struct qt_pool_job *
pop_injector(struct qt_pool *pool)
{
	struct qt_pool_job	*job;

	pthread_mutex_lock(&pool->lock);
	job = list_pop(&pool->injector);
	pthread_mutex_unlock(&pool->lock);
	return job;
}

/* xorshift64 (Marsaglia 2003): who is robbed first need not be unguessable. */
static uint64_t
next_random(struct worker *w)
{
	w->random ^= w->random << 13;
	w->random ^= w->random >> 7;
	w->random ^= w->random << 17;
	return w->random;
}

static struct qt_pool_job *
steal(struct worker *w)
{
	struct qt_pool		*pool = w->pool;
	struct qt_pool_job	*job;
	uint64_t		 first = next_random(w);

	for (unsigned int i = 0; i < pool->nworkers; i++) {
		struct worker	*v = &pool->workers[(first + i) %
		    pool->nworkers];

		if (v == w || (job = qt__deque_steal(&v->deque)) == NULL)
			continue;
		atomic_fetch_add_explicit(&w->stolen, 1, memory_order_relaxed);
		return job;
	}
	return NULL;
}

static struct qt_pool_job *
find(struct worker *w)
{
	struct qt_pool_job	*job = NULL;

	if (++w->looks % INJECTOR_FIRST == 0)
		job = pop_injector(w->pool);
	if (job == NULL)
		job = qt__deque_take(&w->deque);
	if (job == NULL)
		job = pop_injector(w->pool);
	if (job == NULL)
		job = steal(w);
	if (job != NULL)
		atomic_fetch_sub(&w->pool->waiting, 1);
	return job;
}

/* Until there is a job, or the end. */
static void
park(struct worker *w)
{
	struct qt_pool	*pool = w->pool;

	pthread_mutex_lock(&pool->lock);
	atomic_fetch_add(&pool->sleeping, 1);
	if (atomic_load(&pool->waiting) > 0 && !atomic_load(&pool->stop)) {
		/* On its way into a queue, or just out of one. */
		pthread_mutex_unlock(&pool->lock);
		sched_yield();
		pthread_mutex_lock(&pool->lock);
	}
	while (atomic_load(&pool->waiting) == 0 && !atomic_load(&pool->stop)) {
		atomic_fetch_add_explicit(&w->parked, 1, memory_order_relaxed);
		pthread_cond_wait(&pool->work, &pool->lock);
	}
	atomic_fetch_sub(&pool->sleeping, 1);
	pthread_mutex_unlock(&pool->lock);
}

static void
finish(struct qt_pool *pool, struct qt_pool_job *job)
{
	int	was_empty;

	pthread_mutex_lock(&pool->done_lock);
	was_empty = pool->done.head == NULL;
	list_add(&pool->done, job);
	if (was_empty && pool->wake != NULL)
		pool->wake(pool->arg);
	pthread_mutex_unlock(&pool->done_lock);
}

static void *
pool_thread(void *arg)
{
	struct worker		*w = arg;
	struct qt_pool_job	*job;

	self = w;
	while (!atomic_load(&w->pool->stop)) {
		job = find(w);
		if (job == NULL) {
			park(w);
			continue;
		}
		job->run(job);
		atomic_fetch_add_explicit(&w->run, 1, memory_order_relaxed);
		finish(w->pool, job);
	}
	return NULL;
}

/* Threads take no signals: handlers belong to the program's own thread. */
static int
start_threads(struct qt_pool *pool)
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
	while (rc == 0 && pool->nthreads < pool->nworkers) {
		struct worker	*w = &pool->workers[pool->nthreads];

		rc = pthread_create(&w->thread, &attr, pool_thread, w);
		if (rc == 0)
			pool->nthreads++;
	}
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_attr_destroy(&attr);
	return -rc;
}

static int
make_workers(struct qt_pool *pool, unsigned int threads)
{
	size_t	size = threads * sizeof(*pool->workers);

	pool->workers = aligned_alloc(_Alignof(struct worker), size);
	if (pool->workers == NULL)
		return -ENOMEM;
	for (unsigned int i = 0; i < threads; i++) {
		struct worker	*w = &pool->workers[i];

		*w = (struct worker){ .pool = pool };
		qt_random(&w->random, sizeof(w->random));
		w->random |= 1;		/* 0 would stay 0 */
	}
	pool->nworkers = threads;
	return 0;
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
	pthread_mutex_init(&pool->done_lock, NULL);
	pthread_cond_init(&pool->work, NULL);
	list_init(&pool->injector);
	list_init(&pool->done);
	pool->limit = limit;
	pool->wake = wake;
	pool->arg = arg;

	rc = make_workers(pool, threads);
	if (rc == 0)
		rc = start_threads(pool);
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
	struct qt_pool_job	*left, *job;

	if (pool == NULL)
		return NULL;
	pthread_mutex_lock(&pool->lock);
	atomic_store(&pool->stop, 1);
	pthread_cond_broadcast(&pool->work);
	pthread_mutex_unlock(&pool->lock);
	for (unsigned int i = 0; i < pool->nthreads; i++)
		pthread_join(pool->workers[i].thread, NULL);

	while ((job = list_pop(&pool->injector)) != NULL)
		list_add(&pool->done, job);
	for (unsigned int i = 0; i < pool->nworkers; i++) {
		while ((job = qt__deque_steal(&pool->workers[i].deque)) != NULL)
			list_add(&pool->done, job);
	}
	left = pool->done.head;
	pthread_cond_destroy(&pool->work);
	pthread_mutex_destroy(&pool->done_lock);
	pthread_mutex_destroy(&pool->lock);
	free(pool->workers);
	free(pool);
	return left;
}

/* Takes one of the limit's places. */
static int
reserve(struct qt_pool *pool)
{
	unsigned int	n = atomic_load(&pool->waiting);

	do {
		if (n >= pool->limit)
			return -EAGAIN;
	} while (!atomic_compare_exchange_weak(&pool->waiting, &n, n + 1));
	return 0;
}

int
qt_pool_submit(struct qt_pool *pool, struct qt_pool_job *job)
{
	int	is_ours = self != NULL && self->pool == pool;

	if (reserve(pool) < 0) {
		atomic_fetch_add_explicit(&pool->refused, 1,
		    memory_order_relaxed);
		return -EAGAIN;
	}
	if (is_ours && qt__deque_push(&self->deque, job) == 0) {
		if (atomic_load(&pool->sleeping) == 0)
			return 0;
		pthread_mutex_lock(&pool->lock);
	} else {
		pthread_mutex_lock(&pool->lock);
		list_add(&pool->injector, job);
	}
	pthread_cond_signal(&pool->work);
	pthread_mutex_unlock(&pool->lock);
	return 0;
}

struct qt_pool_job *
qt_pool_take_done(struct qt_pool *pool)
{
	struct qt_pool_job	*done;

	pthread_mutex_lock(&pool->done_lock);
	done = pool->done.head;
	list_init(&pool->done);
	pthread_mutex_unlock(&pool->done_lock);
	return done;
}

unsigned int
qt_pool_waiting(struct qt_pool *pool)
{
	return atomic_load(&pool->waiting);
}

void
qt_pool_stats(const struct qt_pool *pool, struct qt_pool_stats *out)
{
	*out = (struct qt_pool_stats){ .refused = atomic_load_explicit(
	    &pool->refused, memory_order_relaxed) };
	for (unsigned int i = 0; i < pool->nworkers; i++) {
		const struct worker	*w = &pool->workers[i];

		out->run += atomic_load_explicit(&w->run,
		    memory_order_relaxed);
		out->stolen += atomic_load_explicit(&w->stolen,
		    memory_order_relaxed);
		out->parked += atomic_load_explicit(&w->parked,
		    memory_order_relaxed);
	}
}
