/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_SESSION_STRIP_H
#define QT_SESSION_STRIP_H

#include <stddef.h>

#include <qt/base/buf.h>

/*
 * Terminal output as plain text: escape sequences and controls are left out,
 * newlines and tabs stay. Any split of the bytes gives the same text.
 */
struct strip {
	int	state;
};

#define STRIP_INIT { 0 }

/* 0 or -ENOMEM. */
int	strip_feed(struct strip *s, const void *data, size_t len,
	    struct qt_buf *out);

#endif /* QT_SESSION_STRIP_H */
