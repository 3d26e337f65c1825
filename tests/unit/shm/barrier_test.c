/* SPDX-License-Identifier: Apache-2.0 */
/* Barriers: everybody at once, again and again, and without the dead. */

#include <stdlib.h>

#include <qt/shm/barrier.h>

#include "sync_test.h"

static struct qt_barrier *
again(struct qt_seg *seg)
{
	struct qt_barrier	*b;

	assert_int_equal(qt_barrier_open(seg, "b", &b, NULL), 0);
	return b;
}

static struct qt_barrier *
make(struct qt_seg *seg, uint32_t parties)
{
	assert_int_equal(qt_barrier_create(seg, "b", parties, NULL), 0);
	return again(seg);
}

static int
wait_all(struct qt_barrier *b)
{
	return qt_barrier_wait(b, qt_wait_deadline(LONG_MS));
}

/* Waits three times; how often it was the last to come, or 99. */
static int
three_laps(void *arg)
{
	int	last = 0;

	for (int i = 0; i < 3; i++) {
		int	rc = wait_all(arg);

		if (rc < 0)
			return 99;
		last += rc;
	}
	return last;
}

QT_TEST(a_barrier_opens_when_all_have_come_and_again)
{
	struct qt_seg		*seg = test_seg();
	struct qt_barrier	*b = make(seg, 3);
	pid_t			 one, two;
	int			 last;

	(void)state;
	assert_int_equal(qt_barrier_wait(b, QT_WAIT_NEVER), -EBUSY);
	assert_int_equal(qt_barrier_wait(b, qt_wait_deadline(1)), -ETIMEDOUT);
	assert_int_equal(qt_barrier_arrived(b), 0);
	one = test_start(seg, three_laps, b);
	two = test_start(seg, three_laps, b);
	last = three_laps(b);
	last += test_end(one);
	last += test_end(two);
	assert_int_equal(last, 3);
	qt_barrier_close(b);
	qt_seg_close(seg);
}

QT_TEST(each_handle_is_a_party_and_no_more_than_there_are_places)
{
	struct qt_seg		*seg = test_seg();
	struct qt_barrier	*b = make(seg, 2), *c = again(seg),
	    *d = again(seg);

	(void)state;
	assert_int_equal(qt_barrier_join(b), 0);
	assert_int_equal(qt_barrier_join(b), 0);
	assert_int_equal(qt_barrier_wait(c, QT_WAIT_NEVER), -EBUSY);
	assert_int_equal(qt_barrier_join(d), -QT_EFULL);
	qt_barrier_close(c);
	assert_int_equal(qt_barrier_join(d), 0);
	/* The one that is left need not wait for who leaves. */
	assert_int_equal(qt_barrier_leave(d), 0);
	assert_int_equal(qt_barrier_leave(d), -ENOENT);
	assert_int_equal(qt_barrier_wait(b, QT_WAIT_NEVER), 1);
	assert_int_equal(qt_barrier_lost(b), 1);
	assert_int_equal(qt_barrier_reset(b), 1);
	assert_int_equal(qt_barrier_wait(b, QT_WAIT_NEVER), -EBUSY);
	qt_barrier_close(d);
	qt_barrier_close(b);
	qt_seg_close(seg);
}

static int
join(void *arg)
{
	return qt_barrier_join(arg);
}

QT_TEST(a_death_is_told_to_all_others_and_they_go_on_without_it)
{
	struct qt_seg		*seg = test_seg();
	struct qt_seg		*other = test_join(seg, QT_SEG_JOIN);
	struct qt_barrier	*b = make(seg, 3), *o = again(other);
	struct qt_obj_stat	 st;
	pid_t			 pid = test_holder(seg, join, b);

	(void)state;
	assert_int_equal(qt_barrier_join(o), 0);
	/* Stopped is alive. */
	assert_int_equal(qt_barrier_wait(b, qt_wait_deadline(1)), -ETIMEDOUT);
	test_kill(pid);
	assert_int_equal(wait_all(b), -EOWNERDEAD);
	assert_int_equal(qt_barrier_wait(b, QT_WAIT_NEVER), -EBUSY);
	/* Who comes later is told too, and then they are two. */
	assert_int_equal(wait_all(o), -EOWNERDEAD);
	assert_int_equal(qt_barrier_lost(b), 1);
	assert_int_equal(qt_obj_stat(seg, "b", &st, NULL), 0);
	assert_int_equal(st.capacity, 3);
	assert_string_equal(st.number[3].name, "deaths");
	assert_int_equal(st.number[3].value, 1);
	qt_barrier_close(o);
	qt_barrier_close(b);
	qt_seg_close(other);
	qt_seg_close(seg);
}

QT_TEST(the_dead_can_be_replaced)
{
	struct qt_seg		*seg = test_seg();
	struct qt_barrier	*b = make(seg, 3);
	pid_t			 pid[2];
	int			 last;

	(void)state;
	test_kill(test_holder(seg, join, b));
	assert_int_equal(qt_seg_sweep(seg), 1);
	assert_int_equal(qt_barrier_lost(b), 1);
	/* The places that were never taken come first, then lost ones. */
	assert_int_equal(qt_barrier_join(b), 0);
	pid[0] = test_holder(seg, join, b);
	assert_int_equal(qt_barrier_lost(b), 1);
	pid[1] = test_holder(seg, join, b);
	assert_int_equal(qt_barrier_lost(b), 0);
	test_kill(pid[0]);
	test_kill(pid[1]);
	assert_int_equal(qt_seg_sweep(seg), 2);
	assert_int_equal(wait_all(b), -EOWNERDEAD);
	assert_int_equal(qt_barrier_reset(b), 2);
	pid[0] = test_start(seg, three_laps, b);
	pid[1] = test_start(seg, three_laps, b);
	last = three_laps(b);
	assert_int_equal(last + test_end(pid[0]) + test_end(pid[1]), 3);
	qt_barrier_close(b);
	qt_seg_close(seg);
}

QT_TEST(who_closes_the_segment_without_the_handle_has_died)
{
	struct qt_seg		*seg = test_seg();
	struct qt_seg		*other = test_join(seg, QT_SEG_JOIN);
	struct qt_barrier	*b = make(seg, 2), *o = again(other);

	(void)state;
	assert_int_equal(qt_barrier_join(o), 0);
	assert_int_equal(qt_barrier_join(b), 0);
	qt_seg_close(other);
	free(o);	/* only its memory is left */
	assert_int_equal(wait_all(b), -EOWNERDEAD);
	assert_int_equal(wait_all(b), 1);
	qt_barrier_close(b);
	qt_seg_close(seg);
}

QT_TEST(many_deaths_while_one_is_away_are_told_to_it)
{
	struct qt_seg		*seg = test_seg();
	struct qt_barrier	*b = make(seg, 2);

	(void)state;
	assert_int_equal(qt_barrier_join(b), 0);
	for (int i = 0; i < 40; i++) {
		test_kill(test_holder(seg, join, b));
		assert_int_equal(qt_seg_sweep(seg), 1);
	}
	assert_int_equal(wait_all(b), -EOWNERDEAD);
	assert_int_equal(wait_all(b), 1);
	qt_barrier_close(b);
	qt_seg_close(seg);
}

QT_TEST(parties_that_are_none_are_refused)
{
	struct qt_seg		*seg = test_seg();
	struct qt_seg		*reader = test_join(seg, QT_SEG_RDONLY);
	struct qt_barrier	*b = make(seg, 2), *r = again(reader);

	(void)state;
	assert_int_equal(qt_barrier_create(seg, "x", 0, NULL), -EINVAL);
	assert_int_equal(qt_barrier_create(seg, "x", QT_BARRIER_MAX + 1,
	    NULL), -EINVAL);
	assert_int_equal(qt_barrier_join(r), -EACCES);
	assert_int_equal(qt_barrier_wait(r, QT_WAIT_NEVER), -EACCES);
	assert_int_equal(qt_barrier_reset(r), -EACCES);
	assert_int_equal(qt_barrier_parties(r), 2);
	qt_barrier_close(r);
	qt_barrier_close(b);
	qt_seg_close(reader);
	qt_seg_close(seg);
}

struct work {
	struct qt_seg	*seg;
	_Atomic int	 next;
	int		 lap[4];	/* plain: the barrier orders them */
};

static void *
march(void *arg)
{
	struct work		*w = arg;
	struct qt_barrier	*b = again(w->seg);
	int			 me = w->next++;

	for (int i = 1; i <= 200; i++) {
		w->lap[me] = i;
		if (wait_all(b) < 0)
			abort();
		for (int k = 0; k < 4; k++)
			if (w->lap[k] != i)
				abort();
		if (wait_all(b) < 0)
			abort();
	}
	qt_barrier_close(b);
	return NULL;
}

QT_TEST(threads_march_in_step)
{
	struct qt_seg	*seg = test_seg();
	struct work	 w = { .seg = seg };

	(void)state;
	qt_barrier_close(make(seg, 4));
	test_threads(4, march, &w);
	assert_int_equal(w.lap[3], 200);
	qt_seg_close(seg);
}
