/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Widths of characters. The page shows terminals by xterm.js with its
 * unicode11 addon, and a cursor that both sides place differently corrupts a
 * line, so its widths are the house's: those of utf8proc, but marks that take
 * space have one column, and what became wide after Unicode 12 has one as well.
 *
 * libvterm has a table of its own, older or newer, that cannot be replaced.
 * It is asked once what it thinks of a block of characters. One that it gets
 * wrong is given to it as a stand-in of the right width, and read back:
 *
 *	is 1, should be 2:  U+1xxxx as U+3xxxx, wide and hardly assigned
 *	is 2, should be 1:  U+xxxx as U+10xxxx, private use
 *	is 1, should be 0:  one of the variation selectors U+E0100 to U+E01EF,
 *			    by a table of those that were met
 *	ASCII with something combined: U+10FFxx, private use (vt_text.c)
 */

#include <pthread.h>
#include <string.h>

#include <utf8proc.h>

#include "vt_priv.h"

#define KNOWN_MAX	0x20000u
#define ZERO_FIRST	0xe0100u

enum { FIX_NONE, FIX_WIDE, FIX_NARROW, FIX_ZERO };

static uint8_t		fix[KNOWN_MAX / 4];	/* 2 bits each */
static uint8_t		width[KNOWN_MAX / 4];	/* what comes of it */
static pthread_once_t	fix_once = PTHREAD_ONCE_INIT;

/* Wide since Unicode 13 or later, with the gaps that more will fill. */
static int
is_newer(uint32_t c)
{
	static const uint32_t	range[][2] = {
		{ 0x31bb, 0x31bf }, { 0x16ff0, 0x16fff }, { 0x187f8, 0x187ff },
		{ 0x18af3, 0x18d8f }, { 0x1aff0, 0x1afff },
		{ 0x1b11f, 0x1b14f }, { 0x1b153, 0x1b163 },
		{ 0x1b168, 0x1b16f }, { 0x1d300, 0x1d376 },
		{ 0x1f6d6, 0x1f6df }, { 0x1f6fb, 0x1f6ff },
		{ 0x1f7ec, 0x1f7ff }, { 0x1f90c, 0x1f90c },
		{ 0x1f972, 0x1f972 }, { 0x1f977, 0x1f979 },
		{ 0x1f9a3, 0x1f9a4 }, { 0x1f9ab, 0x1f9ad },
		{ 0x1f9cb, 0x1f9cc }, { 0x1fa74, 0x1fa77 },
		{ 0x1fa7b, 0x1fa7f }, { 0x1fa83, 0x1fa8f },
		{ 0x1fa96, 0x1faff }, { 0x2630, 0x2637 }, { 0x268a, 0x268f },
		{ 0x4dc0, 0x4dff },
	};
	size_t			i;

	for (i = 0; i < sizeof(range) / sizeof(range[0]); i++)
		if (c >= range[i][0] && c <= range[i][1])
			return 1;
	return 0;
}

static int
wanted_width(uint32_t c)
{
	utf8proc_category_t	k;
	int			w;

	if (c >= 0x1160 && c <= 0x11ff)
		return 0;
	w = utf8proc_charwidth((utf8proc_int32_t)c);
	if (w == 2)
		return is_newer(c) ? 1 : 2;
	if (w == 1)
		return 1;
	k = utf8proc_category((utf8proc_int32_t)c);
	if (c == 0xad)	/* soft hyphen */
		return 1;
	return k == UTF8PROC_CATEGORY_MN || k == UTF8PROC_CATEGORY_ME ||
	    k == UTF8PROC_CATEGORY_CF ? 0 : 1;
}

int
qt__utf8_get(const uint8_t *p, size_t len, uint32_t *c)
{
	static const uint32_t	min[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t			n, i;

	if (p[0] < 0x80) {
		*c = p[0];
		return 1;
	}
	if (p[0] < 0xc2 || p[0] > 0xf4)
		return 0;
	n = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
	*c = p[0] & (0x7fu >> n);
	for (i = 1; i < n; i++) {
		if (i >= len)
			return -1;
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		*c = *c << 6 | (p[i] & 0x3fu);
	}
	return *c < min[n] || *c > 0x10ffff || (*c >= 0xd800 && *c < 0xe000) ?
	    0 : (int)n;
}

size_t
qt__utf8_put(uint8_t out[4], uint32_t c)
{
	if (c < 0x80) {
		out[0] = (uint8_t)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (uint8_t)(0xc0 | c >> 6);
		out[1] = (uint8_t)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		out[0] = (uint8_t)(0xe0 | c >> 12);
		out[1] = (uint8_t)(0x80 | (c >> 6 & 0x3f));
		out[2] = (uint8_t)(0x80 | (c & 0x3f));
		return 3;
	}
	out[0] = (uint8_t)(0xf0 | c >> 18);
	out[1] = (uint8_t)(0x80 | (c >> 12 & 0x3f));
	out[2] = (uint8_t)(0x80 | (c >> 6 & 0x3f));
	out[3] = (uint8_t)(0x80 | (c & 0x3f));
	return 4;
}

/* Columns that libvterm gives c after plain letters, in a call of its own. */
static int
probe(VTerm *vt, VTermState *state, uint32_t c)
{
	uint8_t		text[4];
	VTermPos	pos;

	vterm_input_write(vt, "\r..", 3);
	vterm_input_write(vt, (const char *)text, qt__utf8_put(text, c));
	vterm_state_get_cursorpos(state, &pos);
	return pos.col - 2;
}

/* The same in one call with them: some are combining and wide. */
static int
probe_joined(VTerm *vt, VTermState *state, uint32_t c)
{
	uint8_t		text[7] = "\r..";
	VTermPos	pos;

	vterm_input_write(vt, (const char *)text,
	    3 + qt__utf8_put(text + 3, c));
	vterm_state_get_cursorpos(state, &pos);
	return pos.col - 2;
}

static uint32_t
choose_fix(VTerm *vt, VTermState *state, uint32_t c, int want, int have)
{
	if (have != probe_joined(vt, state, c))
		return FIX_ZERO;
	if (want == 2 && have == 1 && c >= 0x16fe0)
		return probe(vt, state, c + 0x20000) == 2 ? FIX_WIDE :
		    FIX_NONE;
	if (want == 1 && have == 2 && c < 0x10000)
		return FIX_NARROW;
	return want == 0 && have != 0 ? FIX_ZERO : FIX_NONE;
}

static void
fix_init(void)
{
	VTerm		*vt = vterm_new(1, 16);
	VTermState	*state;
	uint32_t	c, how;
	int		want, have;

	if (vt == NULL)
		return;
	vterm_set_utf8(vt, 1);
	state = vterm_obtain_state(vt);
	vterm_state_reset(state, 1);
	for (c = 0xa0; c < KNOWN_MAX; c++) {
		if (c >= 0xd800 && c < 0xf900)	/* surrogates, private */
			continue;
		want = wanted_width(c);
		have = probe(vt, state, c);
		how = choose_fix(vt, state, c, want, have);
		fix[c / 4] |= (uint8_t)(how << c % 4 * 2);
		want = how == FIX_ZERO ? 0 : how == FIX_NONE ? have : want;
		width[c / 4] |= (uint8_t)((uint32_t)want << c % 4 * 2);
	}
	vterm_free(vt);
}

int
qt__vt_width(uint32_t c)
{
	if (c < 0xa0 || (c >= 0xd800 && c < 0xf900))
		return 1;
	(void)pthread_once(&fix_once, fix_init);
	if (c < KNOWN_MAX)
		return width[c / 4] >> c % 4 * 2 & 3;
	if (c < 0x40000)
		return (c & 0xffff) < 0xfffe ? 2 : 1;
	/* tags and variation selectors */
	return c == 0xe0001 || (c >= 0xe0020 && c <= 0xe007f) ||
	    (c >= ZERO_FIRST && c <= 0xe01ef) ? 0 : 1;
}

static uint32_t
fix_of(uint32_t c)
{
	return c < KNOWN_MAX ? fix[c / 4] >> c % 4 * 2 & 3u : FIX_NONE;
}

uint32_t
qt__vt_encode(struct qt_vt *vt, uint32_t c)
{
	uint32_t	i;

	(void)pthread_once(&fix_once, fix_init);
	switch (fix_of(c)) {
	case FIX_WIDE:
		return c + 0x20000;
	case FIX_NARROW:
		return c + 0x100000;
	case FIX_ZERO:
		for (i = 0; i < vt->zeroes; i++)
			if (vt->zero[i] == c)
				return ZERO_FIRST + i;
		if (vt->zeroes < QT__VT_ZEROES) {
			vt->zero[vt->zeroes++] = c;
			return ZERO_FIRST + i;
		}
		return 0xfe0f;	/* too many kinds: a mark that shows nothing */
	default:
		return c;
	}
}

uint32_t
qt__vt_decode(const struct qt_vt *vt, uint32_t c)
{
	if (c < 0x30000)
		return c;
	if (c > QT__VT_LETTER && c < QT__VT_LETTER + 0x7f)
		return c - QT__VT_LETTER;
	if (c < 0x40000 && fix_of(c - 0x20000) == FIX_WIDE)
		return c - 0x20000;
	if (c >= 0x100000 && fix_of(c - 0x100000) == FIX_NARROW)
		return c - 0x100000;
	if (c >= ZERO_FIRST && c < ZERO_FIRST + vt->zeroes)
		return vt->zero[c - ZERO_FIRST];
	return c;
}
