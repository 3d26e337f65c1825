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

/* Reads as many parts of 16 bytes as len needs: those have to be there. */
static inline void
qt__block_load(struct qt__block *b, const uint8_t *text, size_t len,
    bool is_folded)
{
	b->a = len > 0 ? qt__part_load(text) : _mm_setzero_si128();
	b->b = len > 16 ? qt__part_load(text + 16) : _mm_setzero_si128();
	b->c = len > 32 ? qt__part_load(text + 32) : _mm_setzero_si128();
	b->d = len > 48 ? qt__part_load(text + 48) : _mm_setzero_si128();
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
qt__block_load(struct qt__block *b, const uint8_t *text, size_t len,
    bool is_folded)
{
	memset(b->bytes, 0, sizeof(b->bytes));
	memcpy(b->bytes, text, len < QT__BLOCK ? len : QT__BLOCK);
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
	size_t	n = len - at < QT__BLOCK ? len - at : QT__BLOCK;

	if (((n + 15) & ~(size_t)15) <= room - at) {
		qt__block_load(b, text + at, n, is_folded);
		return;
	}
	memcpy(copy, text + at, n);
	qt__block_load(b, copy, n, is_folded);
}

/* Bits of the first len bytes. */
static inline uint64_t
qt__bits_below(size_t len)
{
	return len >= QT__BLOCK ? UINT64_MAX : (UINT64_C(1) << len) - 1;
}

#endif /* QT_HIST_MATCH_BLOCK_PRIV_H */
