/* SPDX-License-Identifier: Apache-2.0 */
/* <qt/base/err.h>: every code has a text, clauses stack from the inside. */

#include <errno.h>
#include <limits.h>
#include <string.h>

#include <qt/base/err.h>

#include "../test.h"

QT_TEST(every_code_of_ours_has_its_text_with_either_sign)
{
	(void)state;
#define X(name, text)							\
	assert_string_equal(qt_strerror(QT_E##name), text);		\
	assert_string_equal(qt_strerror(-QT_E##name), text);
	QT_ERR_MAP(X)
#undef X
	assert_int_equal(QT_EFORMAT, QT_ERR_FIRST);
}

QT_TEST(errno_codes_have_the_systems_text)
{
	(void)state;
	assert_string_equal(qt_strerror(-ENOENT), "No such file or directory");
	assert_string_equal(qt_strerror(ENOSPC), "No space left on device");
}

QT_TEST(no_code_is_without_a_text)
{
	(void)state;
	assert_non_null(qt_strerror(INT_MIN));
	assert_non_null(qt_strerror(INT_MAX));
	assert_non_null(qt_strerror(0));
	assert_non_null(qt_strerror(-99999));
}

QT_TEST(each_layer_wraps_one_clause)
{
	struct qt_err	err = QT_ERR_INIT;

	(void)state;
	qt_err_set(&err, "open '%s'", "/x/h");
	qt_err_wrap(&err, "load %s", "history");
	assert_string_equal(err.text, "load history: open '/x/h'");
}

QT_TEST(wrapping_nothing_leaves_no_loose_colon)
{
	struct qt_err	err = QT_ERR_INIT;

	(void)state;
	qt_err_wrap(&err, "load");
	assert_string_equal(err.text, "load");
}

QT_TEST(a_clause_may_quote_the_text_that_it_replaces)
{
	struct qt_err	err = QT_ERR_INIT;

	(void)state;
	qt_err_set(&err, "inner");
	qt_err_set(&err, "<%s>", err.text);
	assert_string_equal(err.text, "<inner>");
	qt_err_wrap(&err, "[%s]", err.text);
	assert_string_equal(err.text, "[<inner>]: <inner>");
}

QT_TEST(a_long_text_is_cut_and_stays_a_string)
{
	struct qt_err	err = QT_ERR_INIT;

	(void)state;
	qt_err_set(&err, "%*d", 600, 7);
	assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
	qt_err_wrap(&err, "outer");
	assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
	assert_memory_equal(err.text, "outer:  ", 8);
	qt_err_wrap(&err, "%*d", (int)sizeof(err.text) - 2, 7);
	assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
	assert_int_equal(err.text[sizeof(err.text) - 2], ':');
}

QT_TEST(a_caller_that_wants_no_text_passes_null)
{
	(void)state;
	qt_err_set(NULL, "x");
	qt_err_wrap(NULL, "x");
}
