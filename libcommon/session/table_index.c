/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The writer's side of the table's hash indexes: open addressing with linear
 * probing (Knuth, The Art of Computer Programming 3, 6.4, algorithm L) over
 * atomic words of slot + 1.
 *
 * Entries never move while readers may be probing. A removed one leaves GONE,
 * and when live and gone ones fill half of the places, a new index is made in
 * a new extent and published by one store of its place, whose top bits count
 * the replacements so that no reader takes two of them for one. The old extent
 * is freed at once: what a late reader finds there is zeros or foreign words,
 * which it checks like everything, and then it sees that the place changed.
 */

#include <errno.h>

#include "table_priv.h"

#define LOAD(p)		atomic_load_explicit(p, memory_order_relaxed)
#define STORE(p, v)	atomic_store_explicit(p, v, memory_order_release)

static void
put_value(_Atomic uint32_t *at, uint32_t mask, uint64_t hash, uint32_t value)
{
	uint64_t	i = hash & mask;

	while (LOAD(&at[i]) != 0)
		i = (i + 1) & mask;
	STORE(&at[i], value);
}

/* Every live entry of the index at place goes into at. */
static void
copy_live(struct qt__table *t, enum qt__index which, uint64_t place,
    _Atomic uint32_t *at, uint32_t mask)
{
	struct qt_session	s;
	_Atomic uint32_t	*old;
	uint32_t		old_mask, value;

	old = qt__map_index(&t->map, place, &old_mask);
	for (uint32_t i = 0; old != NULL && i <= old_mask; i++) {
		value = LOAD(&old[i]);
		if (value != 0 && value != QT__INDEX_GONE &&
		    qt__map_get(&t->map, value - 1, &s) == 0)
			put_value(at, mask, qt__map_hash(&t->map, which, &s),
			    value);
	}
}

/* Makes sure that one more entry fits. 0, -ENOSPC, -ENOMEM. */
int
qt__index_reserve(struct qt__table *t, enum qt__index which)
{
	_Atomic uint64_t	*word = &t->map.head->index[which];
	uint64_t		 place = LOAD(word), next;
	unsigned int		 log = QT__INDEX_LOG_MIN;
	_Atomic uint64_t	*extent;
	_Atomic uint32_t	*at;
	uint32_t		 mask;
	int			 rc;

	if (place != 0 && qt__map_index(&t->map, place, &mask) != NULL &&
	    t->index_used[which] < (mask + 1) / 2)
		return 0;
	while ((UINT32_C(1) << log) < 4 * (t->index_live[which] + 1))
		log++;
	/* The one that is not in use: empty, or left by a dead host. */
	next = ((place >> 48) + 1) << 48 | log;
	extent = &t->map.head->extent[which][next >> 48 & 1];
	rc = LOAD(extent) != 0 ? qt_seg_free_at(t->seg, qt__plain(extent)) : 0;
	if (rc == 0)
		rc = qt_seg_alloc(t->seg, sizeof(uint32_t) << log,
		    qt__plain(extent));
	if (rc < 0)
		return rc;
	next |= LOAD(extent);
	at = qt__map_index(&t->map, next, &mask);
	if (at == NULL)
		return -QT_ECORRUPT;
	copy_live(t, which, place, at, mask);
	STORE(word, next);
	t->index_used[which] = t->index_live[which];
	extent = &t->map.head->extent[which][place >> 48 & 1];
	if (LOAD(extent) != 0)
		(void)qt_seg_free_at(t->seg, qt__plain(extent));
	return 0;
}

void
qt__index_add(struct qt__table *t, enum qt__index which,
    const struct qt_session *s)
{
	_Atomic uint32_t	*at;
	uint32_t		 mask;

	at = qt__map_index(&t->map, LOAD(&t->map.head->index[which]), &mask);
	put_value(at, mask, qt__map_hash(&t->map, which, s), s->slot + 1);
	t->index_live[which]++;
	t->index_used[which]++;
}

/* Stores new where old stands on the path of this key. */
static int
replace(struct qt__table *t, enum qt__index which, const struct qt_session *s,
    uint32_t old, uint32_t new)
{
	_Atomic uint32_t	*at;
	uint32_t		 mask, value;
	uint64_t		 hash = qt__map_hash(&t->map, which, s);

	at = qt__map_index(&t->map, LOAD(&t->map.head->index[which]), &mask);
	for (uint32_t i = 0; i <= mask; i++) {
		value = LOAD(&at[(hash + i) & mask]);
		if (value == 0)
			return -ENOENT;
		if (value == old) {
			STORE(&at[(hash + i) & mask], new);
			return 0;
		}
	}
	return -ENOENT;
}

void
qt__index_move(struct qt__table *t, enum qt__index which,
    const struct qt_session *s, uint32_t old, uint32_t new)
{
	(void)replace(t, which, s, old + 1, new + 1);
}

void
qt__index_del(struct qt__table *t, enum qt__index which,
    const struct qt_session *s)
{
	if (replace(t, which, s, s->slot + 1, QT__INDEX_GONE) == 0)
		t->index_live[which]--;
}
