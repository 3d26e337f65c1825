/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_STORE_VARINT_PRIV_H
#define QT_STORE_VARINT_PRIV_H
/*
 * Numbers in few bytes. A varint is seven bits a byte, the low ones first, the
 * top bit set in all bytes but the last.
 */
#include <stddef.h>
#include <stdint.h>

#define QT__VARINT_MAX	10u	/* bytes that one of 64 bits may take */

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

#endif /* QT_STORE_VARINT_PRIV_H */
