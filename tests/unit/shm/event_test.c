/* SPDX-License-Identifier: Apache-2.0 */
/* Events, manual and automatic. */

#include <qt/shm/event.h>

#include "sync_test.h"

static struct qt_event *
make(struct qt_seg *seg, uint32_t flags)
{
	struct qt_event	*e;

	assert_int_equal(qt_event_create(seg, "e", flags, NULL), 0);
	assert_int_equal(qt_event_open(seg, "e", &e, NULL), 0);
	return e;
}

static int
wait_set(void *arg)
{
	return -qt_event_wait(arg, qt_wait_deadline(LONG_MS));
}

QT_TEST(a_manual_event_stays_set_for_all)
{
	struct qt_seg	*seg = test_seg();
	struct qt_seg	*reader = test_join(seg, QT_SEG_RDONLY);
	struct qt_event	*e = make(seg, QT_EVENT_MANUAL), *r;

	(void)state;
	assert_int_equal(qt_event_open(reader, "e", &r, NULL), 0);
	assert_int_equal(qt_event_wait(e, QT_WAIT_NEVER), -EBUSY);
	assert_int_equal(qt_event_wait(r, qt_wait_deadline(1)), -ETIMEDOUT);
	assert_int_equal(qt_event_set(r), -EACCES);
	assert_int_equal(qt_event_set(e), 0);
	assert_int_equal(qt_event_set(e), 0);
	assert_int_equal(qt_event_wait(e, QT_WAIT_NEVER), 0);
	assert_int_equal(qt_event_wait(r, QT_WAIT_NEVER), 0);
	assert_int_equal(qt_event_is_set(r), 1);
	assert_int_equal(qt_event_reset(e), 0);
	assert_int_equal(qt_event_wait(r, QT_WAIT_NEVER), -EBUSY);
	qt_event_close(r);
	qt_event_close(e);
	qt_seg_close(reader);
	qt_seg_close(seg);
}

QT_TEST(who_waits_for_a_manual_event_does_not_miss_a_short_one)
{
	struct qt_seg	*seg = test_seg();
	struct qt_event	*e = make(seg, QT_EVENT_MANUAL);
	pid_t		 pid = test_start(seg, wait_set, e);

	(void)state;
	test_until_waited_for(seg, "e");
	assert_int_equal(qt_event_set(e), 0);
	assert_int_equal(qt_event_reset(e), 0);
	assert_int_equal(test_end(pid), 0);
	qt_event_close(e);
	qt_seg_close(seg);
}

QT_TEST(an_automatic_event_lets_one_go_on)
{
	struct qt_seg	*seg = test_seg();
	struct qt_seg	*reader = test_join(seg, QT_SEG_RDONLY);
	struct qt_event	*e = make(seg, QT_EVENT_AUTO), *r;
	int		 status;
	pid_t		 a, b, first;

	(void)state;
	assert_int_equal(qt_event_open(reader, "e", &r, NULL), 0);
	assert_int_equal(qt_event_wait(r, QT_WAIT_NEVER), -EACCES);
	a = test_start(seg, wait_set, e);
	b = test_start(seg, wait_set, e);
	assert_int_equal(qt_event_set(e), 0);
	first = waitpid(-1, &status, 0);
	assert_true(first == a || first == b);
	assert_int_equal(status, 0);
	assert_int_equal(qt_event_is_set(e), 0);
	assert_int_equal(waitpid(first == a ? b : a, &status, WNOHANG), 0);
	assert_int_equal(qt_event_set(e), 0);
	assert_int_equal(test_end(first == a ? b : a), 0);
	assert_int_equal(qt_event_wait(e, QT_WAIT_NEVER), -EBUSY);
	qt_event_close(r);
	qt_event_close(e);
	qt_seg_close(reader);
	qt_seg_close(seg);
}

QT_TEST(flags_that_are_none_are_refused)
{
	struct qt_seg	*seg = test_seg();

	(void)state;
	assert_int_equal(qt_event_create(seg, "e", 2, NULL), -EINVAL);
	qt_seg_close(seg);
}

struct ball {
	struct qt_event	*there, *back;
	int		 count;		/* plain: the events order it */
};

static void *
strike(void *arg)
{
	struct ball	*b = arg;

	for (int i = 0; i < 500; i++) {
		if (wait_set(b->there) != 0)
			abort();
		b->count++;
		(void)qt_event_set(b->back);
	}
	return NULL;
}

QT_TEST(threads_hand_each_other_the_turn)
{
	struct qt_seg	*seg = test_seg();
	struct ball	 b = { .there = make(seg, QT_EVENT_AUTO) };
	pthread_t	 thread;

	(void)state;
	assert_int_equal(qt_event_create(seg, "back", QT_EVENT_AUTO, NULL),
	    0);
	assert_int_equal(qt_event_open(seg, "back", &b.back, NULL), 0);
	assert_int_equal(pthread_create(&thread, NULL, strike, &b), 0);
	for (int i = 0; i < 500; i++) {
		b.count++;
		assert_int_equal(qt_event_set(b.there), 0);
		assert_int_equal(wait_set(b.back), 0);
		assert_int_equal(b.count, 2 * (i + 1));
	}
	assert_int_equal(pthread_join(thread, NULL), 0);
	qt_event_close(b.back);
	qt_event_close(b.there);
	qt_seg_close(seg);
}
