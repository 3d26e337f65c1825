/* SPDX-License-Identifier: Apache-2.0 */
/* <qt/base/hex.h> */

#include <limits.h>
#include <string.h>

#include <qt/base/hex.h>

#include "../test.h"

QT_TEST(the_digits_of_both_cases_count_and_no_other_byte_does)
{
	static const char	digits[] = "0123456789abcdef0123456789ABCDEF";
	const char		*at;

	(void)state;
	for (int c = CHAR_MIN; c <= CHAR_MAX; c++) {
		at = c == 0 ? NULL : strchr(digits, c);
		assert_int_equal(qt_hex_value((char)c), at == NULL ? -1 :
		    (at - digits) % 16);
	}
}
