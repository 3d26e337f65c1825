/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Entries: the typed names of a segment.
 *
 * Writers hold the segment's lock, so a name is there once. A row whose word
 * says FREE is scratch: it is filled first and published by one store of its
 * word, so a writer killed anywhere leaves nothing to clean up. Readers take
 * no lock: they read the word, copy the row, and read the word again; it holds
 * a generation, so a row that was given to another name in between is noticed.
 *
 * A name is looked for from the row of its hash onwards, up to a row that was
 * never used.
 */

#include <errno.h>
#include <string.h>

#include <qt/base/clock.h>
#include <qt/base/hash.h>

#include "segment_priv.h"

static uint32_t
name_hash(const char *name)
{
	return qt_crc32c(0, name, strlen(name));
}

static uint32_t
state_of(uint64_t word)
{
	return (uint32_t)(word & 0xffff);
}

static bool
is_object(uint32_t type)
{
	return type >= QT_TYPE_ARRAY || type == QT_TYPE_RING;
}

static int
has_end(const char *text, size_t size)
{
	return memchr(text, '\0', size) != NULL;
}

static void
row_to_entry(const struct qt__seg_row *row, uint64_t word,
    struct qt_seg_entry *out)
{
	memcpy(out->name, row->name, sizeof(out->name));
	memcpy(out->dtype, row->dtype, sizeof(out->dtype));
	memcpy(out->shape, row->shape, sizeof(out->shape));
	/* A damaged segment must not make a text run out of its array. */
	out->name[sizeof(out->name) - 1] = '\0';
	out->dtype[sizeof(out->dtype) - 1] = '\0';
	out->type = row->type;
	out->generation = (uint32_t)(word >> 32);
	out->offset = row->offset;
	out->size = row->size;
}

/*
 * A consistent copy of a row. A row that changes each time we look is being
 * reused over and over: free is true.
 */
uint32_t
qt__row_get(const struct qt_seg *seg, uint32_t index, uint64_t *word,
    struct qt_seg_entry *out)
{
	struct qt__seg_row	*row = &seg->rows[index];
	struct qt__seg_row	 copy;

	for (int tries = 0; tries < 100; tries++) {
		/* Pairs with the release store in set_state(), or of the log. */
		*word = atomic_load_explicit(&row->word, memory_order_acquire);
		if (state_of(*word) != QT__ROW_READY &&
		    state_of(*word) != QT__ROW_ERASED)
			return QT__ROW_FREE;
		qt__copy_racy(&copy, row, sizeof(copy));
		/* Pairs with the fence in set_state(). */
		qt__fence(memory_order_acquire);
		if (atomic_load_explicit(&row->word, memory_order_relaxed) ==
		    *word) {
			row_to_entry(&copy, *word, out);
			return state_of(*word);
		}
	}
	return QT__ROW_FREE;
}

/* The row of a name, or -ENOENT; *room is the first that a new one may take. */
static int
find(const struct qt_seg *seg, const char *name, int64_t *room,
    uint64_t *word, struct qt_seg_entry *out)
{
	uint32_t	count = seg->head.entry_count;
	uint32_t	at = name_hash(name) % count;

	*room = -1;
	for (uint32_t i = 0; i < count; i++, at = (at + 1) % count) {
		uint32_t	state = qt__row_get(seg, at, word, out);

		if (state == QT__ROW_READY && strcmp(out->name, name) == 0)
			return (int)at;
		if (state_of(*word) == QT__ROW_FREE && *room < 0)
			*room = at;
		if (*word == 0)
			break;
	}
	return -ENOENT;
}

/* The word of a row after its next change, which is ours. */
static uint64_t
next_word(const struct qt_seg *seg, uint32_t index, uint32_t state)
{
	uint64_t	word = atomic_load_explicit(&seg->rows[index].word,
	    memory_order_relaxed);

	return ((word >> 32) + 1) << 32 | (uint64_t)seg->self << 16 | state;
}

/* All of a free row but its word. */
static void
fill(struct qt_seg *seg, uint32_t index, const struct qt_seg_entry *entry)
{
	struct qt__seg_row	*row = &seg->rows[index];
	struct qt__seg_row	 made = { 0 };
	size_t			 skip = sizeof(row->word);

	made.hash = name_hash(entry->name);
	made.type = entry->type;
	made.offset = entry->offset;
	made.size = entry->size;
	made.made_ms = qt_clock_real_ms();
	memcpy(made.shape, entry->shape, sizeof(made.shape));
	memcpy(made.dtype, entry->dtype, strlen(entry->dtype));
	memcpy(made.name, entry->name, strlen(entry->name));
	qt__copy_racy((char *)row + skip, (char *)&made + skip,
	    sizeof(made) - skip);
}

static void
set_state(struct qt_seg *seg, uint32_t index, uint32_t state)
{
	/* Pairs with the acquire load in qt__row_get(). */
	atomic_store_explicit(&seg->rows[index].word,
	    next_word(seg, index, state), memory_order_release);
	/* What is written into the row later comes after that store; pairs
	 * with the fence in qt__row_get(). */
	qt__fence(memory_order_release);
}

int
qt_seg_entry_add(struct qt_seg *seg, const struct qt_seg_entry *entry)
{
	struct qt_seg_entry	found;
	uint64_t		word;
	int64_t			room;
	int			rc;

	if (!has_end(entry->name, sizeof(entry->name)) ||
	    !has_end(entry->dtype, sizeof(entry->dtype)) ||
	    entry->name[0] == '\0' || is_object(entry->type) ||
	    qt_seg_at(seg, entry->offset, entry->size) == NULL)
		return -EINVAL;
	rc = qt__seg_lock(seg);
	if (rc < 0)
		return rc;
	rc = find(seg, entry->name, &room, &word, &found);
	if (rc >= 0) {
		rc = -EEXIST;
	} else if (room < 0) {
		rc = -QT_EFULL;
	} else {
		fill(seg, (uint32_t)room, entry);
		set_state(seg, (uint32_t)room, QT__ROW_READY);
		rc = 0;
	}
	qt__seg_unlock(seg);
	return rc;
}

int
qt_seg_entry_get(const struct qt_seg *seg, const char *name,
    struct qt_seg_entry *out)
{
	uint64_t	word;
	int		rc = qt__row_find(seg, name, &word, out);

	return rc < 0 ? rc : 0;
}

int
qt_seg_entry_del(struct qt_seg *seg, const char *name)
{
	struct qt_seg_entry	found;
	uint64_t		word;
	int			rc, at;

	rc = qt__seg_lock(seg);
	if (rc < 0)
		return rc;
	at = qt__row_find(seg, name, &word, &found);
	if (at >= 0 && is_object(found.type))
		at = -EINVAL;
	if (at >= 0)
		set_state(seg, (uint32_t)at, QT__ROW_FREE);
	qt__seg_unlock(seg);
	return at < 0 ? at : 0;
}

int
qt_seg_entry_next(const struct qt_seg *seg, uint32_t *cursor,
    struct qt_seg_entry *out)
{
	uint64_t	word;

	while (*cursor < seg->head.entry_count)
		if (qt__row_get(seg, (*cursor)++, &word, out) == QT__ROW_READY)
			return 1;
	return 0;
}

int
qt__row_find(const struct qt_seg *seg, const char *name, uint64_t *word,
    struct qt_seg_entry *out)
{
	int64_t	room;

	return find(seg, name, &room, word, out);
}

static uint64_t
field_of(const struct qt_seg *seg, uint32_t index, size_t field)
{
	return seg->head.entry_offset +
	    (uint64_t)index * sizeof(struct qt__seg_row) + field;
}

/*
 * The row is scratch until the one change of its word and of the intent: so
 * whoever is killed here leaves an intent and no row, or a row and no intent.
 */
int
qt__row_publish(struct qt_seg *seg, const struct qt_seg_entry *entry)
{
	struct qt__txn		t = { .seg = seg };
	struct qt_seg_entry	found;
	uint64_t		word, intent;
	int64_t			room;
	int			rc = qt__seg_lock(seg);

	if (rc < 0)
		return rc;
	if (find(seg, entry->name, &room, &word, &found) >= 0) {
		rc = -EEXIST;
	} else if (room < 0) {
		rc = -QT_EFULL;
	} else {
		fill(seg, (uint32_t)room, entry);
		intent = seg->head.slot_offset +
		    (uint64_t)seg->self * sizeof(struct qt__seg_slot) +
		    offsetof(struct qt__seg_slot, intent);
		qt__txn_set(&t, field_of(seg, (uint32_t)room,
		    offsetof(struct qt__seg_row, word)),
		    next_word(seg, (uint32_t)room, QT__ROW_READY));
		qt__txn_set(&t, intent, 0);
		rc = qt__txn_commit(&t);
	}
	qt__seg_unlock(seg);
	return rc;
}

void
qt__row_erase(struct qt_seg *seg, uint32_t index)
{
	set_state(seg, index, QT__ROW_ERASED);
}

int
qt__row_free(struct qt_seg *seg, uint32_t index)
{
	uint64_t	link = field_of(seg, index,
	    offsetof(struct qt__seg_row, offset));
	uint64_t	offset = atomic_load_explicit(qt__word(seg, link),
	    memory_order_relaxed);
	int		rc = 0;

	/* 0 when somebody was killed behind the first of these two steps. */
	if (offset != 0)
		rc = qt__seg_free_locked(seg, offset, link);
	/* In a damaged segment there may be no extent: nothing to lose. */
	if (rc == 0 || rc == -EINVAL)
		set_state(seg, index, QT__ROW_FREE);
	return rc;
}
