/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Making and destroying a ring, and what its writer and readers share.
 *
 * A ring is one block of 1 KiB (four share a page) and its chunks. Destroying
 * goes by steps that can be repeated: the owner word says DYING and by whom,
 * the id becomes 0 (readers see that it is gone), each chunk is freed together
 * with the word that points to it, and the block goes last, together with the
 * caller's word. Killed anywhere, calling it again goes on.
 */

#include <errno.h>
#include <string.h>

#include <qt/base/hash.h>

#include "ring_priv.h"

struct qt__ring *
qt__ring_at(const struct qt_seg *seg, uint64_t offset)
{
	struct qt__ring	*ring = qt_seg_at(seg, offset, sizeof(*ring));

	if (ring == NULL || offset % 64 != 0 ||
	    memcmp(ring->magic, QT__RING_MAGIC, sizeof(ring->magic)) != 0 ||
	    ring->slot_count == 0 || ring->slot_count > QT__RING_SLOTS ||
	    ring->limit > 2 * (uint64_t)QT_RING_LIMIT_MAX ||
	    ring->chunk_max < seg->page || ring->chunk_max > ring->limit)
		return NULL;
	return ring;
}

int
qt__ring_chunk(const struct qt_seg *seg, const struct qt__ring *ring,
    uint32_t i, struct qt__ring_chunk *out)
{
	uint64_t	word, size;

	/* Pairs with the release store by which a change is applied, so start
	 * is at least what it was when the chunk was linked. */
	word = atomic_load_explicit(&ring->slot[i].chunk, memory_order_acquire);
	if (word == 0)
		return 0;
	size = word & (seg->page - 1);
	if (size > 32)
		return -QT_ECORRUPT;
	size = UINT64_C(1) << size;
	out->start = atomic_load_explicit(&ring->slot[i].start,
	    memory_order_relaxed);
	out->end = out->start + size;
	out->data = qt_seg_at(seg, word & ~(uint64_t)(seg->page - 1), size);
	if (out->data == NULL || size < seg->page || out->end < out->start)
		return -QT_ECORRUPT;
	return 1;
}

/* Small rings have small chunks, so that reuse takes little at a time. */
static uint32_t
chunk_max(uint64_t limit, uint32_t page)
{
	uint64_t	size = page;

	while (size < (64u << 10) && size * 2 <= limit / 16)
		size *= 2;
	while (limit / size > 32)
		size *= 2;
	return (uint32_t)size;
}

uint64_t
qt__ring_limit(const struct qt_seg *seg, uint64_t limit)
{
	uint64_t	page = seg->page;

	limit = (limit + page - 1) / page * page;
	return limit < 4 * page ? 4 * page : limit;
}

void
qt__ring_init(const struct qt_seg *seg, struct qt__ring *ring, uint64_t limit)
{
	uint64_t	id = 0;

	memset(ring, 0, sizeof(*ring));
	memcpy(ring->magic, QT__RING_MAGIC, sizeof(ring->magic));
	while (id == 0)
		qt_random(&id, sizeof(id));
	atomic_init(&ring->id, id);
	ring->limit = limit;
	ring->chunk_max = chunk_max(limit, seg->page);
	ring->slot_count = QT__RING_SLOTS;
}

int
qt_ring_create(struct qt_seg *seg, uint64_t limit, uint64_t *offset)
{
	struct qt__ring	made;
	uint64_t	at;
	int		rc;

	if (limit < QT_RING_LIMIT_MIN || limit > QT_RING_LIMIT_MAX)
		return -EINVAL;
	qt__ring_init(seg, &made, qt__ring_limit(seg, limit));
	rc = qt__block_add(seg, &made, sizeof(made), qt__seg_link(seg, offset),
	    &at);
	if (rc == 0)
		*offset = at;
	return rc;
}

int
qt__ring_own(struct qt_seg *seg, struct qt__ring *ring, uint32_t state,
    uint64_t *word)
{
	uint64_t	old;

	*word = (uint64_t)seg->generation << 32 | (uint64_t)seg->self << 16 |
	    state;
	old = atomic_load_explicit(&ring->owner, memory_order_acquire);
	for (;;) {
		uint32_t	id = (uint32_t)old >> 16;

		if ((old & 0xffff) == QT__RING_DYING && state != QT__RING_DYING)
			return -QT_EGONE;
		if (id != 0 && qt__seg_is_owner_alive(seg, id,
		    (uint32_t)(old >> 32)))
			return -EBUSY;
		/* Acquire: what the last owner wrote; it released the word by
		 * the store in qt_ring_writer_close(), or it is dead. */
		if (atomic_compare_exchange_strong_explicit(&ring->owner, &old,
		    *word, memory_order_acq_rel, memory_order_acquire))
			return 0;
	}
}

static int
free_chunks(struct qt_seg *seg, struct qt__ring *ring)
{
	for (uint32_t i = 0; i < ring->slot_count; i++) {
		_Atomic uint64_t	*chunk = &ring->slot[i].chunk;
		int			 rc;

		if (atomic_load_explicit(chunk, memory_order_relaxed) == 0)
			continue;
		rc = qt__seg_free(seg, 0, qt__seg_link(seg,
		    (uint64_t *)(void *)chunk));
		if (rc < 0)
			return rc;
	}
	return 0;
}

/* What a dead process was changing is settled before this is called. */
static int
destroy(struct qt_seg *seg, uint64_t offset, uint64_t link)
{
	struct qt__ring	*ring = qt__ring_at(seg, offset);
	uint64_t	 word;
	int		 rc;

	if (ring == NULL)
		return -EINVAL;
	rc = qt__ring_own(seg, ring, QT__RING_DYING, &word);
	if (rc < 0)
		return rc;
	/* Pairs with the fence in qt_ring_is_valid(). */
	atomic_store_explicit(&ring->id, 0, memory_order_relaxed);
	qt__fence(memory_order_release);
	rc = free_chunks(seg, ring);
	if (rc == 0)
		rc = qt__block_del(seg, offset, link);
	if (rc < 0)
		/* Still DYING, but not by us: who calls again goes on. */
		atomic_store_explicit(&ring->owner, QT__RING_DYING,
		    memory_order_release);
	return rc == -EINVAL ? -QT_ECORRUPT : rc;
}

int
qt_ring_destroy(struct qt_seg *seg, uint64_t offset)
{
	int	rc = qt__seg_settle(seg);

	return rc < 0 ? rc : destroy(seg, offset, 0);
}

int
qt_ring_destroy_at(struct qt_seg *seg, uint64_t *word)
{
	uint64_t	link = qt__seg_link(seg, word), offset;
	int		rc = qt__seg_settle(seg);

	if (rc < 0)
		return rc;
	if (link == 0)
		return -EINVAL;
	offset = atomic_load_explicit(qt__word(seg, link),
	    memory_order_relaxed);
	return offset == 0 ? 0 : destroy(seg, offset, link);
}

int
qt_ring_pieces(struct qt_seg *seg, uint64_t offset,
    struct qt_ring_piece out[QT_RING_PIECES_MAX])
{
	struct qt__ring		*ring = qt__ring_at(seg, offset);
	struct qt__ring_chunk	 c;
	int			 count = 1, rc;

	_Static_assert(QT_RING_PIECES_MAX == QT__RING_SLOTS + 1, "pieces");
	if (ring == NULL)
		return -QT_ECORRUPT;
	out[0] = (struct qt_ring_piece){ offset, seg->head.block_size };
	if (!qt__block_is_used(seg, offset))
		return -QT_ECORRUPT;
	for (uint32_t i = 0; i < ring->slot_count; i++) {
		rc = qt__ring_chunk(seg, ring, i, &c);
		if (rc < 0)
			return rc;
		if (rc == 0)
			continue;
		out[count].offset = qt_seg_offset(seg, c.data);
		out[count].len = c.end - c.start;
		if (qt_seg_extent(seg, out[count].offset) != out[count].len)
			return -QT_ECORRUPT;
		count++;
	}
	return count;
}
