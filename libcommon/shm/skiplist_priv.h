/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_SHM_SKIPLIST_PRIV_H
#define QT_SHM_SKIPLIST_PRIV_H

#include <qt/shm/skiplist.h>

#include "hash_priv.h"

/*
 * A skip list (after K. Fraser, "Practical lock-freedom", 2004) with the nodes,
 * links and marks of the hash table, see hash_priv.h. Its nodes have a link for
 * each level: `next` is that of level 0, the others are the first words of
 * data; `hash` says how many levels it has.
 *
 *	insert	OWNED(p): linked at level 0, which is the insertion; then at
 *		the others; then LIVE
 *	delete	marked at level 0, which is the deletion; TAKEN(q) once it is
 *		LIVE; its other links are marked ("frozen"); one search takes
 *		it out of all levels; FREE
 *
 * A node that is marked while it is OWNED is its owner's to free, for only the
 * owner knows when no more links to it will be made. Whoever meets a node at an
 * upper level that is marked at level 0 freezes it there and takes it out. So
 * neither a dead nor a stopped process is in anybody's way.
 *
 * Going down from a node is right only while it is the same node: its link at
 * the level above is read again after that of the level below.
 */
#define QT__SKIP_LEVELS	16

/* See qt-segment(5). */
struct qt__skip_words {
	_Atomic uint64_t	head[QT__SKIP_LEVELS];
};
_Static_assert(sizeof(struct qt__skip_words) == 128, "layout");

struct qt_skiplist {
	struct qt_obj		 obj;
	struct qt__hash		 nodes;		/* without buckets */
	_Atomic uint64_t	*head;		/* a link for each level */
	uint32_t		 levels;
	bool			 is_key_fixed, is_value_fixed;
	uint32_t		 int_size;	/* of a key; 0: bytes */
	bool			 is_signed;
	_Atomic uint64_t	 dice;		/* for heights */
};

/* A place at one level: the link that leads to `at`, in node pred; 0: head. */
struct qt__spot {
	_Atomic uint64_t	*prev;
	uint64_t		 link;
	uint32_t		 at, pred;
};

struct qt__path {
	struct qt__spot	level[QT__SKIP_LEVELS];
	uint64_t	next;		/* of the node at level 0 */
	bool		is_match;
};

/* The link of a node at a level; of the head for node 0. */
static inline _Atomic uint64_t *
qt__skip_link(const struct qt_skiplist *s, uint32_t at, uint32_t level)
{
	struct qt__node	*n;

	if (at == 0)
		return &s->head[level];
	n = qt__hash_node(&s->nodes, at);
	return level == 0 ? &n->next : &n->data[level - 1];
}

static inline _Atomic uint64_t *
qt__skip_key(const struct qt_skiplist *s, uint32_t at)
{
	return &qt__hash_node(&s->nodes, at)->data[s->levels - 1];
}

/* The key that is in a node, in a place of ours; false: no key. */
static inline bool
qt__skip_copy_key(const struct qt_skiplist *s, uint32_t at, void *out,
    uint32_t *len)
{
	*len = (uint32_t)atomic_load_explicit(&qt__hash_node(&s->nodes,
	    at)->lens, memory_order_relaxed);
	if (*len == 0 || *len > s->nodes.key_max)
		return false;
	qt__words_get(out, qt__skip_key(s, at), *len);
	return true;
}

/* skiplist_life.c: from a head that this checks. */
int	qt__skip_init(struct qt_skiplist *s, const struct qt_obj *obj);

/* skiplist_find.c */
int	qt__skip_compare(const struct qt_skiplist *s, const void *a,
	    size_t a_len, const void *b, size_t b_len);
/*
 * For who changes: all places of a key; takes what is marked out on its way. key
 * NULL is behind all. is_past: behind all nodes of that key. 0, -QT_ECORRUPT.
 */
int	qt__skip_find(struct qt_skiplist *s, const void *key, uint32_t len,
	    bool is_past, struct qt__path *path);
/* For who reads: the place at level 0, with what is before and behind it. */
int	qt__skip_seek(const struct qt_skiplist *s, const void *key,
	    uint32_t len, bool is_past, struct qt__path *path);

/* skiplist_edit.c: as those of the hash table. They may change *path. */
int	qt__skip_insert(struct qt_skiplist *s, struct qt__path *path,
	    struct qt__new *node);
int	qt__skip_replace(struct qt_skiplist *s, struct qt__path *path,
	    struct qt__new *node);
int	qt__skip_remove(struct qt_skiplist *s, const struct qt__path *path);
void	qt__skip_sweep(struct qt_skiplist *s, uint32_t id);

#endif /* QT_SHM_SKIPLIST_PRIV_H */
