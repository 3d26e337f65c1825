/* SPDX-License-Identifier: Apache-2.0 */
/* SipHash, random bytes, secret comparison. See <qt/base/hash.h>. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include <qt/base/hash.h>
#include <qt/base/le.h>

static uint64_t
rotl(uint64_t x, int bits)
{
	return x << bits | x >> (64 - bits);
}

/* Inline, so that all four stay in registers. */
static inline void
sip_round(uint64_t v[4])
{
	v[0] += v[1];
	v[1] = rotl(v[1], 13) ^ v[0];
	v[0] = rotl(v[0], 32);
	v[2] += v[3];
	v[3] = rotl(v[3], 16) ^ v[2];
	v[0] += v[3];
	v[3] = rotl(v[3], 21) ^ v[0];
	v[2] += v[1];
	v[1] = rotl(v[1], 17) ^ v[2];
	v[2] = rotl(v[2], 32);
}

static inline void
sip_add(uint64_t v[4], uint64_t m, int rounds)
{
	v[3] ^= m;
	for (int i = 0; i < rounds; i++)
		sip_round(v);
	v[0] ^= m;
}

/* SipHash-rounds-last; both constant, so that the loops are none. */
static inline uint64_t
sip(const struct qt_hash_key *key, const unsigned char *p, size_t len,
    int rounds, int last)
{
	const unsigned char	*end = p + (len & ~(size_t)7);
	uint64_t		 m = (uint64_t)len << 56;
	uint64_t		 v[4] = {
		key->k[0] ^ UINT64_C(0x736f6d6570736575),
		key->k[1] ^ UINT64_C(0x646f72616e646f6d),
		key->k[0] ^ UINT64_C(0x6c7967656e657261),
		key->k[1] ^ UINT64_C(0x7465646279746573),
	};

	for (; p != end; p += 8)
		sip_add(v, qt_le_load64(p), rounds);
	for (len &= 7; len > 0; len--)
		m |= (uint64_t)p[len - 1] << (8 * (len - 1));
	sip_add(v, m, rounds);
	v[2] ^= 0xff;
	for (int i = 0; i < last; i++)
		sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

uint64_t
qt_hash(const struct qt_hash_key *key, const void *data, size_t len)
{
	return sip(key, data, len, 2, 4);
}

uint64_t
qt_hash_quick(const struct qt_hash_key *key, const void *data, size_t len)
{
	return sip(key, data, len, 1, 3);
}

void
qt_hash_word_init(struct qt_hash_word *w, const struct qt_hash_key *key)
{
	for (unsigned char i = 0; i < 2; i++) {
		unsigned char	of_a = i, of_b = i + 2;

		w->a[i] = qt_hash(key, &of_a, 1);
		w->b[i] = qt_hash(key, &of_b, 1);
	}
}

/*
 * getrandom(2) fails on a kernel without it or in a sandbox that forbids it.
 * Neither is a place to go on in with guessable secrets.
 */
void
qt_random(void *out, size_t len)
{
	unsigned char	*p = out;
	ssize_t		 n;

	while (len > 0) {
		n = getrandom(p, len, 0);
		if (n < 0) {
			if (errno != EINTR)
				abort();
			continue;
		}
		p += n;
		len -= (size_t)n;
	}
}

void
qt_hash_key_init(struct qt_hash_key *key)
{
	qt_random(key->k, sizeof(key->k));
}

int
qt_is_equal_secret(const void *a, const void *b, size_t len)
{
	const volatile unsigned char	*x = a, *y = b;
	unsigned char			 diff = 0;

	while (len-- > 0)
		diff |= *x++ ^ *y++;
	return diff == 0;
}
