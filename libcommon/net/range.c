/* SPDX-License-Identifier: Apache-2.0 */
/* The Range header, one range of bytes. See <qt/net/head.h>. */

#include <errno.h>

#include <qt/net/head.h>

/* Digits at *p, at most 18 of them; returns how many there were, or 0. */
static size_t
parse_number(const char **p, const char *end, uint64_t *out)
{
	const char	*start = *p;

	*out = 0;
	while (*p < end && **p >= '0' && **p <= '9' && *p - start < 19)
		*out = *out * 10 + (uint64_t)(*(*p)++ - '0');
	return *p - start < 19 ? (size_t)(*p - start) : 0;
}

int
qt_net_range_parse(struct qt_net_str range, uint64_t size, uint64_t *from,
    uint64_t *len)
{
	const char	*p = range.p, *end = range.p + range.len;
	uint64_t	 first, last;
	size_t		 has_first, has_last;

	if (range.len < 7 || memcmp(p, "bytes=", 6) != 0)
		return 0;
	p += 6;
	has_first = parse_number(&p, end, &first);
	if (p == end || *p++ != '-')
		return 0;
	has_last = parse_number(&p, end, &last);
	if (p != end)		/* a second range, or rubbish */
		return 0;

	if (!has_first) {	/* "-n": the last n bytes */
		if (!has_last)
			return 0;
		if (last == 0 || size == 0)
			return -ERANGE;
		if (last > size)
			last = size;
		*from = size - last;
		*len = last;
		return 1;
	}
	if (has_last && last < first)
		return 0;
	if (first >= size)
		return -ERANGE;
	if (!has_last || last >= size)
		last = size - 1;
	*from = first;
	*len = last - first + 1;
	return 1;
}
