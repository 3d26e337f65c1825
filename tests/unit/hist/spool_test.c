/* SPDX-License-Identifier: Apache-2.0 */
/* Reading what shells wrote: libcommon/hist/spool.c. */

#include "../test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <qt/base/buf.h>
#include <qt/base/err.h>
#include <qt/hist/spool.h>

#define TOKEN	"0123456789abcdef"

/* Fields, which end in '|' here, as they lie in a spool. */
static void
add(struct qt_buf *b, char kind, const char *fields, const char *end)
{
	char	mark[QT_HIST_TOKEN + 4];

	snprintf(mark, sizeof(mark), "\x1e" TOKEN "%c", kind);
	assert_int_equal(qt_buf_add(b, mark, strlen(mark) + 1), 0);
	for (const char *p = fields; *p != '\0'; p++)
		assert_int_equal(qt_buf_add(b, *p == '|' ? "" : p, 1), 0);
	if (end == NULL)
		return;
	snprintf(mark, sizeof(mark), "\x1e" TOKEN "%s", end);
	assert_int_equal(qt_buf_add(b, mark, strlen(mark) + 1), 0);
}

static void
expect(const struct qt_hist_bytes *b, const char *text)
{
	assert_int_equal(b->len, strlen(text));
	assert_memory_equal(b->data, text, b->len);
}

/* The texts of all records, and what was lost on the way. */
static uint64_t
read_all(const struct qt_buf *b, char texts[256])
{
	struct qt_hist_spool_record	r;
	uint64_t			lost = 0;
	size_t				at = 0, used;

	texts[0] = '\0';
	while (qt_hist_spool_next(&r, TOKEN, b->data + at, b->len - at, &used,
	    &lost) == 1) {
		at += used;
		snprintf(texts + strlen(texts), 256 - strlen(texts), "%.*s;",
		    (int)r.text.len, r.text.data);
	}
	return lost;
}

QT_TEST(the_head_names_the_token)
{
	char	head[QT_HIST_SPOOL_HEAD + 1] = "", token[QT_HIST_TOKEN];

	(void)state;
	qt_hist_spool_head(head, TOKEN);
	assert_string_equal(head, "qt-hist-spool 1 " TOKEN "\n");
	assert_int_equal(qt_hist_spool_token(token, head, sizeof(head)), 0);
	assert_memory_equal(token, TOKEN, sizeof(token));
	assert_int_equal(qt_hist_spool_token(token, head,
	    QT_HIST_SPOOL_HEAD - 1), -QT_EFORMAT);
	head[20] = 'G';
	assert_int_equal(qt_hist_spool_token(token, head, sizeof(head)),
	    -QT_EFORMAT);
}

QT_TEST(records_give_what_the_shell_knew)
{
	struct qt_buf			b = QT_BUF_INIT;
	struct qt_hist_spool_record	r;
	uint64_t			lost = 0;
	size_t				used, at;

	(void)state;
	add(&b, 'S', "box|ann|/dev/pts/3|bash|5.2.15|77|1700000000000000|work|"
	    "boot|4026531836|",
	    ".");
	add(&b, 'B', "1|1700000001000000|/home/ann|make -j2|", ".");
	add(&b, 'E', "1|1700000001000000|1700000009000000|130|0 130|/home/ann|"
	    "f|\t for x\n|more|", ".");
	assert_int_equal(qt_hist_spool_next(&r, TOKEN, b.data, b.len, &used,
	    &lost), 1);
	assert_int_equal(r.kind, QT_HIST_SPOOL_SESSION);
	expect(&r.host, "box");
	expect(&r.user, "ann");
	expect(&r.tty, "/dev/pts/3");
	expect(&r.shell, "bash");
	expect(&r.version, "5.2.15");
	assert_int_equal(r.pid, 77);
	expect(&r.qt_session, "work");
	expect(&r.boot, "boot");
	assert_int_equal(r.pid_ns, 4026531836);
	at = used;
	assert_int_equal(qt_hist_spool_next(&r, TOKEN, b.data + at, b.len - at,
	    &used, &lost), 1);
	assert_int_equal(r.kind, QT_HIST_SPOOL_BEGIN);
	assert_true(r.has_text && r.number == 1 && r.status == -1);
	expect(&r.text, "make -j2");
	at += used;
	assert_int_equal(qt_hist_spool_next(&r, TOKEN, b.data + at, b.len - at,
	    &used, &lost), 1);
	assert_int_equal(r.kind, QT_HIST_SPOOL_END);
	assert_int_equal(r.status, 130);
	assert_int_equal(r.pipe_count, 2);
	assert_int_equal(r.pipe[1], 130);
	assert_int_equal(r.end_us - r.start_us, 8000000);
	expect(&r.text, "for x");
	at += used;
	assert_int_equal(at, b.len);
	assert_int_equal(lost, 0);
	qt_buf_clear(&b);
}

QT_TEST(what_is_torn_is_passed_over_and_the_rest_is_there)
{
	struct qt_buf	b = QT_BUF_INIT;
	char		texts[256];
	uint64_t	lost;
	size_t		whole;

	(void)state;
	add(&b, 'B', "1|5|/|one|", ".");
	whole = b.len;
	add(&b, 'B', "2|5|/|tw", NULL);		/* in the middle of a field */
	add(&b, 'B', "3|5|/|three|", ".");
	add(&b, 'B', "4|5|", NULL);		/* between two */
	add(&b, 'B', "5|5|/|five|", ".");
	assert_int_equal(qt_buf_add(&b, "noise \x1e\0\0", 9), 0);
	add(&b, 'B', "6||", ".");		/* too few fields */
	add(&b, 'Z', "7|5|/|seven|", ".");	/* no such kind */
	add(&b, 'B', "8|5|/|eight|", ".");
	lost = read_all(&b, texts);
	assert_string_equal(texts, "one;three;five;eight;");
	/* The four are as long as the first, but for their texts. */
	assert_int_equal(lost, b.len - 4 * whole - strlen("ee" "e" "ee"));
	qt_buf_clear(&b);
}

/* A reader may come at any moment. */
QT_TEST(what_is_not_all_there_yet_is_left_for_the_next_time)
{
	struct qt_buf			b = QT_BUF_INIT;
	struct qt_hist_spool_record	r;
	uint64_t			lost;
	size_t				used;

	(void)state;
	add(&b, 'B', "1|5|/|one|", ".");
	for (size_t len = 0; len < b.len; len++) {
		lost = 0;
		assert_int_equal(qt_hist_spool_next(&r, TOKEN, b.data, len,
		    &used, &lost), 0);
		assert_int_equal(used, 0);
		assert_int_equal(lost, 0);
	}
	qt_buf_clear(&b);
}

QT_TEST(commands_are_bytes)
{
	struct qt_buf	b = QT_BUF_INIT;
	char		texts[256];
	size_t		before;

	(void)state;
	add(&b, 'E', "1|5|6|0|0|/\xff\xfe|t|a\n\nb\x1e\xff\x01'\"\\|", ".");
	add(&b, 'E', "2|5|6|0|0|/|f|\t*x\n\ny\n|", ".");
	add(&b, 'E', "3|5|6|0|0|/|h|    7* 1  z\n\n|", ".");
	add(&b, 'E', "4|5|6|0|0|/|h|123456   q|", ".");
	before = b.len;
	/* There was nothing to print. */
	add(&b, 'E', "5|5|6|||/|f||", ".");
	add(&b, 'E', "6|5|6|||/|h||", ".");
	add(&b, 'E', "7|5|6|||/|h|   17|", ".");
	add(&b, 'E', "8|5|6|||/|h|   17 |", ".");
	assert_int_equal(read_all(&b, texts), b.len - before);
	assert_string_equal(texts, "a\n\nb\x1e\xff\x01'\"\\;x\n\ny;1  z\n;"
	    " q;");
	qt_buf_clear(&b);
}

QT_TEST(times_are_microseconds_or_what_bash_has)
{
	static const struct { const char *text; uint64_t us; } all[] = {
		{ "1795299717348184", UINT64_C(1795299717348184) },
		{ "1795299717.348184", UINT64_C(1795299717348184) },
		{ "1795299717,000001", UINT64_C(1795299717000001) },
		{ "1795299717\xd9\xab" "348184", UINT64_C(1795299717348184) },
		{ "", 0 }, { "0", 0 }, { ".348184", 348184 }, { ".", 0 },
		{ "17.34818", 0 }, { "17.34818x", 0 }, { "x", 0 },
		{ "99999999999999999.348184", 0 } };
	struct qt_hist_spool_record	r;

	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		struct qt_buf	b = QT_BUF_INIT;
		char		fields[128];
		size_t		used;
		uint64_t	lost = 0;

		snprintf(fields, sizeof(fields), "1|%s|%s|0|0|/|t|x|",
		    all[i].text, all[i].text);
		add(&b, 'E', fields, ".");
		assert_int_equal(qt_hist_spool_next(&r, TOKEN, b.data, b.len,
		    &used, &lost), 1);
		assert_int_equal(r.start_us, all[i].us);
		assert_int_equal(r.end_us, all[i].us);
		qt_buf_clear(&b);
	}
}

QT_TEST(statuses_are_numbers_or_not_known)
{
	static const struct { const char *text; int status; } all[] = {
		{ "0", 0 }, { "255", 255 }, { "", -1 }, { "x", -1 },
		{ "70000", -1 }, { "99999999999999999999999", -1 } };
	struct qt_hist_spool_record	r;
	uint64_t			lost = 0;
	size_t				used;
	char				fields[128];

	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		struct qt_buf	b = QT_BUF_INIT;

		snprintf(fields, sizeof(fields), "1|5|6|%s||/|b||",
		    all[i].text);
		add(&b, 'E', fields, ".");
		assert_int_equal(qt_hist_spool_next(&r, TOKEN, b.data, b.len,
		    &used, &lost), 1);
		assert_int_equal(r.status, all[i].status);
		assert_int_equal(r.pipe_count, 0);
		assert_false(r.has_text);
		qt_buf_clear(&b);
	}
}

QT_TEST(an_entry_with_its_own_time_is_sure_if_it_is_later)
{
	static const struct {
		const char	*text, *got;
		bool		 is_unsure;
	} all[] = {
		{ "1700000001.999999   17  1700000002 echo  a\n", "echo  a",
		    false },
		{ "1700000002.000000   17* 1700000002 x\n", "x", true },
		{ "1700000003.000000 1  1700000002 \xff\nz\n", "\xff\nz", true },
		{ " 17  1700000002 1 2\n", "1 2", true },
		{ "x 17  1700000002 x\n", "x", true },
		/* No text is no record. */
		{ "1700000001.999999", NULL, true },
		{ "1700000001.999999 17  x y\n", NULL, true },
		{ "1700000001.999999 17  1700000002", NULL, true },
		{ "1700000001.999999 17  1700000002 \n", NULL, true },
		{ " ", NULL, true }, { "", NULL, true },
	};
	struct qt_hist_spool_record	r;
	char				fields[128];

	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		struct qt_buf	b = QT_BUF_INIT;
		size_t		used;
		uint64_t	lost = 0;

		snprintf(fields, sizeof(fields), "1|5|6|0|0|/|e|%s|",
		    all[i].text);
		add(&b, 'E', fields, ".");
		assert_int_equal(qt_hist_spool_next(&r, TOKEN, b.data, b.len,
		    &used, &lost), all[i].got != NULL);
		if (all[i].got != NULL) {
			assert_int_equal(r.text.len, strlen(all[i].got));
			assert_memory_equal(r.text.data, all[i].got,
			    r.text.len);
			assert_int_equal(r.is_unsure, all[i].is_unsure);
		}
		qt_buf_clear(&b);
	}
}

QT_TEST(a_comment_is_not_what_ran)
{
	struct qt_buf	b = QT_BUF_INIT;
	char		texts[256];

	(void)state;
	add(&b, 'E', "1|5|6|0|0|/|c|\t x\n|\t y\n|", ".");
	add(&b, 'E', "2|5|6|0|0|/|c|\t # a\n|\t*y z\n|", ".");
	add(&b, 'E', "3|5|6|0|0|/|c|\t \t #|\t #q\n|", ".");
	/* No command is no record. */
	add(&b, 'E', "4|5|6|0|0|/|c|\t #\n|", ".");
	add(&b, 'E', "5|5|6|0|0|/|c|\t #\n||", ".");
	add(&b, 'E', "6|5|6|0|0|/|c||\t y\n|", ".");
	assert_true(read_all(&b, texts) > 0);
	assert_string_equal(texts, "x;y z;#q;y;");
	qt_buf_clear(&b);
}

QT_TEST(a_name_says_whether_a_file_is_a_spool)
{
	(void)state;
	assert_true(qt_hist_spool_is_name(TOKEN ".spool"));
	assert_true(qt_hist_spool_is_name(TOKEN "-spare.spool"));
	assert_false(qt_hist_spool_is_name(".spool"));
	assert_false(qt_hist_spool_is_name(".hidden.spool"));
	assert_false(qt_hist_spool_is_name("taken"));
	assert_false(qt_hist_spool_is_name("a.spool~"));
	assert_false(qt_hist_spool_is_name(""));
}
