/* SPDX-License-Identifier: Apache-2.0 */
/* The recoverable lock: many at once, and owners that die with it. */

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>

#include <qt/base/clock.h>
#include <qt/base/sys.h>

#include "../../../libcommon/shm/segment_priv.h"
#include "../child.h"
#include "../test.h"
#include "shm_test.h"

#define ROUNDS	2000

/* Not atomic on purpose: only the lock makes the sum right. */
static void
count_up(struct qt_seg *seg, volatile uint64_t *sum)
{
	for (int i = 0; i < ROUNDS; i++) {
		if (qt__seg_lock(seg) < 0)
			abort();
		*sum += 1;
		qt__seg_unlock(seg);
	}
}

struct work {
	struct qt_seg	*seg;
	uint64_t	*sum;
};

static void *
count_thread(void *arg)
{
	struct work	*w = arg;

	count_up(w->seg, w->sum);
	return NULL;
}

static uint64_t *
new_word(struct qt_seg *seg)
{
	uint64_t	at;

	assert_int_equal(qt_seg_alloc(seg, 8, &at), 0);
	return qt_seg_at(seg, at, 8);
}

QT_TEST(threads_of_one_handle_take_turns)
{
	struct work	w = { .seg = test_seg() };
	pthread_t	thread[4];

	(void)state;
	w.sum = new_word(w.seg);
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, count_thread,
		    &w), 0);
	for (int i = 0; i < 4; i++)
		pthread_join(thread[i], NULL);
	assert_int_equal(*w.sum, 4 * ROUNDS);
	qt_seg_close(w.seg);
}

QT_TEST(processes_take_turns)
{
	struct qt_seg	*seg = test_seg();
	uint64_t	*sum = new_word(seg);
	pid_t		 pid[4];
	int		 status;

	(void)state;
	for (int i = 0; i < 4; i++) {
		pid[i] = fork();
		assert_true(pid[i] >= 0);
		if (pid[i] == 0) {
			if (qt_seg_after_fork(seg, NULL) < 0)
				_exit(1);
			count_up(seg, sum);
			_exit(0);
		}
	}
	for (int i = 0; i < 4; i++) {
		assert_int_equal(waitpid(pid[i], &status, 0), pid[i]);
		assert_int_equal(status, 0);
	}
	assert_int_equal(*sum, 4 * ROUNDS);
	qt_seg_close(seg);
}

static int
die_with_lock(void *arg)
{
	struct qt_seg	*seg = arg;

	if (qt_seg_after_fork(seg, NULL) < 0 || qt__seg_lock(seg) < 0)
		return 1;
	raise(SIGKILL);
	return 2;
}

QT_TEST(the_lock_of_a_dead_owner_is_taken_over_at_once)
{
	struct qt_seg	*seg = test_seg();
	struct child	 child;
	uint64_t	 at, before;
	int		 slow = 0;

	(void)state;
	for (int i = 0; i < 10; i++) {
		child_run(&child, die_with_lock, seg);
		assert_int_equal(child.status, -SIGKILL);
		assert_true(atomic_load(&seg->ctl->lock) != 0);
		before = qt_clock_mono_ms();
		assert_int_equal(qt_seg_alloc(seg, 1, &at), 0);
		slow += qt_clock_mono_ms() - before >= 90;
		assert_int_equal(atomic_load(&seg->ctl->lock), 0);
	}
	/* A machine that is busy may be slow now and then. */
	assert_true(slow < 10);
	/* The first left its slot behind the lock; each next one swept it. */
	assert_int_equal(atomic_load(&seg->ctl->takeovers), 10);
	assert_int_equal(qt_seg_sweep(seg), 1);
	qt_seg_close(seg);
}

QT_TEST(sweeping_and_joining_take_it_over_too)
{
	struct qt_seg	*seg = test_seg();
	struct child	 child;

	(void)state;
	child_run(&child, die_with_lock, seg);
	assert_int_equal(qt_seg_sweep(seg), 1);
	assert_int_equal(atomic_load(&seg->ctl->lock), 0);

	child_run(&child, die_with_lock, seg);
	qt_seg_close(test_join(seg, QT_SEG_JOIN));
	assert_int_equal(atomic_load(&seg->ctl->lock), 0);
	assert_int_equal(qt_seg_sweep(seg), 0);
	qt_seg_close(seg);
}

/* Waiters sleep on a stopped owner, and go on when it does or dies. */
static void
wait_for_stopped(int last_signal)
{
	struct qt_seg	*seg = test_seg();
	uint64_t	*word = new_word(seg);
	int		 status;
	pid_t		 owner, waiter;

	owner = fork();
	assert_true(owner >= 0);
	if (owner == 0) {
		if (qt_seg_after_fork(seg, NULL) < 0 || qt__seg_lock(seg) < 0)
			_exit(1);
		raise(SIGSTOP);
		qt__seg_unlock(seg);
		_exit(0);
	}
	assert_int_equal(waitpid(owner, &status, WUNTRACED), owner);
	assert_true(WIFSTOPPED(status));
	waiter = fork();
	assert_true(waiter >= 0);
	if (waiter == 0) {
		if (qt_seg_after_fork(seg, NULL) < 0 || qt__seg_lock(seg) < 0)
			_exit(1);
		*word = 1;
		qt__seg_unlock(seg);
		_exit(0);
	}
	while (!(atomic_load(&seg->ctl->lock) & QT__LOCK_WAITERS))
		sched_yield();
	assert_int_equal(*(volatile uint64_t *)word, 0);
	assert_int_equal(waitpid(waiter, &status, WNOHANG), 0);
	kill(owner, last_signal);
	assert_int_equal(waitpid(waiter, &status, 0), waiter);
	assert_int_equal(status, 0);
	assert_int_equal(*(volatile uint64_t *)word, 1);
	assert_int_equal(waitpid(owner, &status, 0), owner);
	qt_seg_close(seg);
}

QT_TEST(a_stopped_owner_keeps_the_lock_until_it_goes_on)
{
	(void)state;
	wait_for_stopped(SIGCONT);
}

QT_TEST(waiters_of_a_stopped_owner_go_on_when_it_is_killed)
{
	(void)state;
	wait_for_stopped(SIGKILL);
}

QT_TEST(a_lock_word_that_names_nobody_is_corrupt_and_not_waited_for)
{
	static const uint32_t	words[] = { QT__LOCK_WAITERS, 65535, 1,
	    QT__LOCK_WAITERS | 1 };
	struct qt_seg		*seg = test_seg();
	uint64_t		 at;

	(void)state;
	for (int i = 0; i < 4; i++) {
		atomic_store(&seg->ctl->lock, words[i]);
		assert_int_equal(qt_seg_alloc(seg, 1, &at), -QT_ECORRUPT);
	}
	atomic_store(&seg->ctl->lock, 0);
	assert_int_equal(qt_seg_alloc(seg, 1, &at), 0);
	qt_seg_close(seg);
}

/* Pages that the system would not take back are tried again, and are zero. */
QT_TEST(what_could_not_be_given_back_is_tried_again_before_anything_else)
{
	struct qt_seg	*seg = test_seg();
	uint64_t	 at, again, used = qt_seg_used(seg);

	(void)state;
	assert_int_equal(qt_seg_alloc(seg, 4096, &at), 0);
	*(char *)qt_seg_at(seg, at, 1) = 'x';
	qt_sys_fault(QT_SYS_FALLOCATE, 1, EIO);
	assert_int_equal(qt_seg_free(seg, at), 0);
	assert_true(atomic_load(&seg->ctl->give_len) != 0);
	/* It fails twice more: then nobody gets anything. */
	qt_sys_fault(QT_SYS_FALLOCATE, 1, EIO);
	assert_int_equal(qt_seg_alloc(seg, 4096, &again), -EIO);
	qt_sys_fault(QT_SYS_FALLOCATE, 0, 0);
	assert_int_equal(qt_seg_alloc(seg, 4096, &again), 0);
	assert_int_equal(again, at);
	assert_int_equal(*(char *)qt_seg_at(seg, at, 1), 0);
	assert_int_equal(qt_seg_free(seg, at), 0);
	assert_int_equal(qt_seg_used(seg), used);
	qt_seg_close(seg);
}
