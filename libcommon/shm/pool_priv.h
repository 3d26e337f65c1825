/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_SHM_POOL_PRIV_H
#define QT_SHM_POOL_PRIV_H

#include <qt/shm/pool.h>

#include "chunk_priv.h"
#include "epoch_priv.h"

/*
 * Pools, inside. Their chunks begin as nodes of epochs do, {word, place}, and a
 * block that is retired goes the way of those:
 *
 *	OWNED, SHARED -> RETIRING(me) -> LIMBO -> FREEING(someone) -> FREE
 *
 * all of one generation but the last. Its handle is stale from RETIRING on; who
 * got its address before has pinned an epoch, and reads on.
 *
 * What a dead one owned may be in the hands of readers as well. Its sweeper may
 * have no record to work with, so it says ORPHAN, which is nobody's and stale,
 * and whoever next finds no free block retires it.
 */
_Static_assert(offsetof(struct qt__chunk, word) ==
    offsetof(struct qt__epoch_node, word) &&
    offsetof(struct qt__chunk, place) == offsetof(struct qt__epoch_node, next),
    "a chunk begins as a node of epochs does");

#define QT__POOL_EPOCHS_AT	(QT__OBJ_BODY + sizeof(struct qt__chunk_hints))
#define QT__POOL_RECORDS_MIN	16u
#define QT__POOL_RECORDS_MAX	1024u

enum { QT__POOL_NOT_FULL };	/* event counts */
enum { QT__POOL_TAKEOVERS };	/* statistics */

/* Head: flags, capacity, elem_size; param[0]: records of epochs. */
struct qt_shm_pool {
	struct qt_obj		 obj;
	struct qt__chunk_hints	*hints;
	struct qt__chunks	 chunks;
	struct qt__epoch	 epoch;
};

extern const struct qt__epoch_ops	qt__pool_epochs;

int	qt__pool_check(const struct qt_obj *obj);
void	qt__pool_attach(struct qt_shm_pool *p, const struct qt_obj *obj);

/*
 * The word of the block that handle names becomes to(it). -QT_EGONE, -EPERM,
 * -EACCES.
 */
int	qt__pool_change(struct qt_shm_pool *p, uint64_t handle,
	    uint64_t (*to)(uint64_t word, uint32_t self));
/* Retires orphans, lets epochs pass, and frees what may be freed. */
void	qt__pool_reclaim(struct qt_shm_pool *p);

static inline bool
qt__pool_has_epochs(const struct qt_shm_pool *p)
{
	return p->obj.head.param[0] != 0;
}

/* Does a handle lead to it? */
static inline bool
qt__pool_is_used(uint64_t word)
{
	uint32_t	state = qt__owner_state(word);

	return state == QT__CHUNK_OWNED || state == QT__CHUNK_SHARED;
}

/* The chunk of that number is FREE now, by a sequentially consistent store. */
static inline void
qt__pool_freed(struct qt_shm_pool *p, uint32_t id, uint32_t index)
{
	qt__chunk_hint(p->hints, id, index);
	qt__wake(&p->obj, QT__POOL_NOT_FULL);
}

#endif /* QT_SHM_POOL_PRIV_H */
