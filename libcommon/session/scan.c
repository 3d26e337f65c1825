/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The scanner of terminal output. See <qt/session/scan.h>.
 *
 * Text is by far the most, so the ground state is one vector search for a byte
 * that could start something: a C0 control other than BS to CR, or C2. What a
 * piece of text ends with inside a UTF-8 character is found by looking back
 * over its last three bytes, not by decoding all of it. C2 is never a
 * continuation byte, so "C2, then 80 to 9F" is a C1 control whatever stood
 * before, and needs one flag to survive a split.
 */

#include <string.h>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "scan_priv.h"

#define PARAM_MAX 99999999u

/* Index of the first special byte, or len. */
static size_t
find_special(const uint8_t *p, size_t len)
{
	size_t	i = 0;

#if defined(__SSE2__)
	for (; i + 16 <= len; i += 16) {
		__m128i	v = _mm_loadu_si128((const __m128i *)(p + i));
		__m128i	c0 = _mm_cmpeq_epi8(_mm_min_epu8(v,
			    _mm_set1_epi8(0x1f)), v);
		__m128i	w = _mm_sub_epi8(v, _mm_set1_epi8(0x08));
		__m128i	layout = _mm_cmpeq_epi8(_mm_min_epu8(w,
			    _mm_set1_epi8(0x05)), w);
		__m128i	c2 = _mm_cmpeq_epi8(v, _mm_set1_epi8((char)0xc2));
		int	mask = _mm_movemask_epi8(_mm_or_si128(
			    _mm_andnot_si128(layout, c0), c2));

		if (mask != 0)
			return i + (size_t)__builtin_ctz((unsigned int)mask);
	}
#endif
	while (i < len && !qt__scan_is_special(p[i]))
		i++;
	return i;
}

/* Continuation bytes due after a piece of text; need was due before it. */
static uint8_t
utf8_need(uint8_t need, const uint8_t *p, size_t len)
{
	size_t	back;

	for (back = 1; back <= 3 && back <= len; back++) {
		uint8_t	c = p[len - back];
		uint8_t	n = c >= 0xf0 ? 3 : c >= 0xe0 ? 2 : c >= 0xc2 ? 1 : 0;

		if (c >= 0xf5)
			n = 0;
		if ((c & 0xc0) != 0x80)
			return n >= back ? (uint8_t)(n - back + 1) : 0;
	}
	/* Only continuation bytes, fewer than three. */
	return len < need ? (uint8_t)(need - len) : 0;
}

static void
start(struct qt_scan *s, enum qt__scan_state state, char final)
{
	s->state = (uint8_t)state;
	s->flags = 0;
	s->utf8_need = 0;
	s->prefix = s->inter = 0;
	s->final = final;
	s->nparams = 0;
	s->text_len = 0;
}

static void
say(const struct qt_scan *s, enum qt_scan_kind kind, uint8_t final,
    struct qt_scan_seq *seq)
{
	seq->kind = kind;
	seq->prefix = s->prefix;
	seq->inter = s->inter;
	seq->final = (char)final;
	seq->nparams = s->nparams;
	seq->param = s->param;
	seq->text = s->text;
	seq->len = s->text_len;
}

static enum qt__scan_event
done(struct qt_scan *s, enum qt_scan_kind kind, uint8_t final,
    struct qt_scan_seq *seq)
{
	say(s, kind, final, seq);
	s->state = QT__S_GROUND;
	s->flags = 0;
	return QT__SCAN_SEQ;
}

/* The string is complete; its state says what it is. */
static enum qt__scan_event
done_string(struct qt_scan *s, struct qt_scan_seq *seq)
{
	enum qt_scan_kind kind = s->state == QT__S_OSC ? QT_SCAN_OSC :
	    s->state == QT__S_DCS_PASS ? QT_SCAN_DCS : QT_SCAN_STRING;

	return done(s, kind, (uint8_t)s->final, seq);
}

static enum qt__scan_event
give_up(struct qt_scan *s)
{
	s->state = QT__S_GROUND;
	s->flags = 0;
	return QT__SCAN_ABORT;
}

/*
 * The byte after ESC, or a C1 control as that byte. SEQ when it is complete,
 * MORE when it opened something.
 */
static enum qt__scan_event
introduce(struct qt_scan *s, uint8_t c, struct qt_scan_seq *seq)
{
	switch (c) {
	case '[':
		start(s, QT__S_CSI, 0);
		return QT__SCAN_MORE;
	case ']':
		start(s, QT__S_OSC, 0);
		return QT__SCAN_MORE;
	case 'P':
		start(s, QT__S_DCS, 0);
		return QT__SCAN_MORE;
	case 'X':
	case '^':
	case '_':
		start(s, QT__S_STRING, (char)c);
		return QT__SCAN_MORE;
	default:
		return done(s, QT_SCAN_ESC, c, seq);
	}
}

static void
add_inter(struct qt_scan *s, uint8_t c)
{
	s->inter = s->inter == 0 ? (char)c : 0x7f;
}

static void
add_param(struct qt_scan *s, uint8_t c)
{
	uint32_t	*v;

	if (s->nparams == 0) {
		s->nparams = 1;
		s->param[0] = 0;
	}
	if (c == ':') {
		s->flags |= QT__F_SUB;
	} else if (c == ';') {
		s->flags &= (uint8_t)~QT__F_SUB;
		if (s->nparams < QT_SCAN_PARAMS)
			s->param[s->nparams++] = 0;
		else
			s->flags |= QT__F_OVER;
	} else if ((s->flags & (QT__F_SUB | QT__F_OVER)) == 0) {
		v = &s->param[s->nparams - 1];
		if (*v <= PARAM_MAX / 10)
			*v = *v * 10 + (c - '0');
	}
}

/* Whether CSI or DCS has seen nothing but its introducer. */
static int
is_entry(const struct qt_scan *s)
{
	return s->nparams == 0 && s->prefix == 0;
}

/*
 * A printable byte inside CSI or the head of DCS; their states lie side by
 * side. 1 when it is the final byte, 2 when that ends an ignored sequence.
 */
static int
head_byte(struct qt_scan *s, uint8_t c)
{
	uint8_t	base = s->state >= QT__S_DCS ? QT__S_DCS : QT__S_CSI;
	uint8_t	at = (uint8_t)(s->state - base);

	if (c >= 0x40)
		return at == 2 ? 2 : 1;
	if (at == 2)
		return 0;
	if (c < 0x30) {
		add_inter(s, c);
		s->state = (uint8_t)(base + 1);
	} else if (at == 1) {
		s->state = (uint8_t)(base + 2);
	} else if (c <= ';') {
		add_param(s, c);
	} else if (is_entry(s)) {
		s->prefix = (char)c;
	} else {
		s->state = (uint8_t)(base + 2);
	}
	return 0;
}

/* A printable byte in a state that is neither ground nor a string. */
static enum qt__scan_event
sequence_byte(struct qt_scan *s, uint8_t c, struct qt_scan_seq *seq)
{
	int	end;

	if (s->state == QT__S_ESC || s->state == QT__S_ESC_INTER) {
		if (c >= 0x20 && c < 0x30) {
			add_inter(s, c);
			s->state = QT__S_ESC_INTER;
			return QT__SCAN_MORE;
		}
		return s->state == QT__S_ESC ? introduce(s, c, seq) :
		    done(s, QT_SCAN_ESC, c, seq);
	}
	end = head_byte(s, c);
	if (end == 0)
		return QT__SCAN_MORE;
	if (s->state < QT__S_DCS)
		return end == 2 ? give_up(s) : done(s, QT_SCAN_CSI, c, seq);
	s->final = (char)c;
	if (end == 2) {	/* an ignored DCS is a string that means nothing */
		s->state = QT__S_STRING;
		s->final = 'P';
	} else {
		s->state = QT__S_DCS_PASS;
	}
	s->flags = 0;
	return QT__SCAN_MORE;
}

static void
add_text(struct qt_scan *s, uint8_t c)
{
	if (s->text_len < QT_SCAN_TEXT)
		s->text[s->text_len++] = (char)c;
}

/* Payload bytes up to one that may end the string; how many. */
static size_t
string_run(struct qt_scan *s, const uint8_t *p, size_t len)
{
	size_t	n = 0, room = QT_SCAN_TEXT - s->text_len;

	while (n < len && p[n] >= 0x20 && p[n] != 0xc2)
		n++;
	if (room > n)
		room = n;
	memcpy(s->text + s->text_len, p, room);
	s->text_len += (uint32_t)room;
	return n;
}

/* One byte of a string that is below 0x20 or C2. */
static enum qt__scan_event
string_byte(struct qt_scan *s, uint8_t c, struct qt_scan_seq *seq)
{
	if (c == 0xc2) {
		s->flags |= QT__F_C2;
	} else if (c == 0x1b) {
		s->flags |= QT__F_ESC;
	} else if (c == 0x18 || c == 0x1a) {
		return give_up(s);
	} else if (s->state == QT__S_OSC) {
		if (c == 0x07)
			return done_string(s, seq);
	} else {
		add_text(s, c);
	}
	return QT__SCAN_MORE;
}

/*
 * Judges the pending byte by the one after it. *took says whether that one
 * was part of it. MORE when nothing ended.
 */
static enum qt__scan_event
resolve(struct qt_scan *s, uint8_t c, int *took, struct qt_scan_seq *seq)
{
	enum qt__scan_event	ev;

	*took = 0;
	if (s->flags & QT__F_ESC) {
		ev = done_string(s, seq);
		*took = c == '\\';
		if (!*took)
			start(s, QT__S_ESC, 0);
		return ev;
	}
	if (c >= 0x80 && c <= 0x9f) {
		if (s->state == QT__S_GROUND) {
			*took = 1;
			start(s, QT__S_ESC, 0);
			return introduce(s, (uint8_t)(c - 0x40), seq);
		}
		if (c == 0x9c && s->state >= QT__S_DCS_PASS) {
			*took = 1;
			return done_string(s, seq);
		}
		ev = give_up(s);
		s->flags = QT__F_C2;
		return ev;
	}
	s->flags &= (uint8_t)~QT__F_C2;
	if (s->state >= QT__S_DCS_PASS)
		add_text(s, 0xc2);
	return QT__SCAN_MORE;
}

/* Ground state; the byte at p is the next. */
static enum qt__scan_event
ground(struct qt_scan *s, const uint8_t *p, size_t len, size_t *used,
    struct qt_scan_seq *seq)
{
	size_t	n = 0;

	if (s->flags & QT__F_C2) {	/* and no C1 control follows */
		s->flags = 0;
		s->utf8_need = 1;
		if (qt__scan_is_special(p[0]))
			return *used = 0, QT__SCAN_TEXT;
	}
	do {
		n += find_special(p + n, len - n);
		if (n + 1 >= len || p[n] != 0xc2 || (p[n + 1] & 0xe0) == 0x80)
			break;
		n++;
	} while (1);
	*used = n;
	if (n > 0) {
		s->utf8_need = utf8_need(s->utf8_need, p, n);
		return QT__SCAN_TEXT;
	}
	*used = 1;
	s->utf8_need = 0;
	if (p[0] == 0xc2) {
		s->flags = QT__F_C2;
		return QT__SCAN_MORE;
	}
	if (p[0] == 0x1b) {
		start(s, QT__S_ESC, 0);
		return QT__SCAN_MORE;
	}
	say(s, QT_SCAN_CONTROL, p[0], seq);
	seq->nparams = 0;
	return QT__SCAN_CONTROL;
}

/* A control or non-ASCII byte outside ground and strings. */
static enum qt__scan_event
odd_byte(struct qt_scan *s, uint8_t c, size_t *used, struct qt_scan_seq *seq)
{
	*used = 1;
	if (c == 0xc2) {
		s->flags |= QT__F_C2;
		return QT__SCAN_MORE;
	}
	if (c == 0x1b || c >= 0x80) {
		*used = 0;
		return give_up(s);
	}
	if (c == 0x18 || c == 0x1a)
		return give_up(s);
	if (c == 0x7f || (c >= 0x08 && c <= 0x0d) || s->state >= QT__S_DCS)
		return QT__SCAN_MORE;
	say(s, QT_SCAN_CONTROL, c, seq);
	seq->nparams = 0;
	return QT__SCAN_CONTROL;
}

/* One step: an event, or MORE after some bytes. *used may be 0. */
static enum qt__scan_event
step(struct qt_scan *s, const uint8_t *p, size_t len, size_t *used,
    struct qt_scan_seq *seq)
{
	enum qt__scan_event	ev;
	int			took;

	if (s->flags & QT__F_PENDING) {
		if (s->state != QT__S_GROUND || (p[0] & 0xe0) == 0x80) {
			ev = resolve(s, p[0], &took, seq);
			*used = (size_t)took;
			if (ev != QT__SCAN_MORE || took)
				return ev;
			if (s->state < QT__S_DCS_PASS) { /* C2 of text */
				ev = give_up(s);
				s->flags = QT__F_C2;
				return ev;
			}
		}
	}
	if (s->state == QT__S_GROUND)
		return ground(s, p, len, used, seq);
	if (s->state >= QT__S_DCS_PASS) {
		*used = string_run(s, p, len);
		if (*used > 0)
			return QT__SCAN_MORE;
		*used = 1;
		return string_byte(s, p[0], seq);
	}
	if (p[0] < 0x20 || p[0] >= 0x7f)
		return odd_byte(s, p[0], used, seq);
	*used = 1;
	return sequence_byte(s, p[0], seq);
}

enum qt__scan_event
qt__scan_next(struct qt_scan *s, const void *data, size_t len, size_t *used,
    struct qt_scan_seq *seq)
{
	const uint8_t		*p = data;
	enum qt__scan_event	ev;
	size_t			i = 0, n;

	while (i < len) {
		/* The plain path of CSI, which is most of what is not text. */
		while (s->state == QT__S_CSI && s->flags == 0 && i < len &&
		    p[i] >= '0' && p[i] <= ';' && p[i] != ':')
			add_param(s, p[i++]);
		if (i == len)
			break;
		ev = step(s, p + i, len - i, &n, seq);
		i += n;
		if (ev != QT__SCAN_MORE) {
			*used = i;
			return ev;
		}
	}
	*used = i;
	return QT__SCAN_MORE;
}

void
qt_scan_feed(struct qt_scan *s, const void *data, size_t len, qt_scan_fn *fn,
    void *ctx)
{
	const uint8_t		*p = data;
	struct qt_scan_seq	seq;
	enum qt__scan_event	ev;
	size_t			used;

	while (len > 0) {
		ev = qt__scan_next(s, p, len, &used, &seq);
		if (fn != NULL &&
		    (ev == QT__SCAN_SEQ || ev == QT__SCAN_CONTROL))
			fn(ctx, &seq);
		p += used;
		len -= used;
	}
}

int
qt_scan_is_safe(const struct qt_scan *s)
{
	return s->state == QT__S_GROUND && s->flags == 0 && s->utf8_need == 0;
}
