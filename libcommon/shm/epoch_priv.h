/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_SHM_EPOCH_PRIV_H
#define QT_SHM_EPOCH_PRIV_H

#include <qt/shm/epoch.h>

#include "object_priv.h"

/*
 * Epoch-based reclamation inside an object (after Fraser 2004), for processes
 * that may die anywhere.
 *
 *	area	epoch now
 *	records	{pin, limbo lists of 3 epochs}
 *	nodes	{word, next}	the type's, somewhere in the object
 *
 * A thread has a record while it works. It takes it by one CAS of the pin, from
 * 0 to {epoch, participant}, which says that it has pinned that epoch; and who
 * it is, should it die. It tries the one that it had last, so it mostly finds
 * its own. The lists are the record's: whoever takes it next goes on with
 * them, or comes by to free what is old, so nobody's death or sleep leaves
 * nodes behind.
 *
 * The life of a node that is taken out, by its word {generation, owner, state}:
 *
 *	(live) -> RETIRING(me)	by the type: it is mine to take out
 *		  ... unlinked; nothing in the structure leads to it
 *		  on my list
 *	       -> LIMBO		in a list, nobody's
 *		  ... two epochs later
 *	       -> FREEING(me)	it is mine to free
 *		  off the list
 *	       -> (free)	by the type
 *
 * A kill between two of these leaves a word that names the dead owner. Only the
 * first node of a list can be there with a word that is not LIMBO, so whether
 * it is on the list is seen from the list's head.
 *
 * Words name a participant only while it is at work, between enter and leave:
 * that goes for nodes that are being filled, too. So the type's sweep(obj, id)
 * does: qt__epoch_sweep_begin(), and if that says that id was at work, for each
 * node whose word names id, what is to be done, by qt__epoch_sweep_node() for
 * RETIRING and FREEING; then qt__epoch_sweep_end(). In between the epoch that
 * id had pinned is pinned, so the structure may be walked.
 */
enum {
	QT__EPOCH_RETIRING = 0xfff1, QT__EPOCH_LIMBO, QT__EPOCH_FREEING,
};

/* At the start of each node, or anywhere in it. */
struct qt__epoch_node {
	_Atomic uint64_t	word;
	_Atomic uint64_t	next;		/* in limbo: a reference */
};

struct qt__epoch_record {
	_Atomic uint64_t	pin;		/* epoch << 17 | participant << 1 | 1;
						 * 0: nobody is at work here */
	_Atomic uint64_t	limbo[3];	/* first node; 0: none */
	_Atomic uint64_t	tag[3];		/* the epoch of that list */
	uint64_t		pad;
};
_Static_assert(sizeof(struct qt__epoch_record) == 64, "layout");

struct qt__epoch_area {
	_Atomic uint64_t	epoch;
	uint64_t		pad[7];
	struct qt__epoch_record	record[];
};
_Static_assert(sizeof(struct qt__epoch_area) == 64, "layout");

/* What the type says of its nodes. A reference is any number but 0. */
struct qt__epoch_ops {
	/* NULL: no such node (the reference came from the object). */
	struct qt__epoch_node *(*node)(const struct qt_obj *obj, uint64_t ref);
	/* Its word is FREEING; make it free. For id when it is swept. */
	void	(*free)(struct qt_obj *obj, uint64_t ref);
	/*
	 * Its word is RETIRING and its owner died: see to it that nothing in
	 * the structure leads to it any more. An epoch is pinned.
	 */
	void	(*unlink)(struct qt_obj *obj, uint64_t ref);
	uint64_t (*limit)(const struct qt_obj *obj);	/* most nodes there are */
};

#define QT__EPOCH_HINTS	16u

/* Part of the type's handle. */
struct qt__epoch {
	struct qt_obj			*obj;
	struct qt__epoch_area		*area;
	uint32_t			 count;		/* of records */
	const struct qt__epoch_ops	*ops;
	uint64_t			 limit;
	_Atomic uint32_t		 hint[QT__EPOCH_HINTS];
	_Atomic uint32_t		 retired;	/* since the last look */
};

/* A thread at work; on its stack. */
struct qt__epoch_guard {
	struct qt__epoch	*epoch;
	struct qt__epoch_record	*record;
};

/* Bytes of an area, aligned to 64; all zeros is a fresh one. */
static inline uint64_t
qt__epoch_size(uint32_t records)
{
	return sizeof(struct qt__epoch_area) +
	    (uint64_t)records * sizeof(struct qt__epoch_record);
}

/* at: the area's offset in the object, checked by the type's check(). */
void	qt__epoch_attach(struct qt__epoch *epoch, struct qt_obj *obj,
	    uint64_t at, uint32_t records, const struct qt__epoch_ops *ops);

/*
 * What is reachable now stays readable until leave. -EACCES; -EBUSY when more
 * threads are at work than there are records. Bounded.
 */
int	qt__epoch_enter(struct qt__epoch *epoch, struct qt__epoch_guard *guard);
void	qt__epoch_leave(struct qt__epoch_guard *guard);

/*
 * The node's word is RETIRING(self), and nothing leads to it any more. Now and
 * then it looks whether the epoch can pass, and frees what is old enough.
 */
void	qt__epoch_retire(struct qt__epoch_guard *guard, uint64_t ref);
/*
 * For who found no free node: lets epochs pass if it can, and frees all that
 * may be freed, of all lists. How many. Not while the calling thread is at work
 * on this object: leave first.
 */
uint64_t qt__epoch_reclaim(struct qt__epoch *epoch);

/* epoch.c, for epoch_sweep.c: a node onto a list of a record pinned by id. */
void	qt__epoch_push(struct qt__epoch *epoch, struct qt__epoch_record *record,
	    uint32_t id, uint64_t ref, struct qt__epoch_node *node);

/* Was id at work when it died? If not, there is nothing to be done. */
bool	qt__epoch_sweep_begin(struct qt__epoch *epoch, uint32_t id);
void	qt__epoch_sweep_node(struct qt__epoch *epoch, uint32_t id,
	    uint64_t ref);
void	qt__epoch_sweep_end(struct qt__epoch *epoch, uint32_t id);

/* Adds "epoch", "limbo" and, if somebody holds it back, "held back by". */
void	qt__epoch_describe(struct qt__epoch *epoch, struct qt_obj_stat *stat);
/* For qt_epoch_each(): the type's each_pin() calls it with its own epoch. */
int	qt__epoch_each(struct qt__epoch *epoch,
	    void (*fn)(void *arg, const struct qt_epoch_pin *pin), void *arg);
/* Pins of the dead, lists that lead nowhere. */
void	qt__epoch_fsck(struct qt__epoch *epoch, struct qt__fsck *f);

static inline uint64_t
qt__epoch_pin_epoch(uint64_t pin)
{
	return pin >> 17;
}

static inline uint32_t
qt__epoch_pin_id(uint64_t pin)
{
	return (uint32_t)(pin >> 1) & 0xffff;
}

#endif /* QT_SHM_EPOCH_PRIV_H */
