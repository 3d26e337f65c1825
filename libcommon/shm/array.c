/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Arrays. See <qt/shm/array.h>.
 *
 * Head, then the elements. Nothing is ever half done: an element of a size
 * that the machine stores in one go is stored in one go, and for larger ones
 * nothing is promised. So there is nothing to sweep.
 *
 *	head.elem_size, head.capacity, head.shape, head.dtype
 *	512	elements
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <qt/shm/array.h>
#include <qt/shm/dtype.h>

#include "object_priv.h"

struct qt_array {
	struct qt_obj	 obj;
	unsigned char	*data;
	uint64_t	 count;
	uint32_t	 size;		/* of an element */
	int		 is_int, is_signed;
};

extern const struct qt__obj_type	qt__array_type;

/* All of the dimensions that are used, or UINT64_MAX. */
static uint64_t
count_of(const uint64_t shape[4])
{
	uint64_t	count = 1;

	for (int i = 0; i < 4; i++) {
		if (shape[i] == 0) {
			for (int k = i; k < 4; k++)
				if (shape[k] != 0)
					return UINT64_MAX;
			return i == 0 ? UINT64_MAX : count;
		}
		count = qt__obj_sum(count, shape[i], 0);
		if (count == UINT64_MAX)
			return UINT64_MAX;
	}
	return count;
}

int
qt_array_create(struct qt_seg *seg, const char *name,
    const struct qt_array_spec *spec, struct qt_err *err)
{
	struct qt__obj_spec	s = { .type = QT_TYPE_ARRAY };
	struct qt_dtype		dtype;
	int			rc = qt_dtype_parse(&dtype, spec->dtype, err);

	if (rc < 0) {
		qt_err_wrap(err, "make array '%s'", name);
		return rc;
	}
	s.capacity = count_of(spec->shape);
	if (s.capacity == UINT64_MAX) {
		qt_err_set(err, "make array '%s': a shape has 1 to 4 "
		    "dimensions that are not 0, of 2^48 bytes at most", name);
		return -EINVAL;
	}
	s.elem_size = dtype.size;
	s.size = qt__obj_sum(s.capacity, dtype.size, QT__OBJ_BODY);
	memcpy(s.shape, spec->shape, sizeof(s.shape));
	s.dtype = dtype.text;
	return qt__obj_create(seg, name, &s, err);
}

static int
check(const struct qt_obj *obj)
{
	const struct qt__obj_head	*h = &obj->head;
	struct qt_dtype			 dtype;

	if (qt_dtype_parse(&dtype, h->dtype, NULL) < 0 ||
	    h->elem_size != dtype.size || h->capacity != count_of(h->shape) ||
	    qt__obj_sum(h->capacity, dtype.size, QT__OBJ_BODY) != h->size)
		return -QT_ECORRUPT;
	return 0;
}

static void
describe(struct qt_obj *obj, struct qt_obj_stat *stat)
{
	stat->count = obj->head.capacity;
	stat->data_offset = obj->offset + QT__OBJ_BODY;
}

const struct qt__obj_type	qt__array_type = {
	.number = QT_TYPE_ARRAY, .name = "array", .check = check,
	.describe = describe,
};

int
qt_array_open(struct qt_seg *seg, const char *name, const char *dtype,
    struct qt_array **out, struct qt_err *err)
{
	struct qt_array	*a = qt__obj_new(qt_array);
	struct qt_dtype	 d;
	int		 rc;

	*out = NULL;
	if (a == NULL)
		return -ENOMEM;
	rc = qt__obj_open(seg, name, QT_TYPE_ARRAY, &a->obj, err);
	if (rc < 0)
		goto err_after_new;
	rc = qt__obj_dtype(a->obj.head.dtype, dtype, "its elements are", err);
	if (rc < 0) {
		qt_err_wrap(err, "open array '%s'", name);
		goto err_after_open;
	}
	(void)qt_dtype_parse(&d, a->obj.head.dtype, NULL);
	a->data = a->obj.base + QT__OBJ_BODY;
	a->count = a->obj.head.capacity;
	a->size = a->obj.head.elem_size;
	a->is_int = qt_dtype_is_int(&d);
	a->is_signed = d.field[0].kind == 'i';
	*out = a;
	return 0;

err_after_open:
	qt__obj_close(&a->obj);
err_after_new:
	free(a);
	return rc;
}

void
qt_array_close(struct qt_array *a)
{
	if (a == NULL)
		return;
	qt__obj_close(&a->obj);
	free(a);
}

struct qt_obj *
qt_array_obj(struct qt_array *a)
{
	return &a->obj;
}

uint64_t
qt_array_count(const struct qt_array *a)
{
	return a->count;
}

uint32_t
qt_array_elem_size(const struct qt_array *a)
{
	return a->size;
}

const uint64_t *
qt_array_shape(const struct qt_array *a)
{
	return a->obj.head.shape;
}

const char *
qt_array_dtype(const struct qt_array *a)
{
	return a->obj.head.dtype;
}

void *
qt_array_data(const struct qt_array *a)
{
	return a->data;
}

int
qt_array_index(const struct qt_array *a, const uint64_t *at, uint64_t *index)
{
	const uint64_t	*shape = a->obj.head.shape;
	uint64_t	 n = 0;

	for (int i = 0; i < 4 && shape[i] != 0; i++) {
		if (at[i] >= shape[i])
			return -ERANGE;
		n = n * shape[i] + at[i];
	}
	*index = n;
	return 0;
}

/* --- Elements ------------------------------------------------------------ */

static int
check_range(const struct qt_array *a, uint64_t index, uint64_t count)
{
	return index > a->count || count > a->count - index ? -ERANGE : 0;
}

/*
 * n elements of a size that is stored at once, in either direction; the side
 * in the segment is aligned, the other may not be. Relaxed: each is whole, and
 * no order is promised.
 */
#define COPY(type)							\
	for (uint64_t i = 0; i < n; i++) {				\
		_Atomic type	*word = (_Atomic type *)(void *)at + i;	\
		type		 v;					\
									\
		if (out != NULL) {					\
			v = atomic_load_explicit(word,			\
			    memory_order_relaxed);			\
			memcpy(out + i * sizeof(v), &v, sizeof(v));	\
		} else {						\
			memcpy(&v, from + (is_same ? 0 : i) *		\
			    sizeof(v), sizeof(v));			\
			atomic_store_explicit(word, v,			\
			    memory_order_relaxed);			\
		}							\
	}

static void
copy(const struct qt_array *a, uint64_t index, uint64_t n, unsigned char *out,
    const unsigned char *from, bool is_same)
{
	unsigned char	*at = a->data + index * a->size;

	switch (a->size) {
	case 1:
		COPY(uint8_t)
		break;
	case 2:
		COPY(uint16_t)
		break;
	case 4:
		COPY(uint32_t)
		break;
	case 8:
		COPY(uint64_t)
		break;
	default:
		for (uint64_t i = 0; i < n; i++, at += a->size)
			if (out != NULL)
				qt__copy_racy(out + i * a->size, at, a->size);
			else
				qt__copy_racy(at, from + (is_same ? 0 :
				    i * a->size), a->size);
	}
}

int
qt_array_get(const struct qt_array *a, uint64_t index, uint64_t count,
    void *out)
{
	int	rc = check_range(a, index, count);

	if (rc == 0)
		copy(a, index, count, out, NULL, false);
	return rc;
}

static int
store(struct qt_array *a, uint64_t index, uint64_t count, const void *from,
    bool is_same)
{
	if (qt__obj_self(&a->obj) == 0)
		return -EACCES;
	if (check_range(a, index, count) < 0)
		return -ERANGE;
	copy(a, index, count, NULL, from, is_same);
	return 0;
}

int
qt_array_put(struct qt_array *a, uint64_t index, uint64_t count,
    const void *from)
{
	return store(a, index, count, from, false);
}

int
qt_array_fill(struct qt_array *a, uint64_t index, uint64_t count,
    const void *element)
{
	return store(a, index, count, element, true);
}

/* --- Whole numbers ------------------------------------------------------- */

static int
check_int(const struct qt_array *a, uint64_t index)
{
	if (qt__obj_self(&a->obj) == 0)
		return -EACCES;
	if (!a->is_int)
		return -EINVAL;
	return index >= a->count ? -ERANGE : 0;
}

#define AT(type)	((_Atomic type *)(void *)a->data + index)

/* To 64 bits, as the dtype says. */
static int64_t
widen(const struct qt_array *a, uint64_t v)
{
	unsigned int	shift = 64 - a->size * 8;

	if (!a->is_signed)
		return (int64_t)v;
	return (int64_t)(v << shift) >> shift;
}

int
qt_array_add(struct qt_array *a, uint64_t index, int64_t n, int64_t *old)
{
	uint64_t	v;
	int		rc = check_int(a, index);

	if (rc < 0)
		return rc;
	if (a->size == 1)
		v = atomic_fetch_add(AT(uint8_t), (uint8_t)n);
	else if (a->size == 2)
		v = atomic_fetch_add(AT(uint16_t), (uint16_t)n);
	else if (a->size == 4)
		v = atomic_fetch_add(AT(uint32_t), (uint32_t)n);
	else
		v = atomic_fetch_add(AT(uint64_t), (uint64_t)n);
	if (old != NULL)
		*old = widen(a, v);
	return 0;
}

#define CAS(type)							\
	{								\
		type	e = (type)*expected;				\
									\
		rc = atomic_compare_exchange_strong(AT(type), &e,	\
		    (type)desired);					\
		seen = e;						\
		break;							\
	}

int
qt_array_cas(struct qt_array *a, uint64_t index, int64_t *expected,
    int64_t desired)
{
	uint64_t	seen;
	int		rc = check_int(a, index);

	if (rc < 0)
		return rc;
	switch (a->size) {
	case 1: CAS(uint8_t)
	case 2: CAS(uint16_t)
	case 4: CAS(uint32_t)
	default: CAS(uint64_t)
	}
	if (rc == 0)
		*expected = widen(a, seen);
	return rc;
}
