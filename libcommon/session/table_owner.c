/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owners' lists: doubly linked through the live lines, newest first, the head
 * found by the index. list_seq is odd while links change, so that a reader who
 * walked meanwhile (or a host that died here) is noticed; readers then look at
 * every record instead.
 */

#include <stddef.h>

#include "table_priv.h"

static void
list_begin(struct qt__table *t)
{
	atomic_fetch_add(&t->map.head->list_seq, 1);
}

static void
list_end(struct qt__table *t)
{
	atomic_fetch_add(&t->map.head->list_seq, 1);
}

/* The record is published already, and the index has room. */
int
qt__owner_add(struct qt__table *t, const struct qt_session *s)
{
	struct qt__live		*live = qt__map_live(&t->map, s->slot), *next;
	struct qt_session	 head;
	int			 rc;

	rc = qt__index_find(&t->map, QT__BY_OWNER, s, &head);
	list_begin(t);
	atomic_store(&live->owner_prev, 0);
	atomic_store(&live->owner_next, 0);
	if (rc < 0) {
		qt__index_add(t, QT__BY_OWNER, s);
	} else {
		next = qt__map_live(&t->map, head.slot);
		atomic_store(&live->owner_next, head.slot + 1);
		atomic_store(&next->owner_prev, s->slot + 1);
		qt__index_move(t, QT__BY_OWNER, s, head.slot, s->slot);
	}
	list_end(t);
	return 0;
}

/* The record is still published, with this owner. */
void
qt__owner_del(struct qt__table *t, const struct qt_session *s)
{
	struct qt__live	*live = qt__map_live(&t->map, s->slot);
	uint32_t	 prev = atomic_load(&live->owner_prev);
	uint32_t	 next = atomic_load(&live->owner_next);
	struct qt__live	*p = prev != 0 ? qt__map_live(&t->map, prev - 1) : NULL;
	struct qt__live	*n = next != 0 ? qt__map_live(&t->map, next - 1) : NULL;

	list_begin(t);
	if (p != NULL)
		atomic_store(&p->owner_next, next);
	else if (n != NULL)
		qt__index_move(t, QT__BY_OWNER, s, s->slot, next - 1);
	else
		qt__index_del(t, QT__BY_OWNER, s);
	if (n != NULL)
		atomic_store(&n->owner_prev, prev);
	list_end(t);
}
