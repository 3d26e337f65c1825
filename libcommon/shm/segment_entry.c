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

static bool
is_ready(uint64_t word)
{
	return (word & 0xffff) == QT__ROW_READY;
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
 * A consistent copy of a row. 1, or 0 when it is free; *word as it was. A row
 * that changes each time we look is being reused over and over: free is true.
 */
static int
row_get(const struct qt_seg *seg, uint32_t index, uint64_t *word,
    struct qt_seg_entry *out)
{
	struct qt__seg_row	*row = &seg->rows[index];
	struct qt__seg_row	 copy;

	for (int tries = 0; tries < 100; tries++) {
		/* Pairs with the release store in publish(). */
		*word = atomic_load_explicit(&row->word, memory_order_acquire);
		if (!is_ready(*word))
			return 0;
		qt__copy_racy(&copy, row, sizeof(copy));
		/* Pairs with the fence in retire(). */
		qt__fence(memory_order_acquire);
		if (atomic_load_explicit(&row->word, memory_order_relaxed) ==
		    *word) {
			row_to_entry(&copy, *word, out);
			return 1;
		}
	}
	return 0;
}

/* The row of a name, or -ENOENT; *room is the first that a new one may take. */
static int
find(const struct qt_seg *seg, const char *name, int64_t *room,
    struct qt_seg_entry *out)
{
	uint32_t	count = seg->head.entry_count;
	uint32_t	at = name_hash(name) % count;

	*room = -1;
	for (uint32_t i = 0; i < count; i++, at = (at + 1) % count) {
		uint64_t	word;

		if (row_get(seg, at, &word, out)) {
			if (strcmp(out->name, name) == 0)
				return (int)at;
			continue;
		}
		if (*room < 0)
			*room = at;
		if (word == 0)
			break;
	}
	return -ENOENT;
}

static void
publish(struct qt_seg *seg, uint32_t index, const struct qt_seg_entry *entry)
{
	struct qt__seg_row	*row = &seg->rows[index];
	struct qt__seg_row	 made = { 0 };
	size_t			 skip = sizeof(row->word);
	uint64_t		 word;

	word = atomic_load_explicit(&row->word, memory_order_relaxed);
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
	/* Pairs with the acquire load in row_get(). */
	atomic_store_explicit(&row->word, ((word >> 32) + 1) << 32 |
	    (uint64_t)seg->self << 16 | QT__ROW_READY, memory_order_release);
}

static void
retire(struct qt_seg *seg, uint32_t index)
{
	struct qt__seg_row	*row = &seg->rows[index];
	uint64_t		 word;

	word = atomic_load_explicit(&row->word, memory_order_relaxed);
	atomic_store_explicit(&row->word, ((word >> 32) + 1) << 32 |
	    (uint64_t)seg->self << 16 | QT__ROW_FREE, memory_order_release);
	/* What is written into the row later comes after that store; pairs
	 * with the fence in row_get(). */
	qt__fence(memory_order_release);
}

int
qt_seg_entry_add(struct qt_seg *seg, const struct qt_seg_entry *entry)
{
	struct qt_seg_entry	found;
	int64_t			room;
	int			rc;

	if (!has_end(entry->name, sizeof(entry->name)) ||
	    !has_end(entry->dtype, sizeof(entry->dtype)) ||
	    entry->name[0] == '\0' ||
	    qt_seg_at(seg, entry->offset, entry->size) == NULL)
		return -EINVAL;
	rc = qt__seg_lock(seg);
	if (rc < 0)
		return rc;
	rc = find(seg, entry->name, &room, &found);
	if (rc >= 0) {
		rc = -EEXIST;
	} else if (room < 0) {
		rc = -QT_EFULL;
	} else {
		publish(seg, (uint32_t)room, entry);
		rc = 0;
	}
	qt__seg_unlock(seg);
	return rc;
}

int
qt_seg_entry_get(const struct qt_seg *seg, const char *name,
    struct qt_seg_entry *out)
{
	int64_t	room;
	int	rc = find(seg, name, &room, out);

	return rc < 0 ? rc : 0;
}

int
qt_seg_entry_del(struct qt_seg *seg, const char *name)
{
	struct qt_seg_entry	found;
	int64_t			room;
	int			rc, at;

	rc = qt__seg_lock(seg);
	if (rc < 0)
		return rc;
	at = find(seg, name, &room, &found);
	if (at >= 0)
		retire(seg, (uint32_t)at);
	qt__seg_unlock(seg);
	return at < 0 ? at : 0;
}

int
qt_seg_entry_next(const struct qt_seg *seg, uint32_t *cursor,
    struct qt_seg_entry *out)
{
	uint64_t	word;

	while (*cursor < seg->head.entry_count)
		if (row_get(seg, (*cursor)++, &word, out))
			return 1;
	return 0;
}
