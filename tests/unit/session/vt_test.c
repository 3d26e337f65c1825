/* SPDX-License-Identifier: Apache-2.0 */
/* The screen: what libvterm gets wrong, dumps, and redrawing from a dump. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <qt/session/vt.h>

#include "../../../libcommon/session/vt_priv.h"
#include "../test.h"

static struct qt_vt *
vt_new(uint16_t cols, uint16_t rows)
{
	struct qt_vt	*vt;

	assert_int_equal(qt_vt_new(cols, rows, 100, &vt), 0);
	return vt;
}

static void
feed(struct qt_vt *vt, const char *text)
{
	qt_vt_feed(vt, text, strlen(text));
}

/* Borrowed until the next call. */
static const char *
dump(struct qt_vt *vt, enum qt_screen_form form, uint32_t scrollback)
{
	static struct qt_buf	out;

	qt_buf_clear(&out);
	assert_int_equal(qt_buf_add(&out, "", 0), 0);
	assert_int_equal(qt_vt_dump(vt, form, scrollback, 0, &out), 0);
	return out.data;
}

static void
expect(const char *text, enum qt_screen_form form, const char *want)
{
	struct qt_vt	*vt = vt_new(20, 4);

	feed(vt, text);
	assert_string_equal(dump(vt, form, 100), want);
	qt_vt_free(vt);
	(void)dump(vt = vt_new(1, 1), QT_SCREEN_TEXT, 0);
	qt_vt_free(vt);
}

/* A dump drawn on a screen that showed something else dumps the same. */
static void
redraws(const char *text, size_t len, uint16_t cols, uint16_t rows)
{
	struct qt_vt	*a = vt_new(cols, rows), *b = vt_new(cols, rows);
	char		*want, *plain;

	qt_vt_feed(a, text, len);
	want = strdup(dump(a, QT_SCREEN_ANSI, 100));
	feed(b, "junk\x1b[?1049h\x1b[3;4r\x1b[?6h\x1b[1;31mjunk\x1b(0\x0e"
	    "\x1b[?1003h\x1b[4h\x1b[>3u");
	feed(b, want);
	assert_string_equal(dump(b, QT_SCREEN_ANSI, 100), want);
	plain = strdup(dump(a, QT_SCREEN_JSON, 100));
	assert_string_equal(dump(b, QT_SCREEN_JSON, 100), plain);
	free(plain);
	free(want);
	(void)dump(a, QT_SCREEN_TEXT, 0);
	qt_vt_free(a);
	qt_vt_free(b);
}

#define REDRAWS(text) redraws(text, sizeof(text) - 1, 20, 4)

QT_TEST(shows_plain_text)
{
	(void)state;
	expect("one\r\ntwo\r\n\r\nfour", QT_SCREEN_TEXT, "one\ntwo\n\nfour\n");
	expect("1\r\n2\r\n3\r\n4\r\n5\r\n6", QT_SCREEN_TEXT,
	    "1\n2\n3\n4\n5\n6\n");
	expect("\x1b[3;3Hx", QT_SCREEN_TEXT, "\n\n  x\n");
	expect("del\x7f\0ete", QT_SCREEN_TEXT, "del\n");
}

QT_TEST(keeps_colours_and_attributes)
{
	(void)state;
	expect("\x1b[1;31mred\x1b[m x", QT_SCREEN_STYLED,
	    "\x1b[1;31mred \x1b[mx\n");
	expect("\x1b[38:2::1:2:3mA\x1b[38:5:200mB\x1b[48;2;9;8;7mC",
	    QT_SCREEN_STYLED, "\x1b[38;2;1;2;3mA\x1b[38;5;200mB"
	    "\x1b[48;2;9;8;7mC\x1b[39;49m\n");
	expect("\x1b[2mdim\x1b[22m\x1b[8mhid\x1b[28m\x1b[53mover\x1b[55m.",
	    QT_SCREEN_STYLED, "\x1b[2mdim\x1b[0;8mhid\x1b[0;53mover\x1b[m.\n");
	expect("\x1b[4:3mcurly\x1b[4:0m \x1b[21mdouble", QT_SCREEN_STYLED,
	    "\x1b[4:3mcurly\x1b[m \x1b[21mdouble\x1b[m\n");
	/* an underline colour is no blinking */
	expect("\x1b[58;5;1mx\x1b[58:2::1:2:3my", QT_SCREEN_STYLED, "xy\n");
	expect("\x1b[95;107mx", QT_SCREEN_STYLED, "\x1b[95;107mx"
	    "\x1b[39;49m\n");
}

QT_TEST(sets_every_mode_of_one_sequence)
{
	struct qt_vt	*vt = vt_new(20, 4);

	(void)state;
	feed(vt, "main\x1b[?1;1006;1049;2004h\x1b[Hother");
	assert_string_equal(dump(vt, QT_SCREEN_TEXT, 0), "other\n");
	assert_string_equal(dump(vt, QT_SCREEN_MODES, 0), "\x1b[?1049h"
	    "\x1b[?1006h\x1b[?1h\x1b[?2004h");
	feed(vt, "\x1b[?1;1049lx");
	assert_string_equal(dump(vt, QT_SCREEN_TEXT, 0), "mainx\n");
	feed(vt, "\x1b[?47hy\x1b[?47l");
	assert_string_equal(dump(vt, QT_SCREEN_TEXT, 0), "mainx\n");
	qt_vt_free(vt);
}

QT_TEST(saves_a_cursor_for_each_screen)
{
	(void)state;
	expect("ab\x1b[s\x1b[3;1Hx\x1b[uc", QT_SCREEN_TEXT, "abc\n\nx\n");
	expect("ab\x1b[?1049h\x1b[3;3H\x1b" "7\x1b[H\x1b" "8x\x1b[?1049lc",
	    QT_SCREEN_TEXT, "abc\n");
	expect("\x1b[31m\x1b" "7\x1b[m\x1b" "8x", QT_SCREEN_STYLED,
	    "\x1b[31mx\x1b[39m\n");
}

QT_TEST(draws_lines_repeats_and_erases_scrollback)
{
	(void)state;
	expect("\x1b(0lqk\x1b(Blqk", QT_SCREEN_TEXT,
	    "\xe2\x94\x8c\xe2\x94\x80\xe2\x94\x90lqk\n");
	expect("a\x1b[4b", QT_SCREEN_TEXT, "aaaaa\n");
	expect("a\x1b[m\x1b[4b", QT_SCREEN_TEXT, "a\n");
	expect("1\r\n2\r\n3\r\n4\r\n5\x1b[3J", QT_SCREEN_TEXT, "2\n3\n4\n5\n");
	expect("\xc2\x9b" "3;3Hx\xc2\x85y", QT_SCREEN_TEXT, "\n\n  x\ny\n");
	expect("\x1b[1\n;3Hx", QT_SCREEN_TEXT, "  x\n");
}

QT_TEST(keeps_strings_and_queries_away)
{
	struct qt_vt	*vt = vt_new(20, 4);

	(void)state;
	feed(vt, "a\x1b]0;title\a\x1bPq#0~~\x1b\\\x1b_Gx\x1b\\\x1b[6n\x1b[cb");
	assert_string_equal(dump(vt, QT_SCREEN_TEXT, 0), "ab\n");
	assert_string_equal(dump(vt, QT_SCREEN_MODES, 0), "\x1b]2;title\x1b\\");
	qt_vt_free(vt);
}

static uint32_t
width_of(const char *text)
{
	struct qt_vt	*vt = vt_new(20, 4);
	uint32_t	 col, row;

	feed(vt, text);
	qt_vt_cursor(vt, &col, &row);
	qt_vt_free(vt);
	return col;
}

QT_TEST(gives_characters_the_widths_of_xterm_unicode11)
{
	(void)state;
	assert_int_equal(width_of("\xe4\xb8\xad"), 2);		/* CJK */
	assert_int_equal(width_of("\xf0\x9f\x98\x80"), 2);	/* U+1F600 */
	assert_int_equal(width_of("\xf0\x9f\xa5\xb0"), 2);	/* U+1F970 */
	assert_int_equal(width_of("\xf0\x9f\xaa\x80"), 2);	/* U+1FA80 */
	assert_int_equal(width_of("\xf0\x9f\xa5\xb9"), 1);	/* U+1F979 */
	assert_int_equal(width_of("\xe4\xb7\x80"), 1);		/* U+4DC0 */
	assert_int_equal(width_of("e\xcc\x81"), 1);
	assert_int_equal(width_of("\xd9\xa0\xd8\x84"), 1);	/* U+0604 */
	assert_int_equal(width_of("x\xe1\xae\xa2\xe1\xae\xa3"), 1);
	assert_int_equal(width_of("\xe2\x9d\xa4\xef\xb8\x8f"), 1);
}

/* Also of those that cannot be given a stand-in. */
QT_TEST(knows_the_columns_of_every_character)
{
	struct qt_vt	*vt = vt_new(20, 4);
	uint32_t	 c, col, row;
	uint8_t		 utf8[4];

	(void)state;
	for (c = 0xa0; c < 0xe0200; c++) {
		if (c == 0xd800)
			c = 0xe000;
		if (c == 0x40010)
			c = 0xdfff0;
		qt_vt_feed(vt, "\r.", 2);
		qt_vt_feed(vt, utf8, qt__utf8_put(utf8, c));
		qt_vt_cursor(vt, &col, &row);
		if (col != 1 + (uint32_t)qt__vt_width(c))
			fail_msg("U+%04X: %u columns, not %d", c, col - 1,
			    qt__vt_width(c));
	}
	qt_vt_free(vt);
}

QT_TEST(gives_stand_ins_back_as_what_they_stand_for)
{
	(void)state;
	expect("\xf0\x9f\xa5\xb0\xe4\xb7\x80\xe1\xae\xa1\xe1\xae\xa3.",
	    QT_SCREEN_TEXT,
	    "\xf0\x9f\xa5\xb0\xe4\xb7\x80\xe1\xae\xa1\xe1\xae\xa3.\n");
	expect("a\xff\xe3\x81z\xc3\xa9", QT_SCREEN_TEXT, "az\xc3\xa9\n");
}

QT_TEST(gives_cut_lines_back_when_there_is_room_again)
{
	struct qt_vt	*vt = vt_new(20, 4);

	(void)state;
	feed(vt, "0123456789abcdef\r\n\x1b[31mshort\x1b[m\r\n"
	    "overwritten later\r\n");
	assert_int_equal(qt_vt_resize(vt, 10, 4), 0);
	assert_string_equal(dump(vt, QT_SCREEN_TEXT, 0),
	    "0123456789\nshort\noverwritte\n");
	feed(vt, "\x1b[3;1Hnew\x1b[4;1H");
	assert_int_equal(qt_vt_resize(vt, 12, 4), 0);
	assert_string_equal(dump(vt, QT_SCREEN_TEXT, 0),
	    "0123456789ab\nshort\nnewrwritte\n");
	assert_int_equal(qt_vt_resize(vt, 20, 4), 0);
	assert_string_equal(dump(vt, QT_SCREEN_TEXT, 0),
	    "0123456789abcdef\nshort\nnewrwritte\n");
	assert_int_equal(qt_vt_resize(vt, 5, 4), 0);
	feed(vt, "\r\n\r\nx");
	assert_string_equal(dump(vt, QT_SCREEN_TEXT, 100),
	    "0123456789abcdef\nshort\nnewrw\n\n\nx\n");
	qt_vt_free(vt);
}

QT_TEST(keeps_the_cursor_on_a_screen_that_becomes_lower)
{
	struct qt_vt	*vt = vt_new(20, 2);
	uint32_t	 col, row;

	(void)state;
	feed(vt, "\n0\x1b[H\x1b[4h");
	assert_int_equal(qt_vt_resize(vt, 14, 1), 0);
	feed(vt, "p");
	qt_vt_cursor(vt, &col, &row);
	assert_int_equal(row, 0);
	qt_vt_free(vt);
}

QT_TEST(refuses_sizes_that_make_no_sense)
{
	struct qt_vt	*vt;

	(void)state;
	assert_int_equal(qt_vt_new(0, 4, 0, &vt), -EINVAL);
	assert_int_equal(qt_vt_new(2000, 1000, 0, &vt), -QT_EFULL);
	vt = vt_new(20, 4);
	assert_int_equal(qt_vt_resize(vt, 20, 0), -EINVAL);
	qt_vt_free(vt);
}

QT_TEST(redraws_the_main_screen)
{
	(void)state;
	REDRAWS("");
	REDRAWS("one\r\ntwo");
	REDRAWS("1\r\n2\r\n3\r\n4\r\n5\r\n6\r\n7\r\n8\r\n9\r\n10\r\n\r\n");
	REDRAWS("1\r\n2\r\n3\r\n4\r\n5");
	REDRAWS("\x1b[41m\x1b[2J\x1b[m\x1b[2;2Hx\x1b[1;4;7mbold");
	REDRAWS("\xe4\xb8\xad\xf0\x9f\x98\x80" "e\xcc\x81 \xf0\x9f\xa5\xb0");
	REDRAWS("\x1b[2;3r\x1b[?6h\x1b[2;5Hx\x1b[4h\x1b[?7l\x1b(0\x0e");
	REDRAWS("\x1b[?1;1006;1003;2004;1004h\x1b=\x1b[5 q\x1b[>4;2m\x1b[>5u"
	    "\x1b]2;a title\a\x1b[?25l");
	REDRAWS("ab\x1b[35m\x1b" "7\x1b[32m\x1b[3;3Hcd");
	REDRAWS("\x1b[?2026hhalf");
	REDRAWS("1\r\n2\x1b[H\x1b[4;9r\x1b[?6hx");
	REDRAWS("1\r\n2\x1b[H\x1b[3;9r\x1b[?6hx");
}

QT_TEST(redraws_the_alternate_screen_with_the_main_one_beneath)
{
	(void)state;
	REDRAWS("main\r\nshell$ \x1b[?1049h\x1b[H\x1b[2Jvim\x1b[4;1H~");
	REDRAWS("1\r\n2\r\n3\r\n4\r\n5\r\n6\x1b[>1u\x1b[31m\x1b[?1049h\x1b[>7u"
	    "\x1b[2;3r\x1b[H\x1b[44mx\x1b[K\x1b" "7\x1b[4;4Hy");
}

/* And when the program leaves it, both are the same again. */
QT_TEST(finds_the_main_screen_again_after_a_redraw)
{
	struct qt_vt	*a = vt_new(20, 4), *b = vt_new(20, 4);
	char		*text;

	(void)state;
	feed(a, "1\r\n2\r\n3\r\n4\r\n\x1b[35mshell$ \x1b[?1049h\x1b[mvim");
	text = strdup(dump(a, QT_SCREEN_ANSI, 100));
	feed(b, text);
	free(text);
	feed(a, "\x1b[?1049lexit");
	feed(b, "\x1b[?1049lexit");
	text = strdup(dump(a, QT_SCREEN_ANSI, 100));
	assert_string_equal(dump(b, QT_SCREEN_ANSI, 100), text);
	free(text);
	assert_string_equal(dump(b, QT_SCREEN_TEXT, 100),
	    "1\n2\n3\n4\nshell$ exit\n");
	qt_vt_free(a);
	qt_vt_free(b);
}

QT_TEST(redraws_a_cursor_behind_the_last_column)
{
	struct qt_vt	*a = vt_new(5, 3), *b = vt_new(5, 3);
	char		*text;

	(void)state;
	feed(a, "\x1b[31mabcde");
	text = strdup(dump(a, QT_SCREEN_ANSI, 0));
	feed(b, text);
	free(text);
	feed(b, "f");
	assert_string_equal(dump(b, QT_SCREEN_TEXT, 0), "abcde\nf\n");
	feed(a, "\x1b[H\x1b[J\x1b[1;5H");
	text = strdup(dump(a, QT_SCREEN_ANSI, 0));
	feed(b, text);
	free(text);
	feed(b, "f");
	assert_string_equal(dump(b, QT_SCREEN_TEXT, 0), "    f\n");
	qt_vt_free(a);
	qt_vt_free(b);
}

QT_TEST(combines_in_the_last_column)
{
	(void)state;
	expect("\x1b[1;20He\xcc\x81\xcc\x82|", QT_SCREEN_TEXT,
	    "                   e\xcc\x81\xcc\x82\n|\n");
	REDRAWS("\x1b[1;20He\xcc\x81");
}

QT_TEST(leaves_out_wide_characters_in_a_single_column)
{
	struct qt_vt	*vt = vt_new(1, 4);

	(void)state;
	feed(vt, "a\xe4\xb8\xad" "b");
	assert_string_equal(dump(vt, QT_SCREEN_TEXT, 0), "a\nb\n");
	qt_vt_free(vt);
}

QT_TEST(blanks_the_other_half_of_a_wide_character)
{
	(void)state;
	expect("\xe4\xb8\xad|\x1b[1;1Hx", QT_SCREEN_TEXT, "x |\n");
	expect("\xe4\xb8\xad|\x1b[1;2Hx", QT_SCREEN_TEXT, " x|\n");
	REDRAWS("\xe4\xb8\xad|\x1b[1;2Hx");
}

QT_TEST(leaves_the_last_column_when_told_to_go_there)
{
	(void)state;
	expect("01234567890123456789\x1b[1;20Hx", QT_SCREEN_TEXT,
	    "0123456789012345678x\n");
	expect("01234567890123456789\x1b[31mx", QT_SCREEN_TEXT,
	    "01234567890123456789\nx\n");
	REDRAWS("01234567890123456789\x1b[31m");
	REDRAWS("01234567890123456789\x1b[1;2");
	REDRAWS("01234567890123456789\x1b[20G");
}

QT_TEST(is_the_same_after_any_split)
{
	static const char	in[] = "a\xe4\xb8\xad" "e\xcc\x81\x1b[1;31mx"
	    "\x1b[?1006;1049hy\xf0\x9f\x98\x80\xcc\x81\x1b]0;t\xc3\xa9\x1b\\"
	    "0123456789012345678\xc3\xa9\xcc\x81\xcc\x82z\xc2\x9b" "3;1H"
	    "\x1b[2\nb\xe1\xae\xa1\xe1\xae\xa3\x1b[3b\xc2\xa9\xff\xe3\x81";
	struct qt_vt		*vt;
	char			*want;
	size_t			 cut;

	(void)state;
	vt = vt_new(20, 6);
	qt_vt_feed(vt, in, sizeof(in) - 1);
	want = strdup(dump(vt, QT_SCREEN_ANSI, 9));
	assert_int_equal(qt_vt_safe(vt), sizeof(in) - 3);
	qt_vt_free(vt);
	for (cut = 0; cut < sizeof(in) - 1; cut++) {
		vt = vt_new(20, 6);
		qt_vt_feed(vt, in, cut);
		qt_vt_feed(vt, in + cut, sizeof(in) - 1 - cut);
		assert_string_equal(dump(vt, QT_SCREEN_ANSI, 9), want);
		qt_vt_free(vt);
	}
	free(want);
	vt = vt_new(1, 1);
	(void)dump(vt, QT_SCREEN_TEXT, 0);
	qt_vt_free(vt);
}
