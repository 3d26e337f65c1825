/* SPDX-License-Identifier: Apache-2.0 */
/* Times for people: cmd/qt-hist/when.c. */

#include "../test.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../../../cmd/qt-hist/when.h"

#define HOUR	UINT64_C(3600000000)
#define NOW	(UINT64_C(1795293000) * 1000000)

QT_TEST(ages_have_four_columns)
{
	static const struct {
		uint64_t	 us;
		const char	*want;
	} ages[] = {
		{ 0, "0s" }, { 59, "59s" }, { 60, "1m" }, { 3599, "59m" },
		{ 3600, "1h" }, { 172799, "47h" }, { 172800, "2d" },
		{ 86399999, "999d" }, { 86400000, "2y" },
		{ UINT64_C(86400) * 365 * 40, "40y" },
	};
	char			age[WHEN_AGE];

	(void)state;
	for (size_t i = 0; i < sizeof(ages) / sizeof(ages[0]); i++) {
		when_age(age, NOW, NOW - ages[i].us * 1000000);
		assert_string_equal(age, ages[i].want);
	}
	when_age(age, NOW, 0);
	assert_string_equal(age, "-");
	when_age(age, NOW, NOW + HOUR);		/* another clock */
	assert_string_equal(age, "0s");
}

QT_TEST(what_took_long_is_said_roughly)
{
	static const struct {
		uint64_t	 us;
		const char	*want;
	} all[] = {
		{ 0, "0ms" }, { 999999, "999ms" }, { 1000000, "1.0s" },
		{ 59999999, "59.9s" }, { 60000000, "1m00s" },
		{ 3599 * UINT64_C(1000000), "59m59s" }, { HOUR, "1h00m" },
		{ 1000 * HOUR, "1000h00m" }, { UINT64_MAX, "-" },
	};
	char			took[WHEN_TOOK];

	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		when_took(took, all[i].us);
		assert_string_equal(took, all[i].want);
	}
}

QT_TEST(a_clock_is_that_on_the_wall)
{
	char	text[WHEN_CLOCK];

	(void)state;
	setenv("TZ", "UTC-2", 1);
	tzset();
	when_clock(text, UINT64_C(1700000000) * 1000000);
	assert_string_equal(text, "2023-11-15 00:13:20");
	when_day(text, UINT64_C(1700000000) * 1000000);
	assert_string_equal(text, "2023-11-15");
	when_clock(text, 0);
	assert_string_equal(text, "-");
	/* Any number fits. */
	when_clock(text, UINT64_MAX);
	assert_non_null(strstr(text, "586524-01-19 10:01:49"));
}
