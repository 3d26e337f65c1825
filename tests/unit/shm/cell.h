/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_SHM_CELL_H
#define QT_SHM_CELL_H

/*
 * The smallest structure with epochs, to try them on: a cell that leads to one
 * node, which is never changed, only replaced. It lies in an extent, and is
 * swept by hand, for it is no type that segments know.
 */

#include <stdio.h>
#include <string.h>

#include "../../../libcommon/shm/epoch_priv.h"

#define CELL_NODES	32u
#define CELL_RECORDS	8u
#define CELL_WORDS	6

enum { CELL_FREE, CELL_OWNED, CELL_LIVE };

struct cell_node {
	struct qt__epoch_node	limbo;
	_Atomic uint64_t	data[CELL_WORDS];
};

struct cell {
	struct qt_obj		 obj;
	struct qt__obj_ref	 ref;
	struct qt__epoch	 epoch;
	_Atomic uint64_t	*current;	/* node, from 1; 0: none */
	struct cell_node	*node;
};

static inline struct cell *
cell_of(const struct qt_obj *obj)
{
	return (struct cell *)(void *)(uintptr_t)obj;
}

static inline struct qt__epoch_node *
cell_node(const struct qt_obj *obj, uint64_t ref)
{
	return ref == 0 || ref > CELL_NODES ? NULL :
	    &cell_of(obj)->node[ref - 1].limbo;
}

static inline uint64_t
cell_limit(const struct qt_obj *obj)
{
	(void)obj;
	return CELL_NODES;
}

static inline void
cell_free(struct qt_obj *obj, uint64_t ref)
{
	struct cell_node	*n = &cell_of(obj)->node[ref - 1];
	uint64_t		 word = atomic_load(&n->limbo.word);

	/* Whoever reads it now sees that it should not have. */
	for (int i = 0; i < CELL_WORDS; i++)
		atomic_store_explicit(&n->data[i], UINT64_MAX - (uint64_t)i,
		    memory_order_relaxed);
	atomic_store(&n->limbo.word, qt__owner(qt__owner_generation(word) + 1,
	    0, CELL_FREE));
}

static inline void
cell_unlink(struct qt_obj *obj, uint64_t ref)
{
	atomic_compare_exchange_strong(cell_of(obj)->current, &ref, 0);
}

static const struct qt__epoch_ops cell_ops = {
	.node = cell_node, .free = cell_free, .unlink = cell_unlink,
	.limit = cell_limit,
};

#define CELL_SIZE (QT__OBJ_BODY + qt__epoch_size(CELL_RECORDS) + 64 +	\
	CELL_NODES * sizeof(struct cell_node))

/* A handle of the cell at offset; all zeros is an empty one. */
static inline void
cell_open(struct cell *c, struct qt_seg *seg, uint64_t offset)
{
	uint64_t	at = QT__OBJ_BODY + qt__epoch_size(CELL_RECORDS);

	memset(c, 0, sizeof(*c));
	c->obj.seg = seg;
	c->obj.ref = &c->ref;
	c->obj.base = qt_seg_at(seg, offset, CELL_SIZE);
	c->obj.shared = (void *)c->obj.base;
	c->obj.offset = offset;
	c->obj.size = CELL_SIZE;
	c->current = (void *)(c->obj.base + at);
	c->node = (void *)(c->obj.base + at + 64);
	qt__epoch_attach(&c->epoch, &c->obj, QT__OBJ_BODY, CELL_RECORDS,
	    &cell_ops);
}

static inline uint64_t
cell_alloc(struct cell *c)
{
	for (uint64_t i = 0; i < CELL_NODES; i++) {
		_Atomic uint64_t	*word = &c->node[i].limbo.word;
		uint64_t		 seen = atomic_load(word);

		if (qt__owner_state(seen) == CELL_FREE && qt__owner_cas(word,
		    &seen, qt__obj_self(&c->obj), CELL_OWNED))
			return i + 1;
	}
	return 0;
}

/* A node that is linked is LIVE, also when its maker did not come to say so. */
static inline void
cell_settle(struct cell *c, uint64_t ref)
{
	_Atomic uint64_t	*word = &c->node[ref - 1].limbo.word;
	uint64_t		 seen = atomic_load(word);

	if (qt__owner_state(seen) == CELL_OWNED &&
	    atomic_load(c->current) == ref)
		atomic_compare_exchange_strong(word, &seen,
		    qt__owner(qt__owner_generation(seen), 0, CELL_LIVE));
}

/* One try to make ref the current node: 1, 0 try again. Retires the old one. */
static inline int
cell_swap(struct cell *c, struct qt__epoch_guard *g, uint64_t ref)
{
	uint64_t		 old = atomic_load(c->current), seen;
	_Atomic uint64_t	*word;

	if (old == 0)
		return atomic_compare_exchange_strong(c->current, &old, ref);
	cell_settle(c, old);
	word = &c->node[old - 1].limbo.word;
	seen = atomic_load(word);
	if (qt__owner_state(seen) != CELL_LIVE ||
	    atomic_load(c->current) != old ||
	    !atomic_compare_exchange_strong(word, &seen, qt__owner(
	    qt__owner_generation(seen), qt__obj_self(&c->obj),
	    QT__EPOCH_RETIRING)))
		return 0;
	seen = old;
	if (!atomic_compare_exchange_strong(c->current, &seen, ref))
		abort();	/* only who retires it may unlink it */
	qt__epoch_retire(g, old);
	return 1;
}

/* 0, or -QT_EFULL. */
static inline int
cell_put(struct cell *c, uint64_t value)
{
	struct qt__epoch_guard	g;
	uint64_t		ref;
	int			rc = qt__epoch_enter(&c->epoch, &g);

	if (rc < 0)
		return rc;
	ref = cell_alloc(c);
	if (ref == 0) {
		qt__epoch_leave(&g);
		return -QT_EFULL;
	}
	for (uint64_t i = 0; i < CELL_WORDS; i++)
		atomic_store_explicit(&c->node[ref - 1].data[i], value + i,
		    memory_order_relaxed);
	while (!cell_swap(c, &g, ref))
		;
	cell_settle(c, ref);
	qt__epoch_leave(&g);
	return 0;
}

static inline void
cell_sweep(struct cell *c, uint32_t id)
{
	if (!qt__epoch_sweep_begin(&c->epoch, id))
		return;
	for (uint64_t ref = 1; ref <= CELL_NODES; ref++) {
		_Atomic uint64_t	*word = &c->node[ref - 1].limbo.word;
		uint64_t		 seen = atomic_load(word);

		if (qt__owner_id(seen) != id)
			continue;
		cell_settle(c, ref);
		if (qt__owner_state(seen) == CELL_OWNED)
			/* Not linked, or this does nothing. */
			atomic_compare_exchange_strong(word, &seen, qt__owner(
			    qt__owner_generation(seen) + 1, 0, CELL_FREE));
		else
			qt__epoch_sweep_node(&c->epoch, id, ref);
	}
	qt__epoch_sweep_end(&c->epoch, id);
}

static inline unsigned int
cell_count_free(struct cell *c)
{
	unsigned int	n = 0;

	for (uint64_t i = 0; i < CELL_NODES; i++)
		n += qt__owner_state(atomic_load(&c->node[i].limbo.word)) ==
		    CELL_FREE;
	return n;
}

#endif /* QT_SHM_CELL_H */
