/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finding a key in its list. See hash_priv.h.
 *
 * A node is read, and then the link that led to it is read again: is it the
 * same, down to its count, the node was in the list all the time, and what was
 * read of it belongs together. That holds for a row of marked nodes behind
 * that link, too: their links do not change any more, and the first of them
 * has to be taken out before the second can be.
 */

#include <errno.h>

#include "hash_priv.h"

/* Less than 0, 0, more than 0: the node's key is before, is, is behind key. */
static inline int
compare(const struct qt__hash *t, const struct qt__node *n,
    const struct qt__key *key)
{
	uint64_t	hash = atomic_load_explicit(&n->hash,
	    memory_order_relaxed);
	uint32_t	len, i = 0;
	uint64_t	x, y;

	if (hash != key->hash)
		return hash < key->hash ? -1 : 1;
	len = (uint32_t)atomic_load_explicit(&n->lens, memory_order_relaxed);
	if (len != key->len)
		return len < key->len ? -1 : 1;
	if (len > t->key_max)
		return 1;
	for (; i < len; i += 8) {
		uint32_t	part = len - i < 8 ? len - i : 8;

		x = y = 0;
		qt__words_get(&x, &n->data[i / 8], part);
		memcpy(&y, (const unsigned char *)key->data + i, part);
		if (x != y)
			return x < y ? -1 : 1;
	}
	return 0;
}

/*
 * The row of nodes from a bucket on, one at a time. Everything that was read is
 * so if the position still holds.
 */
struct walk {
	struct qt__pos	 pos;
	struct qt__node	*node;
	uint64_t	 link;	/* that led to node */
	uint32_t	 left;	/* steps: longer than all nodes is a loop */
};

static inline void
walk_start(const struct qt__hash *t, struct walk *w, _Atomic uint64_t *bucket)
{
	w->pos.prev = bucket;
	w->pos.link = w->link = atomic_load_explicit(bucket,
	    memory_order_acquire);
	w->pos.is_match = false;
	w->left = t->node_count + 1;
}

/* 1 with a node, 0 at the end, -QT_ECORRUPT; the last two as of then. */
static inline int
walk_node(const struct qt__hash *t, struct walk *w)
{
	uint32_t	at = qt__link_index(w->link);

	w->pos.at = at;
	if (at == 0)
		return 0;
	if (at > t->node_count || w->left-- == 0)
		return -QT_ECORRUPT;
	w->node = qt__hash_node(t, at);
	/* Pairs with the CAS that linked or marked it. */
	w->pos.next = atomic_load_explicit(&w->node->next,
	    memory_order_acquire);
	return 1;
}

static inline void
walk_on(struct walk *w)
{
	w->pos.prev = &w->node->next;
	w->pos.link = w->link = w->pos.next;
}

int
qt__hash_find(struct qt__hash *t, const struct qt__key *key, bool is_past,
    struct qt__pos *pos)
{
	struct walk	w;
	uint64_t	next;
	int		rc, order = 0;

again:
	walk_start(t, &w, qt__hash_bucket(t, key->hash));
	for (;;) {
		rc = walk_node(t, &w);
		if (rc > 0)
			order = compare(t, w.node, key);
		if (!qt__pos_holds(&w.pos))
			goto again;
		if (rc <= 0)
			break;
		if (qt__link_mark(w.pos.next) == QT__MARK_LIVE) {
			if (order > 0 || (order == 0 && !is_past)) {
				w.pos.is_match = order == 0;
				break;
			}
			walk_on(&w);
			continue;
		}
		next = qt__link_after(w.pos.link, QT__MARK_LIVE,
		    qt__link_index(w.pos.next));
		if (!atomic_compare_exchange_strong(w.pos.prev, &w.pos.link,
		    next))
			goto again;
		w.pos.link = w.link = next;
	}
	*pos = w.pos;
	return rc < 0 ? rc : 0;
}

/* In one bucket. */
static int
next_in(const struct qt__hash *t, _Atomic uint64_t *bucket,
    const struct qt__key *key, struct qt__pos *pos, void *key_out,
    uint32_t *key_len)
{
	struct walk	w;
	uint64_t	hash = 0;
	uint32_t	len = 0;
	int		rc, order = 1;

again:
	walk_start(t, &w, bucket);
	for (;;) {
		rc = walk_node(t, &w);
		if (rc > 0) {
			if (key->data != NULL)
				order = compare(t, w.node, key);
			len = (uint32_t)atomic_load_explicit(&w.node->lens,
			    memory_order_relaxed);
			hash = atomic_load_explicit(&w.node->hash,
			    memory_order_relaxed);
			if (order > 0 && len <= t->key_max)
				qt__words_get(key_out, w.node->data, len);
		}
		if (!qt__pos_holds(&w.pos))
			goto again;
		if (rc <= 0)
			return rc < 0 ? rc : -ENOENT;
		if (qt__link_mark(w.pos.next) != QT__MARK_LIVE) {
			w.link = w.pos.next;
			continue;
		}
		if (order > 0) {
			*pos = w.pos;
			*key_len = len;
			/* Of its own hash, or the next step would go astray. */
			return len == 0 || len > t->key_max ||
			    qt__hash_bucket(t, hash) != bucket ||
			    qt__hash_key(t, key_out, len).hash != hash ?
			    -QT_ECORRUPT : 0;
		}
		walk_on(&w);
	}
}

int
qt__hash_next(const struct qt__hash *t, const struct qt__key *key,
    struct qt__pos *pos, void *key_out, uint32_t *key_len)
{
	uint64_t	count = UINT64_C(1) << (64 - t->bucket_shift);
	uint64_t	b = key->data == NULL ? 0 :
	    key->hash >> t->bucket_shift;
	struct qt__key	all = { .data = NULL };
	int		rc = -ENOENT;

	for (; b < count && rc == -ENOENT; b++) {
		/* An empty bucket holds no order with others: a load will do. */
		if (qt__link_index(atomic_load_explicit(&t->bucket[b],
		    memory_order_relaxed)) != 0)
			rc = next_in(t, &t->bucket[b], key, pos, key_out,
			    key_len);
		key = &all;
	}
	return rc;
}
