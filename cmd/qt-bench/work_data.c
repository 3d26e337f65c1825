/* SPDX-License-Identifier: Apache-2.0 */
/* The records of the work: what values are of, and what a scan sees. work.h */

#include "work.h"

uint64_t		work_pool[WORK_POOL_WORDS];
static uint64_t		seen;

void
work_data_start(void)
{
	uint64_t	state = UINT64_C(0x9e3779b97f4a7c15);

	for (size_t i = 0; i < WORK_POOL_WORDS; i++)
		work_pool[i] = work_random(&state);
}

void
work_seen(const void *key, const void *value, size_t len)
{
	if (len != WORK_VALUE)
		work_die("scan", "a value is of another length");
	seen += *(const unsigned char *)key;
	seen += ((const unsigned char *)value)[len - 1];
	/* The compiler cannot leave the reading out. */
	__asm__ volatile("" : : "m"(seen));
}
