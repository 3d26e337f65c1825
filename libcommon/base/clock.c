/* SPDX-License-Identifier: Apache-2.0 */
/* Clocks, and a time as text. See <qt/base/clock.h>. */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <qt/base/clock.h>

#define NS_PER_S	UINT64_C(1000000000)
#define MS_PER_DAY	UINT64_C(86400000)
#define LAST_MS		UINT64_C(253402300799999)	/* the end of 9999 */

/* clock_gettime(2) cannot fail on these two clocks. */
static struct timespec
now(clockid_t id)
{
	struct timespec	ts;

	clock_gettime(id, &ts);
	return ts;
}

uint64_t
qt_clock_mono_ns(void)
{
	struct timespec	ts = now(CLOCK_MONOTONIC);

	return (uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec;
}

uint64_t
qt_clock_mono_ms(void)
{
	return qt_clock_mono_ns() / 1000000;
}

uint64_t
qt_clock_real_us(void)
{
	struct timespec	ts = now(CLOCK_REALTIME);

	if (ts.tv_sec < 0)
		return 0;
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

uint64_t
qt_clock_real_ms(void)
{
	return qt_clock_real_us() / 1000;
}

/*
 * gmtime_r(3) takes the C library's time-zone lock, which a child forked from
 * a threaded program may find held for ever; so the calendar is done here, by
 * H. Hinnant's days-to-civil ("chrono-Compatible Low-Level Date Algorithms"):
 * years start in March, so that the leap day is the last of a year, and 400
 * years (146097 days) are one era.
 */
void
qt_clock_iso(uint64_t real_ms, char text[QT_CLOCK_ISO_SIZE])
{
	unsigned int	ms, day, era, yoe, doy, mp, month, year;

	if (real_ms > LAST_MS)
		real_ms = LAST_MS;
	ms = (unsigned int)(real_ms % MS_PER_DAY);
	day = (unsigned int)(real_ms / MS_PER_DAY) + 719468;
	era = day / 146097;
	day %= 146097;
	yoe = (day - day / 1460 + day / 36524 - day / 146096) / 365;
	doy = day - (365 * yoe + yoe / 4 - yoe / 100);
	mp = (5 * doy + 2) / 153;
	month = mp < 10 ? mp + 3 : mp - 9;
	year = yoe + era * 400 + (month <= 2);

	snprintf(text, QT_CLOCK_ISO_SIZE, "%04u-%02u-%02uT%02u:%02u:%02u.%03uZ",
	    year % 10000, month % 100, (doy - (153 * mp + 2) / 5 + 1) % 100,
	    ms / 3600000 % 100, ms / 60000 % 60, ms / 1000 % 60, ms % 1000);
}

/* The number in the next digits; -1 when one of them is none. */
static int
digits(const char *text, size_t count)
{
	int	n = 0;

	for (size_t i = 0; i < count; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -1;
		n = 10 * n + text[i] - '0';
	}
	return n;
}

/*
 * Days as above, the other way. What does not read back the same was no time:
 * a month or a day too high, or another letter between two numbers.
 */
int
qt_clock_parse_iso(uint64_t *real_ms, const char *text)
{
	char	again[QT_CLOCK_ISO_SIZE];
	int	part[7], year, doy, day;
	int64_t	ms;

	if (strnlen(text, QT_CLOCK_ISO_SIZE) != QT_CLOCK_ISO_SIZE - 1)
		return -EINVAL;
	for (size_t i = 0; i < 7; i++) {
		part[i] = i == 0 ? digits(text, 4) :
		    digits(text + 2 + 3 * i, i == 6 ? 3 : 2);
		if (part[i] < 0)
			return -EINVAL;
	}
	year = part[0] - (part[1] <= 2);
	doy = (153 * (part[1] > 2 ? part[1] - 3 : part[1] + 9) + 2) / 5 +
	    part[2] - 1;
	day = year * 365 + year / 4 - year / 100 + year / 400 + doy - 719468;
	ms = (((int64_t)day * 24 + part[3]) * 60 + part[4]) * 60000 +
	    part[5] * 1000 + part[6];
	if (ms < 0)
		return -EINVAL;
	qt_clock_iso((uint64_t)ms, again);
	*real_ms = (uint64_t)ms;
	return strcmp(again, text) == 0 ? 0 : -EINVAL;
}
