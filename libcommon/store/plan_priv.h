/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_STORE_PLAN_PRIV_H
#define QT_STORE_PLAN_PRIV_H
/*
 * What to merge next: a pure function of the manifest, so that it can be tried
 * on millions of flushes without a disk.
 */
#include <stdbool.h>

#include "manifest_priv.h"

struct qt__plan {
	uint32_t	first, count;	/* runs by index; count 0: nothing */
	uint32_t	level;		/* of the output */
	bool		is_bottom;	/* no run lies below the inputs */
};
/*
 * Tiered above: QT__PLAN_TIER runs of one size class become one of the next.
 * One run at the bottom: all is merged into it when what lies above has grown
 * to a set part of it, so space stays bounded. is_whole: everything into one
 * run (compact). Runs with QT__RUN_OPEN are not touched. memtable_size is the
 * unit of size classes.
 */
void	qt__plan(struct qt__plan *out, const struct qt__manifest *m,
	    uint64_t memtable_size, bool is_whole);
/* Too many runs: writers shall wait for maintenance (or do it). */
bool	qt__plan_is_behind(const struct qt__manifest *m);
/* Bytes of a slice, for a store of this many bytes. */
uint64_t qt__plan_slice_size(uint64_t total_bytes);

#endif /* QT_STORE_PLAN_PRIV_H */
