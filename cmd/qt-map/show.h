/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_MAP_SHOW_H
#define QT_MAP_SHOW_H

#include <qt/base/buf.h>
#include <qt/store/store.h>

/* Records on standard output. */

#define SHOW_KEY	1u
#define SHOW_VALUE	2u
#define SHOW_JSON	4u	/* an object a line */
#define SHOW_NUL	8u	/* bytes as they are, each end is a NUL */
#define SHOW_COMMAND	16u	/* put, a line as batch reads it */

/*
 * The record by what: "key<tab>value" and a new-line, escaped so that nothing in
 * it ends a field or a line; or as the other flags say. Collected until there is
 * a lot, or show_flush().
 */
void	show_item(const struct qt_store_item *item, unsigned int what);
void	show_flush(void);

/*
 * A value as it is, and end, unless it is negative. On a terminal, bytes that
 * would drive it are shown as \xNN.
 */
void	show_value(const struct qt_store_value *v, int end);

#endif /* QT_MAP_SHOW_H */
