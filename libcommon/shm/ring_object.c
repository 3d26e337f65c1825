/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rings that have a name. See <qt/shm/ring.h>.
 *
 * Such a ring is an object whose words are the ring's header, so it is made,
 * opened and erased as all objects are. Its chunks are extents of their own,
 * which the slots name. They go before the object does, when nobody has it open
 * any more: each in one step with its slot, so whoever is killed meanwhile
 * leaves slots that say what is left to free.
 */

#include <errno.h>
#include <stdlib.h>

#include "ring_priv.h"

extern const struct qt__obj_type	qt__ring_type;

struct qt_ring {
	struct qt_obj		 obj;
	struct qt__ring		*ring;
};

static struct qt__ring *
ring_of(const struct qt_obj *obj)
{
	return (void *)(obj->base + QT__OBJ_BODY);
}

static void
init(struct qt_obj *obj, const void *arg)
{
	qt__ring_init(obj->seg, ring_of(obj), *(const uint64_t *)arg);
}

int
qt_ring_make(struct qt_seg *seg, const char *name, uint64_t limit,
    struct qt_err *err)
{
	struct qt__obj_spec	s = { .type = QT_TYPE_RING, .elem_size = 1,
	    .size = QT__OBJ_BODY + sizeof(struct qt__ring), .init = init,
	    .arg = &limit };

	if (limit < QT_RING_LIMIT_MIN || limit > QT_RING_LIMIT_MAX) {
		qt_err_set(err, "make ring '%s': its limit is %u to %u bytes",
		    name, QT_RING_LIMIT_MIN, QT_RING_LIMIT_MAX);
		return -EINVAL;
	}
	s.capacity = limit = qt__ring_limit(seg, limit);
	return qt__obj_create(seg, name, &s, err);
}

static int
check(const struct qt_obj *obj)
{
	const struct qt__ring	*ring;

	if (obj->head.size != QT__OBJ_BODY + sizeof(*ring))
		return -QT_ECORRUPT;
	ring = qt__ring_at(obj->seg, obj->offset + QT__OBJ_BODY);
	return ring == NULL || ring->limit != obj->head.capacity ?
	    -QT_ECORRUPT : 0;
}

/* Only the role of the writer is held, and it is given up in one step. */
static void
sweep(struct qt_obj *obj, uint32_t id)
{
	struct qt__ring	*ring = ring_of(obj);
	uint64_t	 word = atomic_load(&ring->owner);

	while ((uint32_t)word >> 16 == id && id != 0 &&
	    !atomic_compare_exchange_weak(&ring->owner, &word, 0))
		;
}

static int
release(struct qt_seg *seg, uint64_t offset)
{
	struct qt__ring	*ring = qt__ring_at(seg, offset + QT__OBJ_BODY);
	uint64_t	 word;
	int		 rc = 0;

	if (ring == NULL)
		return 0;	/* damaged: nothing says where they are */
	for (uint32_t i = 0; i < ring->slot_count && i < QT__RING_SLOTS &&
	    rc == 0; i++) {
		_Atomic uint64_t	*chunk = &ring->slot[i].chunk;

		word = atomic_load_explicit(chunk, memory_order_relaxed);
		if (word == 0)
			continue;
		rc = qt__seg_free_locked(seg,
		    word & ~(uint64_t)(seg->page - 1),
		    qt__seg_link(seg, (uint64_t *)(void *)chunk));
		/* No extent begins there: nothing to lose. */
		if (rc == -EINVAL)
			rc = 0;
	}
	return rc;
}

static void
describe(struct qt_obj *obj, struct qt_obj_stat *stat)
{
	struct qt__ring		*ring = ring_of(obj);
	struct qt__ring_chunk	 c;
	uint64_t		 tail, head, bytes = 0;

	/* In this order, as the readers. */
	tail = atomic_load_explicit(&ring->tail, memory_order_acquire);
	head = atomic_load_explicit(&ring->head, memory_order_acquire);
	for (uint32_t i = 0; i < QT__RING_SLOTS; i++)
		if (qt__ring_chunk(obj->seg, ring, i, &c) > 0)
			bytes += c.end - c.start;
	stat->count = head > tail ? head - tail : 0;
	qt__stat_add(stat, "written", head);
	qt__stat_add(stat, "overwritten", tail);
	qt__stat_add(stat, "memory", bytes);
	qt__stat_add(stat, "writer", (uint32_t)atomic_load_explicit(
	    &ring->owner, memory_order_relaxed) >> 16);
}

/* The chunk that pos is in: its end, or 0 when there is none, or two. */
static uint64_t
end_of(const struct qt_obj *obj, const struct qt__ring *ring, uint64_t pos)
{
	struct qt__ring_chunk	c;
	uint64_t		end = 0;

	for (uint32_t i = 0; i < QT__RING_SLOTS; i++) {
		if (qt__ring_chunk(obj->seg, ring, i, &c) <= 0 ||
		    pos < c.start || pos >= c.end)
			continue;
		if (end != 0)
			return 0;
		end = c.end;
	}
	return end;
}

/* Each slot's chunk is an extent of its size, and no other's. */
static void
check_slots(struct qt_obj *obj, struct qt__fsck *f)
{
	const unsigned char	*data[QT__RING_SLOTS];
	struct qt__ring_chunk	 c;

	for (uint32_t i = 0; i < QT__RING_SLOTS; i++) {
		int	rc = qt__ring_chunk(obj->seg, ring_of(obj), i, &c);
		bool	is_bad = rc < 0 || (rc > 0 && qt_seg_extent(obj->seg,
		    qt_seg_offset(obj->seg, c.data)) != c.end - c.start);

		data[i] = rc > 0 ? c.data : NULL;
		for (uint32_t k = 0; k < i && rc > 0; k++)
			is_bad |= data[k] == c.data;
		if (is_bad)
			qt__fsck_fault(f, false, "chunk %u is none that was "
			    "given to it", i);
	}
}

/* From tail to head there is one chunk for each byte. */
static void
fsck(struct qt_obj *obj, struct qt__fsck *f)
{
	struct qt__ring	*ring = ring_of(obj);
	uint64_t	 tail, head, pos;

	check_slots(obj, f);
	tail = atomic_load_explicit(&ring->tail, memory_order_acquire);
	head = atomic_load_explicit(&ring->head, memory_order_acquire);
	if (tail > head)
		qt__fsck_fault(f, false, "it begins behind its end");
	for (uint32_t n = 0; n <= QT__RING_SLOTS && tail < head; n++) {
		pos = end_of(obj, ring, tail);
		if (pos == 0) {
			/* Unless its writer went on meanwhile. */
			if (atomic_load(&ring->tail) <= tail)
				qt__fsck_fault(f, false,
				    "no chunk, or two, for byte %llu",
				    (unsigned long long)tail);
			return;
		}
		tail = pos;
	}
}

static void
each_hold(struct qt_obj *obj, struct qt__holds *h)
{
	qt__hold(h, (uint32_t)atomic_load(&ring_of(obj)->owner) >> 16,
	    "writer", 1);
}

const struct qt__obj_type	qt__ring_type = {
	.number = QT_TYPE_RING, .name = "ring", .check = check,
	.sweep = sweep, .describe = describe, .fsck = fsck,
	.release = release,
	.each_hold = each_hold,
};

int
qt_ring_open(struct qt_seg *seg, const char *name, struct qt_ring **out,
    struct qt_err *err)
{
	struct qt_ring	*r = qt__obj_new(qt_ring);
	int		 rc;

	*out = NULL;
	if (r == NULL)
		return -ENOMEM;
	rc = qt__obj_open(seg, name, QT_TYPE_RING, &r->obj, err);
	if (rc < 0) {
		free(r);
		return rc;
	}
	r->ring = ring_of(&r->obj);
	*out = r;
	return 0;
}

void
qt_ring_close(struct qt_ring *r)
{
	if (r == NULL)
		return;
	qt__obj_close(&r->obj);
	free(r);
}

struct qt_obj *
qt_ring_obj(struct qt_ring *r)
{
	return &r->obj;
}

uint64_t
qt_ring_limit(const struct qt_ring *r)
{
	return r->obj.head.capacity;
}

int
qt_ring_writer(struct qt_ring *r, struct qt_ring_writer **out,
    struct qt_err *err)
{
	int	rc;

	*out = NULL;
	if (qt__obj_self(&r->obj) != 0)
		qt__obj_hold(&r->obj);
	rc = qt_ring_writer_open(r->obj.seg, r->obj.offset + QT__OBJ_BODY,
	    out, err);
	if (rc == 0)
		qt__ring_writer_wakes(*out, &r->obj);
	return rc;
}

int
qt_ring_reader(const struct qt_ring *r, struct qt_ring_reader **out,
    struct qt_err *err)
{
	return qt_ring_reader_open(r->obj.seg, r->obj.offset + QT__OBJ_BODY,
	    out, err);
}

struct call {
	const struct qt__ring	*ring;
	uint64_t		 pos;
};

static int
try_more(void *arg, bool is_late)
{
	const struct call	*c = arg;

	(void)is_late;
	/* Pairs with the release store in qt_ring_publish(). */
	return atomic_load_explicit(&c->ring->head, memory_order_acquire) ==
	    c->pos ? -QT_EEMPTY : 0;
}

int
qt_ring_wait(struct qt_ring *r, uint64_t pos, uint64_t deadline)
{
	struct call	c = { .ring = r->ring, .pos = pos };

	return qt__obj_wait(&r->obj, QT__RING_MORE, deadline, try_more, &c);
}
