/* SPDX-License-Identifier: Apache-2.0 */
/* Histories of others, byte by byte: each a pitfall; and there and back. */

#include "../test.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <qt/base/text.h>
#include <qt/hist/export.h>
#include <qt/hist/import.h>

/* Appends "TIME COMMAND|" of each, escaped; "bad LINE|" of what is none. */
static void
read_bytes(struct qt_buf *out, enum qt_hist_format format, const void *data,
    size_t len)
{
	struct qt_hist_import	*i;
	struct qt_hist_event	 e;
	struct qt_err		 err = QT_ERR_INIT;
	unsigned int		 line;
	int			 rc;

	assert_int_equal(qt_hist_import_open_bytes(&i, data, len, format,
	    &err), 0);
	while ((rc = qt_hist_import_next(i, &e, &err)) != 0) {
		if (rc == 1) {
			assert_int_equal(e.start_us % 1000000, 0);
			assert_int_equal(e.flags, QT_HIST_IMPORTED);
			assert_int_equal(qt_buf_addf(out, "%llu ",
			    (unsigned long long)e.start_us / 1000000), 0);
			qt_text_escape(out, e.text.data, e.text.len);
		} else {
			assert_int_equal(rc, -QT_EFORMAT);
			assert_int_equal(sscanf(err.text, "line %u:", &line),
			    1);
			assert_int_equal(qt_buf_addf(out, "bad %u", line), 0);
		}
		assert_int_equal(qt_buf_add(out, "|", 1), 0);
	}
	assert_int_equal(qt_hist_import_next(i, &e, &err), 0);
	qt_hist_import_close(i);
}

#define expect(format, bytes, events) \
	expect_(format, bytes, sizeof(bytes) - 1, events)
static void
expect_(enum qt_hist_format format, const void *data, size_t len,
    const char *events)
{
	struct qt_buf	out = QT_BUF_INIT;

	read_bytes(&out, format, data, len);
	assert_string_equal(out.data == NULL ? "" : out.data, events);
	qt_buf_clear(&out);
}

QT_TEST(bash_without_times_has_a_command_a_line)
{
	(void)state;
	expect(QT_HIST_BASH, "ls\n\ncd /\n#1 a comment\n#12345\n \xff\xfe\n"
	    "no end", "0 ls|0 cd /|0 #1 a comment|0 #12345|0  \\xff\\xfe|"
	    "0 no end|");
	expect(QT_HIST_BASH, "", "");
	expect(QT_HIST_BASH, "\n\n", "");
}

QT_TEST(bash_with_times_has_all_lines_up_to_the_next_time)
{
	(void)state;
	expect(QT_HIST_BASH, "old\n#1700000000\nfor i in 1\ndo :\n\ndone\n"
	    "#1700000001\ncat <<X\ntwo\nX\n\n#1700000002\n#1700000003\nlast\n"
	    "#1700000004\n",
	    "0 old|1700000000 for i in 1\\ndo :\\n\\ndone|"
	    "1700000001 cat <<X\\ntwo\\nX\\n|1700000003 last|");
	/* A time that nobody can mean. */
	expect(QT_HIST_BASH, "#9999999999999999\na\n", "0 a|");
	expect(QT_HIST_BASH, "#99999999999999999999999\na\n",
	    "0 #99999999999999999999999|0 a|");
}

QT_TEST(bash_of_ble_has_what_is_quoted)
{
	(void)state;
	expect(QT_HIST_BASH, "eval -- $'a\\nb\\'\\\\\\t\\x41\\101\\u00e4\\e'\n"
	    "eval -- $'a' b\neval -- $'a\\'\neval -- $'\\q'\n",
	    "0 a\\nb'\\\\\\tAA\xc3\xa4\\x1b|0 eval -- $'a' b|"
	    "0 eval -- $'a\\\\'|0 eval -- $'\\\\q'|");
}

QT_TEST(zsh_lines_with_and_without_times)
{
	(void)state;
	expect(QT_HIST_ZSH, ": 1700000000:0;ls\nplain\n: 17:x;no head\n"
	    ": 1700000001:3;a;b\n:\n: 99\n\\: 1:2;x\n: 1700000002:0;\\:y\n",
	    "1700000000 ls|0 plain|0 : 17:x;no head|1700000001 a;b|0 :|"
	    "0 : 99|0 : 1:2;x|1700000002 \\\\:y|");
}

QT_TEST(zsh_newlines_have_a_backslash)
{
	(void)state;
	expect(QT_HIST_ZSH, ": 1700000000:0;one\\\ntwo\\\\\nthree\n"
	    ": 1700000001:0;ends \\ \n: 1700000002:0;ends \\  \n"
	    ": 1700000003:0;older \\\\\n: 1700000004:0;x\nlast\\\n",
	    "1700000000 one\\ntwo\\\\\\nthree|1700000001 ends \\\\|"
	    "1700000002 ends \\\\ |1700000003 older \\\\\\\\|1700000004 x|"
	    "0 last\\\\|");
}

QT_TEST(zsh_bytes_are_metafied)
{
	(void)state;
	/* U+00C3 U+0083, as zsh writes them, and a byte that is cut off. */
	expect(QT_HIST_ZSH, "echo \xc3\x83\xa3\xc3\x83\xa4 \x83\xbf\n\x83\n",
	    "0 echo \xc3\x83\xc3\x84 \\x9f|0 \\x83|");
}

QT_TEST(fish_escapes_are_undone_in_one_pass)
{
	(void)state;
	expect(QT_HIST_FISH, "- cmd: printf \"a\\\\nb\"\\nc\\\\\\\\d\\q\n"
	    "  when: 1700000000\n  paths:\n    - a/b\n    - when: 5\n"
	    "- cmd: x\n   when: 1700000001\n  added_when: 1600000000\n"
	    "- cmd: no: time\n",
	    "1700000000 printf \"a\\\\nb\"\\nc\\\\\\\\d\\\\q|1700000001 x|"
	    "0 no: time|");
}

QT_TEST(fish_tells_lines_that_are_none)
{
	(void)state;
	expect(QT_HIST_FISH, "%YAML\n---\n- cmd: a\n  when: 1700000000\n"
	    "rubbish\n- cmd: b\n  when: x\n\0\0\n- cmd: c\n  when: 17\n"
	    "- cmd: tor", "1700000000 a|bad 5|0 b|17 c|bad 11|");
}

QT_TEST(powershell_newlines_have_a_backtick)
{
	(void)state;
	expect(QT_HIST_POWERSHELL, "\xef\xbb\xbfGet-Item`\r\n  x\r\nls\r\n",
	    "0 Get-Item\\n  x|0 ls|");
	expect(QT_HIST_POWERSHELL, "a`\nb``\nc\nd\r\ne`",
	    "0 a\\nb`\\nc|0 d\\r|0 e`|");
}

QT_TEST(json_lines_that_are_none_are_told)
{
	(void)state;
	expect(QT_HIST_JSON, "{\"command\":\"a\\nb\",\"start\":1700000000}\n"
	    "{}\n[\n\n{\"command\":\"?\",\"command_hex\":\"61ff\"}\n"
	    "{\"command\":\"?\",\"command_hex\":\"6\"}\n",
	    "1700000000 a\\nb|bad 2|bad 3|0 a\\xff|bad 6|");
}

QT_TEST(no_command_has_a_nul)
{
	(void)state;
	expect(QT_HIST_BASH, "a\nb\0c\nd\n", "0 a|bad 2|0 d|");
}

QT_TEST(what_is_longer_than_a_shell_writes_is_told)
{
	struct qt_hist_import	*i;
	struct qt_hist_event	 e;
	struct qt_buf		 in = QT_BUF_INIT;
	struct qt_err		 err = QT_ERR_INIT;

	(void)state;
	for (size_t more = 0; more < 2; more++)
		assert_int_equal(qt_buf_addf(&in, "{\"command\":\"a\",\"cwd\":"
		    "\"%*s\"}\n", (int)(QT_HIST_TEXT_MAX + more), "/"), 0);
	assert_int_equal(qt_hist_import_open_bytes(&i, in.data, in.len,
	    QT_HIST_JSON, NULL), 0);
	assert_int_equal(qt_hist_import_next(i, &e, &err), 1);
	assert_int_equal(e.cwd.len, QT_HIST_TEXT_MAX);
	assert_int_equal(qt_hist_import_next(i, &e, &err), -QT_EFORMAT);
	assert_memory_equal(err.text, "line 2: ", 8);
	assert_int_equal(qt_hist_import_next(i, &e, &err), 0);
	qt_hist_import_close(i);
	qt_buf_clear(&in);
}

/* --- Detection ------------------------------------------------------------ */

static enum qt_hist_format
format_of(const char *text)
{
	struct qt_hist_import	*i;
	enum qt_hist_format	 format;

	assert_int_equal(qt_hist_import_open_bytes(&i, text, strlen(text),
	    QT_HIST_DETECT, NULL), 0);
	format = qt_hist_import_format(i);
	qt_hist_import_close(i);
	return format;
}

QT_TEST(a_format_is_seen)
{
	(void)state;
	assert_int_equal(format_of(""), QT_HIST_BASH);
	assert_int_equal(format_of("ls\n#1700000000\n: 1:2;x\n"),
	    QT_HIST_BASH);
	assert_int_equal(format_of("ls\n: 1700000000:0;x\n"), QT_HIST_ZSH);
	assert_int_equal(format_of("\n- cmd: a\n"), QT_HIST_FISH);
	assert_int_equal(format_of("{\"command\":\"a\"}\n"), QT_HIST_JSON);
}

/* --- There and back ------------------------------------------------------- */

static const char *const odd[] = {
	"ls", " ls ", "\\", "\\ ", "a\\", "a\\  ", "a\\\\", "a\\\nb", "a\\\\\nb",
	"one\ntwo", "one\ntwo\n", "\none", "one\n\n\ntwo", "\n", "#1700000000",
	"a\n#1700000000\nb", "# comment", ": 1:2;x", ":", "- cmd: x",
	"eval -- $'ls'", "eval -- $'a\nb'", "printf 'a\\nb\\\\n'", "'\"$`\\",
	"\xff\xfe\x83\x84\xa0\xa2\x9d", "\xc3\xa4\x83", "tab\there", "\x01\x1b[m",
	"a\rb", "  when: 5", "{\"command\":1}", "x\\ \\", "\\\n", "\\\n\\\n\\",
};
#define ODD	(sizeof(odd) / sizeof(odd[0]))

/* All of them, at these times: the last ones are not known. */
static void
go_there_and_back(enum qt_hist_format format, uint64_t start_us)
{
	struct qt_hist_import	*i;
	struct qt_hist_event	 e = { .status = 7, .took_us = 1500000 };
	struct qt_buf		 out = QT_BUF_INIT;
	struct qt_err		 err = QT_ERR_INIT;
	bool			 is_left_out[ODD];

	for (size_t k = 0; k < ODD; k++) {
		int	rc;

		e.text = (struct qt_hist_bytes){ odd[k], strlen(odd[k]) };
		e.start_us = start_us;
		rc = qt_hist_export_add(&out, format, &e);
		is_left_out[k] = rc == -ENOTSUP;
		assert_true(rc == 0 || is_left_out[k]);
	}
	assert_int_equal(qt_hist_import_open_bytes(&i, out.data, out.len,
	    format, NULL), 0);
	for (size_t k = 0; k < ODD; k++) {
		if (is_left_out[k])
			continue;
		assert_int_equal(qt_hist_import_next(i, &e, &err), 1);
		if (e.text.len != strlen(odd[k]) ||
		    memcmp(e.text.data, odd[k], e.text.len) != 0)
			fail_msg("%s: '%s' is '%.*s'",
			    qt_hist_format_name(format), odd[k],
			    (int)e.text.len, e.text.data);
		if (format != QT_HIST_POWERSHELL)
			assert_int_equal(e.start_us, format == QT_HIST_JSON ?
			    start_us : start_us / 1000000 * 1000000);
	}
	assert_int_equal(qt_hist_import_next(i, &e, &err), 0);
	qt_hist_import_close(i);
	qt_buf_clear(&out);
}

QT_TEST(what_was_exported_is_imported_the_same)
{
	(void)state;
	for (int f = QT_HIST_BASH; f <= QT_HIST_JSON; f++) {
		go_there_and_back((enum qt_hist_format)f, 1700000000123456);
		go_there_and_back((enum qt_hist_format)f, 0);
	}
}

QT_TEST(what_names_an_event_is_read_as_it_is_written)
{
	static const char *const	bad[] = { "", "0", "-1",
	    "000660ba68e0a400000000044500b09", "000660ba68e0a400000000044500b09eb",
	    "000660BA68E0A400000000044500b09e",
	    "000660ba68e0a400 00000044500b09e" };
	char				text[QT_HIST_NAME + 1];
	uint64_t			start, id;

	(void)state;
	qt_hist_name(text, UINT64_C(0x660ba68e0a400), UINT64_MAX);
	assert_string_equal(text, "000660ba68e0a400ffffffffffffffff");
	assert_int_equal(qt_hist_name_parse(&start, &id, text), 0);
	assert_true(start == UINT64_C(0x660ba68e0a400) && id == UINT64_MAX);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(qt_hist_name_parse(&start, &id, bad[i]),
		    -EINVAL);
}
