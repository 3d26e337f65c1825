/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Times of queries: 2h, yesterday, friday, 10:30, 2026, 2026-11,
 * 2026-11-01, 2026-11-01T10:30:15.5Z. See qt-query(7).
 */

#include <errno.h>
#include <string.h>

#include "query_priv.h"

#define SECOND	UINT64_C(1000000)
#define DAY_S	INT64_C(86400)

/* --- Calendar ------------------------------------------------------------- */

/* Days since 1970-01-01 of a date of the Gregorian calendar, and back, year
   only: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms". */
static int64_t
days_of(int64_t year, unsigned int month, unsigned int day)
{
	int64_t		era, yoe, doy;

	year -= month <= 2;
	era = year / 400;
	yoe = year - era * 400;
	doy = (153 * (int64_t)(month > 2 ? month - 3 : month + 9) + 2) / 5 +
	    day - 1;
	return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

static unsigned int
days_in(unsigned int year, unsigned int month)
{
	return (unsigned int)(days_of(year + month / 12, month % 12 + 1, 1) -
	    days_of(year, month, 1));
}

static int64_t
zone(const struct qt_hist_here *here, int64_t unix_s)
{
	return here->zone_s == NULL ? 0 : here->zone_s(unix_s);
}

/* Clocks on the wall to time; where they skip an hour, the time after. */
static int64_t
from_wall(const struct qt_hist_here *here, int64_t wall_s)
{
	int64_t	guess = wall_s - zone(here, wall_s);

	return wall_s - zone(here, guess);
}

static int
to_us(uint64_t *us, int64_t unix_s, uint64_t fraction_us)
{
	if (unix_s < 0 || unix_s > (int64_t)(UINT64_MAX / SECOND / 4))
		return -EINVAL;
	*us = (uint64_t)unix_s * SECOND + fraction_us;
	return 0;
}

/* --- Reading -------------------------------------------------------------- */

struct in {
	const char	*at, *end;
};

/* Exactly so many digits. */
static bool
digits(struct in *in, unsigned int count, unsigned int *out)
{
	*out = 0;
	if ((size_t)(in->end - in->at) < count)
		return false;
	for (; count > 0; count--, in->at++) {
		if (*in->at < '0' || *in->at > '9')
			return false;
		*out = *out * 10 + (unsigned int)(*in->at - '0');
	}
	return true;
}

static bool
next_is(struct in *in, char c)
{
	if (in->at == in->end || *in->at != c)
		return false;
	in->at++;
	return true;
}

static bool
is_all(const struct in *in, const char *word)
{
	return (size_t)(in->end - in->at) == strlen(word) &&
	    memcmp(in->at, word, strlen(word)) == 0;
}

/* ".5": up to six digits count. */
static bool
fraction(struct in *in, uint64_t *us)
{
	uint64_t	unit = SECOND;

	*us = 0;
	if (!next_is(in, '.'))
		return true;
	if (in->at == in->end)
		return false;
	for (; in->at < in->end && *in->at >= '0' && *in->at <= '9'; in->at++) {
		unit /= 10;
		*us += unit * (uint64_t)(*in->at - '0');
	}
	return unit < SECOND;
}

/* "10:30", "10:30:15", "10:30:15.5": seconds of the day. */
static bool
time_of_day(struct in *in, int64_t *s, uint64_t *us)
{
	unsigned int	hour, minute, second = 0;

	*us = 0;
	if (!digits(in, 2, &hour) || !next_is(in, ':') ||
	    !digits(in, 2, &minute))
		return false;
	if (next_is(in, ':') &&
	    (!digits(in, 2, &second) || !fraction(in, us)))
		return false;
	*s = hour * 3600 + minute * 60 + second;
	return hour < 24 && minute < 60 && second < 60;
}

/* "Z", "+02:00", "+0200" or nothing: is_wall. */
static bool
zone_suffix(struct in *in, int64_t *ahead_s, bool *is_wall)
{
	unsigned int	hour, minute;
	int64_t		sign;

	*ahead_s = 0;
	*is_wall = in->at == in->end;
	if (*is_wall || next_is(in, 'Z') || next_is(in, 'z'))
		return true;
	sign = *in->at == '-' ? -1 : 1;
	if (!next_is(in, '+') && !next_is(in, '-'))
		return false;
	if (!digits(in, 2, &hour) || (next_is(in, ':'), !digits(in, 2,
	    &minute)) || hour > 23 || minute > 59)
		return false;
	*ahead_s = sign * (int64_t)(hour * 3600 + minute * 60);
	return true;
}

static int
absolute(uint64_t *us, struct in in, const struct qt_hist_here *here)
{
	unsigned int	year, month = 1, day = 1;
	int64_t		s = 0, ahead_s = 0;
	uint64_t	part_us = 0;
	bool		is_wall = true;

	if (!digits(&in, 4, &year) || year < 1970)
		return -EINVAL;
	if (next_is(&in, '-')) {
		if (!digits(&in, 2, &month) || month < 1 || month > 12)
			return -EINVAL;
		if (next_is(&in, '-')) {
			if (!digits(&in, 2, &day) || day < 1 ||
			    day > days_in(year, month))
				return -EINVAL;
			if ((next_is(&in, 'T') || next_is(&in, ' ')) &&
			    (!time_of_day(&in, &s, &part_us) ||
			    !zone_suffix(&in, &ahead_s, &is_wall)))
				return -EINVAL;
		}
	}
	if (in.at != in.end)
		return -EINVAL;
	s += days_of(year, month, day) * DAY_S;
	return to_us(us, is_wall ? from_wall(here, s) : s - ahead_s, part_us);
}

/* today, yesterday, a day of the week: where that day begins. */
static int
named(uint64_t *us, const struct in *in, const struct qt_hist_here *here)
{
	static const char *const days[] = { "thursday", "friday", "saturday",
	    "sunday", "monday", "tuesday", "wednesday" };
	int64_t		now_s = (int64_t)(here->now_us / SECOND);
	int64_t		today = (now_s + zone(here, now_s)) / DAY_S;

	if (is_all(in, "now")) {
		*us = here->now_us;
		return 0;
	}
	if (is_all(in, "today"))
		return to_us(us, from_wall(here, today * DAY_S), 0);
	if (is_all(in, "yesterday"))
		return to_us(us, from_wall(here, (today - 1) * DAY_S), 0);
	for (int64_t back = 0; back < 7; back++)
		if (is_all(in, days[(today - back + 7) % 7]))
			return to_us(us, from_wall(here,
			    (today - back) * DAY_S), 0);
	return -EINVAL;
}

int
qt__query_time(uint64_t *us, const char *text, size_t len,
    const struct qt_hist_here *here)
{
	struct in	in = { .at = text, .end = text + len };
	struct in	clock = in;
	int64_t		now_s = (int64_t)(here->now_us / SECOND), s;
	uint64_t	span, part_us;

	if (qt__query_span(&span, text, len, true) == 0) {
		*us = span < here->now_us ? here->now_us - span : 0;
		return 0;
	}
	if (time_of_day(&clock, &s, &part_us) && clock.at == clock.end) {
		s += (now_s + zone(here, now_s)) / DAY_S * DAY_S;
		return to_us(us, from_wall(here, s), part_us);
	}
	if (named(us, &in, here) == 0)
		return 0;
	return absolute(us, in, here);
}

/* --- Spans ---------------------------------------------------------------- */

static uint64_t
unit_of(const struct in *in)
{
	static const struct { const char *name; uint64_t us; } units[] = {
		{ "us", 1 }, { "ms", 1000 }, { "s", SECOND },
		{ "m", 60 * SECOND }, { "min", 60 * SECOND },
		{ "h", 3600 * SECOND }, { "d", 86400 * SECOND },
		{ "w", 7 * 86400 * SECOND },
	};

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (is_all(in, units[i].name))
			return units[i].us;
	return 0;
}

/* "90", "1.5s", "2h": at most some hundred years. */
int
qt__query_span(uint64_t *us, const char *text, size_t len, bool is_unit_needed)
{
	struct in	in = { .at = text, .end = text + len };
	uint64_t	n = 0, part_us, unit = SECOND;
	const char	*first = in.at;

	for (; in.at < in.end && *in.at >= '0' && *in.at <= '9'; in.at++) {
		n = n * 10 + (uint64_t)(*in.at - '0');
		if (n > UINT64_C(10000000000))
			return -EINVAL;
	}
	if (in.at == first || !fraction(&in, &part_us))
		return -EINVAL;
	if (in.at < in.end || is_unit_needed)
		unit = unit_of(&in);
	if (unit == 0 || n > UINT64_C(10000000000) * SECOND / unit)
		return -EINVAL;
	*us = n * unit + part_us * (unit / 1000) / 1000 +
	    part_us * (unit % 1000) / SECOND;
	return 0;
}
