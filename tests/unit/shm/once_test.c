/* SPDX-License-Identifier: Apache-2.0 */
/* What is done once, whoever fails or dies at it. */

#include <qt/shm/once.h>

#include "sync_test.h"

static struct qt_once *
make(struct qt_seg *seg)
{
	struct qt_once	*o;

	assert_int_equal(qt_once_create(seg, "o", NULL), 0);
	assert_int_equal(qt_once_open(seg, "o", &o, NULL), 0);
	return o;
}

static int
begin(void *arg)
{
	return qt_once_begin(arg, qt_wait_deadline(LONG_MS));
}

static int
init(void *arg)
{
	int	*count = arg;

	return ++*count == 1 ? -EIO : 0;
}

QT_TEST(it_is_done_once_and_again_after_a_failure)
{
	struct qt_seg	*seg = test_seg();
	struct qt_once	*o = make(seg);
	int		 count = 0;

	(void)state;
	assert_int_equal(qt_once_is_done(o), 0);
	assert_int_equal(qt_once_run(o, QT_WAIT_NEVER, init, &count), -EIO);
	assert_int_equal(qt_once_run(o, QT_WAIT_NEVER, init, &count), 0);
	assert_int_equal(qt_once_run(o, QT_WAIT_NEVER, init, &count), 0);
	assert_int_equal(count, 2);
	assert_int_equal(qt_once_is_done(o), 1);
	assert_int_equal(qt_once_done(o), -EPERM);
	qt_once_close(o);
	qt_seg_close(seg);
}

QT_TEST(others_wait_for_who_does_it_and_one_takes_over_when_it_dies)
{
	struct qt_seg	*seg = test_seg();
	struct qt_once	*o = make(seg);
	pid_t		 pid = test_holder(seg, begin, o);

	(void)state;
	assert_int_not_equal(qt_once_owner(o), 0);
	assert_int_equal(qt_once_begin(o, QT_WAIT_NEVER), -EBUSY);
	assert_int_equal(qt_once_begin(o, qt_wait_deadline(1)), -ETIMEDOUT);
	assert_int_equal(qt_once_fail(o), -EPERM);
	test_kill(pid);
	assert_int_equal(qt_once_begin(o, QT_WAIT_NEVER), 1);
	/* Another thread of ours waits too. */
	assert_int_equal(qt_once_begin(o, QT_WAIT_NEVER), -EBUSY);
	assert_int_equal(qt_once_done(o), 0);
	assert_int_equal(begin(o), 0);
	qt_once_close(o);
	qt_seg_close(seg);
}

QT_TEST(who_waits_goes_on_when_it_is_done)
{
	struct qt_seg	*seg = test_seg();
	struct qt_once	*o = make(seg);
	pid_t		 pid;

	(void)state;
	assert_int_equal(begin(o), 1);
	pid = test_start(seg, begin, o);
	test_until_waited_for(seg, "o");
	assert_int_equal(qt_once_done(o), 0);
	assert_int_equal(test_end(pid), 0);
	qt_once_close(o);
	qt_seg_close(seg);
}

QT_TEST(a_reader_is_never_told_to_do_it)
{
	struct qt_seg	*seg = test_seg();
	struct qt_seg	*reader = test_join(seg, QT_SEG_RDONLY);
	struct qt_once	*o = make(seg), *r;

	(void)state;
	assert_int_equal(qt_once_open(reader, "o", &r, NULL), 0);
	assert_int_equal(qt_once_begin(r, QT_WAIT_NEVER), -EBUSY);
	assert_int_equal(qt_once_done(r), -EACCES);
	assert_int_equal(begin(o), 1);
	assert_int_equal(qt_once_done(o), 0);
	assert_int_equal(qt_once_begin(r, QT_WAIT_FOREVER), 0);
	qt_once_close(r);
	qt_once_close(o);
	qt_seg_close(reader);
	qt_seg_close(seg);
}

struct work {
	struct qt_once	*o;
	int		 count;		/* plain: only one adds */
};

static int
add(void *arg)
{
	struct work	*w = arg;

	w->count++;
	return 0;
}

static void *
run(void *arg)
{
	struct work	*w = arg;

	if (qt_once_run(w->o, qt_wait_deadline(LONG_MS), add, w) < 0 ||
	    w->count != 1)
		abort();
	return NULL;
}

QT_TEST(one_of_many_threads_does_it)
{
	struct qt_seg	*seg = test_seg();
	struct work	 w = { .o = make(seg) };

	(void)state;
	test_threads(8, run, &w);
	assert_int_equal(w.count, 1);
	qt_once_close(w.o);
	qt_seg_close(seg);
}
