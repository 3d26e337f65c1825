/* SPDX-License-Identifier: Apache-2.0 */
/* What the picker shows, on a terminal of libvterm's: cmd/qt-hist/pick_draw.c. */

#include <stdlib.h>
#include <string.h>

#include <vterm.h>

#include "../../../cmd/qt-hist/pick_draw.h"
#include "../../../cmd/qt-hist/pick_glyph.c"
#include "../../../cmd/qt-hist/when.c"
#include "../test.h"

#define HOUR	UINT64_C(3600000000)
#define NOW	(UINT64_C(1795293000) * 1000000)

static const uint32_t		hits[] = { 0, 4 };
static const struct pick_row	rows[] = {
	{ .text = "git push", .len = 8, .at = hits, .at_count = 2,
	    .when_us = NOW - HOUR, .status = 1 },
	{ .text = "make check", .len = 10, .when_us = NOW - 50 * HOUR,
	    .is_marked = true },
	{ .text = "sleep 100\nls", .len = 12, .when_us = NOW - 5000000,
	    .status = -1, .is_running = true },
};

/* The rows that a terminal of this size shows after some frames. */
struct shown {
	VTerm		*vt;
	VTermScreen	*screen;
	int		 cols, rows;
};

static void
open_screen(struct shown *t, int cols, int height)
{
	t->vt = vterm_new(height, cols);
	t->cols = cols;
	t->rows = height;
	vterm_set_utf8(t->vt, 1);
	t->screen = vterm_obtain_screen(t->vt);
	vterm_screen_reset(t->screen, 1);
}

static void
draw(struct shown *t, const struct pick_screen *s)
{
	struct qt_buf	out = QT_BUF_INIT;

	pick_draw(s, &out);
	vterm_input_write(t->vt, out.data, out.len);
	qt_buf_clear(&out);
}

static const char *
row_of(struct shown *t, int row)
{
	static char	text[512];
	VTermRect	r = { row, row + 1, 0, t->cols };
	size_t		n = vterm_screen_get_text(t->screen, text,
			    sizeof(text) - 1, r);

	while (n > 0 && text[n - 1] == ' ')
		n--;
	text[n] = '\0';
	return text;
}

static void
expect(struct shown *t, int row, const char *want)
{
	assert_string_equal(row_of(t, row), want);
}

static void
expect_cursor(struct shown *t, int row, int col)
{
	VTermPos	at;

	vterm_state_get_cursorpos(vterm_obtain_state(t->vt), &at);
	assert_int_equal(at.row, row);
	assert_int_equal(at.col, col);
}

static struct pick_screen
three(unsigned int cols, unsigned int height)
{
	return (struct pick_screen){ .cols = cols, .rows = height,
	    .now_us = NOW, .query = "gp", .len = 2, .at = 1,
	    .wrong = UINT32_MAX, .status = "3/9  all  auto",
	    .hint = "F1 help", .list = rows, .list_count = 3 };
}

QT_TEST(a_list_below_the_query)
{
	struct pick_screen	s = three(40, 6);
	struct shown		t;

	(void)state;
	open_screen(&t, 40, 6);
	draw(&t, &s);
	expect(&t, 0, "> gp");
	expect(&t, 1, "  3/9  all  auto                 F1 help");
	expect(&t, 2, ">    1h ! git push");
	expect(&t, 3, " +   2d   make check");
	expect(&t, 4, "     5s * sleep 100\xe2\x86\xb5ls");
	expect(&t, 5, "");
	expect_cursor(&t, 0, 3);
	vterm_free(t.vt);
}

QT_TEST(the_area_is_where_the_cursor_was_and_the_screen_scrolls_for_it)
{
	struct pick_screen	s = three(40, 5);
	struct shown		t;

	(void)state;
	open_screen(&t, 40, 8);
	vterm_input_write(t.vt, "one\r\ntwo\r\nthree\r\nfour\r\nfive\r\n", 29);
	draw(&t, &s);
	expect(&t, 0, "three");
	expect(&t, 2, "five");
	expect(&t, 3, "> gp");
	expect_cursor(&t, 3, 3);
	/* The next one is at the same place, smaller or not. */
	s.list_count = 1;
	s.rows = 4;
	draw(&t, &s);
	expect(&t, 2, "five");
	expect(&t, 5, ">    1h ! git push");
	expect(&t, 6, "");
	expect(&t, 7, "");
	expect_cursor(&t, 3, 3);
	vterm_free(t.vt);
}

QT_TEST(narrow_it_does_without_the_age)
{
	struct pick_screen	s = three(20, 4);
	struct shown		t;

	(void)state;
	open_screen(&t, 20, 4);
	draw(&t, &s);
	expect(&t, 1, "  3/9  all  auto");
	expect(&t, 2, "> ! git push");
	expect(&t, 3, " +  make check");
	vterm_free(t.vt);
}

QT_TEST(wide_characters_are_not_cut_in_two)
{
	static const struct pick_row	wide[] = {
		{ .text = "日本語日本語日本語", .len = 27, .status = -1 },
		{ .text = "x日本語日本語日本語", .len = 28, .status = -1 },
	};
	struct pick_screen		s = three(20, 4);
	struct shown			t;

	(void)state;
	s.list = wide;
	s.list_count = 2;
	s.query = "日本";
	s.len = 6;
	s.at = 3;
	open_screen(&t, 20, 4);
	draw(&t, &s);
	expect_cursor(&t, 0, 4);
	expect(&t, 2, ">   日本語日本語日…");
	expect(&t, 3, "    x日本語日本語日…");
	vterm_free(t.vt);
}

QT_TEST(what_matched_far_to_the_right_is_in_sight)
{
	static const uint32_t	at[] = { 50, 51 };
	struct pick_row		row = { .text = "0123456789012345678901234567890"
	    "1234567890123456789ab cdefghij", .len = 61, .at = at,
	    .at_count = 2, .status = -1 };
	struct pick_screen	s = three(24, 3);
	struct shown		t;

	(void)state;
	s.list = &row;
	s.list_count = 1;
	open_screen(&t, 24, 3);
	draw(&t, &s);
	expect(&t, 2, ">   …4567890123456789ab…");
	row.len = 52;
	draw(&t, &s);
	assert_non_null(strstr(row_of(&t, 2), "6789ab"));
	vterm_free(t.vt);
}

QT_TEST(a_long_query_moves_so_that_the_cursor_is_in_sight)
{
	struct pick_screen	s = three(20, 3);
	struct shown		t;

	(void)state;
	s.query = "0123456789abcdefghijklmnop";
	s.len = s.at = 26;
	open_screen(&t, 20, 3);
	draw(&t, &s);
	expect(&t, 0, "> 9abcdefghijklmnop");
	expect_cursor(&t, 0, 19);
	s.at = 3;
	draw(&t, &s);
	expect(&t, 0, "> 0123456789abcdefgh");
	expect_cursor(&t, 0, 5);
	vterm_free(t.vt);
}

static bool
is_underlined(struct shown *t, int row, int col)
{
	VTermScreenCell	cell;

	vterm_screen_get_cell(t->screen, (VTermPos){ row, col }, &cell);
	return cell.attrs.underline != 0;
}

QT_TEST(where_a_query_does_not_parse_it_is_underlined)
{
	struct pick_screen	s = three(40, 3);
	struct shown		t;

	(void)state;
	s.query = "ab exit:x";
	s.len = s.at = 9;
	s.wrong = 8;
	s.wrong_len = 1;
	s.status = "expected a number";
	open_screen(&t, 40, 3);
	draw(&t, &s);
	assert_false(is_underlined(&t, 0, 9));
	assert_true(is_underlined(&t, 0, 10));
	expect(&t, 1, "  expected a number              F1 help");
	/* Behind the end, where something is missing. */
	s.wrong = 9;
	s.wrong_len = 0;
	draw(&t, &s);
	assert_false(is_underlined(&t, 0, 10));
	assert_true(is_underlined(&t, 0, 11));
	expect_cursor(&t, 0, 11);
	vterm_free(t.vt);
}

QT_TEST(matches_stand_out_with_colours_and_without)
{
	struct pick_screen	s = three(40, 5);
	struct qt_buf		out = QT_BUF_INIT;

	(void)state;
	s.cursor = 1;
	pick_draw(&s, &out);
	assert_non_null(strstr(out.data, "\033[0;1;4mg"));
	assert_null(strstr(out.data, ";3"));
	qt_buf_reset(&out);
	s.has_color = true;
	pick_draw(&s, &out);
	assert_non_null(strstr(out.data, "\033[0;1;32mg"));
	assert_non_null(strstr(out.data, ";31m!"));
	qt_buf_clear(&out);
}

QT_TEST(the_whole_command_and_its_runs_have_their_place)
{
	static const struct pick_run	runs[] = {
		{ .when_us = NOW - HOUR, .took_us = 83000000, .status = 1,
		    .folder = "/home/ann/x", .folder_len = 11, .host = "box",
		    .host_len = 3 },
		{ .when_us = 0, .took_us = UINT64_MAX, .status = -1,
		    .folder = "/", .folder_len = 1, .host = "b", .host_len = 1 },
	};
	struct pick_screen		s = three(60, 14);
	struct shown			t;

	(void)state;
	setenv("TZ", "UTC", 1);
	s.home = "/home/ann";
	s.preview = (struct pick_preview){ .text = "for i\ndo x\ndone",
	    .len = 15, .count = 2, .good = 1, .runs = runs, .run_count = 2 };
	open_screen(&t, 60, 14);
	draw(&t, &s);
	expect(&t, 9, "── 2 runs, 1 without error ─────────────────────────────────");
	expect(&t, 10, "for i");
	expect(&t, 11, "do x");
	expect(&t, 12, "   1h  2026-11-21 19:30:00  exit 1     1m23s  ~/x  box");
	expect(&t, 13, "    -  -                    exit -         -  /  b");
	expect_cursor(&t, 0, 3);
	/* There is none where there is no room. */
	s.rows = 11;
	draw(&t, &s);
	expect(&t, 9, "");
	vterm_free(t.vt);
}

QT_TEST(no_size_writes_outside_the_area)
{
	struct pick_run		run = { .when_us = NOW, .folder = "日本/語",
	    .folder_len = 10, .host = "h", .host_len = 1 };
	struct shown		t;

	(void)state;
	for (unsigned int cols = 20; cols < 60; cols += 3) {
		for (unsigned int height = 3; height < 20; height++) {
			struct pick_screen	s = three(cols, height);

			s.preview = (struct pick_preview){ .text = "日本\n語",
			    .len = 10, .count = 1, .runs = &run,
			    .run_count = 1 };
			if (s.list_count > height - 2)
				s.list_count = height - 2;
			open_screen(&t, (int)cols, (int)height + 1);
			vterm_input_write(t.vt, "top\r\n", 5);
			draw(&t, &s);
			expect(&t, 0, "top");
			expect(&t, 1, "> gp");
			expect_cursor(&t, 1, 3);
			vterm_free(t.vt);
		}
	}
}
