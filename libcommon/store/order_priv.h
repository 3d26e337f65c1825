/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_STORE_ORDER_PRIV_H
#define QT_STORE_ORDER_PRIV_H
/*
 * The records of a memtable in order.
 *
 * Puts pay for the hash index only. Who wants order (a scan, a flush) has what
 * is new linked into a skiplist first, all at once:
 *
 *	log	... | r | r | r | r | r | r |
 *	           ordered                  upto
 *	             |  collect, sort in private memory
 *	             v
 *	      one pass over the list, from the least to the greatest, each from
 *	      where the last one was put (a finger): O(log(n/m)) for each of m
 *
 * The list is in the node area of the memtable's segment. One process links at
 * a time, under the memtable's lock ORDER; any number read meanwhile without a
 * lock, and are never held up. A node is built whole, node_head moved behind it,
 * and only then linked, from level 0 upwards, each by one release store. So
 * killed anywhere, the list is sound: the next one to link begins at ordered
 * again, and passes over those records that it finds linked already. What is
 * lost are the nodes of one step (QT__ORDER_CLAIM bytes) at most.
 *
 * A node holds 8 bytes of its key, so most comparisons touch nodes only. Keys
 * of one store often begin alike, so these are not the first 8 but those behind
 * the bytes that the keys of the first batch have in common (the base). The word
 * of a key that does not begin with the base is 0 if it is less than all that do,
 * and UINT64_MAX if it is greater. Where words are equal the keys are compared.
 *
 * Everything that comes from the segment is checked when it is used: places,
 * heights, the words, that a cursor goes on in order, and that a search comes
 * to an end. The answer is -QT_ECORRUPT.
 *
 * Skiplists: Pugh, "Skip Lists: A Probabilistic Alternative to Balanced Trees",
 * CACM 1990; fingers: the same, "A Skip List Cookbook", 1990.
 */
#include "mem_priv.h"

/* --- For the store -------------------------------------------------------- */

/*
 * Links all records of offsets less than upto, a frame's offset that is not
 * above indexed. Nothing to do when they are. Threads of one user exclude each
 * other before, as for qt__lock_take(), whose deadline_ms it is.
 *
 * 0, -EACCES (opened for reading), -EBUSY or -ETIMEDOUT (somebody else is at it,
 * or is stopped), -ENOSPC (/dev/shm, or the area, is full), -ENOMEM,
 * -QT_ECORRUPT. What was linked so far stays so; the list is sound.
 */
int	qt__order_link(struct qt__mem *m, const struct qt__user *user,
	    uint64_t upto, uint64_t deadline_ms, struct qt_err *err);
/*
 * A cursor over all records of offsets less than upto, and no others: newer
 * ones that are linked meanwhile are passed over. -EAGAIN when they are not
 * linked yet. m must outlive it. Wait-free.
 */
int	qt__order_cursor(struct qt__mem *m, uint64_t upto,
	    struct qt__cursor **out);
/*
 * The same from an array in private memory, for who may not or cannot link: 16
 * bytes a record, and twice that for a moment. -ENOMEM, -QT_ECORRUPT.
 */
int	qt__order_private(struct qt__mem *m, uint64_t upto,
	    struct qt__cursor **out);
/* Links if it can, and gives the one cursor or the other. user may be NULL. */
int	qt__order_open(struct qt__mem *m, const struct qt__user *user,
	    uint64_t upto, uint64_t deadline_ms, struct qt__cursor **out);

/* --- Between the files order*.c ------------------------------------------- */

#define QT__ORDER_LEVELS	16u
#define QT__ORDER_FIRST		64u		/* the first node */
#define QT__ORDER_CLAIM		(64u << 10)
#define QT__ORDER_BATCH		(1u << 20)	/* records sorted at a time */

/* At the start of the node area; constant once node_head is not 0. */
struct qt__order_area {
	uint64_t	base;		/* a record's offset / 8 << 32 | so many
					   bytes of its key */
	uint64_t	pad[7];
};
_Static_assert(sizeof(struct qt__order_area) == QT__ORDER_FIRST, "layout");

/* An id is the offset of a node in the area, / 8; 0 is the list's head. */
struct qt__order_node {
	uint64_t		word;
	uint32_t		record;		/* offset of its frame / 8 */
	uint8_t			height;		/* 1 to QT__ORDER_LEVELS */
	uint8_t			pad[3];
	_Atomic uint32_t	next[];		/* ids */
};
_Static_assert(sizeof(struct qt__order_node) == 16, "layout");

/* What words are made with. */
struct qt__order_base {
	const uint8_t	*common;
	uint32_t	 skip;		/* bytes there */
};

/*
 * 8 bytes of a key as a number: never less than that of a lesser key. The first
 * ones count most, those that are missing are 0.
 */
static inline uint64_t
qt__order_load(const uint8_t *key, uint32_t len, uint32_t from)
{
	uint64_t	w = 0;

	if (len >= from + 8)
		memcpy(&w, key + from, 8);
	else if (len > from)
		memcpy(&w, key + from, len - from);
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	w = __builtin_bswap64(w);
#endif
	return w;
}

static inline uint64_t
qt__order_word(const struct qt__order_base *b, const uint8_t *key,
    uint32_t len)
{
	int	c;

	if (b->skip > 0) {
		c = memcmp(key, b->common, len < b->skip ? len : b->skip);
		if (c != 0 || len < b->skip)
			return c > 0 ? UINT64_MAX : 0;
	}
	return qt__order_load(key, len, b->skip);
}

/* A place in the order; key NULL: behind all. */
struct qt__order_key {
	uint64_t	 word;
	const uint8_t	*key;
	uint32_t	 len;
	uint32_t	 record;	/* UINT32_MAX: before all of that key */
};

/* A list, as somebody sees it. */
struct qt__order_view {
	const struct qt__mem	*m;
	struct qt__order_base	 base;
	uint64_t		 nodes_end;	/* of the area, may be used */
	uint64_t		 log_end;
	uint64_t		 steps;		/* more nodes there cannot be */
};

/* order_find.c. 0, or -QT_ECORRUPT. */
int	qt__order_view(struct qt__order_view *v, const struct qt__mem *m);
/* A node, checked, or NULL. */
const struct qt__order_node *qt__order_node(struct qt__order_view *v,
	    uint32_t id);
/* The node after this one on a level: its id, 0 at the end; negative. */
int64_t	qt__order_next(struct qt__order_view *v, uint32_t id, uint32_t level);
/* The order of a node and a place: 1 with *order, or negative. */
int	qt__order_compare(struct qt__order_view *v, uint32_t id,
	    const struct qt__order_key *key, int *order);
/* The key of a record; borrowed. */
int	qt__order_key(struct qt__order_view *v, uint32_t record,
	    struct qt__order_key *out);
/*
 * The last nodes before a place, by level, and the first that is not before it
 * (0: none).
 */
int	qt__order_find(struct qt__order_view *v,
	    const struct qt__order_key *key, uint32_t path[QT__ORDER_LEVELS],
	    uint32_t *next);

/* order_sort.c: records, sorted in private memory. */
struct qt__order_item {
	uint64_t	word;
	uint32_t	record;
	uint32_t	unused;
};
struct qt__order_items {
	struct qt__order_item	*at;
	uint32_t		 count, room;
	uint64_t		 end;	/* all before this offset were taken */
};
/*
 * Takes the records from offset from on, up to upto, at most max of them, and
 * sorts them. With *base not yet set (common NULL) sets it, and *first to the
 * record that it is from.
 */
int	qt__order_collect(struct qt__order_items *items,
	    const struct qt__mem *m, uint64_t from, uint64_t upto, uint32_t max,
	    struct qt__order_base *base, uint32_t *first);
void	qt__order_items_clear(struct qt__order_items *items);

/* Brings in what of a frame is read first. */
static inline void
qt__order_prefetch(const struct qt__mem *m, uint32_t record)
{
	uintptr_t	at = (uintptr_t)m->log + (uint64_t)record * 8;

	__builtin_prefetch((const void *)at);
	__builtin_prefetch((const void *)(at + 64));
	__builtin_prefetch((const void *)(at + 128));
}

#endif /* QT_STORE_ORDER_PRIV_H */
