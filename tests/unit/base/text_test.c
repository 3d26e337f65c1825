/* SPDX-License-Identifier: Apache-2.0 */
/* <qt/base/text.h> */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <qt/base/text.h>

#include "../test.h"

QT_TEST(text_stands_for_itself_and_what_drives_a_terminal_does_not)
{
	struct qt_buf	buf = QT_BUF_INIT;

	(void)state;
	qt_text_escape(&buf, "a \"b\" \xc3\xa4", 8);
	assert_string_equal(buf.data, "a \"b\" \xc3\xa4");
	qt_buf_reset(&buf);
	qt_text_escape(&buf, "\t\n\r\\\0\x1b[m\x7f\xff\xc2\x85.", 13);
	assert_string_equal(buf.data,
	    "\\t\\n\\r\\\\\\x00\\x1b[m\\x7f\\xff\\xc2\\x85.");
	qt_buf_clear(&buf);
}

QT_TEST(every_pair_of_bytes_comes_back_from_its_escaped_form)
{
	struct qt_buf	buf = QT_BUF_INIT;
	char		pair[2];
	size_t		len;

	(void)state;
	for (int n = 0; n < 65536; n++) {
		pair[0] = (char)(n >> 8);
		pair[1] = (char)n;
		qt_buf_reset(&buf);
		qt_text_escape(&buf, pair, 2);
		len = buf.len;
		assert_null(memchr(buf.data, '\n', len));
		assert_null(memchr(buf.data, '\t', len));
		assert_int_equal(qt_text_unescape(buf.data, &len), 0);
		assert_int_equal(len, 2);
		assert_memory_equal(buf.data, pair, 2);
	}
	qt_buf_clear(&buf);
}

QT_TEST(bytes_of_utf_8_are_no_error)
{
	char	text[] = "\xea\xb0\x80\\t";
	size_t	len = sizeof(text) - 1;

	(void)state;
	assert_int_equal(qt_text_unescape(text, &len), 0);
	assert_int_equal(len, 4);
	assert_memory_equal(text, "\xea\xb0\x80\t", 4);
}

QT_TEST(a_backslash_that_begins_nothing_is_refused)
{
	static const char *const	bad[] = { "\\", "a\\q", "\\x", "\\x1",
	    "\\x1g", "\\\"", "\\ " };
	char				text[8];
	size_t				len;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		snprintf(text, sizeof(text), "%s", bad[i]);
		len = strlen(text);
		assert_int_equal(qt_text_unescape(text, &len), -EINVAL);
	}
}

/* The words of a line, each followed by '|'. */
static int
words(const char *line, char out[64])
{
	char	 text[64], *p = text, *word;
	size_t	 len = strlen(line), n;
	int	 rc;

	memcpy(text, line, len);
	for (*out = '\0'; (rc = qt_text_word(&p, &len, &word, &n)) == 1;)
		snprintf(out + strlen(out), 64 - strlen(out), "%.*s|", (int)n,
		    word);
	return rc;
}

QT_TEST(words_are_separated_by_blanks_and_quotes_keep_those)
{
	static const struct {
		const char	*line, *words;
	} good[] = {
		{ "", "" }, { " \t ", "" }, { "put a b", "put|a|b|" },
		{ "  put\ta  b ", "put|a|b|" }, { "\"\" \"\"", "||" },
		{ "\"a b\" c", "a b|c|" }, { "a\" \"b", "a b|" },
		{ "a\\ b \\\"c\\\"", "a b|\"c\"|" },
		{ "\xea\xb0\x80 \xff", "\xea\xb0\x80|\xff|" },
		{ "\"\\\"\\x41\\\\ \"", "\"A\\ |" }, { "don't", "don't|" },
	};
	char	out[64];

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(words(good[i].line, out), 0);
		assert_string_equal(out, good[i].words);
	}
	assert_int_equal(words("a \"b", out), -EINVAL);
	assert_int_equal(words("a \\", out), -EINVAL);
	assert_int_equal(words("a \\z", out), -EINVAL);
	assert_int_equal(words("\"\\", out), -EINVAL);
}

QT_TEST(sizes_and_ages_are_short)
{
	struct qt_buf	buf = QT_BUF_INIT;

	(void)state;
	qt_text_bytes(&buf, 1023);
	qt_text_bytes(&buf, 1536);
	qt_text_bytes(&buf, UINT64_MAX);
	qt_text_ago(&buf, 90000, 0);
	qt_text_ago(&buf, 0, 90000);
	assert_string_equal(buf.data, "1023 B1.5 KB16384.0 PB1m ago0s ago");
	assert_int_equal(qt_text_width("\xc3\xa4" "b", 3), 2);
	qt_buf_clear(&buf);
}

QT_TEST(sizes_as_people_write_them)
{
	static const struct {
		const char	*text;
		uint64_t	 n;
	} good[] = {
		{ "0", 0 }, { "1", 1 }, { "007", 7 }, { "1K", 1024 },
		{ "3m", 3 << 20 }, { "4G", UINT64_C(4) << 30 },
		{ "2t", UINT64_C(2) << 40 },
		{ "18446744073709551615", UINT64_MAX },
		{ "16777215T", UINT64_C(16777215) << 40 },
	};
	static const char *const	bad[] = { "", "K", "-1", "+1", " 1",
	    "1 ", "1KB", "1X", "0x1", "1.5M", "18446744073709551616",
	    "16777216T", "99999999999999999999999" };
	uint64_t			n;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(qt_text_parse_bytes(good[i].text, &n), 0);
		assert_true(n == good[i].n);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(qt_text_parse_bytes(bad[i], &n), -EINVAL);
}

QT_TEST(times_as_people_write_them)
{
	static const struct {
		const char	*text;
		uint64_t	 n;
	} good[] = {
		{ "0", 0 }, { "0s", 0 }, { "100ms", 100 }, { "5s", 5000 },
		{ "1m", 60000 }, { "2h", 7200000 }, { "30d", 2592000000 },
	};
	static const char *const	bad[] = { "", "s", "1", "100", "1S",
	    "1 s", "1s ", "-1s", "1min", "1.5s", "18446744073709551615d" };
	uint64_t			n;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(qt_text_parse_ms(good[i].text, &n), 0);
		assert_true(n == good[i].n);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(qt_text_parse_ms(bad[i], &n), -EINVAL);
}
