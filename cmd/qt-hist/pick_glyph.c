/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes as a terminal shows them. See pick_glyph.h. */

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <utf8proc.h>

#include "pick_glyph.h"

#define ARROW		"\xe2\x86\xb5"	/* U+21B5, one column */
#define LOOK_BACK	256u		/* bytes; behind them any place will do */

static bool
is_direction(int32_t c)
{
	return c == 0x61c || c == 0x200e || c == 0x200f ||
	    (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

static bool
is_control(int32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x2028 ||
	    c == 0x2029 || is_direction(c);
}

static bool
is_flag(int32_t c)
{
	return c >= 0x1f1e6 && c <= 0x1f1ff;
}

static int
iterate(const char *text, size_t len, int32_t *c)
{
	utf8proc_ssize_t	n;

	n = utf8proc_iterate((const utf8proc_uint8_t *)text,
	    len < 8 ? (utf8proc_ssize_t)len : 8, c);
	return n < 1 || *c < 0 ? 0 : (int)n;
}

static unsigned int
width(int32_t c)
{
	int	w = utf8proc_charwidth(c);

	return c == 0xad ? 1 : w < 0 ? 0 : w > 2 ? 2 : (unsigned int)w;
}

/* len bytes shown as a mark. */
static void
set_mark(struct pick_glyph *out, size_t len, int32_t c)
{
	out->len = len;
	if (c == '\n')
		strcpy(out->mark, ARROW);
	else if (c == '\t' || c == '\r')
		strcpy(out->mark, c == '\t' ? "\\t" : "\\r");
	else
		snprintf(out->mark, sizeof(out->mark), c < 0x100 ? "\\x%02x" :
		    "\\u%04x", (unsigned int)c);
	out->columns = c == '\n' ? 1 : (unsigned int)strlen(out->mark);
}

/* What belongs to the character before, first. */
static void
add_rest(const char *text, size_t len, int32_t first, struct pick_glyph *out)
{
	utf8proc_int32_t	state = 0;
	int32_t			before = first, c;
	int			n;

	while (out->len < len && out->len < PICK_GLYPH_MAX) {
		n = iterate(text + out->len, len - out->len, &c);
		if (n == 0 || is_control(c) ||
		    utf8proc_grapheme_break_stateful(before, c, &state))
			return;
		if (width(c) > out->columns || c == 0xfe0f ||
		    (is_flag(first) && is_flag(c)))
			out->columns = width(c) > 1 || c == 0xfe0f ||
			    is_flag(c) ? 2 : 1;
		out->len += (size_t)n;
		before = c;
	}
}

void
pick_glyph_next(const char *text, size_t len, struct pick_glyph *out)
{
	int32_t	c;
	int	n;

	out->mark[0] = '\0';
	out->len = out->columns = 1;
	/* Nothing joins two characters of ASCII but what is a mark anyway. */
	if (*text >= ' ' && *text < 0x7f &&
	    (len == 1 || (unsigned char)text[1] < 0x80))
		return;
	n = iterate(text, len, &c);
	if (n == 0) {
		set_mark(out, 1, (unsigned char)*text);
		return;
	}
	if (is_control(c)) {
		set_mark(out, (size_t)n, c);
		return;
	}
	out->len = (size_t)n;
	out->columns = width(c);
	if (out->columns == 0) {	/* nothing to be combined with */
		set_mark(out, (size_t)n, c);
		return;
	}
	add_rest(text, len, c, out);
}

size_t
pick_glyph_before(const char *text, size_t at)
{
	size_t			from = at > LOOK_BACK ? at - LOOK_BACK : 0;
	struct pick_glyph	g;

	/* From the beginning of a character, or nearly all would be marks. */
	while (from > 0 && from < at && (text[from] & 0xc0) == 0x80)
		from++;
	for (;;) {
		pick_glyph_next(text + from, at - from, &g);
		if (from + g.len >= at)
			return from;
		from += g.len;
	}
}

unsigned int
pick_glyph_columns(const char *text, size_t len)
{
	struct pick_glyph	g;
	unsigned int		sum = 0;

	for (; len > 0; text += g.len, len -= g.len) {
		pick_glyph_next(text, len, &g);
		sum += g.columns;
	}
	return sum;
}
