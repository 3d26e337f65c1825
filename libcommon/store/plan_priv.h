/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_STORE_PLAN_PRIV_H
#define QT_STORE_PLAN_PRIV_H
/*
 * What to merge next: a pure function of the manifest, so that it can be tried
 * on millions of flushes without a disk.
 */
#include <stdbool.h>

#include "manifest_priv.h"

#define QT__PLAN_TIER	4u	/* runs of a class that are merged into one */
#define QT__PLAN_PART	6u	/* what lies above the bottom is merged into it
				   when it has grown to 1 / so much of it */
#define QT__PLAN_RUNS	32u	/* more are too many */

struct qt__plan {
	uint32_t	first, count;	/* runs by index; count 0: nothing */
	uint32_t	level;		/* of the output */
	bool		is_bottom;	/* no run lies below the inputs */
};
/*
 * Tiered above: QT__PLAN_TIER runs of one size class become one of the next.
 * One run at the bottom: all is merged into it when what lies above has grown
 * to a set part of it, so space stays bounded; a deletion weighs as much as what
 * it may delete. whole is 0, or: as long as there is a run with an id below
 * whole, everything is merged into one run (so one who wants that takes
 * next_file of the manifest that he begins with). Runs with QT__RUN_OPEN are not
 * touched, and while a merge is under way nothing is planned. memtable_size is
 * the unit of size classes.
 */
void	qt__plan(struct qt__plan *out, const struct qt__manifest *m,
	    uint64_t memtable_size, uint64_t whole);
/* Too many runs: writers shall wait for maintenance (or do it). */
bool	qt__plan_is_behind(const struct qt__manifest *m);
/*
 * What lies above the bottom has outgrown it, so maintenance has not kept up:
 * merging is as urgent as flushing, lest the disk fill.
 */
bool	qt__plan_is_late(const struct qt__manifest *m);
/* Bytes of a slice, for a store of this many bytes. */
uint64_t qt__plan_slice_size(uint64_t total_bytes);

#endif /* QT_STORE_PLAN_PRIV_H */
