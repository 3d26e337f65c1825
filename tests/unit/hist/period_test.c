/* SPDX-License-Identifier: Apache-2.0 */
/* Periods as people say them, by clocks that are ahead of UTC. */

#include "../test.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <qt/hist/stats.h>

/* Saturday, 2026-11-21 15:30 there: an hour ahead, two in summer. */
static int32_t
zone(int64_t unix_s)
{
	return unix_s >= 1774746000 && unix_s < 1792890000 ? 7200 : 3600;
}

static void
add(char *out, size_t size, uint64_t us)
{
	size_t		len = strlen(out);
	time_t		s = (time_t)(us / 1000000);
	struct tm	tm;

	if (us == UINT64_MAX) {
		snprintf(out + len, size - len, "-");
		return;
	}
	s += zone((int64_t)s);
	assert_non_null(gmtime_r(&s, &tm));
	strftime(out + len, size - len, "%Y-%m-%d %H:%M", &tm);
}

static const char *
period(const char *text)
{
	static char		out[96];
	struct qt_hist_here	here = { .zone_s = zone,
	    .now_us = UINT64_C(1795271400000000) };
	struct qt_hist_period	p;
	int			rc = qt_hist_period_parse(&p, text, &here);

	out[0] = '\0';
	if (rc < 0) {
		assert_int_equal(rc, -EINVAL);
		return "no";
	}
	add(out, sizeof(out), p.from_us);
	strcat(out, " to ");
	add(out, sizeof(out), p.to_us);
	return out;
}

QT_TEST(this_one_reaches_to_now_and_later)
{
	(void)state;
	assert_string_equal(period("today"), "2026-11-21 00:00 to -");
	assert_string_equal(period("week"), "2026-11-16 00:00 to -");
	assert_string_equal(period("month"), "2026-11-01 00:00 to -");
	assert_string_equal(period("year"), "2026-01-01 00:00 to -");
	assert_string_equal(period("2h"), "2026-11-21 13:30 to -");
	assert_string_equal(period("30d"), "2026-10-22 16:30 to -");
	assert_string_equal(period("all"), "1970-01-01 01:00 to -");
}

QT_TEST(a_day_month_or_year_has_an_end)
{
	(void)state;
	assert_string_equal(period("yesterday"),
	    "2026-11-20 00:00 to 2026-11-21 00:00");
	assert_string_equal(period("monday"),
	    "2026-11-16 00:00 to 2026-11-17 00:00");
	assert_string_equal(period("2026-11-02"),
	    "2026-11-02 00:00 to 2026-11-03 00:00");
	assert_string_equal(period("2026-12"),
	    "2026-12-01 00:00 to 2027-01-01 00:00");
	assert_string_equal(period("2026-01"),
	    "2026-01-01 00:00 to 2026-02-01 00:00");
	assert_string_equal(period("2025"),
	    "2025-01-01 00:00 to 2026-01-01 00:00");
}

QT_TEST(days_on_which_clocks_change_are_longer_or_shorter)
{
	(void)state;
	assert_string_equal(period("2026-03-29"),
	    "2026-03-29 00:00 to 2026-03-30 00:00");
	assert_string_equal(period("2026-10-25"),
	    "2026-10-25 00:00 to 2026-10-26 00:00");
}

QT_TEST(a_range_may_be_open)
{
	(void)state;
	assert_string_equal(period("2026-11-01..2026-11-03"),
	    "2026-11-01 00:00 to 2026-11-03 00:00");
	assert_string_equal(period("yesterday.."), "2026-11-20 00:00 to -");
	assert_string_equal(period("..2026"),
	    "1970-01-01 01:00 to 2026-01-01 00:00");
	assert_string_equal(period("2026-11..2026-10"), "no");
	assert_string_equal(period(".."), "no");
}

QT_TEST(what_is_no_period_is_refused)
{
	(void)state;
	assert_string_equal(period(""), "no");
	assert_string_equal(period("fortnight"), "no");
	assert_string_equal(period("2026-13"), "no");
	assert_string_equal(period("2026-1"), "no");
	assert_string_equal(period("30"), "no");
	assert_string_equal(period("1-1-1-1"), "no");
	assert_string_equal(period("99999999999d"), "no");
}
