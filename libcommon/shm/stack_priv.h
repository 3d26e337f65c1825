/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_SHM_STACK_PRIV_H
#define QT_SHM_STACK_PRIV_H

#include <qt/shm/stack.h>

#include "chunk_priv.h"

/*
 * A Treiber stack ("Systems Programming: Coping with Parallelism", 1986) over
 * chunks, whose top says who is popping.
 *
 *	top { tag | popper | chunk + 1 }
 *				|
 *				v
 *			{gen | owner | state}, depth, next
 *
 * push	claims a chunk (OWNED), fills it, sees that the chunk on top is LINKED,
 *	and puts its own on top with one CAS.
 * pop	writes its number into top, with one CAS: from then on the chunk on top
 *	is its. Then the chunk becomes TAKEN by it, and top the next chunk: by
 *	anyone who comes by, in this order.
 *
 * The tag grows with each change of top, so what was read of the chunk on top
 * is true if top is the same afterwards; and while it is, a chunk on the stack
 * stays as it is, but for the one on top.
 *
 * If killed: a popper's number in top: anyone finishes that, and then the chunk
 * is TAKEN by the dead: drop it, or AGAIN, to be put on top. OWNED: it is on
 * the stack only if it is on top, for before another is put on it, it becomes
 * LINKED; so one look at top says whether it was pushed.
 *
 * Why the number is in top: if popping began with the chunk's word, somebody
 * who had looked before could push on top of a chunk that is being popped,
 * and it would come free in the middle of the stack.
 */
struct qt__stack_body {
	_Atomic uint64_t	top;
	uint64_t		pad1[7];
	struct qt__chunk_hints	hints;		/* 64 */
};
_Static_assert(sizeof(struct qt__stack_body) == 128, "layout");
#define QT__STACK_CHUNKS	(QT__OBJ_BODY + sizeof(struct qt__stack_body))
#define QT__STACK_POPPER_BITS	13u	/* QT__SEG_SLOTS_MAX is 4096 */

enum { QT__STACK_NOT_EMPTY, QT__STACK_NOT_FULL };	/* event counts */
enum { QT__STACK_DROPPED, QT__STACK_AGAIN, QT__STACK_TAKEOVERS };

/* Head: capacity, elem_size = room, flags, param[0] = chunks. */
struct qt_stack {
	struct qt_obj		 obj;
	struct qt__stack_body	*body;
	struct qt__chunks	 chunks;
	uint64_t		 capacity;
	unsigned int		 popper_shift;	/* = bits of chunk + 1 */
	unsigned int		 tag_shift;
	uint32_t		 index_mask;
};

/* top after *t, with another popper and chunk + 1. */
static inline uint64_t
qt__stack_top(const struct qt_stack *s, uint64_t t, uint32_t popper,
    uint32_t chunk1)
{
	return ((t >> s->tag_shift) + 1) << s->tag_shift |
	    (uint64_t)popper << s->popper_shift | chunk1;
}

static inline uint32_t
qt__stack_chunk1(const struct qt_stack *s, uint64_t t)
{
	return (uint32_t)t & s->index_mask;
}

static inline uint32_t
qt__stack_popper(const struct qt_stack *s, uint64_t t)
{
	return (uint32_t)(t >> s->popper_shift) &
	    ((1u << QT__STACK_POPPER_BITS) - 1);
}

/* A chunk's place: how many there are from it down, and the next one + 1. */
static inline uint32_t
qt__stack_depth(uint64_t place)
{
	return (uint32_t)(place >> 32);
}

static inline uint32_t
qt__stack_next(uint64_t place)
{
	return (uint32_t)place;
}

/* stack.c: where everything is, of an object whose head was checked. */
void	qt__stack_attach(struct qt_stack *s, const struct qt_obj *obj);
/* How many there are below t, a top that was loaded, itself included. */
uint32_t qt__stack_height(const struct qt_stack *s, uint64_t t);

/* stack_move.c: finishes the pop that t speaks of. 0 or -QT_ECORRUPT. */
int	qt__stack_help(struct qt_stack *s, uint64_t t);
/* Puts a chunk that says word, ours or a dead one's, on top. */
int	qt__stack_link(struct qt_stack *s, uint32_t index);

/* stack_sweep.c */
void	qt__stack_sweep(struct qt_obj *obj, uint32_t id);
void	qt__stack_fsck(struct qt_obj *obj, struct qt__fsck *f);
void	qt__stack_each_hold(struct qt_obj *obj, struct qt__holds *h);

#endif /* QT_SHM_STACK_PRIV_H */
