/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a hash table's parts are. See hash_priv.h.
 *
 *	head.capacity, head.key_size, head.elem_size	of the type
 *	head.flags	QT__HASH_WORDS; there were tables without
 *	head.param	bits of a bucket's number; nodes; the hash's key
 *	at		bits of the nodes, in words of 64
 *	rounded to 64	buckets, links of 8 bytes
 *	rounded to 64	nodes, the first has index 1
 */

#include <errno.h>

#include "hash_priv.h"

#define CAPACITY_MAX	(UINT64_C(1) << 31)
#define VALUE_MAX	(UINT32_C(1) << 24)

struct plan {
	uint64_t	bucket_at, node_at, end;
	uint64_t	node_size;
};

static void
plan(struct plan *p, const uint64_t param[4], uint32_t key_max,
    uint32_t value_max, uint64_t at)
{
	uint64_t	bits = qt__obj_round(param[1] + 1, 64) / 8;

	p->node_size = qt__obj_round(sizeof(struct qt__node) +
	    qt__obj_round(key_max, 8) + qt__obj_round(value_max, 8), 64);
	p->bucket_at = qt__obj_round(at + bits, 64);
	p->node_at = qt__obj_round(p->bucket_at +
	    (UINT64_C(8) << param[0]), 64);
	p->end = qt__obj_sum(param[1], p->node_size, p->node_at);
}

static bool
is_sane(const uint64_t param[4], uint64_t capacity, uint32_t key_max,
    uint32_t value_max)
{
	return capacity > 0 && capacity <= CAPACITY_MAX && key_max > 0 &&
	    key_max <= QT__HASH_KEY_MAX && value_max <= VALUE_MAX &&
	    param[0] > 0 && param[0] <= 32 &&
	    param[1] > capacity && param[1] < UINT32_MAX - 64;
}

uint64_t
qt__hash_plan(struct qt_seg *seg, struct qt__obj_spec *spec, uint64_t at)
{
	struct plan	p;
	uint64_t	bits = 1;

	if (spec->capacity == 0 || spec->capacity > CAPACITY_MAX)
		return UINT64_MAX;
	while ((UINT64_C(1) << bits) < spec->capacity * 2)
		bits++;
	spec->flags = QT__HASH_WORDS;
	spec->param[0] = bits;
	/* Two for each thread of a few in each participant. */
	spec->param[1] = spec->capacity + 16 + seg->head.slot_count * 4;
	qt_random(&spec->param[2], 16);
	if (!is_sane(spec->param, spec->capacity, spec->key_size,
	    spec->elem_size))
		return UINT64_MAX;
	plan(&p, spec->param, spec->key_size, spec->elem_size, at);
	return p.end;
}

int
qt__hash_init(struct qt__hash *t, const struct qt_obj *obj, uint64_t at)
{
	const struct qt__obj_head	*h = &obj->head;
	struct plan			 p;

	memset(t, 0, sizeof(*t));
	if (h->flags != QT__HASH_WORDS ||
	    !is_sane(h->param, h->capacity, h->key_size, h->elem_size))
		return -QT_ECORRUPT;
	plan(&p, h->param, h->key_size, h->elem_size, at);
	if (p.end > obj->size)
		return -QT_ECORRUPT;
	t->obj = (struct qt_obj *)(uintptr_t)obj;
	t->taken = (void *)(obj->base + at);
	t->bucket = (void *)(obj->base + p.bucket_at);
	t->node_size = (uint32_t)p.node_size;
	t->node = obj->base + p.node_at - p.node_size;
	t->node_count = (uint32_t)h->param[1];
	t->bucket_shift = 64 - (uint32_t)h->param[0];
	t->key_max = h->key_size;
	t->value_max = h->elem_size;
	t->value_at = (uint32_t)qt__obj_round(h->key_size, 8) / 8;
	t->capacity = h->capacity;
	t->key.k[0] = h->param[2];
	t->key.k[1] = h->param[3];
	qt_hash_word_init(&t->word_key, &t->key);
	/* Participants begin at different places. */
	atomic_init(&t->cursor, (uint32_t)((uint64_t)(t->node_count / 64 + 1) *
	    (qt__obj_self(obj) % 16) / 16));
	return 0;
}

uint64_t
qt__hash_end(const struct qt__hash *t)
{
	return (uint64_t)(t->node - t->obj->base) +
	    ((uint64_t)t->node_count + 1) * t->node_size;
}
