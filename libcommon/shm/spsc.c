/* SPDX-License-Identifier: Apache-2.0 */
/* Making and opening queues of one producer and one consumer. See spsc_priv.h. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "chunk_priv.h"
#include "spsc_priv.h"

extern const struct qt__obj_type	qt__spsc_type;

static uint64_t
stride_of(uint64_t room, bool is_fixed)
{
	return is_fixed ? room :
	    qt__obj_round(sizeof(struct qt__spsc_item) + room, 8);
}

static uint64_t
cells_for(uint64_t capacity)
{
	uint64_t	n = 1;

	while (n < capacity)
		n *= 2;
	return n;
}

static uint64_t
size_of(uint64_t capacity, uint64_t room, bool is_fixed)
{
	return qt__obj_sum(cells_for(capacity), stride_of(room, is_fixed),
	    QT__SPSC_ITEMS);
}

int
qt_spsc_create(struct qt_seg *seg, const char *name,
    const struct qt_spsc_spec *spec, struct qt_err *err)
{
	struct qt__obj_spec	s = { .type = QT_TYPE_SPSC };
	struct qt_dtype		dtype;
	int			rc = qt__chunk_spec(&s, &dtype, spec->dtype,
	    spec->item_max, QT_SPSC_ITEM_MAX, err);

	if (rc == 0 && (spec->capacity == 0 ||
	    spec->capacity > QT_SPSC_CAPACITY_MAX)) {
		qt_err_set(err, "its capacity is 1 to 2^40");
		rc = -EINVAL;
	}
	if (rc < 0) {
		qt_err_wrap(err, "make spsc '%s'", name);
		return rc;
	}
	s.capacity = spec->capacity;
	s.size = size_of(s.capacity, s.elem_size, spec->dtype != NULL);
	return qt__obj_create(seg, name, &s, err);
}

static int
check(const struct qt_obj *obj)
{
	const struct qt__obj_head	*h = &obj->head;

	if (!qt__chunk_head(h, QT_SPSC_ITEM_MAX) ||
	    h->capacity > QT_SPSC_CAPACITY_MAX || h->size !=
	    size_of(h->capacity, h->elem_size, h->dtype[0] != '\0'))
		return -QT_ECORRUPT;
	return 0;
}

/* --- Roles --------------------------------------------------------------- */

static struct qt__spsc_body *
body_of(const struct qt_obj *obj)
{
	return (struct qt__spsc_body *)(void *)(obj->base + QT__OBJ_BODY);
}

static int
role_take(struct qt_spsc *q, struct qt__spsc_end *end, const char *what,
    struct qt_err *err)
{
	_Atomic uint64_t	*role = &end->side->role;
	uint32_t		 self = qt__obj_self(&q->obj);
	uint64_t		 word = atomic_load(role);

	if (self == 0) {
		qt_err_set(err, "only a participant may be the %s", what);
		return -EACCES;
	}
	/* Is it a dead one's? Sweeping gives it back. */
	if (qt__owner_state(word) != 0 &&
	    qt__obj_is_dead(&q->obj, qt__owner_id(word))) {
		(void)qt_seg_sweep(q->obj.seg);
		word = atomic_load(role);
	}
	qt__obj_hold(&q->obj);
	if (qt__owner_state(word) != 0 ||
	    !qt__owner_cas(role, &word, self, 1)) {
		qt_err_set(err, "participant %u is the %s",
		    qt__owner_id(atomic_load(role)), what);
		return -EBUSY;
	}
	end->role = word;
	end->self = self;
	end->at = atomic_load_explicit(&end->side->at, memory_order_acquire);
	return 0;
}

static void
role_drop(struct qt__spsc_end *end)
{
	uint64_t	word = end->role;

	if (end->self != 0)
		(void)qt__owner_cas(&end->side->role, &word, 0, 0);
	end->self = 0;
}

static void
sweep_role(struct qt_obj *obj, struct qt__spsc_side *side, uint32_t id)
{
	uint64_t	word = atomic_load(&side->role);

	if (qt__owner_state(word) != 0 && qt__owner_id(word) == id &&
	    qt__owner_cas(&side->role, &word, 0, 0))
		qt__obj_count(obj, QT__SPSC_TAKEOVERS, 1);
}

static void
sweep(struct qt_obj *obj, uint32_t id)
{
	sweep_role(obj, &body_of(obj)->producer, id);
	sweep_role(obj, &body_of(obj)->consumer, id);
}

/* --- Life ---------------------------------------------------------------- */

static void
attach(struct qt_spsc *q, const struct qt_obj *obj)
{
	q->obj = *obj;
	q->body = body_of(obj);
	q->items = obj->base + QT__SPSC_ITEMS;
	q->capacity = obj->head.capacity;
	q->mask = cells_for(q->capacity) - 1;
	q->room = obj->head.elem_size;
	q->is_fixed = obj->head.dtype[0] != '\0';
	q->stride = (uint32_t)stride_of(q->room, q->is_fixed);
	q->producer.side = &q->body->producer;
	q->consumer.side = &q->body->consumer;
}

int
qt_spsc_open(struct qt_seg *seg, const char *name, const char *dtype,
    unsigned int roles, struct qt_spsc **out, struct qt_err *err)
{
	struct qt_spsc	*q = aligned_alloc(64, sizeof(*q));
	struct qt_obj	 obj;
	int		 rc;

	*out = NULL;
	if (q == NULL)
		return -ENOMEM;
	memset(q, 0, sizeof(*q));
	rc = qt__obj_open(seg, name, QT_TYPE_SPSC, &obj, err);
	if (rc < 0)
		goto err_after_new;
	attach(q, &obj);
	rc = qt__obj_dtype(obj.head.dtype, dtype, "its elements are", err);
	if (rc == 0 && (roles & QT_SPSC_PRODUCER))
		rc = role_take(q, &q->producer, "producer", err);
	if (rc == 0 && (roles & QT_SPSC_CONSUMER))
		rc = role_take(q, &q->consumer, "consumer", err);
	if (rc < 0) {
		qt_err_wrap(err, "open spsc '%s'", name);
		goto err_after_open;
	}
	q->producer.seen = atomic_load_explicit(&q->body->consumer.at,
	    memory_order_acquire);
	q->consumer.seen = q->consumer.at;
	*out = q;
	return 0;

err_after_open:
	role_drop(&q->producer);
	qt__obj_close(&q->obj);
err_after_new:
	free(q);
	return rc;
}

void
qt_spsc_close(struct qt_spsc *q)
{
	if (q == NULL)
		return;
	/* Not those of our parent, when we are a fork child. */
	if (q->producer.self == qt__obj_self(&q->obj))
		role_drop(&q->producer);
	if (q->consumer.self == qt__obj_self(&q->obj))
		role_drop(&q->consumer);
	qt__obj_close(&q->obj);
	free(q);
}

struct qt_obj *
qt_spsc_obj(struct qt_spsc *q)
{
	return &q->obj;
}

uint64_t
qt_spsc_capacity(const struct qt_spsc *q)
{
	return q->capacity;
}

uint32_t
qt_spsc_item_max(const struct qt_spsc *q)
{
	return q->room;
}

const char *
qt_spsc_dtype(const struct qt_spsc *q)
{
	return q->obj.head.dtype;
}

static uint64_t
count(const struct qt__spsc_body *body)
{
	/* head first: it never overtakes tail. */
	uint64_t	h = atomic_load_explicit(&body->consumer.at,
	    memory_order_acquire);

	return atomic_load_explicit(&body->producer.at,
	    memory_order_acquire) - h;
}

uint64_t
qt_spsc_count(const struct qt_spsc *q)
{
	uint64_t	n = count(q->body);

	return n > q->capacity ? q->capacity : n;
}

static void
describe(struct qt_obj *obj, struct qt_obj_stat *stat)
{
	struct qt__spsc_body	*body = body_of(obj);
	uint64_t		 n = count(body);

	stat->count = n > obj->head.capacity ? obj->head.capacity : n;
	if (obj->head.dtype[0] != '\0')
		stat->data_offset = obj->offset + QT__SPSC_ITEMS;
	qt__stat_add(stat, "pushed", atomic_load(&body->producer.at));
	qt__stat_add(stat, "popped", atomic_load(&body->consumer.at));
	qt__stat_add(stat, "takeovers",
	    qt__obj_counted(obj, QT__SPSC_TAKEOVERS));
	qt__stat_add(stat, "producer",
	    qt__owner_id(atomic_load(&body->producer.role)));
	qt__stat_add(stat, "consumer",
	    qt__owner_id(atomic_load(&body->consumer.role)));
}

static void
fsck_role(struct qt_obj *obj, struct qt__spsc_side *side, const char *what,
    struct qt__fsck *f)
{
	uint64_t	word = atomic_load(&side->role);
	uint32_t	state = qt__owner_state(word);
	uint32_t	id = qt__owner_id(word);
	bool		is_repaired = false;

	if (state <= 1 && id <= obj->seg->head.slot_count &&
	    (state == 0) == (id == 0))
		return;
	if (f->flags & QT_OBJ_FSCK_REPAIR)
		is_repaired = qt__owner_cas(&side->role, &word, 0, 0);
	qt__fsck_fault(f, is_repaired, "the %s is participant %u, state %u",
	    what, id, state);
}

static void
fsck(struct qt_obj *obj, struct qt__fsck *f)
{
	struct qt__spsc_body	*body = body_of(obj);
	uint64_t		 n = count(body);
	bool			 is_repaired = false;

	fsck_role(obj, &body->producer, "producer", f);
	fsck_role(obj, &body->consumer, "consumer", f);
	if (n <= obj->head.capacity)
		return;
	/* Nobody can say what is in it. Its users hold places of their own. */
	if ((f->flags & QT_OBJ_FSCK_REPAIR) &&
	    qt__owner_state(atomic_load(&body->producer.role)) == 0 &&
	    qt__owner_state(atomic_load(&body->consumer.role)) == 0) {
		atomic_store(&body->consumer.at,
		    atomic_load(&body->producer.at));
		is_repaired = true;
	}
	qt__fsck_fault(f, is_repaired, "%llu items, and it holds %llu",
	    (unsigned long long)n, (unsigned long long)obj->head.capacity);
}

static void
each_hold(struct qt_obj *obj, struct qt__holds *h)
{
	uint64_t	p = atomic_load(&body_of(obj)->producer.role);
	uint64_t	c = atomic_load(&body_of(obj)->consumer.role);

	if (qt__owner_state(p) != 0)
		qt__hold(h, qt__owner_id(p), "producer", 1);
	if (qt__owner_state(c) != 0)
		qt__hold(h, qt__owner_id(c), "consumer", 1);
}

const struct qt__obj_type	qt__spsc_type = {
	.number = QT_TYPE_SPSC, .name = "spsc", .check = check,
	.sweep = sweep, .describe = describe, .fsck = fsck,
	.each_hold = each_hold,
};
