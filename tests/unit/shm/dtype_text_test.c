/* SPDX-License-Identifier: Apache-2.0 */
/* Elements as text and back. */

#include <errno.h>
#include <math.h>
#include <string.h>

#include <qt/shm/dtype.h>

#include "../test.h"

static struct qt_dtype
parse(const char *text)
{
	struct qt_dtype	d;

	assert_int_equal(qt_dtype_parse(&d, text, NULL), 0);
	return d;
}

/* Text to an element to text. */
static void
round_trip(const char *dtype, const char *in, const char *want)
{
	struct qt_dtype	d = parse(dtype);
	struct qt_buf	buf = QT_BUF_INIT;
	struct qt_err	err = QT_ERR_INIT;
	char		elem[256];

	assert_true(d.size <= sizeof(elem));
	memset(elem, 0x55, sizeof(elem));
	if (qt_dtype_scan(&d, in, strlen(in), elem, &err) < 0)
		fail_msg("%s: %s", in, err.text);
	assert_int_equal(elem[d.size < 256 ? d.size : 0] == 0x55, 1);
	assert_int_equal(qt_dtype_format(&d, elem, &buf), 0);
	assert_string_equal(buf.data == NULL ? "" : buf.data, want);
	qt_buf_clear(&buf);
}

QT_TEST(values_come_back_as_they_were_typed)
{
	(void)state;
	round_trip("i1", "-128", "-128");
	round_trip("u1", "255", "255");
	round_trip(">i2", " -300 ", "-300");
	round_trip("i4", "0x7fffffff", "2147483647");
	round_trip("i8", "-9223372036854775808", "-9223372036854775808");
	round_trip("u8", "18446744073709551615", "18446744073709551615");
	round_trip("f8", "0.1", "0.1");
	round_trip(">f8", "1e300", "1e+300");
	round_trip("f4", "0.1", "0.1");
	round_trip("f4", "16777217", "16777216");
	round_trip("f2", "0.1", "0.1");
	round_trip("f2", "65504", "6.55e+04");
	round_trip("f2", "6e-8", "5.96e-08");
	round_trip("f2", "1.9999", "2");
	round_trip("f8", "nan", "nan");
	round_trip("f4", "-inf", "-inf");
	round_trip("?", "True", "true");
	round_trip("?", "0", "false");
	round_trip("S5", "abc", "abc");
	round_trip("S3", "a\nb", "a\nb");
	round_trip("S3", "", "");
	round_trip("U3", "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80",
	    "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80");
	round_trip(">U2", "x", "x");
	round_trip("V3", "00fFa1", "00ffa1");
	round_trip("<M8[ms]", "NaT", "NaT");
	round_trip("m8[s]", "-7", "-7");
}

QT_TEST(structures_are_arrays_of_their_fields)
{
	const char	*dtype = "[('a','i2'),('','V2'),('b','f4',(2,)),"
	    "('c','S4'),('d','?'),('e','U2')]";

	(void)state;
	round_trip(dtype, "[1, [2.5, -3], \"ab\", true, \"\\u00e9\\n\"]",
	    "[1, [2.5, -3], \"ab\", true, \"\xc3\xa9\\u000a\"]");
	round_trip(dtype, "(1,(2,3,),'a\"',False,'\xc3\xa9',)",
	    "[1, [2, 3], \"a\\\"\", false, \"\xc3\xa9\"]");
	round_trip("[('a','U1')]", "[\"\\ud83d\\ude00\"]",
	    "[\"\xf0\x9f\x98\x80\"]");
	round_trip("[('a','V2'),('b','S1')]", "['0aff', '\xff']",
	    "[\"0aff\", \"\xff\"]");
	round_trip("[('a','S4')]", "[\"\\\\\\\"\\t\"]",
	    "[\"\\\\\\\"\\u0009\"]");
}

static void
refused(const char *dtype, const char *in, int rc)
{
	struct qt_dtype	d = parse(dtype);
	struct qt_err	err = QT_ERR_INIT;
	char		elem[64];
	int		got;

	memset(elem, 0x55, sizeof(elem));
	got = qt_dtype_scan(&d, in, strlen(in), elem, &err);
	if (got != rc)
		fail_msg("%s as %s: %d", in, dtype, got);
	assert_non_null(strstr(err.text, "a value of '"));
	for (size_t i = 0; i < sizeof(elem); i++)
		assert_int_equal(elem[i], 0x55);
}

QT_TEST(what_is_no_value_is_refused_and_changes_nothing)
{
	(void)state;
	refused("i1", "128", -ERANGE);
	refused("i1", "-129", -ERANGE);
	refused("u1", "256", -ERANGE);
	refused("u1", "-1", -ERANGE);
	refused("i8", "9223372036854775808", -ERANGE);
	refused("u8", "18446744073709551616", -ERANGE);
	refused("i4", "", -EINVAL);
	refused("i4", "-", -EINVAL);
	refused("i4", "0x", -EINVAL);
	refused("i4", "1 2", -EINVAL);
	refused("i4", "1.5", -EINVAL);
	refused("f8", "1e999", -ERANGE);
	refused("f4", "1e39", -ERANGE);
	refused("f2", "65520", -ERANGE);
	refused("f8", "1,5", -EINVAL);
	refused("?", "yes", -EINVAL);
	refused("S3", "abcd", -ERANGE);
	refused("U1", "ab", -ERANGE);
	refused("U4", "a\xff", -EINVAL);
	refused("V2", "00f", -ERANGE);
	refused("V2", "00fg", -EINVAL);
	refused("[('a','i4'),('b','i4')]", "[1]", -EINVAL);
	refused("[('a','i4'),('b','i4')]", "[1,2,3]", -EINVAL);
	refused("[('a','i4'),('b','i4')]", "[1,2", -EINVAL);
	refused("[('a','i4'),('b','i4')]", "[1,2)", -EINVAL);
	refused("[('a','i4'),('b','i4')]", "1,2", -EINVAL);
	refused("[('a','S4')]", "[\"abc", -EINVAL);
	refused("[('a','S4')]", "[\"a\\", -EINVAL);
	refused("[('a','S4')]", "[\"\\u00\"]", -EINVAL);
	refused("[('a','S4')]", "[\"\\u0100\"]", -ERANGE);
	refused("[('a','U4')]", "[\"\\ud83d\"]", -EINVAL);
	refused("[('a','i1',(2,))]", "[[1]]", -EINVAL);
}

/* All there are: each is read back as itself, in order of size. */
QT_TEST(every_half_float_comes_back)
{
	struct qt_dtype	d = parse("f2");
	struct qt_buf	buf = QT_BUF_INIT;

	(void)state;
	for (uint32_t i = 0; i < 65536; i++) {
		uint16_t	v = (uint16_t)i, back;

		qt_buf_reset(&buf);
		assert_int_equal(qt_dtype_format(&d, &v, &buf), 0);
		assert_int_equal(qt_dtype_scan(&d, buf.data, buf.len, &back,
		    NULL), 0);
		if ((v & 0x7c00) == 0x7c00 && (v & 0x3ff) != 0)
			assert_string_equal(buf.data, "nan");
		else
			assert_int_equal(back, v);
	}
	qt_buf_clear(&buf);
}
