/* SPDX-License-Identifier: Apache-2.0 */
/* NumPy's dtype strings: what they say, and what is none. */

#include <errno.h>
#include <string.h>

#include <qt/shm/dtype.h>

#include "../test.h"

static struct qt_dtype
parse(const char *text)
{
	struct qt_dtype	d;
	struct qt_err	err = QT_ERR_INIT;

	if (qt_dtype_parse(&d, text, &err) < 0)
		fail_msg("%s", err.text);
	return d;
}

QT_TEST(scalars_are_read_and_written_as_numpy_writes_them)
{
	static const struct {
		const char	*text, *want;
		uint32_t	 size;
	} cases[] = {
		{ "i4", "<i4", 4 }, { "<i8", "<i8", 8 }, { ">u2", ">u2", 2 },
		{ "int32", "<i4", 4 }, { "uint64", "<u8", 8 },
		{ "float", "<f8", 8 }, { "float16", "<f2", 2 },
		{ "=f4", "<f4", 4 }, { "?", "|b1", 1 }, { "bool", "|b1", 1 },
		{ "|b1", "|b1", 1 }, { "|u1", "|u1", 1 }, { "<i1", "|i1", 1 },
		{ "S16", "|S16", 16 }, { "|V24", "|V24", 24 },
		{ "U8", "<U8", 32 }, { ">U2", ">U2", 8 },
		{ "<M8[ms]", "<M8[ms]", 8 }, { "m8[25us]", "<m8[25us]", 8 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct qt_dtype	d = parse(cases[i].text), again;

		assert_string_equal(d.text, cases[i].want);
		assert_int_equal(d.size, cases[i].size);
		assert_int_equal(d.field_count, 1);
		again = parse(d.text);
		assert_int_equal(qt_dtype_is_same(&d, &again), 1);
	}
}

QT_TEST(a_structure_has_fields_at_their_offsets)
{
	struct qt_dtype	d = parse("[('a','<i4'),('','|V4'),('b', '<f8', (2,3)),"
	    " ('c', [('x','u1'),('y','S3')]), (\"d\",'?',2,)]");
	static const struct {
		const char	*name;
		char		 kind;
		uint32_t	 size, count, offset;
	} want[] = {
		{ "a", 'i', 4, 1, 0 }, { "b", 'f', 8, 6, 8 },
		{ "c.x", 'u', 1, 1, 56 }, { "c.y", 'S', 3, 1, 57 },
		{ "d", 'b', 1, 2, 60 },
	};

	(void)state;
	assert_int_equal(d.is_struct, 1);
	assert_int_equal(d.size, 62);
	assert_int_equal(d.field_count, 5);
	for (int i = 0; i < 5; i++) {
		assert_string_equal(d.field[i].name, want[i].name);
		assert_int_equal(d.field[i].kind, want[i].kind);
		assert_int_equal(d.field[i].size, want[i].size);
		assert_int_equal(d.field[i].count, want[i].count);
		assert_int_equal(d.field[i].offset, want[i].offset);
	}
}

QT_TEST(what_is_no_dtype_is_refused_and_said_where)
{
	static const char *const bad[] = { "", "i", "i3", "x4", "<", "i4x",
	    "S", "S0", "i4 ", "b2", "f16", "U300000000", "S1073741825",
	    "S99999999999999999999", "M4", "M8[ms", "M8[^]", "[", "[]", "[(",
	    "[('a')]", "[('a','i4'", "[('a','i4')", "[('a','i4')]x",
	    "[('','V4')]", "[('a','i4'),('a','i4')]", "[('a','i4',(0,))]",
	    "[('a','i4',(2)]", "[('a,'i4')]", "[('a\\'','i4')]",
	    "[('',[('a','i4')])]", "[('a','S1073741824'),('b','i1')]",
	    "[('a','i1',(65536,65536))]", "('a','i4')", "{'names':['a']}" };
	struct qt_dtype	d;
	struct qt_err	err = QT_ERR_INIT;
	char		deep[160] = "";

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (qt_dtype_parse(&d, bad[i], &err) != -EINVAL)
			fail_msg("'%s' was taken", bad[i]);
		assert_int_equal(d.size, 0);
		assert_non_null(strstr(err.text, "dtype '"));
	}
	for (int i = 0; i < 8; i++)
		strcat(deep, "[('a',");
	strcat(deep, "'i4'");
	for (int i = 0; i < 8; i++)
		strcat(deep, ")]");
	assert_int_equal(qt_dtype_parse(&d, deep, NULL), -EINVAL);
	(void)qt_dtype_parse(&d, "[('a','i4'),('b','i5')]", &err);
	assert_string_equal(err.text, "dtype '[('a','i4'),('b','i5')]': "
	    "no such size of that kind, at ''");
}

QT_TEST(a_text_that_is_too_long_is_refused_at_every_length)
{
	struct qt_dtype	d;
	char		text[300];

	(void)state;
	for (size_t n = 150; n < 280; n++) {
		/* Gaps of digits: the shortest way to a long sound text. */
		memset(text, ' ', n);
		memcpy(text, "[('a',", 6);
		memcpy(text + n - 6, "'i4')]", 7);
		assert_int_equal(qt_dtype_parse(&d, text, NULL),
		    n < QT_DTYPE_TEXT ? 0 : -EINVAL);
	}
}

QT_TEST(types_are_the_same_when_their_bytes_are)
{
	struct qt_dtype	a = parse("[('a','<i4'),('b','<i4')]");
	struct qt_dtype	b = parse(" [ ( 'a' , 'int32' ) , ('b','<i4') , ] ");
	struct qt_dtype	c = parse("[('a','<i4'),('c','<i4')]");
	struct qt_dtype	i = parse("<i8"), u = parse("<u8"), x = parse(">i8");

	(void)state;
	assert_int_equal(qt_dtype_is_same(&a, &b), 1);
	assert_int_equal(qt_dtype_is_same(&a, &c), 0);
	assert_int_equal(qt_dtype_is_same(&i, &u), 0);
	assert_int_equal(qt_dtype_is_same(&i, &x), 0);
	assert_int_equal(qt_dtype_is_int(&i), 1);
	assert_int_equal(qt_dtype_is_int(&u), 1);
	assert_int_equal(qt_dtype_is_int(&x), 0);
	assert_int_equal(qt_dtype_is_int(&a), 0);
}
