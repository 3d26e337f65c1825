/* SPDX-License-Identifier: Apache-2.0 */
/* Changes of a skip list, and what the dead left. See skiplist_priv.h. */

#include <errno.h>

#include "skiplist_priv.h"

/* Counts n more or less; how many there were before. */
static uint32_t
count(struct qt_skiplist *s, int n)
{
	return (uint32_t)atomic_fetch_add(
	    &s->obj.shared->stat[QT__HASH_COUNT], n > 0 ?
	    (UINT64_C(1) << 32) + 1 : (UINT64_C(1) << 32) - 1);
}

static uint32_t
height_of(const struct qt_skiplist *s, uint32_t at)
{
	uint64_t	h = atomic_load_explicit(&qt__hash_node(&s->nodes,
	    at)->hash, memory_order_relaxed);

	return h < s->levels ? (uint32_t)h : s->levels;
}

/* It is ours and marked: out of every level, and free. */
static void
reap(struct qt_skiplist *s, uint32_t at, uint64_t word, bool is_counted)
{
	unsigned char	key[QT_SKIPLIST_KEY_MAX];
	struct qt__path	path;
	uint32_t	len;

	for (uint32_t l = height_of(s, at); l-- > 1;) {
		_Atomic uint64_t	*link = qt__skip_link(s, at, l);
		uint64_t		 seen = atomic_load(link);

		while (qt__link_mark(seen) == QT__MARK_LIVE &&
		    !atomic_compare_exchange_weak(link, &seen,
		    qt__link_after(seen, QT__MARK_DELETED,
		    qt__link_index(seen))))
			;
	}
	/* A list that is damaged keeps its nodes. */
	if (qt__skip_copy_key(s, at, key, &len) &&
	    qt__skip_find(s, key, len, true, &path) < 0)
		return;
	if (is_counted)
		count(s, -1);
	qt__hash_free_one(&s->nodes, at, word);
}

/* at was marked, its link is `marked` since: frees it, unless others do. */
static void
retire(struct qt_skiplist *s, uint32_t who, uint32_t at, uint64_t marked)
{
	struct qt__node	*n = qt__hash_node(&s->nodes, at);
	uint64_t	 word = atomic_load(&n->word);

	do {
		/* After the word, as in hash_node.c. */
		if (atomic_load(&n->next) != marked ||
		    qt__owner_state(word) != QT__NODE_LIVE)
			return;
	} while (!qt__owner_cas(&n->word, &word, who, QT__NODE_TAKEN));
	reap(s, at, word, qt__link_mark(marked) == QT__MARK_DELETED);
}

/* OWNED to LIVE; if it was marked meanwhile it is ours to free. */
static void
settle(struct qt_skiplist *s, uint32_t who, uint32_t at, uint64_t word)
{
	struct qt__node	*n = qt__hash_node(&s->nodes, at);
	uint64_t	 next;

	if (!qt__owner_cas(&n->word, &word, 0, QT__NODE_LIVE))
		return;
	next = atomic_load(&n->next);
	if (qt__link_mark(next) == QT__MARK_DELETED ||
	    qt__link_mark(next) == QT__MARK_REPLACED)
		retire(s, who, at, next);
}

static void
aim(_Atomic uint64_t *link, uint32_t index)
{
	/* Nobody else has it; the CAS that links it publishes it. */
	atomic_store_explicit(link, qt__link_after(atomic_load_explicit(link,
	    memory_order_relaxed), QT__MARK_LIVE, index),
	    memory_order_relaxed);
}

/*
 * The upper levels: hints, so after a few attempts it goes without. path is
 * where it was inserted.
 */
static void
build(struct qt_skiplist *s, uint32_t at, struct qt__path *path)
{
	unsigned char	key[QT_SKIPLIST_KEY_MAX];
	uint32_t	len, height = height_of(s, at), tries = 8;

	if (height < 2 || !qt__skip_copy_key(s, at, key, &len))
		return;
	for (uint32_t l = 1; l < height && tries > 0;) {
		struct qt__spot	*spot = &path->level[l];
		uint64_t	 link = spot->link;

		aim(qt__skip_link(s, at, l), spot->at);
		if (atomic_compare_exchange_strong(spot->prev, &link,
		    qt__link_after(link, QT__MARK_LIVE, at))) {
			l++;
			continue;
		}
		tries--;
		/* Is it still the entry of its key? */
		if (qt__skip_find(s, key, len, false, path) < 0 ||
		    !path->is_match || path->level[0].at != at)
			return;
	}
}

static void
finish(struct qt_skiplist *s, struct qt__new *node, struct qt__path *path)
{
	build(s, node->at, path);
	settle(s, qt__obj_self(&s->obj), node->at, node->word);
	node->at = 0;
}

int
qt__skip_insert(struct qt_skiplist *s, struct qt__path *path,
    struct qt__new *node)
{
	const struct qt__spot	*spot = &path->level[0];
	uint64_t		 link = spot->link;

	/* The count is too high while it is in doubt: then nodes are the limit. */
	if (count(s, 1) >= s->nodes.capacity &&
	    qt__obj_counted(&s->obj, QT__HASH_DOUBT) == 0) {
		count(s, -1);
		return -QT_EFULL;
	}
	aim(qt__skip_link(s, node->at, 0), spot->at);
	if (!atomic_compare_exchange_strong(spot->prev, &link,
	    qt__link_after(link, QT__MARK_LIVE, node->at))) {
		count(s, -1);
		return -EAGAIN;
	}
	finish(s, node, path);
	return 0;
}

/* Marks the node that was found; false: somebody was faster. */
static bool
mark(struct qt_skiplist *s, const struct qt__path *path, uint32_t how,
    uint32_t index, uint64_t *marked)
{
	uint64_t	next = path->next;

	*marked = qt__link_after(next, how, index);
	return atomic_compare_exchange_strong(qt__skip_link(s,
	    path->level[0].at, 0), &next, *marked);
}

int
qt__skip_replace(struct qt_skiplist *s, struct qt__path *path,
    struct qt__new *node)
{
	uint64_t	marked;
	uint32_t	old;

	aim(qt__skip_link(s, node->at, 0), qt__link_index(path->next));
	if (!mark(s, path, QT__MARK_REPLACED, node->at, &marked))
		return -EAGAIN;
	/* Found anew, the path leads to the new one. */
	old = path->level[0].at;
	finish(s, node, path);
	retire(s, qt__obj_self(&s->obj), old, marked);
	return 0;
}

int
qt__skip_remove(struct qt_skiplist *s, const struct qt__path *path)
{
	uint64_t	marked;

	if (!mark(s, path, QT__MARK_DELETED, qt__link_index(path->next),
	    &marked))
		return -EAGAIN;
	retire(s, qt__obj_self(&s->obj), path->level[0].at, marked);
	return 0;
}

/* --- The dead ------------------------------------------------------------- */

static void
sweep_owned(struct qt_skiplist *s, uint32_t at, uint64_t word, uint32_t id)
{
	struct qt__node	*n = qt__hash_node(&s->nodes, at);
	unsigned char	 key[QT_SKIPLIST_KEY_MAX];
	struct qt__path	 path;
	uint64_t	 next = atomic_load(&n->next);
	uint32_t	 len;
	bool		 is_linked = false;

	if (qt__link_mark(next) == QT__MARK_LIVE &&
	    qt__skip_copy_key(s, at, key, &len)) {
		if (qt__skip_find(s, key, len, false, &path) < 0)
			return;
		is_linked = path.is_match && path.level[0].at == at;
		next = atomic_load(&n->next);
	}
	/* The word after the link, as in hash_sweep.c. */
	if (is_linked || qt__link_mark(next) == QT__MARK_DELETED ||
	    qt__link_mark(next) == QT__MARK_REPLACED)
		settle(s, id, at, word);
	else if (atomic_load(&n->word) == word)
		qt__hash_free_one(&s->nodes, at, word);
}

static void
sweep_node(struct qt_skiplist *s, uint32_t at, uint32_t id, bool *is_doubt)
{
	struct qt__node	*n = qt__hash_node(&s->nodes, at);
	uint64_t	 word = atomic_load(&n->word);
	uint64_t	 next = atomic_load(&n->next);
	uint32_t	 state = qt__owner_state(word);
	bool		 is_marked = qt__link_mark(next) == QT__MARK_DELETED ||
	    qt__link_mark(next) == QT__MARK_REPLACED;

	if (state == QT__NODE_FREE) {
		qt__hash_hint(&s->nodes, at);
		return;
	}
	if (state == QT__NODE_LIVE ? !is_marked : qt__owner_id(word) != id)
		return;
	/* Before anything is changed, as in hash_sweep.c. */
	if (!*is_doubt)
		qt__obj_count(&s->obj, QT__HASH_DOUBT, 1);
	*is_doubt = true;
	if (state == QT__NODE_LIVE)
		/* Whoever marked it may be dead. */
		retire(s, id, at, next);
	else if (state == QT__NODE_OWNED)
		sweep_owned(s, at, word, id);
	else if (state == QT__NODE_TAKEN)
		reap(s, at, word, false);
}

void
qt__skip_sweep(struct qt_skiplist *s, uint32_t id)
{
	bool	is_doubt = false;

	for (uint32_t at = 1; at <= s->nodes.node_count; at++)
		sweep_node(s, at, id, &is_doubt);
}
