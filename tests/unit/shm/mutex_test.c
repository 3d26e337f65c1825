/* SPDX-License-Identifier: Apache-2.0 */
/* Mutexes: one at a time, and what a dead owner leaves. */

#include <stdlib.h>

#include <qt/shm/mutex.h>

#include "../../../libcommon/shm/object_priv.h"
#include "sync_test.h"

static struct qt_mutex *
make(struct qt_seg *seg)
{
	struct qt_mutex	*m;

	assert_int_equal(qt_mutex_create(seg, "m", NULL), 0);
	assert_int_equal(qt_mutex_open(seg, "m", &m, NULL), 0);
	return m;
}

static struct qt_mutex *
again(struct qt_seg *seg)
{
	struct qt_mutex	*m;

	assert_int_equal(qt_mutex_open(seg, "m", &m, NULL), 0);
	return m;
}

static int
lock(void *arg)
{
	return qt_mutex_lock(arg, qt_wait_deadline(LONG_MS));
}

QT_TEST(a_mutex_is_held_by_one_participant_that_is_known)
{
	struct qt_seg	*seg = test_seg(), *other = test_join(seg, QT_SEG_JOIN);
	struct qt_mutex	*m = make(seg), *o = again(other);

	(void)state;
	assert_int_equal(qt_mutex_owner(m), 0);
	assert_int_equal(qt_mutex_lock(m, QT_WAIT_FOREVER), 0);
	assert_int_equal(qt_mutex_owner(o), qt_seg_self(seg));
	assert_int_equal(qt_mutex_trylock(o), -EBUSY);
	/* Nor by another thread of the same process. */
	assert_int_equal(qt_mutex_trylock(m), -EBUSY);
	assert_int_equal(qt_mutex_lock(o, qt_wait_deadline(1)), -ETIMEDOUT);
	assert_int_equal(qt_mutex_unlock(o), -EPERM);
	assert_int_equal(qt_mutex_consistent(o), -EPERM);
	assert_int_equal(qt_mutex_unlock(m), 0);
	assert_int_equal(qt_mutex_unlock(m), -EPERM);
	assert_int_equal(qt_mutex_trylock(o), 0);
	assert_int_equal(qt_mutex_unlock(o), 0);
	qt_mutex_close(o);
	qt_mutex_close(m);
	qt_seg_close(other);
	qt_seg_close(seg);
}

QT_TEST(a_mutex_of_a_dead_owner_is_told_to_be_stale_until_put_right)
{
	struct qt_seg		*seg = test_seg();
	struct qt_mutex		*m = make(seg);
	struct qt_obj_stat	 st;
	pid_t			 pid = test_holder(seg, lock, m);

	(void)state;
	assert_int_not_equal(qt_mutex_owner(m), 0);
	/* Stopped is alive. */
	assert_int_equal(qt_mutex_trylock(m), -EBUSY);
	test_kill(pid);
	assert_int_equal(qt_mutex_trylock(m), 1);
	assert_int_equal(qt_mutex_owner(m), qt_seg_self(seg));
	assert_int_equal(qt_mutex_unlock(m), 0);
	assert_int_equal(qt_mutex_is_stale(m), 1);
	assert_int_equal(qt_mutex_lock(m, QT_WAIT_FOREVER), 1);
	assert_int_equal(qt_mutex_consistent(m), 0);
	assert_int_equal(qt_mutex_consistent(m), 0);
	assert_int_equal(qt_mutex_unlock(m), 0);
	assert_int_equal(qt_mutex_lock(m, QT_WAIT_FOREVER), 0);
	assert_int_equal(qt_obj_stat(seg, "m", &st, NULL), 0);
	assert_int_equal(st.count, 1);
	assert_string_equal(st.number[0].name, "owner");
	assert_int_equal(st.number[0].value, qt_seg_self(seg));
	assert_string_equal(st.number[2].name, "recovered");
	assert_int_equal(st.number[2].value, 1);
	qt_mutex_close(m);
	qt_seg_close(seg);
}

QT_TEST(sweeping_frees_what_a_dead_owner_held)
{
	struct qt_seg	*seg = test_seg();
	struct qt_mutex	*m = make(seg);

	(void)state;
	test_kill(test_holder(seg, lock, m));
	assert_int_equal(qt_seg_sweep(seg), 1);
	assert_int_equal(qt_mutex_owner(m), 0);
	assert_int_equal(qt_mutex_is_stale(m), 1);
	assert_int_equal(qt_mutex_trylock(m), 1);
	qt_mutex_close(m);
	qt_seg_close(seg);
}

QT_TEST(closing_the_last_handle_gives_a_mutex_back)
{
	struct qt_seg	*seg = test_seg(), *other = test_join(seg, QT_SEG_JOIN);
	struct qt_mutex	*m = make(seg), *o = again(other), *o2 = again(other);

	(void)state;
	assert_int_equal(qt_mutex_lock(o, QT_WAIT_NEVER), 0);
	qt_mutex_close(o);
	assert_int_equal(qt_mutex_trylock(m), -EBUSY);
	qt_mutex_close(o2);
	assert_int_equal(qt_mutex_trylock(m), 1);
	assert_int_equal(qt_mutex_consistent(m), 0);
	assert_int_equal(qt_mutex_unlock(m), 0);
	/* The segment's end closes what was left open. */
	o = again(other);
	assert_int_equal(qt_mutex_lock(o, QT_WAIT_NEVER), 0);
	qt_seg_close(other);
	free(o);	/* only its memory is left */
	assert_int_equal(qt_mutex_trylock(m), 1);
	qt_mutex_close(m);
	qt_seg_close(seg);
}

static int
lock_and_unlock(void *arg)
{
	if (lock(arg) != 0)
		return 1;
	return -qt_mutex_unlock(arg);
}

QT_TEST(unlocking_wakes_who_waits)
{
	struct qt_seg	*seg = test_seg();
	struct qt_mutex	*m = make(seg);
	pid_t		 pid;

	(void)state;
	assert_int_equal(qt_mutex_lock(m, QT_WAIT_NEVER), 0);
	pid = test_start(seg, lock_and_unlock, m);
	test_until_waited_for(seg, "m");
	assert_int_equal(qt_mutex_unlock(m), 0);
	assert_int_equal(test_end(pid), 0);
	assert_int_equal(qt_mutex_owner(m), 0);
	qt_mutex_close(m);
	qt_seg_close(seg);
}

QT_TEST(who_waits_for_long_is_let_through_by_who_locks_all_the_time)
{
	struct qt_seg	*seg = test_seg();
	struct qt_mutex	*m = make(seg);
	uint64_t	 deadline = qt_wait_deadline(LONG_MS);
	int		 status;
	pid_t		 pid;

	(void)state;
	assert_int_equal(lock(m), 0);
	pid = test_start(seg, lock_and_unlock, m);
	test_until_waited_for(seg, "m");
	/* Free for an instant only: nobody wakes up as fast as that. */
	while (waitpid(pid, &status, WNOHANG) == 0) {
		assert_true(qt_clock_mono_ms() < deadline);
		assert_int_equal(qt_mutex_unlock(m), 0);
		assert_int_equal(lock(m), 0);
	}
	assert_int_equal(status, 0);
	qt_mutex_close(m);
	qt_seg_close(seg);
}

/* Until somebody has claimed the next turn (the second word of a mutex). */
static void
until_claimed(struct qt_seg *seg)
{
	uint64_t		deadline = qt_wait_deadline(LONG_MS);
	struct qt_obj_stat	st;
	_Atomic uint64_t	*turn;

	assert_int_equal(qt_obj_stat(seg, "m", &st, NULL), 0);
	turn = qt_seg_at(seg, st.offset + 520, 8);
	while ((*turn & 0xffff0000) == 0)
		assert_true(qt_clock_mono_ms() < deadline);
}

QT_TEST(who_is_stopped_while_it_waits_keeps_nobody_out)
{
	struct qt_seg	*seg = test_seg();
	struct qt_mutex	*m = make(seg);
	int		 status;
	pid_t		 pid;

	(void)state;
	assert_int_equal(lock(m), 0);
	pid = test_start(seg, lock_and_unlock, m);
	until_claimed(seg);
	kill(pid, SIGSTOP);
	assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
	assert_true(WIFSTOPPED(status));
	assert_int_equal(qt_mutex_unlock(m), 0);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(lock(m), 0);
		assert_int_equal(qt_mutex_unlock(m), 0);
	}
	kill(pid, SIGCONT);
	assert_int_equal(test_end(pid), 0);
	qt_mutex_close(m);
	qt_seg_close(seg);
}

QT_TEST(an_erased_mutex_can_be_locked_but_not_waited_for)
{
	struct qt_seg	*seg = test_seg(), *other = test_join(seg, QT_SEG_JOIN);
	struct qt_mutex	*m = make(seg), *o = again(other);

	(void)state;
	assert_int_equal(qt_obj_erase(seg, "m", NULL), 0);
	assert_int_equal(qt_mutex_lock(m, QT_WAIT_FOREVER), 0);
	assert_int_equal(qt_mutex_lock(o, QT_WAIT_FOREVER), -QT_EGONE);
	assert_int_equal(qt_mutex_unlock(m), 0);
	assert_int_equal(qt_mutex_lock(o, QT_WAIT_FOREVER), 0);
	qt_mutex_close(o);
	qt_mutex_close(m);
	qt_seg_close(other);
	qt_seg_close(seg);
}

QT_TEST(a_reader_sees_the_owner_and_cannot_lock)
{
	struct qt_seg	*seg = test_seg();
	struct qt_seg	*reader = test_join(seg, QT_SEG_RDONLY);
	struct qt_mutex	*m = make(seg), *r = again(reader);

	(void)state;
	assert_int_equal(qt_mutex_lock(m, QT_WAIT_NEVER), 0);
	assert_int_equal(qt_mutex_owner(r), qt_seg_self(seg));
	assert_int_equal(qt_mutex_lock(r, QT_WAIT_NEVER), -EACCES);
	assert_int_equal(qt_mutex_unlock(r), -EACCES);
	qt_mutex_close(r);
	qt_mutex_close(m);
	qt_seg_close(reader);
	qt_seg_close(seg);
}

struct pair {
	struct qt_mutex	*m;
	uint64_t	 a, b;		/* plain: the mutex protects them */
};

static void *
count_up(void *arg)
{
	struct pair	*p = arg;

	for (int i = 0; i < 2000; i++) {
		if (lock(p->m) != 0 || p->a != p->b)
			return NULL;
		p->a++;
		p->b++;
		if (qt_mutex_unlock(p->m) < 0)
			return NULL;
	}
	return NULL;
}

QT_TEST(threads_of_one_process_exclude_each_other)
{
	struct qt_seg	*seg = test_seg();
	struct pair	 p = { .m = make(seg) };

	(void)state;
	test_threads(4, count_up, &p);
	assert_int_equal(p.a, 8000);
	assert_int_equal(p.b, 8000);
	qt_mutex_close(p.m);
	qt_seg_close(seg);
}

/* As a sweep by another thread does, while the last handle is closed. */
QT_TEST(closing_gives_it_back_though_somebody_looks_on)
{
	struct qt_seg		*seg = test_seg();
	struct qt_mutex		*m = make(seg);
	struct qt_seg_entry	 entry;
	struct qt_obj		 obj;
	uint64_t		 word;
	int			 row;

	(void)state;
	assert_int_equal(lock(m), 0);
	row = qt__row_find(seg, "m", &word, &entry);
	assert_true(row >= 0);
	assert_int_equal(qt__obj_attach(seg, (uint32_t)row, word, &entry, &obj,
	    NULL), 0);
	qt_mutex_close(m);
	qt__obj_detach(&obj);
	m = again(seg);
	assert_int_equal(qt_mutex_owner(m), 0);
	qt_mutex_close(m);
	qt_seg_close(seg);
}
