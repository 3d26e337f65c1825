/* SPDX-License-Identifier: Apache-2.0 */
/* <qt/shm/ring.h>: growth, lapping, the end of a writer, destruction. */

#include <errno.h>
#include <stdlib.h>

#include <qt/shm/ring.h>

#include "../test.h"
#include "shm_test.h"

struct fixture {
	struct qt_seg		*seg;
	uint64_t		 ring;
	struct qt_ring_writer	*w;
	struct qt_ring_reader	*r;
};

static struct fixture
ring_new(uint64_t limit)
{
	struct fixture	f = { .seg = test_seg() };

	assert_int_equal(qt_ring_create(f.seg, limit, &f.ring), 0);
	assert_int_equal(qt_ring_writer_open(f.seg, f.ring, &f.w, NULL), 0);
	assert_int_equal(qt_ring_reader_open(f.seg, f.ring, &f.r, NULL), 0);
	return f;
}

static void
ring_end(struct fixture *f)
{
	qt_ring_reader_close(f->r);
	qt_ring_writer_close(f->w);
	qt_seg_close(f->seg);
}

/* The byte at a position; no period is a power of two. */
static unsigned char
byte_at(uint64_t pos)
{
	return (unsigned char)(pos % 251 + pos / 65521);
}

static void
write_pattern(struct qt_ring_writer *w, size_t len)
{
	uint64_t	 pos = qt_ring_writer_head(w);
	unsigned char	*data = malloc(len);

	assert_non_null(data);
	for (size_t i = 0; i < len; i++)
		data[i] = byte_at(pos + i);
	assert_int_equal(qt_ring_write(w, data, len), 0);
	free(data);
}

static void
check_all(struct qt_ring_reader *r)
{
	uint64_t	tail, head;
	unsigned char	buf[1000];

	qt_ring_range(r, &tail, &head);
	while (tail < head) {
		ssize_t	n = qt_ring_read(r, tail, buf, sizeof(buf));

		assert_true(n > 0);
		for (ssize_t i = 0; i < n; i++)
			if (buf[i] != byte_at(tail + (uint64_t)i))
				fail_msg("byte %lu", (unsigned long)tail);
		tail += (uint64_t)n;
	}
	assert_int_equal(tail, head);
	assert_int_equal(qt_ring_read(r, head, buf, sizeof(buf)), 0);
	assert_int_equal(qt_ring_read(r, head + 1, buf, sizeof(buf)), -EINVAL);
}

QT_TEST(an_empty_ring_has_nothing_to_read_and_no_chunk)
{
	struct fixture	f = ring_new(1 << 20);
	char		c;

	(void)state;
	assert_int_equal(qt_ring_read(f.r, 0, &c, 1), 0);
	assert_int_equal(qt_ring_read(f.r, 1, &c, 1), -EINVAL);
	ring_end(&f);
}

QT_TEST(reserved_bytes_are_invisible_until_published)
{
	struct fixture	f = ring_new(1 << 20);
	void		*p, *again;
	char		 c;

	(void)state;
	assert_int_equal(qt_ring_reserve(f.w, 3, &p), 3);
	memcpy(p, "abc", 3);
	assert_int_equal(qt_ring_read(f.r, 0, &c, 1), 0);
	assert_int_equal(qt_ring_reserve(f.w, 3, &again), 3);
	assert_ptr_equal(p, again);
	qt_ring_publish(f.w, 1);
	assert_int_equal(qt_ring_read(f.r, 0, &c, 1), 1);
	assert_int_equal(c, 'a');
	assert_int_equal(qt_ring_read(f.r, 1, &c, 1), 0);
	ring_end(&f);
}

QT_TEST(every_byte_is_right_at_every_limit_and_after_many_laps)
{
	static const uint64_t	limits[] = { 16 << 10, 20 << 10, 64 << 10,
	    100000, 1 << 20, 5 << 20 };

	(void)state;
	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		struct fixture	f = ring_new(limits[i]);
		uint64_t	tail, head, n = 0;

		for (size_t len = 1; n < 3 * limits[i]; len = len * 7 % 9973) {
			write_pattern(f.w, len);
			n += len;
			if (len % 5 == 0)
				check_all(f.r);
		}
		check_all(f.r);
		qt_ring_range(f.r, &tail, &head);
		assert_int_equal(head, n);
		assert_true(head - tail <= limits[i] + 4096);
		assert_true(head - tail >= limits[i] * 3 / 4);
		ring_end(&f);
	}
}

QT_TEST(who_is_overtaken_is_told)
{
	struct fixture	 f = ring_new(16 << 10);
	const void	*p;
	char		 c;

	(void)state;
	write_pattern(f.w, 100);
	assert_int_equal(qt_ring_peek(f.r, 0, 50, &p), 50);
	assert_true(qt_ring_is_valid(f.r, 0));
	write_pattern(f.w, 64 << 10);
	assert_false(qt_ring_is_valid(f.r, 0));
	assert_int_equal(qt_ring_read(f.r, 0, &c, 1), -QT_ELAPPED);
	assert_int_equal(qt_ring_peek(f.r, 0, 50, &p), -QT_ELAPPED);
	check_all(f.r);
	ring_end(&f);
}

QT_TEST(the_next_writer_goes_on_where_the_last_one_stopped)
{
	struct fixture	f = ring_new(16 << 10);

	(void)state;
	for (int i = 1; i < 200; i++) {
		struct qt_ring_writer	*second;

		write_pattern(f.w, (size_t)i * 37 % 4096 + 1);
		assert_int_equal(qt_ring_writer_open(f.seg, f.ring, &second,
		    NULL), -EBUSY);
		qt_ring_writer_close(f.w);
		assert_int_equal(qt_ring_writer_open(f.seg, f.ring, &f.w,
		    NULL), 0);
		check_all(f.r);
	}
	ring_end(&f);
}

QT_TEST(a_destroyed_ring_says_so_and_leaves_nothing)
{
	struct fixture	f = ring_new(1 << 20);
	uint64_t	before, at;
	char		c;

	(void)state;
	before = qt_seg_used(f.seg);
	write_pattern(f.w, 2 << 20);
	assert_int_equal(qt_ring_destroy(f.seg, f.ring), -EBUSY);
	qt_ring_writer_close(f.w);
	f.w = NULL;
	assert_int_equal(qt_ring_destroy(f.seg, f.ring), 0);
	assert_int_equal(qt_ring_read(f.r, 0, &c, 1), -QT_EGONE);
	/* Its block may become another ring; the old reader still knows. */
	assert_int_equal(qt_ring_create(f.seg, 1 << 20, &at), 0);
	assert_int_equal(qt_ring_read(f.r, 0, &c, 1), -QT_EGONE);
	assert_int_equal(qt_ring_destroy(f.seg, at), 0);
	assert_true(qt_seg_used(f.seg) <= before + 16384);
	ring_end(&f);
}

QT_TEST(a_thousand_idle_rings_cost_little_more_than_their_chunks)
{
	struct qt_seg	*seg = test_seg();
	uint64_t	 before = qt_seg_used(seg), at;

	(void)state;
	for (int i = 0; i < 1000; i++) {
		struct qt_ring_writer	*w;

		assert_int_equal(qt_ring_create(seg, 1 << 20, &at), 0);
		assert_int_equal(qt_ring_writer_open(seg, at, &w, NULL), 0);
		assert_int_equal(qt_ring_write(w, "$ ", 2), 0);
		qt_ring_writer_close(w);
	}
	/* 1 KiB of header, 4 KiB of chunk, 20 bytes of map. */
	assert_true(qt_seg_used(seg) - before <= 1000 * 5200);
	qt_seg_close(seg);
}

QT_TEST(a_full_segment_keeps_less_and_loses_nothing_new)
{
	struct qt_seg_spec	 spec = test_spec;
	struct qt_seg		*seg;
	struct qt_ring_writer	*w;
	struct qt_ring_reader	*r;
	uint64_t		 ring, none, at, tail, head;

	(void)state;
	spec.size = 256 << 10;
	assert_int_equal(qt_seg_create(NULL, &spec, &seg, NULL), 0);
	assert_int_equal(qt_ring_create(seg, 1 << 20, &ring), 0);
	assert_int_equal(qt_ring_create(seg, 1 << 20, &none), 0);
	assert_int_equal(qt_ring_writer_open(seg, ring, &w, NULL), 0);
	assert_int_equal(qt_ring_reader_open(seg, ring, &r, NULL), 0);
	write_pattern(w, 1 << 20);
	check_all(r);
	qt_ring_range(r, &tail, &head);
	assert_true(head - tail >= 32 << 10);
	qt_ring_writer_close(w);

	/* With no chunk at all there is nothing to go on with. */
	while (qt_seg_alloc(seg, 4096, &at) == 0)
		;
	assert_int_equal(qt_ring_writer_open(seg, none, &w, NULL), 0);
	assert_int_equal(qt_ring_write(w, "x", 1), -ENOMEM);
	qt_ring_writer_close(w);
	qt_ring_reader_close(r);
	qt_seg_close(seg);
}
