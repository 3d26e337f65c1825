/* SPDX-License-Identifier: Apache-2.0 */
/* Waiting in objects: nobody sleeps through what it waits for. */

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/time.h>
#include <sys/wait.h>

#include <qt/shm/array.h>

#include "../../../libcommon/shm/object_priv.h"
#include "../test.h"
#include "shm_test.h"

static const struct qt_array_spec	spec = { .dtype = "i8",
    .shape = { 16 } };

struct watch {
	struct qt_array	*array;
	uint64_t	 index;
	int64_t		 want;
	int		 late;		/* how often it was asked for that */
};

static int
try(void *arg, bool is_late)
{
	struct watch	*w = arg;
	int64_t		 v;

	w->late += is_late;
	assert_int_equal(qt_array_get(w->array, w->index, 1, &v), 0);
	return v >= w->want ? 0 : -EAGAIN;
}

static struct qt_array *
array(struct qt_seg *seg)
{
	struct qt_array	*a = NULL;

	if ((qt_seg_self(seg) != 0 &&
	    qt_array_create(seg, "a", &spec, NULL) < 0) ||
	    qt_array_open(seg, "a", "i8", &a, NULL) < 0)
		fail_msg("no array");
	return a;
}

QT_TEST(a_wait_that_has_no_time_answers_at_once)
{
	struct qt_seg	*seg = test_seg();
	struct watch	 w = { .array = array(seg), .want = 1 };

	(void)state;
	assert_int_equal(qt__obj_wait(qt_array_obj(w.array), 0, QT_WAIT_NEVER,
	    try, &w), -EAGAIN);
	assert_int_equal(w.late, 1);
	w.want = 0;
	assert_int_equal(qt__obj_wait(qt_array_obj(w.array), 0, QT_WAIT_NEVER,
	    try, &w), 0);
	qt_array_close(w.array);
	qt_seg_close(seg);
}

QT_TEST(a_deadline_ends_a_wait_and_not_before)
{
	struct qt_seg	*seg = test_seg();
	struct qt_seg	*reader;
	struct watch	 w = { .array = array(seg), .want = 1 };
	uint64_t	 deadline = qt_wait_deadline(20);

	(void)state;
	assert_int_equal(qt__obj_wait(qt_array_obj(w.array), 0, deadline, try,
	    &w), -ETIMEDOUT);
	assert_true(qt_clock_mono_ms() >= deadline);
	qt_array_close(w.array);
	reader = test_join(seg, QT_SEG_RDONLY);
	w.array = array(reader);
	deadline = qt_wait_deadline(20);
	assert_int_equal(qt__obj_wait(qt_array_obj(w.array), 0, deadline, try,
	    &w), -ETIMEDOUT);
	assert_true(qt_clock_mono_ms() >= deadline);
	qt_array_close(w.array);
	qt_seg_close(reader);
	qt_seg_close(seg);
}

struct pair {
	struct watch	 w;
	int		 rc;
	int64_t		 turns;
};

static void *
ping(void *arg)
{
	struct pair	*p = arg;

	/* Waits for n on one event count, answers n on the other. */
	for (p->w.want = 1; p->w.want <= p->turns; p->w.want++) {
		p->rc = qt__obj_wait(qt_array_obj(p->w.array), 1,
		    QT_WAIT_FOREVER, try, &p->w);
		if (p->rc < 0 || qt_array_add(p->w.array, 8, 1, NULL) < 0)
			break;
		qt__wake(qt_array_obj(p->w.array), 2);
	}
	return NULL;
}

/* Both sleep at each turn; should a wake-up be lost, a turn takes 100 ms. */
static void
play(uint64_t spin_ns)
{
	struct qt_seg	*seg = test_seg();
	struct qt_array	*a = array(seg);
	struct pair	 p = { .w = { .array = a }, .turns = 2000 };
	struct watch	 w = { .array = a, .index = 8 };
	uint64_t	 spin = qt_wait_spin_ns();
	pthread_t	 thread;

	qt_wait_set_spin_ns(spin_ns);
	assert_int_equal(pthread_create(&thread, NULL, ping, &p), 0);
	for (w.want = 1; w.want <= p.turns; w.want++) {
		assert_int_equal(qt_array_add(a, 0, 1, NULL), 0);
		qt__wake(qt_array_obj(a), 1);
		assert_int_equal(qt__obj_wait(qt_array_obj(a), 2,
		    QT_WAIT_FOREVER, try, &w), 0);
	}
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(p.rc, 0);
	/* The first look of a wait is a late one. All others came after 100 ms
	 * without a wake-up: on a busy machine a few may. */
	assert_true(w.late - p.turns < p.turns / 10);
	assert_true(p.w.late - p.turns < p.turns / 10);
	qt_wait_set_spin_ns(spin);
	qt_array_close(a);
	qt_seg_close(seg);
}

QT_TEST(two_that_wait_for_each_other_miss_nothing_asleep)
{
	(void)state;
	play(0);
}

QT_TEST(two_that_wait_for_each_other_miss_nothing_spinning)
{
	(void)state;
	play(50000);
}

static void *
wait_for_ever(void *arg)
{
	struct pair	*p = arg;

	p->rc = qt__obj_wait(qt_array_obj(p->w.array), 3, QT_WAIT_FOREVER, try,
	    &p->w);
	return NULL;
}

QT_TEST(erasing_ends_the_waits_of_who_has_it_open)
{
	struct qt_seg	*seg = test_seg(), *other = test_join(seg, QT_SEG_JOIN);
	struct pair	 p = { .w = { .array = array(seg), .want = 1 } };
	pthread_t	 thread;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, wait_for_ever, &p), 0);
	assert_int_equal(qt_obj_erase(other, "a", NULL), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(p.rc, -QT_EGONE);
	qt_array_close(p.w.array);
	qt_seg_close(other);
	qt_seg_close(seg);
}

QT_TEST(a_reader_sees_what_it_waits_for_without_being_woken)
{
	struct qt_seg	*seg = test_seg();
	struct qt_array	*a = array(seg);
	struct qt_seg	*reader = test_join(seg, QT_SEG_RDONLY);
	struct pair	 p = { .w = { .array = array(reader), .want = 1 } };
	pthread_t	 thread;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, wait_for_ever, &p), 0);
	assert_int_equal(qt_array_add(a, 0, 1, NULL), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(p.rc, 0);
	qt_array_close(p.w.array);
	qt_seg_close(reader);
	qt_array_close(a);
	qt_seg_close(seg);
}

QT_TEST(a_killed_waiter_costs_one_needless_wake)
{
	struct qt_seg	*seg = test_seg();
	struct qt_array	*a = array(seg);
	_Atomic uint32_t *word = &qt_array_obj(a)->shared->wait[0];
	struct watch	 w = { .array = a, .want = 1 };
	int		 status;
	pid_t		 pid = fork();

	(void)state;
	if (pid == 0) {
		if (qt_seg_after_fork(seg, NULL) == 0)
			(void)qt__obj_wait(qt_array_obj(a), 0, QT_WAIT_FOREVER,
			    try, &w);
		_exit(0);
	}
	while (!(atomic_load(word) & 1))
		sched_yield();
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(atomic_load(word), 1);
	qt__wake(qt_array_obj(a), 0);
	assert_int_equal(atomic_load(word), 2);
	qt_array_close(a);
	qt_seg_close(seg);
}

static void
ignore(int sig)
{
	(void)sig;
}

static int
until_late(void *arg, bool is_late)
{
	int	*late = arg;

	*late += is_late;
	return *late >= 4 ? 0 : -EAGAIN;
}

QT_TEST(who_is_interrupted_all_the_time_asks_for_the_dead_none_the_less)
{
	struct qt_seg		*seg = test_seg();
	struct qt_array		*a = array(seg);
	struct itimerval	 often = { { 0, 5000 }, { 0, 5000 } }, off = { 0 };
	struct sigaction	 act = { .sa_handler = ignore }, old;
	int			 late = 0;

	(void)state;
	assert_int_equal(sigaction(SIGALRM, &act, &old), 0);
	assert_int_equal(setitimer(ITIMER_REAL, &often, NULL), 0);
	assert_int_equal(qt__obj_wait(qt_array_obj(a), 0,
	    qt_wait_deadline(30000), until_late, &late), 0);
	assert_int_equal(setitimer(ITIMER_REAL, &off, NULL), 0);
	assert_int_equal(sigaction(SIGALRM, &old, NULL), 0);
	qt_array_close(a);
	qt_seg_close(seg);
}
