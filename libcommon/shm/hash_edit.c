/* SPDX-License-Identifier: Apache-2.0 */
/* The three changes of a hash table, each one CAS. See hash_priv.h. */

#include <errno.h>

#include "hash_priv.h"

/*
 * From OWNED to LIVE; unless it is gone again already. Who marked it before may
 * have died since, and was swept while it was ours.
 */
static void
settle(struct qt__hash *t, struct qt__new *node)
{
	struct qt__node	*n = qt__hash_node(t, node->at);
	uint64_t	 next;

	if (qt__owner_cas(&n->word, &node->word, 0, QT__NODE_LIVE)) {
		next = atomic_load(&n->next);
		if (qt__link_mark(next) == QT__MARK_DELETED ||
		    qt__link_mark(next) == QT__MARK_REPLACED)
			qt__hash_retire(t, qt__obj_self(t->obj), node->at,
			    next, false);
	}
	node->at = 0;
}

static void
aim(struct qt__hash *t, const struct qt__new *node, uint32_t index)
{
	struct qt__node	*n = qt__hash_node(t, node->at);

	/* Nobody else has it; the CAS that links it publishes it. */
	atomic_store_explicit(&n->next, qt__link_after(
	    atomic_load_explicit(&n->next, memory_order_relaxed),
	    QT__MARK_LIVE, index), memory_order_relaxed);
}

/*
 * While a death leaves the count in doubt it may be too high, and what is
 * stopped half way can keep it from being settled: then the nodes themselves,
 * a few more than the capacity, are the limit.
 */
static bool
is_full(const struct qt__hash *t, uint64_t count)
{
	return (uint32_t)count >= t->capacity &&
	    qt__obj_counted(t->obj, QT__HASH_DOUBT) == 0;
}

int
qt__hash_insert(struct qt__hash *t, const struct qt__pos *pos,
    struct qt__new *node)
{
	_Atomic uint64_t	*count =
	    &t->obj->shared->stat[QT__HASH_COUNT];
	uint64_t		 link = pos->link;

	if (is_full(t, atomic_load_explicit(count, memory_order_relaxed)))
		return -QT_EFULL;
	if (is_full(t, atomic_fetch_add(count, (UINT64_C(1) << 32) + 1))) {
		atomic_fetch_add(count, (UINT64_C(1) << 32) - 1);
		return -QT_EFULL;
	}
	aim(t, node, pos->at);
	if (!atomic_compare_exchange_strong(pos->prev, &link,
	    qt__link_after(link, QT__MARK_LIVE, node->at))) {
		atomic_fetch_add(count, (UINT64_C(1) << 32) - 1);
		return -EAGAIN;
	}
	settle(t, node);
	return 0;
}

/* Marks the node at pos, then takes it out. */
static bool
mark(struct qt__hash *t, const struct qt__pos *pos, uint32_t how,
    uint32_t index, uint64_t *marked)
{
	uint64_t	next = pos->next;

	*marked = qt__link_after(next, how, index);
	return atomic_compare_exchange_strong(
	    &qt__hash_node(t, pos->at)->next, &next, *marked);
}

static void
take_out(struct qt__hash *t, const struct qt__pos *pos, uint64_t marked)
{
	uint64_t	link = pos->link;
	bool		is_out = atomic_compare_exchange_strong(pos->prev,
	    &link, qt__link_after(link, QT__MARK_LIVE,
	    qt__link_index(marked)));

	qt__hash_retire(t, qt__obj_self(t->obj), pos->at, marked, is_out);
}

int
qt__hash_replace(struct qt__hash *t, const struct qt__pos *pos,
    struct qt__new *node)
{
	uint64_t	marked;

	aim(t, node, qt__link_index(pos->next));
	if (!mark(t, pos, QT__MARK_REPLACED, node->at, &marked))
		return -EAGAIN;
	settle(t, node);
	take_out(t, pos, marked);
	return 0;
}

int
qt__hash_remove(struct qt__hash *t, const struct qt__pos *pos)
{
	uint64_t	marked;

	if (!mark(t, pos, QT__MARK_DELETED, qt__link_index(pos->next),
	    &marked))
		return -EAGAIN;
	take_out(t, pos, marked);
	return 0;
}
