/* SPDX-License-Identifier: Apache-2.0 */
/* What a viewer is shown, in which order, from a real table and real rings. */

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <qt/base/clock.h>
#include <qt/session/view.h>
#include <qt/shm/ring.h>

#include "../../../libcommon/session/table_priv.h"
#include "../test.h"

#define LIMIT (64u << 10)
#define PIECE (16u << 10)

struct rig {
	struct qt_seg		*seg;
	struct qt__table	*writer;
	struct qt_session_table	*table;
	struct qt_ring_writer	*ring;
	struct qt_session	s;
	struct qt_view		*v;
	struct qt_view_piece	p;
};

static void
rig_init(struct rig *r)
{
	struct qt_seg_spec	spec = { .size = 256u << 20, .mode = 0600,
	    .group = (gid_t)-1, .kind = "host" };
	uint64_t		*ring;

	memset(r, 0, sizeof(*r));
	assert_int_equal(qt_seg_create(NULL, &spec, &r->seg, NULL), 0);
	assert_int_equal(qt__table_create(r->seg, &r->writer, NULL), 0);
	qt_uuid_new(&r->s.id);
	strcpy(r->s.name, "a");
	strcpy(r->s.owner, "me");
	r->s.state = QT_STATE_RUNNING;
	r->s.cols = 80;
	r->s.rows = 24;
	r->s.ring_limit = LIMIT;
	assert_int_equal(qt__table_add(r->writer, &r->s), 0);
	ring = qt__table_ring(r->writer, r->s.slot);
	assert_int_equal(qt_ring_create(r->seg, LIMIT, ring), 0);
	r->s.ring_offset = *ring;
	assert_int_equal(qt_ring_writer_open(r->seg, *ring, &r->ring, NULL),
	    0);
	assert_int_equal(qt__table_put(r->writer, &r->s), 0);
	assert_int_equal(qt_session_table_open(r->seg, &r->table, NULL), 0);
}

static void
rig_clear(struct rig *r)
{
	qt_view_close(r->v);
	qt_session_table_close(r->table);
	qt_ring_writer_close(r->ring);
	qt__table_close(r->writer);
	qt_seg_close(r->seg);
}

static void
put(struct rig *r)
{
	assert_int_equal(qt__table_put(r->writer, &r->s), 0);
}

static void
print(struct rig *r, const char *text)
{
	assert_int_equal(qt_ring_write(r->ring, text, strlen(text)), 0);
}

static void
print_many(struct rig *r, size_t len)
{
	char	text[4096];
	size_t	i, n;

	for (i = 0; i < sizeof(text); i++)
		text[i] = i % 64 == 63 ? '\n' : 'x';
	for (; len > 0; len -= n) {
		n = len < sizeof(text) ? len : sizeof(text);
		assert_int_equal(qt_ring_write(r->ring, text, n), 0);
	}
}

static void
resize(struct rig *r, uint16_t cols, uint16_t rows)
{
	r->s.cols = cols;
	r->s.rows = rows;
	r->s.size_seq++;
	r->s.size_offset = qt_ring_writer_head(r->ring);
	put(r);
}

static void
end(struct rig *r, int status)
{
	r->s.state = QT_STATE_EXITED;
	r->s.exit_status = status;
	r->s.exit_offset = qt_ring_writer_head(r->ring);
	put(r);
}

static void
view(struct rig *r, uint64_t offset)
{
	struct qt_view_opt	opt = { .id = r->s.id, .offset = offset,
	    .generation = r->s.generation, .lag_max = LIMIT / 2 };

	qt_view_close(r->v);
	assert_int_equal(qt_view_open(r->table, r->seg, &opt, &r->v, NULL), 0);
}

static void
next(struct rig *r, enum qt_view_kind kind)
{
	assert_int_equal(qt_view_next(r->v, PIECE, &r->p), 0);
	assert_int_equal(r->p.kind, kind);
}

static void
next_size(struct rig *r, uint16_t cols, uint16_t rows)
{
	next(r, QT_VIEW_SIZE);
	assert_int_equal(r->p.cols, cols);
	assert_int_equal(r->p.rows, rows);
}

static void
next_data(struct rig *r, const char *text)
{
	next(r, QT_VIEW_DATA);
	assert_int_equal(r->p.len, strlen(text));
	assert_memory_equal(r->p.data, text, r->p.len);
}

/* Data up to the head; how many bytes. */
static uint64_t
drain(struct rig *r)
{
	uint64_t	n = 0;

	for (;;) {
		assert_int_equal(qt_view_next(r->v, PIECE, &r->p), 0);
		if (r->p.kind != QT_VIEW_DATA)
			return n;
		assert_true(r->p.len <= PIECE);
		n += r->p.count;
	}
}

static void
answer(struct rig *r, uint64_t offset, uint16_t cols, uint16_t rows,
    const char *text)
{
	struct qt_screen_answer	a = { .offset = offset, .cols = cols,
	    .rows = rows, .len = strlen(text) };

	assert_int_equal(qt_view_snapshot(r->v, &a, text, strlen(text)), 0);
}

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
	/* Not at once again: screens are drawn some times a second at most. */
	print_many(&r, LIMIT / 2 + 1);
	next(&r, QT_VIEW_IDLE);
	assert_true(r.p.wait_ms > 0 && r.p.wait_ms <= 1000);
	qt_view_close(r.v);
	opt.id = r.s.id;
	assert_int_equal(qt_view_open(r.table, r.seg, &opt, &r.v, NULL), 0);
	next_size(&r, 80, 24);
	next(&r, QT_VIEW_SNAPSHOT);
	answer(&r, LIMIT + 2, 80, 24, "screen");
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
			assert_int_equal(r.p.count, r.p.len);
			for (i = 0; i < r.p.len; i++, at++) {
				if (i == 0 || at % 10 == 0)
					snprintf(line, sizeof(line), "%09u\n",
					    (unsigned int)(at / 10));
				assert_int_equal(((const char *)r.p.data)[i],
				    line[at % 10]);
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
