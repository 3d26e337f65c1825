/* SPDX-License-Identifier: Apache-2.0 */
/* <qt/base/base64.h> */

#include <string.h>

#include <qt/base/base64.h>

#include "../test.h"

QT_TEST(the_vectors_of_rfc_4648_in_both_alphabets)
{
	static const struct {
		const char	*bytes, *std, *url;
	} v[] = {
		{ "", "", "" }, { "f", "Zg", "Zg" }, { "fo", "Zm8", "Zm8" },
		{ "foo", "Zm9v", "Zm9v" }, { "foobar", "Zm9vYmFy", "Zm9vYmFy" },
		{ "\xfb\xff\xfe", "+//+", "-__-" },
	};
	char	out[16];

	(void)state;
	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		size_t	len = strlen(v[i].bytes);

		for (int is_url = 0; is_url < 2; is_url++) {
			const char	*want = is_url ? v[i].url : v[i].std;

			memset(out, '.', sizeof(out));
			assert_int_equal(qt_base64_encode(out, v[i].bytes, len,
			    is_url), strlen(want));
			assert_int_equal(QT_BASE64_LEN(len), strlen(want));
			assert_memory_equal(out, want, strlen(want));
			assert_int_equal(out[strlen(want)], '.');
		}
		assert_int_equal(QT_BASE64_PADDED_LEN(len) % 4, 0);
	}
	assert_int_equal(QT_BASE64_PADDED_LEN(4), 8);
}
