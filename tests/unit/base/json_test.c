/* SPDX-License-Identifier: Apache-2.0 */
/* <qt/base/json.h>: exact text, and what a JSON reader makes of it. */

#include <errno.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include <qt/base/json.h>

#include "../test.h"

/* Writes one string value and compares the text. */
static void
expect_text(const char *text, size_t len, const char *want)
{
	struct qt_buf	buf = QT_BUF_INIT;
	struct qt_json	j = QT_JSON_INIT(&buf);

	qt_json_strn(&j, NULL, text, len);
	assert_int_equal(qt_json_status(&j), 0);
	assert_string_equal(buf.data, want);
	qt_buf_clear(&buf);
}

#define EXPECT_STRING(text, want) expect_text(text, sizeof(text) - 1, want)

QT_TEST(commas_keys_and_nesting_are_put_where_they_belong)
{
	struct qt_buf	buf = QT_BUF_INIT;
	struct qt_json	j = QT_JSON_INIT(&buf);

	(void)state;
	qt_json_object(&j, NULL);
	qt_json_str(&j, "name", "a");
	qt_json_array(&j, "list");
	qt_json_int(&j, NULL, -1);
	qt_json_object(&j, NULL);
	qt_json_end(&j);
	qt_json_array(&j, NULL);
	qt_json_end(&j);
	qt_json_uint(&j, NULL, UINT64_MAX);
	qt_json_end(&j);
	qt_json_bool(&j, "yes", 2);
	qt_json_bool(&j, "no", 0);
	qt_json_null(&j, "none");
	qt_json_str(&j, "null", NULL);
	qt_json_int(&j, "min", INT64_MIN);
	qt_json_end(&j);
	assert_int_equal(qt_json_status(&j), 0);
	assert_string_equal(buf.data, "{\"name\":\"a\",\"list\":[-1,{},[],"
	    "18446744073709551615],\"yes\":true,\"no\":false,\"none\":null,"
	    "\"null\":null,\"min\":-9223372036854775808}");
	qt_buf_clear(&buf);
}

QT_TEST(a_container_starts_without_the_commas_of_the_one_before)
{
	struct qt_buf	buf = QT_BUF_INIT;
	struct qt_json	j = QT_JSON_INIT(&buf);

	(void)state;
	qt_json_array(&j, NULL);
	for (int i = 0; i < 3; i++) {
		qt_json_object(&j, NULL);
		qt_json_int(&j, "a", i);
		qt_json_int(&j, "b", i);
		qt_json_end(&j);
	}
	qt_json_end(&j);
	assert_string_equal(buf.data, "[{\"a\":0,\"b\":0},"
	    "{\"a\":1,\"b\":1},{\"a\":2,\"b\":2}]");
	qt_buf_clear(&buf);
}

QT_TEST(strings_are_escaped)
{
	(void)state;
	EXPECT_STRING("", "\"\"");
	EXPECT_STRING("a\"b\\c/d", "\"a\\\"b\\\\c/d\"");
	EXPECT_STRING("\b\f\n\r\t", "\"\\b\\f\\n\\r\\t\"");
	EXPECT_STRING("\0\x01\x1b\x1f\x7f",
	    "\"\\u0000\\u0001\\u001b\\u001f\\u007f\"");
	EXPECT_STRING("\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80",
	    "\"\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80\"");
	EXPECT_STRING("\xc2\x9b" "0c", "\"\\u009b0c\"");
	EXPECT_STRING("\xe2\x80\xa8\xe2\x80\xa9\xe2\x80\xaa",
	    "\"\\u2028\\u2029\xe2\x80\xaa\"");
}

#define FFFD "\xef\xbf\xbd"

QT_TEST(each_invalid_part_becomes_one_replacement_character)
{
	(void)state;
	EXPECT_STRING("a\x80z", "\"a" FFFD "z\"");
	EXPECT_STRING("\xc0\xaf", "\"" FFFD FFFD "\"");
	EXPECT_STRING("\xe2\x82", "\"" FFFD "\"");
	EXPECT_STRING("\xe2\x82\xe2\x82\xac", "\"" FFFD "\xe2\x82\xac\"");
	EXPECT_STRING("\xed\xa0\x80", "\"" FFFD FFFD FFFD "\"");
	EXPECT_STRING("\xf4\x90\x80\x80", "\"" FFFD FFFD FFFD FFFD "\"");
	EXPECT_STRING("\xf0\x9f\x98", "\"" FFFD "\"");
	EXPECT_STRING("\xff\"", "\"" FFFD "\\\"\"");
}

QT_TEST(keys_are_escaped_too)
{
	struct qt_buf	buf = QT_BUF_INIT;
	struct qt_json	j = QT_JSON_INIT(&buf);

	(void)state;
	qt_json_object(&j, NULL);
	qt_json_null(&j, "a\"\xff");
	qt_json_end(&j);
	assert_string_equal(buf.data, "{\"a\\\"" FFFD "\":null}");
	qt_buf_clear(&buf);
}

static void
expect_double(double n, const char *want)
{
	struct qt_buf	buf = QT_BUF_INIT;
	struct qt_json	j = QT_JSON_INIT(&buf);

	qt_json_double(&j, NULL, n);
	assert_int_equal(qt_json_status(&j), 0);
	assert_string_equal(buf.data, want);
	qt_buf_clear(&buf);
}

QT_TEST(doubles_are_short_and_exact)
{
	(void)state;
	expect_double(0, "0");
	expect_double(-1.5, "-1.5");
	expect_double(0.1, "0.1");
	expect_double(1.0 / 3, "0.3333333333333333");
	expect_double(0.1 + 0.2, "0.30000000000000004");
	expect_double(1e300, "1e+300");
	expect_double(5e-324, "4.94065645841247e-324");
	expect_double((double)INFINITY, "null");
	expect_double(-(double)INFINITY, "null");
	expect_double((double)NAN, "null");
}

QT_TEST(a_locale_with_a_decimal_comma_changes_nothing)
{
	static const char *const	names[] = { "de_DE.UTF-8", "de_DE.utf8",
	    "fr_FR.UTF-8", "ps_AF.UTF-8", "de_DE" };
	size_t				i;

	(void)state;
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (setlocale(LC_NUMERIC, names[i]) != NULL)
			break;
	}
	if (i == sizeof(names) / sizeof(names[0])) {
		print_message("# no locale with a decimal comma here\n");
		skip();
	}
	expect_double(-1234.5, "-1234.5");
	setlocale(LC_NUMERIC, "C");
}

QT_TEST(sixty_four_levels_remember_what_they_are)
{
	struct qt_buf	buf = QT_BUF_INIT;
	struct qt_json	j = QT_JSON_INIT(&buf);
	json_error_t	error;
	json_t		*root, *at;

	(void)state;
	for (int i = 0; i < 64; i++) {
		const char	*key = i == 0 || i % 3 == 1 ? NULL : "k";

		if (i % 3 == 0)
			qt_json_array(&j, key);
		else
			qt_json_object(&j, key);
	}
	for (int i = 63; i >= 0; i--) {
		qt_json_int(&j, i % 3 == 0 ? NULL : "n", i);
		qt_json_end(&j);
	}
	assert_int_equal(qt_json_status(&j), 0);
	root = json_loadb(buf.data, buf.len, 0, &error);
	assert_non_null(root);
	at = root;
	for (int i = 0; i < 64; i++) {
		json_t	*n = i % 3 == 0 ? json_array_get(at, i == 63 ? 0 : 1) :
		    json_object_get(at, "n");

		assert_int_equal(json_integer_value(n), i);
		at = i % 3 == 0 ? json_array_get(at, 0) :
		    json_object_get(at, "k");
	}
	json_decref(root);
	qt_buf_clear(&buf);
}

QT_TEST(every_byte_value_gives_json_that_parses)
{
	struct qt_buf	buf = QT_BUF_INIT;
	json_error_t	error;
	char		text[3];
	json_t		*root;

	(void)state;
	for (unsigned int i = 0; i < 65536; i++) {
		struct qt_json	j = QT_JSON_INIT(&buf);

		text[0] = (char)(i >> 8);
		text[1] = (char)i;
		text[2] = 'x';
		qt_buf_reset(&buf);
		qt_json_array(&j, NULL);
		qt_json_strn(&j, NULL, text, sizeof(text));
		qt_json_end(&j);
		root = json_loadb(buf.data, buf.len, JSON_ALLOW_NUL, &error);
		assert_non_null(root);
		json_decref(root);
	}
	qt_buf_clear(&buf);
}

QT_TEST(the_first_failure_stays_and_nothing_more_is_written)
{
	struct qt_buf	buf = QT_BUF_INIT;
	struct qt_json	j = QT_JSON_INIT(&buf);
	const char	*huge = "x";

	(void)state;
	qt_json_array(&j, NULL);
	/* A buffer that says it is nearly as large as memory can be. */
	buf.len = buf.cap = SIZE_MAX / 4;
	qt_json_str(&j, NULL, huge);
	assert_int_equal(qt_json_status(&j), -ENOMEM);
	buf.len = 1;
	buf.cap = 64;
	qt_json_str(&j, NULL, "y");
	qt_json_end(&j);
	assert_int_equal(qt_json_status(&j), -ENOMEM);
	assert_string_equal(buf.data, "[");
	qt_buf_clear(&buf);
}
