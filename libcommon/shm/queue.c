/* SPDX-License-Identifier: Apache-2.0 */
/* Making, opening and describing queues. See queue_priv.h. */

#include <errno.h>
#include <stdlib.h>

#include "queue_priv.h"

extern const struct qt__obj_type	qt__queue_type;

/* Cells for so many chunks: a power of two. */
static uint64_t
cells_for(uint64_t chunks)
{
	uint64_t	n = QT__QUEUE_CELLS_MIN;

	while (n < chunks)
		n *= 2;
	return n;
}

/* Bytes of the whole object. */
static uint64_t
size_of(uint64_t chunks, uint64_t room)
{
	return qt__obj_sum(chunks, qt__chunk_stride(room),
	    QT__QUEUE_CELLS + cells_for(chunks) * 8);
}

/* Positions begin in lap 1, so cells that are 0 are of the lap before. */
static void
init(struct qt_obj *obj, const void *arg)
{
	struct qt__queue_body	*body = (void *)(obj->base + QT__OBJ_BODY);
	uint64_t		 n = cells_for(obj->head.param[0]);

	(void)arg;
	atomic_store_explicit(&body->tail, n, memory_order_relaxed);
	atomic_store_explicit(&body->head, n, memory_order_relaxed);
}

static uint32_t
loans_of(const struct qt_seg *seg, const struct qt_queue_spec *spec)
{
	if (spec->loans != 0)
		return spec->loans;
	return seg->head.slot_count < 64 ? 2 * seg->head.slot_count : 128;
}

static int
fill_spec(struct qt_seg *seg, const struct qt_queue_spec *spec,
    struct qt_dtype *dtype, struct qt__obj_spec *s, struct qt_err *err)
{
	int	rc = qt__chunk_spec(s, dtype, spec->dtype, spec->item_max,
	    QT_QUEUE_ITEM_MAX, err);

	if (rc < 0)
		return rc;
	if ((spec->flags & ~QT_QUEUE_REDELIVER) != 0) {
		qt_err_set(err, "unknown flags %#x", spec->flags);
		return -EINVAL;
	}
	s->param[0] = qt__obj_sum(spec->capacity, 1, loans_of(seg, spec));
	if (spec->capacity == 0 || s->param[0] > QT_QUEUE_CHUNKS_MAX) {
		qt_err_set(err, "its capacity is 1 to %u, with %u for loans",
		    QT_QUEUE_CHUNKS_MAX, loans_of(seg, spec));
		return -EINVAL;
	}
	s->flags = spec->flags;
	s->capacity = spec->capacity;
	s->size = size_of(s->param[0], s->elem_size);
	s->init = init;
	return 0;
}

int
qt_queue_create(struct qt_seg *seg, const char *name,
    const struct qt_queue_spec *spec, struct qt_err *err)
{
	struct qt__obj_spec	s = { .type = QT_TYPE_QUEUE };
	struct qt_dtype		dtype;
	int			rc = fill_spec(seg, spec, &dtype, &s, err);

	if (rc < 0) {
		qt_err_wrap(err, "make queue '%s'", name);
		return rc;
	}
	return qt__obj_create(seg, name, &s, err);
}

static int
check(const struct qt_obj *obj)
{
	const struct qt__obj_head	*h = &obj->head;

	if (!qt__chunk_head(h, QT_QUEUE_ITEM_MAX) ||
	    h->param[0] > QT_QUEUE_CHUNKS_MAX || h->capacity > h->param[0] ||
	    h->size != size_of(h->param[0], h->elem_size))
		return -QT_ECORRUPT;
	return 0;
}

void
qt__queue_attach(struct qt_queue *q, const struct qt_obj *obj)
{
	uint32_t	chunks = (uint32_t)obj->head.param[0];

	q->obj = *obj;
	q->body = (void *)(obj->base + QT__OBJ_BODY);
	q->cells = (void *)(obj->base + QT__QUEUE_CELLS);
	q->capacity = obj->head.capacity;
	q->cell_count = cells_for(chunks);
	q->mask = q->cell_count - 1;
	q->lap_shift = (unsigned int)__builtin_ctzll(q->cell_count);
	/* A chunk's number fits, for there are no more chunks than cells. */
	q->gen_shift = q->lap_shift;
	q->cell_shift = q->gen_shift + QT__QUEUE_GEN_BITS;
	q->index_mask = (1u << q->gen_shift) - 1;
	q->gen_mask = (1u << QT__QUEUE_GEN_BITS) - 1;
	q->is_fixed = obj->head.dtype[0] != '\0';
	atomic_init(&q->head_seen, 0);
	qt__chunks_init(&q->chunks, obj, QT__QUEUE_CELLS + q->cell_count * 8,
	    chunks, obj->head.elem_size);
}

int
qt_queue_open(struct qt_seg *seg, const char *name, const char *dtype,
    struct qt_queue **out, struct qt_err *err)
{
	struct qt_queue	*q = qt__obj_new(qt_queue);
	struct qt_obj	 obj;
	int		 rc;

	*out = NULL;
	if (q == NULL)
		return -ENOMEM;
	rc = qt__obj_open(seg, name, QT_TYPE_QUEUE, &obj, err);
	if (rc < 0)
		goto err_after_new;
	rc = qt__obj_dtype(obj.head.dtype, dtype, "its elements are", err);
	if (rc < 0) {
		qt_err_wrap(err, "open queue '%s'", name);
		goto err_after_open;
	}
	qt__queue_attach(q, &obj);
	*out = q;
	return 0;

err_after_open:
	qt__obj_close(&obj);
err_after_new:
	free(q);
	return rc;
}

void
qt_queue_close(struct qt_queue *q)
{
	if (q == NULL)
		return;
	qt__obj_close(&q->obj);
	free(q);
}

struct qt_obj *
qt_queue_obj(struct qt_queue *q)
{
	return &q->obj;
}

uint64_t
qt_queue_capacity(const struct qt_queue *q)
{
	return q->capacity;
}

uint32_t
qt_queue_item_max(const struct qt_queue *q)
{
	return q->obj.head.elem_size;
}

const char *
qt_queue_dtype(const struct qt_queue *q)
{
	return q->obj.head.dtype;
}

/* How many there are from *head on, which is where they begin. */
static uint64_t
count(const struct qt_queue *q, uint64_t *head)
{
	uint64_t	t = atomic_load_explicit(&q->body->tail,
	    memory_order_acquire), n;

	*head = qt__queue_skip(q, atomic_load_explicit(&q->body->head,
	    memory_order_acquire));
	n = t - *head <= q->cell_count ? t - *head : 0;
	while (n < q->cell_count && qt__queue_ahead(q, atomic_load_explicit(
	    &q->cells[(*head + n) & q->mask], memory_order_relaxed),
	    *head + n) == 0)
		n++;
	return n;
}

uint64_t
qt_queue_count(const struct qt_queue *q)
{
	uint64_t	head;

	return count(q, &head);
}

static void
describe(struct qt_obj *obj, struct qt_obj_stat *stat)
{
	uint64_t	dropped = qt__obj_counted(obj, QT__QUEUE_DROPPED);
	uint64_t	again = qt__obj_counted(obj, QT__QUEUE_AGAIN), out;
	struct qt_queue	q;

	qt__queue_attach(&q, obj);
	stat->count = count(&q, &out);
	out -= q.cell_count + again;
	/* Without what did not reach anybody, or came back. */
	qt__stat_add(stat, "pushed", out + stat->count);
	qt__stat_add(stat, "popped", out - dropped);
	qt__stat_add(stat, "dropped", dropped);
	qt__stat_add(stat, "redelivered", again);
	qt__stat_add(stat, "takeovers",
	    qt__obj_counted(obj, QT__QUEUE_TAKEOVERS));
	qt__stat_add(stat, "loans", obj->head.param[0] - obj->head.capacity);
}

const struct qt__obj_type	qt__queue_type = {
	.number = QT_TYPE_QUEUE, .name = "queue", .check = check,
	.sweep = qt__queue_sweep, .describe = describe, .fsck = qt__queue_fsck,
	.each_hold = qt__queue_each_hold,
};
