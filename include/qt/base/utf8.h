/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_BASE_UTF8_H
#define QT_BASE_UTF8_H

#include <stddef.h>

/*
 * Looks at the first character of the len > 0 bytes at text. Returns its
 * length and sets *is_valid, or returns the length of the maximal invalid
 * part (Unicode 15, 3.9, "substitution of maximal subparts") and clears it.
 */
size_t	qt_utf8_next(const char *text, size_t len, int *is_valid);

/*
 * 1 when the valid character of len bytes at text would do something to a
 * terminal: C0 and C1 controls, DEL.
 */
int	qt_utf8_is_control(const char *text, size_t len);

#endif /* QT_BASE_UTF8_H */
