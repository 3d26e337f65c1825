/* SPDX-License-Identifier: Apache-2.0 */
/* Pools: handles, who owns a block, death. */

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>

#include <qt/shm/pool.h>

#include "../test.h"
#include "shm_test.h"

static const struct qt_shm_pool_spec	blocks = { .size = 100, .capacity = 5 };

static struct qt_shm_pool *
open_pool(struct qt_seg *seg)
{
	struct qt_shm_pool	*p;
	struct qt_err	 err = QT_ERR_INIT;

	if (qt_shm_pool_open(seg, "p", NULL, &p, &err) < 0)
		fail_msg("%s", err.text);
	return p;
}

static struct qt_shm_pool *
make(struct qt_seg *seg)
{
	struct qt_err	err = QT_ERR_INIT;

	if (qt_shm_pool_create(seg, "p", &blocks, &err) < 0)
		fail_msg("%s", err.text);
	return open_pool(seg);
}

QT_TEST(blocks_are_allocated_until_none_is_left)
{
	struct qt_seg		*seg = test_seg();
	struct qt_shm_pool		*p = make(seg);
	uint64_t		 h[6], seen;
	uint32_t		 cursor = 0, count = 0;
	struct qt_obj_stat	 st;

	(void)state;
	for (int lap = 0; lap < 100; lap++) {
		for (int i = 0; i < 5; i++) {
			assert_int_equal(qt_shm_pool_alloc(p, &h[i],
			    QT_WAIT_NEVER), 0);
			assert_true(h[i] != QT_POOL_NONE);
			for (int k = 0; k < i; k++)
				assert_true(h[k] != h[i] && qt_shm_pool_get(p,
				    h[k]) != qt_shm_pool_get(p, h[i]));
			memset(qt_shm_pool_get(p, h[i]), i, 100);
		}
		assert_int_equal(qt_shm_pool_alloc(p, &h[5], QT_WAIT_NEVER),
		    -QT_EFULL);
		for (int i = 0; i < 5; i++) {
			assert_int_equal(((char *)qt_shm_pool_get(p, h[i]))[99],
			    i);
			assert_int_equal(qt_shm_pool_free(p, h[i]), 0);
		}
	}
	assert_int_equal(qt_shm_pool_alloc(p, &h[0], QT_WAIT_NEVER), 0);
	while (qt_shm_pool_next(p, &cursor, &seen)) {
		assert_int_equal(seen, h[0]);
		count++;
	}
	assert_int_equal(count, 1);
	assert_int_equal(qt_obj_stat(seg, "p", &st, NULL), 0);
	assert_string_equal(st.type_name, "pool");
	assert_int_equal(st.count, 1);
	assert_int_equal(qt_obj_fsck(seg, 0, NULL, NULL), 0);
	qt_shm_pool_close(p);
	qt_seg_close(seg);
}

QT_TEST(a_handle_that_was_kept_too_long_is_known)
{
	struct qt_seg	*seg = test_seg();
	struct qt_shm_pool	*p = make(seg);
	uint64_t	 h, again = 0;

	(void)state;
	assert_int_equal(qt_shm_pool_alloc(p, &h, QT_WAIT_NEVER), 0);
	assert_int_equal(qt_shm_pool_free(p, h), 0);
	/* The same block again, and another handle. */
	assert_int_equal(qt_shm_pool_alloc(p, &again, QT_WAIT_NEVER), 0);
	assert_int_equal((uint32_t)again, (uint32_t)h);
	assert_true(again != h);
	assert_null(qt_shm_pool_get(p, h));
	assert_int_equal(qt_shm_pool_free(p, h), -QT_EGONE);
	assert_int_equal(qt_shm_pool_give(p, h), -QT_EGONE);
	assert_int_equal(qt_shm_pool_own(p, h), -QT_EGONE);
	assert_int_equal(qt_shm_pool_owner(p, h), -QT_EGONE);
	assert_null(qt_shm_pool_get(p, QT_POOL_NONE));
	assert_null(qt_shm_pool_get(p, UINT64_MAX));
	assert_null(qt_shm_pool_get(p, 6));
	assert_non_null(qt_shm_pool_get(p, again));
	qt_shm_pool_close(p);
	qt_seg_close(seg);
}

QT_TEST(a_block_is_its_owners_until_it_is_given)
{
	struct qt_seg	*seg = test_seg(), *other = test_join(seg, QT_SEG_JOIN);
	struct qt_seg	*reader = test_join(seg, QT_SEG_RDONLY);
	struct qt_shm_pool	*p = make(seg), *q = open_pool(other);
	struct qt_shm_pool	*r = open_pool(reader);
	uint64_t	 h, mine;

	(void)state;
	assert_int_equal(qt_shm_pool_alloc(p, &h, QT_WAIT_NEVER), 0);
	assert_int_equal(qt_shm_pool_alloc(p, &mine, QT_WAIT_NEVER), 0);
	assert_int_equal(qt_shm_pool_owner(r, h), qt_seg_self(seg));
	assert_int_equal(qt_shm_pool_free(q, h), -EPERM);
	assert_int_equal(qt_shm_pool_own(q, h), -EPERM);
	assert_int_equal(qt_shm_pool_give(q, h), -EPERM);
	assert_int_equal(qt_shm_pool_give(p, h), 0);
	assert_int_equal(qt_shm_pool_owner(r, h), 0);
	assert_int_equal(qt_shm_pool_free(r, h), -EACCES);
	assert_int_equal(qt_shm_pool_alloc(r, &h, QT_WAIT_NEVER), -EACCES);
	assert_non_null(qt_shm_pool_get(r, h));
	/* What nobody owns stays when its maker leaves. */
	qt_shm_pool_close(p);
	assert_null(qt_shm_pool_get(q, mine));
	assert_int_equal(qt_shm_pool_own(q, h), 0);
	assert_int_equal(qt_shm_pool_owner(r, h), qt_seg_self(other));
	assert_int_equal(qt_shm_pool_free(q, h), 0);
	assert_int_equal(qt_shm_pool_count(r), 0);
	qt_shm_pool_close(r);
	qt_shm_pool_close(q);
	qt_seg_close(reader);
	qt_seg_close(other);
	qt_seg_close(seg);
}

QT_TEST(blocks_of_the_dead_come_back)
{
	struct qt_seg	*seg = test_seg();
	struct qt_shm_pool	*p = make(seg);
	uint64_t	 h, given = 0;
	uint32_t	 cursor = 0;
	int		 status;
	pid_t		 pid = fork();

	(void)state;
	if (pid == 0) {
		if (qt_seg_after_fork(seg, NULL) < 0)
			_exit(1);
		for (int i = 0; i < 5; i++)
			if (qt_shm_pool_alloc(p, &h, QT_WAIT_NEVER) < 0)
				_exit(1);
		if (qt_shm_pool_give(p, h) < 0)
			_exit(1);
		raise(SIGKILL);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	for (int i = 0; i < 4; i++)
		assert_int_equal(qt_shm_pool_alloc(p, &h, QT_WAIT_NEVER), 0);
	assert_int_equal(qt_shm_pool_alloc(p, &h, QT_WAIT_NEVER), -QT_EFULL);
	assert_int_equal(qt_shm_pool_alloc(p, &h, qt_wait_deadline(20)),
	    -ETIMEDOUT);
	while (qt_shm_pool_next(p, &cursor, &h))
		if (qt_shm_pool_owner(p, h) == 0)
			given = h;
	assert_true(given != QT_POOL_NONE);
	assert_int_equal(qt_shm_pool_free(p, given), 0);
	qt_shm_pool_close(p);
	qt_seg_close(seg);
}

#define THREADS	4
#define TURNS	20000u

/* Nobody else writes into a block that is ours. */
static void *
work(void *arg)
{
	struct qt_shm_pool	*p = arg;
	uint64_t	 h;

	for (uint64_t i = 0; i < TURNS; i++) {
		uint64_t	*at;

		if (qt_shm_pool_alloc(p, &h, QT_WAIT_FOREVER) < 0)
			return NULL;
		at = qt_shm_pool_get(p, h);
		if (at == NULL)
			return NULL;
		for (int k = 0; k < 12; k++)
			at[k] = h ^ i;
		for (int k = 0; k < 12; k++)
			if (at[k] != (h ^ i))
				return NULL;
		if (qt_shm_pool_free(p, h) < 0)
			return NULL;
	}
	return arg;
}

QT_TEST(threads_never_have_one_block_together)
{
	struct qt_seg	*seg = test_seg();
	struct qt_shm_pool	*p = make(seg);
	pthread_t	 thread[THREADS];
	void		*ok;

	(void)state;
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, work, p), 0);
	for (int i = 0; i < THREADS; i++) {
		assert_int_equal(pthread_join(thread[i], &ok), 0);
		assert_ptr_equal(ok, p);
	}
	assert_int_equal(qt_shm_pool_count(p), 0);
	qt_shm_pool_close(p);
	qt_seg_close(seg);
}

QT_TEST(a_thousand_pools_one_after_the_other_lose_no_space)
{
	struct qt_seg	*seg = test_seg();
	uint64_t	 used = 0, h;

	(void)state;
	for (int i = 0; i < 1000; i++) {
		struct qt_shm_pool	*p = make(seg);

		assert_int_equal(qt_shm_pool_alloc(p, &h, QT_WAIT_NEVER), 0);
		assert_int_equal(qt_obj_erase(seg, "p", NULL), 0);
		qt_shm_pool_close(p);
		if (i == 0)
			used = qt_seg_used(seg);
	}
	assert_int_equal(qt_seg_used(seg), used);
	assert_int_equal(qt_seg_fsck(seg, NULL), 0);
	qt_seg_close(seg);
}
