/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Becoming the writer of a table whose host died, wherever it died. Records
 * are whole by construction ("table_priv.h"); what may be behind them are the
 * indexes and lists, which are therefore made anew, and the knowledge of which
 * bodies and slots are free, which is taken from the records.
 *
 * A table that contradicts itself is not touched: -QT_ECORRUPT, and the host
 * moves the whole segment aside. A ring that does is cut off: table_check.c.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <qt/shm/ring.h>

#include "table_priv.h"

#define LOAD(p)		atomic_load_explicit(p, memory_order_relaxed)
#define STORE(p, v)	atomic_store_explicit(p, v, memory_order_release)

/* Marks the bodies that records refer to: each at most once. */
static int
mark_bodies(struct qt__table *t, uint32_t slots, uint8_t *is_used)
{
	struct qt_session	 s;
	struct qt__live		*live;
	uint64_t		 word;

	for (uint32_t i = 0; i < slots; i++) {
		live = qt__map_live(&t->map, i);
		if (live == NULL)
			return -QT_ECORRUPT;
		word = LOAD(&live->word);
		if (word >> 32 == 0)
			continue;
		word = (uint32_t)word;
		if (word >= slots + QT__TABLE_SPARES || is_used[word] ||
		    qt__map_get(&t->map, i, &s) < 0)
			return -QT_ECORRUPT;
		is_used[word] = 1;
		if (s.state != QT_STATE_FREE)
			t->records++;
	}
	return 0;
}

static int
make_lists(struct qt__table *t, uint32_t slots)
{
	uint32_t	 bodies = slots + QT__TABLE_SPARES;
	struct qt_session s;
	uint8_t		*is_used = calloc(bodies, 1);
	int		 rc = -ENOMEM;

	t->free_slot = calloc(slots, sizeof(uint32_t));
	t->free_body = calloc(bodies, sizeof(uint32_t));
	if (is_used == NULL || t->free_slot == NULL || t->free_body == NULL)
		goto out;
	rc = mark_bodies(t, slots, is_used);
	if (rc < 0)
		goto out;
	t->body_size = bodies;
	for (uint32_t i = 0; i < bodies; i++) {
		if (!is_used[i])
			t->free_body[t->body_count++] = i;
	}
	for (uint32_t i = slots; i-- > 0;) {
		if (qt__table_get(t, i, &s) < 0)
			t->free_slot[t->free_slots++] = i;
	}
out:
	free(is_used);
	return rc;
}

/* An empty index with room for all records takes the place of the old one. */
static int
index_renew(struct qt__table *t, enum qt__index which)
{
	_Atomic uint64_t	*word = &t->map.head->index[which];
	int			 rc;

	/* A place without a size is none; the generation stays. */
	STORE(word, LOAD(word) >> 48 << 48);
	t->index_live[which] = t->records;
	rc = qt__index_reserve(t, which);
	t->index_live[which] = t->index_used[which] = 0;
	return rc;
}

static void
index_fill(struct qt__table *t, uint32_t slots)
{
	struct qt_session	s, other;

	for (uint32_t i = 0; i < slots; i++) {
		if (qt__table_get(t, i, &s) < 0)
			continue;
		qt__index_add(t, QT__BY_ID, &s);
		(void)qt__owner_add(t, &s);
		if (s.name[0] == '\0')
			continue;
		if (qt__index_find(&t->map, QT__BY_NAME, &s, &other) < 0) {
			qt__index_add(t, QT__BY_NAME, &s);
			continue;
		}
		t->hidden++;
		if (qt__is_namesake_better(&s, &other))
			qt__index_move(t, QT__BY_NAME, &s, other.slot, i);
	}
}

/* The count is stored after the block's place: each must have a good one. */
static int
has_blocks(const struct qt__table *t, uint64_t blocks)
{
	if (blocks == 0 || blocks > QT__TABLE_BLOCKS)
		return 0;
	for (uint32_t i = 0; i < blocks; i++) {
		if (qt__map_live(&t->map, i * QT__TABLE_BLOCK) == NULL)
			return 0;
	}
	return 1;
}

/* A record without a ring of its own has no output any more. */
static void
mend_records(struct qt__table *t, uint32_t slots)
{
	struct qt_session	s;

	for (uint32_t i = 0; i < slots; i++) {
		if (qt__table_get(t, i, &s) < 0 || s.ring_offset == 0 ||
		    s.ring_offset == *qt__table_ring(t, i))
			continue;
		s.ring_offset = 0;
		(void)qt__table_put(t, &s);
	}
}

/* Records that are gone, but whose ring was not when the host died. */
static void
free_rings(struct qt__table *t)
{
	uint64_t	*ring;

	for (uint32_t i = 0; i < t->free_slots; i++) {
		ring = qt__table_ring(t, t->free_slot[i]);
		if (*ring != 0)
			(void)qt_ring_destroy_at(t->seg, ring);
	}
}

int
qt__table_adopt(struct qt_seg *seg, struct qt__table **out,
    struct qt_err *err)
{
	struct qt__table	*t;
	uint32_t		 slots;
	uint64_t		 blocks;
	int			 rc;

	t = calloc(1, sizeof(*t));
	if (t == NULL)
		return -ENOMEM;
	t->seg = seg;
	rc = qt__map_open(seg, &t->map, err);
	if (rc < 0)
		goto err;
	/* What the dead host's last allocation had decided is done first. */
	(void)qt_seg_sweep(seg);
	rc = qt__table_cut(t, err);
	if (rc < 0)
		goto err;
	slots = qt__map_slots(&t->map);
	blocks = LOAD(&t->map.head->blocks);
	rc = has_blocks(t, blocks) ? make_lists(t, slots) : -QT_ECORRUPT;
	if (rc < 0) {
		qt_err_set(err, "records of the session table");
		goto err;
	}
	mend_records(t, slots);
	free_rings(t);
	if (LOAD(&t->map.head->list_seq) % 2 != 0)
		atomic_fetch_add(&t->map.head->list_seq, 1);
	for (int i = 0; rc == 0 && i < QT__INDEXES; i++)
		rc = index_renew(t, (enum qt__index)i);
	if (rc < 0) {
		qt_err_set(err, "make the session table's indexes");
		goto err;
	}
	index_fill(t, slots);
	*out = t;
	return 0;
err:
	qt__table_close(t);
	return rc;
}
