/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Epochs: pinning, retiring, freeing. See epoch_priv.h.
 *
 * Why two epochs are enough: a node is unlinked and then tagged with the epoch
 * that is now, G or later. Who can still read it had pinned before; each look
 * (pass()) that begins after that pin sees it, and lets no epoch pass but the
 * one it pinned to the next. A look that began before may still let one pass.
 * So while that reader is pinned the epoch is at most G + 1, and the node is
 * freed at tag + 2.
 */

#include <errno.h>
#include <sched.h>

#include "epoch_priv.h"

#define LOOK_AFTER	32u	/* nodes retired between two looks */
#define TRIES		64	/* for a record */

void
qt__epoch_attach(struct qt__epoch *e, struct qt_obj *obj, uint64_t at,
    uint32_t records, const struct qt__epoch_ops *ops)
{
	e->obj = obj;
	e->area = (void *)(obj->base + at);
	e->count = records;
	e->ops = ops;
	e->limit = ops->limit(obj);
}

/* --- Records --------------------------------------------------------------- */

/* A number for each thread, so that each finds its record at once. */
static uint32_t
thread_number(void)
{
	static _Atomic uint32_t		last;
	static _Thread_local uint32_t	mine;

	if (mine == 0)
		mine = atomic_fetch_add_explicit(&last, 1,
		    memory_order_relaxed) + 1;
	return mine % QT__EPOCH_HINTS;
}

/* Takes a record that nobody works with, and pins the epoch, in one step. */
static bool
pin(struct qt__epoch *e, struct qt__epoch_record *r, uint32_t id)
{
	uint64_t	now = atomic_load(&e->area->epoch), none = 0;

	if (!atomic_compare_exchange_strong(&r->pin, &none,
	    now << 17 | (uint64_t)id << 1 | 1))
		return false;
	/* What is read next is read after the pin can be seen; pairs with the
	 * fence in pass(). */
	qt__fence_after_rmw();
	return true;
}

static void
unpin(struct qt__epoch_record *r)
{
	/* What was read was read before; pairs with the loads of pin. */
	atomic_store_explicit(&r->pin, 0, memory_order_release);
}

/* Any that is idle, from that of our number on, so that we spread. */
static struct qt__epoch_record *
find_record(struct qt__epoch *e, uint32_t id, uint32_t *index)
{
	uint32_t	from = id * 5 + thread_number();

	for (uint32_t n = 0; n < e->count; n++) {
		struct qt__epoch_record	*r;

		*index = (from + n) % e->count;
		r = &e->area->record[*index];
		if (atomic_load_explicit(&r->pin, memory_order_relaxed) == 0 &&
		    pin(e, r, id))
			return r;
	}
	return NULL;
}

int
qt__epoch_enter(struct qt__epoch *e, struct qt__epoch_guard *g)
{
	_Atomic uint32_t	*hint = &e->hint[thread_number()];
	uint32_t		 id = qt__obj_self(e->obj), i;

	g->epoch = e;
	if (id == 0)
		return -EACCES;
	i = atomic_load_explicit(hint, memory_order_relaxed);
	g->record = &e->area->record[i];
	/* The hint is 0 at first, where all would meet. */
	if (i != 0 && pin(e, g->record, id))
		return 0;
	for (int tries = 0; tries < TRIES; tries++) {
		g->record = find_record(e, id, &i);
		if (g->record != NULL) {
			atomic_store_explicit(hint, i, memory_order_relaxed);
			return 0;
		}
		if (tries == 0)
			(void)qt_seg_sweep(e->obj->seg);
		else
			sched_yield();
	}
	return -EBUSY;
}

void
qt__epoch_leave(struct qt__epoch_guard *g)
{
	unpin(g->record);
}

/* --- Freeing --------------------------------------------------------------- */

/* Frees the list k of a record that is pinned by id. */
static uint64_t
empty(struct qt__epoch *e, struct qt__epoch_record *r, unsigned int k,
    uint32_t id)
{
	uint64_t	ref, word, n = 0;

	while ((ref = atomic_load_explicit(&r->limbo[k],
	    memory_order_acquire)) != 0) {
		struct qt__epoch_node	*node = e->ops->node(e->obj, ref);

		/* A damaged list: nothing behind this can be trusted. */
		if (node == NULL || n++ == e->limit) {
			atomic_store_explicit(&r->limbo[k], 0,
			    memory_order_release);
			return n;
		}
		word = atomic_load_explicit(&node->word, memory_order_relaxed);
		atomic_store_explicit(&node->word, qt__owner(
		    qt__owner_generation(word), id, QT__EPOCH_FREEING),
		    memory_order_release);
		atomic_store_explicit(&r->limbo[k], atomic_load_explicit(
		    &node->next, memory_order_relaxed), memory_order_release);
		e->ops->free(e->obj, ref);
	}
	return n;
}

/* Lists that are two epochs old. */
static uint64_t
free_old(struct qt__epoch *e, struct qt__epoch_record *r, uint32_t id)
{
	uint64_t	now = atomic_load(&e->area->epoch), n = 0;

	for (unsigned int k = 0; k < 3; k++)
		if (atomic_load_explicit(&r->tag[k], memory_order_relaxed) +
		    2 <= now)
			n += empty(e, r, k, id);
	return n;
}

/* On the list of the epoch that is now. */
void
qt__epoch_push(struct qt__epoch *e, struct qt__epoch_record *r, uint32_t id,
    uint64_t ref, struct qt__epoch_node *node)
{
	uint64_t	now = atomic_load(&e->area->epoch), word;
	unsigned int	k = (unsigned int)(now % 3);

	if (atomic_load_explicit(&r->tag[k], memory_order_relaxed) != now) {
		/* Of three epochs ago, or more. */
		(void)empty(e, r, k, id);
		atomic_store_explicit(&r->tag[k], now, memory_order_release);
	}
	atomic_store_explicit(&node->next, atomic_load_explicit(&r->limbo[k],
	    memory_order_relaxed), memory_order_release);
	atomic_store_explicit(&r->limbo[k], ref, memory_order_release);
	word = atomic_load_explicit(&node->word, memory_order_relaxed);
	atomic_store_explicit(&node->word, qt__owner(qt__owner_generation(word),
	    0, QT__EPOCH_LIMBO), memory_order_release);
}

/*
 * Does anybody still work in an epoch before now? A dead one does until it is
 * swept, for its sweeper works in its name.
 */
static bool
is_held_back(struct qt__epoch *e, const struct qt__epoch_record *r,
    uint64_t now)
{
	uint64_t	p = atomic_load(&r->pin);

	if (!(p & 1) || qt__epoch_pin_epoch(p) == now)
		return false;
	if (qt__obj_is_dead(e->obj, qt__epoch_pin_id(p)))
		(void)qt_seg_sweep(e->obj->seg);
	p = atomic_load(&r->pin);
	return (p & 1) && qt__epoch_pin_epoch(p) != now;
}

/* Lets the epoch pass if everybody who is pinned has seen it. */
static bool
pass(struct qt__epoch *e)
{
	uint64_t	now = atomic_load(&e->area->epoch);

	/* Pairs with the fence in pin(). */
	qt__fence(memory_order_seq_cst);
	for (uint32_t i = 0; i < e->count; i++)
		if (is_held_back(e, &e->area->record[i], now))
			return false;
	return atomic_compare_exchange_strong(&e->area->epoch, &now, now + 1);
}

static bool
has_limbo(const struct qt__epoch_record *r)
{
	for (unsigned int k = 0; k < 3; k++)
		if (atomic_load_explicit(&r->limbo[k],
		    memory_order_relaxed) != 0)
			return true;
	return false;
}

/* What is old on the lists of records that nobody works with. */
static uint64_t
free_idle(struct qt__epoch *e, uint32_t id)
{
	uint64_t	n = 0;

	for (uint32_t i = 0; i < e->count; i++) {
		struct qt__epoch_record	*r = &e->area->record[i];

		if (atomic_load_explicit(&r->pin, memory_order_relaxed) != 0 ||
		    !has_limbo(r) || !pin(e, r, id))
			continue;
		n += free_old(e, r, id);
		unpin(r);
	}
	return n;
}

void
qt__epoch_retire(struct qt__epoch_guard *g, uint64_t ref)
{
	struct qt__epoch	*e = g->epoch;
	struct qt__epoch_node	*node = e->ops->node(e->obj, ref);
	uint32_t		 id = qt__obj_self(e->obj);

	if (node == NULL)
		return;
	qt__epoch_push(e, g->record, id, ref, node);
	if (atomic_fetch_add_explicit(&e->retired, 1, memory_order_relaxed) %
	    LOOK_AFTER != LOOK_AFTER - 1)
		return;
	(void)pass(e);
	(void)free_old(e, g->record, id);
	(void)free_idle(e, id);
}

uint64_t
qt__epoch_reclaim(struct qt__epoch *e)
{
	uint32_t	id = qt__obj_self(e->obj);
	uint64_t	n = 0;

	if (id == 0)
		return 0;
	for (int i = 0; i < 2; i++)
		if (!pass(e))
			break;
	n = free_idle(e, id);
	return n;
}
