/* SPDX-License-Identifier: Apache-2.0 */
/* When a round of group commit begins. See gather_priv.h. */

#include <stdbool.h>

#include <qt/base/clock.h>

#include "gather_priv.h"

#define PENALTY_MAX	63u		/* rounds */
#define WAIT_MAX	10000000u	/* ns: also where a disk is very slow */

static bool
are_all_back(struct qt__gather *g)
{
	return (int32_t)(atomic_load(&g->arrived) -
	    atomic_load(&g->target)) >= 0;
}

void
qt__gather_arrive(struct qt__gather *g)
{
	atomic_fetch_add(&g->arrived, 1);
}

uint64_t
qt__gather_wait(struct qt__gather *g, uint32_t round)
{
	uint64_t	since;
	uint32_t	guarded, time;

	if (are_all_back(g) || atomic_load(&g->skip) > 0)
		return 0;
	time = atomic_load(&g->sync_ns);
	since = qt_clock_mono_ns() - atomic_load(&g->ended_ns);
	/* Also where nobody was here for a while, or, with a clock of another
	   time namespace, the round seems to end only later. */
	if (since >= time)
		return 0;
	guarded = atomic_load(&g->guarded);
	if (guarded == round || !atomic_compare_exchange_strong(&g->guarded,
	    &guarded, round))
		return UINT64_MAX;
	return time - since;
}

/* Not all of them are back. */
static void
begin_without(struct qt__gather *g, uint32_t round)
{
	uint32_t	skip = atomic_load(&g->skip), penalty;

	if (skip > 0) {
		atomic_store(&g->skip, skip - 1);
	} else if (atomic_load(&g->guarded) == round) {
		penalty = atomic_load(&g->penalty) * 2 + 1;
		if (penalty > PENALTY_MAX)
			penalty = PENALTY_MAX;
		atomic_store(&g->penalty, penalty);
		atomic_store(&g->skip, penalty);
	}
}

uint64_t
qt__gather_begin(struct qt__gather *g, uint32_t round)
{
	uint32_t	arrived = atomic_load(&g->arrived);

	if (!are_all_back(g))
		begin_without(g, round);
	else if (atomic_load(&g->guarded) == round)
		atomic_store(&g->penalty, 0);
	atomic_store(&g->members, arrived - atomic_load(&g->began));
	atomic_store(&g->began, arrived);
	return qt_clock_mono_ns();
}

void
qt__gather_end(struct qt__gather *g, uint64_t begun_ns)
{
	uint64_t	now = qt_clock_mono_ns(), took = now - begun_ns;

	/* Who came meanwhile is there, and those of this round come back. */
	atomic_store(&g->target, atomic_load(&g->arrived) +
	    atomic_load(&g->members));
	atomic_store(&g->sync_ns, took < WAIT_MAX ? (uint32_t)took : WAIT_MAX);
	atomic_store(&g->ended_ns, now);
}
