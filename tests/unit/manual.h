/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_TEST_MANUAL_H
#define QT_TEST_MANUAL_H

#include <stddef.h>

/*
 * Compares the tables of a manual with the structs that they describe, so that
 * the two cannot drift apart. A table is an mdoc list whose rows begin with
 * OFFSET and SIZE; a row may tell of several fields that lie side by side.
 */
struct manual_row {
	size_t	offset, size;
};

#define MANUAL_FIELD(type, field) \
	{ offsetof(type, field), sizeof(((type *)NULL)->field) }
/* From the first field to the end of the last one. */
#define MANUAL_SPAN(type, first, last)					\
	{ offsetof(type, first), offsetof(type, last) +			\
	    sizeof(((type *)NULL)->last) - offsetof(type, first) }

/*
 * The nth table (from 0) after the heading ("Header", as .Ss or .Sh says it)
 * of man/page has these rows, in this order. Fails the test, naming the row.
 */
void	manual_has_table(const char *page, const char *heading,
	    unsigned int nth, const struct manual_row *rows, size_t count);
/* The page has this text, whatever breaks its lines. Fails the test. */
void	manual_says(const char *page, const char *text);

#endif /* QT_TEST_MANUAL_H */
