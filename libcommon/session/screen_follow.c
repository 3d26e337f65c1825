/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Following one session: every byte passes the scanner once, which keeps the
 * modes and notes safe points (offset and modes) every so often. That costs
 * little beside what the bytes cost the program that wrote them; drawing,
 * which costs much, is screen_draw.c's and done when somebody asks.
 *
 * If the writer laps us nevertheless, the modes are kept as they were (what
 * else could they be), and scanning goes on behind the next line end or at the
 * next ESC; the same when following begins in the middle of a session.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <qt/base/clock.h>

#include "scan_priv.h"
#include "screen_priv.h"

#define PIECE		(64u << 10)

_Static_assert(sizeof(((struct qt_modes *)0)->title) ==
    sizeof(((struct qt_session *)0)->title), "titles");
#define BACKLOG_MAX	(8u << 20)	/* scanned of what was there before */
#define LIVE_TAIL	(64u << 10)	/* older queries are not answered */

int
qt__follow_open(struct qt_session_table *table, const struct qt_seg *seg,
    const struct qt_session *s, struct qt__follow **out, struct qt_err *err)
{
	struct qt__follow	*f;
	uint64_t		tail, head, now;
	int			rc;

	(void)table;
	f = calloc(1, sizeof(*f));
	if (f == NULL)
		return -ENOMEM;
	f->id = s->id;
	f->slot = s->slot;
	f->generation = s->generation;
	f->ring_limit = s->ring_limit;
	f->size_seq = s->size_seq;
	f->size_count = 1;
	f->size[0] = (struct qt__size){ 0, s->cols, s->rows };
	rc = qt_ring_reader_open(seg, s->ring_offset, &f->ring, err);
	if (rc < 0) {
		free(f);
		return rc;
	}
	qt_ring_range(f->ring, &tail, &head);
	f->pos = head - tail > BACKLOG_MAX ? head - BACKLOG_MAX : tail;
	f->is_lost = f->pos > 0;
	/* What was told of it before we came, by a service that died. */
	memcpy(f->modes.title, s->title, sizeof(f->modes.title));
	/*
	 * A session younger than that has had nobody else to answer it. The
	 * clock may have been set back since it was made.
	 */
	now = qt_clock_real_ms();
	f->live_from = now < s->created_ms + QT__QUERY_AGE_MS &&
	    s->created_ms < now + QT__QUERY_AGE_MS ? 0 : head;
	*out = f;
	return 0;
}

void
qt__follow_close(struct qt__follow *f)
{
	if (f == NULL)
		return;
	qt_ring_reader_close(f->ring);
	free(f->scan);
	free(f->point);
	free(f);
}

void
qt__follow_size(struct qt__follow *f, const struct qt_session *s)
{
	struct qt__size	*last = &f->size[f->size_count - 1];

	if (s->size_seq == f->size_seq)
		return;
	f->size_seq = s->size_seq;
	if (s->cols == last->cols && s->rows == last->rows)
		return;
	if (f->size_count == QT__SIZES_MAX) {
		memmove(f->size, f->size + 1,
		    (QT__SIZES_MAX - 1) * sizeof(f->size[0]));
		f->size_count--;
	}
	f->size[f->size_count++] = (struct qt__size){ s->size_offset, s->cols,
	    s->rows };
	f->modes.margin_top = f->modes.margin_bottom = 0;
}

void
qt__point_modes(const struct qt__follow *f, const struct qt__point *p,
    struct qt_modes *out)
{
	memcpy(out, p->modes, sizeof(p->modes));
	memcpy(out->title, f->modes.title, sizeof(out->title));
}

const struct qt__point *
qt__follow_point(const struct qt__follow *f, uint64_t offset)
{
	uint32_t	i;

	for (i = 0; i < f->points; i++)
		if (f->point[i].offset >= offset)
			return &f->point[i];
	return NULL;
}

static uint64_t
point_step(const struct qt__follow *f)
{
	uint64_t	step = f->ring_limit / QT__POINTS_MAX;

	return step > QT__POINT_STEP ? step : QT__POINT_STEP;
}

/* Offset is safe: notes it if the last point is far enough behind. */
static void
add_point(struct qt__follow *f, uint64_t offset)
{
	struct qt__point	*p;
	uint32_t		size;

	if (f->points > 0 &&
	    offset < f->point[f->points - 1].offset + point_step(f))
		return;
	if (f->points == QT__POINTS_MAX) {
		memmove(f->point, f->point + 1,
		    (QT__POINTS_MAX - 1) * sizeof(*p));
		f->points--;
	}
	if (f->points == f->points_size) {
		size = f->points_size == 0 ? 4 : f->points_size * 2;
		p = realloc(f->point, size * sizeof(*p));
		if (p == NULL)
			return;	/* fewer points: drawing starts earlier */
		f->point = p;
		f->points_size = size;
	}
	p = &f->point[f->points++];
	p->offset = offset;
	memcpy(p->modes, &f->modes, sizeof(p->modes));
}

static void
drop_points(struct qt__follow *f, uint64_t tail)
{
	uint32_t	n = 0;

	while (n < f->points && f->point[n].offset < tail)
		n++;
	if (n == 0)
		return;
	f->points -= n;
	memmove(f->point, f->point + n, f->points * sizeof(*f->point));
}

/* Bytes at the start of a piece that belong to something cut off. */
static size_t
find_sync(const uint8_t *p, size_t len)
{
	size_t	i;

	for (i = 0; i < len; i++) {
		if (p[i] == '\n')
			return i + 1;
		if (p[i] == 0x1b)
			return i;
	}
	for (i = 0; i < len && (p[i] & 0xc0) == 0x80; i++)
		continue;
	return i;
}

static int
is_live(const struct qt__follow *f, uint64_t offset, uint64_t head)
{
	return offset > f->live_from && head - offset <= LIVE_TAIL;
}

static void
scan_piece(struct qt__follow *f, const uint8_t *p, size_t len, uint64_t head,
    qt__query_fn *fn, void *ctx)
{
	struct qt_scan_seq	seq;
	enum qt__scan_event	ev;
	size_t			used;

	while (len > 0) {
		ev = qt__scan_next(f->scan, p, len, &used, &seq);
		p += used;
		len -= used;
		f->pos += used;
		if (ev != QT__SCAN_SEQ && ev != QT__SCAN_CONTROL)
			continue;
		qt_modes_seq(&f->modes, &seq);
		if (fn != NULL && is_live(f, f->pos, head) &&
		    qt_scan_is_query(&seq))
			fn(ctx, f, &seq, f->pos);
	}
	if (qt_scan_is_safe(f->scan))
		add_point(f, f->pos);
}

/* Reads one piece. Its length, 0 at the head, -QT_ECORRUPT, -ENOMEM. */
static ssize_t
read_piece(struct qt__follow *f, uint8_t *piece, size_t size)
{
	uint64_t	tail, head;
	ssize_t		n;
	int		tries;

	for (tries = 0; tries < 16; tries++) {
		n = qt_ring_read(f->ring, f->pos, piece, size);
		if (n != -QT_ELAPPED)
			return n;
		qt_ring_range(f->ring, &tail, &head);
		f->pos = tail + (head - tail) / 2;
		f->is_lost = 1;
		free(f->scan);
		f->scan = NULL;
	}
	return 0;	/* the next turn tries again */
}

int
qt__follow_scan(struct qt__follow *f, size_t budget, qt__query_fn *fn,
    void *ctx)
{
	static uint8_t	piece[PIECE];
	uint64_t	tail, head;
	ssize_t		n = 0;
	size_t		skip, size;

	while (budget > 0) {
		/* Whole pieces end at safe points more often than not. */
		size = budget < QT__POINT_STEP ? budget : QT__POINT_STEP;
		n = read_piece(f, piece, size);
		if (n <= 0)
			break;
		if (f->scan == NULL) {
			f->scan = malloc(sizeof(*f->scan));
			if (f->scan == NULL)
				return -ENOMEM;
			*f->scan = (struct qt_scan)QT_SCAN_INIT;
		}
		skip = f->is_lost ? find_sync(piece, (size_t)n) : 0;
		f->is_lost = 0;
		f->pos += skip;
		qt_ring_range(f->ring, NULL, &head);
		scan_piece(f, piece + skip, (size_t)n - skip, head, fn, ctx);
		budget -= (size_t)n;
	}
	qt_ring_range(f->ring, &tail, &head);
	drop_points(f, tail);
	if (f->scan != NULL && qt_scan_is_safe(f->scan)) {
		free(f->scan);
		f->scan = NULL;
	}
	return n < 0 ? (int)n : f->pos < head;
}
