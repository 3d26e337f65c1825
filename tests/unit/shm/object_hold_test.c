/* SPDX-License-Identifier: Apache-2.0 */
/* What participants hold is seen, by whom and how much, and nothing else. */

#include <errno.h>

#include <qt/shm/object.h>
#include <qt/shm/pool.h>
#include <qt/shm/queue.h>
#include <qt/shm/rwlock.h>
#include <qt/shm/wait.h>

#include "../test.h"
#include "shm_test.h"

struct want {
	uint32_t	 id;
	const char	*what;
	uint64_t	 sum, others;
};

static void
see(void *arg, const struct qt_obj_hold *hold)
{
	struct want	*w = arg;

	if (hold->participant == w->id && strcmp(hold->what, w->what) == 0)
		w->sum += hold->count;
	else
		w->others += hold->count;
}

/* Participant of seg holds so many of what in it, and others so many. */
static void
holds(struct qt_seg *seg, const char *name, const char *what, uint64_t count,
    uint64_t others)
{
	struct want	w = { .id = qt_seg_self(seg), .what = what };

	assert_int_equal(qt_obj_each_hold(seg, name, see, &w, NULL), 0);
	assert_int_equal(w.sum, count);
	assert_int_equal(w.others, others);
}

QT_TEST(items_in_hand_are_held_and_those_in_the_queue_are_not)
{
	struct qt_seg		*seg = test_seg();
	struct qt_seg		*other = test_join(seg, QT_SEG_JOIN);
	struct qt_queue_spec	 spec = { .item_max = 8, .capacity = 10 };
	struct qt_queue		*q, *p;
	struct qt_queue_item	 a, b, c;

	(void)state;
	assert_int_equal(qt_queue_create(seg, "q", &spec, NULL), 0);
	assert_int_equal(qt_queue_open(seg, "q", NULL, &q, NULL), 0);
	assert_int_equal(qt_queue_open(other, "q", NULL, &p, NULL), 0);
	for (int i = 0; i < 5; i++)
		assert_int_equal(qt_queue_push(q, "item", 4, QT_WAIT_NEVER), 0);
	holds(seg, "q", "taken", 0, 0);
	assert_int_equal(qt_queue_take(q, &a, QT_WAIT_NEVER), 0);
	assert_int_equal(qt_queue_take(q, &b, QT_WAIT_NEVER), 0);
	assert_int_equal(qt_queue_loan(p, &c, QT_WAIT_NEVER), 0);
	holds(seg, "q", "taken", 2, 1);
	holds(other, "q", "filling", 1, 2);
	assert_int_equal(qt_queue_release(q, &a), 0);
	assert_int_equal(qt_queue_publish(p, &c, 3), 0);
	holds(seg, "q", "taken", 1, 0);
	assert_int_equal(qt_queue_requeue(q, &b), 0);
	holds(seg, "q", "taken", 0, 0);
	qt_queue_close(p);
	qt_queue_close(q);
	qt_seg_close(other);
	qt_seg_close(seg);
}

QT_TEST(blocks_of_a_pool_are_held_until_they_are_given_or_freed)
{
	struct qt_seg			*seg = test_seg();
	struct qt_shm_pool_spec		 spec = { .size = 8, .capacity = 10 };
	struct qt_shm_pool		*p;
	uint64_t			 h[3];

	(void)state;
	assert_int_equal(qt_shm_pool_create(seg, "p", &spec, NULL), 0);
	assert_int_equal(qt_shm_pool_open(seg, "p", NULL, &p, NULL), 0);
	for (int i = 0; i < 3; i++)
		assert_int_equal(qt_shm_pool_alloc(p, &h[i], QT_WAIT_NEVER), 0);
	holds(seg, "p", "owned", 3, 0);
	assert_int_equal(qt_shm_pool_give(p, h[0]), 0);
	holds(seg, "p", "owned", 2, 0);
	assert_int_equal(qt_shm_pool_free(p, h[1]), 0);
	holds(seg, "p", "owned", 1, 0);
	qt_shm_pool_close(p);
	holds(seg, "p", "owned", 0, 0);
	qt_seg_close(seg);
}

QT_TEST(readers_and_writers_of_a_lock_are_told_apart)
{
	struct qt_seg		*seg = test_seg();
	struct qt_seg		*other = test_join(seg, QT_SEG_JOIN);
	struct qt_seg		*looker = test_join(seg, QT_SEG_RDONLY);
	struct qt_rwlock	*l, *m;
	struct want		 w = { .id = qt_seg_self(other),
	    .what = "read" };

	(void)state;
	assert_int_equal(qt_rwlock_create(seg, "l", NULL), 0);
	assert_int_equal(qt_rwlock_open(seg, "l", &l, NULL), 0);
	assert_int_equal(qt_rwlock_open(other, "l", &m, NULL), 0);
	assert_int_equal(qt_rwlock_lock_read(l, QT_WAIT_NEVER), 0);
	assert_int_equal(qt_rwlock_lock_read(m, QT_WAIT_NEVER), 0);
	assert_int_equal(qt_rwlock_lock_read(m, QT_WAIT_NEVER), 0);
	holds(seg, "l", "read", 1, 2);
	assert_int_equal(qt_obj_each_hold(looker, "l", see, &w, NULL), 0);
	assert_int_equal(w.sum, 2);
	qt_rwlock_close(m);
	assert_int_equal(qt_rwlock_unlock_read(l), 0);
	assert_int_equal(qt_rwlock_lock_write(l, QT_WAIT_NEVER), 0);
	holds(seg, "l", "write", 1, 0);
	qt_rwlock_close(l);
	holds(seg, "l", "write", 0, 0);
	assert_int_equal(qt_obj_each_hold(seg, "none", see, &w, NULL), -ENOENT);
	qt_seg_close(looker);
	qt_seg_close(other);
	qt_seg_close(seg);
}
