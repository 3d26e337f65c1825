/* SPDX-License-Identifier: Apache-2.0 */
/* What a viewer is shown, in which order, from a real table and real rings. */

#include "../test.h"

#include "../../../libcommon/session/view_priv.h"
#include "view_rig.h"

/* Ten thousand of them wait in one worker. */
_Static_assert(sizeof(struct qt_view) <= 320, "an idle view is small");

QT_TEST(replays_a_young_session_after_its_size)
{
	struct rig	r;

	(void)state;
	rig_init(&r);
	print(&r, "hello");
	view(&r, UINT64_MAX);
	next_size(&r, 80, 24);
	assert_int_equal(qt_view_offset(r.v), 0);
	next_data(&r, "hello");
	assert_int_equal(r.p.offset, 0);
	assert_int_equal(r.p.count, 5);
	assert_int_equal(qt_view_offset(r.v), 0);
	next(&r, QT_VIEW_IDLE);
	assert_int_equal(qt_view_offset(r.v), 5);
	print(&r, " there");
	next_data(&r, " there");
	rig_clear(&r);
}

QT_TEST(begins_an_old_session_with_a_snapshot)
{
	struct rig	r;

	(void)state;
	rig_init(&r);
	print_many(&r, 3 * LIMIT);
	view(&r, UINT64_MAX);
	next_size(&r, 80, 24);
	next(&r, QT_VIEW_SNAPSHOT);
	assert_memory_equal(&r.p.req.id, &r.s.id, sizeof(r.s.id));
	assert_int_equal(r.p.req.min_offset, 3 * LIMIT);
	next(&r, QT_VIEW_IDLE);
	print(&r, "tail");
	answer(&r, 3 * LIMIT, 80, 24, "\x1b[Hscreen");
	next_data(&r, "\x1b[Hscreen");
	assert_int_equal(r.p.count, 0);
	next_data(&r, "tail");
	assert_int_equal(r.p.offset, 3 * LIMIT);
	next(&r, QT_VIEW_IDLE);
	rig_clear(&r);
}

QT_TEST(says_the_size_that_the_snapshot_was_drawn_for)
{
	struct rig	r;

	(void)state;
	rig_init(&r);
	print_many(&r, 3 * LIMIT);
	view(&r, UINT64_MAX);
	next_size(&r, 80, 24);
	next(&r, QT_VIEW_SNAPSHOT);
	resize(&r, 100, 30);
	print(&r, "new");
	answer(&r, 3 * LIMIT + 3, 100, 30, "screen");
	next_size(&r, 100, 30);
	next_data(&r, "screen");
	next(&r, QT_VIEW_IDLE);
	rig_clear(&r);
}

QT_TEST(resumes_where_the_viewer_was)
{
	struct rig	r;

	(void)state;
	rig_init(&r);
	print_many(&r, 2 * LIMIT);
	print(&r, "seen.missed");
	view(&r, 2 * LIMIT + 5);
	next_size(&r, 80, 24);
	next_data(&r, "missed");
	assert_int_equal(r.p.offset, 2 * LIMIT + 5);
	next(&r, QT_VIEW_IDLE);
	/* Of another generation the offset means nothing. */
	r.s.generation++;
	view(&r, 2 * LIMIT + 5);
	r.s.generation--;
	next_size(&r, 80, 24);
	next(&r, QT_VIEW_SNAPSHOT);
	rig_clear(&r);
}

QT_TEST(skips_what_left_the_ring_before_the_viewer_came_back)
{
	struct rig	r;

	(void)state;
	rig_init(&r);
	print_many(&r, 4 * LIMIT);
	view(&r, 100);
	next(&r, QT_VIEW_SNAPSHOT);
	answer(&r, 4 * LIMIT, 80, 24, "screen");
	next(&r, QT_VIEW_SKIPPED);
	assert_int_equal(r.p.count, 4 * LIMIT - 100);
	assert_int_equal(r.p.offset, 4 * LIMIT);
	next_size(&r, 80, 24);
	next_data(&r, "screen");
	next(&r, QT_VIEW_IDLE);
	assert_int_equal(qt_view_offset(r.v), 4 * LIMIT);
	rig_clear(&r);
}

QT_TEST(gives_bytes_of_the_old_size_before_a_resize)
{
	struct rig	r;

	(void)state;
	rig_init(&r);
	print(&r, "first");
	view(&r, UINT64_MAX);
	next_size(&r, 80, 24);
	next_data(&r, "first");
	print(&r, "old");
	resize(&r, 40, 10);
	print(&r, "new");
	next_data(&r, "old");
	next_size(&r, 40, 10);
	next_data(&r, "new");
	resize(&r, 41, 10);
	next_size(&r, 41, 10);
	next(&r, QT_VIEW_IDLE);
	rig_clear(&r);
}

QT_TEST(skips_for_a_slow_viewer_but_not_for_a_recorder)
{
	struct qt_view_opt	opt = { .offset = UINT64_MAX,
	    .lag_max = LIMIT / 4, .is_recorder = 1 };
	struct rig		r;

	(void)state;
	rig_init(&r);
	view(&r, UINT64_MAX);
	next_size(&r, 80, 24);
	print_many(&r, LIMIT / 2 + 1);
	next(&r, QT_VIEW_SNAPSHOT);
	answer(&r, LIMIT / 2 + 1, 80, 24, "screen");
	next(&r, QT_VIEW_SKIPPED);
	assert_int_equal(r.p.count, LIMIT / 2 + 1);
	next_data(&r, "screen");
	next(&r, QT_VIEW_IDLE);
	qt_view_close(r.v);
	opt.id = r.s.id;
	assert_int_equal(qt_view_open(r.table, r.seg, &opt, &r.v, NULL), 0);
	next_size(&r, 80, 24);
	next(&r, QT_VIEW_SNAPSHOT);
	answer(&r, LIMIT / 2 + 1, 80, 24, "screen");
	next_data(&r, "screen");
	print_many(&r, LIMIT / 2 + 1);
	assert_int_equal(drain(&r), LIMIT / 2 + 1);
	rig_clear(&r);
}

QT_TEST(replays_the_ring_when_no_screen_answers)
{
	struct rig	r;
	uint64_t	n;

	(void)state;
	rig_init(&r);
	print_many(&r, 3 * LIMIT);
	view(&r, UINT64_MAX);
	next_size(&r, 80, 24);
	next(&r, QT_VIEW_SNAPSHOT);
	assert_int_equal(qt_view_no_snapshot(r.v), 0);
	next(&r, QT_VIEW_DATA);
	assert_int_equal(((const char *)r.p.data)[0], 'x');
	n = r.p.count + drain(&r);
	assert_true(n >= LIMIT / 8 && n <= LIMIT / 2 + 64);
	assert_int_equal(qt_view_offset(r.v), 3 * LIMIT);
	assert_int_equal(qt_view_no_snapshot(r.v), -EINVAL);
	rig_clear(&r);
}

QT_TEST(lets_only_the_lead_see_live_queries)
{
	struct rig	r;

	(void)state;
	rig_init(&r);
	print(&r, "a\x1b[6nb");
	view(&r, UINT64_MAX);
	qt_view_set_lead(r.v, 1);
	next_size(&r, 80, 24);
	next_data(&r, "ab");		/* replayed */
	assert_int_equal(r.p.count, 6);
	print(&r, "c\x1b[6nd");
	next_data(&r, "c\x1b[6nd");	/* live, and it leads */
	print(&r, "\x1b[");
	next_data(&r, "\x1b[");
	qt_view_set_lead(r.v, 0);
	print(&r, "6ne\x1b[5n");
	next_data(&r, "\x18" "e");
	print(&r, "f\x1b[");		/* half a sequence is held back */
	next_data(&r, "f");
	next(&r, QT_VIEW_IDLE);
	assert_int_equal(qt_view_offset(r.v),
	    qt_ring_writer_head(r.ring) - 2);
	print(&r, "1m");
	next_data(&r, "\x1b[1m");
	print(&r, "\x1b[5n");
	next(&r, QT_VIEW_IDLE);
	assert_int_equal(qt_view_offset(r.v), qt_ring_writer_head(r.ring));
	rig_clear(&r);
}

QT_TEST(tells_of_the_end_after_the_last_byte)
{
	struct rig	r;

	(void)state;
	rig_init(&r);
	view(&r, UINT64_MAX);
	next_size(&r, 80, 24);
	print(&r, "last words");
	end(&r, 7 << 8);
	next_data(&r, "last words");
	next(&r, QT_VIEW_EXIT);
	assert_int_equal(r.p.exit_status, 7 << 8);
	next(&r, QT_VIEW_IDLE);
	rig_clear(&r);
}

/* However far behind: nothing can lap it any more. */
QT_TEST(shows_all_that_is_left_of_an_ended_session)
{
	struct rig	r;

	(void)state;
	rig_init(&r);
	print(&r, "x");
	view(&r, UINT64_MAX);
	next_size(&r, 80, 24);
	next_data(&r, "x");
	print_many(&r, LIMIT - LIMIT / 4);
	end(&r, 0);
	assert_int_equal(drain(&r), LIMIT - LIMIT / 4);
	assert_int_equal(r.p.kind, QT_VIEW_EXIT);
	rig_clear(&r);
}

QT_TEST(tells_of_changes_and_of_a_record_that_is_gone)
{
	struct rig	r;

	(void)state;
	rig_init(&r);
	view(&r, UINT64_MAX);
	next_size(&r, 80, 24);
	strcpy(r.s.title, "title");
	put(&r);
	next(&r, QT_VIEW_STATE);
	assert_string_equal(qt_view_session(r.v)->title, "title");
	r.s.lead = 5;
	put(&r);
	next(&r, QT_VIEW_STATE);
	next(&r, QT_VIEW_IDLE);
	qt__table_del(r.writer, r.s.slot);
	next(&r, QT_VIEW_GONE);
	assert_null(qt_view_session(r.v));
	next(&r, QT_VIEW_IDLE);
	rig_clear(&r);
}

QT_TEST(finds_no_session_that_is_not_there)
{
	struct qt_view_opt	opt = { .offset = UINT64_MAX };
	struct rig		r;

	(void)state;
	rig_init(&r);
	assert_int_equal(qt_view_open(r.table, r.seg, &opt, &r.v, NULL),
	    -ENOENT);
	r.v = NULL;
	rig_clear(&r);
}
