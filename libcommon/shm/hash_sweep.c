/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the dead left in a hash table, how many entries there are, and whether
 * all is sound. See hash_priv.h.
 */

#include <errno.h>
#include <stdlib.h>

#include "hash_priv.h"

/* The key that is in a node; false: none that can have been linked. */
static bool
key_of(const struct qt__hash *t, const struct qt__node *n,
    struct qt__key *key)
{
	key->hash = atomic_load_explicit(&n->hash, memory_order_relaxed);
	key->len = (uint32_t)atomic_load_explicit(&n->lens,
	    memory_order_relaxed);
	key->data = n->data;
	return key->len > 0 && key->len <= t->key_max;
}

/*
 * It was filling this node. Linked, it is an entry like any other: who linked
 * it did all that others wait for, and anybody may take it out and use the node
 * again meanwhile. So its word is read again after the link: if it is the same,
 * what was seen in between was of that life, and a node in no list is ours.
 */
static void
sweep_owned(struct qt__hash *t, uint32_t at, uint64_t word, uint32_t id)
{
	struct qt__node	*n = qt__hash_node(t, at);
	struct qt__pos	 pos = { .at = 0 };
	struct qt__key	 key;
	uint64_t	 next = atomic_load(&n->next);

	if (qt__link_mark(next) == QT__MARK_LIVE && key_of(t, n, &key)) {
		if (qt__hash_find(t, &key, false, &pos) < 0)
			return;
		if (pos.is_match && pos.at == at) {
			(void)qt__owner_cas(&n->word, &word, 0,
			    QT__NODE_LIVE);
			return;
		}
		next = atomic_load(&n->next);
	}
	/* Marked meanwhile? Then it was linked. */
	if (qt__link_mark(next) == QT__MARK_DELETED ||
	    qt__link_mark(next) == QT__MARK_REPLACED)
		qt__hash_retire(t, id, at, next, false);
	else if (atomic_load(&n->word) == word)
		qt__hash_free(t, at, word);
}

/* It was about to free this one, that may still be linked. */
static void
sweep_taken(struct qt__hash *t, uint32_t at, uint64_t word)
{
	struct qt__pos	pos;
	struct qt__key	key;

	if (key_of(t, qt__hash_node(t, at), &key) &&
	    qt__hash_find(t, &key, true, &pos) < 0)
		return;
	qt__hash_free(t, at, word);
}

/*
 * Says that the count is in doubt, once in a sweep and before anything is
 * changed: should the sweeper die, its successor finds nothing to say it for.
 */
static void
doubt(struct qt__hash *t, bool *is_doubt)
{
	if (!*is_doubt)
		qt__obj_count(t->obj, QT__HASH_DOUBT, 1);
	*is_doubt = true;
}

static void
sweep_node(struct qt__hash *t, uint32_t at, uint32_t id, bool *is_doubt)
{
	struct qt__node	*n = qt__hash_node(t, at);
	uint64_t	 word = atomic_load(&n->word);
	uint64_t	 next = atomic_load(&n->next);
	uint32_t	 state = qt__owner_state(word);
	bool		 is_out = qt__link_mark(next) == QT__MARK_DELETED ||
	    qt__link_mark(next) == QT__MARK_REPLACED;

	if (state == QT__NODE_FREE) {
		qt__hash_hint(t, at);
		return;
	}
	is_out &= state == QT__NODE_LIVE ||
	    (state == QT__NODE_OWNED && qt__owner_id(word) == id);
	if (!is_out && (qt__owner_id(word) != id || state == QT__NODE_LIVE))
		return;
	doubt(t, is_doubt);
	if (is_out)
		/* Whoever marked it may be dead. */
		qt__hash_retire(t, id, at, next, false);
	else if (state == QT__NODE_OWNED)
		sweep_owned(t, at, word, id);
	else if (state == QT__NODE_TAKEN)
		sweep_taken(t, at, word);
}

void
qt__hash_sweep(struct qt__hash *t, uint32_t id)
{
	bool	is_doubt = false;

	for (uint32_t at = 1; at <= t->node_count; at++)
		sweep_node(t, at, id, &is_doubt);
}

/* 1 with the number of entries; 0 when something is in between. */
static int
recount(const struct qt__hash *t, uint32_t *count)
{
	uint32_t	n = 0;

	for (uint32_t at = 1; at <= t->node_count; at++) {
		const struct qt__node	*node = qt__hash_node(t, at);
		uint32_t		 state =
		    qt__owner_state(atomic_load(&node->word));

		if (state == QT__NODE_OWNED || state == QT__NODE_TAKEN)
			return 0;
		/* Who frees a replaced one does not count it. */
		n += state == QT__NODE_LIVE &&
		    qt__link_mark(atomic_load(&node->next)) !=
		    QT__MARK_REPLACED;
	}
	*count = n;
	return 1;
}

uint64_t
qt__hash_count(struct qt__hash *t)
{
	_Atomic uint64_t	*word =
	    &t->obj->shared->stat[QT__HASH_COUNT];
	_Atomic uint64_t	*doubt =
	    &t->obj->shared->stat[QT__HASH_DOUBT];
	uint64_t		 doubts = atomic_load(doubt);
	uint64_t		 seen = atomic_load(word);
	uint32_t		 n;

	if (doubts != 0 && recount(t, &n)) {
		if (qt__obj_self(t->obj) != 0 &&
		    atomic_compare_exchange_strong(word, &seen,
		    ((seen >> 32) + 1) << 32 | n))
			(void)atomic_compare_exchange_strong(doubt, &doubts, 0);
		return n;
	}
	return (uint32_t)seen > t->capacity ? t->capacity : (uint32_t)seen;
}

/* Of one bucket; what is linked is ticked off. */
static const char *
check_bucket(const struct qt__hash *t, uint64_t b, unsigned char *linked)
{
	uint64_t	link = atomic_load(&t->bucket[b]), hash, last = 0;
	uint32_t	at, left = t->node_count;

	for (; (at = qt__link_index(link)) != 0; link =
	    atomic_load(&qt__hash_node(t, at)->next)) {
		if (at > t->node_count)
			return "a link leads out of the table";
		if (left-- == 0)
			return "a list has no end";
		hash = atomic_load_explicit(&qt__hash_node(t, at)->hash,
		    memory_order_relaxed);
		if (hash >> t->bucket_shift != b || hash < last)
			return "a list is not in order";
		last = hash;
		linked[at] = 1;
	}
	return NULL;
}

void
qt__hash_fsck(struct qt__hash *t, struct qt__fsck *f)
{
	uint64_t	 buckets = UINT64_C(1) << (64 - t->bucket_shift);
	unsigned char	*linked = calloc(t->node_count + 1, 1);
	const char	*wrong = NULL;
	uint64_t	 lost = 0;

	if (linked == NULL) {
		qt__fsck_fault(f, false, "no memory to look at it");
		return;
	}
	for (uint64_t b = 0; b < buckets; b++) {
		wrong = check_bucket(t, b, linked);
		if (wrong != NULL)
			qt__fsck_fault(f, false, "%s (bucket %llu)", wrong,
			    (unsigned long long)b);
	}
	for (uint32_t at = 1; at <= t->node_count; at++)
		lost += linked[at] != (qt__owner_state(atomic_load(
		    &qt__hash_node(t, at)->word)) == QT__NODE_LIVE);
	if (lost > 0)
		qt__fsck_fault(f, false,
		    "%llu nodes are in a list and not in use, or reverse",
		    (unsigned long long)lost);
	free(linked);
}
