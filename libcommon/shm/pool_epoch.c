/* SPDX-License-Identifier: Apache-2.0 */
/* Pools with epochs: pinned readers, and blocks that wait for them. */

#include <errno.h>

#include "pool_priv.h"

/* --- What epochs ask of a pool --------------------------------------------- */

/* The obj of an epoch is the first member of its pool. */
static struct qt_shm_pool *
pool_of(const struct qt_obj *obj)
{
	return (struct qt_shm_pool *)(void *)(uintptr_t)obj;
}

/* A reference is a chunk's number + 1. */
static struct qt__epoch_node *
node(const struct qt_obj *obj, uint64_t ref)
{
	const struct qt__chunks	*cs = &pool_of(obj)->chunks;

	return ref == 0 || ref > cs->count ? NULL :
	    (void *)qt__chunk_at(cs, (uint32_t)ref - 1);
}

static void
free_node(struct qt_obj *obj, uint64_t ref)
{
	struct qt_shm_pool	*p = pool_of(obj);
	uint32_t		 index = (uint32_t)ref - 1;
	struct qt__chunk	*chunk = qt__chunk_at(&p->chunks, index);
	uint64_t		 word = atomic_load(&chunk->word);

	atomic_store(&chunk->word, qt__chunk_next(word));
	qt__pool_freed(p, qt__owner_id(word), index);
}

/* RETIRING is stale by itself: nothing leads to it. */
static void
unlink_node(struct qt_obj *obj, uint64_t ref)
{
	(void)obj;
	(void)ref;
}

static uint64_t
limit(const struct qt_obj *obj)
{
	return obj->head.capacity;
}

const struct qt__epoch_ops	qt__pool_epochs = {
	.node = node, .free = free_node, .unlink = unlink_node,
	.limit = limit,
};

/* --- Readers --------------------------------------------------------------- */

int
qt_shm_pool_enter(struct qt_shm_pool *p, struct qt_shm_pool_guard *guard)
{
	struct qt__epoch_guard	g;
	int			rc;

	guard->pool = NULL;
	if (!qt__pool_has_epochs(p))
		return -EINVAL;
	qt__obj_hold(&p->obj);
	rc = qt__epoch_enter(&p->epoch, &g);
	if (rc < 0)
		return rc;
	guard->pool = p;
	guard->record = (uint32_t)(g.record - p->epoch.area->record);
	guard->pin = atomic_load_explicit(&g.record->pin,
	    memory_order_relaxed);
	return 0;
}

void
qt_shm_pool_leave(struct qt_shm_pool_guard *guard)
{
	struct qt_shm_pool	*p = guard->pool;
	uint64_t		 pin = guard->pin;

	if (p == NULL)
		return;
	guard->pool = NULL;
	/* A child's copy of a guard is its parent's. */
	if (qt__epoch_pin_id(pin) != qt__obj_self(&p->obj))
		return;
	(void)atomic_compare_exchange_strong(
	    &p->epoch.area->record[guard->record].pin, &pin, 0);
	/* Who waits for a block may let epochs pass now. */
	qt__wake(&p->obj, QT__POOL_NOT_FULL);
}

/* --- Retiring -------------------------------------------------------------- */

static uint64_t
retiring(uint64_t word, uint32_t self)
{
	return qt__chunk_word(word, self, QT__EPOCH_RETIRING);
}

static void
stop_work(struct qt_shm_pool *p, struct qt__epoch_guard *g)
{
	qt__epoch_leave(g);
	qt__wake_after_store(&p->obj, QT__POOL_NOT_FULL);
}

int
qt_shm_pool_retire(struct qt_shm_pool *p, uint64_t handle)
{
	struct qt__epoch_guard	g;
	int			rc;

	if (!qt__pool_has_epochs(p))
		return -EINVAL;
	rc = qt__epoch_enter(&p->epoch, &g);
	if (rc < 0)
		return rc;
	rc = qt__pool_change(p, handle, retiring);
	if (rc == 0)
		qt__epoch_retire(&g, (uint32_t)handle);
	stop_work(p, &g);
	return rc;
}

static void
retire_orphans(struct qt_shm_pool *p)
{
	struct qt__epoch_guard	g;
	uint32_t		self = qt__obj_self(&p->obj);

	if (qt__epoch_enter(&p->epoch, &g) < 0)
		return;
	for (uint32_t i = 0; i < p->chunks.count; i++) {
		_Atomic uint64_t *at = &qt__chunk_at(&p->chunks, i)->word;
		uint64_t	  word = atomic_load(at);

		if (qt__owner_state(word) == QT__CHUNK_ORPHAN &&
		    atomic_compare_exchange_strong(at, &word,
		    retiring(word, self)))
			qt__epoch_retire(&g, (uint64_t)i + 1);
	}
	stop_work(p, &g);
}

void
qt__pool_reclaim(struct qt_shm_pool *p)
{
	retire_orphans(p);
	(void)qt__epoch_reclaim(&p->epoch);
}
