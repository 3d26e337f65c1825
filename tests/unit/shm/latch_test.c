/* SPDX-License-Identifier: Apache-2.0 */
/* Latches: they open once, for all. */

#include <qt/shm/latch.h>

#include "sync_test.h"

static struct qt_latch *
make(struct qt_seg *seg, uint64_t count)
{
	struct qt_latch	*l;

	assert_int_equal(qt_latch_create(seg, "l", count, NULL), 0);
	assert_int_equal(qt_latch_open(seg, "l", &l, NULL), 0);
	return l;
}

static int
wait_open(void *arg)
{
	return -qt_latch_wait(arg, qt_wait_deadline(LONG_MS));
}

QT_TEST(a_latch_opens_when_it_is_counted_down)
{
	struct qt_seg		*seg = test_seg();
	struct qt_latch		*l = make(seg, 3);
	struct qt_obj_stat	 st;
	pid_t			 pid = test_start(seg, wait_open, l);

	(void)state;
	assert_int_equal(qt_latch_wait(l, QT_WAIT_NEVER), -EBUSY);
	assert_int_equal(qt_latch_wait(l, qt_wait_deadline(1)), -ETIMEDOUT);
	assert_int_equal(qt_latch_down(l, 4), -ERANGE);
	assert_int_equal(qt_latch_down(l, 2), 0);
	assert_int_equal(qt_latch_count(l), 1);
	assert_int_equal(qt_obj_stat(seg, "l", &st, NULL), 0);
	assert_int_equal(st.capacity, 3);
	assert_int_equal(st.count, 1);
	test_until_waited_for(seg, "l");
	assert_int_equal(qt_latch_down(l, 1), 1);
	assert_int_equal(test_end(pid), 0);
	assert_int_equal(qt_latch_wait(l, QT_WAIT_NEVER), 0);
	assert_int_equal(qt_latch_down(l, 1), -ERANGE);
	assert_int_equal(qt_latch_down(l, 0), 0);
	qt_latch_close(l);
	qt_seg_close(seg);
}

QT_TEST(a_latch_of_none_is_open_also_for_readers)
{
	struct qt_seg	*seg = test_seg();
	struct qt_seg	*reader = test_join(seg, QT_SEG_RDONLY);
	struct qt_latch	*l = make(seg, 0), *r;

	(void)state;
	assert_int_equal(qt_latch_open(reader, "l", &r, NULL), 0);
	assert_int_equal(qt_latch_wait(r, QT_WAIT_FOREVER), 0);
	assert_int_equal(qt_latch_down(r, 0), -EACCES);
	qt_latch_close(r);
	qt_latch_close(l);
	qt_seg_close(reader);
	qt_seg_close(seg);
}

struct work {
	struct qt_latch	*l;
	int		 before[4];	/* plain: the latch orders them */
	_Atomic int	 next;
};

static void *
meet(void *arg)
{
	struct work	*w = arg;
	int		 sum = 0;

	w->before[w->next++] = 1;
	(void)qt_latch_down(w->l, 1);
	if (wait_open(w->l) != 0)
		abort();
	for (int i = 0; i < 4; i++)
		sum += w->before[i];
	if (sum != 4)
		abort();
	return NULL;
}

QT_TEST(what_was_done_before_counting_down_is_seen_after_waiting)
{
	struct qt_seg	*seg = test_seg();
	struct work	 w = { .l = make(seg, 4) };

	(void)state;
	test_threads(4, meet, &w);
	assert_int_equal(qt_latch_count(w.l), 0);
	qt_latch_close(w.l);
	qt_seg_close(seg);
}
