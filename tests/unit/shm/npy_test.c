/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of <qt/shm/npy.h>. */

#include <errno.h>
#include <string.h>

#include <qt/base/err.h>
#include <qt/shm/npy.h>

#include "../test.h"

/* A header of format major with that literal. */
static int
parse(struct qt_npy *out, unsigned int major, const char *dict)
{
	unsigned char	head[1024] = "\x93NUMPY";
	size_t		len = strlen(dict), at = major == 1 ? 10 : 12;

	head[6] = (unsigned char)major;
	head[8] = (unsigned char)len;
	head[9] = (unsigned char)(len >> 8);
	memcpy(head + at, dict, len);
	return qt_npy_parse(out, head, at + len, NULL);
}

QT_TEST(what_numpy_writes_is_read)
{
	struct qt_npy	n;

	(void)state;
	assert_int_equal(parse(&n, 1, "{'descr': '<f8', 'fortran_order': "
	    "False, 'shape': (2, 3), }          \n"), 0);
	assert_int_equal(n.dims, 2);
	assert_int_equal(n.shape[0], 2);
	assert_int_equal(n.shape[1], 3);
	assert_int_equal(n.count, 6);
	assert_int_equal(n.size, 48);
	assert_false(n.is_fortran);
	assert_string_equal(n.dtype.text, "<f8");
	assert_int_equal(parse(&n, 2, "{\"shape\": (7,), \"descr\": \"|u1\", "
	    "\"fortran_order\": True}\n"), 0);
	assert_true(n.is_fortran);
	assert_int_equal(n.count, 7);
	assert_int_equal(parse(&n, 1, "{'descr': [('a', '<i4'), ('b', '<f8', "
	    "(3,))], 'fortran_order': False, 'shape': (), }\n"), 0);
	assert_int_equal(n.dims, 0);
	assert_int_equal(n.count, 1);
	assert_int_equal(n.size, 28);
}

QT_TEST(what_is_written_is_read_again_and_padded_as_numpy_does)
{
	static const struct {
		const char	*dtype;
		unsigned int	 dims;
		uint64_t	 shape[4];
		const char	*want;
	} cases[] = {
		{ "i4", 1, { 5, 0, 0, 0 }, "{'descr': '<i4', 'fortran_order': "
		    "False, 'shape': (5,), }" },
		{ "S3", 3, { 5, 6, 7, 0 }, "{'descr': '|S3', 'fortran_order': "
		    "False, 'shape': (5, 6, 7), }" },
		{ "[('a','<i4')]", 0, { 0, 0, 0, 0 }, "{'descr': "
		    "[('a','<i4')], 'fortran_order': False, 'shape': (), }" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct qt_npy	n = { .dims = cases[i].dims }, again;
		struct qt_buf	head = QT_BUF_INIT;

		assert_int_equal(qt_dtype_parse(&n.dtype, cases[i].dtype,
		    NULL), 0);
		memcpy(n.shape, cases[i].shape, sizeof(n.shape));
		assert_int_equal(qt_npy_format(&n, &head), 0);
		assert_int_equal(head.len % 64, 0);
		assert_memory_equal(head.data + 10, cases[i].want,
		    strlen(cases[i].want));
		assert_int_equal(head.data[head.len - 1], '\n');
		assert_int_equal(qt_npy_head_size(head.data, NULL), head.len);
		assert_int_equal(qt_npy_parse(&again, head.data, head.len,
		    NULL), 0);
		assert_memory_equal(again.shape, n.shape, sizeof(n.shape));
		assert_true(qt_dtype_is_same(&again.dtype, &n.dtype));
		/* Cut anywhere, it is refused. */
		for (size_t len = 0; len < head.len; len++)
			assert_true(qt_npy_parse(&again, head.data, len,
			    NULL) < 0);
		qt_buf_clear(&head);
	}
}

QT_TEST(another_format_is_no_npy_or_of_another_version)
{
	struct qt_npy	n;

	(void)state;
	assert_int_equal(qt_npy_head_size("PK\3\4........", NULL),
	    -QT_EFORMAT);
	assert_int_equal(qt_npy_head_size("\x93NUMPY\3\0v\0..", NULL),
	    -QT_EVERSION);
	assert_int_equal(qt_npy_head_size("\x93NUMPY\1\1v\0..", NULL),
	    -QT_EVERSION);
	assert_int_equal(qt_npy_head_size("\x93NUMPY\2\0\0\0\0\1", NULL),
	    -EINVAL);
	assert_int_equal(qt_npy_parse(&n, "\x93NUMPY", 6, NULL), -QT_EFORMAT);
}

QT_TEST(a_header_that_is_not_exactly_one_is_refused)
{
#define D "'descr': '<i8'"
#define F "'fortran_order': False"
#define S "'shape': (3,)"
	static const char *const bad[] = {
		"", "\n", "{}\n", "{" D ", " F "}\n", "{" D ", " S "}\n",
		"{" F ", " S "}\n", "{" D ", " F ", " S "}",
		"{" D ", " F ", " S "}x\n", "{" D ", " F ", " S "}\n\n",
		"{" D " " F ", " S "}\n", "{" D ", " D ", " F ", " S "}\n",
		"{" D ", " F ", " S ", 'x': 1}\n",
		"{" D ", 'fortran_order': 0, " S "}\n",
		"{'descr': 5, " F ", " S "}\n",
		"{'descr': '|O', " F ", " S "}\n",
		"{'descr': '<i8, " F ", " S "}\n",
		"{'descr': [('a', '<i8'), " F ", " S "}\n",
		"{'descr': '\\x3ci8', " F ", " S "}\n",
		"{" D ", " F ", 'shape': (3)}\n",
		"{" D ", " F ", 'shape': (-3,)}\n",
		"{" D ", " F ", 'shape': (3 4)}\n",
		"{" D ", " F ", 'shape': 3}\n",
		"{" D ", " F ", 'shape': (3,\n",
		"{" D ", " F ", 'shape': (1, 1, 1, 1, 1)}\n",
		"{" D ", " F ", 'shape': (99999999999999999999,)}\n",
		"{" D ", " F ", 'shape': (4294967296, 4294967296)}\n",
		"{" D ", " F ", 'shape': (281474976710656,)}\n",
		"__import__('os')\n",
	};
	struct qt_npy	n;

	(void)state;
	assert_int_equal(parse(&n, 1, "{" D ", " F ", " S "}\n"), 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (parse(&n, 1, bad[i]) != -EINVAL &&
		    strlen(bad[i]) >= 2)
			fail_msg("taken: %s", bad[i]);
}
