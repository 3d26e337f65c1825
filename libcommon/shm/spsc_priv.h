/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_SHM_SPSC_PRIV_H
#define QT_SHM_SPSC_PRIV_H

#include <qt/shm/spsc.h>

#include "object_priv.h"

/*
 * A Lamport queue ("Specifying Concurrent Program Modules", 1983). tail counts
 * items that were published, head items that were released; each is written by
 * one side only, and each side keeps what it last saw of the other (Lee, Bu,
 * Chandranmenon, "A lock-free, cache-efficient multi-core synchronization
 * mechanism for line-rate network traffic monitoring", 2010), so most
 * operations touch no line that both write.
 *
 * If killed: tail and head are one store each. Before it nothing has happened,
 * after it everything has. The roles name their owners.
 */
struct qt__spsc_side {
	_Atomic uint64_t	role;	/* qt__owner(); state 0 nobody, 1 had */
	_Atomic uint64_t	at;	/* tail, or head */
	uint64_t		pad[14];
};
struct qt__spsc_body {
	struct qt__spsc_side	producer, consumer;
};
_Static_assert(sizeof(struct qt__spsc_body) == 256, "layout");
#define QT__SPSC_ITEMS	(QT__OBJ_BODY + sizeof(struct qt__spsc_body))

enum { QT__SPSC_NOT_EMPTY, QT__SPSC_NOT_FULL };	/* event counts */
enum { QT__SPSC_TAKEOVERS };			/* statistics */

/* An item of a queue without a dtype. */
struct qt__spsc_item {
	_Atomic uint32_t	len;
	uint32_t		pad;
	unsigned char		data[];
};

/* What one side of a handle knows. */
struct qt__spsc_end {
	struct qt__spsc_side	*side;
	uint64_t		 role;	/* our word in it; self 0: not ours */
	uint32_t		 self;
	uint64_t		 at;	/* ours */
	uint64_t		 seen;	/* the other's */
	uint64_t		 lent;	/* items of the last loan or take */
	uint64_t		 pad[2];
};

/* Head: capacity, elem_size = room. */
struct qt_spsc {
	struct qt_obj		 obj;
	struct qt__spsc_body	*body;
	unsigned char		*items;
	uint64_t		 capacity, mask;
	uint32_t		 stride, room;
	bool			 is_fixed;
	_Alignas(64) struct qt__spsc_end producer;
	_Alignas(64) struct qt__spsc_end consumer;
};

static inline unsigned char *
qt__spsc_at(const struct qt_spsc *q, uint64_t n)
{
	return q->items + (n & q->mask) * q->stride;
}

#endif /* QT_SHM_SPSC_PRIV_H */
