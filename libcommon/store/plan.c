/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What to merge next. See plan_priv.h.
 *
 *	newest				  oldest
 *	[0][0][0] [1][1] [2][2][2] [  bottom   ]
 *	 \_____ tiers, 4 make one of the next  ^ what lies above it is at most a
 *	                                         sixth of its size
 *
 * Of n memtables in the store the sixth above is rewritten once a tier, of which
 * there are log4(n / 6), and the bottom is written anew, 7 bytes for each that
 * comes down; so a byte is written up to 1 + log4(n / 6) + 7 times; less, as
 * what was overwritten meanwhile does not come down. Dead records are at most
 * the sixth. A larger part writes less and takes more space:
 * tests/unit/store/plan_test.c prints what this one comes to, 6.3 times for a
 * store of 16 memtables and 9.1 for one of 1000.
 *
 * A run's class is how often its records have been merged, or, if that is more,
 * what its size says. Not the size alone: small runs (of a store that is
 * checkpointed all the time) would all be of one class and be merged again and
 * again. Where a merge would fill the next class, that is merged along.
 */
#include "plan_priv.h"

static uint32_t
class_of(const struct qt__sorted *r, uint64_t memtable_size)
{
	uint64_t	size = memtable_size > 0 ? memtable_size : 1;
	uint32_t	class = 0;

	while (size <= r->bytes / QT__PLAN_TIER) {
		size *= QT__PLAN_TIER;
		class++;
	}
	return class > r->level ? class : r->level;
}

static void
count_records(const struct qt__manifest *m, const struct qt__sorted *r,
    uint64_t *records, uint64_t *dels)
{
	uint32_t	i;

	*records = *dels = 0;
	for (i = r->first; i < r->first + r->count; i++) {
		*records += m->slices[i].info.records;
		*dels += m->slices[i].info.dels;
	}
}

/* Has what lies above the last run grown to the set part of it? */
static bool
is_bottom_due(const struct qt__manifest *m, uint32_t first)
{
	const struct qt__sorted	*bottom = &m->runs[m->run_count - 1];
	uint64_t		 records, dels;
	double			 each, above = 0;
	uint32_t		 i;

	count_records(m, bottom, &records, &dels);
	each = records > 0 ? (double)bottom->bytes / (double)records : 0;
	for (i = first; i < m->run_count - 1; i++) {
		count_records(m, &m->runs[i], &records, &dels);
		above += (double)m->runs[i].bytes + (double)dels * each;
	}
	return above * QT__PLAN_PART >= (double)bottom->bytes;
}

static void
plan_tier(struct qt__plan *out, const struct qt__manifest *m, uint32_t first,
    uint64_t memtable_size)
{
	uint32_t	end, i = first, class = 0, start;
	uint32_t	last = m->run_count - 1, carried;

	while (i < last && out->count == 0) {
		class = class_of(&m->runs[i], memtable_size);
		start = end = i;
		for (carried = 0;; carried = 1, class++) {
			while (i < last &&
			    class_of(&m->runs[i], memtable_size) <= class)
				i++;
			if (carried + i - end < QT__PLAN_TIER)
				break;
			end = i;
			out->first = start;
			out->count = end - start;
			out->level = class + 1;
		}
	}
}

void
qt__plan(struct qt__plan *out, const struct qt__manifest *m,
    uint64_t memtable_size, uint64_t whole)
{
	uint32_t	first = 0, i, class;
	bool		is_all = false;

	*out = (struct qt__plan){ 0 };
	while (first < m->run_count && (m->runs[first].flags & QT__RUN_OPEN))
		first++;
	if (m->merge.output != 0 || first == m->run_count)
		return;
	for (i = first; i < m->run_count; i++)
		is_all = is_all || m->runs[i].id < whole;
	if (!is_all && first + 1 < m->run_count)
		is_all = is_bottom_due(m, first);
	if (!is_all) {
		plan_tier(out, m, first, memtable_size);
		return;
	}
	out->first = first;
	out->count = m->run_count - first;
	out->is_bottom = true;
	for (i = first; i < m->run_count; i++) {
		class = class_of(&m->runs[i], memtable_size);
		if (out->level < class)
			out->level = class;
	}
	if (out->level == 0)
		out->level = 1;
}

bool
qt__plan_is_behind(const struct qt__manifest *m)
{
	return m->run_count > QT__PLAN_RUNS;
}

bool
qt__plan_is_late(const struct qt__manifest *m)
{
	const struct qt__job	*job = &m->merge;
	uint64_t		 all = 0, bottom = 0;
	uint32_t		 i;

	for (i = 0; i < m->run_count; i++) {
		const struct qt__sorted	*r = &m->runs[i];

		all += r->bytes;
		/* A merge into the bottom has some of it in its output. */
		if (i == m->run_count - 1 || (r->id == job->output &&
		    i + 1 + job->inputs == m->run_count))
			bottom += r->bytes;
	}
	return all - bottom > bottom;
}

uint64_t
qt__plan_slice_size(uint64_t total_bytes)
{
	uint64_t	size = UINT64_C(2) << 20;

	/* About a thousand slices, of at most 1 GiB. */
	while (size < total_bytes / 1024 && size < UINT64_C(1) << 30)
		size *= 2;
	return size;
}
