/* SPDX-License-Identifier: Apache-2.0 */
/* Taking and freeing the nodes of a hash table. See hash_priv.h. */

#include <errno.h>

#include "hash_priv.h"

void
qt__hash_hint(struct qt__hash *t, uint32_t at)
{
	_Atomic uint64_t	*bits = &t->taken[(at - 1) / 64];
	uint64_t		 bit = UINT64_C(1) << (at - 1) % 64;
	struct qt__node		*n = qt__hash_node(t, at);

	/* Whoever frees it after we looked clears the bit after us. */
	if (qt__owner_state(atomic_load(&n->word)) != QT__NODE_FREE)
		atomic_fetch_or(bits, bit);
	if (qt__owner_state(atomic_load(&n->word)) == QT__NODE_FREE &&
	    (atomic_load(bits) & bit))
		atomic_fetch_and(bits, ~bit);
}

/* Among the 64 of one word of hints. */
static bool
alloc_in(struct qt__hash *t, uint32_t word, struct qt__new *out)
{
	uint64_t	free = ~atomic_load_explicit(&t->taken[word],
	    memory_order_relaxed);

	for (; free != 0; free &= free - 1) {
		uint32_t	 at = word * 64 +
		    (uint32_t)__builtin_ctzll(free) + 1;
		struct qt__node	*n;
		uint64_t	 seen;

		if (at > t->node_count)
			return false;
		n = qt__hash_node(t, at);
		seen = atomic_load_explicit(&n->word, memory_order_relaxed);
		if (qt__owner_state(seen) == QT__NODE_FREE &&
		    qt__owner_cas(&n->word, &seen, qt__obj_self(t->obj),
		    QT__NODE_OWNED)) {
			/* Before it can be freed again, so the bit is right. */
			atomic_fetch_or(&t->taken[word], UINT64_C(1) <<
			    (at - 1) % 64);
			out->at = at;
			out->word = seen;
			return true;
		}
		qt__hash_hint(t, at);
	}
	return false;
}

bool
qt__hash_take(struct qt__hash *t, struct qt__new *out)
{
	uint32_t	words = (t->node_count + 63) / 64;
	uint32_t	word = atomic_load_explicit(&t->cursor,
	    memory_order_relaxed);

	for (uint32_t i = 0; i < words; i++, word++) {
		if (word >= words)
			word = 0;
		if (!alloc_in(t, word, out))
			continue;
		if (i > 0)
			atomic_store_explicit(&t->cursor, word,
			    memory_order_relaxed);
		/*
		 * Who reads the bytes of before sees that it had left the
		 * list.
		 */
		qt__fence(memory_order_release);
		return true;
	}
	out->at = 0;
	return false;
}

void
qt__hash_set_key(struct qt__hash *t, const struct qt__new *node,
    const struct qt__key *key)
{
	struct qt__node	*n = qt__hash_node(t, node->at);

	atomic_store_explicit(&n->hash, key->hash, memory_order_relaxed);
	atomic_store_explicit(&n->lens, key->len, memory_order_relaxed);
	qt__words_put(n->data, key->data, key->len);
}

int
qt__hash_alloc(struct qt__hash *t, const struct qt__key *key,
    struct qt__new *out)
{
	/* The second time, what the dead had. */
	if (!qt__hash_take(t, out) && (qt_seg_sweep(t->obj->seg) < 0 ||
	    !qt__hash_take(t, out)))
		return -QT_EFULL;
	qt__hash_set_key(t, out, key);
	return 0;
}

void
qt__hash_free_one(struct qt__hash *t, uint32_t at, uint64_t word)
{
	struct qt__node	*n = qt__hash_node(t, at);
	uint64_t	 next = atomic_load_explicit(&n->next,
	    memory_order_relaxed);

	/* Before the word: who then sees it free sees that mark as well. */
	atomic_store_explicit(&n->next, qt__link_after(next, QT__MARK_FREED, 0),
	    memory_order_release);
	if (!qt__owner_cas(&n->word, &word, 0, QT__NODE_FREE))
		return;
	atomic_fetch_and(&t->taken[(at - 1) / 64],
	    ~(UINT64_C(1) << (at - 1) % 64));
	atomic_store_explicit(&t->cursor, (at - 1) / 64, memory_order_relaxed);
}

void
qt__hash_free(struct qt__hash *t, uint32_t at, uint64_t word)
{
	if (t->on_free != NULL)
		t->on_free(t, at);
	qt__hash_free_one(t, at, word);
}

void
qt__hash_drop(struct qt__hash *t, const struct qt__new *node)
{
	if (node->at != 0)
		qt__hash_free(t, node->at, node->word);
}

/* To TAKEN, so that we are the one who frees it. */
static bool
take(struct qt__node *n, uint32_t who, uint64_t marked, uint64_t *word)
{
	*word = atomic_load(&n->word);
	do {
		/*
		 * After the word: were it another life of the node, the link
		 * would have changed before the word did.
		 */
		if (atomic_load(&n->next) != marked ||
		    (qt__owner_state(*word) != QT__NODE_OWNED &&
		    qt__owner_state(*word) != QT__NODE_LIVE))
			return false;
	} while (!qt__owner_cas(&n->word, word, who, QT__NODE_TAKEN));
	return true;
}

void
qt__hash_retire(struct qt__hash *t, uint32_t who, uint32_t at,
    uint64_t marked, bool is_out)
{
	struct qt__node	*n = qt__hash_node(t, at);
	struct qt__pos	 pos;
	struct qt__key	 key;
	uint64_t	 word;

	if (!take(n, who, marked, &word))
		return;
	if (!is_out) {
		key.hash = atomic_load_explicit(&n->hash,
		    memory_order_relaxed);
		key.len = (uint32_t)atomic_load_explicit(&n->lens,
		    memory_order_relaxed);
		key.data = n->data;
		/* A list that is damaged keeps its nodes. */
		if (key.len > t->key_max ||
		    qt__hash_find(t, &key, true, &pos) < 0)
			return;
	}
	if (qt__link_mark(marked) == QT__MARK_DELETED)
		atomic_fetch_add(&t->obj->shared->stat[QT__HASH_COUNT],
		    (UINT64_C(1) << 32) - 1);
	qt__hash_free(t, at, word);
}
