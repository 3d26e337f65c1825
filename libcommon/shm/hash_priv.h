/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_SHM_HASH_PRIV_H
#define QT_SHM_HASH_PRIV_H

#include <endian.h>
#include <string.h>

#include <qt/base/hash.h>

#include "object_priv.h"

/*
 * The hash table that maps, sets and caches are made of: lock-free, of fixed
 * capacity, no key twice, nothing half done that a death could leave.
 *
 *	bucket --link--> node --link--> node --> 0
 *
 * Buckets are lists sorted by hash and key (T. Harris, "A Pragmatic
 * Implementation of Non-Blocking Linked-Lists", 2001; M. Michael, "High
 * Performance Dynamic Lock-Free Hash Tables and List-Based Sets", 2002), with
 * indices for pointers and a count in each link that every change of it counts
 * up, so a compare-and-swap fails when anything happened since the link was
 * read. The bucket is the upper bits of the hash, so buckets and lists together
 * are one order.
 *
 * A link is {count 30 | mark 2 | index 32}; index 0 is the end. The mark says
 * of the node that the link is in:
 *
 *	LIVE		it is the entry of its key
 *	DELETED		the entry is no more
 *	REPLACED	the entry is the node that the link leads to
 *	FREED		it is in no list
 *
 * A change of an entry is one CAS: a new link in the node before (insert), or
 * a mark in the node itself (delete, replace). So a value is never changed in
 * place, and whoever holds a link that is still there has read whole bytes.
 * Marked nodes are taken out of the list by whoever passes.
 *
 * A node's word says who has it:
 *
 *	FREE --> OWNED(p) --> LIVE --> TAKEN(q) --> FREE
 *
 * OWNED: p fills it and links it. TAKEN: q marked it, makes sure that it is in
 * no list any more, and frees it. When p dies, its node is LIVE if it is
 * linked, else FREE. When q dies before it had TAKEN, the node is marked and
 * LIVE: the sweep takes it. Nobody waits for p or q; only the node is missing
 * meanwhile, and there are some to spare.
 *
 * Which nodes are free is found by a map of bits, hints that may be wrong: a
 * sweep sets them right.
 *
 * How many entries there are is counted: up before a node is linked, down when
 * it is freed, so a node whose count may be out is OWNED or TAKEN. Deaths
 * leave the count in doubt, and then nodes are counted when none is in between.
 */
enum { QT__NODE_FREE, QT__NODE_OWNED, QT__NODE_LIVE, QT__NODE_TAKEN };
enum { QT__MARK_LIVE, QT__MARK_DELETED, QT__MARK_REPLACED, QT__MARK_FREED };

/* See qt-segment(5). */
struct qt__node {
	_Atomic uint64_t	word;
	_Atomic uint64_t	next;
	_Atomic uint64_t	hash;
	_Atomic uint64_t	lens;	/* value's << 32 | key's */
	_Atomic uint64_t	data[];	/* key, value; each from a full word */
};
_Static_assert(sizeof(struct qt__node) == 32, "layout");

#define QT__HASH_WORDS	1u	/* flag: words have a hash of their own */
#define QT__HASH_KEY_MAX	4096	/* bytes of a key: fits the stack */

/* Statistics of the object that the table uses. */
#define QT__HASH_COUNT	0	/* changes << 32 | entries */
#define QT__HASH_DOUBT	1	/* deaths since the count was known */

struct qt__hash {
	struct qt_obj		*obj;
	_Atomic uint64_t	*taken;		/* bits: 1, hardly free */
	_Atomic uint64_t	*bucket;
	unsigned char		*node;		/* of index 0, which is none */
	uint32_t		 node_size, node_count;
	uint32_t		 bucket_shift;	/* of a hash */
	uint32_t		 key_max, value_max;
	uint32_t		 value_at;	/* in words of data */
	uint64_t		 capacity;
	struct qt_hash_key	 key;
	struct qt_hash_word	 word_key;	/* made of key */
	_Atomic uint32_t	 cursor;	/* where to look for free nodes */
	/* Gives back what a node that we have has elsewhere. May be NULL. */
	void			 (*on_free)(struct qt__hash *t, uint32_t at);
};

/* A place in a list, as it was seen. */
struct qt__pos {
	_Atomic uint64_t	*prev;		/* the link that leads there */
	uint64_t		 link;		/* what it was */
	uint64_t		 next;		/* the node's own, LIVE */
	uint32_t		 at;		/* the node; 0: the end */
	bool			 is_match;	/* it has the key */
};

/* A node that is ours and in no list yet. at 0: none. */
struct qt__new {
	uint64_t	word;
	uint32_t	at;
};

/* A key with its hash. */
struct qt__key {
	const void	*data;
	uint32_t	 len;
	uint64_t	 hash;
};

static inline uint32_t
qt__link_index(uint64_t link)
{
	return (uint32_t)link;
}

static inline uint32_t
qt__link_mark(uint64_t link)
{
	return (uint32_t)(link >> 32) & 3;
}

/* What comes after a link, with its count one up. */
static inline uint64_t
qt__link_after(uint64_t link, uint32_t mark, uint32_t index)
{
	return ((link >> 34) + 1) << 34 | (uint64_t)mark << 32 | index;
}

static inline struct qt__node *
qt__hash_node(const struct qt__hash *t, uint32_t at)
{
	return (struct qt__node *)(void *)(t->node +
	    (uint64_t)at * t->node_size);
}

/* Bytes to words that others may be reading, and back. */
static inline void
qt__words_put(_Atomic uint64_t *to, const void *from, size_t len)
{
	const unsigned char	*p = from;
	uint64_t		 x;

	for (; len >= 8; len -= 8, p += 8) {
		memcpy(&x, p, 8);
		atomic_store_explicit(to++, x, memory_order_relaxed);
	}
	if (len > 0) {
		x = 0;
		memcpy(&x, p, len);
		atomic_store_explicit(to, x, memory_order_relaxed);
	}
}

static inline void
qt__words_get(void *to, const _Atomic uint64_t *from, size_t len)
{
	unsigned char	*p = to;
	uint64_t	 x;

	for (; len >= 8; len -= 8, p += 8) {
		x = atomic_load_explicit(from++, memory_order_relaxed);
		memcpy(p, &x, 8);
	}
	if (len > 0) {
		x = atomic_load_explicit(from, memory_order_relaxed);
		memcpy(p, &x, len);
	}
}

/*
 * As often may a change find that somebody was faster. It is never reached by
 * chance; in a damaged table a change may be in its own way for ever.
 */
#define QT__HASH_TRIES	(1u << 20)
/* Before it is full: others may die between a sweep and the next look. */
#define QT__HASH_SWEEPS	4u

/* key's length is 1 to key_max. */
static inline struct qt__key
qt__hash_key(const struct qt__hash *t, const void *data, uint32_t len)
{
	struct qt__key	key = { .data = data, .len = len };
	uint64_t	x;

	if (len == sizeof(x)) {
		memcpy(&x, data, sizeof(x));
		key.hash = qt_hash_word(&t->word_key, le64toh(x));
	} else {
		key.hash = qt_hash_quick(&t->key, data, len);
	}
	return key;
}

static inline _Atomic uint64_t *
qt__hash_bucket(const struct qt__hash *t, uint64_t hash)
{
	return &t->bucket[hash >> t->bucket_shift];
}

/* So that other work overlaps with the way to the memory. */
static inline void
qt__hash_prefetch(const struct qt__hash *t, const struct qt__key *key)
{
	__builtin_prefetch(qt__hash_bucket(t, key->hash));
}

/* Is the link still what it was? Then all that was read behind it is so. */
static inline bool
qt__pos_holds(const struct qt__pos *pos)
{
	/* Orders the loads of data before that of the link. */
	qt__fence(memory_order_acquire);
	return atomic_load_explicit(pos->prev, memory_order_acquire) ==
	    pos->link;
}

/* --- hash.c --------------------------------------------------------------- */

/*
 * Bytes of a table behind `at`, and what goes into spec->param; UINT64_MAX when
 * it is too large. spec has capacity, key_size, elem_size.
 */
uint64_t qt__hash_plan(struct qt_seg *seg, struct qt__obj_spec *spec,
	    uint64_t at);
/* From a head that is checked by this: 0 or -QT_ECORRUPT. */
int	qt__hash_init(struct qt__hash *t, const struct qt_obj *obj,
	    uint64_t at);
/* Where the table ends. */
uint64_t qt__hash_end(const struct qt__hash *t);

/* --- hash_dtype.c --------------------------------------------------------- */

struct qt_dtype;

/* A dtype, if there is one, says how many bytes; *dtype is then its text. */
int	qt__hash_size_by(const char **dtype, struct qt_dtype *parsed,
	    uint32_t *size, struct qt_err *err);
/* Do the head's types and sizes match? 0 or -QT_ECORRUPT. */
int	qt__hash_check_types(const struct qt__obj_head *head);
/* Are they what somebody wants? NULL: any. 0 or -EINVAL. */
int	qt__hash_compare_types(const struct qt__obj_head *head,
	    const char *key_dtype, const char *dtype, struct qt_err *err);

/* --- hash_node.c ---------------------------------------------------------- */

/* A node that names us and has that key; 0, or -QT_EFULL. */
int	qt__hash_alloc(struct qt__hash *t, const struct qt__key *key,
	    struct qt__new *out);
/* Any node, without a key; false: none was found. Sweeps nobody. */
bool	qt__hash_take(struct qt__hash *t, struct qt__new *out);
void	qt__hash_set_key(struct qt__hash *t, const struct qt__new *node,
	    const struct qt__key *key);
/* Frees a node that was in no list. */
void	qt__hash_drop(struct qt__hash *t, const struct qt__new *node);
/*
 * at was marked by us; its link is `marked` since. Frees it, unless somebody
 * else does; is_out: it is in no list any more.
 */
void	qt__hash_retire(struct qt__hash *t, uint32_t who, uint32_t at,
	    uint64_t marked, bool is_out);
/* Frees a node that has word and is in no list; the second, only it. */
void	qt__hash_free(struct qt__hash *t, uint32_t at, uint64_t word);
void	qt__hash_free_one(struct qt__hash *t, uint32_t at, uint64_t word);
/* Sets the hint of a node right. */
void	qt__hash_hint(struct qt__hash *t, uint32_t at);

/* --- hash_find.c ---------------------------------------------------------- */

/*
 * For who changes: the place of a key, or where it would be. Takes marked nodes
 * out on its way. is_past: goes behind all nodes of that key. 0 or
 * -QT_ECORRUPT.
 */
int	qt__hash_find(struct qt__hash *t, const struct qt__key *key,
	    bool is_past, struct qt__pos *pos);
/*
 * The first entry behind a key (data NULL: of all): 0 with its key copied out,
 * -ENOENT, -QT_ECORRUPT. key_out has room for key_max bytes and is not key's own
 * place.
 */
int	qt__hash_next(const struct qt__hash *t, const struct qt__key *key,
	    struct qt__pos *pos, void *key_out, uint32_t *key_len);

/* --- hash_edit.c ---------------------------------------------------------- */

/* 0, -EAGAIN (somebody was faster: find again), -QT_EFULL. */
int	qt__hash_insert(struct qt__hash *t, const struct qt__pos *pos,
	    struct qt__new *node);
/* 0 or -EAGAIN. */
int	qt__hash_replace(struct qt__hash *t, const struct qt__pos *pos,
	    struct qt__new *node);
int	qt__hash_remove(struct qt__hash *t, const struct qt__pos *pos);

/* --- hash_sweep.c --------------------------------------------------------- */

void	qt__hash_sweep(struct qt__hash *t, uint32_t id);
/* How many entries; settles the count when it is in doubt. */
uint64_t qt__hash_count(struct qt__hash *t);
void	qt__hash_fsck(struct qt__hash *t, struct qt__fsck *f);

#endif /* QT_SHM_HASH_PRIV_H */
