/* SPDX-License-Identifier: Apache-2.0 */
/* <qt/base/hash.h>: SipHash's published vectors, words, randomness, comparison. */

#include <signal.h>
#include <string.h>
#include <sys/time.h>

#include <qt/base/hash.h>

#include "../test.h"

/*
 * The reference implementation's vectors: key 00 01 .. 0f, the message of n
 * bytes is 00 01 .. n-1.
 */
static const uint64_t	vectors[64] = {
	0x726fdb47dd0e0e31, 0x74f839c593dc67fd, 0x0d6c8009d9a94f5a,
	0x85676696d7fb7e2d, 0xcf2794e0277187b7, 0x18765564cd99a68d,
	0xcbc9466e58fee3ce, 0xab0200f58b01d137, 0x93f5f5799a932462,
	0x9e0082df0ba9e4b0, 0x7a5dbbc594ddb9f3, 0xf4b32f46226bada7,
	0x751e8fbc860ee5fb, 0x14ea5627c0843d90, 0xf723ca908e7af2ee,
	0xa129ca6149be45e5, 0x3f2acc7f57c29bdb, 0x699ae9f52cbe4794,
	0x4bc1b3f0968dd39c, 0xbb6dc91da77961bd, 0xbed65cf21aa2ee98,
	0xd0f2cbb02e3b67c7, 0x93536795e3a33e88, 0xa80c038ccd5ccec8,
	0xb8ad50c6f649af94, 0xbce192de8a85b8ea, 0x17d835b85bbb15f3,
	0x2f2e6163076bcfad, 0xde4daaaca71dc9a5, 0xa6a2506687956571,
	0xad87a3535c49ef28, 0x32d892fad841c342, 0x7127512f72f27cce,
	0xa7f32346f95978e3, 0x12e0b01abb051238, 0x15e034d40fa197ae,
	0x314dffbe0815a3b4, 0x027990f029623981, 0xcadcd4e59ef40c4d,
	0x9abfd8766a33735c, 0x0e3ea96b5304a7d0, 0xad0c42d6fc585992,
	0x187306c89bc215a9, 0xd4a60abcf3792b95, 0xf935451de4f21df2,
	0xa9538f0419755787, 0xdb9acddff56ca510, 0xd06c98cd5c0975eb,
	0xe612a3cb9ecba951, 0xc766e62cfcadaf96, 0xee64435a9752fe72,
	0xa192d576b245165a, 0x0a8787bf8ecb74b2, 0x81b3e73d20b49b6f,
	0x7fa8220ba3b2ecea, 0x245731c13ca42499, 0xb78dbfaf3a8d83bd,
	0xea1ad565322a1a0b, 0x60e61c23a3795013, 0x6606d7e446282b93,
	0x6ca4ecb15c5f91e1, 0x9f626da15c9625f3, 0xe51b38608ef25f57,
	0x958a324ceb064572,
};

QT_TEST(siphash_gives_the_published_vectors_at_any_alignment)
{
	const struct qt_hash_key	key = { {
		UINT64_C(0x0706050403020100), UINT64_C(0x0f0e0d0c0b0a0908) } };
	unsigned char			b[64 + 8];

	(void)state;
	for (size_t at = 0; at < 8; at++) {
		for (size_t i = 0; i < 64; i++)
			b[at + i] = (unsigned char)i;
		for (size_t len = 0; len < 64; len++)
			assert_true(qt_hash(&key, b + at, len) ==
			    vectors[len]);
	}
}

/* The same of SipHash-1-3. */
static const uint64_t	quick_vectors[24] = {
	0xabac0158050fc4dc, 0xc9f49bf37d57ca93, 0x82cb9b024dc7d44d,
	0x8bf80ab8e7ddf7fb, 0xcf75576088d38328, 0xdef9d52f49533b67,
	0xc50d2b50c59f22a7, 0xd3927d989bb11140, 0x369095118d299a8e,
	0x25a48eb36c063de4, 0x79de85ee92ff097f, 0x70c118c1f94dc352,
	0x78a384b157b4d9a2, 0x306f760c1229ffa7, 0x605aa111c0f95d34,
	0xd320d86d2a519956, 0xcc4fdd1a7d908b66, 0x9cf2689063dbd80c,
	0x8ffc389cb473e63e, 0xf21f9de58d297d1c, 0xc0dc2f46a6cce040,
	0xb992abfe2b45f844, 0x7ffe7b9ba320872e, 0x525a0e7fdae6c123,
};

QT_TEST(the_quick_one_gives_the_published_vectors)
{
	const struct qt_hash_key	key = { {
		UINT64_C(0x0706050403020100), UINT64_C(0x0f0e0d0c0b0a0908) } };
	unsigned char			b[24];

	(void)state;
	for (size_t len = 0; len < 24; len++) {
		b[len] = (unsigned char)len;
		assert_true(qt_hash_quick(&key, b, len) == quick_vectors[len]);
	}
}

/* The upper half of a * x + b, a bit at a time. */
static uint64_t
line(const struct qt_hash_word *w, uint64_t x)
{
	uint64_t	low = w->b[0], high = w->b[1];
	uint64_t	a[2] = { w->a[0], w->a[1] };

	for (; x != 0; x >>= 1) {
		if (x & 1) {
			low += a[0];
			high += a[1] + (low < a[0]);
		}
		a[1] = a[1] << 1 | a[0] >> 63;
		a[0] <<= 1;
	}
	return high;
}

QT_TEST(the_hash_of_a_word_is_a_point_of_a_line_with_its_bits_mixed)
{
	struct qt_hash_key	key;
	struct qt_hash_word	w;
	uint64_t		x = 0, h;

	(void)state;
	qt_hash_key_init(&key);
	qt_hash_word_init(&w, &key);
	for (int i = 0; i < 10000; i++) {
		h = line(&w, x);
		h ^= h >> 33;
		h *= UINT64_C(0xff51afd7ed558ccd);
		h ^= h >> 33;
		h *= UINT64_C(0xc4ceb9fe1a85ec53);
		h ^= h >> 33;
		assert_true(qt_hash_word(&w, x) == h);
		x = i < 64 ? UINT64_MAX >> i : x * 6364136223846793005u + 1;
	}
}

/* Of 4096 words start + i * step in as many buckets, the most in one. */
static unsigned int
fullest(const struct qt_hash_word *w, uint64_t start, uint64_t step)
{
	static unsigned int	count[4096];
	unsigned int		most = 0;

	memset(count, 0, sizeof(count));
	for (uint64_t i = 0; i < 4096; i++) {
		unsigned int	n = ++count[qt_hash_word(w,
		    start + i * step) >> 52];

		if (n > most)
			most = n;
	}
	return most;
}

QT_TEST(words_that_are_alike_do_not_fall_together)
{
	struct qt_hash_key	key = { { 1, 2 } };
	struct qt_hash_word	w;

	(void)state;
	/* Random ones have 6 or 7, and 20 in one of 10^14 times. */
	for (key.k[0] = 0; key.k[0] < 8; key.k[0]++) {
		qt_hash_word_init(&w, &key);
		for (int bit = 0; bit < 64; bit++) {
			assert_true(fullest(&w, 0, UINT64_C(1) << bit) < 20 ||
			    bit > 52);
			assert_true(fullest(&w, bit, (UINT64_C(1) << bit) +
			    1) < 20);
		}
	}
}

QT_TEST(two_random_keys_differ_and_so_do_their_hashes)
{
	struct qt_hash_key	a, b;

	(void)state;
	qt_hash_key_init(&a);
	qt_hash_key_init(&b);
	assert_memory_not_equal(&a, &b, sizeof(a));
	assert_true(qt_hash(&a, "x", 1) != qt_hash(&b, "x", 1));
}

QT_TEST(random_fills_all_of_any_size_and_nothing_more)
{
	static unsigned char	b[70000];
	static unsigned char	seen[70000];

	(void)state;
	for (int round = 0; round < 16; round++) {
		b[sizeof(b) - 1] = 0;
		qt_random(b, sizeof(b) - 1);
		assert_int_equal(b[sizeof(b) - 1], 0);
		for (size_t i = 0; i < sizeof(b); i++)
			seen[i] |= b[i];
	}
	/* A byte that is 0 sixteen times in a row was never written. */
	for (size_t i = 0; i < sizeof(b) - 1; i++)
		assert_int_not_equal(seen[i], 0);
	qt_random(b, 0);
}

static volatile sig_atomic_t	ticks;

static void
tick(int sig)
{
	(void)sig;
	ticks++;
}

/* Old kernels give 32 MiB a call, and all stop early at a signal. */
QT_TEST(a_call_that_is_cut_short_is_continued)
{
	static unsigned char		b[(32 << 20) + 64];
	static const unsigned char	zero[32];
	const struct itimerval		often = { { 0, 1000 }, { 0, 1000 } };
	const struct itimerval		never = { { 0, 0 }, { 0, 0 } };
	struct sigaction		action = { .sa_handler = tick };
	struct sigaction		old;

	(void)state;
	assert_int_equal(sigaction(SIGALRM, &action, &old), 0);
	assert_int_equal(setitimer(ITIMER_REAL, &often, NULL), 0);
	qt_random(b, sizeof(b));
	setitimer(ITIMER_REAL, &never, NULL);
	sigaction(SIGALRM, &old, NULL);
	assert_true(ticks > 0);
	assert_memory_not_equal(b + sizeof(b) - sizeof(zero), zero,
	    sizeof(zero));
}

QT_TEST(secrets_are_equal_only_when_every_byte_is)
{
	char	a[33] = "0123456789abcdef0123456789abcdef";
	char	b[33];

	(void)state;
	memcpy(b, a, sizeof(b));
	assert_int_equal(qt_is_equal_secret(a, b, 32), 1);
	assert_int_equal(qt_is_equal_secret(a, "x", 0), 1);
	for (size_t i = 0; i < 32; i++) {
		b[i] ^= (char)0x80;
		assert_int_equal(qt_is_equal_secret(a, b, 32), 0);
		b[i] ^= (char)0x80;
	}
}
