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
	__m128i	part[QT__BLOCK / 16];
};

/* Reads as many parts of 16 bytes as len needs: those have to be there. */
static inline void
qt__block_load(struct qt__block *b, const uint8_t *text, size_t len,
    bool is_folded)
{
	const __m128i	before = _mm_set1_epi8((char)(0x80 - 'A'));
	const __m128i	behind = _mm_set1_epi8((char)(-128 + 26));
	const __m128i	bit = _mm_set1_epi8(0x20);

	for (size_t i = 0; i < QT__BLOCK / 16; i++) {
		__m128i	v = _mm_setzero_si128();

		if (i * 16 < len)
			v = _mm_loadu_si128((const void *)(text + i * 16));
		if (is_folded)
			v = _mm_or_si128(v, _mm_and_si128(bit, _mm_cmplt_epi8(
			    _mm_add_epi8(v, before), behind)));
		b->part[i] = v;
	}
}

static inline uint64_t
qt__block_join(const __m128i m[QT__BLOCK / 16])
{
	uint64_t	low, high;

	low = (uint32_t)_mm_movemask_epi8(m[0]) |
	    (uint32_t)_mm_movemask_epi8(m[1]) << 16;
	high = (uint32_t)_mm_movemask_epi8(m[2]) |
	    (uint32_t)_mm_movemask_epi8(m[3]) << 16;
	return low | high << 32;
}

static inline uint64_t
qt__block_find(const struct qt__block *b, uint8_t c)
{
	const __m128i	want = _mm_set1_epi8((char)c);
	__m128i		m[QT__BLOCK / 16];

	for (size_t i = 0; i < QT__BLOCK / 16; i++)
		m[i] = _mm_cmpeq_epi8(b->part[i], want);
	return qt__block_join(m);
}

/* Bytes that are not above ' '. */
static inline uint64_t
qt__block_low(const struct qt__block *b)
{
	const __m128i	space = _mm_set1_epi8(' ');
	__m128i		m[QT__BLOCK / 16];

	for (size_t i = 0; i < QT__BLOCK / 16; i++)
		m[i] = _mm_cmpeq_epi8(_mm_min_epu8(b->part[i], space),
		    b->part[i]);
	return qt__block_join(m);
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
