/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_SHM_HASH_SEEK_PRIV_H
#define QT_SHM_HASH_SEEK_PRIV_H

#include <errno.h>

#include "hash_priv.h"

/*
 * Finding a key, for who reads. See hash_priv.h and, why what is read belongs
 * together, hash_find.c. It is in line because a get is little more than this:
 * the fewer instructions it has, the more gets a processor has under way while
 * it waits for the memory.
 */

/* Is it the node's key? Its hash is. */
static inline bool
qt__hash_is_key(const struct qt__node *n, const struct qt__key *key)
{
	const unsigned char	*p = key->data;
	uint32_t		 left = key->len;
	uint64_t		 x, y;

	if ((uint32_t)atomic_load_explicit(&n->lens, memory_order_relaxed) !=
	    left)
		return false;
	for (const _Atomic uint64_t *at = n->data; left > 0; at++) {
		uint32_t	part = left < 8 ? left : 8;

		x = y = 0;
		qt__words_get(&x, at, part);
		memcpy(&y, p, part);
		if (x != y)
			return false;
		p += part;
		left -= part;
	}
	return true;
}

/*
 * For who reads: changes nothing. 0, when the caller has to look whether the
 * position holds once it has read what it wants of the node; -ENOENT or
 * -QT_ECORRUPT.
 */
__attribute__((always_inline)) static inline int
qt__hash_seek(const struct qt__hash *t, const struct qt__key *key,
    struct qt__pos *pos)
{
	uint64_t	link, next, hash;
	struct qt__node	*n;
	uint32_t	left;

again:
	pos->prev = qt__hash_bucket(t, key->hash);
	/* Pairs with the CAS that linked what it leads to. */
	link = pos->link = atomic_load_explicit(pos->prev,
	    memory_order_acquire);
	for (left = t->node_count;; left--) {
		pos->at = qt__link_index(link);
		/* 0, too, the end. */
		if (pos->at - 1 >= t->node_count || left == 0) {
			if (!qt__pos_holds(pos))
				goto again;
			return pos->at == 0 ? -ENOENT : -QT_ECORRUPT;
		}
		n = qt__hash_node(t, pos->at);
		/* Pairs with the CAS that linked or marked it. */
		next = atomic_load_explicit(&n->next, memory_order_acquire);
		hash = atomic_load_explicit(&n->hash, memory_order_relaxed);
		link = next;
		if (qt__link_mark(next) != QT__MARK_LIVE) {
			/* Past it, with what held before it in hand. */
			if (!qt__pos_holds(pos))
				goto again;
			continue;
		}
		if (hash == key->hash && qt__hash_is_key(n, key)) {
			pos->next = next;
			pos->is_match = true;
			return 0;
		}
		if (!qt__pos_holds(pos))
			goto again;
		if (hash > key->hash)
			return -ENOENT;
		pos->prev = &n->next;
		pos->link = next;
	}
}

#endif /* QT_SHM_HASH_SEEK_PRIV_H */
