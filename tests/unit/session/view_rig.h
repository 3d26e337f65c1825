/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_SESSION_VIEW_RIG_H
#define QT_SESSION_VIEW_RIG_H

/* A session without a host: a table and a ring, and a view of it. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <qt/session/view.h>
#include <qt/shm/ring.h>

#include "../../../libcommon/session/table_priv.h"

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

__attribute__((unused))
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

__attribute__((unused))
static void
rig_clear(struct rig *r)
{
	qt_view_close(r->v);
	qt_session_table_close(r->table);
	qt_ring_writer_close(r->ring);
	qt__table_close(r->writer);
	qt_seg_close(r->seg);
}

__attribute__((unused))
static void
put(struct rig *r)
{
	assert_int_equal(qt__table_put(r->writer, &r->s), 0);
}

__attribute__((unused))
static void
print(struct rig *r, const char *text)
{
	assert_int_equal(qt_ring_write(r->ring, text, strlen(text)), 0);
}

__attribute__((unused))
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

__attribute__((unused))
static void
resize(struct rig *r, uint16_t cols, uint16_t rows)
{
	r->s.cols = cols;
	r->s.rows = rows;
	r->s.size_seq++;
	r->s.size_offset = qt_ring_writer_head(r->ring);
	put(r);
}

__attribute__((unused))
static void
end(struct rig *r, int status)
{
	r->s.state = QT_STATE_EXITED;
	r->s.exit_status = status;
	r->s.exit_offset = qt_ring_writer_head(r->ring);
	put(r);
}

__attribute__((unused))
static void
view(struct rig *r, uint64_t offset)
{
	struct qt_view_opt	opt = { .id = r->s.id, .offset = offset,
	    .generation = r->s.generation, .lag_max = LIMIT / 2 };

	qt_view_close(r->v);
	assert_int_equal(qt_view_open(r->table, r->seg, &opt, &r->v, NULL), 0);
}

__attribute__((unused))
static void
next(struct rig *r, enum qt_view_kind kind)
{
	assert_int_equal(qt_view_next(r->v, PIECE, &r->p), 0);
	assert_int_equal(r->p.kind, kind);
}

__attribute__((unused))
static void
next_size(struct rig *r, uint16_t cols, uint16_t rows)
{
	next(r, QT_VIEW_SIZE);
	assert_int_equal(r->p.cols, cols);
	assert_int_equal(r->p.rows, rows);
}

__attribute__((unused))
static void
next_data(struct rig *r, const char *text)
{
	next(r, QT_VIEW_DATA);
	assert_int_equal(r->p.len, strlen(text));
	assert_memory_equal(r->p.data, text, r->p.len);
}

/* Data up to the head; how many bytes. */
__attribute__((unused))
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

__attribute__((unused))
static void
answer(struct rig *r, uint64_t offset, uint16_t cols, uint16_t rows,
    const char *text)
{
	struct qt_screen_answer	a = { .offset = offset, .cols = cols,
	    .rows = rows, .len = strlen(text) };

	assert_int_equal(qt_view_snapshot(r->v, &a, text, strlen(text)), 0);
}

#endif /* QT_SESSION_VIEW_RIG_H */
