/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ring's writer. See <qt/shm/ring.h>.
 *
 * The common case touches one shared word: reserve is arithmetic on the
 * handle, publish is one release store of head. Only when a chunk is full does
 * the writer look at the slots, and only while the ring still grows does it
 * enter the kernel.
 *
 * Taking the next chunk:
 *	new one		slot.start = head; then the allocator links the chunk
 *			into slot.chunk, in the same step that makes it.
 *	oldest one	tail moves behind it; then slot.start = head.
 *
 * Killed between any two of these, the next writer finds a chunk that starts
 * at head and goes on in it, or a chunk wholly before tail that is the oldest,
 * or the chunk as it was. Bytes after head are scratch in every case.
 *
 * A reader that is copying from the oldest chunk meanwhile finds out: tail was
 * stored before the first new byte, and it looks at tail after its copy.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ring_priv.h"

struct qt_ring_writer {
	struct qt_seg	*seg;
	struct qt__ring	*ring;
	uint64_t	 word;		/* ours in ring->owner */
	uint64_t	 head;
	uint64_t	 room;		/* bytes left in the chunk */
	unsigned char	*at;		/* where head is in it */
	struct qt_obj	*obj;		/* NULL: it is none */
};

/* What a look at all slots says. */
struct survey {
	uint64_t	total;		/* bytes of all chunks */
	int		free;		/* a slot without a chunk, or -1 */
	int		oldest;		/* the chunk to take next, or -1 */
	int		count;
	struct qt__ring_chunk chunk;	/* of oldest */
};

static int
survey_slots(const struct qt_ring_writer *w, struct survey *s)
{
	*s = (struct survey){ .free = -1, .oldest = -1 };
	for (uint32_t i = 0; i < w->ring->slot_count; i++) {
		struct qt__ring_chunk	c;
		int			rc = qt__ring_chunk(w->seg, w->ring, i,
		    &c);

		if (rc < 0)
			return rc;
		if (rc == 0) {
			if (s->free < 0)
				s->free = (int)i;
			continue;
		}
		s->count++;
		s->total += c.end - c.start;
		if (s->oldest < 0 || c.start < s->chunk.start) {
			s->oldest = (int)i;
			s->chunk = c;
		}
	}
	return 0;
}

/* Chunks double from one page; the last ones fill the limit up. */
static uint64_t
next_size(const struct qt_ring_writer *w, const struct survey *s)
{
	uint64_t	size = w->seg->page, left;

	for (int i = 0; i < s->count && size < w->ring->chunk_max; i++)
		size *= 2;
	left = w->ring->limit > s->total ? w->ring->limit - s->total : 0;
	while (size > left && size >= w->seg->page)
		size /= 2;
	return size < w->seg->page ? 0 : size;
}

static int
grow(struct qt_ring_writer *w, const struct survey *s, uint64_t size)
{
	struct qt__ring_slot	*slot = &w->ring->slot[s->free];
	uint64_t		 offset;
	int			 rc;

	atomic_store_explicit(&slot->start, w->head, memory_order_relaxed);
	rc = qt__seg_alloc(w->seg, size,
	    qt__seg_link(w->seg, (uint64_t *)(void *)&slot->chunk),
	    (uint32_t)__builtin_ctzll(size), &offset);
	if (rc < 0)
		return rc;
	w->at = w->seg->map + offset;
	w->room = size;
	return 0;
}

static void
reuse_oldest(struct qt_ring_writer *w, const struct survey *s)
{
	struct qt__ring		*ring = w->ring;
	uint64_t		 tail;

	tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);
	if (tail < s->chunk.end)
		/* Release pairs with the acquire loads of tail in the reader:
		 * who sees it sees a head that is not behind it. */
		atomic_store_explicit(&ring->tail, s->chunk.end,
		    memory_order_release);
	/* Pairs with the fence in qt_ring_is_valid(): who has seen any byte or
	 * the start stored below sees this tail. */
	qt__fence(memory_order_release);
	atomic_store_explicit(&ring->slot[s->oldest].start, w->head,
	    memory_order_relaxed);
	w->at = s->chunk.data;
	w->room = s->chunk.end - s->chunk.start;
}

static int
next_chunk(struct qt_ring_writer *w)
{
	struct survey	s;
	uint64_t	size;
	int		rc = survey_slots(w, &s);

	if (rc < 0)
		return rc;
	size = next_size(w, &s);
	if (size > 0 && s.free >= 0) {
		rc = grow(w, &s, size);
		if (rc == 0 || s.oldest < 0)
			return rc;
	}
	if (s.oldest < 0 || s.chunk.end > w->head)
		return -QT_ECORRUPT;
	reuse_oldest(w, &s);
	return 0;
}

/* The chunk with pos inside. 1, 0 when there is none, -QT_ECORRUPT. */
static int
chunk_with(const struct qt_ring_writer *w, uint64_t pos,
    struct qt__ring_chunk *found)
{
	int	count = 0;

	for (uint32_t i = 0; i < w->ring->slot_count; i++) {
		struct qt__ring_chunk	c;
		int			rc = qt__ring_chunk(w->seg, w->ring, i,
		    &c);

		/* No chunk begins after head, and no two have one byte. */
		if (rc < 0 || (rc > 0 && c.start > w->head))
			return -QT_ECORRUPT;
		if (rc == 0 || pos < c.start || pos >= c.end)
			continue;
		*found = c;
		count++;
	}
	return count > 1 ? -QT_ECORRUPT : count;
}

/*
 * Where the last writer stopped: the chunk that has head inside, or begins
 * there. From tail to head the chunks must follow each other without a gap.
 */
static int
find_head(struct qt_ring_writer *w)
{
	struct qt__ring_chunk	c;
	uint64_t		pos;
	int			rc;

	w->head = atomic_load_explicit(&w->ring->head, memory_order_acquire);
	pos = atomic_load_explicit(&w->ring->tail, memory_order_acquire);
	if (pos > w->head)
		return -QT_ECORRUPT;
	for (uint32_t n = 0; pos < w->head; n++, pos = c.end) {
		rc = chunk_with(w, pos, &c);
		if (rc <= 0 || n > w->ring->slot_count)
			return -QT_ECORRUPT;
	}
	rc = chunk_with(w, w->head, &c);
	if (rc > 0) {
		w->room = c.end - w->head;
		w->at = c.data + (w->head - c.start);
	}
	return rc < 0 ? rc : 0;
}

int
qt_ring_writer_open(struct qt_seg *seg, uint64_t offset,
    struct qt_ring_writer **out, struct qt_err *err)
{
	struct qt_ring_writer	*w;
	int			 rc;

	*out = NULL;
	if (seg->self == 0) {
		qt_err_set(err, "only a participant may write a ring");
		return -EACCES;
	}
	w = calloc(1, sizeof(*w));
	if (w == NULL)
		return -ENOMEM;
	w->seg = seg;
	w->ring = qt__ring_at(seg, offset);
	if (w->ring == NULL) {
		rc = -QT_ECORRUPT;
		qt_err_set(err, "there is no ring at %#llx",
		    (unsigned long long)offset);
		goto err_after_alloc;
	}
	rc = qt__ring_own(seg, w->ring, QT__RING_WRITER, &w->word);
	if (rc < 0) {
		qt_err_set(err, rc == -EBUSY ?
		    "the ring has a living writer" : "the ring is destroyed");
		goto err_after_alloc;
	}
	/* The last writer may have died while a chunk was being linked. */
	rc = qt__seg_settle(seg);
	if (rc == 0)
		rc = find_head(w);
	if (rc < 0) {
		qt_err_set(err, rc == -QT_ECORRUPT ?
		    "the ring's chunks make no sense" :
		    "finish what a dead process left");
		qt_ring_writer_close(w);
		return rc;
	}
	*out = w;
	return 0;

err_after_alloc:
	free(w);
	return rc;
}

void
qt_ring_writer_close(struct qt_ring_writer *w)
{
	uint64_t	word;

	if (w == NULL)
		return;
	/* Pairs with the CAS in qt__ring_own(). In a fork child the word is
	 * still the parent's, so it is left alone there. */
	word = w->word;
	if (w->seg->self == ((uint32_t)word >> 16))
		atomic_compare_exchange_strong_explicit(&w->ring->owner, &word,
		    0, memory_order_release, memory_order_relaxed);
	free(w);
}

ssize_t
qt_ring_reserve(struct qt_ring_writer *w, size_t want, void **p)
{
	if (want == 0)
		return -EINVAL;
	if (w->room == 0) {
		int	rc = next_chunk(w);

		if (rc < 0)
			return rc;
	}
	*p = w->at;
	return (ssize_t)(want < w->room ? want : w->room);
}

void
qt_ring_publish(struct qt_ring_writer *w, size_t len)
{
	if (len > w->room)
		len = w->room;
	w->head += len;
	w->at += len;
	w->room -= len;
	/* Pairs with the acquire load of head in the reader. */
	atomic_store_explicit(&w->ring->head, w->head, memory_order_release);
	if (w->obj != NULL)
		qt__wake_after_store(w->obj, QT__RING_MORE);
}

void
qt__ring_writer_wakes(struct qt_ring_writer *w, struct qt_obj *obj)
{
	w->obj = obj;
}

int
qt_ring_write(struct qt_ring_writer *w, const void *data, size_t len)
{
	const unsigned char	*from = data;

	while (len > 0) {
		void	*to;
		ssize_t	 n = qt_ring_reserve(w, len, &to);

		if (n < 0)
			return (int)n;
		memcpy(to, from, (size_t)n);
		qt_ring_publish(w, (size_t)n);
		from += n;
		len -= (size_t)n;
	}
	return 0;
}

uint64_t
qt_ring_writer_head(const struct qt_ring_writer *w)
{
	return w->head;
}
