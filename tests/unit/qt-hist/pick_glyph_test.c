/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes as a terminal shows them: cmd/qt-hist/pick_glyph.c. */

#include <stdio.h>
#include <string.h>

#include "../../../cmd/qt-hist/pick_glyph.h"
#include "../test.h"

/* "bytes:columns" of each glyph, and what is shown when it is not itself. */
static const char *
said(const char *text)
{
	static char		out[512];
	size_t			len = strlen(text), at = 0;
	struct pick_glyph	g;

	out[0] = '\0';
	for (; len > 0; text += g.len, len -= g.len) {
		pick_glyph_next(text, len, &g);
		at += (size_t)snprintf(out + at, sizeof(out) - at,
		    "%zu:%u%s ", g.len, g.columns, g.mark);
	}
	return out;
}

QT_TEST(a_character_is_as_wide_as_terminals_show_it)
{
	(void)state;
	assert_string_equal(said("a "), "1:1 1:1 ");
	assert_string_equal(said("ä日"), "2:1 3:2 ");
	assert_string_equal(said("😀"), "4:2 ");
}

QT_TEST(what_is_combined_is_one)
{
	(void)state;
	assert_string_equal(said("e\xcc\x81x"), "3:1 1:1 ");
	assert_string_equal(said("\xe2\x9d\xa4\xef\xb8\x8f"), "6:2 ");
	/* family of three, with joiners; a flag; a skin tone */
	assert_string_equal(said("\xf0\x9f\x91\xa8\xe2\x80\x8d"
	    "\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x91\xa7"), "18:2 ");
	assert_string_equal(said("\xf0\x9f\x87\xa9\xf0\x9f\x87\xaa"), "8:2 ");
	assert_string_equal(said("\xf0\x9f\x91\x8d\xf0\x9f\x8f\xbd"), "8:2 ");
	/* jamo */
	assert_string_equal(said("\xe1\x84\x92\xe1\x85\xa1\xe1\x86\xab"),
	    "9:2 ");
}

QT_TEST(what_drives_a_terminal_or_a_reader_is_marked)
{
	(void)state;
	assert_string_equal(said("\n\t\r"), "1:1\xe2\x86\xb5 1:2\\t 1:2\\r ");
	assert_string_equal(said("\033\x7f\xff"),
	    "1:4\\x1b 1:4\\x7f 1:4\\xff ");
	assert_string_equal(said("\xc2\x9b"), "2:4\\x9b ");
	assert_string_equal(said("\xe2\x80\xae"), "3:6\\u202e ");
	assert_string_equal(said("\xe6\x97"), "1:4\\xe6 1:4\\x97 ");
	/* a mark that has nothing to stand on */
	assert_string_equal(said("\xcc\x81"), "2:6\\u0301 ");
	assert_string_equal(said("a\033\xcc\x81"), "1:1 1:4\\x1b 2:6\\u0301 ");
}

QT_TEST(going_back_finds_the_same_places)
{
	static const char	text[] = "a\xcc\x81 日\xff\xfe😀\n\xe6\x97z";
	size_t			starts[32], n = 0, at = 0;
	struct pick_glyph	g;

	(void)state;
	for (; at < sizeof(text) - 1; at += g.len) {
		starts[n++] = at;
		pick_glyph_next(text + at, sizeof(text) - 1 - at, &g);
	}
	while (n > 0) {
		at = pick_glyph_before(text, at);
		assert_int_equal(at, starts[--n]);
	}
}

QT_TEST(a_cluster_without_an_end_is_cut)
{
	char			text[3 + 2 * 1000];
	struct pick_glyph	g;

	(void)state;
	text[0] = 'a';
	for (size_t i = 0; i < 1000; i++)
		memcpy(text + 1 + 2 * i, "\xcc\x81", 2);
	pick_glyph_next(text, 2001, &g);
	assert_true(g.len <= PICK_GLYPH_MAX + 3 && g.columns == 1);
	assert_true(pick_glyph_before(text, 2001) < 2001);
}
