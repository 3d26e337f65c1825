/* SPDX-License-Identifier: Apache-2.0 */
/* The mode tracker, and that its preamble says the same modes again. */

#include <string.h>

#include <qt/session/scan.h>

#include "../test.h"

static struct qt_modes
modes_of(const char *text)
{
	struct qt_scan	s = QT_SCAN_INIT;
	struct qt_modes	m = QT_MODES_INIT;

	qt_scan_feed(&s, text, strlen(text), qt_modes_seq, &m);
	return m;
}

static uint8_t
keyboard(const struct qt_modes *m)
{
	int	is_alt = (m->dec & QT_MODE_ALT_SCREEN) != 0;

	return m->kitty[is_alt].flags[m->kitty[is_alt].depth];
}

static void
round_trip(const char *text)
{
	struct qt_modes	m = modes_of(text), again;
	struct qt_buf	out = QT_BUF_INIT;

	assert_int_equal(qt_buf_add(&out, "", 0), 0);
	assert_int_equal(qt_modes_preamble(&m, &out), 0);
	again = modes_of(out.data);
	assert_memory_equal(&m, &again, sizeof(m));
	qt_buf_clear(&out);
}

QT_TEST(tracks_every_private_mode_of_one_sequence)
{
	struct qt_modes	m = modes_of("\x1b[?1006;1000;2004;1004;1;25l"
	    "\x1b[?1006;1000;2004;1004;1h");

	(void)state;
	assert_int_equal(m.mouse, 2);
	assert_int_equal(m.mouse_enc, 2);
	assert_int_equal(m.dec, QT_MODE_PASTE | QT_MODE_FOCUS |
	    QT_MODE_APP_CURSOR | QT_MODE_HIDE_CURSOR);
}

QT_TEST(forgets_modes_on_reset_but_keeps_the_title)
{
	struct qt_modes	m = modes_of("\x1b]2;t\a\x1b[?2004h\x1b(0\x0e\x1b[2;5r"
	    "\x1b[?1049h\x1b" "c");

	(void)state;
	assert_int_equal(m.dec, 0);
	assert_int_equal(m.charset_gl, 0);
	assert_int_equal(m.charset[0], 0);
	assert_int_equal(m.margin_bottom, 0);
	assert_string_equal(m.title, "t");
}

QT_TEST(soft_reset_keeps_mouse_paste_and_screen)
{
	struct qt_modes	m = modes_of("\x1b[?1000;2004;1049;6;25h\x1b[4h"
	    "\x1b[?25l\x1b[!p");

	(void)state;
	assert_int_equal(m.dec, QT_MODE_PASTE | QT_MODE_ALT_SCREEN);
	assert_int_equal(m.mouse, 2);
}

QT_TEST(keeps_a_keyboard_stack_for_each_screen)
{
	struct qt_modes	m;

	(void)state;
	m = modes_of("\x1b[>1u\x1b[>5u");
	assert_int_equal(keyboard(&m), 5);
	m = modes_of("\x1b[>1u\x1b[?1049h\x1b[>7u");
	assert_int_equal(keyboard(&m), 7);
	m = modes_of("\x1b[>1u\x1b[?1049h\x1b[>7u\x1b[>3u\x1b[?1049l");
	assert_int_equal(keyboard(&m), 1);
	m = modes_of("\x1b[>1u\x1b[>2u\x1b[<u");
	assert_int_equal(keyboard(&m), 1);
	m = modes_of("\x1b[>1u\x1b[<9u");
	assert_int_equal(keyboard(&m), 0);
	m = modes_of("\x1b[=5u\x1b[=2;2u\x1b[=4;3u");
	assert_int_equal(keyboard(&m), 3);
}

QT_TEST(cleans_titles)
{
	(void)state;
	assert_string_equal(modes_of("\x1b]0;a\xff\xc3\xa9\x03z\a").title,
	    "a\xc3\xa9z");
	assert_string_equal(modes_of("\x1b]1;icon\a").title, "");
	assert_string_equal(modes_of("\x1b]2;a\a\x1b]2;\a").title, "");
}

QT_TEST(preamble_says_the_same_modes_again)
{
	(void)state;
	round_trip("");
	round_trip("\x1b[?1;5;6;7;12;1004;1007;2004;2026;1003;1016;1049h"
	    "\x1b[?7;25l\x1b[4;20h\x1b=\x1b[3 q\x1b[>4;2m\x1b[2;9r"
	    "\x1b(0\x1b)A\x1bn\x1b]2;title \xe2\x82\xac\x1b\\");
	round_trip("\x1b[>1u\x1b[=2u\x1b[>3u\x1b[?1049h\x1b[=4u\x1b[>5u");
	round_trip("\x1b[?47h\x1b[>0u\x1b[>0u\x0e\x1b[5r");
	round_trip("\x1b[>1u\x1b[>2u\x1b[>3u\x1b[>4u\x1b[>5u\x1b[>6u\x1b[>7u"
	    "\x1b[>8u\x1b[>9u\x1b[?1049h\x1b[>1u\x1b[>2u");
}
