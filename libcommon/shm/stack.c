/* SPDX-License-Identifier: Apache-2.0 */
/* Making, opening and describing stacks. See stack_priv.h. */

#include <errno.h>
#include <stdlib.h>

#include "stack_priv.h"

extern const struct qt__obj_type	qt__stack_type;

static uint64_t
size_of(uint64_t chunks, uint64_t room)
{
	return qt__obj_sum(chunks, qt__chunk_stride(room), QT__STACK_CHUNKS);
}

int
qt_stack_create(struct qt_seg *seg, const char *name,
    const struct qt_stack_spec *spec, struct qt_err *err)
{
	struct qt__obj_spec	s = { .type = QT_TYPE_STACK };
	struct qt_dtype		dtype;
	uint32_t		slots = seg->head.slot_count;
	int			rc = qt__chunk_spec(&s, &dtype, spec->dtype,
	    spec->item_max, QT_STACK_ITEM_MAX, err);

	/* Some may be on the way in or out of a stack that is full. */
	s.param[0] = qt__obj_sum(spec->capacity, 1, slots < 64 ? 2 * slots :
	    128);
	if (rc == 0 && (spec->capacity == 0 ||
	    s.param[0] > QT_STACK_CHUNKS_MAX)) {
		qt_err_set(err, "its capacity is 1 to %u",
		    QT_STACK_CHUNKS_MAX - 128);
		rc = -EINVAL;
	} else if (rc == 0 && (spec->flags & ~QT_STACK_REDELIVER) != 0) {
		qt_err_set(err, "unknown flags %#x", spec->flags);
		rc = -EINVAL;
	}
	if (rc < 0) {
		qt_err_wrap(err, "make stack '%s'", name);
		return rc;
	}
	s.flags = spec->flags;
	s.capacity = spec->capacity;
	s.size = size_of(s.param[0], s.elem_size);
	return qt__obj_create(seg, name, &s, err);
}

static int
check(const struct qt_obj *obj)
{
	const struct qt__obj_head	*h = &obj->head;

	if (!qt__chunk_head(h, QT_STACK_ITEM_MAX) ||
	    h->param[0] > QT_STACK_CHUNKS_MAX || h->capacity > h->param[0] ||
	    h->size != size_of(h->param[0], h->elem_size))
		return -QT_ECORRUPT;
	return 0;
}

void
qt__stack_attach(struct qt_stack *s, const struct qt_obj *obj)
{
	uint32_t	chunks = (uint32_t)obj->head.param[0];

	s->obj = *obj;
	s->body = (void *)(obj->base + QT__OBJ_BODY);
	s->capacity = obj->head.capacity;
	s->popper_shift = 32 - (unsigned int)__builtin_clz(chunks);
	s->tag_shift = s->popper_shift + QT__STACK_POPPER_BITS;
	s->index_mask = (1u << s->popper_shift) - 1;
	qt__chunks_init(&s->chunks, obj, QT__STACK_CHUNKS, chunks,
	    obj->head.elem_size);
}

int
qt_stack_open(struct qt_seg *seg, const char *name, const char *dtype,
    struct qt_stack **out, struct qt_err *err)
{
	struct qt_stack	*s = qt__obj_new(qt_stack);
	struct qt_obj	 obj;
	int		 rc;

	*out = NULL;
	if (s == NULL)
		return -ENOMEM;
	rc = qt__obj_open(seg, name, QT_TYPE_STACK, &obj, err);
	if (rc < 0)
		goto err_after_new;
	rc = qt__obj_dtype(obj.head.dtype, dtype, "its elements are", err);
	if (rc < 0) {
		qt_err_wrap(err, "open stack '%s'", name);
		goto err_after_open;
	}
	qt__stack_attach(s, &obj);
	*out = s;
	return 0;

err_after_open:
	qt__obj_close(&obj);
err_after_new:
	free(s);
	return rc;
}

void
qt_stack_close(struct qt_stack *s)
{
	if (s == NULL)
		return;
	qt__obj_close(&s->obj);
	free(s);
}

struct qt_obj *
qt_stack_obj(struct qt_stack *s)
{
	return &s->obj;
}

uint64_t
qt_stack_capacity(const struct qt_stack *s)
{
	return s->capacity;
}

uint32_t
qt_stack_item_max(const struct qt_stack *s)
{
	return s->chunks.room;
}

const char *
qt_stack_dtype(const struct qt_stack *s)
{
	return s->obj.head.dtype;
}

uint32_t
qt__stack_height(const struct qt_stack *s, uint64_t t)
{
	uint32_t	n = qt__stack_chunk1(s, t), depth;

	if (n == 0 || n > s->chunks.count)
		return 0;
	depth = qt__stack_depth(atomic_load_explicit(
	    &qt__chunk_at(&s->chunks, n - 1)->place, memory_order_acquire));
	/* What is being popped does not count any more. */
	return depth - (depth > 0 && qt__stack_popper(s, t) != 0);
}

uint64_t
qt_stack_count(const struct qt_stack *s)
{
	uint64_t	t;
	uint32_t	n;

	do {
		t = atomic_load_explicit(&s->body->top, memory_order_acquire);
		n = qt__stack_height(s, t);
	} while (atomic_load_explicit(&s->body->top, memory_order_acquire) !=
	    t);
	return n;
}

static void
describe(struct qt_obj *obj, struct qt_obj_stat *stat)
{
	struct qt_stack	s;

	qt__stack_attach(&s, obj);
	stat->count = qt_stack_count(&s);
	qt__stat_add(stat, "dropped", qt__obj_counted(obj, QT__STACK_DROPPED));
	qt__stat_add(stat, "redelivered",
	    qt__obj_counted(obj, QT__STACK_AGAIN));
	qt__stat_add(stat, "takeovers",
	    qt__obj_counted(obj, QT__STACK_TAKEOVERS));
}

const struct qt__obj_type	qt__stack_type = {
	.number = QT_TYPE_STACK, .name = "stack", .check = check,
	.sweep = qt__stack_sweep, .describe = describe, .fsck = qt__stack_fsck,
	.each_hold = qt__stack_each_hold,
};
