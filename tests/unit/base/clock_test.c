/* SPDX-License-Identifier: Apache-2.0 */
/* <qt/base/clock.h>: the calendar against the C library's, units, order. */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <qt/base/clock.h>

#include "../test.h"

static void
expect_as_libc(uint64_t ms)
{
	char		want[64], got[QT_CLOCK_ISO_SIZE];
	time_t		s = (time_t)(ms / 1000);
	struct tm	tm;
	size_t		len;
	uint64_t	back;

	assert_non_null(gmtime_r(&s, &tm));
	len = strftime(want, sizeof(want), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(want + len, sizeof(want) - len, ".%03uZ",
	    (unsigned int)(ms % 1000));
	qt_clock_iso(ms, got);
	assert_string_equal(got, want);
	assert_int_equal(qt_clock_parse_iso(&back, got), 0);
	assert_int_equal(back, ms);
}

QT_TEST(known_times_read_as_expected)
{
	char	text[QT_CLOCK_ISO_SIZE];

	(void)state;
	qt_clock_iso(0, text);
	assert_string_equal(text, "1970-01-01T00:00:00.000Z");
	qt_clock_iso(UINT64_C(1795252087123), text);
	assert_string_equal(text, "2026-11-21T09:08:07.123Z");
	qt_clock_iso(UINT64_C(951782399999), text);
	assert_string_equal(text, "2000-02-28T23:59:59.999Z");
	qt_clock_iso(UINT64_C(951782400000), text);
	assert_string_equal(text, "2000-02-29T00:00:00.000Z");
}

QT_TEST(every_day_of_800_years_is_the_c_librarys)
{
	(void)state;
	for (uint64_t day = 0; day < 2 * 146097 + 400; day++)
		expect_as_libc(day * 86400000 + day * 977 % 86400000);
}

QT_TEST(a_time_past_the_year_9999_stays_at_its_end)
{
	char	text[QT_CLOCK_ISO_SIZE];

	(void)state;
	expect_as_libc(UINT64_C(253402300799999));
	qt_clock_iso(UINT64_C(253402300800000), text);
	assert_string_equal(text, "9999-12-31T23:59:59.999Z");
	qt_clock_iso(UINT64_MAX, text);
	assert_string_equal(text, "9999-12-31T23:59:59.999Z");
}

QT_TEST(clocks_agree_about_units)
{
	uint64_t	ns = qt_clock_mono_ns();
	uint64_t	ms = qt_clock_mono_ms();
	uint64_t	us = qt_clock_real_us();
	uint64_t	real = qt_clock_real_ms();
	time_t		s = time(NULL);

	(void)state;
	assert_true(ms >= ns / 1000000);
	assert_true(qt_clock_mono_ns() / 1000000 >= ms);
	assert_true(real >= us / 1000);
	assert_true(real / 1000 <= (uint64_t)s + 1);
	assert_true(real / 1000 + 60 >= (uint64_t)s);
}

QT_TEST(monotonic_time_never_goes_back)
{
	uint64_t	last = qt_clock_mono_ns(), now;

	(void)state;
	for (int i = 0; i < 100000; i++) {
		now = qt_clock_mono_ns();
		assert_true(now >= last);
		last = now;
	}
}

QT_TEST(what_is_no_time_is_not_read_as_one)
{
	static const char *const	bad[] = { "", "2026-11-21",
	    "1969-12-31T23:59:59.999Z", "0000-01-01T00:00:00.000Z",
	    "2026-13-01T00:00:00.000Z", "2026-02-29T00:00:00.000Z",
	    "2026-02-00T00:00:00.000Z", "2026-00-10T00:00:00.000Z",
	    "2026-11-21T24:00:00.000Z", "2026-11-21T00:60:00.000Z",
	    "2026-11-21 00:00:00.000Z", "2026-11-21T00:00:00.000z",
	    "2026-11-2aT00:00:00.000Z", "2026-11-21T00:00:00.000Z ",
	    "+026-11-21T00:00:00.000Z" };
	uint64_t			ms;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(qt_clock_parse_iso(&ms, bad[i]), -EINVAL);
}
