/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pools. See <qt/shm/pool.h>.
 *
 *	512	hints: numbers of blocks that were freed of late, + 1
 *	576	with QT_POOL_EPOCHS, an area of epochs (see pool_priv.h)
 *		blocks, each a chunk (see chunk_priv.h) whose word is FREE,
 *		OWNED or SHARED
 *
 * A handle is the generation of the chunk and its number + 1. Every change is
 * one CAS of the chunk's word from what belongs to the handle, so nothing is
 * ever half done. If killed, what is OWNED is freed by the sweep.
 */

#include <errno.h>
#include <stdlib.h>

#include "pool_priv.h"

static uint64_t
blocks_at(uint64_t records)
{
	return QT__POOL_EPOCHS_AT + (records == 0 ? 0 :
	    qt__epoch_size((uint32_t)records));
}

static uint64_t
size_of(uint64_t capacity, uint64_t size, uint64_t records)
{
	return qt__obj_sum(capacity, qt__chunk_stride(size),
	    blocks_at(records));
}

/* So that each participant may have some threads at work. */
static uint64_t
records_for(const struct qt_seg *seg)
{
	uint64_t	n = 2 * (uint64_t)seg->head.slot_count;

	return n < QT__POOL_RECORDS_MIN ? QT__POOL_RECORDS_MIN :
	    n > QT__POOL_RECORDS_MAX ? QT__POOL_RECORDS_MAX : n;
}

int
qt_shm_pool_create(struct qt_seg *seg, const char *name,
    const struct qt_shm_pool_spec *spec, struct qt_err *err)
{
	struct qt__obj_spec	s = { .type = QT_TYPE_POOL };
	struct qt_dtype		dtype;
	int			rc = qt__chunk_spec(&s, &dtype, spec->dtype,
	    spec->size, QT_POOL_SIZE_MAX, err);

	if (rc == 0 && (spec->capacity == 0 ||
	    spec->capacity > QT_POOL_CAPACITY_MAX)) {
		qt_err_set(err, "its capacity is 1 to %u",
		    QT_POOL_CAPACITY_MAX);
		rc = -EINVAL;
	} else if (rc == 0 && (spec->flags & ~QT_POOL_EPOCHS) != 0) {
		qt_err_set(err, "unknown flags %#x", spec->flags);
		rc = -EINVAL;
	}
	if (rc < 0) {
		qt_err_wrap(err, "make pool '%s'", name);
		return rc;
	}
	s.flags = spec->flags;
	s.capacity = spec->capacity;
	if (s.flags & QT_POOL_EPOCHS)
		s.param[0] = records_for(seg);
	s.size = size_of(s.capacity, s.elem_size, s.param[0]);
	return qt__obj_create(seg, name, &s, err);
}

int
qt__pool_check(const struct qt_obj *obj)
{
	const struct qt__obj_head	*h = &obj->head;

	if (!qt__chunk_head(h, QT_POOL_SIZE_MAX) ||
	    h->capacity > QT_POOL_CAPACITY_MAX ||
	    (h->flags & ~QT_POOL_EPOCHS) != 0 ||
	    h->param[0] > QT__POOL_RECORDS_MAX ||
	    (h->param[0] != 0) != ((h->flags & QT_POOL_EPOCHS) != 0) ||
	    h->size != size_of(h->capacity, h->elem_size, h->param[0]))
		return -QT_ECORRUPT;
	return 0;
}

void
qt__pool_attach(struct qt_shm_pool *p, const struct qt_obj *obj)
{
	uint64_t	records = obj->head.param[0];

	p->obj = *obj;
	p->hints = (void *)(obj->base + QT__OBJ_BODY);
	qt__chunks_init(&p->chunks, obj, blocks_at(records),
	    (uint32_t)obj->head.capacity, obj->head.elem_size);
	if (records > 0)
		qt__epoch_attach(&p->epoch, &p->obj, QT__POOL_EPOCHS_AT,
		    (uint32_t)records, &qt__pool_epochs);
}

int
qt_shm_pool_open(struct qt_seg *seg, const char *name, const char *dtype,
    struct qt_shm_pool **out, struct qt_err *err)
{
	struct qt_shm_pool	*p = qt__obj_new(qt_shm_pool);
	struct qt_obj	 obj;
	int		 rc;

	*out = NULL;
	if (p == NULL)
		return -ENOMEM;
	rc = qt__obj_open(seg, name, QT_TYPE_POOL, &obj, err);
	if (rc < 0)
		goto err_after_new;
	rc = qt__obj_dtype(obj.head.dtype, dtype, "its elements are", err);
	if (rc < 0) {
		qt_err_wrap(err, "open pool '%s'", name);
		goto err_after_open;
	}
	qt__pool_attach(p, &obj);
	*out = p;
	return 0;

err_after_open:
	qt__obj_close(&obj);
err_after_new:
	free(p);
	return rc;
}

void
qt_shm_pool_close(struct qt_shm_pool *p)
{
	if (p == NULL)
		return;
	qt__obj_close(&p->obj);
	free(p);
}

struct qt_obj *
qt_shm_pool_obj(struct qt_shm_pool *p)
{
	return &p->obj;
}

uint64_t
qt_shm_pool_capacity(const struct qt_shm_pool *p)
{
	return p->chunks.count;
}

uint32_t
qt_shm_pool_size(const struct qt_shm_pool *p)
{
	return p->chunks.room;
}

const char *
qt_shm_pool_dtype(const struct qt_shm_pool *p)
{
	return p->obj.head.dtype;
}

/* --- Handles ------------------------------------------------------------- */

static uint64_t
handle_of(uint64_t word, uint32_t index)
{
	return (uint64_t)qt__owner_generation(word) << 32 | (index + 1);
}

/* The chunk that a handle names and what it says, or NULL: it is stale. */
static inline struct qt__chunk *
find(const struct qt_shm_pool *p, uint64_t handle, uint64_t *word)
{
	uint32_t		 index = (uint32_t)handle - 1;
	struct qt__chunk	*chunk;

	if (index >= p->chunks.count)
		return NULL;
	chunk = qt__chunk_at(&p->chunks, index);
	*word = atomic_load_explicit(&chunk->word, memory_order_acquire);
	if (qt__owner_generation(*word) != handle >> 32 ||
	    !qt__pool_is_used(*word))
		return NULL;
	return chunk;
}

void *
qt_shm_pool_get(const struct qt_shm_pool *p, uint64_t handle)
{
	uint64_t		 word;
	struct qt__chunk	*chunk = find(p, handle, &word);

	return chunk == NULL ? NULL : chunk->data;
}

int
qt_shm_pool_owner(const struct qt_shm_pool *p, uint64_t handle)
{
	uint64_t	word;

	return find(p, handle, &word) == NULL ? -QT_EGONE :
	    (int)qt__owner_id(word);
}

/* What a word becomes by each; 0: it may not, it is somebody else's. */
static uint64_t
freed(uint64_t word, uint32_t self)
{
	(void)self;
	return qt__chunk_next(word);
}

static uint64_t
given(uint64_t word, uint32_t self)
{
	(void)self;
	return qt__chunk_word(word, 0, QT__CHUNK_SHARED);
}

static uint64_t
owned(uint64_t word, uint32_t self)
{
	return qt__chunk_word(word, self, QT__CHUNK_OWNED);
}

int
qt__pool_change(struct qt_shm_pool *p, uint64_t handle,
    uint64_t (*to)(uint64_t word, uint32_t self))
{
	uint32_t		 self = qt__obj_self(&p->obj);
	struct qt__chunk	*chunk;
	uint64_t		 word;

	if (self == 0)
		return -EACCES;
	do {
		chunk = find(p, handle, &word);
		if (chunk == NULL)
			return -QT_EGONE;
		if (qt__owner_state(word) == QT__CHUNK_OWNED &&
		    qt__owner_id(word) != self)
			return -EPERM;
	} while (!atomic_compare_exchange_strong(&chunk->word, &word,
	    to(word, self)));
	return 0;
}

int
qt_shm_pool_free(struct qt_shm_pool *p, uint64_t handle)
{
	uint32_t	index = (uint32_t)handle - 1;
	int		rc = qt__pool_change(p, handle, freed);

	if (rc < 0)
		return rc;
	atomic_store_explicit(&p->chunks.cursor, index, memory_order_relaxed);
	qt__pool_freed(p, qt__obj_self(&p->obj), index);
	return 0;
}

int
qt_shm_pool_give(struct qt_shm_pool *p, uint64_t handle)
{
	return qt__pool_change(p, handle, given);
}

int
qt_shm_pool_own(struct qt_shm_pool *p, uint64_t handle)
{
	qt__obj_hold(&p->obj);
	return qt__pool_change(p, handle, owned);
}

struct alloc {
	struct qt_shm_pool	*pool;
	uint64_t	*handle;
};

static int
alloc(void *arg, bool is_late)
{
	struct alloc	*a = arg;
	struct qt_shm_pool	*p = a->pool;
	uint32_t	 self = qt__obj_self(&p->obj), index;
	uint64_t	 word;

	if (self == 0)
		return -EACCES;
	if (is_late)
		(void)qt_seg_sweep(p->obj.seg);
	qt__obj_hold(&p->obj);
	index = qt__chunk_claim(&p->obj, &p->chunks, p->hints, self, &word);
	if (index == UINT32_MAX && qt__pool_has_epochs(p)) {
		qt__pool_reclaim(p);
		index = qt__chunk_search(&p->chunks, self, UINT32_MAX, &word);
	}
	if (index == UINT32_MAX)
		return -QT_EFULL;
	*a->handle = handle_of(word, index);
	return 0;
}

int
qt_shm_pool_alloc(struct qt_shm_pool *p, uint64_t *handle, uint64_t deadline)
{
	struct alloc	a = { p, handle };
	int		rc = alloc(&a, false);

	if (rc == -QT_EFULL && deadline != QT_WAIT_NEVER)
		rc = qt__obj_wait(&p->obj, QT__POOL_NOT_FULL, deadline, alloc, &a);
	return rc;
}

int
qt_shm_pool_next(const struct qt_shm_pool *p, uint32_t *cursor,
    uint64_t *handle)
{
	while (*cursor < p->chunks.count) {
		uint32_t	index = (*cursor)++;
		uint64_t	word = atomic_load_explicit(&qt__chunk_at(
		    &p->chunks, index)->word, memory_order_acquire);

		if (!qt__pool_is_used(word))
			continue;
		*handle = handle_of(word, index);
		return 1;
	}
	return 0;
}

uint64_t
qt_shm_pool_count(const struct qt_shm_pool *p)
{
	uint64_t	handle, n = 0;
	uint32_t	cursor = 0;

	while (qt_shm_pool_next(p, &cursor, &handle))
		n++;
	return n;
}
