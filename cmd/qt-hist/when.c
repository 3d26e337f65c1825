/* SPDX-License-Identifier: Apache-2.0 */
/* Times for people. See when.h. */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "when.h"

static void
by_clock(char out[WHEN_CLOCK], uint64_t us, const char *format)
{
	time_t		at = (time_t)(us / 1000000);
	struct tm	tm;

	if (us == 0 || localtime_r(&at, &tm) == NULL ||
	    strftime(out, WHEN_CLOCK, format, &tm) == 0)
		strcpy(out, "-");
}

void
when_clock(char out[WHEN_CLOCK], uint64_t us)
{
	by_clock(out, us, "%F %T");
}

void
when_day(char out[WHEN_CLOCK], uint64_t us)
{
	by_clock(out, us, "%F");
}

void
when_age(char out[WHEN_AGE], uint64_t now_us, uint64_t then_us)
{
	static const struct {
		uint64_t	below, unit;	/* seconds */
		char		name;
	} units[] = {
		{ 60, 1, 's' }, { 3600, 60, 'm' }, { 2 * 86400, 3600, 'h' },
		{ 1000 * 86400, 86400, 'd' },
		{ UINT64_MAX, UINT64_C(86400) * 365, 'y' },
	};
	uint64_t	s = now_us > then_us ? (now_us - then_us) / 1000000 : 0;
	size_t		i = 0;

	while (s >= units[i].below)
		i++;
	if (then_us == 0)
		strcpy(out, "-");
	else
		snprintf(out, WHEN_AGE, "%u%c",
		    (unsigned int)(s / units[i].unit % 1000), units[i].name);
}

void
when_took(char out[WHEN_TOOK], uint64_t us)
{
	uint64_t	s = us / 1000000;

	if (us == UINT64_MAX)
		strcpy(out, "-");
	else if (us < 1000000)
		snprintf(out, WHEN_TOOK, "%ums", (unsigned int)(us / 1000));
	else if (s < 60)
		snprintf(out, WHEN_TOOK, "%u.%us", (unsigned int)s,
		    (unsigned int)(us / 100000 % 10));
	else if (s < 3600)
		snprintf(out, WHEN_TOOK, "%um%02us", (unsigned int)(s / 60),
		    (unsigned int)(s % 60));
	else
		snprintf(out, WHEN_TOOK, "%" PRIu64 "h%02um", s / 3600,
		    (unsigned int)(s / 60 % 60));
}
