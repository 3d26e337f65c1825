/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_STORE_LE_PRIV_H
#define QT_STORE_LE_PRIV_H
/*
 * Numbers in files: little-endian, at any address. A varint is seven bits a
 * byte, the low ones first, the top bit set in all bytes but the last.
 */
#include <endian.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define QT__VARINT_MAX	10u	/* bytes that one of 64 bits may take */

static inline uint16_t
qt__le_load16(const void *p)
{
	uint16_t	x;

	memcpy(&x, p, sizeof(x));
	return le16toh(x);
}

static inline uint32_t
qt__le_load32(const void *p)
{
	uint32_t	x;

	memcpy(&x, p, sizeof(x));
	return le32toh(x);
}

static inline uint64_t
qt__le_load64(const void *p)
{
	uint64_t	x;

	memcpy(&x, p, sizeof(x));
	return le64toh(x);
}

static inline void
qt__le_store16(void *p, uint16_t x)
{
	x = htole16(x);
	memcpy(p, &x, sizeof(x));
}

static inline void
qt__le_store32(void *p, uint32_t x)
{
	x = htole32(x);
	memcpy(p, &x, sizeof(x));
}

static inline void
qt__le_store64(void *p, uint64_t x)
{
	x = htole64(x);
	memcpy(p, &x, sizeof(x));
}

/* Returns what follows. There is room for QT__VARINT_MAX bytes. */
static inline uint8_t *
qt__varint_pack(uint8_t *p, uint64_t x)
{
	for (; x >= 0x80; x >>= 7)
		*p++ = (uint8_t)(x | 0x80);
	*p++ = (uint8_t)x;
	return p;
}

/* Returns what follows, or NULL when it is not whole before end. */
static inline const uint8_t *
qt__varint_unpack(const uint8_t *p, const uint8_t *end, uint64_t *x)
{
	uint64_t	sum = 0;

	for (unsigned int shift = 0; p < end && shift < 64; shift += 7) {
		sum |= (uint64_t)(*p & 0x7f) << shift;
		if (*p++ < 0x80) {
			*x = sum;
			return p;
		}
	}
	return NULL;
}

/* Small numbers of either sign as small numbers without one. */
static inline uint64_t
qt__zigzag(uint64_t delta)
{
	return delta << 1 ^ (0 - (delta >> 63));
}

static inline uint64_t
qt__unzigzag(uint64_t x)
{
	return x >> 1 ^ (0 - (x & 1));
}

#endif /* QT_STORE_LE_PRIV_H */
