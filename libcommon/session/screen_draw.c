/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Drawing a session's screen at an offset. From a screen that is still kept
 * and not too far behind; else from a safe point: a fresh screen is brought
 * into the modes of that point by the preamble and is fed the bytes from there
 * on, a MiB at most, which is a screen with some thousand lines of scrollback.
 * What an earlier redraw put on the screen before that MiB is not shown.
 *
 * The bytes are copied out of the ring before they are parsed: parsing takes
 * many times longer than the writer needs to lap them.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <qt/base/clock.h>

#include "screen_priv.h"

#define BUDGET_MIN	(8u << 10)
#define FEED_STEP	1024u
#define REFUSE_MS	5000u	/* after a screen that took too long */

static void
unlink_drawn(struct qt__drawn *d, struct qt__follow *f)
{
	if (f->newer != NULL)
		f->newer->older = f->older;
	else
		d->newest = f->older;
	if (f->older != NULL)
		f->older->newer = f->newer;
	else
		d->oldest = f->newer;
	f->newer = f->older = NULL;
	d->count--;
}

static void
link_newest(struct qt__drawn *d, struct qt__follow *f)
{
	f->newer = NULL;
	f->older = d->newest;
	if (d->newest != NULL)
		d->newest->newer = f;
	else
		d->oldest = f;
	d->newest = f;
	d->count++;
}

void
qt__draw_drop(struct qt__drawn *d, struct qt__follow *f)
{
	if (f->vt == NULL)
		return;
	unlink_drawn(d, f);
	qt_vt_free(f->vt);
	f->vt = NULL;
}

/* Drops the screens used longest ago until the bounds hold; f stays. */
static void
make_room(struct qt__drawn *d, const struct qt__follow *f)
{
	const struct qt__follow	*i;
	size_t			bytes = 0;

	for (i = d->newest; i != NULL; i = i->older)
		bytes += qt_vt_memory(i->vt);
	while (d->oldest != NULL && d->oldest != f &&
	    (d->count > QT__DRAWN_MAX || bytes > QT__DRAWN_BYTES_MAX)) {
		bytes -= qt_vt_memory(d->oldest->vt);
		qt__draw_drop(d, d->oldest);
	}
}

static const struct qt__size *
size_at(const struct qt__follow *f, uint64_t offset)
{
	uint32_t	i = f->size_count - 1u;

	while (i > 0 && f->size[i].offset > offset)
		i--;
	return &f->size[i];
}

/* Processor time: a busy machine is not the session's fault. */
static uint64_t
cpu_ms(void)
{
	struct timespec	t;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/*
 * Feeds len bytes. Some short sequences on a large screen cost milliseconds
 * each, so the clock is looked at often: -ETIMEDOUT.
 */
static int
feed_bounded(struct qt__follow *f, const char *data, size_t len,
    uint64_t end_ms)
{
	size_t	n;

	for (; len > 0; len -= n, data += n) {
		n = len < FEED_STEP ? len : FEED_STEP;
		qt_vt_feed(f->vt, data, n);
		f->vt_offset += n;
		f->vt_fed += n;
		if (len > n && cpu_ms() > end_ms)
			return -ETIMEDOUT;
	}
	return 0;
}

/* Feeds bytes [f->vt_offset, + len), each at the size of its time. */
static int
feed(struct qt__follow *f, const char *data, size_t len)
{
	uint64_t	end_ms = cpu_ms() + QT__DRAW_MS;
	uint64_t	end = f->vt_offset + len, next;
	uint32_t	i;
	size_t		n;
	int		rc = 0;

	for (i = 0; i <= f->size_count && rc == 0; i++) {
		next = i < f->size_count ? f->size[i].offset : end;
		if (next > end)
			next = end;
		if (next > f->vt_offset) {
			n = (size_t)(next - f->vt_offset);
			rc = feed_bounded(f, data, n, end_ms);
			data += n;
		}
		if (rc == 0 && i < f->size_count && f->size[i].offset == f->vt_offset)
			rc = qt_vt_resize(f->vt, f->size[i].cols,
			    f->size[i].rows);
	}
	/* One that was made known only after its bytes were fed. */
	i = f->size_count - 1u;
	if (rc == 0 && f->size[i].offset <= f->vt_offset)
		rc = qt_vt_resize(f->vt, f->size[i].cols, f->size[i].rows);
	return rc;
}

/* A fresh screen at offset, in the modes of a point or of none. */
static int
begin(struct qt__drawn *d, struct qt__follow *f, uint64_t offset,
    const struct qt__point *p, uint32_t lines)
{
	const struct qt__size	*size = size_at(f, offset);
	struct qt_modes		modes = QT_MODES_INIT;
	struct qt_buf		text = QT_BUF_INIT;
	int			rc;

	qt__draw_drop(d, f);
	rc = qt_vt_new(size->cols, size->rows, lines, &f->vt);
	if (rc < 0) {
		f->vt = NULL;
		return rc;
	}
	link_newest(d, f);
	f->vt_lines = lines;
	f->vt_offset = offset;
	f->vt_fed = 0;
	if (p != NULL)
		qt__point_modes(f, p, &modes);
	else
		memcpy(modes.title, f->modes.title, sizeof(modes.title));
	rc = qt_modes_preamble(&modes, &text);
	if (rc == 0 && text.len > 0) {
		qt_vt_feed(f->vt, text.data, text.len);
		f->vt_fed = text.len;
	}
	qt_buf_clear(&text);
	return rc;
}

/* Where drawing starts so that target is reached within the budget. */
static uint64_t
choose_start(const struct qt__follow *f, uint64_t target, uint64_t budget,
    const struct qt__point **p)
{
	uint64_t	tail, from;

	qt_ring_range(f->ring, &tail, NULL);
	from = target > budget ? target - budget : 0;
	*p = NULL;
	if (from == 0 && tail == 0)
		return 0;
	if (from < tail)
		from = tail;
	*p = qt__follow_point(f, from);
	if (*p != NULL && (*p)->offset <= target)
		return (*p)->offset;
	/* None in reach: the one before is the best guess at the modes. */
	*p = f->points > 0 ? &f->point[f->points - 1] : NULL;
	return from;
}

/* Copies [from, target) of the ring. 0, -QT_ELAPPED, -ENOMEM. */
static int
copy(struct qt__follow *f, uint64_t from, uint64_t target,
    struct qt_buf *out)
{
	ssize_t	n;

	if (qt_buf_reserve(out, (size_t)(target - from) + 1) < 0)
		return -ENOMEM;
	while (from < target) {
		n = qt_ring_read(f->ring, from, out->data + out->len,
		    (size_t)(target - from));
		if (n <= 0)
			return n < 0 ? (int)n : -QT_ECORRUPT;
		out->len += (size_t)n;
		from += (uint64_t)n;
	}
	return 0;
}

/*
 * Lines that scroll away before the wanted scrollback need no drawing: the
 * newest point with enough line ends behind it. Not on the alternate screen or
 * with margins, where a line end need not scroll everything.
 */
static uint64_t
skip_lines(const struct qt__follow *f, uint64_t from, const struct qt_buf *text,
    uint32_t lines, const struct qt__point **p)
{
	const char	*at = text->data + text->len;
	uint32_t	i;

	if (f->modes.dec & QT_MODE_ALT_SCREEN || f->modes.margin_top != 0 ||
	    f->modes.margin_bottom != 0)
		return from;
	lines += 4u * f->size[f->size_count - 1].rows;
	for (; lines > 0 && at != NULL; lines--)
		at = memrchr(text->data, '\n', (size_t)(at - text->data));
	if (at == NULL)
		return from;
	for (i = f->points; i > 0; i--) {
		if (f->point[i - 1].offset <= from)
			break;
		if (f->point[i - 1].offset <=
		    from + (uint64_t)(at - text->data)) {
			*p = &f->point[i - 1];
			return (*p)->offset;
		}
	}
	return from;
}

static int
is_kept_good(const struct qt__follow *f, uint64_t target, uint32_t lines)
{
	uint64_t	tail;

	qt_ring_range(f->ring, &tail, NULL);
	return f->vt != NULL && f->vt_lines >= lines &&
	    f->vt_offset <= target && f->vt_offset >= tail &&
	    target - f->vt_offset <= QT__DRAW_BUDGET;
}

static int
advance(struct qt__drawn *d, struct qt__follow *f, uint64_t target,
    uint64_t budget, uint32_t lines)
{
	const struct qt__point	*p = NULL;
	struct qt_buf		text = QT_BUF_INIT;
	uint64_t		from, start;
	int			rc, is_kept = is_kept_good(f, target, lines);

	from = is_kept ? f->vt_offset : choose_start(f, target, budget, &p);
	start = from;
	rc = copy(f, from, target, &text);
	if (rc == 0 && !is_kept) {
		start = skip_lines(f, from, &text, lines, &p);
		rc = begin(d, f, start, p, lines);
	}
	if (rc == 0)
		rc = feed(f, text.data + (start - from),
		    text.len - (size_t)(start - from));
	qt_buf_clear(&text);
	return rc;
}

int
qt__draw(struct qt__drawn *d, struct qt__follow *f, uint64_t target,
    uint32_t lines)
{
	uint64_t	budget = QT__DRAW_BUDGET;
	int		rc;

	if (lines < QT__DRAW_LINES)
		lines = QT__DRAW_LINES;
	if (f->slow_ms != 0 && qt_clock_mono_ms() - f->slow_ms < REFUSE_MS)
		return -ETIMEDOUT;
	rc = advance(d, f, target, budget, lines);
	/* A flood laps us: what is newest, and less of it, is good enough. */
	while (rc == -QT_ELAPPED && budget > BUDGET_MIN) {
		budget /= 2;
		qt_ring_range(f->ring, NULL, &target);
		rc = advance(d, f, target, budget, lines);
	}
	f->slow_ms = rc == -ETIMEDOUT ? qt_clock_mono_ms() : 0;
	if (rc < 0) {
		qt__draw_drop(d, f);
		return rc;
	}
	unlink_drawn(d, f);
	link_newest(d, f);
	make_room(d, f);
	return 0;
}

/* The last safe offset that the screen shows. */
static uint64_t
drawn_offset(const struct qt__follow *f)
{
	return f->vt_offset - (f->vt_fed - qt_vt_safe(f->vt));
}

static int
answer_modes(struct qt__follow *f, struct qt_screen_answer *a,
    struct qt_buf *out)
{
	const struct qt__size	*size;
	struct qt_modes		modes = f->modes;
	const struct qt__point	*p;
	uint64_t		tail;

	qt_ring_range(f->ring, &tail, NULL);
	p = tail > 0 ? qt__follow_point(f, tail) : NULL;
	if (p != NULL)
		qt__point_modes(f, p, &modes);
	else if (tail == 0)
		modes = (struct qt_modes)QT_MODES_INIT;
	a->offset = p != NULL ? p->offset : tail > 0 ? f->pos : 0;
	size = size_at(f, a->offset);
	a->cols = size->cols;
	a->rows = size->rows;
	return qt_modes_preamble(&modes, out);
}

int
qt__draw_answer(struct qt__drawn *d, struct qt__follow *f,
    const struct qt_screen_request *req, struct qt_screen_answer *a,
    struct qt_buf *out)
{
	uint64_t	head;
	int		rc;

	if (req->form == QT_SCREEN_MODES)
		return answer_modes(f, a, out);
	if (req->form > QT_SCREEN_MODES ||
	    req->scrollback > QT_VT_SCROLLBACK_MAX)
		return -EINVAL;
	qt_ring_range(f->ring, NULL, &head);
	rc = qt__draw(d, f, head, req->scrollback);
	if (rc < 0)
		return rc;
	a->offset = drawn_offset(f);
	qt_vt_size(f->vt, &a->cols, &a->rows);
	qt_vt_cursor(f->vt, &a->cursor_col, &a->cursor_row);
	rc = qt_vt_dump(f->vt, (enum qt_screen_form)req->form, req->scrollback,
	    req->flags & QT_SCREEN_KEEP ? QT_VT_KEEP_SCROLLBACK : 0, out);
	if (rc == 0 && out->len > QT_SCREEN_LEN_MAX)
		rc = -QT_EFULL;
	return rc;
}
