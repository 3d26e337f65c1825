/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A peer, when its header is there at build time: ck_ring of Concurrency Kit
 * (Debian's libck-dev), one producer and one consumer. See shm_rows.h.
 */

#include <stddef.h>

#include "shm_rows.h"

#if defined(__has_include)
#if __has_include(<ck_ring.h>)
#define HAS_CK	1
#endif
#endif

#ifdef HAS_CK

#include <ck_ring.h>

struct ck_lane {
	ck_ring_t		ring;
	ck_ring_buffer_t	buffer[CK_CAPACITY];
};

struct ck_lane *
ck_lane_new(void)
{
	struct ck_lane	*lane = shm_shared(sizeof(*lane));

	ck_ring_init(&lane->ring, CK_CAPACITY);
	return lane;
}

void
ck_lane_produce(struct ck_lane *lane, uint64_t items)
{
	uint32_t	tries = 0;

	for (uintptr_t i = 1; i <= items; i++)
		while (!ck_ring_enqueue_spsc(&lane->ring, lane->buffer,
		    (void *)i))
			team_idle(&tries);
}

uint64_t
ck_lane_consume(struct ck_lane *lane, uint64_t items)
{
	uint64_t	sum = 0;
	uint32_t	tries = 0;
	void		*item;

	for (uint64_t n = 0; n < items; n++) {
		while (!ck_ring_dequeue_spsc(&lane->ring, lane->buffer, &item))
			team_idle(&tries);
		sum += (uintptr_t)item;
	}
	return sum;
}

#else

struct ck_lane *
ck_lane_new(void)
{
	return NULL;
}

void
ck_lane_produce(struct ck_lane *lane, uint64_t items)
{
	(void)lane, (void)items;
}

uint64_t
ck_lane_consume(struct ck_lane *lane, uint64_t items)
{
	(void)lane, (void)items;
	return 0;
}

#endif
