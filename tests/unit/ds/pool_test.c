/* SPDX-License-Identifier: Apache-2.0 */
/*
 * <qt/ds/pool.h>: every job runs once, jobs make jobs that idle threads steal,
 * a full pool refuses, free gives back.
 */

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include <qt/ds/pool.h>

#include "../test.h"

#define JOBS 1000

struct job {
	struct qt_pool_job	pool_job;
	sem_t			*gate;		/* waits for it when set */
	sem_t			*started;
	atomic_int		ran;
	int			plain;		/* TSan sees a missing barrier */
};

static void
run(struct qt_pool_job *pj)
{
	struct job	*job = (struct job *)pj;

	if (job->started != NULL)
		sem_post(job->started);
	if (job->gate != NULL)
		sem_wait(job->gate);
	job->plain++;
	atomic_fetch_add(&job->ran, 1);
}

static void
wake(void *arg)
{
	uint64_t	one = 1;

	assert_int_equal(write(*(int *)arg, &one, sizeof(one)), sizeof(one));
}

/* Waits for the wake-up, at most 20 seconds, and takes what is done. */
static struct qt_pool_job *
wait_done(struct qt_pool *pool, int fd)
{
	struct pollfd	p = { .fd = fd, .events = POLLIN };
	uint64_t	n;

	assert_int_equal(poll(&p, 1, 20000), 1);
	assert_int_equal(read(fd, &n, sizeof(n)), sizeof(n));
	return qt_pool_take_done(pool);
}

QT_TEST(each_job_runs_once_and_comes_back_once)
{
	static struct job	 jobs[JOBS];
	struct qt_pool		*pool;
	struct qt_pool_job	*j;
	int			 fd = eventfd(0, 0), seen = 0, next = 0;

	(void)state;
	assert_int_equal(qt_pool_new(4, 16, wake, &fd, &pool), 0);
	while (seen < JOBS) {
		for (; next < JOBS; next++) {
			jobs[next].pool_job.run = run;
			if (qt_pool_submit(pool, &jobs[next].pool_job) < 0)
				break;
		}
		for (j = wait_done(pool, fd); j != NULL; j = j->next) {
			assert_int_equal(((struct job *)j)->plain, 1);
			seen++;
		}
	}
	assert_null(qt_pool_free(pool));
	for (int i = 0; i < JOBS; i++)
		assert_int_equal(atomic_load(&jobs[i].ran), 1);
	close(fd);
}

QT_TEST(a_full_queue_refuses_and_free_gives_back_what_never_ran)
{
	struct job		 jobs[5] = { 0 };
	struct qt_pool		*pool;
	struct qt_pool_job	*j;
	sem_t			 gate, started;
	int			 ran = 0, not_ran = 0;

	(void)state;
	sem_init(&gate, 0, 0);
	sem_init(&started, 0, 0);
	assert_int_equal(qt_pool_new(1, 3, NULL, NULL, &pool), 0);
	jobs[0].gate = &gate;
	jobs[0].started = &started;
	for (int i = 0; i < 5; i++)
		jobs[i].pool_job.run = run;
	assert_int_equal(qt_pool_submit(pool, &jobs[0].pool_job), 0);
	sem_wait(&started);		/* it left the queue and runs */
	for (int i = 1; i < 4; i++)
		assert_int_equal(qt_pool_submit(pool, &jobs[i].pool_job), 0);
	assert_int_equal(qt_pool_submit(pool, &jobs[4].pool_job), -EAGAIN);
	assert_int_equal(qt_pool_waiting(pool), 3);

	sem_post(&gate);
	for (j = qt_pool_free(pool); j != NULL; j = j->next) {
		if (atomic_load(&((struct job *)j)->ran))
			ran++;
		else
			not_ran++;
	}
	assert_true(ran >= 1);
	assert_int_equal(ran + not_ran, 4);
	sem_destroy(&gate);
	sem_destroy(&started);
}

QT_TEST(a_pool_of_no_threads_or_no_room_is_refused)
{
	struct qt_pool	*pool;

	(void)state;
	assert_int_equal(qt_pool_new(0, 1, NULL, NULL, &pool), -EINVAL);
	assert_int_equal(qt_pool_new(1, 0, NULL, NULL, &pool), -EINVAL);
	assert_int_equal(qt_pool_new(65, 1, NULL, NULL, &pool), -EINVAL);
	assert_null(qt_pool_free(NULL));
}

/* Submits its children, then holds its thread until they have run. */
struct parent {
	struct qt_pool_job	 pool_job;
	struct qt_pool		*pool;
	struct job		*children;
	int			 count, refused;
	sem_t			*ran;
};

static void
run_parent(struct qt_pool_job *pj)
{
	struct parent	*p = (struct parent *)pj;
	int		 sent = 0;

	for (int i = 0; i < p->count; i++) {
		p->children[i].pool_job.run = run;
		p->children[i].started = p->ran;
		if (qt_pool_submit(p->pool, &p->children[i].pool_job) == 0)
			sent++;
		else
			p->refused++;
	}
	while (p->ran != NULL && sent-- > 0)
		sem_wait(p->ran);
}

static int
collect(struct qt_pool *pool, int fd, int want)
{
	struct qt_pool_job	*j;
	int			 seen = 0;

	while (seen < want) {
		for (j = wait_done(pool, fd); j != NULL; j = j->next)
			seen++;
	}
	return seen;
}

QT_TEST(an_idle_thread_steals_what_a_busy_one_has_queued)
{
	static struct job	children[300];	/* more than a deque holds */
	struct parent		p = { .children = children, .count = 300 };
	struct qt_pool_stats	stats;
	sem_t			ran;
	int			fd = eventfd(0, 0);

	(void)state;
	sem_init(&ran, 0, 0);
	assert_int_equal(qt_pool_new(2, 1000, wake, &fd, &p.pool), 0);
	p.pool_job.run = run_parent;
	p.ran = &ran;
	assert_int_equal(qt_pool_submit(p.pool, &p.pool_job), 0);
	assert_int_equal(collect(p.pool, fd, 301), 301);
	assert_int_equal(p.refused, 0);
	qt_pool_stats(p.pool, &stats);
	assert_int_equal(stats.run, 301);
	/* All that its deque had: 256 at once, more if some went early. */
	assert_in_range(stats.stolen, 256, 300);
	assert_int_equal(qt_pool_waiting(p.pool), 0);
	assert_null(qt_pool_free(p.pool));
	for (int i = 0; i < 300; i++)
		assert_int_equal(children[i].plain, 1);
	sem_destroy(&ran);
	close(fd);
}

QT_TEST(the_bound_holds_for_jobs_of_jobs_too)
{
	struct job		children[5] = { 0 };
	struct parent		p = { .children = children, .count = 5 };
	struct qt_pool_stats	stats;
	int			fd = eventfd(0, 0);

	(void)state;
	assert_int_equal(qt_pool_new(1, 3, wake, &fd, &p.pool), 0);
	p.pool_job.run = run_parent;
	assert_int_equal(qt_pool_submit(p.pool, &p.pool_job), 0);
	assert_int_equal(collect(p.pool, fd, 4), 4);
	assert_int_equal(p.refused, 2);
	qt_pool_stats(p.pool, &stats);
	assert_int_equal(stats.refused, 2);
	assert_int_equal(stats.stolen, 0);
	assert_null(qt_pool_free(p.pool));
	close(fd);
}

/* Two more of each, down to the leaves. */
struct node {
	struct qt_pool_job	 pool_job;
	struct qt_pool		*pool;
	struct node		*all;
	unsigned int		 index, count;
	unsigned int		 plain;
};

static void
run_node(struct qt_pool_job *pj)
{
	struct node	*n = (struct node *)pj;

	n->plain++;
	for (unsigned int i = 2 * n->index + 1; i < n->count &&
	    i <= 2 * n->index + 2; i++) {
		n->all[i] = (struct node){ { run_node, NULL }, n->pool,
		    n->all, i, n->count, 0 };
		/* There is always room: the limit is all of them. */
		if (qt_pool_submit(n->pool, &n->all[i].pool_job) < 0)
			abort();
	}
}

QT_TEST(a_tree_of_jobs_is_walked_by_all_threads_each_node_once)
{
	static struct node	 all[1 << 14];
	const unsigned int	 count = sizeof(all) / sizeof(all[0]);
	struct qt_pool		*pool;
	int			 fd = eventfd(0, 0);

	(void)state;
	for (int round = 0; round < 5; round++) {
		assert_int_equal(qt_pool_new(4, count, wake, &fd, &pool), 0);
		all[0] = (struct node){ { run_node, NULL }, pool, all, 0,
		    count, 0 };
		assert_int_equal(qt_pool_submit(pool, &all[0].pool_job), 0);
		assert_int_equal(collect(pool, fd, (int)count), count);
		assert_null(qt_pool_free(pool));
		for (unsigned int i = 0; i < count; i++)
			assert_int_equal(all[i].plain, 1);
	}
	close(fd);
}

/* Stopped in the middle: what ran and what did not make up all there was. */
QT_TEST(a_pool_that_is_freed_at_work_gives_every_job_back_once)
{
	static struct node	 all[1 << 12];
	const unsigned int	 count = sizeof(all) / sizeof(all[0]);
	struct qt_pool		*pool;
	struct qt_pool_job	*j;
	struct qt_pool_stats	 stats;

	(void)state;
	for (int round = 0; round < 50; round++) {
		unsigned int	ran = 0, made = 1, back = 0;

		assert_int_equal(qt_pool_new(3, count, NULL, NULL, &pool), 0);
		all[0] = (struct node){ { run_node, NULL }, pool, all, 0,
		    count, 0 };
		assert_int_equal(qt_pool_submit(pool, &all[0].pool_job), 0);
		do
			qt_pool_stats(pool, &stats);
		while (stats.run < (uint64_t)round);
		for (j = qt_pool_free(pool); j != NULL; j = j->next) {
			const struct node	*n = (struct node *)j;

			back++;
			assert_true(n->plain <= 1);
			ran += n->plain;
			if (n->plain == 1)	/* it has made its two */
				made += (2 * n->index + 1 < count) +
				    (2 * n->index + 2 < count);
		}
		assert_true(ran >= (unsigned int)round);
		assert_int_equal(back, made);
	}
}
