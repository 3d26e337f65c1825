/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hash of a key in filters and blocks of runs: XXH64 with seed 0, by
 * Y. Collet, after the "XXH64 algorithm description" of xxHash's
 * documentation. It is part of the file format, so it has no key: who chooses
 * keys that fall together makes lookups of these keys slower, by a block
 * searched in vain for each file, and nothing else.
 */

#include <qt/base/le.h>

#include "run_priv.h"

#define P1 UINT64_C(0x9e3779b185ebca87)
#define P2 UINT64_C(0xc2b2ae3d27d4eb4f)
#define P3 UINT64_C(0x165667b19e3779f9)
#define P4 UINT64_C(0x85ebca77c2b2ae63)
#define P5 UINT64_C(0x27d4eb2f165667c5)

static inline uint64_t
rotate(uint64_t x, unsigned int n)
{
	return x << n | x >> (64 - n);
}

static inline uint64_t
lane(uint64_t acc, uint64_t input)
{
	return rotate(acc + input * P2, 31) * P1;
}

/* Of 32 bytes and more: four lanes side by side, then folded into one. */
static uint64_t
stripes(const uint8_t **data, const uint8_t *end)
{
	const uint8_t	*p = *data;
	uint64_t	 v[4] = { P1 + P2, P2, 0, 0 - P1 }, h;

	for (; end - p >= 32; p += 32) {
		for (int i = 0; i < 4; i++)
			v[i] = lane(v[i], qt_le_load64(p + 8 * i));
	}
	h = rotate(v[0], 1) + rotate(v[1], 7) + rotate(v[2], 12) +
	    rotate(v[3], 18);
	for (int i = 0; i < 4; i++)
		h = (h ^ lane(0, v[i])) * P1 + P4;
	*data = p;
	return h;
}

uint64_t
qt__run_hash(const void *key, size_t len)
{
	const uint8_t	*p = key, *end = p + len;
	uint64_t	 h = len >= 32 ? stripes(&p, end) : P5;

	h += len;
	for (; end - p >= 8; p += 8)
		h = rotate(h ^ lane(0, qt_le_load64(p)), 27) * P1 + P4;
	if (end - p >= 4) {
		h = rotate(h ^ qt_le_load32(p) * P1, 23) * P2 + P3;
		p += 4;
	}
	for (; p < end; p++)
		h = rotate(h ^ *p * P5, 11) * P1;
	h = (h ^ h >> 33) * P2;
	h = (h ^ h >> 29) * P3;
	return h ^ h >> 32;
}
