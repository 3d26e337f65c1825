/* SPDX-License-Identifier: Apache-2.0 */
/* Arrays: elements where they belong, whole, and nothing outside. */

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include <qt/shm/array.h>

#include "../test.h"
#include "shm_test.h"

static struct qt_array *
array(struct qt_seg *seg, const char *dtype, uint64_t a, uint64_t b)
{
	struct qt_array_spec	 spec = { .dtype = dtype, .shape = { a, b } };
	struct qt_array		*array = NULL;
	struct qt_err		 err = QT_ERR_INIT;

	(void)qt_obj_erase(seg, "a", NULL);
	if (qt_array_create(seg, "a", &spec, &err) < 0 ||
	    qt_array_open(seg, "a", dtype, &array, &err) < 0)
		fail_msg("%s", err.text);
	return array;
}

QT_TEST(elements_of_every_size_come_back)
{
	struct qt_seg			*seg = test_seg();
	static const char *const	 dtypes[] = { "u1", "i2", "f4", "<i8",
	    "S3", "V16", "[('a','i4'),('b','f8')]" };
	unsigned char			 in[6 * 16], out[6 * 16];

	(void)state;
	for (size_t i = 0; i < sizeof(in); i++)
		in[i] = (unsigned char)(i * 7 + 1);
	for (size_t i = 0; i < sizeof(dtypes) / sizeof(dtypes[0]); i++) {
		struct qt_array	*a = array(seg, dtypes[i], 10, 0);
		uint32_t	 size = qt_array_elem_size(a);

		assert_int_equal(qt_array_put(a, 2, 6, in), 0);
		assert_int_equal(qt_array_get(a, 2, 6, out), 0);
		assert_memory_equal(out, in, 6 * (size_t)size);
		/* Where NumPy would look for the fourth. */
		assert_memory_equal((unsigned char *)qt_array_data(a) +
		    4 * (size_t)size, in + 2 * (size_t)size, size);
		assert_int_equal(qt_array_fill(a, 0, 10, in), 0);
		assert_int_equal(qt_array_get(a, 9, 1, out), 0);
		assert_memory_equal(out, in, size);
		qt_array_close(a);
	}
	qt_seg_close(seg);
}

QT_TEST(what_is_outside_is_refused_and_nothing_is_changed)
{
	struct qt_seg	*seg = test_seg();
	struct qt_seg	*reader = test_join(seg, QT_SEG_RDONLY);
	struct qt_array	*a = array(seg, "i4", 10, 0), *r;
	int32_t		 v[10] = { 1, 1, 1, 1, 1, 1, 1, 1, 1, 1 }, got[10];
	int64_t		 old = 0;

	(void)state;
	assert_int_equal(qt_array_put(a, 1, 10, v), -ERANGE);
	assert_int_equal(qt_array_put(a, 11, 0, v), -ERANGE);
	assert_int_equal(qt_array_put(a, UINT64_MAX, 2, v), -ERANGE);
	assert_int_equal(qt_array_put(a, 2, UINT64_MAX, v), -ERANGE);
	assert_int_equal(qt_array_get(a, 10, 1, v), -ERANGE);
	assert_int_equal(qt_array_fill(a, 5, 6, v), -ERANGE);
	assert_int_equal(qt_array_add(a, 10, 1, &old), -ERANGE);
	assert_int_equal(qt_array_cas(a, 10, &old, 1), -ERANGE);
	assert_int_equal(qt_array_put(a, 10, 0, v), 0);
	assert_int_equal(qt_array_get(a, 0, 10, got), 0);
	for (int i = 0; i < 10; i++)
		assert_int_equal(got[i], 0);
	assert_int_equal(qt_array_open(reader, "a", NULL, &r, NULL), 0);
	assert_int_equal(qt_array_put(r, 0, 1, v), -EACCES);
	assert_int_equal(qt_array_fill(r, 0, 1, v), -EACCES);
	assert_int_equal(qt_array_add(r, 0, 1, NULL), -EACCES);
	assert_int_equal(qt_array_get(r, 0, 10, got), 0);
	qt_array_close(r);
	qt_array_close(a);
	qt_seg_close(reader);
	qt_seg_close(seg);
}

QT_TEST(shapes_are_in_c_order)
{
	struct qt_seg		*seg = test_seg();
	struct qt_array_spec	 spec = { .dtype = "u1",
	    .shape = { 2, 3, 4, 5 } };
	struct qt_array		*a = array(seg, "u1", 3, 7);
	uint64_t		 index, at[4] = { 1, 2, 3, 4 };

	(void)state;
	assert_int_equal(qt_array_count(a), 21);
	assert_int_equal(qt_array_index(a, at, &index), 0);
	assert_int_equal(index, 9);
	at[1] = 7;
	assert_int_equal(qt_array_index(a, at, &index), -ERANGE);
	at[1] = 2;
	qt_array_close(a);
	assert_int_equal(qt_array_create(seg, "b", &spec, NULL), 0);
	assert_int_equal(qt_array_open(seg, "b", NULL, &a, NULL), 0);
	assert_int_equal(qt_array_count(a), 120);
	assert_int_equal(qt_array_shape(a)[2], 4);
	assert_int_equal(qt_array_index(a, at, &index), 0);
	assert_int_equal(index, ((1 * 3 + 2) * 4 + 3) * 5 + 4);
	qt_array_close(a);
	qt_seg_close(seg);
}

QT_TEST(what_is_no_array_is_not_made)
{
	struct qt_seg		*seg = test_seg();
	struct qt_err		 err = QT_ERR_INIT;
	struct qt_array_spec	 bad[] = {
		{ "i4", { 0 } }, { "i4", { 1, 0, 1 } }, { "i5", { 1 } },
		{ "i8", { UINT64_MAX } },
		{ "i8", { 1u << 31, 1u << 31, 1u << 31, 1u << 31 } },
	};
	struct qt_array_spec	 large = { "i8", { 8 << 20 } };
	struct qt_array		*a;
	uint64_t		 used = qt_seg_used(seg);
	char			 name[QT_SEG_NAME_SIZE + 1];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(qt_array_create(seg, "a", &bad[i], NULL),
		    -EINVAL);
	assert_int_equal(qt_array_create(seg, "a", &large, &err), -ENOMEM);
	assert_non_null(strstr(err.text, "make 'a': "));
	large.shape[0] = 1;
	assert_int_equal(qt_array_create(seg, "", &large, NULL), -EINVAL);
	memset(name, 'n', sizeof(name));
	name[QT_SEG_NAME_SIZE] = '\0';
	assert_int_equal(qt_array_create(seg, name, &large, NULL), -EINVAL);
	name[QT_SEG_NAME_SIZE - 1] = '\0';
	assert_int_equal(qt_seg_used(seg), used);
	assert_int_equal(qt_array_create(seg, name, &large, NULL), 0);
	assert_int_equal(qt_array_open(seg, name, "<u8", &a, &err), -EINVAL);
	assert_non_null(strstr(err.text, "its elements are '<i8', not '<u8'"));
	assert_int_equal(qt_array_open(seg, name, "x", &a, &err), -EINVAL);
	assert_int_equal(qt_array_open(seg, "none", NULL, &a, &err), -ENOENT);
	assert_string_equal(err.text, "open 'none': it is not there");
	qt_seg_close(seg);
}

QT_TEST(whole_numbers_wrap_as_their_type_does)
{
	struct qt_seg	*seg = test_seg();
	static const struct {
		const char	*dtype;
		int64_t		 before, n, after;
	} cases[] = {
		{ "i1", 127, 1, -128 }, { "u1", 255, 2, 1 },
		{ "i2", -32768, -1, 32767 }, { "u2", 0, -1, 65535 },
		{ "i4", INT32_MAX, 1, INT32_MIN }, { "u4", 5, -6, UINT32_MAX },
		{ "i8", INT64_MAX, 1, INT64_MIN }, { "u8", -1, 1, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct qt_array	*a = array(seg, cases[i].dtype, 4, 0);
		int64_t		 v = 0, wrong = 77;

		assert_int_equal(qt_array_cas(a, 1, &v, cases[i].before), 1);
		assert_int_equal(qt_array_add(a, 1, cases[i].n, &v), 0);
		assert_int_equal(v, cases[i].before);
		assert_int_equal(qt_array_cas(a, 1, &wrong, 3), 0);
		assert_int_equal(wrong, cases[i].after);
		assert_int_equal(qt_array_cas(a, 1, &wrong, 3), 1);
		assert_int_equal(qt_array_add(a, 0, 0, &v), 0);
		assert_int_equal(v, 0);
		assert_int_equal(qt_array_add(a, 2, 0, &v), 0);
		assert_int_equal(v, 0);
		qt_array_close(a);
	}
	for (size_t i = 0; i < 3; i++) {
		static const char *const	no[] = { "f8", ">i4", "S8" };
		struct qt_array			*a = array(seg, no[i], 4, 0);
		int64_t				 v = 0;

		assert_int_equal(qt_array_add(a, 0, 1, NULL), -EINVAL);
		assert_int_equal(qt_array_cas(a, 0, &v, 1), -EINVAL);
		qt_array_close(a);
	}
	qt_seg_close(seg);
}

#define THREADS	3
#define ROUNDS	20000

struct crowd {
	struct qt_array	*a;
};

/* Adds to one element; writes another of equal halves, and reads it. */
static void *
work(void *arg)
{
	struct crowd	*c = arg;
	uint64_t	 v;

	for (uint64_t i = 0; i < ROUNDS; i++) {
		v = (i & UINT32_MAX) << 32 | (i & UINT32_MAX);
		if (qt_array_add(c->a, 0, 1, NULL) < 0 ||
		    qt_array_put(c->a, 1, 1, &v) < 0 ||
		    qt_array_get(c->a, 1, 1, &v) < 0 ||
		    v >> 32 != (v & UINT32_MAX))
			return c;
	}
	return NULL;
}

QT_TEST(no_addition_is_lost_and_no_element_is_torn)
{
	struct qt_seg	*seg = test_seg();
	struct crowd	 c = { .a = array(seg, "u8", 2, 0) };
	pthread_t	 t[THREADS];
	uint64_t	 v;
	void		*rc;

	(void)state;
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&t[i], NULL, work, &c), 0);
	for (int i = 0; i < THREADS; i++) {
		assert_int_equal(pthread_join(t[i], &rc), 0);
		assert_null(rc);
	}
	assert_int_equal(qt_array_get(c.a, 0, 1, &v), 0);
	assert_int_equal(v, THREADS * ROUNDS);
	qt_array_close(c.a);
	qt_seg_close(seg);
}
