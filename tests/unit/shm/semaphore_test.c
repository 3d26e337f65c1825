/* SPDX-License-Identifier: Apache-2.0 */
/* Semaphores: what is taken, given, and undone at death. */

#include <qt/shm/semaphore.h>

#include "sync_test.h"

static struct qt_semaphore *
make(struct qt_seg *seg, uint32_t value, uint32_t max, uint32_t flags)
{
	struct qt_semaphore_spec	 spec = { .value = value, .max = max,
	    .flags = flags };
	struct qt_semaphore		*s;

	assert_int_equal(qt_semaphore_create(seg, "s", &spec, NULL), 0);
	assert_int_equal(qt_semaphore_open(seg, "s", &s, NULL), 0);
	return s;
}

static int
take(void *arg)
{
	return qt_semaphore_wait(arg, qt_wait_deadline(LONG_MS));
}

static int
take_two(void *arg)
{
	return take(arg) < 0 ? -1 : take(arg);
}

static void
it_counts(uint32_t flags)
{
	struct qt_seg		*seg = test_seg();
	struct qt_semaphore	*s = make(seg, 2, 3, flags);
	struct qt_obj_stat	 st;

	assert_int_equal(take_two(s), 0);
	assert_int_equal(qt_semaphore_trywait(s), -EBUSY);
	assert_int_equal(qt_semaphore_wait(s, qt_wait_deadline(1)),
	    -ETIMEDOUT);
	assert_int_equal(qt_semaphore_held(s, qt_seg_self(seg)),
	    flags != 0 ? 2 : 0);
	for (int i = 0; i < 3; i++)
		assert_int_equal(qt_semaphore_post(s), 0);
	assert_int_equal(qt_semaphore_post(s), -EOVERFLOW);
	assert_int_equal(qt_semaphore_value(s), 3);
	assert_int_equal(qt_semaphore_held(s, qt_seg_self(seg)), 0);
	assert_int_equal(qt_obj_stat(seg, "s", &st, NULL), 0);
	assert_int_equal(st.capacity, 3);
	assert_int_equal(st.count, 3);
	qt_semaphore_close(s);
	qt_seg_close(seg);
}

QT_TEST(a_semaphore_counts)
{
	(void)state;
	it_counts(0);
	it_counts(QT_SEMAPHORE_UNDO);
}

QT_TEST(what_the_dead_held_is_put_back_when_that_was_asked_for)
{
	struct qt_seg		*seg = test_seg();
	struct qt_semaphore	*s = make(seg, 3, 3, QT_SEMAPHORE_UNDO);
	pid_t			 pid = test_holder(seg, take_two, s);

	(void)state;
	assert_int_equal(take(s), 0);
	/* Stopped is alive. */
	assert_int_equal(qt_semaphore_trywait(s), -EBUSY);
	test_kill(pid);
	assert_int_equal(qt_semaphore_trywait(s), 0);
	assert_int_equal(qt_semaphore_value(s), 1);
	assert_int_equal(qt_semaphore_held(s, qt_seg_self(seg)), 2);
	qt_semaphore_close(s);
	/* We closed it: ours is put back as well. */
	assert_int_equal(qt_semaphore_open(seg, "s", &s, NULL), 0);
	assert_int_equal(qt_semaphore_value(s), 3);
	qt_semaphore_close(s);
	qt_seg_close(seg);
}

QT_TEST(what_the_dead_took_is_gone_when_it_was_not)
{
	struct qt_seg		*seg = test_seg();
	struct qt_semaphore	*s = make(seg, 3, 0, 0);

	(void)state;
	test_kill(test_holder(seg, take_two, s));
	assert_int_equal(qt_seg_sweep(seg), 1);
	assert_int_equal(qt_semaphore_value(s), 1);
	qt_semaphore_close(s);
	assert_int_equal(qt_semaphore_open(seg, "s", &s, NULL), 0);
	assert_int_equal(qt_semaphore_value(s), 1);
	qt_semaphore_close(s);
	qt_seg_close(seg);
}

QT_TEST(posting_wakes_who_waits)
{
	struct qt_seg		*seg = test_seg();
	struct qt_semaphore	*s = make(seg, 0, 0, 0);
	pid_t			 pid = test_start(seg, take, s);

	(void)state;
	test_until_waited_for(seg, "s");
	assert_int_equal(qt_semaphore_post(s), 0);
	assert_int_equal(test_end(pid), 0);
	assert_int_equal(qt_semaphore_value(s), 0);
	qt_semaphore_close(s);
	qt_seg_close(seg);
}

QT_TEST(a_reader_sees_the_value_only)
{
	struct qt_seg		*seg = test_seg();
	struct qt_seg		*reader = test_join(seg, QT_SEG_RDONLY);
	struct qt_semaphore	*s = make(seg, 7, 0, 0), *r;

	(void)state;
	assert_int_equal(qt_semaphore_open(reader, "s", &r, NULL), 0);
	assert_int_equal(qt_semaphore_value(r), 7);
	assert_int_equal(qt_semaphore_trywait(r), -EACCES);
	assert_int_equal(qt_semaphore_post(r), -EACCES);
	qt_semaphore_close(r);
	qt_semaphore_close(s);
	qt_seg_close(reader);
	qt_seg_close(seg);
}

QT_TEST(a_semaphore_that_makes_no_sense_is_not_made)
{
	struct qt_seg			*seg = test_seg();
	struct qt_semaphore_spec	 bad[] = {
		{ .value = 2, .max = 1 },
		{ .max = QT_SEMAPHORE_MAX + 1 },
		{ .value = QT_SEMAPHORE_MAX + 1 },
		{ .flags = 2 },
	};

	(void)state;
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(qt_semaphore_create(seg, "s", &bad[i], NULL),
		    -EINVAL);
	qt_seg_close(seg);
}

struct work {
	struct qt_semaphore	*s;
	_Atomic int		 inside, most;
};

static void *
take_and_give(void *arg)
{
	struct work	*w = arg;

	for (int i = 0; i < 1000; i++) {
		int	n;

		if (take(w->s) < 0)
			abort();
		n = ++w->inside;
		if (n > w->most)
			w->most = n;
		w->inside--;
		if (qt_semaphore_post(w->s) < 0)
			abort();
	}
	return NULL;
}

QT_TEST(no_more_threads_are_inside_than_it_lets_in)
{
	struct qt_seg	*seg = test_seg();
	struct work	 w = { .s = make(seg, 2, 2, QT_SEMAPHORE_UNDO) };

	(void)state;
	test_threads(6, take_and_give, &w);
	assert_in_range(w.most, 1, 2);
	assert_int_equal(qt_semaphore_value(w.s), 2);
	assert_int_equal(qt_semaphore_held(w.s, qt_seg_self(seg)), 0);
	qt_semaphore_close(w.s);
	qt_seg_close(seg);
}

static void *
hand_over(void *arg)
{
	int	*data = ((void **)arg)[1];

	*data = 7;
	(void)qt_semaphore_post(((void **)arg)[0]);
	return NULL;
}

QT_TEST(what_was_written_before_posting_is_seen_after_waiting)
{
	struct qt_seg	*seg = test_seg();
	int		 data = 0;
	void		*arg[2] = { make(seg, 0, 0, 0), &data };
	pthread_t	 thread;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, hand_over, arg), 0);
	assert_int_equal(take(arg[0]), 0);
	assert_int_equal(data, 7);
	assert_int_equal(pthread_join(thread, NULL), 0);
	qt_semaphore_close(arg[0]);
	qt_seg_close(seg);
}
