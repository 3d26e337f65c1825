/* SPDX-License-Identifier: Apache-2.0 */
/* Becoming the writer of a ring whose words are not what they should be. */

#include <errno.h>

#include "../../../libcommon/shm/ring_priv.h"
#include "../test.h"
#include "shm_test.h"

struct fixture {
	struct qt_seg	*seg;
	uint64_t	 at;
	struct qt__ring	*ring;
};

static struct fixture
ring_with(size_t len)
{
	struct fixture		 f = { .seg = test_seg() };
	struct qt_ring_writer	*w;
	char			 c = 'x';

	assert_int_equal(qt_ring_create(f.seg, 16 << 10, &f.at), 0);
	assert_int_equal(qt_ring_writer_open(f.seg, f.at, &w, NULL), 0);
	for (size_t i = 0; i < len; i++)
		assert_int_equal(qt_ring_write(w, &c, 1), 0);
	qt_ring_writer_close(w);
	f.ring = qt_seg_at(f.seg, f.at, sizeof(*f.ring));
	return f;
}

static int
try(struct fixture *f)
{
	struct qt_ring_writer	*w;
	struct qt_err		 err = QT_ERR_INIT;
	int			 rc;

	rc = qt_ring_writer_open(f->seg, f->at, &w, &err);
	qt_ring_writer_close(w);
	if (rc < 0)
		assert_true(err.text[0] != '\0');
	return rc;
}

QT_TEST(words_that_contradict_each_other_are_refused_and_the_owner_let_go)
{
	struct fixture	f = ring_with(10000);
	struct qt__ring	good;

	(void)state;
	memcpy(&good, f.ring, sizeof(good));
#define REFUSED(word, value) do {					\
	atomic_store(&f.ring->word, (value));				\
	assert_int_equal(try(&f), -QT_ECORRUPT);			\
	assert_int_equal(atomic_load(&f.ring->owner), 0);		\
	atomic_store(&f.ring->word, atomic_load(&good.word));		\
} while (0)
	REFUSED(head, 0);
	REFUSED(head, UINT64_MAX);
	REFUSED(head, 1 << 20);
	REFUSED(tail, 10001);
	REFUSED(tail, UINT64_MAX);
	REFUSED(slot[0].start, 1);
	REFUSED(slot[0].start, UINT64_MAX);
	REFUSED(slot[0].chunk, 0);
	REFUSED(slot[0].chunk, 1);
	REFUSED(slot[0].chunk, 12);
	REFUSED(slot[0].chunk, atomic_load(&good.slot[0].chunk) | 63);
	REFUSED(slot[0].chunk, UINT64_MAX);
	REFUSED(slot[0].chunk, f.seg->size | 12);
	REFUSED(slot[0].chunk, (f.seg->size - 4096) | 13);
	REFUSED(slot[1].start, 5);
#undef REFUSED
	assert_int_equal(try(&f), 0);
	qt_seg_close(f.seg);
}

QT_TEST(what_is_no_ring_is_refused)
{
	struct fixture	f = ring_with(1);
	uint64_t	at = f.at, extent;

	(void)state;
	assert_int_equal(qt_seg_alloc(f.seg, 4096, &extent), 0);
	f.at = extent;
	assert_int_equal(try(&f), -QT_ECORRUPT);
	assert_int_equal(qt_ring_destroy(f.seg, extent), -EINVAL);
	f.at = 0;
	assert_int_equal(try(&f), -QT_ECORRUPT);
	f.at = UINT64_MAX;
	assert_int_equal(try(&f), -QT_ECORRUPT);
	f.at = f.seg->size - 64;
	assert_int_equal(try(&f), -QT_ECORRUPT);
	f.at = at;
	f.ring->slot_count = QT__RING_SLOTS + 1;
	assert_int_equal(try(&f), -QT_ECORRUPT);
	f.ring->slot_count = QT__RING_SLOTS;
	f.ring->chunk_max = 0;
	assert_int_equal(try(&f), -QT_ECORRUPT);
	f.ring->chunk_max = 4096;
	assert_int_equal(try(&f), 0);
	qt_seg_close(f.seg);
}

QT_TEST(limits_outside_the_bounds_are_refused)
{
	struct qt_seg	*seg = test_seg();
	uint64_t	 at;

	(void)state;
	assert_int_equal(qt_ring_create(seg, QT_RING_LIMIT_MIN - 1, &at),
	    -EINVAL);
	assert_int_equal(qt_ring_create(seg, QT_RING_LIMIT_MAX + 1, &at),
	    -EINVAL);
	assert_int_equal(qt_ring_create(seg, QT_RING_LIMIT_MIN, &at), 0);
	assert_int_equal(qt_ring_create(seg, QT_RING_LIMIT_MAX, &at), 0);
	qt_seg_close(seg);
}

/* The largest ring's slots are enough for its limit. */
QT_TEST(a_ring_of_the_largest_limit_grows_to_it)
{
	struct qt_seg_spec	 spec = test_spec;
	struct qt_seg		*seg;
	struct qt_ring_writer	*w;
	struct qt_ring_reader	*r;
	struct qt__ring		*ring;
	uint64_t		 at, total = 0, tail, head;

	(void)state;
	spec.size = UINT64_C(2) << 30;
	assert_int_equal(qt_seg_create(NULL, &spec, &seg, NULL), 0);
	assert_int_equal(qt_ring_create(seg, 64 << 20, &at), 0);
	assert_int_equal(qt_ring_writer_open(seg, at, &w, NULL), 0);
	assert_int_equal(qt_ring_reader_open(seg, at, &r, NULL), 0);
	while (total < 200 << 20) {
		void	*p;
		ssize_t	 n = qt_ring_reserve(w, 64 << 20, &p);

		assert_true(n > 0);
		qt_ring_publish(w, (size_t)n);
		total += (uint64_t)n;
	}
	qt_ring_range(r, &tail, &head);
	assert_int_equal(head, total);
	assert_in_range(head - tail, 61 << 20, 64 << 20);
	ring = qt_seg_at(seg, at, sizeof(*ring));
	assert_int_equal(ring->chunk_max, 2 << 20);
	qt_ring_reader_close(r);
	qt_ring_writer_close(w);
	assert_int_equal(qt_ring_destroy(seg, at), 0);
	assert_int_equal(qt_ring_create(seg, QT_RING_LIMIT_MAX, &at), 0);
	ring = qt_seg_at(seg, at, sizeof(*ring));
	assert_int_equal(ring->chunk_max, 32 << 20);
	qt_seg_close(seg);
}

QT_TEST(a_destroying_call_that_failed_goes_on_when_it_is_repeated)
{
	struct fixture	f = ring_with(10000);
	uint64_t	chunk;

	(void)state;
	/* The second chunk is no extent: the first is freed, then it stops. */
	chunk = atomic_load(&f.ring->slot[1].chunk);
	atomic_store(&f.ring->slot[1].chunk, f.seg->size - 4096);
	assert_int_equal(qt_ring_destroy(f.seg, f.at), -QT_ECORRUPT);
	assert_int_equal(atomic_load(&f.ring->slot[0].chunk), 0);
	assert_int_equal(try(&f), -QT_EGONE);
	atomic_store(&f.ring->slot[1].chunk, chunk);
	assert_int_equal(qt_ring_destroy(f.seg, f.at), 0);
	assert_int_equal(qt_seg_fsck(f.seg, NULL), 0);
	qt_seg_close(f.seg);
}
