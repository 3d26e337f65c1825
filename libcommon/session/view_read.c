/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bytes of a view: from the ring, through the query filter where that is
 * due. The order of pieces is view.c's.
 *
 * Bytes are copied out of the ring once, because a piece must stay right
 * until the next call while the writer may lap its memory at any time. The
 * copy lives only until the next call, so an idle view has no buffer; the
 * filter goes as well when it stands in ground state.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "scan_priv.h"
#include "view_priv.h"

#define READ_MAX (64u << 10)
#define PRIME_LEN 4096u
#define SYNC_LEN 1024u
/*
 * Where a stream was cut: ends a sequence and a string that stand half done,
 * takes off colours and line drawing. Margins and modes stay: what they were
 * is the best guess at what they are.
 */
#define CUT "\x18\x1b\\\x1b[m\x0f\x1b(B"

static int
has_held(const struct qt_view *v)
{
	return v->filter != NULL && (v->filter->held > 0 ||
	    v->filter->rest != 0 || !qt_scan_is_safe(&v->filter->scan));
}

/* Bytes read but not passed on yet. */
static uint32_t
held(const struct qt_view *v)
{
	return v->filter != NULL ? v->filter->held - v->filter->sent : 0;
}

/*
 * How much to read for a piece of size_max: a filter may add its hold, and
 * in the worst case doubles what it reads.
 */
static size_t
read_size(uint64_t avail, size_t size_max, int filtered)
{
	size_t	n = avail < READ_MAX ? (size_t)avail : READ_MAX;

	if (filtered)
		size_max = size_max > 2 * sizeof(struct qt_filter) ?
		    size_max / 2 - QT_SCAN_TEXT : size_max / 4 + 1;
	return n < size_max ? n : size_max;
}

static int
is_filtered(const struct qt_view *v)
{
	if (v->is_recorder)
		return 0;
	return !v->is_lead || v->pos < v->replay_end || has_held(v);
}

static void
drop_filter(struct qt_view *v)
{
	if (has_held(v))
		return;
	free(v->filter);
	v->filter = NULL;
}

void
qt__view_release(struct qt_view *v)
{
	qt_buf_clear(&v->out);
	drop_filter(v);
}

void
qt__view_jump(struct qt_view *v, uint64_t pos)
{
	free(v->filter);
	v->filter = NULL;
	v->pos = v->done = v->next = pos;
}

static int
filter_need(struct qt_view *v)
{
	if (v->filter != NULL)
		return 0;
	v->filter = malloc(sizeof(*v->filter));
	if (v->filter == NULL)
		return -ENOMEM;
	*v->filter = (struct qt_filter)QT_FILTER_INIT;
	return 0;
}

/* size bytes at most from v->pos, appended to buf. As qt_ring_read(). */
static ssize_t
read_into(struct qt_view *v, struct qt_buf *buf, size_t size)
{
	ssize_t	n;

	if (qt_buf_reserve(buf, size) < 0)
		return -ENOMEM;
	n = qt_ring_read(v->ring, v->pos, buf->data + buf->len, size);
	if (n > 0) {
		buf->len += (size_t)n;
		buf->data[buf->len] = '\0';
		v->pos += (uint64_t)n;
	}
	return n;
}

static ssize_t
read_filtered(struct qt_view *v, size_t size)
{
	struct qt_buf	raw = QT_BUF_INIT;
	uint64_t	at = v->pos;
	ssize_t		n;

	if (filter_need(v) < 0)
		return -ENOMEM;
	n = read_into(v, &raw, size);
	if (n > 0 && qt_filter_feed(v->filter, raw.data, raw.len,
	    &v->out) < 0) {
		qt__view_jump(v, at);
		n = -ENOMEM;
	}
	qt_buf_clear(&raw);
	return n;
}

int
qt__view_read(struct qt_view *v, uint64_t limit, size_t size_max,
    struct qt_view_piece *out)
{
	uint64_t	start = v->next, end = limit;
	size_t		size, cut = v->is_cut ? sizeof(CUT) - 1 : 0;
	ssize_t		n;
	int		filtered;

	qt_buf_clear(&v->out);
	if (cut > 0 && qt_buf_add(&v->out, CUT, cut) < 0)
		return -ENOMEM;
	size_max -= cut;
	while (v->pos < limit && v->out.len == cut) {
		filtered = is_filtered(v);
		/* The lead's replay ends at a certain byte. */
		end = filtered && v->is_lead && v->pos < v->replay_end &&
		    v->replay_end < limit ? v->replay_end : limit;
		size = read_size(end - v->pos, size_max, filtered);
		n = filtered ? read_filtered(v, size) :
		    read_into(v, &v->out, size);
		if (n < 0)
			return (int)n;
		if (n == 0)
			break;
		v->next = v->pos - held(v);
		if (!is_filtered(v))
			drop_filter(v);
	}
	if (v->out.len <= cut) {
		v->done = v->next;	/* all of it was queries */
		return 0;
	}
	v->is_cut = 0;
	out->kind = QT_VIEW_DATA;
	out->offset = start;
	out->count = v->next - start;
	out->data = v->out.data;
	out->len = v->out.len;
	return 1;
}

uint64_t
qt__view_sync(struct qt_view *v, uint64_t pos)
{
	char	text[SYNC_LEN], *p;
	ssize_t	n = pos > 0 ? qt_ring_read(v->ring, pos, text,
		    sizeof(text)) : 0;
	ssize_t	i;

	if (n <= 0)
		return pos;
	p = memchr(text, '\n', (size_t)n);
	if (p != NULL)
		return pos + (uint64_t)(p - text) + 1;
	p = memchr(text, '\x1b', (size_t)n);
	if (p != NULL)
		return pos + (uint64_t)(p - text);
	for (i = 0; i < n && ((uint8_t)text[i] & 0xc0) == 0x80; i++)
		continue;
	return pos + (uint64_t)i;
}

int
qt__view_prime(struct qt_view *v)
{
	uint64_t	tail, pos = v->pos;
	struct qt_buf	raw = QT_BUF_INIT;
	ssize_t		n = 0;
	int		rc = filter_need(v);

	if (rc < 0)
		return rc;
	qt_ring_range(v->ring, &tail, NULL);
	v->pos = pos > PRIME_LEN ? pos - PRIME_LEN : 0;
	if (v->pos < tail)
		v->pos = tail;
	while (v->pos < pos && (n = read_into(v, &raw, pos - v->pos)) > 0)
		continue;
	v->pos = pos;
	if (n >= 0 && raw.len > 0)
		qt_filter_prime(v->filter, raw.data, raw.len);
	qt_buf_clear(&raw);
	return n == -ENOMEM ? -ENOMEM : 0;
}
