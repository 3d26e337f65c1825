/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What holds for all objects to wait at: the manual tells their bytes, nothing
 * is lost when they come and go, and nonsense in them is survived.
 */

#include <qt/shm/barrier.h>
#include <qt/shm/event.h>
#include <qt/shm/latch.h>
#include <qt/shm/mutex.h>
#include <qt/shm/once.h>
#include <qt/shm/rwlock.h>
#include <qt/shm/semaphore.h>

#include "../../../libcommon/shm/sync_priv.h"

#include "../manual.h"
#include "sync_test.h"

#define PAGE	"qt-segment.5"
#define HEADING	"Locks and other objects to wait at"
#define WORD(type, field) { QT__OBJ_BODY + offsetof(struct type, field), \
	sizeof(((struct type *)NULL)->field) }
#define FIRST(type, field) { QT__OBJ_BODY + sizeof(struct type),	\
	sizeof(((struct type *)NULL)->field[0]) }

QT_TEST(the_manual_has_every_word)
{
	static const struct manual_row mutex[] = {
		WORD(qt__mutex, word), WORD(qt__mutex, turn),
	}, rwlock[] = {
		WORD(qt__rwlock, word), WORD(qt__rwlock, turn),
		WORD(qt__rwlock, beat_ms), FIRST(qt__rwlock, reader),
	}, semaphore[] = {
		WORD(qt__semaphore, word), FIRST(qt__semaphore, hold),
	}, latch[] = {
		WORD(qt__latch, count),
	}, barrier[] = {
		WORD(qt__barrier, word), FIRST(qt__barrier, place),
	}, event[] = {
		WORD(qt__event, word),
	}, once[] = {
		WORD(qt__once, word),
	};

	(void)state;
	manual_has_table(PAGE, HEADING, 0, mutex, 2);
	manual_has_table(PAGE, HEADING, 1, rwlock, 4);
	manual_has_table(PAGE, HEADING, 2, semaphore, 2);
	manual_has_table(PAGE, HEADING, 3, latch, 1);
	manual_has_table(PAGE, HEADING, 4, barrier, 2);
	manual_has_table(PAGE, HEADING, 5, event, 1);
	manual_has_table(PAGE, HEADING, 6, once, 1);
	manual_says(PAGE, "state 1 held, 2 stale");
	assert_int_equal(QT__MUTEX_STALE, 2);
	manual_says(PAGE, "state 1 waits for readers to go, 2 held, 4 stale");
	assert_int_equal(QT__RWLOCK_STALE, 4);
	manual_says(PAGE, "State 0 new, 1 being done by the owner, 2 done.");
	assert_int_equal(QT__ONCE_DONE, 2);
}

/* One of each type, all of the same name. */
static int
create(struct qt_seg *seg, int which)
{
	struct qt_semaphore_spec	spec = { .value = 2, .max = 4,
	    .flags = QT_SEMAPHORE_UNDO };

	switch (which) {
	case 0:
		return qt_mutex_create(seg, "x", NULL);
	case 1:
		return qt_rwlock_create(seg, "x", NULL);
	case 2:
		return qt_semaphore_create(seg, "x", &spec, NULL);
	case 3:
		return qt_latch_create(seg, "x", 2, NULL);
	case 4:
		return qt_barrier_create(seg, "x", 2, NULL);
	case 5:
		return qt_event_create(seg, "x", QT_EVENT_AUTO, NULL);
	case 6:
		return qt_once_create(seg, "x", NULL);
	default:
		return -ENOENT;
	}
}

static void
use_mutex(struct qt_seg *seg)
{
	struct qt_mutex	*m;

	assert_int_equal(qt_mutex_open(seg, "x", &m, NULL), 0);
	(void)qt_mutex_lock(m, qt_wait_deadline(1));
	(void)qt_mutex_trylock(m);
	(void)qt_mutex_consistent(m);
	(void)qt_mutex_unlock(m);
	qt_mutex_close(m);
}

static void
use_rwlock(struct qt_seg *seg)
{
	struct qt_rwlock	*l;

	assert_int_equal(qt_rwlock_open(seg, "x", &l, NULL), 0);
	(void)qt_rwlock_lock_read(l, qt_wait_deadline(1));
	(void)qt_rwlock_unlock_read(l);
	(void)qt_rwlock_lock_write(l, QT_WAIT_NEVER);
	(void)qt_rwlock_lock_write(l, qt_wait_deadline(1));
	(void)qt_rwlock_consistent(l);
	(void)qt_rwlock_unlock_write(l);
	qt_rwlock_close(l);
}

static void
use_semaphore(struct qt_seg *seg)
{
	struct qt_semaphore	*s;

	assert_int_equal(qt_semaphore_open(seg, "x", &s, NULL), 0);
	(void)qt_semaphore_wait(s, qt_wait_deadline(1));
	(void)qt_semaphore_post(s);
	qt_semaphore_close(s);
}

static void
use_barrier(struct qt_seg *seg)
{
	struct qt_barrier	*b, *c;

	assert_int_equal(qt_barrier_open(seg, "x", &b, NULL), 0);
	assert_int_equal(qt_barrier_open(seg, "x", &c, NULL), 0);
	(void)qt_barrier_wait(b, QT_WAIT_NEVER);
	(void)qt_barrier_wait(c, qt_wait_deadline(1));
	(void)qt_barrier_leave(c);
	(void)qt_barrier_reset(b);
	(void)qt_barrier_wait(b, QT_WAIT_NEVER);
	qt_barrier_close(c);
	qt_barrier_close(b);
}

static void
use_others(struct qt_seg *seg, int which)
{
	struct qt_latch	*l;
	struct qt_event	*e;
	struct qt_once	*o;

	if (which == 3) {
		assert_int_equal(qt_latch_open(seg, "x", &l, NULL), 0);
		(void)qt_latch_down(l, 1);
		(void)qt_latch_wait(l, qt_wait_deadline(1));
		qt_latch_close(l);
	} else if (which == 5) {
		assert_int_equal(qt_event_open(seg, "x", &e, NULL), 0);
		(void)qt_event_wait(e, qt_wait_deadline(1));
		(void)qt_event_set(e);
		(void)qt_event_reset(e);
		qt_event_close(e);
	} else {
		assert_int_equal(qt_once_open(seg, "x", &o, NULL), 0);
		(void)qt_once_begin(o, qt_wait_deadline(1));
		(void)qt_once_fail(o);
		qt_once_close(o);
	}
}

static void
use(struct qt_seg *seg, int which)
{
	if (which == 0)
		use_mutex(seg);
	else if (which == 1)
		use_rwlock(seg);
	else if (which == 2)
		use_semaphore(seg);
	else if (which == 4)
		use_barrier(seg);
	else
		use_others(seg, which);
}

QT_TEST(a_thousand_of_each_come_and_go_and_no_space_is_lost)
{
	struct qt_seg	*seg = test_seg();
	uint64_t	 used = 0;

	(void)state;
	for (int which = 0; which < 7; which++)
		for (int i = 0; i < 1000; i++) {
			assert_int_equal(create(seg, which), 0);
			if (i % 100 == 0)
				use(seg, which);
			assert_int_equal(qt_obj_erase(seg, "x", NULL), 0);
			if (which == 0 && i == 0)
				used = qt_seg_used(seg);
		}
	assert_int_equal(qt_seg_used(seg), used);
	assert_int_equal(qt_seg_fsck(seg, NULL), 0);
	qt_seg_close(seg);
}

QT_TEST(an_object_of_another_type_is_refused)
{
	struct qt_seg	*seg = test_seg();
	struct qt_mutex	*m;
	struct qt_err	 err = QT_ERR_INIT;

	(void)state;
	assert_int_equal(create(seg, 1), 0);
	assert_int_equal(qt_mutex_open(seg, "x", &m, &err), -EINVAL);
	assert_string_equal(err.text, "open 'x': it is a rwlock, not a mutex");
	assert_null(m);
	assert_int_equal(qt_mutex_open(seg, "y", &m, NULL), -ENOENT);
	assert_int_equal(qt_mutex_create(seg, "x", NULL), -EEXIST);
	qt_seg_close(seg);
}

/* Small numbers, one bit, all bits, or anything. */
static uint64_t
nonsense(unsigned int *seed)
{
	uint64_t	a = (uint64_t)rand_r(seed), b = (uint64_t)rand_r(seed);

	switch (a & 7) {
	case 0:
		return b % 8;
	case 1:
		return UINT64_C(1) << b % 64;
	case 2:
		return UINT64_MAX;
	case 3:
		return b << 32 | (b % 80) << 16 | (a >> 8) % 8;
	default:
		return b << 40 ^ a << 20 ^ b;
	}
}

/* Any words behind the head: nobody crashes or hangs, and fsck repairs it. */
QT_TEST(nonsense_in_their_words_is_survived_and_repaired)
{
	struct qt_seg		*seg = test_seg();
	struct qt_obj_stat	 st;
	unsigned int		 seed = (unsigned int)getpid();
	uint64_t		*word;

	(void)state;
	printf("# seed %u\n", seed);
	for (int i = 0; i < 7 * 30; i++) {
		assert_int_equal(create(seg, i % 7), 0);
		assert_int_equal(qt_obj_stat(seg, "x", &st, NULL), 0);
		word = qt_seg_at(seg, st.offset, st.size);
		for (uint64_t k = QT__OBJ_BODY / 8; k < st.size / 8; k++)
			word[k] = nonsense(&seed);
		use(seg, i % 7);
		(void)qt_obj_fsck(seg, QT_OBJ_FSCK_REPAIR, NULL, NULL);
		use(seg, i % 7);
		assert_int_equal(qt_obj_fsck(seg, 0, NULL, NULL), 0);
		assert_int_equal(qt_obj_erase(seg, "x", NULL), 0);
	}
	qt_seg_close(seg);
}
