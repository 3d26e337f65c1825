/* SPDX-License-Identifier: Apache-2.0 */
/* The records of the work: their keys, values and what a scan sees. work.h */

#include <string.h>

#include "work.h"

/* Values are pieces of this; making one costs nothing, reading it does. */
#define POOL	(1u << 20)

static uint64_t		pool[POOL / 8];
static uint64_t		seen;

uint64_t
work_random(uint64_t *state)
{
	uint64_t	x = *state;

	x ^= x >> 12;
	x ^= x << 25;
	x ^= x >> 27;
	*state = x;
	return x * UINT64_C(0x2545f4914f6cdd1d);
}

/* splitmix64's last step: another number for each, and none near it. */
static uint64_t
mix(uint64_t x)
{
	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	return x ^ x >> 31;
}

void
work_data_start(void)
{
	uint64_t	state = UINT64_C(0x9e3779b97f4a7c15);

	for (size_t i = 0; i < POOL / 8; i++)
		pool[i] = work_random(&state);
}

void
work_key(uint64_t record, unsigned char key[WORK_KEY])
{
	uint64_t	words[2];

	words[0] = mix(record + 1);
	words[1] = mix(~words[0]);
	memcpy(key, words, sizeof(words));
}

const void *
work_value(uint64_t record, uint64_t round)
{
	uint64_t	at = mix(record * 64 + round) % (POOL - WORK_VALUE);

	return (const unsigned char *)pool + at;
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
