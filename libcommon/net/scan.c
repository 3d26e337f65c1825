/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Byte-class scans by SIMD. See scan_priv.h.
 *
 * A class is a few unsigned comparisons, and x <= k is min(x, k) == x, which
 * SSE2 has (pminub), so SSE4.2's string instructions (slower on today's
 * processors) are not needed. SSE2 is every x86-64's; AVX2 is chosen when the
 * processor has it. Whole vectors only; the rest goes byte by byte, so nothing
 * is read past the end.
 */

#include <stddef.h>

#include "scan_priv.h"

static inline int
is_text(unsigned char c)
{
	return (c >= 0x20 && c != 0x7f) || c == '\t';
}

static inline int
is_graph(unsigned char c)
{
	return c > 0x20 && c < 0x7f;
}

const char *
qt__net_scan_text_scalar(const char *p, const char *end)
{
	while (p < end && is_text((unsigned char)*p))
		p++;
	return p;
}

const char *
qt__net_scan_graph_scalar(const char *p, const char *end)
{
	while (p < end && is_graph((unsigned char)*p))
		p++;
	return p;
}

#if defined(__x86_64__)
#include <immintrin.h>

/* A bit for each of the 16 bytes at p that is not text. */
static inline unsigned int
not_text_16(const char *p)
{
	__m128i	x = _mm_loadu_si128((const __m128i *)(const void *)p);
	__m128i	low = _mm_cmpeq_epi8(_mm_min_epu8(x, _mm_set1_epi8(0x1f)), x);
	__m128i	tab = _mm_cmpeq_epi8(x, _mm_set1_epi8('\t'));
	__m128i	del = _mm_cmpeq_epi8(x, _mm_set1_epi8(0x7f));

	return (unsigned int)_mm_movemask_epi8(
	    _mm_or_si128(_mm_andnot_si128(tab, low), del));
}

static inline unsigned int
not_graph_16(const char *p)
{
	__m128i	x = _mm_loadu_si128((const __m128i *)(const void *)p);
	__m128i	low = _mm_cmpeq_epi8(_mm_min_epu8(x, _mm_set1_epi8(0x20)), x);
	__m128i	high = _mm_cmpeq_epi8(_mm_max_epu8(x, _mm_set1_epi8(0x7f)), x);

	return (unsigned int)_mm_movemask_epi8(_mm_or_si128(low, high));
}

static const char *
scan_text_sse2(const char *p, const char *end)
{
	unsigned int	bad;

	for (; end - p >= 16; p += 16) {
		bad = not_text_16(p);
		if (bad != 0)
			return p + __builtin_ctz(bad);
	}
	return qt__net_scan_text_scalar(p, end);
}

static const char *
scan_graph_sse2(const char *p, const char *end)
{
	unsigned int	bad;

	for (; end - p >= 16; p += 16) {
		bad = not_graph_16(p);
		if (bad != 0)
			return p + __builtin_ctz(bad);
	}
	return qt__net_scan_graph_scalar(p, end);
}

__attribute__((target("avx2"))) static const char *
scan_text_avx2(const char *p, const char *end)
{
	__m256i		x, low, tab, del;
	unsigned int	bad;

	for (; end - p >= 32; p += 32) {
		x = _mm256_loadu_si256((const __m256i *)(const void *)p);
		low = _mm256_cmpeq_epi8(
		    _mm256_min_epu8(x, _mm256_set1_epi8(0x1f)), x);
		tab = _mm256_cmpeq_epi8(x, _mm256_set1_epi8('\t'));
		del = _mm256_cmpeq_epi8(x, _mm256_set1_epi8(0x7f));
		bad = (unsigned int)_mm256_movemask_epi8(
		    _mm256_or_si256(_mm256_andnot_si256(tab, low), del));
		if (bad != 0)
			return p + __builtin_ctz(bad);
	}
	return scan_text_sse2(p, end);
}

__attribute__((target("avx2"))) static const char *
scan_graph_avx2(const char *p, const char *end)
{
	__m256i		x, low, high;
	unsigned int	bad;

	for (; end - p >= 32; p += 32) {
		x = _mm256_loadu_si256((const __m256i *)(const void *)p);
		low = _mm256_cmpeq_epi8(
		    _mm256_min_epu8(x, _mm256_set1_epi8(0x20)), x);
		high = _mm256_cmpeq_epi8(
		    _mm256_max_epu8(x, _mm256_set1_epi8(0x7f)), x);
		bad = (unsigned int)_mm256_movemask_epi8(
		    _mm256_or_si256(low, high));
		if (bad != 0)
			return p + __builtin_ctz(bad);
	}
	return scan_graph_sse2(p, end);
}

static const char *(*text)(const char *, const char *) = scan_text_sse2;
static const char *(*graph)(const char *, const char *) = scan_graph_sse2;

int
qt__net_scan_use(int level)
{
	if (level >= 2 && __builtin_cpu_supports("avx2")) {
		text = scan_text_avx2;
		graph = scan_graph_avx2;
		return 2;
	}
	text = level >= 1 ? scan_text_sse2 : qt__net_scan_text_scalar;
	graph = level >= 1 ? scan_graph_sse2 : qt__net_scan_graph_scalar;
	return level >= 1;
}

#else	/* other processors: the compiler's own vectors will do */

static const char *(*text)(const char *,
    const char *) = qt__net_scan_text_scalar;
static const char *(*graph)(const char *,
    const char *) = qt__net_scan_graph_scalar;

int
qt__net_scan_use(int level)
{
	(void)level;
	return 0;
}
#endif

/* Before main(), so that no thread ever sees the pointers change. */
__attribute__((constructor)) static void
scan_init(void)
{
#if defined(__x86_64__)
	__builtin_cpu_init();
#endif
	qt__net_scan_use(2);
}

const char *
qt__net_scan_text(const char *p, const char *end)
{
	return text(p, end);
}

const char *
qt__net_scan_graph(const char *p, const char *end)
{
	return graph(p, end);
}
