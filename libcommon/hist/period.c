/* SPDX-License-Identifier: Apache-2.0 */
/* Periods of time as people say them. See <qt/hist/stats.h>. */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <qt/hist/stats.h>

#include "query_priv.h"

#define SECOND	UINT64_C(1000000)
#define HOUR	(3600 * SECOND)

static int
time_of(uint64_t *us, const char *text, size_t len,
    const struct qt_hist_here *here)
{
	return qt__query_time(us, text, len, here);
}

/* The date that clocks on the wall show. */
static void
date_at(struct tm *tm, uint64_t us, const struct qt_hist_here *here)
{
	time_t	s = (time_t)(us / SECOND);

	if (here->zone_s != NULL)
		s += here->zone_s((int64_t)s);
	if (gmtime_r(&s, tm) == NULL)
		memset(tm, 0, sizeof(*tm));
}

/* When a day begins, of which us is a moment. */
static int
day_of(uint64_t *out, uint64_t us, const struct qt_hist_here *here)
{
	char		text[48];
	struct tm	tm;

	date_at(&tm, us, here);
	snprintf(text, sizeof(text), "%04d-%02d-%02d", tm.tm_year + 1900,
	    tm.tm_mon + 1, tm.tm_mday);
	return time_of(out, text, strlen(text), here);
}

/* The day that begins at from: days have 23 to 25 hours. */
static int
one_day(struct qt_hist_period *out, const struct qt_hist_here *here)
{
	return day_of(&out->to_us, out->from_us + 36 * HOUR, here);
}

/* This week, month, year: -ENOENT when it is none of them. */
static int
named(struct qt_hist_period *out, const char *text,
    const struct qt_hist_here *here)
{
	struct tm	tm;
	char		date[48];

	out->to_us = UINT64_MAX;
	date_at(&tm, here->now_us, here);
	if (strcmp(text, "all") == 0)
		return 0;
	if (strcmp(text, "today") == 0)
		return time_of(&out->from_us, text, 5, here);
	if (strcmp(text, "week") == 0)
		return time_of(&out->from_us, "monday", 6, here);
	if (strcmp(text, "month") == 0)
		snprintf(date, sizeof(date), "%04d-%02d", tm.tm_year + 1900,
		    tm.tm_mon + 1);
	else if (strcmp(text, "year") == 0)
		snprintf(date, sizeof(date), "%04d", tm.tm_year + 1900);
	else
		return -ENOENT;
	return time_of(&out->from_us, date, strlen(date), here);
}

/* 2026, 2026-11: up to the next one. -ENOENT: it has another form. */
static int
calendar(struct qt_hist_period *out, const char *text,
    const struct qt_hist_here *here)
{
	size_t		len = strlen(text);
	unsigned int	year, month = 0;
	char		next[48];

	if (strspn(text, "0123456789-") != len || (len != 4 && len != 7) ||
	    sscanf(text, len == 4 ? "%4u" : "%4u-%2u", &year, &month) !=
	    (len == 4 ? 1 : 2))
		return -ENOENT;
	if (len == 4)
		snprintf(next, sizeof(next), "%04u", year + 1);
	else
		snprintf(next, sizeof(next), "%04u-%02u", year + month / 12,
		    month % 12 + 1);
	if (time_of(&out->from_us, text, len, here) < 0 ||
	    time_of(&out->to_us, next, strlen(next), here) < 0)
		return -EINVAL;
	return 0;
}

static int
range(struct qt_hist_period *out, const char *text, const char *dots,
    const struct qt_hist_here *here)
{
	size_t	from = (size_t)(dots - text), to = strlen(dots + 2);

	*out = (struct qt_hist_period){ 0, UINT64_MAX };
	if ((from > 0 && time_of(&out->from_us, text, from, here) < 0) ||
	    (to > 0 && time_of(&out->to_us, dots + 2, to, here) < 0) ||
	    from + to == 0 || out->from_us >= out->to_us)
		return -EINVAL;
	return 0;
}

int
qt_hist_period_parse(struct qt_hist_period *out, const char *text,
    const struct qt_hist_here *here)
{
	const char	*dots = strstr(text, "..");
	size_t		 len = strlen(text);
	uint64_t	 span;
	int		 rc;

	*out = (struct qt_hist_period){ 0, UINT64_MAX };
	if (dots != NULL)
		return range(out, text, dots, here);
	rc = named(out, text, here);
	if (rc == -ENOENT)
		rc = calendar(out, text, here);
	if (rc != -ENOENT)
		return rc;
	if (time_of(&out->from_us, text, len, here) < 0)
		return -EINVAL;
	if (qt__query_span(&span, text, len, true) == 0 ||
	    strcmp(text, "now") == 0 || strchr(text, ':') != NULL)
		return 0;
	return one_day(out, here);
}
