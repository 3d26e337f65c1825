/* SPDX-License-Identifier: Apache-2.0 */
/* Dates of HTTP (RFC 9110, 5.6.7), without locale. See <qt/net/head.h>. */

#include <stdio.h>
#include <time.h>

#include <qt/net/head.h>

static const char	days[] = "SunMonTueWedThuFriSat";
static const char	months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

void
qt_net_date_format(int64_t unix_s, char out[QT_NET_DATE_SIZE])
{
	time_t		t = (time_t)unix_s;
	struct tm	tm;

	/* Years of more than four digits do not fit; nobody has them. */
	if (gmtime_r(&t, &tm) == NULL || tm.tm_year < -1900 ||
	    tm.tm_year > 9999 - 1900) {
		t = 0;
		gmtime_r(&t, &tm);
	}
	snprintf(out, QT_NET_DATE_SIZE, "%.3s, %02u %.3s %04u %02u:%02u:%02u GMT",
	    days + 3 * tm.tm_wday, (unsigned int)tm.tm_mday % 100,
	    months + 3 * tm.tm_mon, (unsigned int)(tm.tm_year + 1900) % 10000,
	    (unsigned int)tm.tm_hour % 100, (unsigned int)tm.tm_min % 100,
	    (unsigned int)tm.tm_sec % 100);
}

static int
number(const char *p, int digits)
{
	int	n = 0;

	for (; digits-- > 0; p++) {
		if (*p < '0' || *p > '9')
			return -1;
		n = n * 10 + (*p - '0');
	}
	return n;
}

int64_t
qt_net_date_parse(struct qt_net_str date)
{
	const char	*p = date.p;
	char		 check[QT_NET_DATE_SIZE];
	struct tm	 tm = { 0 };
	int64_t		 t;

	if (date.len != QT_NET_DATE_SIZE - 1)
		return -1;
	tm.tm_mday = number(p + 5, 2);
	for (tm.tm_mon = 0; tm.tm_mon < 12; tm.tm_mon++) {
		if (memcmp(months + 3 * tm.tm_mon, p + 8, 3) == 0)
			break;
	}
	tm.tm_year = number(p + 12, 4) - 1900;
	tm.tm_hour = number(p + 17, 2);
	tm.tm_min = number(p + 20, 2);
	tm.tm_sec = number(p + 23, 2);
	if (tm.tm_mon == 12 || tm.tm_year < 70 || tm.tm_mday < 1 ||
	    tm.tm_hour < 0 || tm.tm_min < 0 || tm.tm_sec < 0)
		return -1;
	t = (int64_t)timegm(&tm);
	/* Only what we would have written ourselves is a date. */
	qt_net_date_format(t, check);
	return memcmp(check, p, date.len) == 0 ? t : -1;
}
