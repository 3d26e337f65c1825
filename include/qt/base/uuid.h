/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_BASE_UUID_H
#define QT_BASE_UUID_H

#include <stdint.h>

/*
 * UUID version 7 (RFC 9562, 5.7): 48 bits of Unix milliseconds, then random
 * bits; within one process ids only grow (method 1 of section 6.2: a 12-bit
 * counter in rand_a). Thread-safe.
 */
#define QT_UUID_TEXT_SIZE 37

struct qt_uuid {
	uint8_t	b[16];
};

void	qt_uuid_new(struct qt_uuid *out);
void	qt_uuid_text(const struct qt_uuid *id, char text[QT_UUID_TEXT_SIZE]);
/* 0, or -EINVAL when text is not 36 characters of a UUID. */
int	qt_uuid_parse(const char *text, struct qt_uuid *out);

#endif /* QT_BASE_UUID_H */
