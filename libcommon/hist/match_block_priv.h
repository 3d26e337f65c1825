/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_HIST_MATCH_BLOCK_PRIV_H
#define QT_HIST_MATCH_BLOCK_PRIV_H
/*
 * 64 bytes of a command at once: where in them a byte is, as bits, the lowest
 * for the first. By SSE2 where there is one; else a byte at a time.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define QT__BLOCK	64u

#if defined(__SSE2__) && !defined(QT_HIST_PORTABLE)
#include <emmintrin.h>

struct qt__block {
	__m128i	a, b, c, d;
};

static inline __m128i
qt__part_fold(__m128i v)
{
	const __m128i	before = _mm_set1_epi8((char)(0x80 - 'A'));
	const __m128i	behind = _mm_set1_epi8((char)(-128 + 26));

	return _mm_or_si128(v, _mm_and_si128(_mm_set1_epi8(0x20),
	    _mm_cmplt_epi8(_mm_add_epi8(v, before), behind)));
}

static inline __m128i
qt__part_load(const uint8_t *text)
{
	return _mm_loadu_si128((const void *)text);
}

static inline void
qt__block_load(struct qt__block *b, const uint8_t text[QT__BLOCK],
    bool is_folded)
{
	b->a = qt__part_load(text);
	b->b = qt__part_load(text + 16);
	b->c = qt__part_load(text + 32);
	b->d = qt__part_load(text + 48);
	if (!is_folded)
		return;
	b->a = qt__part_fold(b->a);
	b->b = qt__part_fold(b->b);
	b->c = qt__part_fold(b->c);
	b->d = qt__part_fold(b->d);
}

static inline uint64_t
qt__block_join(__m128i a, __m128i b, __m128i c, __m128i d)
{
	uint32_t	low, high;

	low = (uint32_t)_mm_movemask_epi8(a) |
	    (uint32_t)_mm_movemask_epi8(b) << 16;
	high = (uint32_t)_mm_movemask_epi8(c) |
	    (uint32_t)_mm_movemask_epi8(d) << 16;
	return low | (uint64_t)high << 32;
}

static inline uint64_t
qt__block_find(const struct qt__block *b, uint8_t byte)
{
	const __m128i	want = _mm_set1_epi8((char)byte);

	return qt__block_join(_mm_cmpeq_epi8(b->a, want),
	    _mm_cmpeq_epi8(b->b, want), _mm_cmpeq_epi8(b->c, want),
	    _mm_cmpeq_epi8(b->d, want));
}

static inline __m128i
qt__part_low(__m128i v)
{
	return _mm_cmpeq_epi8(_mm_min_epu8(v, _mm_set1_epi8(' ')), v);
}

/* Letters, digits, and what is not ASCII; of either case. */
static inline __m128i
qt__part_name(__m128i v)
{
	const __m128i	letter = _mm_add_epi8(_mm_or_si128(v,
	    _mm_set1_epi8(0x20)), _mm_set1_epi8((char)(0x80 - 'a')));
	const __m128i	digit = _mm_add_epi8(v,
	    _mm_set1_epi8((char)(0x80 - '0')));

	return _mm_or_si128(_mm_or_si128(
	    _mm_cmplt_epi8(letter, _mm_set1_epi8((char)(-128 + 26))),
	    _mm_cmplt_epi8(digit, _mm_set1_epi8((char)(-128 + 10)))),
	    _mm_cmplt_epi8(v, _mm_setzero_si128()));
}

static inline uint64_t
qt__block_name(const struct qt__block *b)
{
	return qt__block_join(qt__part_name(b->a), qt__part_name(b->b),
	    qt__part_name(b->c), qt__part_name(b->d));
}

/* Bytes that are not above ' '. */
static inline uint64_t
qt__block_low(const struct qt__block *b)
{
	return qt__block_join(qt__part_low(b->a), qt__part_low(b->b),
	    qt__part_low(b->c), qt__part_low(b->d));
}

#else

struct qt__block {
	uint8_t	bytes[QT__BLOCK];
};

static inline void
qt__block_load(struct qt__block *b, const uint8_t text[QT__BLOCK],
    bool is_folded)
{
	memcpy(b->bytes, text, QT__BLOCK);
	for (size_t i = 0; is_folded && i < QT__BLOCK; i++)
		if (b->bytes[i] >= 'A' && b->bytes[i] <= 'Z')
			b->bytes[i] |= 0x20;
}

static inline uint64_t
qt__block_find(const struct qt__block *b, uint8_t c)
{
	uint64_t	m = 0;

	for (size_t i = 0; i < QT__BLOCK; i++)
		m |= (uint64_t)(b->bytes[i] == c) << i;
	return m;
}

static inline uint64_t
qt__block_name(const struct qt__block *b)
{
	uint64_t	m = 0;

	for (size_t i = 0; i < QT__BLOCK; i++) {
		uint8_t	c = b->bytes[i], low = c | 0x20;

		m |= (uint64_t)((low >= 'a' && low <= 'z') ||
		    (c >= '0' && c <= '9') || c >= 0x80) << i;
	}
	return m;
}

static inline uint64_t
qt__block_low(const struct qt__block *b)
{
	uint64_t	m = 0;

	for (size_t i = 0; i < QT__BLOCK; i++)
		m |= (uint64_t)(b->bytes[i] <= ' ') << i;
	return m;
}

#endif

/*
 * The block at an offset of a text of len bytes, of which room may be read. What
 * is behind the text is anything.
 */
static inline void
qt__block_at(struct qt__block *b, const uint8_t *text, size_t at, size_t len,
    size_t room, bool is_folded)
{
	uint8_t	copy[QT__BLOCK] = { 0 };

	/* All of it, also of short ones: their lengths are hard to foresee. */
	if (room - at >= QT__BLOCK) {
		qt__block_load(b, text + at, is_folded);
		return;
	}
	memcpy(copy, text + at, len - at);
	qt__block_load(b, copy, is_folded);
}

/* The bits of the first len bytes. */
static inline uint64_t
qt__bits_below(size_t len)
{
	return len >= QT__BLOCK ? UINT64_MAX : (UINT64_C(1) << len) - 1;
}

#endif /* QT_HIST_MATCH_BLOCK_PRIV_H */
