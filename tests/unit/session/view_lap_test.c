/* SPDX-License-Identifier: Apache-2.0 */
/* A view of a ring whose writer does not wait for it. */

#include "../test.h"

#include <pthread.h>

#include <qt/base/clock.h>

#include "view_rig.h"

/* How a stream begins that goes on elsewhere. */
#define CUT "\x18\x1b\\\x1b[m\x0f\x1b(B"
#define CUT_LEN (sizeof(CUT) - 1)

/* A writer in a thread of its own, numbers as lines. */
#define LINES 400000u

static void *
write_numbers(void *ctx)
{
	struct rig	*r = ctx;
	char		 line[16];
	uint32_t	 i;
	int		 n;

	for (i = 0; i < LINES; i++) {
		n = snprintf(line, sizeof(line), "%09u\n", i);
		if (qt_ring_write(r->ring, line, (size_t)n) < 0)
			return r;
	}
	return NULL;
}

/* Every byte shown is right for its offset, whatever was skipped. */
QT_TEST(shows_right_bytes_while_a_writer_laps_it)
{
	struct rig	r;
	pthread_t	writer;
	char		line[16];
	const char	*text;
	uint64_t	at, skipped = 0, shown = 0, i;
	void		*failed;

	(void)state;
	rig_init(&r);
	view(&r, UINT64_MAX);
	next_size(&r, 80, 24);
	assert_int_equal(pthread_create(&writer, NULL, write_numbers, &r), 0);
	at = 0;
	while (at < LINES * 10) {
		assert_int_equal(qt_view_next(r.v, PIECE, &r.p), 0);
		if (r.p.kind == QT_VIEW_SNAPSHOT) {
			assert_int_equal(qt_view_no_snapshot(r.v), 0);
		} else if (r.p.kind == QT_VIEW_SKIPPED) {
			assert_int_equal(r.p.offset, at + r.p.count);
			at += r.p.count;
			skipped += r.p.count;
		} else if (r.p.kind == QT_VIEW_DATA) {
			assert_int_equal(r.p.offset, at);
			text = r.p.data;
			if (text[0] == CUT[0]) {
				assert_memory_equal(text, CUT, CUT_LEN);
				text += CUT_LEN;
				r.p.len -= CUT_LEN;
			}
			assert_int_equal(r.p.count, r.p.len);
			for (i = 0; i < r.p.len; i++, at++) {
				if (i == 0 || at % 10 == 0)
					snprintf(line, sizeof(line), "%09u\n",
					    (unsigned int)(at / 10));
				assert_int_equal(text[i], line[at % 10]);
			}
			shown += r.p.len;
		} else {
			assert_int_equal(r.p.kind, QT_VIEW_IDLE);
		}
	}
	assert_int_equal(pthread_join(writer, &failed), 0);
	assert_null(failed);
	assert_int_equal(shown + skipped, LINES * 10);
	rig_clear(&r);
}

/* A viewer that was shown a first screen. */
static void
begin(struct rig *r)
{
	rig_init(r);
	view(r, UINT64_MAX);
	next_size(r, 80, 24);
	next(r, QT_VIEW_IDLE);
}

/* Laps the viewer, and does so again before the screen is drawn. */
static void
lap_twice(struct rig *r)
{
	uint64_t	drawn;

	print_many(r, 2 * LIMIT);
	next(r, QT_VIEW_SNAPSHOT);
	drawn = qt_ring_writer_head(r->ring);
	print_many(r, 2 * LIMIT);
	answer(r, drawn, 80, 24, "stale");
}

/* Up to the head, and until the view wants the right screen. */
static void
wait_calm(struct rig *r)
{
	uint64_t	end_ms = qt_clock_mono_ms() + 10000;

	(void)drain(r);
	assert_true(r->p.kind == QT_VIEW_IDLE ||
	    r->p.kind == QT_VIEW_SNAPSHOT);
	while (r->p.kind == QT_VIEW_IDLE) {
		assert_true(r->p.wait_ms > 0);
		assert_true(qt_clock_mono_ms() < end_ms);
		assert_int_equal(qt_view_next(r->v, PIECE, &r->p), 0);
	}
	assert_int_equal(r->p.kind, QT_VIEW_SNAPSHOT);
}

QT_TEST(goes_on_with_the_newest_lines_when_a_screen_comes_too_late)
{
	struct rig	r;
	const char	*text;

	(void)state;
	begin(&r);
	lap_twice(&r);
	next(&r, QT_VIEW_SKIPPED);
	assert_true(r.p.count > 3 * LIMIT && r.p.count < 4 * LIMIT);
	assert_int_equal(r.p.count % 64, 0);	/* a line start */
	next(&r, QT_VIEW_DATA);
	assert_int_equal(r.p.len, r.p.count + CUT_LEN);
	text = r.p.data;
	assert_memory_equal(text, CUT "xxx", CUT_LEN + 3);
	assert_int_equal(r.p.is_first, 0);
	next(&r, QT_VIEW_DATA);
	assert_int_equal(r.p.len, r.p.count);
	rig_clear(&r);
}

QT_TEST(shows_more_and_more_of_a_flood_that_no_screen_can_keep_up_with)
{
	struct rig	r;
	uint64_t	shown = 0, written = 0;
	int		i, laps = 0, redraws = 0;

	(void)state;
	begin(&r);
	lap_twice(&r);
	for (i = 0; i < 1000; i++) {
		/* Faster than it reads: it is lapped again and again. */
		print_many(&r, PIECE / 2);
		written += PIECE / 2;
		assert_int_equal(qt_view_next(r.v, PIECE, &r.p), 0);
		if (r.p.kind == QT_VIEW_DATA) {
			shown += r.p.count;
			redraws += r.p.is_first;
		} else if (r.p.kind == QT_VIEW_SNAPSHOT) {
			print_many(&r, 2 * LIMIT);
			written += 2 * LIMIT;
			answer(&r, qt_ring_writer_head(r.ring) - 2 * LIMIT,
			    80, 24, "stale");
		} else {
			assert_int_equal(r.p.kind, QT_VIEW_SKIPPED);
			laps++;
		}
	}
	assert_true(laps > 10);
	assert_true(shown > written / 2);
	assert_int_equal(redraws, 0);
	rig_clear(&r);
}

QT_TEST(paints_the_right_screen_over_a_rough_one_once_it_is_calm)
{
	struct rig	r;
	uint64_t	drawn;

	(void)state;
	begin(&r);
	lap_twice(&r);
	next(&r, QT_VIEW_SKIPPED);
	wait_calm(&r);
	assert_int_equal(qt_view_offset(r.v), UINT64_MAX);
	assert_int_equal(r.p.req.scrollback, 0);
	/* Nothing is left out that came while it was drawn. */
	print(&r, "seen");
	drawn = qt_ring_writer_head(r.ring);
	print(&r, "later");
	answer(&r, drawn, 80, 24, "screen");
	next_data(&r, "seen");
	next_data(&r, "screen");
	assert_true(r.p.is_first && r.p.is_repaint);
	next_data(&r, "later");
	next(&r, QT_VIEW_IDLE);
	assert_int_equal(r.p.wait_ms, 0);
	assert_int_equal(qt_view_offset(r.v), drawn + 5);
	rig_clear(&r);
}

QT_TEST(paints_the_right_screen_before_it_tells_of_the_end)
{
	struct rig	r;

	(void)state;
	begin(&r);
	lap_twice(&r);
	next(&r, QT_VIEW_SKIPPED);
	end(&r, 0);
	wait_calm(&r);
	answer(&r, qt_ring_writer_head(r.ring), 80, 24, "screen");
	next_data(&r, "screen");
	next(&r, QT_VIEW_EXIT);
	rig_clear(&r);
	/* Without one it ends all the same. */
	begin(&r);
	lap_twice(&r);
	next(&r, QT_VIEW_SKIPPED);
	end(&r, 0);
	wait_calm(&r);
	assert_int_equal(qt_view_no_snapshot(r.v), 0);
	next(&r, QT_VIEW_EXIT);
	rig_clear(&r);
}

QT_TEST(goes_on_while_there_is_no_screen_to_paint)
{
	struct rig	r;

	(void)state;
	begin(&r);
	lap_twice(&r);
	next(&r, QT_VIEW_SKIPPED);
	wait_calm(&r);
	assert_int_equal(qt_view_no_snapshot(r.v), 0);
	print(&r, "live");
	next_data(&r, "live");
	next(&r, QT_VIEW_IDLE);
	assert_true(r.p.wait_ms > 50);	/* asks again, but not at once */
	assert_int_equal(qt_view_offset(r.v), UINT64_MAX);
	rig_clear(&r);
}

QT_TEST(skips_again_while_the_screen_to_paint_is_drawn)
{
	struct rig	r;
	uint64_t	drawn;

	(void)state;
	begin(&r);
	lap_twice(&r);
	next(&r, QT_VIEW_SKIPPED);
	wait_calm(&r);
	drawn = qt_ring_writer_head(r.ring);
	print_many(&r, 2 * LIMIT);
	answer(&r, drawn + 1, 80, 24, "stale");
	next(&r, QT_VIEW_SKIPPED);
	assert_int_equal(r.p.offset, drawn + r.p.count);
	next(&r, QT_VIEW_DATA);
	assert_int_equal(r.p.is_first, 0);
	rig_clear(&r);
}
