/* SPDX-License-Identifier: Apache-2.0 */
/* Taking items out of a queue. See queue_priv.h. */

#include <errno.h>
#include <string.h>

#include "queue_priv.h"

#define AGAIN_MS	100u	/* between looks for the dead, when empty */
#define SIZE_ANY	SIZE_MAX
#define AHEAD		2u	/* items: their chunks are fetched early */

/* All before position h are gone. */
static inline void
set_head(struct qt_queue *q, uint64_t h)
{
	if ((int64_t)(h - atomic_load_explicit(&q->body->head,
	    memory_order_relaxed)) > 0)
		atomic_store_explicit(&q->body->head, h, memory_order_release);
}

/*
 * What is at position *h: 0 with its chunk and word; -QT_EEMPTY, nothing yet;
 * -ENOENT, it is gone, and *h is the next to look at; -QT_ECORRUPT.
 */
static inline int
look(const struct qt_queue *q, uint64_t *h, uint64_t *cell, uint32_t *index,
    uint64_t *word)
{
	uint64_t	c = atomic_load_explicit(&q->cells[*h & q->mask],
	    memory_order_acquire);

	if (!qt__queue_is_of(q, c, *h)) {
		int64_t	ahead = qt__queue_ahead(q, c, *h);

		if (ahead < 0)
			return ahead == -1 ? -QT_EEMPTY : -QT_ECORRUPT;
		*h += ((uint64_t)(ahead - 1) << q->lap_shift) + 1;
		return -ENOENT;
	}
	*cell = c;
	*index = (uint32_t)c & q->index_mask;
	if (*index >= q->chunks.count)
		return -QT_ECORRUPT;
	*word = atomic_load_explicit(&qt__chunk_at(&q->chunks, *index)->word,
	    memory_order_acquire);
	if (qt__queue_is_there(q, c, *word))
		return 0;
	++*h;
	return -ENOENT;
}

/* Ends: each step is to another cell, or over a lap; at most two laps. */
uint64_t
qt__queue_skip(const struct qt_queue *q, uint64_t h)
{
	uint64_t	c, word, left = qt__queue_steps(q);
	uint32_t	index;

	while (look(q, &h, &c, &index, &word) == -ENOENT && left-- > 0)
		;
	return h;
}

uint64_t
qt__queue_settle_head(struct qt_queue *q)
{
	uint64_t	h = qt__queue_skip(q, atomic_load_explicit(
	    &q->body->head, memory_order_acquire));

	set_head(q, h);
	atomic_store_explicit(&q->head_seen, h, memory_order_relaxed);
	return h;
}

/*
 * More than AHEAD is slower by far: those items are the ones that a producer is
 * just publishing, whose lines we would take away from it.
 */
static inline void
fetch_ahead(const struct qt_queue *q, uint64_t h)
{
	uint64_t	c = atomic_load_explicit(&q->cells[(h + AHEAD) &
	    q->mask], memory_order_relaxed);

	if (qt__queue_is_of(q, c, h + AHEAD))
		qt__prefetch_for_write(qt__chunk_at(&q->chunks, (uint32_t)c &
		    q->index_mask));
}

/*
 * Takes out the item at *h, or the first behind it; *h is where it was. Only
 * one with at most size bytes: else -EMSGSIZE, and it stays.
 *
 * The CAS is sequentially consistent, so qt__wake() may follow it: who waits
 * for room looks at the words of chunks. (Not at whether they are free again;
 * when there is room and no free chunk, a waiter may sleep out its 100 ms.)
 */
QT__HOT static inline int
take_from(struct qt_queue *q, uint32_t self, size_t size, uint64_t *h,
    uint32_t *index, uint64_t *word)
{
	for (uint64_t left = qt__queue_steps(q);;) {
		struct qt__chunk *chunk;
		uint64_t	  c;
		int		  rc = look(q, h, &c, index, word);

		if (rc == -ENOENT && left-- > 0)
			continue;
		if (rc == -ENOENT)
			return -QT_ECORRUPT;
		if (rc < 0) {
			set_head(q, *h);
			return rc;
		}
		chunk = qt__chunk_at(&q->chunks, *index);
		/* Is the chunk still the one of this position? Fewer than a lap
		 * of items can have come between, so its generation is not the
		 * same by having gone round. */
		if (atomic_load_explicit(&q->cells[*h & q->mask],
		    memory_order_relaxed) != c)
			continue;
		/* With room for all there are, a length that makes no sense
		 * is cut later, and stops nobody here. */
		if (size < q->chunks.room && atomic_load_explicit(&chunk->len,
		    memory_order_relaxed) > size) {
			if (atomic_load(&chunk->word) == *word)
				return -EMSGSIZE;
			continue;
		}
		if (atomic_compare_exchange_strong(&chunk->word, word,
		    qt__chunk_word(*word, self, QT__CHUNK_TAKEN)))
			break;
	}
	*word = qt__chunk_word(*word, self, QT__CHUNK_TAKEN);
	fetch_ahead(q, *h);
	return 0;
}

/* A length that somebody wrote; never more than there is room. */
static inline uint32_t
len_of(const struct qt_queue *q, const struct qt__chunk *chunk)
{
	uint32_t	len = atomic_load_explicit(&chunk->len,
	    memory_order_relaxed);

	return len > q->chunks.room ? q->chunks.room : len;
}

/* Copies an item that we have taken, and gives its chunk back. */
static inline uint32_t
copy_out(struct qt_queue *q, uint32_t index, uint64_t word, void *out,
    size_t size)
{
	struct qt__chunk	*chunk = qt__chunk_at(&q->chunks, index);
	uint32_t		 len = len_of(q, chunk);

	if (len > size)
		len = (uint32_t)size;
	qt__chunk_copy(out, chunk->data, len);
	qt__chunk_free(chunk, word);
	/* Who also pushes uses the same memory again. */
	atomic_store_explicit(&q->chunks.cursor, index, memory_order_relaxed);
	return len;
}

struct pop {
	struct qt_queue		*q;
	struct iovec		*items;
	size_t			 count;
	struct qt_queue_item	*item;
	ssize_t			 done;
};

/* --- Pop ----------------------------------------------------------------- */

static inline ssize_t
pop_one(struct qt_queue *q, void *out, size_t size)
{
	uint32_t	self = qt__obj_self(&q->obj), index, len;
	uint64_t	word, h = atomic_load_explicit(&q->body->head,
	    memory_order_acquire);
	int		rc;

	if (self == 0)
		return -EACCES;
	rc = take_from(q, self, size, &h, &index, &word);
	if (rc < 0)
		return rc;
	len = copy_out(q, index, word, out, size);
	set_head(q, h + 1);
	qt__wake(&q->obj, QT__QUEUE_NOT_FULL);
	return len;
}

/*
 * Nothing there: are there items that somebody died with? Who waits asks when
 * it begins to wait; who only polls would never.
 */
static bool
is_worth_a_sweep(struct qt_queue *q)
{
	uint64_t	now;

	if (!(q->obj.head.flags & QT_QUEUE_REDELIVER))
		return false;
	now = qt_clock_mono_ms();
	if (now - atomic_load_explicit(&q->swept_ms, memory_order_relaxed) <
	    AGAIN_MS)
		return false;
	atomic_store_explicit(&q->swept_ms, now, memory_order_relaxed);
	return qt_seg_sweep(q->obj.seg) > 0;
}

/* What all forms do when the first try says empty. */
static int
wait_for_item(struct qt_queue *q, uint64_t deadline,
    int (*try)(void *arg, bool is_late), void *arg)
{
	if (deadline != QT_WAIT_NEVER)
		return qt__obj_wait(&q->obj, QT__QUEUE_NOT_EMPTY, deadline,
		    try, arg);
	return is_worth_a_sweep(q) ? try(arg, false) : -QT_EEMPTY;
}

static int
pop_again(void *arg, bool is_late)
{
	struct pop	*p = arg;

	if (is_late)
		(void)qt_seg_sweep(p->q->obj.seg);
	p->done = pop_one(p->q, p->items->iov_base, p->items->iov_len);
	return p->done < 0 ? (int)p->done : 0;
}

QT__COLD static ssize_t
pop_waiting(struct qt_queue *q, void *out, size_t size, uint64_t deadline)
{
	struct iovec	v = { .iov_base = out, .iov_len = size };
	struct pop	p = { .q = q, .items = &v };
	int		rc = wait_for_item(q, deadline, pop_again, &p);

	return rc < 0 ? rc : p.done;
}

ssize_t
qt_queue_pop(struct qt_queue *q, void *out, size_t size, uint64_t deadline)
{
	ssize_t	n = pop_one(q, out, size);

	return n == -QT_EEMPTY ? pop_waiting(q, out, size, deadline) : n;
}

static ssize_t
pop_many(struct qt_queue *q, struct iovec *items, size_t count)
{
	uint32_t	self = qt__obj_self(&q->obj), index;
	uint64_t	word, h = atomic_load_explicit(&q->body->head,
	    memory_order_acquire);
	size_t		n = 0;
	int		rc = self == 0 ? -EACCES : 0;

	while (n < count && rc == 0) {
		rc = take_from(q, self, items[n].iov_len, &h, &index, &word);
		if (rc < 0)
			break;
		items[n].iov_len = copy_out(q, index, word, items[n].iov_base,
		    items[n].iov_len);
		n++;
		h++;
	}
	if (n == 0)
		return rc;
	set_head(q, h);
	qt__wake(&q->obj, QT__QUEUE_NOT_FULL);
	return (ssize_t)n;
}

static int
pop_many_again(void *arg, bool is_late)
{
	struct pop	*p = arg;

	if (is_late)
		(void)qt_seg_sweep(p->q->obj.seg);
	p->done = pop_many(p->q, p->items, p->count);
	return p->done < 0 ? (int)p->done : 0;
}

ssize_t
qt_queue_popv(struct qt_queue *q, struct iovec *items, size_t count,
    uint64_t deadline)
{
	struct pop	p = { .q = q, .items = items, .count = count };
	int		rc;

	if (count == 0)
		return 0;
	p.done = pop_many(q, items, count);
	if (p.done != -QT_EEMPTY)
		return p.done;
	rc = wait_for_item(q, deadline, pop_many_again, &p);
	return rc < 0 ? rc : p.done;
}

/* --- Take and release ---------------------------------------------------- */

static int
take(void *arg, bool is_late)
{
	struct pop		*p = arg;
	struct qt_queue		*q = p->q;
	struct qt_queue_item	*item = p->item;
	uint32_t		 self = qt__obj_self(&q->obj);
	uint64_t		 word, h = atomic_load_explicit(&q->body->head,
	    memory_order_acquire);
	int			 rc;

	if (self == 0)
		return -EACCES;
	if (is_late)
		(void)qt_seg_sweep(q->obj.seg);
	qt__obj_hold(&q->obj);
	rc = take_from(q, self, SIZE_ANY, &h, &item->index, &word);
	if (rc < 0)
		return rc;
	set_head(q, h + 1);
	qt__wake(&q->obj, QT__QUEUE_NOT_FULL);
	item->generation = qt__owner_generation(word);
	item->data = qt__chunk_at(&q->chunks, item->index)->data;
	item->len = len_of(q, qt__chunk_at(&q->chunks, item->index));
	item->size = q->chunks.room;
	return 0;
}

int
qt_queue_take(struct qt_queue *q, struct qt_queue_item *item,
    uint64_t deadline)
{
	struct pop	p = { .q = q, .item = item };
	int		rc = take(&p, false);

	return rc == -QT_EEMPTY ? wait_for_item(q, deadline, take, &p) : rc;
}

/* The word of a chunk that we have taken, or 0. */
static uint64_t
taken(const struct qt_queue *q, const struct qt_queue_item *item)
{
	uint32_t	self = qt__obj_self(&q->obj);
	uint64_t	word = qt__owner(item->generation, self,
	    QT__CHUNK_TAKEN);

	if (self == 0 || item->index >= q->chunks.count ||
	    atomic_load_explicit(&qt__chunk_at(&q->chunks, item->index)->word,
	    memory_order_relaxed) != word)
		return 0;
	return word;
}

int
qt_queue_release(struct qt_queue *q, struct qt_queue_item *item)
{
	uint64_t	word = taken(q, item);

	if (word == 0)
		return -EINVAL;
	qt__chunk_free(qt__chunk_at(&q->chunks, item->index), word);
	qt__wake_after_store(&q->obj, QT__QUEUE_NOT_FULL);
	return 0;
}

int
qt_queue_requeue(struct qt_queue *q, struct qt_queue_item *item)
{
	uint64_t	word = taken(q, item);

	return word == 0 ? -EINVAL : qt__queue_again(q, item->index, word);
}

/* --- Peek ---------------------------------------------------------------- */

ssize_t
qt_queue_peek(const struct qt_queue *q, uint64_t which, void *out, size_t size)
{
	uint64_t	h = atomic_load_explicit(&q->body->head,
	    memory_order_acquire), c, word;
	uint32_t	index, len;
	int		rc;

	if (which >= q->cell_count)
		return -QT_EEMPTY;
	h = qt__queue_skip(q, h) + which;
	for (uint64_t left = qt__queue_steps(q);;) {
		struct qt__chunk	*chunk;

		rc = look(q, &h, &c, &index, &word);
		if (rc == -ENOENT && left-- > 0)
			continue;
		if (rc == -ENOENT)
			return -QT_ECORRUPT;
		if (rc < 0)
			return rc;
		chunk = qt__chunk_at(&q->chunks, index);
		len = len_of(q, chunk);
		qt__copy_racy(out, chunk->data, len < size ? len : size);
		qt__fence(memory_order_acquire);
		if (atomic_load_explicit(&chunk->word, memory_order_relaxed) ==
		    word && atomic_load_explicit(&q->cells[h & q->mask],
		    memory_order_relaxed) == c)
			return len;
	}
}
