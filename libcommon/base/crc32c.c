/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CRC32C. See <qt/base/hash.h>.
 *
 * The processor's instruction where there is one, found out once at run time:
 * one binary serves old and new machines. Elsewhere eight tables, eight bytes
 * a step (M. Kounavis, F. Berry, "A Systematic Approach to Building High
 * Performance Software-Based CRC Generators", 2005).
 */

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include <qt/base/hash.h>
#include <qt/base/le.h>

#include "crc32c_priv.h"

#define POLY 0x82f63b78u

static uint32_t		tables[8][256];
static pthread_once_t	tables_once = PTHREAD_ONCE_INIT;

static void
tables_fill(void)
{
	uint32_t	crc;
	int		i, bit, k;

	for (i = 0; i < 256; i++) {
		crc = (uint32_t)i;
		for (bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? POLY : 0);
		tables[0][i] = crc;
	}
	for (i = 0; i < 256; i++) {
		for (k = 1; k < 8; k++)
			tables[k][i] = tables[k - 1][i] >> 8 ^
			    tables[0][tables[k - 1][i] & 0xff];
	}
}

uint32_t
qt__crc32c_table(uint32_t crc, const void *data, size_t len)
{
	const unsigned char	*p = data;
	uint64_t		 x;

	pthread_once(&tables_once, tables_fill);
	crc = ~crc;
	for (; len >= 8; p += 8, len -= 8) {
		x = qt_le_load64(p) ^ crc;
		crc = tables[7][x & 0xff] ^ tables[6][x >> 8 & 0xff] ^
		    tables[5][x >> 16 & 0xff] ^ tables[4][x >> 24 & 0xff] ^
		    tables[3][x >> 32 & 0xff] ^ tables[2][x >> 40 & 0xff] ^
		    tables[1][x >> 48 & 0xff] ^ tables[0][x >> 56];
	}
	for (; len > 0; len--)
		crc = crc >> 8 ^ tables[0][(crc ^ *p++) & 0xff];
	return ~crc;
}

#if defined(__x86_64__)

#include <cpuid.h>
#include <nmmintrin.h>

/*
 * Not __builtin_cpu_supports(), which brings a constructor that asks the
 * processor several times in every program that starts: in a virtual machine
 * each question is a way to the hypervisor and back, of 20 us and more.
 */
int
qt__crc32c_has_hw(void)
{
	unsigned int	a, b, c, d;

	__cpuid(1, a, b, c, d);
	return (c & bit_SSE4_2) != 0;
}

__attribute__((target("sse4.2"))) uint32_t
qt__crc32c_hw(uint32_t crc, const void *data, size_t len)
{
	const unsigned char	*p = data;
	uint64_t		 c = ~crc;

	for (; len >= 8; p += 8, len -= 8)
		c = _mm_crc32_u64(c, qt_le_load64(p));
	for (; len > 0; len--)
		c = _mm_crc32_u8((uint32_t)c, *p++);
	return ~(uint32_t)c;
}

#elif defined(__aarch64__)

#include <sys/auxv.h>

#ifndef HWCAP_CRC32
#define HWCAP_CRC32 (1 << 7)
#endif

int
qt__crc32c_has_hw(void)
{
	return (getauxval(AT_HWCAP) & HWCAP_CRC32) != 0;
}

/* In assembly, because gcc and clang spell the target attribute differently. */
uint32_t
qt__crc32c_hw(uint32_t crc, const void *data, size_t len)
{
	const unsigned char	*p = data;

	crc = ~crc;
	for (; len >= 8; p += 8, len -= 8)
		__asm__(".arch_extension crc\n\tcrc32cx %w0, %w0, %x1"
		    : "+r"(crc) : "r"(qt_le_load64(p)));
	for (; len > 0; len--)
		__asm__(".arch_extension crc\n\tcrc32cb %w0, %w0, %w1"
		    : "+r"(crc) : "r"((uint32_t)*p++));
	return ~crc;
}

#else

int
qt__crc32c_has_hw(void)
{
	return 0;
}

uint32_t
qt__crc32c_hw(uint32_t crc, const void *data, size_t len)
{
	(void)crc;
	(void)data;
	(void)len;
	abort();
}

#endif

/* -1 until somebody has asked; any thread finds the same answer. */
static _Atomic int	has_hw = -1;

uint32_t
qt_crc32c(uint32_t crc, const void *data, size_t len)
{
	int	hw = atomic_load_explicit(&has_hw, memory_order_relaxed);

	if (__builtin_expect(hw < 0, 0)) {
		hw = qt__crc32c_has_hw();
		atomic_store_explicit(&has_hw, hw, memory_order_relaxed);
	}
	return hw ? qt__crc32c_hw(crc, data, len) :
	    qt__crc32c_table(crc, data, len);
}
