/* SPDX-License-Identifier: Apache-2.0 */
/* <qt/base/utf8.h>: every code point, and the standard's own bad cases. */

#include <string.h>

#include <qt/base/utf8.h>

#include "../test.h"

/* The textbook's encoder, which does not mind surrogates. */
static size_t
encode(uint32_t code, char out[4])
{
	unsigned char	*s = (unsigned char *)out;

	if (code < 0x80) {
		s[0] = (unsigned char)code;
		return 1;
	}
	if (code < 0x800) {
		s[0] = (unsigned char)(0xc0 | code >> 6);
		s[1] = (unsigned char)(0x80 | (code & 0x3f));
		return 2;
	}
	if (code < 0x10000) {
		s[0] = (unsigned char)(0xe0 | code >> 12);
		s[1] = (unsigned char)(0x80 | (code >> 6 & 0x3f));
		s[2] = (unsigned char)(0x80 | (code & 0x3f));
		return 3;
	}
	s[0] = (unsigned char)(0xf0 | code >> 18);
	s[1] = (unsigned char)(0x80 | (code >> 12 & 0x3f));
	s[2] = (unsigned char)(0x80 | (code >> 6 & 0x3f));
	s[3] = (unsigned char)(0x80 | (code & 0x3f));
	return 4;
}

QT_TEST(every_code_point_is_valid_but_surrogates_and_what_is_too_large)
{
	char	text[8];
	size_t	len, got;
	int	is_valid, want;

	(void)state;
	for (uint32_t code = 0; code < 0x140000; code++) {
		len = encode(code, text);
		text[len] = 'x';
		got = qt_utf8_next(text, len + 1, &is_valid);
		want = code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);
		assert_int_equal(is_valid, want);
		assert_int_equal(got, want ? len : 1);
	}
}

QT_TEST(a_character_that_is_cut_is_one_invalid_part)
{
	char	text[4];
	size_t	len;
	int	is_valid;

	(void)state;
	for (uint32_t code = 0x80; code < 0x110000; code += 97) {
		if (code >= 0xd800 && code <= 0xdfff)
			continue;
		len = encode(code, text);
		for (size_t cut = 1; cut < len; cut++) {
			assert_int_equal(qt_utf8_next(text, cut, &is_valid),
			    cut);
			assert_int_equal(is_valid, 0);
		}
	}
}

/* Tables 3-8 to 3-11 of Unicode 15: how many parts each makes. */
QT_TEST(invalid_bytes_split_as_the_standard_says)
{
	static const struct {
		const char	*text;
		const char	*parts;	/* lengths */
	} cases[] = {
		{ "\xc0\xaf\xe0\x80\xbf\xf0\x81\x82\x41", "111111111" },
		{ "\xed\xa0\x80\xed\xbf\xbf\xed\xaf\x41", "111111111" },
		{ "\xf4\x91\x92\x93\xff\x41\x80\xbf\x42", "111111111" },
		{ "\xe1\x80\xe2\xf0\x91\x92\xf1\xbf\x41", "21321" },
		{ "\xf8\x88\x80\x80\x80", "11111" },
		{ "\xe2\x82\xac\xe2\x82", "32" },
	};
	size_t	n, at;
	int	is_valid;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char	*p = cases[i].text;

		for (at = 0; cases[i].parts[at] != '\0'; at++) {
			n = qt_utf8_next(p, strlen(p), &is_valid);
			assert_int_equal(n, cases[i].parts[at] - '0');
			p += n;
		}
		assert_int_equal(*p, '\0');
	}
}

QT_TEST(controls_are_c0_del_and_c1_only)
{
	char	text[4];
	size_t	len;

	(void)state;
	for (uint32_t code = 0; code < 0x3000; code++) {
		len = encode(code, text);
		assert_int_equal(qt_utf8_is_control(text, len),
		    code < 0x20 || (code >= 0x7f && code < 0xa0));
	}
}
