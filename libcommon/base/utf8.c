/* SPDX-License-Identifier: Apache-2.0 */
/* UTF-8 as text from outside must be taken: checked. See <qt/base/utf8.h>. */

#include <qt/base/utf8.h>

/*
 * The Unicode standard's table 3-7: the first byte says how many follow, and
 * narrows what the second may be (no overlong forms, no surrogates, nothing
 * past U+10FFFF).
 */
size_t
qt_utf8_next(const char *text, size_t len, int *is_valid)
{
	const unsigned char	*s = (const unsigned char *)text;
	unsigned char		 low = 0x80, high = 0xbf;
	size_t			 i, more;

	*is_valid = 0;
	if (s[0] < 0x80)
		more = 0;
	else if (s[0] >= 0xc2 && s[0] <= 0xdf)
		more = 1;
	else if (s[0] >= 0xe0 && s[0] <= 0xef)
		more = 2;
	else if (s[0] >= 0xf0 && s[0] <= 0xf4)
		more = 3;
	else
		return 1;

	switch (s[0]) {
	case 0xe0: low = 0xa0; break;
	case 0xed: high = 0x9f; break;
	case 0xf0: low = 0x90; break;
	case 0xf4: high = 0x8f; break;
	default: break;
	}
	for (i = 1; i <= more; i++) {
		if (i >= len || s[i] < low || s[i] > high)
			return i;
		low = 0x80;
		high = 0xbf;
	}
	*is_valid = 1;
	return more + 1;
}

int
qt_utf8_is_control(const char *text, size_t len)
{
	const unsigned char	*s = (const unsigned char *)text;

	if (len == 1)
		return s[0] < 0x20 || s[0] == 0x7f;
	return len == 2 && s[0] == 0xc2 && s[1] < 0xa0;
}
