/* SPDX-License-Identifier: Apache-2.0 */
/* Read-write locks: many readers or one writer, and what the dead leave. */

#include <qt/shm/rwlock.h>

#include "sync_test.h"

static struct qt_rwlock *
again(struct qt_seg *seg)
{
	struct qt_rwlock	*l;

	assert_int_equal(qt_rwlock_open(seg, "l", &l, NULL), 0);
	return l;
}

static struct qt_rwlock *
make(struct qt_seg *seg)
{
	assert_int_equal(qt_rwlock_create(seg, "l", NULL), 0);
	return again(seg);
}

static int
lock_read(void *arg)
{
	return qt_rwlock_lock_read(arg, qt_wait_deadline(LONG_MS));
}

static int
lock_write(void *arg)
{
	return qt_rwlock_lock_write(arg, qt_wait_deadline(LONG_MS));
}

QT_TEST(many_read_or_one_writes)
{
	struct qt_seg		*seg = test_seg();
	struct qt_seg		*other = test_join(seg, QT_SEG_JOIN);
	struct qt_rwlock	*l = make(seg), *o = again(other);

	(void)state;
	assert_int_equal(lock_read(l), 0);
	assert_int_equal(lock_read(l), 0);
	assert_int_equal(lock_read(o), 0);
	assert_int_equal(qt_rwlock_readers(l, 0), 3);
	assert_int_equal(qt_rwlock_readers(l, qt_seg_self(seg)), 2);
	assert_int_equal(qt_rwlock_lock_write(o, QT_WAIT_NEVER), -EBUSY);
	assert_int_equal(qt_rwlock_lock_write(o, qt_wait_deadline(1)),
	    -ETIMEDOUT);
	/* It waits no longer, so readers may. */
	assert_int_equal(qt_rwlock_lock_read(l, QT_WAIT_NEVER), 0);
	for (int i = 0; i < 3; i++)
		assert_int_equal(qt_rwlock_unlock_read(l), 0);
	assert_int_equal(qt_rwlock_unlock_read(l), -EPERM);
	assert_int_equal(qt_rwlock_lock_write(l, QT_WAIT_NEVER), -EBUSY);
	assert_int_equal(qt_rwlock_unlock_read(o), 0);
	assert_int_equal(qt_rwlock_lock_write(l, QT_WAIT_NEVER), 0);
	assert_int_equal(qt_rwlock_writer(o), qt_seg_self(seg));
	assert_int_equal(qt_rwlock_lock_read(o, QT_WAIT_NEVER), -EBUSY);
	assert_int_equal(qt_rwlock_lock_read(l, qt_wait_deadline(1)),
	    -ETIMEDOUT);
	assert_int_equal(qt_rwlock_lock_write(o, QT_WAIT_NEVER), -EBUSY);
	assert_int_equal(qt_rwlock_unlock_write(o), -EPERM);
	assert_int_equal(qt_rwlock_unlock_write(l), 0);
	assert_int_equal(qt_rwlock_unlock_write(l), -EPERM);
	assert_int_equal(lock_read(o), 0);
	assert_int_equal(qt_rwlock_unlock_read(o), 0);
	qt_rwlock_close(o);
	qt_rwlock_close(l);
	qt_seg_close(other);
	qt_seg_close(seg);
}

QT_TEST(a_dead_reader_reads_no_longer)
{
	struct qt_seg		*seg = test_seg();
	struct qt_rwlock	*l = make(seg);
	pid_t			 pid = test_holder(seg, lock_read, l);

	(void)state;
	/* Stopped is alive. */
	assert_int_equal(qt_rwlock_lock_write(l, QT_WAIT_NEVER), -EBUSY);
	test_kill(pid);
	assert_int_equal(qt_rwlock_lock_write(l, QT_WAIT_NEVER), 0);
	assert_int_equal(qt_rwlock_unlock_write(l), 0);
	test_kill(test_holder(seg, lock_read, l));
	assert_int_equal(lock_write(l), 0);
	assert_int_equal(qt_rwlock_readers(l, 0), 0);
	qt_rwlock_close(l);
	qt_seg_close(seg);
}

QT_TEST(what_a_dead_writer_left_is_told_to_be_stale_until_put_right)
{
	struct qt_seg		*seg = test_seg();
	struct qt_rwlock	*l = make(seg);
	pid_t			 pid = test_holder(seg, lock_write, l);

	(void)state;
	assert_int_equal(qt_rwlock_lock_read(l, QT_WAIT_NEVER), -EBUSY);
	test_kill(pid);
	assert_int_equal(qt_rwlock_lock_read(l, QT_WAIT_NEVER), 1);
	assert_int_equal(qt_rwlock_is_stale(l), 1);
	assert_int_equal(qt_rwlock_consistent(l), -EPERM);
	assert_int_equal(qt_rwlock_unlock_read(l), 0);
	assert_int_equal(lock_write(l), 1);
	assert_int_equal(qt_rwlock_unlock_write(l), 0);
	assert_int_equal(lock_write(l), 1);
	assert_int_equal(qt_rwlock_consistent(l), 0);
	assert_int_equal(qt_rwlock_unlock_write(l), 0);
	assert_int_equal(lock_read(l), 0);
	qt_rwlock_close(l);
	qt_seg_close(seg);
}

QT_TEST(closing_gives_back_what_is_held)
{
	struct qt_seg		*seg = test_seg();
	struct qt_seg		*other = test_join(seg, QT_SEG_JOIN);
	struct qt_rwlock	*l = make(seg), *o = again(other);

	(void)state;
	assert_int_equal(lock_read(o), 0);
	qt_rwlock_close(o);
	assert_int_equal(lock_write(l), 0);
	qt_rwlock_close(l);
	o = again(other);
	assert_int_equal(lock_read(o), 1);
	qt_rwlock_close(o);
	qt_seg_close(other);
	qt_seg_close(seg);
}

/* Until a writer waits for readers (the first word's state). */
static void
until_pending(struct qt_seg *seg)
{
	uint64_t		deadline = qt_wait_deadline(LONG_MS);
	struct qt_obj_stat	st;
	_Atomic uint64_t	*word;

	assert_int_equal(qt_obj_stat(seg, "l", &st, NULL), 0);
	word = qt_seg_at(seg, st.offset + 512, 8);
	while ((*word & 1) == 0)
		assert_true(qt_clock_mono_ms() < deadline);
}

static int
write_once(void *arg)
{
	if (lock_write(arg) != 0)
		return 1;
	return -qt_rwlock_unlock_write(arg);
}

QT_TEST(a_writer_that_waits_goes_before_new_readers)
{
	struct qt_seg		*seg = test_seg();
	struct qt_rwlock	*l = make(seg);
	pid_t			 pid;

	(void)state;
	assert_int_equal(lock_read(l), 0);
	pid = test_start(seg, write_once, l);
	until_pending(seg);
	assert_int_equal(qt_rwlock_lock_read(l, QT_WAIT_NEVER), -EBUSY);
	assert_int_equal(qt_rwlock_unlock_read(l), 0);
	assert_int_equal(lock_read(l), 0);
	assert_int_equal(test_end(pid), 0);
	qt_rwlock_close(l);
	qt_seg_close(seg);
}

QT_TEST(a_writer_that_is_stopped_or_killed_while_it_waits_keeps_nobody_out)
{
	struct qt_seg		*seg = test_seg();
	struct qt_rwlock	*l = make(seg);
	int			 status;
	pid_t			 pid;

	(void)state;
	assert_int_equal(lock_read(l), 0);
	pid = test_start(seg, write_once, l);
	until_pending(seg);
	kill(pid, SIGSTOP);
	assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
	assert_int_equal(lock_read(l), 0);
	assert_int_equal(qt_rwlock_unlock_read(l), 0);
	assert_int_equal(qt_rwlock_unlock_read(l), 0);
	kill(pid, SIGCONT);
	assert_int_equal(test_end(pid), 0);
	assert_int_equal(lock_read(l), 0);
	pid = test_start(seg, write_once, l);
	until_pending(seg);
	test_kill(pid);
	/* It had not written: nothing is stale. */
	assert_int_equal(lock_read(l), 0);
	qt_rwlock_close(l);
	qt_seg_close(seg);
}

static int
read_once(void *arg)
{
	if (lock_read(arg) != 0)
		return 1;
	return -qt_rwlock_unlock_read(arg);
}

QT_TEST(a_reader_is_let_through_by_who_writes_all_the_time)
{
	struct qt_seg		*seg = test_seg();
	struct qt_rwlock	*l = make(seg);
	uint64_t		 deadline = qt_wait_deadline(LONG_MS);
	int			 status;
	pid_t			 pid;

	(void)state;
	assert_int_equal(lock_write(l), 0);
	pid = test_start(seg, read_once, l);
	test_until_waited_for(seg, "l");
	while (waitpid(pid, &status, WNOHANG) == 0) {
		assert_true(qt_clock_mono_ms() < deadline);
		assert_int_equal(qt_rwlock_unlock_write(l), 0);
		assert_int_equal(lock_write(l), 0);
	}
	assert_int_equal(status, 0);
	qt_rwlock_close(l);
	qt_seg_close(seg);
}

QT_TEST(a_read_only_segment_shows_who_holds_it)
{
	struct qt_seg		*seg = test_seg();
	struct qt_seg		*reader = test_join(seg, QT_SEG_RDONLY);
	struct qt_rwlock	*l = make(seg), *r = again(reader);

	(void)state;
	assert_int_equal(lock_write(l), 0);
	assert_int_equal(qt_rwlock_writer(r), qt_seg_self(seg));
	assert_int_equal(qt_rwlock_lock_read(r, QT_WAIT_NEVER), -EACCES);
	assert_int_equal(qt_rwlock_lock_write(r, QT_WAIT_NEVER), -EACCES);
	assert_int_equal(qt_rwlock_unlock_read(r), -EACCES);
	qt_rwlock_close(r);
	qt_rwlock_close(l);
	qt_seg_close(reader);
	qt_seg_close(seg);
}

struct pair {
	struct qt_rwlock	*l;
	uint64_t		 a, b;		/* plain: the lock protects them */
};

static void *
read_and_write(void *arg)
{
	struct pair	*p = arg;

	for (int i = 0; i < 1000; i++) {
		if (lock_read(p->l) != 0 || p->a != p->b)
			abort();
		(void)qt_rwlock_unlock_read(p->l);
		if (i % 4 != 0)
			continue;
		if (lock_write(p->l) != 0 || p->a != p->b)
			abort();
		p->a++;
		p->b++;
		(void)qt_rwlock_unlock_write(p->l);
	}
	return NULL;
}

QT_TEST(threads_never_see_half_of_a_change)
{
	struct qt_seg	*seg = test_seg();
	struct pair	 p = { .l = make(seg) };

	(void)state;
	test_threads(4, read_and_write, &p);
	assert_int_equal(p.a, 1000);
	assert_int_equal(p.b, 1000);
	qt_rwlock_close(p.l);
	qt_seg_close(seg);
}
