/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_BASE_BASE64_H
#define QT_BASE_BASE64_H

#include <stddef.h>

/* How much room len bytes take, without padding and with it. */
#define QT_BASE64_LEN(len)		(((len) * 4 + 2) / 3)
#define QT_BASE64_PADDED_LEN(len)	(((len) + 2) / 3 * 4)

/*
 * base64 of len bytes (RFC 4648), without padding or a '\0'; how many
 * characters. is_url: with '-' and '_' for '+' and '/'.
 */
size_t	qt_base64_encode(char *out, const void *data, size_t len, int is_url);

#endif /* QT_BASE_BASE64_H */
