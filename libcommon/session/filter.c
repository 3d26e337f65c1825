/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The query filter. See <qt/session/scan.h>.
 *
 * The hold keeps everything from a sequence's first byte on. When the scanner
 * says what it was, the hold passes or is dropped; when it runs over first,
 * the start decides and the rest follows it (struct qt_filter.rest).
 *
 * What must never happen is that dropping something joins its neighbours to a
 * new sequence. So whatever is dropped is dropped from its introducer on, a
 * sequence given up half-way is dropped as well, and a string that ended
 * without ST gets one. C0 controls inside a dropped control sequence have
 * been executed by every terminal, so they stay. Modes are set by lists: what
 * asks is taken out of one.
 */

#include <stdlib.h>
#include <string.h>

#include "scan_priv.h"

#define QUIET ",q=2"

enum { REST_NONE, REST_PASS, REST_DROP };

static int
put(struct qt_filter *f, struct qt_buf *out, const void *p, size_t len)
{
	if (len == 0)
		return 0;
	f->last = ((const uint8_t *)p)[len - 1];
	return out == NULL ? 0 : qt_buf_add(out, p, len);
}

/* Where "q=2" goes in a kitty graphics command; 0 when this is none. */
static size_t
graphics_at(const struct qt_filter *f)
{
	const char	*p;

	if (f->held <= 2 || f->hold[2] != 'G' ||
	    f->hold[1] != (f->hold[0] == '\x1b' ? '_' : '\x9f'))
		return 0;
	for (p = f->hold + 2; p < f->hold + f->held; p++)
		if (*p == ';' || *p == '\x1b' || *p == '\xc2')
			break;
	return (size_t)(p - f->hold);
}

/* A graphics command which with QUIET would be too long to be judged. */
static int
is_graphics_full(const struct qt_filter *f, const char *text, size_t len)
{
	const char	*end = memchr(text, ';', len);

	if (end != NULL)
		len = (size_t)(end - text);
	return graphics_at(f) > 0 && len + strlen(QUIET) >= QT_SCAN_TEXT;
}

/* Lets n held bytes go out. */
static int
pass(struct qt_filter *f, size_t n, struct qt_buf *out)
{
	size_t	at = f->rest == REST_NONE ? graphics_at(f) : 0;
	size_t	from = f->sent < n ? f->sent : n;
	int	rc = 0;

	if (at > from && at <= n) {
		rc = put(f, out, f->hold + from, at - from);
		if (rc == 0)
			rc = put(f, out, QUIET, strlen(QUIET));
		from = at;
	}
	if (rc == 0)
		rc = put(f, out, f->hold + from, n - from);
	return rc;
}

/* Something is left out here: what stands around it must not join. */
static int
cut(struct qt_filter *f, struct qt_buf *out)
{
	if (f->sent > 0)
		return put(f, out, "\x18", 1);
	return f->last == 0xc2 ? put(f, out, "", 1) : 0;
}

/* Drops n held bytes. */
static int
drop(struct qt_filter *f, size_t n, int is_string, struct qt_buf *out)
{
	size_t	i;
	int	rc = cut(f, out);

	for (i = f->sent; rc == 0 && i < n && !is_string; i++) {
		uint8_t	c = (uint8_t)f->hold[i];

		if (c < 0x20 && c != 0x05 && c != 0x1b && c != 0x18 &&
		    c != 0x1a)
			rc = put(f, out, &f->hold[i], 1);
	}
	return rc;
}

/* Takes in-band resizes out of "1049;2048"; how many it took. */
static size_t
strip(char *modes, size_t *len)
{
	size_t	at = 0, kept = 0, n, taken = 0;
	long	mode;

	for (; at <= *len; at += n + 1) {
		n = strcspn(modes + at, ";");
		mode = strtol(modes + at, NULL, 10);
		if (mode == QT__MODE_IN_BAND) {
			taken++;
			continue;
		}
		if (kept > 0)
			modes[kept++] = ';';
		memmove(modes + kept, modes + at, n);
		kept += n;
	}
	modes[kept] = '\0';
	*len = kept;
	return taken;
}

/*
 * Several modes in one sequence (CSI ? ... h). One that makes the terminal
 * answer is taken out of them; with nothing left it is all dropped.
 */
static int
set_modes(struct qt_filter *f, size_t n, struct qt_buf *out)
{
	char	modes[sizeof(f->hold) + 1];
	size_t	len = 0, taken;
	int	rc;

	for (size_t i = 2; i + 1 < n; i++)
		if (f->hold[i] >= '0' && f->hold[i] <= ';')
			modes[len++] = f->hold[i];
	modes[len] = '\0';
	taken = strip(modes, &len);
	if (taken == 0)
		return pass(f, n, out);
	rc = drop(f, n, 0, out);
	if (rc < 0 || len == 0)
		return rc;
	rc = put(f, out, f->hold, 2);
	if (rc == 0)
		rc = put(f, out, "?", 1);
	if (rc == 0)
		rc = put(f, out, modes, len);
	return rc < 0 ? rc : put(f, out, "h", 1);
}

/* After a sequence: keeps the byte that belongs to the next one. */
static void
settle(struct qt_filter *f)
{
	if (qt__scan_has_kept(&f->scan)) {
		f->hold[0] = f->hold[f->held - 1];
		f->held = 1;
	} else {
		f->held = 0;
	}
	f->sent = 0;
	f->rest = REST_NONE;
}

static int
is_string_start(const struct qt_filter *f)
{
	uint8_t	c = f->held > 1 ? (uint8_t)f->hold[1] : 0;

	if ((uint8_t)f->hold[0] == 0xc2)
		c = (uint8_t)(c - 0x40);
	return c != 0 && strchr("]PX^_", c) != NULL;
}

/* A sequence is complete or was given up. */
static int
finish(struct qt_filter *f, const struct qt_scan_seq *seq, struct qt_buf *out)
{
	int	kept = qt__scan_has_kept(&f->scan);
	int	is_string = seq == NULL || (seq->kind != QT_SCAN_CSI &&
		    seq->kind != QT_SCAN_ESC);
	size_t	n = f->held - (size_t)kept;
	int	rc;

	if (f->rest == REST_DROP) {
		rc = cut(f, out);
	} else if (f->rest == REST_PASS) {
		rc = pass(f, n, out);
		if (rc == 0 && seq == NULL)
			rc = put(f, out, "\x18", 1);
		else if (rc == 0 && kept)
			rc = put(f, out, "\x1b\\", 2);
	} else if (seq == NULL) {
		rc = drop(f, n, is_string_start(f), out);
	} else if (qt_scan_is_query(seq) || (is_string &&
	    is_graphics_full(f, seq->text, seq->len))) {
		rc = drop(f, n, is_string, out);
	} else if (qt__scan_is_modes(seq)) {
		rc = set_modes(f, n, out);
	} else {
		rc = pass(f, n, out);
		if (rc == 0 && kept)
			rc = put(f, out, "\x1b\\", 2);
	}
	settle(f);
	return rc;
}

static void
hold(struct qt_filter *f, const uint8_t *p, size_t len)
{
	memcpy(f->hold + f->held, p, len);
	f->held += (uint32_t)len;
}

/*
 * The hold is full: its start decides. The last byte stays, because it may
 * have to be judged together with the next.
 */
static int
overflow(struct qt_filter *f, struct qt_buf *out)
{
	int	rc = 0;

	if (f->rest == REST_NONE && (qt__scan_is_query_head(&f->scan) ||
	    is_graphics_full(f, f->scan.text, f->scan.text_len)))
		f->rest = REST_DROP;
	if (f->rest != REST_DROP) {
		rc = pass(f, f->held - 1, out);
		f->rest = REST_PASS;
		f->sent = 0;
	}
	f->hold[0] = f->hold[f->held - 1];
	f->held = 1;
	return rc;
}

static int
one_event(struct qt_filter *f, enum qt__scan_event ev, const uint8_t *p,
    size_t used, const struct qt_scan_seq *seq, struct qt_buf *out)
{
	int	rc, is_enq;

	switch (ev) {
	case QT__SCAN_TEXT:
		rc = pass(f, f->held, out);
		f->held = f->sent = 0;
		return rc < 0 ? rc : put(f, out, p, used);
	case QT__SCAN_CONTROL:
		is_enq = seq->final == 0x05;
		if (f->scan.state != QT__S_GROUND)
			return hold(f, p, used - (size_t)is_enq), 0;
		return is_enq ? cut(f, out) : put(f, out, p, used);
	case QT__SCAN_SEQ:
		hold(f, p, used);
		return finish(f, seq, out);
	case QT__SCAN_ABORT:
		hold(f, p, used);
		return finish(f, NULL, out);
	default:
		hold(f, p, used);
		return f->held < sizeof(f->hold) ? 0 : overflow(f, out);
	}
}

/* How much may be scanned at once: text without end, else what can be held. */
static size_t
room(const struct qt_filter *f, uint8_t next, size_t len)
{
	size_t	n = sizeof(f->hold) - f->held;

	if (f->scan.state == QT__S_GROUND && f->scan.flags == 0 &&
	    !qt__scan_is_special(next))
		return len;
	return len < n ? len : n;
}

int
qt_filter_feed(struct qt_filter *f, const void *data, size_t len,
    struct qt_buf *out)
{
	const uint8_t		*p = data;
	struct qt_scan_seq	seq;
	enum qt__scan_event	ev;
	size_t			used;
	int			rc;

	while (len > 0) {
		ev = qt__scan_next(&f->scan, p, room(f, *p, len), &used, &seq);
		rc = one_event(f, ev, p, used, &seq, out);
		if (rc < 0)
			return rc;
		p += used;
		len -= used;
	}
	return 0;
}

void
qt_filter_prime(struct qt_filter *f, const void *data, size_t len)
{
	*f = (struct qt_filter)QT_FILTER_INIT;
	(void)qt_filter_feed(f, data, len, NULL);
	f->sent = f->held;
}
