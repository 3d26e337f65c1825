/* SPDX-License-Identifier: Apache-2.0 */
/* Making, opening, sweeping caches. See <qt/shm/cache.h>, cache_priv.h. */

#include <errno.h>
#include <stdlib.h>

#include "cache_priv.h"

#define KEY_MAX		1024
#define UNIT_MAX	(64u << 10)

extern const struct qt__obj_type	qt__cache_type;

/*
 * head.key_size	most bytes of a key
 * head.elem_size	bytes of a node's value: part list and first piece
 * head.shape		most bytes of a value; bits of the small queue's length
 */
struct plan {
	uint64_t	small_at, ghost_at, expiry_at, meta_at, table_at;
};

static void
plan(struct plan *p, uint64_t small_bits, uint64_t nodes)
{
	p->small_at = QT__OBJ_BODY + sizeof(struct qt__cache_words);
	p->ghost_at = p->small_at + (UINT64_C(8) << small_bits);
	p->expiry_at = qt__obj_round(p->ghost_at + nodes * 4, 64);
	p->meta_at = p->expiry_at + (nodes + 1) * 8;
	p->table_at = qt__obj_round(p->meta_at + nodes + 1, 64);
}

static uint32_t
unit_of(const struct qt_cache_spec *spec)
{
	uint64_t	whole = sizeof(struct qt__node) +
	    qt__obj_round(spec->key_max, 8) + 8 +
	    qt__obj_round(spec->value_max, 8);
	uint64_t	least = sizeof(struct qt__node) +
	    qt__obj_round(spec->key_max, 8) + 16;

	if (spec->unit != 0)
		return spec->unit >= least ? spec->unit : 0;
	if (whole > 256)
		whole = least > 256 ? least : 256;
	return (uint32_t)qt__obj_round(whole, 64);
}

/* As many nodes as go into the bytes. */
static int
fit(struct qt_seg *seg, const struct qt_cache_spec *spec,
    struct qt__obj_spec *s)
{
	uint32_t	unit = unit_of(spec);
	struct plan	p;
	uint64_t	nodes, rest = 16 + seg->head.slot_count * 4;

	if (spec->key_max == 0 || spec->key_max > KEY_MAX || unit == 0 ||
	    unit % 64 != 0 || unit > UNIT_MAX ||
	    spec->bytes > UINT64_C(1) << 46)
		return -EINVAL;
	s->key_size = spec->key_max;
	s->elem_size = unit - (uint32_t)sizeof(struct qt__node) -
	    (uint32_t)qt__obj_round(spec->key_max, 8);
	/* 48 for what there is besides: buckets, queue, ghost, expiry. */
	nodes = spec->bytes / (unit + 64);
	if (nodes < rest + 8)
		return -EINVAL;
	for (s->size = UINT64_MAX; s->size > spec->bytes; nodes -= nodes / 64 +
	    1) {
		if (nodes < rest + 8 || nodes >> 31 != 0)
			return -EINVAL;
		s->capacity = nodes - rest;
		s->shape[0] = spec->value_max;
		for (s->shape[1] = 3; (UINT64_C(1) << s->shape[1]) < nodes;)
			s->shape[1]++;
		plan(&p, s->shape[1], nodes);
		s->size = qt__hash_plan(seg, s, p.table_at);
	}
	return (uint64_t)spec->value_max > nodes * unit / 4 ? -EINVAL : 0;
}

int
qt_cache_create(struct qt_seg *seg, const char *name,
    const struct qt_cache_spec *spec, struct qt_err *err)
{
	struct qt__obj_spec	s = { .type = QT_TYPE_CACHE };

	if (fit(seg, spec, &s) < 0) {
		qt_err_set(err, "make cache '%s': it takes keys of 1 to %d "
		    "bytes, units that are a multiple of 64 and larger than "
		    "the key, and bytes for a few hundred units and four of "
		    "the largest value", name, KEY_MAX);
		return -EINVAL;
	}
	return qt__obj_create(seg, name, &s, err);
}

int
qt__cache_init(struct qt_cache *c, const struct qt_obj *obj)
{
	const struct qt__obj_head	*h = &obj->head;
	struct plan			 p;
	uint64_t			 unit;

	if (h->key_size == 0 || h->key_size > KEY_MAX ||
	    h->elem_size < 16 || h->elem_size > UNIT_MAX ||
	    h->shape[1] < 1 || h->shape[1] > 31 || h->param[1] >> 32 != 0)
		return -QT_ECORRUPT;
	unit = sizeof(struct qt__node) + qt__obj_round(h->key_size, 8) +
	    h->elem_size;
	plan(&p, h->shape[1], h->param[1]);
	if (unit % 64 != 0 || p.table_at > obj->size ||
	    h->shape[0] > h->param[1] * unit / 4 ||
	    h->shape[0] > UINT32_MAX ||
	    qt__hash_init(&c->hash, obj, p.table_at) < 0 ||
	    c->hash.node_size != unit)
		return -QT_ECORRUPT;
	c->hash.on_free = qt__cache_free_parts;
	c->words = (void *)(obj->base + QT__OBJ_BODY);
	c->small = (void *)(obj->base + p.small_at);
	c->ghost = (void *)(obj->base + p.ghost_at);
	c->expiry = (void *)(obj->base + p.expiry_at);
	c->meta = (void *)(obj->base + p.meta_at);
	c->small_mask = (UINT64_C(1) << h->shape[1]) - 1;
	c->value_max = (uint32_t)h->shape[0];
	c->unit = (uint32_t)unit;
	return 0;
}

static int
check(const struct qt_obj *obj)
{
	struct qt_cache	c;

	return qt__cache_init(&c, obj);
}

static void
sweep(struct qt_obj *obj, uint32_t id)
{
	struct qt_cache	c = { .obj = *obj };

	if (qt__cache_init(&c, &c.obj) < 0)
		return;
	qt__hash_sweep(&c.hash, id);
	qt__cache_sweep_parts(&c, id);
}

static void
describe(struct qt_obj *obj, struct qt_obj_stat *stat)
{
	struct qt_cache		c = { .obj = *obj };
	struct qt_cache_counts	n;

	if (qt__cache_init(&c, &c.obj) < 0)
		return;
	stat->count = qt__hash_count(&c.hash);
	/* Elements are values; the units are the cache's own business. */
	stat->elem_size = c.value_max;
	memset(stat->shape, 0, sizeof(stat->shape));
	qt_cache_counts(&c, &n);
	qt__stat_add(stat, "unit", c.unit);
	qt__stat_add(stat, "units", c.hash.node_count);
	qt__stat_add(stat, "hits", n.hits);
	qt__stat_add(stat, "misses", n.misses);
	qt__stat_add(stat, "puts", n.puts);
	qt__stat_add(stat, "evictions", n.evictions);
	qt__stat_add(stat, "expired", n.expired);
	qt__stat_add(stat, "refused", n.refused);
}

static void
fsck(struct qt_obj *obj, struct qt__fsck *f)
{
	struct qt_cache	c = { .obj = *obj };

	if (qt__cache_init(&c, &c.obj) == 0)
		qt__hash_fsck(&c.hash, f);
}

const struct qt__obj_type	qt__cache_type = {
	.number = QT_TYPE_CACHE, .name = "cache", .check = check,
	.sweep = sweep, .describe = describe, .fsck = fsck,
};

int
qt_cache_open(struct qt_seg *seg, const char *name, struct qt_cache **out,
    struct qt_err *err)
{
	struct qt_cache	*c = qt__obj_new(qt_cache);
	int		 rc;

	*out = NULL;
	if (c == NULL)
		return -ENOMEM;
	rc = qt__obj_open(seg, name, QT_TYPE_CACHE, &c->obj, err);
	if (rc < 0) {
		free(c);
		return rc;
	}
	rc = qt__cache_init(c, &c->obj);
	if (rc < 0) {
		qt_err_set(err, "open cache '%s'", name);
		qt_cache_close(c);
		return rc;
	}
	*out = c;
	return 0;
}

void
qt_cache_close(struct qt_cache *c)
{
	if (c == NULL)
		return;
	qt__obj_close(&c->obj);
	free(c);
}
