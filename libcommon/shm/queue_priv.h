/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_SHM_QUEUE_PRIV_H
#define QT_SHM_QUEUE_PRIV_H

#include <qt/shm/queue.h>

#include "chunk_priv.h"

/*
 * How a queue works. See <qt/shm/queue.h> for what it does.
 *
 *	head			tail
 *	 v			 v
 *	[lap,gen,i] [lap,gen,i] [old lap] ...	cells, a power of two
 *	     |		 |
 *	     v		 v
 *	  chunk i	chunk i'		{gen | owner | state}, item
 *
 * Positions count from the number of cells up; position p belongs to cell
 * p mod cells in lap p / cells. A cell says in which lap it was written last,
 * and which use (generation) of which chunk is there.
 *
 * push	claim a chunk (FREE -> OWNED), fill it; then one CAS of the first cell
 *	whose lap is an older one puts it into the queue. The chunk's place says
 *	which position that was, so that of a dead owner's chunk anybody can say
 *	whether it is in the queue.
 * pop	at the head: the chunk OWNED and of the cell's generation? One CAS to
 *	TAKEN takes it out. Otherwise somebody has: head + 1, by anyone.
 *
 * So positions that are published are all those before some p, and positions
 * whose item is gone all those before some q. tail and head are hints: each
 * was true when it was stored, and says of all before it that they are
 * published, or gone; but it is a plain store, which may come late by any time.
 * Who starts from one goes on by what cells and chunks say: a step a position,
 * and from one that is old by laps at once, for a cell that was written in a
 * later lap says that all before it are gone.
 *
 * There are at least as many cells as chunks, so a chunk that is to be
 * published always finds a cell: capacity is looked at before, when it is
 * claimed.
 *
 * If killed, the words say: OWNED in no cell (its place does not lead to a
 * cell that names this use of it): it was being filled; free it. OWNED in a
 * cell: it is in the queue, whoever put it there. TAKEN: drop it, or AGAIN,
 * which is OWNED with the duty to see it into a cell.
 *
 * Why not one word a cell, as D. Vyukov's bounded queue (2010): a producer that
 * has claimed its position and is stopped holds up everybody, and one that is
 * killed does so for ever.
 */
struct qt__queue_body {
	_Atomic uint64_t	tail;
	uint64_t		pad1[15];
	_Atomic uint64_t	head;		/* 128 */
	uint64_t		pad2[15];
};
_Static_assert(sizeof(struct qt__queue_body) == 256, "layout");
_Static_assert(offsetof(struct qt__queue_body, head) == 128, "layout");
#define QT__QUEUE_CELLS	(QT__OBJ_BODY + sizeof(struct qt__queue_body))

/* A cell is lap | generation: 20 bits | chunk: as many as are needed. */
#define QT__QUEUE_GEN_BITS	20u
#define QT__QUEUE_CELLS_MIN	64u

enum { QT__QUEUE_NOT_EMPTY, QT__QUEUE_NOT_FULL };	/* event counts */
enum { QT__QUEUE_DROPPED, QT__QUEUE_AGAIN, QT__QUEUE_TAKEOVERS };

/* Head: capacity, elem_size = room, flags, param[0] = chunks. */
struct qt_queue {
	struct qt_obj		 obj;
	struct qt__queue_body	*body;
	_Atomic uint64_t	*cells;
	struct qt__chunks	 chunks;
	uint64_t		 capacity, cell_count, mask;
	unsigned int		 lap_shift;	/* of a position */
	unsigned int		 cell_shift;	/* of the lap in a cell */
	unsigned int		 gen_shift;	/* = bits of a chunk number */
	uint64_t		 gen_mask;
	uint32_t		 index_mask;
	bool			 is_fixed;	/* items of one size */
	_Atomic uint64_t	 head_seen;	/* at least this */
	_Atomic uint64_t	 swept_ms;	/* when we looked for the dead */
};

static inline uint64_t
qt__queue_cell(const struct qt_queue *q, uint64_t pos, uint64_t word,
    uint32_t index)
{
	return (pos >> q->lap_shift) << q->cell_shift |
	    (qt__owner_generation(word) & q->gen_mask) << q->gen_shift | index;
}

/* Does cell c say that position pos is published? */
static inline bool
qt__queue_is_of(const struct qt_queue *q, uint64_t c, uint64_t pos)
{
	return ((pos >> q->lap_shift << q->cell_shift) ^ c) >>
	    q->cell_shift == 0;
}

/*
 * Laps that cell c is ahead of position pos: 0, it is published; -1, it is the
 * next of this cell; more than 0, pos is an old position.
 */
static inline int64_t
qt__queue_ahead(const struct qt_queue *q, uint64_t c, uint64_t pos)
{
	unsigned int	bits = 64 - q->cell_shift;
	uint64_t	laps = (c >> q->cell_shift) - (pos >> q->lap_shift);

	return (int64_t)(laps << (64 - bits)) >> (64 - bits);
}

/* Is what cell c names still in the queue, if its chunk says word? */
static inline bool
qt__queue_is_there(const struct qt_queue *q, uint64_t c, uint64_t word)
{
	uint32_t	state = qt__owner_state(word);

	return (state == QT__CHUNK_OWNED || state == QT__CHUNK_AGAIN) &&
	    ((c >> q->gen_shift ^ qt__owner_generation(word)) &
	    q->gen_mask) == 0;
}

/*
 * More steps from cell to cell than this are made by nobody: laps that each say
 * of the next that it is a later one go round for ever.
 */
static inline uint64_t
qt__queue_steps(const struct qt_queue *q)
{
	return 8 * q->cell_count + 65536;
}

/* queue_push.c: puts a chunk of ours that says word into a cell. */
int	qt__queue_enter(struct qt_queue *q, uint32_t index, uint64_t word);
/* Is it in one, if it says word? Its owner is dead, or we are. */
bool	qt__queue_has(const struct qt_queue *q, uint32_t index, uint64_t word);

/*
 * queue_pop.c: the first position from h on whose item is not gone. It writes
 * nothing; qt__queue_settle_head() starts at head and moves it there.
 */
uint64_t qt__queue_skip(const struct qt_queue *q, uint64_t h);
uint64_t qt__queue_settle_head(struct qt_queue *q);

/* queue_sweep.c */
void	qt__queue_sweep(struct qt_obj *obj, uint32_t id);
void	qt__queue_fsck(struct qt_obj *obj, struct qt__fsck *f);
void	qt__queue_each_hold(struct qt_obj *obj, struct qt__holds *h);
/* An item that is TAKEN, by one who died or by us, goes in again. */
int	qt__queue_again(struct qt_queue *q, uint32_t index, uint64_t word);
/* queue.c: where everything is, of an object whose head was checked. */
void	qt__queue_attach(struct qt_queue *q, const struct qt_obj *obj);

#endif /* QT_SHM_QUEUE_PRIV_H */
