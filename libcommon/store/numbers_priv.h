/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_STORE_NUMBERS_PRIV_H
#define QT_STORE_NUMBERS_PRIV_H
/*
 * A set of numbers of files: collected in a buffer (QT_BUF_INIT, cleared by
 * qt_buf_clear()), then sorted once and asked. One thread.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <qt/base/buf.h>

static inline size_t
qt__numbers_count(const struct qt_buf *set)
{
	return set->len / sizeof(uint64_t);
}

/* 0 or -ENOMEM. */
static inline int
qt__numbers_add(struct qt_buf *set, uint64_t number)
{
	return qt_buf_add(set, &number, sizeof(number));
}

/* i is less than their count. */
static inline uint64_t
qt__numbers_at(const struct qt_buf *set, size_t i)
{
	uint64_t	number;

	memcpy(&number, set->data + i * sizeof(number), sizeof(number));
	return number;
}

/* Of two uint64_t, as qsort(3) has it. */
static inline int
qt__numbers_compare(const void *a, const void *b)
{
	uint64_t	x, y;

	memcpy(&x, a, sizeof(x));
	memcpy(&y, b, sizeof(y));
	return (x > y) - (x < y);
}

static inline void
qt__numbers_sort(struct qt_buf *set)
{
	if (set->len > 0)
		qsort(set->data, qt__numbers_count(set), sizeof(uint64_t),
		    qt__numbers_compare);
}

/* Of a sorted one. */
static inline bool
qt__numbers_have(const struct qt_buf *set, uint64_t number)
{
	return set->len > 0 && bsearch(&number, set->data,
	    qt__numbers_count(set), sizeof(number),
	    qt__numbers_compare) != NULL;
}

#endif /* QT_STORE_NUMBERS_PRIV_H */
