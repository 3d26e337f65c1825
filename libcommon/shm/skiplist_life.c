/* SPDX-License-Identifier: Apache-2.0 */
/* Making, opening, sweeping skip lists. See <qt/shm/skiplist.h>. */

#include <errno.h>
#include <stdlib.h>

#include <qt/shm/dtype.h>

#include "skiplist_priv.h"

#define CAPACITY_MAX	(UINT64_C(1) << 30)

extern const struct qt__obj_type	qt__skiplist_type;

/*
 * head.param	levels; nodes
 * 512		the head's links
 * 640		bits of the nodes, hints
 * at 64s	nodes, the first has index 1
 */
struct plan {
	uint64_t	node_at, node_size, end;
};

static void
plan(struct plan *p, const uint64_t param[4], uint32_t key_max,
    uint32_t value_max)
{
	uint64_t	at = QT__OBJ_BODY + sizeof(struct qt__skip_words);

	p->node_at = qt__obj_round(at + qt__obj_round(param[1] + 1, 64) / 8,
	    64);
	p->node_size = qt__obj_round(sizeof(struct qt__node) +
	    (param[0] - 1) * 8 + qt__obj_round(key_max, 8) +
	    qt__obj_round(value_max, 8), 64);
	p->end = qt__obj_sum(param[1], p->node_size, p->node_at);
}

static bool
is_sane(const uint64_t param[4], uint64_t capacity, uint32_t key_max,
    uint32_t value_max)
{
	return capacity > 0 && capacity <= CAPACITY_MAX && key_max > 0 &&
	    key_max <= QT_SKIPLIST_KEY_MAX &&
	    value_max <= QT_SKIPLIST_VALUE_MAX &&
	    param[0] > 0 && param[0] <= QT__SKIP_LEVELS &&
	    param[1] > capacity && param[1] < UINT32_C(1) << 31;
}

int
qt_skiplist_create(struct qt_seg *seg, const char *name,
    const struct qt_skiplist_spec *spec, struct qt_err *err)
{
	struct qt__obj_spec	s = { .type = QT_TYPE_SKIPLIST,
	    .key_dtype = spec->key_dtype, .dtype = spec->dtype,
	    .key_size = spec->key_max, .elem_size = spec->value_max,
	    .capacity = spec->capacity, .param = { 1 } };
	struct qt_dtype		key, value;
	struct plan		p;
	int			rc = qt__hash_size_by(&s.key_dtype, &key,
	    &s.key_size, err);

	if (rc == 0)
		rc = qt__hash_size_by(&s.dtype, &value, &s.elem_size, err);
	if (rc < 0) {
		qt_err_wrap(err, "make skiplist '%s'", name);
		return rc;
	}
	/* One in four goes a level higher. */
	while (s.param[0] < QT__SKIP_LEVELS &&
	    (UINT64_C(1) << 2 * s.param[0]) < s.capacity)
		s.param[0]++;
	s.param[1] = s.capacity + 16 + seg->head.slot_count * 4;
	if (!is_sane(s.param, s.capacity, s.key_size, s.elem_size)) {
		qt_err_set(err, "make skiplist '%s': it takes 1 to 2^30 "
		    "entries of keys of 1 to %d bytes and values of up to %u",
		    name, QT_SKIPLIST_KEY_MAX, QT_SKIPLIST_VALUE_MAX);
		return -EINVAL;
	}
	plan(&p, s.param, s.key_size, s.elem_size);
	s.size = p.end;
	return qt__obj_create(seg, name, &s, err);
}

int
qt__skip_init(struct qt_skiplist *s, const struct qt_obj *obj)
{
	const struct qt__obj_head	*h = &obj->head;
	struct qt__hash			*t = &s->nodes;
	struct qt_dtype			 d;
	struct plan			 p;

	if (!is_sane(h->param, h->capacity, h->key_size, h->elem_size) ||
	    qt__hash_check_types(h) < 0)
		return -QT_ECORRUPT;
	plan(&p, h->param, h->key_size, h->elem_size);
	if (p.end > obj->size)
		return -QT_ECORRUPT;
	s->levels = (uint32_t)h->param[0];
	s->head = (void *)(obj->base + QT__OBJ_BODY);
	memset(t, 0, sizeof(*t));
	t->obj = (struct qt_obj *)(uintptr_t)obj;
	t->taken = (void *)(obj->base + QT__OBJ_BODY +
	    sizeof(struct qt__skip_words));
	t->node_size = (uint32_t)p.node_size;
	t->node = obj->base + p.node_at - p.node_size;
	t->node_count = (uint32_t)h->param[1];
	t->key_max = h->key_size;
	t->value_max = h->elem_size;
	t->value_at = s->levels - 1 +
	    (uint32_t)qt__obj_round(h->key_size, 8) / 8;
	t->capacity = h->capacity;
	s->is_key_fixed = h->key_dtype[0] != '\0';
	s->is_value_fixed = h->dtype[0] != '\0';
	s->int_size = 0;
	if (s->is_key_fixed && qt_dtype_parse(&d, h->key_dtype, NULL) == 0 &&
	    qt_dtype_is_int(&d)) {
		s->int_size = d.size;
		s->is_signed = d.field[0].kind == 'i';
	}
	return 0;
}

static int
check(const struct qt_obj *obj)
{
	struct qt_skiplist	s;

	return qt__skip_init(&s, obj);
}

static void
sweep(struct qt_obj *obj, uint32_t id)
{
	struct qt_skiplist	s = { .obj = *obj };

	if (qt__skip_init(&s, &s.obj) == 0)
		qt__skip_sweep(&s, id);
}

static void
describe(struct qt_obj *obj, struct qt_obj_stat *stat)
{
	struct qt_skiplist	s = { .obj = *obj };

	if (qt__skip_init(&s, &s.obj) == 0)
		stat->count = qt__hash_count(&s.nodes);
}

/* Level 0 is the list: all that is in use is in it, in order. */
static void
fsck(struct qt_obj *obj, struct qt__fsck *f)
{
	struct qt_skiplist	 s = { .obj = *obj };
	unsigned char		 key[2][QT_SKIPLIST_KEY_MAX];
	uint32_t		 len[2] = { 0, 0 }, i = 0, at, live = 0;
	uint64_t		 link, in_list = 0;

	if (qt__skip_init(&s, &s.obj) < 0)
		return;
	for (link = atomic_load(&s.head[0]); (at = qt__link_index(link)) != 0;
	    link = atomic_load(qt__skip_link(&s, at, 0)), i = !i) {
		if (at > s.nodes.node_count || in_list++ >
		    s.nodes.node_count || !qt__skip_copy_key(&s, at, key[i],
		    &len[i])) {
			qt__fsck_fault(f, false, "its list is broken");
			return;
		}
		if (in_list > 1 && qt__skip_compare(&s, key[!i], len[!i],
		    key[i], len[i]) > 0)
			qt__fsck_fault(f, false, "its list is not in order");
	}
	for (at = 1; at <= s.nodes.node_count; at++)
		live += qt__owner_state(atomic_load(&qt__hash_node(&s.nodes,
		    at)->word)) == QT__NODE_LIVE;
	if (live != in_list)
		qt__fsck_fault(f, false, "%llu nodes are in its list and %u "
		    "in use", (unsigned long long)in_list, live);
}

const struct qt__obj_type	qt__skiplist_type = {
	.number = QT_TYPE_SKIPLIST, .name = "skiplist", .check = check,
	.sweep = sweep, .describe = describe, .fsck = fsck,
};

int
qt_skiplist_open(struct qt_seg *seg, const char *name, const char *key_dtype,
    const char *dtype, struct qt_skiplist **out, struct qt_err *err)
{
	struct qt_skiplist	*s = qt__obj_new(qt_skiplist);
	uint64_t		 dice;
	int			 rc;

	*out = NULL;
	if (s == NULL)
		return -ENOMEM;
	rc = qt__obj_open(seg, name, QT_TYPE_SKIPLIST, &s->obj, err);
	if (rc < 0) {
		free(s);
		return rc;
	}
	rc = qt__hash_compare_types(&s->obj.head, key_dtype, dtype, err);
	if (rc == 0)
		rc = qt__skip_init(s, &s->obj);
	if (rc < 0) {
		qt_err_wrap(err, "open skiplist '%s'", name);
		qt_skiplist_close(s);
		return rc;
	}
	qt_random(&dice, sizeof(dice));
	atomic_init(&s->dice, dice | 1);
	*out = s;
	return 0;
}

void
qt_skiplist_close(struct qt_skiplist *s)
{
	if (s == NULL)
		return;
	qt__obj_close(&s->obj);
	free(s);
}
