/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_SHM_CACHE_PRIV_H
#define QT_SHM_CACHE_PRIV_H

#include <qt/shm/cache.h>

#include "hash_priv.h"

/*
 * A cache is the hash table of hash_priv.h, whose nodes are units, and beside
 * it what decides who goes.
 *
 *	words	the small queue's ends and the main clock's hand
 *	counts	lines of counters; a participant uses that of its number
 *	small	the small queue: {life 32 | node 32}, in a ring
 *	ghost	hashes of what left the small queue unused
 *	expiry	of each node: {life 16 | ms since 1970 48}; ms 0: never
 *	meta	of each node a byte: bits below
 *	table
 *
 * All of these but the table and expiry are hints: whatever they say, an entry
 * is what the table has, and a hint is compared with it before it is followed.
 * So nothing there can be half done.
 *
 * An entry is a node of the table, and what of its value does not fit in there
 * is in parts, a list of further nodes:
 *
 *	node	key, {life 32 | first part 32}, value ...
 *	part	hash: {life 32 | node 32}, lens: the next part, data: value
 *
 * life is the generation of the node's word when it was taken: it tells one
 * entry in a node from the next one. A part belongs to the entry that it names.
 * Before a node is freed its parts are; a part whose node has another life, or
 * none, was left by somebody who died: the sweep frees it.
 */
enum { QT__NODE_PART = QT__NODE_TAKEN + 1 };

#define QT__META_USES	3	/* uses, up to 3 */
#define QT__META_MAIN	4	/* not in the small queue */
#define QT__META_SEEN	8	/* the hand passed it while it was in that */
#define QT__META_ENTRY	16	/* it is an entry's node, not free, no part */

#define QT__CACHE_LINES	16

enum { QT__HITS, QT__MISSES, QT__PUTS, QT__EVICTIONS, QT__EXPIRED,
    QT__REFUSED };

/* See qt-segment(5). */
struct qt__cache_words {
	_Atomic uint64_t	head;		/* small queue: next to leave */
	uint64_t		pad1[7];
	_Atomic uint64_t	tail;		/* 64: next to enter */
	uint64_t		pad2[7];
	_Atomic uint64_t	hand;		/* 128: of the main clock */
	uint64_t		pad3[7];
	_Atomic uint64_t	count[QT__CACHE_LINES][8];	/* 192 */
};
_Static_assert(sizeof(struct qt__cache_words) == 192 + 1024, "layout");

struct qt_cache {
	struct qt_obj		 obj;
	struct qt__hash		 hash;
	struct qt__cache_words	*words;
	_Atomic uint64_t	*small;
	_Atomic uint32_t	*ghost;
	_Atomic uint64_t	*expiry;
	_Atomic uint8_t		*meta;
	uint64_t		 small_mask;
	uint32_t		 value_max;
	uint32_t		 unit;
};

/* One operation: who asks, when. */
struct qt__cache_turn {
	struct qt_cache	*c;
	uint64_t	 now;
};

static inline void
qt__cache_add(struct qt_cache *c, unsigned int which)
{
	uint32_t	self = qt__obj_self(&c->obj);

	if (self != 0)
		atomic_fetch_add_explicit(&c->words->count[self %
		    QT__CACHE_LINES][which], 1, memory_order_relaxed);
}

/* cache_life.c: from a head that this checks. 0 or -QT_ECORRUPT. */
int	qt__cache_init(struct qt_cache *c, const struct qt_obj *obj);

/* --- cache_value.c -------------------------------------------------------- */

/* Where an entry's value begins; its word {life | first part} is before it. */
static inline _Atomic uint64_t *
qt__cache_value(const struct qt_cache *c, uint32_t at)
{
	return &qt__hash_node(&c->hash, at)->data[c->hash.value_at + 1];
}

static inline uint32_t
qt__cache_life(const struct qt_cache *c, uint32_t at)
{
	return (uint32_t)(atomic_load_explicit(&qt__hash_node(&c->hash,
	    at)->data[c->hash.value_at], memory_order_relaxed) >> 32);
}

/* How many units a value needs. */
uint32_t qt__cache_units(const struct qt_cache *c, uint32_t len);
/* Makes room for and copies a value into a node and parts. 0, -QT_EFULL. */
int	qt__cache_fill(struct qt__cache_turn *turn, struct qt__new *node,
	    const struct qt__key *key, const void *value, uint32_t len);
/* Copies it out; as of then. Its length, or -QT_ECORRUPT. */
ssize_t	qt__cache_copy(const struct qt_cache *c, uint32_t at, void *out,
	    size_t size);
/* hash->on_free. */
void	qt__cache_free_parts(struct qt__hash *t, uint32_t at);
/* Parts of entries that are no more. */
void	qt__cache_sweep_parts(struct qt_cache *c, uint32_t id);

/* --- cache_evict.c -------------------------------------------------------- */

static inline uint64_t
qt__expiry_ms(uint64_t expiry)
{
	return expiry & ((UINT64_C(1) << 48) - 1);
}

static inline bool
qt__expiry_is_past(uint64_t expiry, uint64_t now)
{
	return qt__expiry_ms(expiry) != 0 && now >= qt__expiry_ms(expiry);
}

/* The word for an entry of that life that is put now. */
uint64_t qt__expiry_of(uint32_t life, uint64_t now, uint64_t ttl);

/* A use of an entry: stores only what is not there yet. */
static inline void
qt__cache_use(struct qt_cache *c, uint32_t at)
{
	uint8_t	m = atomic_load_explicit(&c->meta[at], memory_order_relaxed);

	if ((m & QT__META_USES) < QT__META_USES)
		atomic_store_explicit(&c->meta[at], (uint8_t)(m + 1),
		    memory_order_relaxed);
}

/* An entry was put: where does it belong? was: meta of the one before, or 0. */
void	qt__cache_enter(struct qt__cache_turn *turn, uint32_t at,
	    uint32_t life, uint64_t hash, uint8_t was);
/* Takes something out. false: nothing was found. */
bool	qt__cache_evict(struct qt__cache_turn *turn);
/* Takes out an entry whose time has passed, if it is still that one. */
void	qt__cache_expire(struct qt__cache_turn *turn, const struct qt__pos *pos);

#endif /* QT_SHM_CACHE_PRIV_H */
