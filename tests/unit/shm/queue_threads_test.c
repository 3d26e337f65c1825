/* SPDX-License-Identifier: Apache-2.0 */
/* Threads on one handle of a queue; for ThreadSanitizer as well. */

#include <pthread.h>
#include <stdatomic.h>

#include <qt/shm/queue.h>

#include "../test.h"
#include "shm_test.h"

static const struct qt_queue_spec	numbers = { .dtype = "<u8",
    .capacity = 5, .loans = 3 };

#define THREADS	4
#define TURNS	20000u

struct team {
	struct qt_queue		*q;
	_Atomic uint64_t	 sum;
	_Atomic int		 bad;
};

/* Two put numbers in, by push, loan and many at once; two take them out. */
static void *
produce(void *arg)
{
	struct team		*t = arg;
	struct qt_queue_item	 item;
	uint64_t		 n[2];
	struct iovec		 v[2] = { { &n[0], 8 }, { &n[1], 8 } };

	for (uint64_t i = 1; i <= TURNS; i++) {
		ssize_t	rc = 0;

		n[0] = i;
		n[1] = i + 1;
		if (i % 3 == 0 && i < TURNS) {
			rc = qt_queue_pushv(t->q, v, 2, QT_WAIT_FOREVER);
			i += rc == 2;
		} else if (i % 3 == 1) {
			rc = qt_queue_loan(t->q, &item, QT_WAIT_FOREVER);
			if (rc == 0) {
				memcpy(item.data, n, 8);
				rc = qt_queue_publish(t->q, &item, 8);
			}
		} else {
			rc = qt_queue_push(t->q, n, 8, QT_WAIT_FOREVER);
		}
		if (rc < 0)
			atomic_store(&t->bad, 1);
	}
	return NULL;
}

static void *
consume(void *arg)
{
	struct team		*t = arg;
	struct qt_queue_item	 item;
	uint64_t		 n[2];
	struct iovec		 v[2] = { { &n[0], 8 }, { &n[1], 8 } };

	for (uint64_t i = 0; i < TURNS; i++) {
		ssize_t	rc;

		n[1] = 0;
		v[0].iov_len = v[1].iov_len = 8;
		if (i % 3 == 0 && i + 1 < TURNS) {
			rc = qt_queue_popv(t->q, v, 2, QT_WAIT_FOREVER);
			n[1] = rc == 2 ? n[1] : 0;
			i += rc == 2;
		} else if (i % 3 == 1) {
			rc = qt_queue_take(t->q, &item, QT_WAIT_FOREVER);
			if (rc == 0) {
				memcpy(n, item.data, 8);
				rc = qt_queue_release(t->q, &item);
			}
		} else {
			rc = qt_queue_pop(t->q, n, 8, QT_WAIT_FOREVER);
		}
		if (rc < 0)
			atomic_store(&t->bad, 1);
		atomic_fetch_add(&t->sum, n[0] + n[1]);
	}
	return NULL;
}

QT_TEST(threads_lose_nothing_and_get_nothing_twice)
{
	struct qt_seg	*seg = test_seg();
	struct team	 team = { 0 };
	pthread_t	 thread[THREADS];

	(void)state;
	assert_int_equal(qt_queue_create(seg, "q", &numbers, NULL), 0);
	assert_int_equal(qt_queue_open(seg, "q", NULL, &team.q, NULL), 0);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, i % 2 == 0 ?
		    produce : consume, &team), 0);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(thread[i], NULL), 0);
	assert_int_equal(team.bad, 0);
	assert_int_equal(team.sum, THREADS / 2 *
	    ((uint64_t)TURNS * (TURNS + 1) / 2));
	assert_int_equal(qt_queue_count(team.q), 0);
	assert_int_equal(qt_obj_fsck(seg, 0, NULL, NULL), 0);
	qt_queue_close(team.q);
	qt_seg_close(seg);
}
