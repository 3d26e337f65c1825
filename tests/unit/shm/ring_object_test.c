/* SPDX-License-Identifier: Apache-2.0 */
/* Rings that have a name: made, opened, waited for, erased as objects are. */

#include <errno.h>
#include <pthread.h>

#include <qt/shm/object.h>
#include <qt/shm/wait.h>

#include "../../../libcommon/shm/ring_priv.h"
#include "../test.h"
#include "shm_test.h"

#define LIMIT	(16u << 10)

static struct qt_ring *
open_ring(struct qt_seg *seg)
{
	struct qt_ring	*ring;
	struct qt_err	 err = QT_ERR_INIT;

	if (qt_ring_open(seg, "r", &ring, &err) < 0)
		fail_msg("%s", err.text);
	return ring;
}

static void
write_to(struct qt_ring *ring, size_t len)
{
	struct qt_ring_writer	*w;

	assert_int_equal(qt_ring_writer(ring, &w, NULL), 0);
	for (size_t i = 0; i < len; i += 8)
		assert_int_equal(qt_ring_write(w, "12345678", 8), 0);
	qt_ring_writer_close(w);
}

static uint64_t
number(const struct qt_obj_stat *s, const char *name)
{
	for (uint32_t i = 0; i < s->number_count; i++)
		if (strcmp(s->number[i].name, name) == 0)
			return s->number[i].value;
	fail_msg("no number '%s'", name);
	return 0;
}

static void
no_fault(void *arg, const char *name, const char *what)
{
	(void)arg;
	fail_msg("%s: %s", name, what);
}

static void
count_fault(void *arg, const char *name, const char *what)
{
	(void)name;
	(void)what;
	++*(int *)arg;
}

QT_TEST(a_ring_has_a_name_and_is_described)
{
	struct qt_seg		*seg = test_seg();
	struct qt_seg		*other = test_join(seg, QT_SEG_RDONLY);
	struct qt_ring		*ring, *seen;
	struct qt_ring_reader	*r;
	struct qt_obj_stat	 s;
	char			 buf[9] = "";

	(void)state;
	assert_int_equal(qt_ring_make(seg, "r", LIMIT, NULL), 0);
	assert_int_equal(qt_ring_make(seg, "r", LIMIT, NULL), -EEXIST);
	ring = open_ring(seg);
	assert_int_equal(qt_ring_limit(ring), LIMIT);
	write_to(ring, 2 * LIMIT);
	seen = open_ring(other);
	assert_int_equal(qt_ring_reader(seen, &r, NULL), 0);
	assert_int_equal(qt_ring_read(r, 2 * LIMIT - 8, buf, 8), 8);
	assert_string_equal(buf, "12345678");
	assert_int_equal(qt_obj_stat(other, "r", &s, NULL), 0);
	assert_string_equal(s.type_name, "ring");
	assert_int_equal(s.capacity, LIMIT);
	assert_int_equal(s.count, number(&s, "written") -
	    number(&s, "overwritten"));
	assert_int_equal(number(&s, "written"), 2 * LIMIT);
	assert_int_equal(number(&s, "memory"), LIMIT);
	assert_int_equal(qt_obj_fsck(seg, 0, no_fault, NULL), 0);
	qt_ring_reader_close(r);
	qt_ring_close(seen);
	qt_ring_close(ring);
	qt_seg_close(other);
	qt_seg_close(seg);
}

QT_TEST(limits_that_are_none_are_refused_and_take_nothing)
{
	struct qt_seg	*seg = test_seg();
	uint64_t	 used = qt_seg_used(seg);
	struct qt_err	 err = QT_ERR_INIT;

	(void)state;
	assert_int_equal(qt_ring_make(seg, "r", QT_RING_LIMIT_MIN - 1, &err),
	    -EINVAL);
	assert_non_null(strstr(err.text, "make ring 'r': its limit is"));
	assert_int_equal(qt_ring_make(seg, "r", QT_RING_LIMIT_MAX + 1, NULL),
	    -EINVAL);
	assert_int_equal(qt_ring_make(seg, "", LIMIT, NULL), -EINVAL);
	assert_int_equal(qt_seg_used(seg), used);
	qt_seg_close(seg);
}

QT_TEST(an_erased_ring_goes_on_for_who_has_it_open_and_then_gives_all_back)
{
	struct qt_seg		*seg = test_seg();
	struct qt_seg		*other = test_join(seg, QT_SEG_JOIN);
	uint64_t		 used = qt_seg_used(seg);
	struct qt_ring		*ring;
	struct qt_ring_reader	*r;
	uint64_t		 head;

	(void)state;
	for (int i = 0; i < 100; i++) {
		assert_int_equal(qt_ring_make(seg, "r", LIMIT, NULL), 0);
		ring = open_ring(other);
		write_to(ring, LIMIT);
		assert_int_equal(qt_obj_erase(seg, "r", NULL), 0);
		assert_int_equal(qt_ring_make(seg, "r", LIMIT, NULL), 0);
		write_to(ring, LIMIT);
		assert_int_equal(qt_ring_reader(ring, &r, NULL), 0);
		qt_ring_range(r, NULL, &head);
		assert_int_equal(head, 2 * LIMIT);
		assert_int_equal(qt_ring_wait(ring, head, QT_WAIT_FOREVER),
		    -QT_EGONE);
		qt_ring_reader_close(r);
		qt_ring_close(ring);
		assert_int_equal(qt_obj_erase(other, "r", NULL), 0);
		assert_int_equal(qt_seg_used(seg), used);
	}
	assert_int_equal(qt_seg_fsck(seg, NULL), 0);
	qt_seg_close(other);
	qt_seg_close(seg);
}

QT_TEST(there_is_one_writer_and_closing_the_ring_gives_it_up)
{
	struct qt_seg		*seg = test_seg();
	struct qt_seg		*other = test_join(seg, QT_SEG_JOIN);
	struct qt_ring		*a, *b;
	struct qt_ring_writer	*w, *none;
	struct qt_obj_stat	 s;

	(void)state;
	assert_int_equal(qt_ring_make(seg, "r", LIMIT, NULL), 0);
	a = open_ring(seg);
	b = open_ring(other);
	assert_int_equal(qt_ring_writer(a, &w, NULL), 0);
	assert_int_equal(qt_ring_writer(b, &none, NULL), -EBUSY);
	assert_null(none);
	assert_int_equal(qt_obj_stat(other, "r", &s, NULL), 0);
	assert_int_equal(number(&s, "writer"), qt_seg_self(seg));
	/* As a program that ends without closing its writer. */
	qt_ring_close(a);
	assert_int_equal(qt_ring_writer(b, &none, NULL), 0);
	qt_ring_writer_close(none);
	qt_ring_writer_close(w);
	qt_ring_close(b);
	qt_seg_close(other);
	qt_seg_close(seg);
}

struct waiter {
	struct qt_ring	*ring;
	int		 rc;
};

static void *
wait_for_more(void *arg)
{
	struct waiter	*w = arg;

	w->rc = qt_ring_wait(w->ring, 0, qt_wait_deadline(20000));
	return NULL;
}

QT_TEST(who_waits_for_more_is_woken_by_what_is_published)
{
	struct qt_seg	*seg = test_seg();
	struct qt_seg	*other = test_join(seg, QT_SEG_JOIN);
	struct waiter	 w;
	pthread_t	 thread;

	(void)state;
	assert_int_equal(qt_ring_make(seg, "r", LIMIT, NULL), 0);
	for (int i = 0; i < 20; i++) {
		struct qt_ring	*ring = open_ring(seg);

		w = (struct waiter){ .ring = open_ring(other), .rc = 1 };
		assert_int_equal(qt_ring_wait(ring, 0, QT_WAIT_NEVER),
		    -QT_EEMPTY);
		assert_int_equal(qt_ring_wait(ring, 0, qt_wait_deadline(1)),
		    -ETIMEDOUT);
		assert_int_equal(pthread_create(&thread, NULL, wait_for_more,
		    &w), 0);
		write_to(ring, 8);
		pthread_join(thread, NULL);
		assert_int_equal(w.rc, 0);
		qt_ring_close(w.ring);
		qt_ring_close(ring);
		assert_int_equal(qt_obj_erase(seg, "r", NULL), 0);
		assert_int_equal(qt_ring_make(seg, "r", LIMIT, NULL), 0);
	}
	qt_seg_close(other);
	qt_seg_close(seg);
}

QT_TEST(fsck_finds_words_that_contradict_each_other)
{
	struct qt_seg	*seg = test_seg();
	struct qt_ring	*ring;
	struct qt__ring	*words, good;
	struct qt_seg_entry e;

	(void)state;
	assert_int_equal(qt_ring_make(seg, "r", LIMIT, NULL), 0);
	ring = open_ring(seg);
	write_to(ring, LIMIT + 4096);
	qt_ring_close(ring);
	assert_int_equal(qt_seg_entry_get(seg, "r", &e), 0);
	words = qt_seg_at(seg, e.offset + QT__OBJ_BODY, sizeof(*words));
	memcpy(&good, words, sizeof(good));
#define FAULTY(word, value) do {					\
	int	n = 0;							\
									\
	atomic_store(&words->word, (value));				\
	assert_true(qt_obj_fsck(seg, 0, count_fault, &n) > 0);		\
	assert_true(n > 0);						\
	atomic_store(&words->word, atomic_load(&good.word));		\
	assert_int_equal(qt_obj_fsck(seg, 0, no_fault, NULL), 0);	\
} while (0)
	FAULTY(tail, good.head + 1);
	FAULTY(tail, 0);
	FAULTY(head, good.head + LIMIT);
	FAULTY(slot[0].chunk, 0);
	FAULTY(slot[0].chunk, 12345);
	FAULTY(slot[0].chunk, UINT64_MAX);
	FAULTY(slot[0].chunk, atomic_load(&good.slot[1].chunk));
	FAULTY(slot[0].start, atomic_load(&good.slot[1].start));
	assert_int_equal(qt_obj_erase(seg, "r", NULL), 0);
	qt_seg_close(seg);
}
