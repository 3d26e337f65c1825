/* SPDX-License-Identifier: Apache-2.0 */
/* The query filter: what passes, what does not, and that nothing joins. */

#include <stdlib.h>
#include <string.h>

#include <qt/session/scan.h>

#include "../test.h"

static void
expect(const char *in, size_t len, const char *want, size_t want_len)
{
	size_t	cut;

	for (cut = 0; cut <= len; cut++) {
		struct qt_filter	f = QT_FILTER_INIT;
		struct qt_buf		out = QT_BUF_INIT;

		assert_int_equal(qt_buf_add(&out, "", 0), 0);
		assert_int_equal(qt_filter_feed(&f, in, cut, &out), 0);
		assert_int_equal(qt_filter_feed(&f, in + cut, len - cut,
		    &out), 0);
		assert_int_equal(out.len, want_len);
		assert_memory_equal(out.data, want, want_len);
		qt_buf_clear(&out);
	}
}

#define EXPECT(in, want) expect(in, sizeof(in) - 1, want, sizeof(want) - 1)
#define PASSES(in) EXPECT(in, in)
#define DROPS(in) EXPECT("a" in "b", "ab")

QT_TEST(passes_what_asks_nothing)
{
	(void)state;
	PASSES("plain \xc3\xa9 \xe2\x82\xac \xc2\xa9 \xff text\r\n");
	PASSES("\x1b[1;31mred\x1b[m\x1b[2J\x1b[H\x1b[?1049h\x1b[2 q\x1b[u");
	PASSES("\x1b]0;what?\a\x1b]8;;http://x/?y\x1b\\link\x1b]8;;\x1b\\");
	PASSES("\x1b]11;#102030\a\x1b]52;c;aGk=\a\x1b[22;0t\x1b[!p");
	PASSES("\x1bPq#0;2;0;0;0#0~~\x1b\\\x1b(0\x1b[>4;1m\x1b[>1u\x1b[<u");
	PASSES("\xc2\x9b" "1mx\xc2\x85");
}

QT_TEST(in_band_resizes_are_taken_out_of_a_list_of_modes)
{
	(void)state;
	EXPECT("a\x1b[?1049;2048hb", "a\x1b[?1049hb");
	EXPECT("a\x1b[?2048;1049hb", "a\x1b[?1049hb");
	EXPECT("a\x1b[?1;2048;25;02048;7hb", "a\x1b[?1;25;7hb");
	EXPECT("a\xc2\x9b?2004;2048hb", "a\xc2\x9b?2004hb");
	DROPS("\x1b[?2048;2048h");
	/* Controls in between are executed first; none is lost. */
	EXPECT("a\x1b[?20\r48;10\n49hb", "a\r\n\x1b[?1049hb");
	/* Beyond the parameters that the scanner keeps. */
	EXPECT("\x1b[?1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1"
	    ";1;1;1;1;1;1;2048;7h", "\x1b[?1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1"
	    ";1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;1;7h");
	PASSES("\x1b[?1049;20480;12048h\x1b[?1;2048l\x1b[2048;4h\x1b[?;h");
}

QT_TEST(a_list_of_modes_that_was_half_delivered_is_said_again)
{
	static const char	want[] = "\x18\x1b[?1049hb";
	struct qt_filter	f;
	struct qt_buf		out = QT_BUF_INIT;

	(void)state;
	qt_filter_prime(&f, "x\x1b[?1049;20", 11);
	assert_int_equal(qt_filter_feed(&f, "48hb", 4, &out), 0);
	assert_int_equal(out.len, sizeof(want) - 1);
	assert_memory_equal(out.data, want, out.len);
	qt_buf_clear(&out);
}

QT_TEST(drops_every_query)
{
	(void)state;
	DROPS("\x1b[c");
	DROPS("\x1b[0c");
	DROPS("\x1b[>c");
	DROPS("\x1b[=c");
	DROPS("\x1b[5n");
	DROPS("\x1b[6n");
	DROPS("\x1b[?6n");
	DROPS("\x1b[?996n");
	DROPS("\x1b[?2026$p");
	DROPS("\x1b[4$p");
	DROPS("\x1b[>q");
	DROPS("\x1b[>0q");
	DROPS("\x1b[?u");
	DROPS("\x1b[14t");
	DROPS("\x1b[21t");
	DROPS("\x1b[x");
	DROPS("\x1b[?2048h");
	DROPS("\x1b[1;1;1;1;1;1*y");
	DROPS("\x1b[?1;1;0S");
	DROPS("\x1b[?4m");
	DROPS("\x1bZ");
	DROPS("\xc2\x9a");
	DROPS("\xc2\x9b" "6n");
	DROPS("\x05");
	DROPS("\x1b]10;?\a");
	DROPS("\x1b]11;?\x1b\\");
	DROPS("\x1b]4;1;?;2;?\x1b\\");
	DROPS("\x1b]4;1;#123456;2;?\x1b\\");
	DROPS("\x1b]52;c;?\a");
	DROPS("\x1b]22;?__current__\a");
	DROPS("\x1b]1337;ReportCellSize\a");
	DROPS("\x1bP$qm\x1b\\");
	DROPS("\x1bP+q544e\x1b\\");
	DROPS("\x1b_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\x1b\\");
}

QT_TEST(joins_nothing)
{
	(void)state;
	EXPECT("\x1b[\x1b[6nc", "c");
	EXPECT("\x1b[1\x18" "6n", "6n");
	EXPECT("\xc2\xc2\x9b" "6n\x9b" "6n", "\xc2\0\x9b" "6n");
	EXPECT("\x1b]0;t\x1b[6nx", "\x1b]0;t\x1b\\x");
	EXPECT("\x1b]11;?\x1b[1mx", "\x1b[1mx");
}

QT_TEST(keeps_controls_that_were_executed)
{
	(void)state;
	EXPECT("\x1b[6\r\n\x05n", "\r\n");
	EXPECT("\x1b[1\x05m", "\x1b[1m");
}

QT_TEST(silences_kitty_graphics)
{
	(void)state;
	EXPECT("\x1b_Gi=1,a=T;AA\x1b\\", "\x1b_Gi=1,a=T,q=2;AA\x1b\\");
	EXPECT("\x1b_Gi=1\x1b\\", "\x1b_Gi=1,q=2\x1b\\");
}

/* A sequence longer than the hold is judged by its start. */
static void
expect_long(const char *start, const char *end, const char *want_start,
    int passes)
{
	static char		in[5000], want[5000];
	size_t			n = strlen(start), w = strlen(want_start);

	memcpy(in, start, n);
	memset(in + n, 'A', 3000);
	strcpy(in + n + 3000, end);
	memcpy(want, want_start, w);
	memset(want + w, 'A', 3000);
	strcpy(want + w + 3000, end);
	if (!passes)
		want[0] = '\0';
	expect(in, n + 3000 + strlen(end), want, strlen(want));
}

/* What passed once passes again, with the same bytes. */
QT_TEST(a_graphics_command_that_quiet_makes_too_long_is_dropped)
{
	struct qt_filter	f;
	struct qt_buf		once = QT_BUF_INIT, twice = QT_BUF_INIT;
	char			in[540];

	(void)state;
	assert_int_equal(qt_buf_add(&once, "", 0), 0);
	assert_int_equal(qt_buf_add(&twice, "", 0), 0);
	for (size_t len = 490; len < 520; len++) {
		memset(in, 'a', sizeof(in));
		memcpy(in, "\x1b_G", 3);
		memcpy(in + len, "\x1b\\b", 3);
		f = (struct qt_filter)QT_FILTER_INIT;
		qt_buf_reset(&once);
		assert_int_equal(qt_filter_feed(&f, in, len + 3, &once), 0);
		f = (struct qt_filter)QT_FILTER_INIT;
		qt_buf_reset(&twice);
		assert_int_equal(qt_filter_feed(&f, once.data, once.len,
		    &twice), 0);
		/* QUIET is said again, or nothing at all is there. */
		assert_true(once.len == 1 || once.len == len + 3 + 4);
		assert_true(once.len == 1 || once.len < 512 + 2 + 3);
		assert_true(twice.len > 0);
	}
	qt_buf_clear(&once);
	qt_buf_clear(&twice);
}

QT_TEST(judges_long_sequences_by_their_start)
{
	(void)state;
	expect_long("\x1b]52;c;", "\a", "\x1b]52;c;", 1);
	expect_long("\x1b]52;c;", "\x1b\\", "\x1b]52;c;", 1);
	expect_long("\x1b]52;c;?", "\a", "", 0);
	expect_long("\x1b]4;", "\a", "", 0);
	expect_long("\x1bPq", "\x1b\\", "\x1bPq", 1);
	expect_long("\x1bP+q", "\x1b\\", "", 0);
	expect_long("\x1b_Gi=1;", "\x1b\\", "\x1b_Gi=1,q=2;", 1);
	expect_long("\x1b_G", "\x1b\\", "", 0);
}

/* Terminals ignore controls in OSC; they do not hide what it asks. */
QT_TEST(drops_a_query_behind_more_controls_than_can_be_held)
{
	static const char *const	heads[] = { "\x1b]", "\x1b]1",
	    "\x1b]11;", "\x1b]52;c;", "\x1b]1337;Report" };
	static const char *const	tails[] = { "11;?\a", "1;?\a", "?\a",
	    "?\a", "CellSize\a" };
	struct qt_filter		f;
	struct qt_buf			out = QT_BUF_INIT;
	char				many[600];

	(void)state;
	memset(many, 1, sizeof(many));
	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
		f = (struct qt_filter)QT_FILTER_INIT;
		qt_buf_reset(&out);
		assert_int_equal(qt_filter_feed(&f, heads[i],
		    strlen(heads[i]), &out), 0);
		assert_int_equal(qt_filter_feed(&f, many, sizeof(many), &out),
		    0);
		assert_int_equal(qt_filter_feed(&f, tails[i],
		    strlen(tails[i]), &out), 0);
		assert_int_equal(qt_filter_feed(&f, "b", 1, &out), 0);
		assert_int_equal(out.len, 1);
	}
	qt_buf_clear(&out);
}

QT_TEST(cuts_a_query_that_was_half_delivered)
{
	static const char	in[] = "text\x1b[6nmore\x1b[1mx";
	size_t			cut;

	(void)state;
	for (cut = 0; cut <= 8; cut++) {
		struct qt_filter	f;
		struct qt_buf		out = QT_BUF_INIT;

		qt_filter_prime(&f, in, cut);
		assert_int_equal(qt_filter_feed(&f, in + cut,
		    sizeof(in) - 1 - cut, &out), 0);
		if (cut <= 4) {
			assert_memory_equal(out.data, in + cut, 4 - cut);
			assert_string_equal(out.data + 4 - cut, "more\x1b[1mx");
		} else if (cut < 8) {
			assert_string_equal(out.data, "\x18more\x1b[1mx");
		} else {
			assert_string_equal(out.data, "more\x1b[1mx");
		}
		qt_buf_clear(&out);
	}
}
