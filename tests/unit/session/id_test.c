/* SPDX-License-Identifier: Apache-2.0 */
/* <qt/session/id.h>: which names are names, and the vocabularies. */

#include <errno.h>
#include <string.h>

#include <qt/session/id.h>

#include "../test.h"

QT_TEST(ordinary_and_utf8_names_are_accepted)
{
	static const char *const good[] = { "a", "build 2", "день", "日本",
	    "a.b", "...", "x-", "1", "0193", "emoji \xf0\x9f\x98\x80" };

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_int_equal(qt_session_name_check(good[i]), 0);
}

QT_TEST(names_that_could_be_taken_for_something_else_are_refused)
{
	static const char *const bad[] = { "", "-r", "a/b", "a:b", ".", "..",
	    "a\nb", "a\x1b[0m", "\x7f", "\xff", "\xc0\x80", "\302\2331m",
	    "01930000-0000-7000-8000-000000000000" };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(qt_session_name_check(bad[i]), -EINVAL);
}

QT_TEST(the_longest_name_has_63_bytes)
{
	char	name[QT_SESSION_NAME_SIZE + 1];

	(void)state;
	memset(name, 'x', sizeof(name));
	name[63] = '\0';
	assert_int_equal(qt_session_name_check(name), 0);
	name[63] = 'x';
	name[64] = '\0';
	assert_int_equal(qt_session_name_check(name), -EINVAL);
}

QT_TEST(words_and_values_go_both_ways)
{
	(void)state;
	for (int p = QT_RESIZE_LATEST; p <= QT_RESIZE_FIXED; p++)
		assert_int_equal(qt_resize_policy_parse(
		    qt_resize_policy_name((enum qt_resize_policy)p)), p);
	assert_string_equal(qt_role_name(QT_ROLE_WRITER), "writer");
	assert_int_equal(qt_resize_policy_parse(""), -EINVAL);
	assert_string_equal(qt_session_state_name(QT_STATE_LOST), "lost");
	assert_string_equal(qt_session_state_name((enum qt_session_state)99),
	    "unknown");
}

static int
clamps_to(uint16_t cols, uint16_t rows, uint16_t want_cols, uint16_t want_rows)
{
	qt_session_size_clamp(&cols, &rows);
	return cols == want_cols && rows == want_rows &&
	    qt_session_size_check(cols, rows) == 0;
}

QT_TEST(a_size_has_bounded_cells_and_is_clamped_to_them_by_rows)
{
	(void)state;
	assert_int_equal(qt_session_size_check(80, 24), 0);
	assert_int_equal(qt_session_size_check(1, 1), 0);
	assert_int_equal(qt_session_size_check(0, 24), -EINVAL);
	assert_int_equal(qt_session_size_check(80, 0), -EINVAL);
	assert_int_equal(qt_session_size_check(2001, 24), -EINVAL);
	assert_int_equal(qt_session_size_check(80, 1001), -EINVAL);
	assert_int_equal(qt_session_size_check(2000, 262), 0);
	assert_int_equal(qt_session_size_check(2000, 263), -EINVAL);
	assert_int_equal(qt_session_size_check(2000, 1000), -EINVAL);
	assert_true(clamps_to(80, 24, 80, 24));
	assert_true(clamps_to(0, 0, 1, 1));
	assert_true(clamps_to(UINT16_MAX, 1, 2000, 1));
	assert_true(clamps_to(524, 1000, 524, 1000));
	assert_true(clamps_to(2000, 1000, 2000, 262));
	assert_true(clamps_to(UINT16_MAX, UINT16_MAX, 2000, 262));
}
