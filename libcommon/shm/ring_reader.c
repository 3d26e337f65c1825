/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ring's readers. See <qt/shm/ring.h>.
 *
 * A reader changes nothing and waits for nobody. It copies, and looks at tail
 * afterwards: tail moves before a byte is overwritten, so a tail that is still
 * at or before the position read says that the copy is right.
 *
 * Every number in the ring may be wrong, because the process that writes it
 * may be: offsets are checked against the segment, and loops are bounded by
 * numbers of our own.
 */

#include <errno.h>
#include <stdlib.h>

#include "ring_priv.h"

struct qt_ring_reader {
	const struct qt_seg	*seg;
	const struct qt__ring	*ring;
	uint64_t		 id;
	uint32_t		 slot_count;
	uint32_t		 hint;		/* the slot of the last read */
};

int
qt_ring_reader_open(const struct qt_seg *seg, uint64_t offset,
    struct qt_ring_reader **out, struct qt_err *err)
{
	struct qt_ring_reader	*r;
	const struct qt__ring	*ring = qt__ring_at(seg, offset);
	uint32_t		 slot_count;
	uint64_t		 id = 0;

	*out = NULL;
	if (ring == NULL) {
		qt_err_set(err, "there is no ring at %#llx",
		    (unsigned long long)offset);
		return -QT_ECORRUPT;
	}
	id = atomic_load_explicit(&ring->id, memory_order_acquire);
	slot_count = ring->slot_count;
	if (id == 0) {
		qt_err_set(err, "the ring is destroyed");
		return -QT_EGONE;
	}
	r = calloc(1, sizeof(*r));
	if (r == NULL)
		return -ENOMEM;
	r->seg = seg;
	r->ring = ring;
	r->id = id;
	r->slot_count = slot_count < QT__RING_SLOTS ? slot_count :
	    QT__RING_SLOTS;
	*out = r;
	return 0;
}

void
qt_ring_reader_close(struct qt_ring_reader *r)
{
	free(r);
}

/*
 * tail first: the writer stores head before the tail that depends on it, so a
 * head loaded after a tail is never behind it, in a sound ring.
 */
void
qt_ring_range(const struct qt_ring_reader *r, uint64_t *tail, uint64_t *head)
{
	uint64_t	t, h;

	/* Pairs with the release stores of tail and head in the writer. */
	t = atomic_load_explicit(&r->ring->tail, memory_order_acquire);
	h = atomic_load_explicit(&r->ring->head, memory_order_acquire);
	if (tail != NULL)
		*tail = t;
	if (head != NULL)
		*head = h;
}

static int
is_gone(const struct qt_ring_reader *r)
{
	return atomic_load_explicit(&r->ring->id, memory_order_relaxed) !=
	    r->id;
}

int
qt_ring_is_valid(const struct qt_ring_reader *r, uint64_t pos)
{
	/* Pairs with the fence of reuse_oldest() in the writer, and with that
	 * of destroy(): if what was read is newer than pos, this tail is too. */
	qt__fence(memory_order_acquire);
	return atomic_load_explicit(&r->ring->tail, memory_order_relaxed) <=
	    pos && !is_gone(r);
}

/* The chunk with pos inside. 1, 0 when no slot has it, or -QT_ECORRUPT. */
static int
find_chunk(struct qt_ring_reader *r, uint64_t pos, struct qt__ring_chunk *c)
{
	for (uint32_t n = 0, i = r->hint; n < r->slot_count; n++) {
		int	rc = qt__ring_chunk(r->seg, r->ring, i, c);

		if (rc < 0)
			return rc;
		if (rc > 0 && c->start <= pos && pos < c->end) {
			r->hint = i;
			return 1;
		}
		if (++i == r->slot_count)
			i = 0;
	}
	return 0;
}

static ssize_t
lost(const struct qt_ring_reader *r)
{
	return is_gone(r) ? -QT_EGONE : -QT_ELAPPED;
}

ssize_t
qt_ring_peek(struct qt_ring_reader *r, uint64_t pos, size_t size,
    const void **p)
{
	struct qt__ring_chunk	c;
	uint64_t		tail, head, len;
	int			rc;

	qt_ring_range(r, &tail, &head);
	if (is_gone(r))
		return -QT_EGONE;
	if (tail > head)
		return -QT_ECORRUPT;
	if (pos < tail)
		return -QT_ELAPPED;
	if (pos > head)
		return -EINVAL;
	if (pos == head || size == 0)
		return 0;
	rc = find_chunk(r, pos, &c);
	if (rc <= 0)
		/* Taken away while we looked, or it was never there. */
		return qt_ring_is_valid(r, pos) ? -QT_ECORRUPT : lost(r);
	len = (c.end < head ? c.end : head) - pos;
	*p = c.data + (pos - c.start);
	return (ssize_t)(len < size ? len : size);
}

ssize_t
qt_ring_read(struct qt_ring_reader *r, uint64_t pos, void *buf, size_t size)
{
	unsigned char	*to = buf;
	size_t		 len = 0;

	while (len < size) {
		const void	*from;
		ssize_t		 n = qt_ring_peek(r, pos + len, size - len,
		    &from);

		if (n < 0 && len == 0)
			return n;
		if (n <= 0)
			break;		/* the next call says why */
		qt__copy_racy(to + len, from, (size_t)n);
		len += (size_t)n;
	}
	/* tail only grows: if the first byte is still there, all are. */
	return len == 0 || qt_ring_is_valid(r, pos) ? (ssize_t)len : lost(r);
}
