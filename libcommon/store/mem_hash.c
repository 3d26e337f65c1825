/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hash of a memtable's keys. Short ones by pair-multiply-shift (M. Thorup,
 * "High Speed Hashing for Integers and Strings", 2015, 3.4): of a key of 32-bit
 * words x, the upper half of
 *
 *	a + a' * len + sum of (a[2i] + x[2i + 1]) * (a[2i + 1] + x[2i])
 *
 * modulo 2^64, all a secret and random. It is strongly universal: whichever two
 * keys somebody chooses who does not know the a, their hashes are any two
 * numbers with the same probability. One multiplication for 8 bytes; long keys
 * are SipHash's, see qt_hash_quick().
 */

#include <string.h>

#include "seek_priv.h"

void
qt__mem_hash_init(struct qt__mem_hash *h, const struct qt_hash_key *key)
{
	h->key = *key;
	for (unsigned char i = 0; i < 2 + QT__HASH_SHORT / 4; i++)
		h->a[i] = qt_hash(key, &i, 1);
}

/* 1 to 7 bytes, as one word; another one for each other key of that length. */
static uint64_t
load_few(const uint8_t *p, size_t len)
{
	uint32_t	first, last;

	if (len < 4)
		return (uint64_t)p[0] | (uint64_t)p[len / 2] << 8 |
		    (uint64_t)p[len - 1] << 16;
	memcpy(&first, p, 4);
	memcpy(&last, p + len - 4, 4);
	return first | (uint64_t)last << 32;
}

uint32_t
qt__mem_hash(const struct qt__mem_hash *h, const void *key, size_t len)
{
	const uint8_t	*p = key;
	uint64_t	 sum = h->a[0] + h->a[1] * len, few;
	size_t		 at = 0, i = 2;

	if (len > QT__HASH_SHORT)
		return (uint32_t)qt_hash_quick(&h->key, key, len);
	if (len < 8) {
		few = load_few(p, len);
		return (uint32_t)((sum + qt__hash_pair(h->a + i,
		    (const uint8_t *)&few)) >> 32);
	}
	/* The last two overlap where there are not 8 left for the last. */
	do {
		sum += qt__hash_pair(h->a + i, p + at);
		at += 8;
		i += 2;
	} while (at + 8 < len);
	sum += qt__hash_pair(h->a + i, p + len - 8);
	return (uint32_t)(sum >> 32);
}
