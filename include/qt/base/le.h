/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_BASE_LE_H
#define QT_BASE_LE_H
/* Numbers in files and in protocols: little-endian, at any address. */
#include <endian.h>
#include <stdint.h>
#include <string.h>

static inline uint16_t
qt_le_load16(const void *p)
{
	uint16_t	x;

	memcpy(&x, p, sizeof(x));
	return le16toh(x);
}

static inline uint32_t
qt_le_load32(const void *p)
{
	uint32_t	x;

	memcpy(&x, p, sizeof(x));
	return le32toh(x);
}

static inline uint64_t
qt_le_load64(const void *p)
{
	uint64_t	x;

	memcpy(&x, p, sizeof(x));
	return le64toh(x);
}

static inline void
qt_le_store16(void *p, uint16_t x)
{
	x = htole16(x);
	memcpy(p, &x, sizeof(x));
}

static inline void
qt_le_store32(void *p, uint32_t x)
{
	x = htole32(x);
	memcpy(p, &x, sizeof(x));
}

static inline void
qt_le_store64(void *p, uint64_t x)
{
	x = htole64(x);
	memcpy(p, &x, sizeof(x));
}

#endif /* QT_BASE_LE_H */
