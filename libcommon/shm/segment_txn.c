/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Several words changed as one step, by a redo log in the segment.
 *
 *	collect		new values, in this process only
 *	write log	offset and value of each, behind log_len == 0
 *	log_len = n	one release store: from here on it will happen
 *	apply		store each value
 *	log_len = 0
 *
 * Killed before log_len is set: nothing happened. Killed after: whoever takes
 * the lock next applies the log again, which is harmless as often as it is
 * done, for nobody else changes these words meanwhile. That is all there is to
 * recovery, so the allocator's lists can be as clever as they like.
 */

#include <errno.h>

#include "segment_priv.h"

/* A word of each slot or row: field bytes behind its start. */
static bool
is_field(uint64_t offset, uint64_t first, uint64_t count, uint64_t size,
    uint64_t field)
{
	return offset >= first && offset - first < count * size &&
	    (offset - first) % size == field;
}

/*
 * Words that a change may touch: the allocator's, intents, words and offsets
 * of rows, the map's, the data's.
 */
static bool
is_allowed(const struct qt_seg *seg, uint64_t offset)
{
	uint64_t	first = seg->head.ctl_offset +
	    offsetof(struct qt__seg_ctl, serial);

	if (offset % 8 != 0 || offset > seg->size - 8)
		return false;
	if (offset >= first && offset < QT__CTL(seg, log_len))
		return true;
	if (is_field(offset, seg->head.slot_offset,
	    seg->head.slot_count + UINT64_C(1), sizeof(struct qt__seg_slot),
	    offsetof(struct qt__seg_slot, intent)))
		return true;
	if (is_field(offset, seg->head.entry_offset, seg->head.entry_count,
	    sizeof(struct qt__seg_row), offsetof(struct qt__seg_row, word)) ||
	    is_field(offset, seg->head.entry_offset, seg->head.entry_count,
	    sizeof(struct qt__seg_row), offsetof(struct qt__seg_row, offset)))
		return true;
	return offset >= seg->head.map_offset;
}

uint64_t
qt__txn_get(const struct qt__txn *t, uint64_t offset)
{
	for (uint32_t i = t->count; i-- > 0;)
		if (t->offset[i] == offset)
			return t->value[i];
	return atomic_load_explicit(qt__word(t->seg, offset),
	    memory_order_relaxed);
}

void
qt__txn_set(struct qt__txn *t, uint64_t offset, uint64_t value)
{
	uint32_t	i = 0;

	while (i < t->count && t->offset[i] != offset)
		i++;
	if (i == QT__LOG_MAX || !is_allowed(t->seg, offset)) {
		t->bad = true;
		return;
	}
	t->offset[i] = offset;
	t->value[i] = value;
	if (i == t->count)
		t->count++;
}

int
qt__txn_commit(struct qt__txn *t)
{
	struct qt__seg_ctl	*ctl = t->seg->ctl;
	uint64_t		 serial = QT__CTL(t->seg, serial);

	qt__txn_set(t, serial, qt__txn_get(t, serial) + 1);
	if (t->bad)
		return -QT_ECORRUPT;
	for (uint32_t i = 0; i < t->count; i++) {
		atomic_store_explicit(&ctl->log[i].offset, t->offset[i],
		    memory_order_relaxed);
		atomic_store_explicit(&ctl->log[i].value, t->value[i],
		    memory_order_relaxed);
	}
	/* Pairs with the acquire load in qt__txn_redo(). */
	atomic_store_explicit(&ctl->log_len, t->count, memory_order_release);
	return qt__txn_redo(t->seg);
}

int
qt__txn_redo(struct qt_seg *seg)
{
	struct qt__seg_ctl	*ctl = seg->ctl;
	uint64_t		 len;

	len = atomic_load_explicit(&ctl->log_len, memory_order_acquire);
	if (len > QT__LOG_MAX)
		return -QT_ECORRUPT;
	for (uint64_t i = 0; i < len; i++)
		if (!is_allowed(seg, atomic_load_explicit(&ctl->log[i].offset,
		    memory_order_relaxed)))
			return -QT_ECORRUPT;
	for (uint64_t i = 0; i < len; i++) {
		uint64_t	offset, value;

		offset = atomic_load_explicit(&ctl->log[i].offset,
		    memory_order_relaxed);
		value = atomic_load_explicit(&ctl->log[i].value,
		    memory_order_relaxed);
		/* Checked again: what changed since was not written by us. */
		if (!is_allowed(seg, offset))
			return -QT_ECORRUPT;
		/* Release, for readers that follow a link without the lock. */
		atomic_store_explicit(qt__word(seg, offset), value,
		    memory_order_release);
	}
	if (len > 0)
		atomic_store_explicit(&ctl->log_len, 0, memory_order_release);
	return 0;
}
