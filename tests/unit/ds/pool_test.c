/* SPDX-License-Identifier: Apache-2.0 */
/* <qt/ds/pool.h>: every job runs once, a full queue refuses, free gives back. */

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
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
