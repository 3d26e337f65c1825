/* SPDX-License-Identifier: Apache-2.0 */
/* Parsing queries, and asking events: libcommon/hist/query*.c. */

#include "../test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <qt/hist/query.h>

#define SECOND	UINT64_C(1000000)
/* Saturday, 2026-11-21 20:30:00 UTC. */
#define NOW	UINT64_C(1795293000)

/* Two hours ahead until Sunday, 2026-10-25 01:00 UTC, then one. */
static int32_t
zone(int64_t unix_s)
{
	return unix_s < INT64_C(1792890000) ? 7200 : 3600;
}

static struct qt_hist_here	here = { .now_us = NOW * SECOND,
    .home = "/home/ann", .cwd = "/srv/x", .git = "/srv", .host = "box",
    .session = "s1" };
static struct qt_hist_query	q;

static int
parse(const char *text)
{
	return qt_hist_query_parse(&q, text, strlen(text), &here, NULL, NULL);
}

/* The query as it was understood. */
static const char *
said(void)
{
	static const char *const kinds[] = { "~", "'", "^", "$", "=", "re" };
	static const char *const hows[] = { "", "!", "<", "<=", ">", ">=",
	    "running", "unknown" };
	static char	text[1024];
	size_t		n = 0;

	text[0] = '\0';
	for (uint32_t i = 0; i < q.term_count; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n,
		    "%s%s%s%s%.*s;", q.terms[i].is_or ? "|" : "",
		    q.terms[i].is_negated ? "!" : "", kinds[q.terms[i].kind],
		    q.terms[i].is_case ? "C" : "", (int)q.terms[i].len,
		    q.bytes + q.terms[i].text);
	for (uint32_t i = 0; i < q.filter_count; i++) {
		n += (size_t)snprintf(text + n, sizeof(text) - n,
		    "%s%s:%s%.*s", q.filters[i].is_negated ? "!" : "",
		    qt_hist_filter_name(q.filters[i].name),
		    hows[q.filters[i].compare], (int)q.filters[i].len,
		    q.bytes + q.filters[i].text);
		if (q.filters[i].len == 0 &&
		    q.filters[i].compare < QT_HIST_IS_RUNNING)
			n += (size_t)snprintf(text + n, sizeof(text) - n,
			    "%llu", (unsigned long long)q.filters[i].number);
		n += (size_t)snprintf(text + n, sizeof(text) - n, ";");
	}
	return text;
}

static void
expect(const char *text, const char *want)
{
	if (parse(text) != 0 || strcmp(said(), want) != 0)
		fail_msg("'%s': '%s', not '%s'", text, said(), want);
}

QT_TEST(words_are_what_stands_before_and_behind_them)
{
	(void)state;
	expect("", "");
	expect(" \t\n ", "");
	expect("git", "~git;");
	expect("git 'push ^a b$ ^c$ !d", "~git;'push;^a;$b;=c;!'d;");
	expect("!'a !^b !c$ !^d$ !re:e", "!'a;!^b;!$c;!=d;!ree;");
	expect("a | b c", "~a;|~b;~c;");
	expect("a | 'b | !c", "~a;|'b;|!'c;");
	expect("a|b", "~a|b;");
	expect("Git '\xc3\x84", "~CGit;'\xc3\x84;");
	expect("$ $a a$b", "~$;~$a;~a$b;");
	expect("http://x:80 -n=1", "~http://x:80;~-n=1;");
}

QT_TEST(quotes_and_backslashes_take_meaning_away)
{
	(void)state;
	expect("\"a  b\"", "'a  b;");
	expect("'\"a b\" ^\"c d\" \"e f\"$ ^\"g\"$", "'a b;^c d;$e f;=g;");
	expect("\"|\" \"!a\" \"cwd:x\" \\| \\!a cwd\\:x", "'|;'!a;'cwd:x;~|;~!a;"
	    "~cwd:x;");
	expect("a\\ b \\'c \\^d e\\$ \\\\", "~a b;~'c;~^d;~e$;~\\;");
	expect("\"a\\\"b\\\\c\\n\" x\\n", "'a\"b\\c\\n;~x\\n;");
	expect("a\\\\$", "$a\\;");
	expect("re:a\\.b\\ c re:\"a \\\"b\\\\\"", "rea\\.b\\ c;rea \\\"b\\\\;");
	expect("re:^a$ re:\\S re:\\\\S", "re^a$;re\\S;reC\\\\S;");
}

QT_TEST(filters_have_values)
{
	(void)state;
	expect("cwd:/a//b/./c/../d/", "cwd:/a/b/d;");
	expect("cwd:. dir:.. cwd:y cwd:../../../..", "cwd:/srv/x;dir:/srv;"
	    "cwd:/srv/x/y;cwd:/;");
	expect("dir:~ dir:~/b cwd:\"~/c d\" cwd:~/c\\ d", "dir:/home/ann;"
	    "dir:/home/ann/b;cwd:/home/ann/c d;cwd:/home/ann/c d;");
	expect("git:. git:qt git:~/qt", "git:/srv;git:qt;git:/home/ann/qt;");
	expect("host:. host:web session:. session:01a", "host:box;host:web;"
	    "session:s1;session:01a;");
	expect("shell:zsh !tag:work", "shell:zsh;!tag:work;");
	expect("exit:0 exit:!0 exit:>0 exit:<=2 exit:=1", "exit:0;exit:!0;"
	    "exit:>0;exit:<=2;exit:1;");
	expect("exit:running !exit:unknown", "exit:running;!exit:unknown;");
	expect("dur:>10s dur:<1m dur:>=200ms dur:1.5h dur:3", "dur:>10000000;"
	    "dur:<60000000;dur:>=200000;dur:>=5400000000;dur:>=3000000;");
	expect("cwd:/a | cwd:/b", "cwd:/a;cwd:/b;");
}

static void
expect_time(const char *value, uint64_t unix_s)
{
	char	text[64];

	snprintf(text, sizeof(text), "after:%s", value);
	if (parse(text) != 0 || q.filters[0].number != unix_s * SECOND)
		fail_msg("%s: %s, not %llu000000", text, said(),
		    (unsigned long long)unix_s);
}

QT_TEST(times_are_absolute_or_relative)
{
	const uint64_t	day = 86400, today = NOW - NOW % day;

	(void)state;
	expect_time("now", NOW);
	expect_time("2h", NOW - 7200);
	expect_time("90m", NOW - 5400);
	expect_time("1w", NOW - 7 * day);
	expect_time("60000d", 0);
	expect_time("today", today);
	expect_time("yesterday", today - day);
	expect_time("saturday", today);
	expect_time("friday", today - day);
	expect_time("sunday", today - 6 * day);
	expect_time("10:30", today + 37800);
	expect_time("10:30:15", today + 37815);
	expect_time("2026-11-21", today);
	expect_time("2026-11", today - 20 * day);
	expect_time("2026", 1767225600);
	expect_time("1970", 0);
	expect_time("2024-02-29", 1709164800);
	expect_time("2026-11-21T10:30", today + 37800);
	expect_time("\"2026-11-21 10:30:15\"", today + 37815);
	expect_time("2026-11-21T10:30:15Z", today + 37815);
	expect_time("2026-11-21T10:30+02:00", today + 30600);
	expect_time("2026-11-21T10:30-0130", today + 43200);
	expect("before:2026-11-21T00:00:00.25Z", "before:<1795219200250000;");
}

QT_TEST(times_without_a_zone_are_those_of_the_clock_on_the_wall)
{
	const uint64_t	today = NOW - NOW % 86400;

	(void)state;
	here.zone_s = zone;
	expect_time("today", today - 3600);
	expect_time("10:30", today + 37800 - 3600);
	expect_time("2026-10-24", 1792800000 - 7200);
	expect_time("2026-10-26", 1792972800 - 3600);
	expect_time("2026-11-21T10:30Z", today + 37800);
	/* It is Sunday already. */
	here.now_us += 3 * 3600 * SECOND;
	expect_time("sunday", today + 86400 - 3600);
	expect_time("saturday", today - 3600);
	here.now_us -= 3 * 3600 * SECOND;
	here.zone_s = NULL;
}

/* --- Mistakes ------------------------------------------------------------- */

static void
expect_mistake(const char *text, int rc, uint32_t at, uint32_t len,
    const char *expected)
{
	struct qt_hist_mistake	m;
	struct qt_err		err = QT_ERR_INIT;
	char			where[32];
	int			got;

	got = qt_hist_query_parse(&q, text, strlen(text), &here, &m, &err);
	if (got != rc || m.at != at || m.len != len ||
	    strstr(m.expected, expected) == NULL)
		fail_msg("'%s': %d at %u+%u '%s'", text, got, m.at, m.len,
		    m.expected);
	assert_int_equal(q.term_count + q.filter_count, 0);
	snprintf(where, sizeof(where), "at byte %u", at + 1);
	assert_non_null(strstr(err.text, where));
	assert_non_null(strstr(err.text, m.expected));
}

QT_TEST(a_mistake_has_its_place)
{
	(void)state;
	expect_mistake("a \"b c", -EINVAL, 2, 4, "quote ends");
	expect_mistake("\"a\"b", -EINVAL, 3, 1, "a blank");
	expect_mistake("| a", -EINVAL, 0, 1, "before '|'");
	expect_mistake("a | | b", -EINVAL, 4, 1, "before '|'");
	expect_mistake("a |", -EINVAL, 2, 1, "behind '|'");
	expect_mistake("a | cwd:b", -EINVAL, 2, 1, "both sides");
	expect_mistake("cwd:b | a", -EINVAL, 6, 1, "both sides");
	expect_mistake("cwd:b | dir:a", -EINVAL, 6, 1, "both sides");
	expect_mistake("cwd:b | !cwd:a", -EINVAL, 6, 1, "both sides");
	expect_mistake("a !", -EINVAL, 2, 1, "a word");
	expect_mistake("a ^ b", -EINVAL, 2, 1, "a word");
	expect_mistake("'", -EINVAL, 0, 1, "a word");
	expect_mistake("\"\"", -EINVAL, 0, 2, "in the quotes");
	expect_mistake("re:", -EINVAL, 0, 3, "a word");
	expect_mistake("a cwd: b", -EINVAL, 2, 4, "a value");
	expect_mistake("exit:abc", -EINVAL, 5, 3, "a status");
	expect_mistake("exit:65536", -EINVAL, 5, 5, "a status");
	expect_mistake("exit:>", -EINVAL, 5, 1, "a status");
	expect_mistake("dur:=1s", -EINVAL, 4, 3, "a time that it took");
	expect_mistake("dur:1x", -EINVAL, 4, 2, "a time that it took");
	expect_mistake("dur:1.s", -EINVAL, 4, 3, "a time that it took");
	expect_mistake("dur:99999999999", -EINVAL, 4, 11, "a time that");
	expect_mistake("after:2026-13", -EINVAL, 6, 7, "a time");
	expect_mistake("after:2026-02-29", -EINVAL, 6, 10, "a time");
	expect_mistake("after:24:00", -EINVAL, 6, 5, "a time");
	expect_mistake("before:1969", -EINVAL, 7, 4, "a time");
	expect_mistake("before:5", -EINVAL, 7, 1, "a time");
	expect_mistake("before:2026-01-01T", -EINVAL, 7, 11, "a time");
}

QT_TEST(what_is_not_there_cannot_be_meant)
{
	struct qt_hist_here	old = here;

	(void)state;
	here.home = here.cwd = here.git = here.host = here.session = NULL;
	expect_mistake("cwd:~/a", -EINVAL, 4, 3, "no home");
	expect_mistake("cwd:a", -EINVAL, 4, 1, "no working folder");
	expect_mistake("git:.", -EINVAL, 4, 1, "a repository");
	expect_mistake("host:.", -EINVAL, 5, 1, "a name");
	expect("cwd:/a host:b", "cwd:/a;host:b;");
	here = old;
}

QT_TEST(what_is_still_being_typed_is_no_mistake)
{
	static const char *const texts[] = { "a \"b c", "a | b |", "a !",
	    "a '", "a ^", "a re:", "a cwd:", "a exit:>", "a after:2026-1",
	    "a \"" };

	(void)state;
	here.is_typing = true;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (parse(texts[i]) != 0)
			fail_msg("'%s'", texts[i]);
		assert_true(q.term_count >= 1);
		assert_int_equal(q.filter_count, 0);
	}
	expect("\"b c", "'b c;");
	expect_mistake("exit:> a", -EINVAL, 5, 1, "a status");
	here.is_typing = false;
}

QT_TEST(sizes_are_bounded)
{
	static char	text[QT_HIST_QUERY_MAX + 2];

	(void)state;
	memset(text, 'a', QT_HIST_QUERY_MAX);
	assert_int_equal(parse(text), 0);
	assert_int_equal(q.terms[0].kind, QT_HIST_EXACT);
	text[QT_HIST_QUERY_MAX] = 'a';
	expect_mistake(text, -E2BIG, QT_HIST_QUERY_MAX, 0, "4096 bytes");
	memset(text, 0, sizeof(text));
	for (size_t i = 0; i < QT_HIST_TERMS_MAX; i++)
		memcpy(text + 2 * i, "a ", 2);
	assert_int_equal(parse(text), 0);
	text[2 * QT_HIST_TERMS_MAX] = 'b';
	expect_mistake(text, -E2BIG, 128, 1, "64 words");
	for (size_t i = 0; i <= QT_HIST_FILTERS_MAX; i++)
		memcpy(text + 7 * i, "exit:0 ", 7);
	expect_mistake(text, -E2BIG, 7 * 64, 6, "64 filters");
	memset(text, 0, sizeof(text));
	memcpy(text, "re:", 3);
	memset(text + 3, 'a', QT_HIST_PATTERN_MAX);
	assert_int_equal(parse(text), 0);
	text[3 + QT_HIST_PATTERN_MAX] = 'a';
	expect_mistake(text, -E2BIG, 0, QT_HIST_PATTERN_MAX + 4, "1024");
}

/* --- Events --------------------------------------------------------------- */

#define BYTES(s)	{ .data = (s), .len = sizeof(s) - 1 }

static const struct qt_hist_event	event = {
	.start_us = NOW * SECOND - 3600 * SECOND, .took_us = 30 * SECOND,
	.status = 2, .text = BYTES("make"), .cwd = BYTES("/srv/x/y"),
	.root = BYTES("/srv/x"), .host = BYTES("Box.example.org"),
	.shell = BYTES("bash"), .session = BYTES("01a1-77"),
	.qt_session = BYTES("work"),
};

static bool
passes(const char *text, const struct qt_hist_event *e)
{
	static const struct qt_hist_bytes	tags[] = { BYTES("slow"),
	    BYTES("ci") };

	if (parse(text) != 0)
		fail_msg("'%s' does not parse", text);
	return qt_hist_query_passes(&q, e, tags, 2);
}

QT_TEST(filters_of_one_name_widen_and_others_narrow)
{
	static const char *const yes[] = { "", "x", "cwd:/srv/x/y", "cwd:y",
	    "dir:/srv", "dir:/", "dir:/srv/x/y", "git:x", "git:/srv/x",
	    "host:box", "host:box.example.org", "shell:bash", "session:01a",
	    "session:work", "tag:ci", "exit:2", "exit:!0", "exit:>1",
	    "dur:>10s", "dur:>10s dur:<1m", "after:2h", "before:30m",
	    "after:2h before:30m", "cwd:/a cwd:/srv/x/y", "exit:0 exit:2",
	    "exit:0 exit:>1 exit:<9", "!exit:0", "!cwd:/srv/x",
	    "!tag:a !tag:b", "cwd:/a | cwd:y exit:2" };
	static const char *const no[] = { "cwd:/srv/x", "cwd:/srv/x/yy",
	    "dir:/srv/x/y/z", "dir:/sr", "git:srv", "git:y", "host:bo",
	    "host:example.org", "shell:bas", "session:1a", "session:wor",
	    "tag:c", "exit:0", "exit:!2", "exit:<2", "dur:>1m", "dur:<10s",
	    "dur:>10s dur:<20s", "after:30m", "before:2h", "cwd:/a cwd:/b",
	    "exit:2 cwd:/a", "!exit:2", "!exit:!0", "!dir:/srv",
	    "!tag:a !tag:ci", "exit:0 exit:>2 exit:<9", "exit:running",
	    "exit:unknown" };

	(void)state;
	for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++)
		if (!passes(yes[i], &event))
			fail_msg("'%s' does not pass", yes[i]);
	for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++)
		if (passes(no[i], &event))
			fail_msg("'%s' passes", no[i]);
}

QT_TEST(running_is_not_failed)
{
	static const char *const none[] = { "exit:0", "exit:!0", "!exit:0",
	    "!exit:!0", "exit:>0", "dur:>0s", "!dur:>1s", "after:1970",
	    "!after:1970", "before:now" };
	struct qt_hist_event	e = { .took_us = UINT64_MAX, .status = -1,
	    .flags = QT_HIST_RUNNING };

	(void)state;
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		if (passes(none[i], &e))
			fail_msg("'%s' passes", none[i]);
	assert_true(passes("exit:running", &e));
	assert_true(passes("!exit:unknown", &e));
	assert_false(passes("!exit:running", &e));
	e.flags = 0;
	assert_true(passes("exit:unknown !exit:running", &e));
	assert_false(passes("exit:!0", &e));
}
