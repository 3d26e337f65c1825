/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_STORE_SEEK_PRIV_H
#define QT_STORE_SEEK_PRIV_H
/*
 * Finding a key's newest record in a memtable, the way that nearly all gets
 * go; in one piece with who calls it.
 *
 * A get waits for two reads from memory, of the index's line and of the frame;
 * what the processor can do meanwhile is the next get, as far as the few
 * hundred instructions reach that it has under way at once. So the fewer there
 * are, the more gets wait together; and it must not have to guess: a wrong
 * guess is found out when the read is there, and all that was begun behind it
 * is thrown away.
 */
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "mem_priv.h"

#define QT__INDEX_WORDS	8u		/* of a line */

/* The hash of a memtable's keys: mem_hash.c. */
static inline uint64_t
qt__hash_pair(const uint64_t a[2], const uint8_t *p)
{
	uint64_t	x;

	memcpy(&x, p, sizeof(x));
	return (a[0] + (x >> 32)) * (a[1] + (uint32_t)x);
}

static inline uint32_t
qt__mem_hash_quick(const struct qt__mem_hash *h, const void *key, size_t len)
{
	const uint8_t	*p = key;
	uint64_t	 sum = h->a[0] + h->a[1] * len;

	if (len - 8 > 8)
		return qt__mem_hash(h, key, len);
	/* The two overlap where they are less than 16. */
	sum += qt__hash_pair(h->a + 2, p);
	sum += qt__hash_pair(h->a + 4, p + len - 8);
	return (uint32_t)(sum >> 32);
}

/* What memcmp(3) is for long ones; most are short. */
static inline bool
qt__is_same_key(const void *a, const void *b, size_t len)
{
	const uint8_t	*p = a, *q = b;
	uint64_t	 x[2], y[2];

	if (len - 8 > 8)
		return memcmp(a, b, len) == 0;
	memcpy(&x[0], p, 8);
	memcpy(&y[0], q, 8);
	memcpy(&x[1], p + len - 8, 8);
	memcpy(&y[1], q + len - 8, 8);
	return ((x[0] ^ y[0]) | (x[1] ^ y[1])) == 0;
}

/* A bit for each word of a line of the index that has this hash. */
static inline unsigned int
qt__index_with(const _Atomic uint64_t *line, uint32_t hash)
{
#if defined(__SSE2__) && !defined(__SANITIZE_THREAD__)
	/* Each half of an aligned 16 bytes is read at once, and in order. */
	const __m128	*p = (const __m128 *)(uintptr_t)line;
	__m128i		 h = _mm_set1_epi32((int)hash);
	__m128i		 a = _mm_castps_si128(_mm_shuffle_ps(p[0], p[1], 0xdd));
	__m128i		 b = _mm_castps_si128(_mm_shuffle_ps(p[2], p[3], 0xdd));

	a = _mm_packs_epi32(_mm_cmpeq_epi32(a, h), _mm_cmpeq_epi32(b, h));
	atomic_signal_fence(memory_order_acquire);
	return (unsigned int)_mm_movemask_epi8(_mm_packs_epi16(a,
	    _mm_setzero_si128()));
#else
	unsigned int	with = 0;

	for (unsigned int i = 0; i < QT__INDEX_WORDS; i++)
		with |= (unsigned int)(atomic_load_explicit(&line[i],
		    memory_order_acquire) >> 32 == hash) << i;
	return with;
#endif
}

/* A key is about to be put: has its line of the index fetched meanwhile. */
static inline void
qt__mem_expect(const struct qt__mem *m, const void *key, size_t len)
{
	uint64_t	lines = atomic_load_explicit(&m->head->index_lines,
	    memory_order_relaxed);
	uint32_t	hash = qt__mem_hash_quick(&m->hash, key, len);

	__builtin_prefetch(m->index + (lines - QT__INDEX_LEAST +
	    (hash & (lines - 1))) * 64, 1);
}

/*
 * The newest record, if it is a value as it was put, of a key that is in the
 * line where it belongs and the first there with its hash; else NULL, which
 * says nothing. The conditions also reject what a damaged segment may hold. What
 * can be told from the key that is looked for need not wait for the frame.
 */
static inline const struct qt__frame *
qt__mem_seek_quick(const struct qt__mem *m, const void *key, size_t len,
    uint32_t hash)
{
	uint64_t		 visible = atomic_load_explicit(
	    &m->head->indexed, memory_order_acquire);
	uint64_t		 lines = atomic_load_explicit(
	    &m->head->index_lines, memory_order_acquire), offset;
	const _Atomic uint64_t	*line;
	const struct qt__frame	*f;
	unsigned int		 with;

	if (lines - QT__INDEX_LEAST > m->lines_max - QT__INDEX_LEAST)
		return NULL;
	line = (const _Atomic uint64_t *)(void *)(m->index +
	    (lines - QT__INDEX_LEAST + (hash & (lines - 1))) * 64);
	with = qt__index_with(line, hash);
	if (with == 0)
		return NULL;
	offset = (atomic_load_explicit(&line[__builtin_ctz(with)],
	    memory_order_acquire) & UINT32_MAX) * 8;
	f = (const void *)(m->log + offset);
	if (offset - QT__LOG_FIRST > m->log_size - QT__LOG_FIRST -
	    sizeof(*f) || offset >= visible)
		return NULL;
	/* No flag but MORE; the tag does not matter. */
	if ((f->kind & ~QT__KIND(0, QT__FRAME_MORE, 0xff)) != len ||
	    offset + sizeof(*f) + len + f->value_len > m->log_size ||
	    !qt__is_same_key(f + 1, key, len))
		return NULL;
	return f;
}

#endif /* QT_STORE_SEEK_PRIV_H */
