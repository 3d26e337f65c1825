/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_BASE_HASH_H
#define QT_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

/*
 * CRC32C (Castagnoli, reflected polynomial 0x82f63b78), by SSE4.2 or the ARM
 * instruction where the processor has it, by table elsewhere. crc is 0 for
 * the first piece and the last result for each next one.
 */
uint32_t qt_crc32c(uint32_t crc, const void *data, size_t len);

/*
 * SipHash-2-4 (Aumasson, Bernstein 2012): a keyed hash for tables whose keys
 * come from outside.
 */
struct qt_hash_key {
	uint64_t	k[2];
};
uint64_t qt_hash(const struct qt_hash_key *key, const void *data, size_t len);
/*
 * SipHash-1-3, of the same authors: fewer rounds, for tables where the hash is
 * much of the work. Enough against keys that are chosen to fall together, which
 * is what tables of Rust, Python and Ruby use it for; not for anything that has
 * to be a secret.
 */
uint64_t qt_hash_quick(const struct qt_hash_key *key, const void *data,
	    size_t len);

/*
 * A keyed hash of one word, for tables whose keys are numbers; a sixth of the
 * work. It is multiply-shift (M. Dietzfelbinger, 1996; M. Thorup, "High Speed
 * Hashing for Integers and Strings", 2015, 3.3), the upper half of
 *
 *	a * x + b modulo 2^128		a, b: secret, from the key
 *
 * which is strongly universal: whichever two words somebody chooses who does
 * not know the key, their hashes are any two numbers with the same probability,
 * so they fall together no more often than random ones. Then its bits are mixed
 * by what MurmurHash3 ends with (A. Appleby), which is one to one and so leaves
 * that as it is, and hides from who sees the order of hashes that they lie on a
 * line.
 */
struct qt_hash_word {
	uint64_t	a[2], b[2];	/* lower half first */
};
void	qt_hash_word_init(struct qt_hash_word *w,
	    const struct qt_hash_key *key);

/* The upper half of the 128 bits of x * y. */
static inline uint64_t
qt__mul_high(uint64_t x, uint64_t y)
{
#ifdef __SIZEOF_INT128__
	__extension__ typedef unsigned __int128	wide;

	return (uint64_t)((wide)x * y >> 64);
#else
	uint64_t	xl = (uint32_t)x, xh = x >> 32;
	uint64_t	yl = (uint32_t)y, yh = y >> 32;
	uint64_t	mid = xh * yl + (xl * yl >> 32);

	return xh * yh + (mid >> 32) + ((xl * yh + (uint32_t)mid) >> 32);
#endif
}

static inline uint64_t
qt_hash_word(const struct qt_hash_word *w, uint64_t x)
{
	uint64_t	low = w->a[0] * x + w->b[0];
	uint64_t	h = w->a[1] * x + w->b[1] + qt__mul_high(w->a[0], x) +
	    (low < w->b[0]);

	h = (h ^ h >> 33) * UINT64_C(0xff51afd7ed558ccd);
	h = (h ^ h >> 33) * UINT64_C(0xc4ceb9fe1a85ec53);
	return h ^ h >> 33;
}

/* A random key, from getrandom(2). */
void	qt_hash_key_init(struct qt_hash_key *key);

/* len random bytes from getrandom(2); never fails. */
void	qt_random(void *out, size_t len);

/* 1 when equal; takes the same time wherever they differ. */
int	qt_is_equal_secret(const void *a, const void *b, size_t len);

#endif /* QT_BASE_HASH_H */
