/* SPDX-License-Identifier: Apache-2.0 */
/* Values in units. See cache_priv.h. */

#include <errno.h>

#include "cache_priv.h"

/* Bytes of a value that fit into the entry's node, and into a part. */
static uint32_t
first_room(const struct qt_cache *c)
{
	return c->unit - (uint32_t)sizeof(struct qt__node) -
	    (c->hash.value_at + 1) * 8;
}

static uint32_t
part_room(const struct qt_cache *c)
{
	return c->unit - (uint32_t)sizeof(struct qt__node);
}

uint32_t
qt__cache_units(const struct qt_cache *c, uint32_t len)
{
	uint32_t	room = part_room(c);

	if (len <= first_room(c))
		return 1;
	return 1 + (len - first_room(c) + room - 1) / room;
}

static bool
take(struct qt__cache_turn *turn, struct qt__new *node)
{
	struct qt_cache	*c = turn->c;

	/* What we evict others may take. */
	for (uint32_t tries = 256; tries > 0; tries--) {
		if (qt__hash_take(&c->hash, node))
			return true;
		if (!qt__cache_evict(turn))
			break;
	}
	return qt_seg_sweep(c->obj.seg) >= 0 && qt__hash_take(&c->hash, node);
}

/* The word of a node that says which parts it has. */
static _Atomic uint64_t *
parts_of(const struct qt_cache *c, uint32_t at)
{
	return qt__cache_value(c, at) - 1;
}

/*
 * A part in front of those that the node has: so parts are filled from the last
 * one to the first.
 */
static int
add_part(struct qt__cache_turn *turn, uint32_t at, uint32_t life,
    const unsigned char *from, uint32_t len)
{
	struct qt_cache	*c = turn->c;
	struct qt__node	*n;
	struct qt__new	 part = { .at = 0 };

	if (!take(turn, &part))
		return -QT_EFULL;
	n = qt__hash_node(&c->hash, part.at);
	atomic_store_explicit(&n->hash, (uint64_t)life << 32 | at,
	    memory_order_relaxed);
	atomic_store_explicit(&n->lens, atomic_load_explicit(
	    parts_of(c, at), memory_order_relaxed) & UINT32_MAX,
	    memory_order_relaxed);
	qt__words_put(n->data, from, len);
	/* From here on it is the node's; found through it, or by a sweep. */
	(void)qt__owner_cas(&n->word, &part.word, 0, QT__NODE_PART);
	atomic_store_explicit(parts_of(c, at), (uint64_t)life << 32 | part.at,
	    memory_order_relaxed);
	return 0;
}

int
qt__cache_fill(struct qt__cache_turn *turn, struct qt__new *node,
    const struct qt__key *key, const void *value, uint32_t len)
{
	struct qt_cache		*c = turn->c;
	const unsigned char	*p = value;
	uint32_t		 first = len < first_room(c) ? len :
	    first_room(c);
	uint32_t		 room = part_room(c), life, from;
	int			 rc = 0;

	if (!take(turn, node))
		return -QT_EFULL;
	life = qt__owner_generation(node->word);
	qt__hash_set_key(&c->hash, node, key);
	atomic_store_explicit(&qt__hash_node(&c->hash, node->at)->lens,
	    (uint64_t)len << 32 | key->len, memory_order_relaxed);
	atomic_store_explicit(parts_of(c, node->at), (uint64_t)life << 32,
	    memory_order_release);
	qt__words_put(qt__cache_value(c, node->at), p, first);
	for (uint32_t n = qt__cache_units(c, len) - 1; n > 0 && rc == 0; n--) {
		from = first + (n - 1) * room;
		rc = add_part(turn, node->at, life, p + from,
		    len - from < room ? len - from : room);
	}
	if (rc < 0) {
		qt__hash_drop(&c->hash, node);
		node->at = 0;
	}
	return rc;
}

ssize_t
qt__cache_copy(const struct qt_cache *c, uint32_t at, void *out, size_t size)
{
	const struct qt__node	*n = qt__hash_node(&c->hash, at);
	unsigned char		*p = out;
	uint32_t		 len = (uint32_t)(atomic_load_explicit(
	    &n->lens, memory_order_relaxed) >> 32);
	uint32_t		 left, part, room = first_room(c);

	if (len > c->value_max)
		return -QT_ECORRUPT;
	left = len < size ? len : (uint32_t)size;
	if (left < room)
		room = left;
	qt__words_get(p, qt__cache_value(c, at), room);
	part = (uint32_t)atomic_load_explicit(parts_of(c, at),
	    memory_order_relaxed);
	for (;;) {
		p += room;
		left -= room;
		if (left == 0)
			return (ssize_t)len;
		if (part == 0 || part > c->hash.node_count)
			return -QT_ECORRUPT;
		n = qt__hash_node(&c->hash, part);
		room = part_room(c) < left ? part_room(c) : left;
		qt__words_get(p, n->data, room);
		part = (uint32_t)atomic_load_explicit(&n->lens,
		    memory_order_relaxed);
	}
}

/* Is the part one of the entry of that life in node at? */
static bool
is_part(const struct qt_cache *c, uint32_t part, uint32_t at, uint32_t life,
    uint64_t *word)
{
	const struct qt__node	*n;

	if (part == 0 || part > c->hash.node_count)
		return false;
	n = qt__hash_node(&c->hash, part);
	*word = atomic_load(&n->word);
	return qt__owner_state(*word) == QT__NODE_PART &&
	    atomic_load_explicit(&n->hash, memory_order_relaxed) ==
	    ((uint64_t)life << 32 | at);
}

void
qt__cache_free_parts(struct qt__hash *t, uint32_t at)
{
	struct qt_cache	*c = (struct qt_cache *)(void *)((char *)t -
	    offsetof(struct qt_cache, hash));
	uint32_t	 life = qt__cache_life(c, at);
	uint32_t	 part = (uint32_t)atomic_load_explicit(parts_of(c, at),
	    memory_order_relaxed);
	uint64_t	 word;

	atomic_store_explicit(&c->meta[at], 0, memory_order_relaxed);
	/* Each is taken off the list before it is free: a sweep finds it. */
	for (uint32_t left = t->node_count; left > 0 &&
	    is_part(c, part, at, life, &word); left--) {
		uint32_t	next = (uint32_t)atomic_load_explicit(
		    &qt__hash_node(t, part)->lens, memory_order_relaxed);

		atomic_store_explicit(parts_of(c, at),
		    (uint64_t)life << 32 | next, memory_order_relaxed);
		qt__hash_free_one(t, part, word);
		part = next;
	}
}

void
qt__cache_sweep_parts(struct qt_cache *c, uint32_t id)
{
	struct qt__hash	*t = &c->hash;

	for (uint32_t part = 1; part <= t->node_count; part++) {
		struct qt__node	*n = qt__hash_node(t, part);
		uint64_t	 word = atomic_load(&n->word), home;
		uint32_t	 at, state;

		if (qt__owner_state(word) != QT__NODE_PART)
			continue;
		home = atomic_load(&n->hash);
		at = (uint32_t)home;
		if (at > 0 && at <= t->node_count) {
			state = qt__owner_state(atomic_load(
			    &qt__hash_node(t, at)->word));
			if ((state == QT__NODE_OWNED ||
			    state == QT__NODE_LIVE ||
			    state == QT__NODE_TAKEN) &&
			    qt__cache_life(c, at) == home >> 32)
				continue;
		}
		/* If it is still that part, whose node is gone for good. */
		if (qt__owner_cas(&n->word, &word, id, QT__NODE_TAKEN))
			qt__hash_free_one(t, part, word);
	}
}
