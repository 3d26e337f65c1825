/* SPDX-License-Identifier: Apache-2.0 */
/* Putting items into a queue. See queue_priv.h. */

#include <errno.h>
#include <string.h>

#include "queue_priv.h"

#define RECENT	64u	/* cells behind the head whose chunks may be free */
#define AHEAD	8u	/* chunks: fetched before they are claimed */
#define JUMPS	4u	/* places anywhere that are looked at first */

/* --- Into a cell --------------------------------------------------------- */

/*
 * Is what the cell of position t held a lap ago gone? head may be beyond t, when
 * others were faster.
 */
static inline bool
is_gone(struct qt_queue *q, uint64_t t)
{
	int64_t		cells = (int64_t)q->cell_count;
	uint64_t	h = atomic_load_explicit(&q->head_seen,
	    memory_order_relaxed);

	return (int64_t)(t - h) < cells ||
	    (int64_t)(t - qt__queue_settle_head(q)) < cells;
}

static inline void
set_tail(struct qt_queue *q, uint64_t t)
{
	if ((int64_t)(t - atomic_load_explicit(&q->body->tail,
	    memory_order_relaxed)) > 0)
		atomic_store_explicit(&q->body->tail, t, memory_order_release);
}

/*
 * Into the first free position from *t on; *t is which that was. The CAS is
 * sequentially consistent, for qt__wake(), and pairs with the acquire load of
 * the cell by who takes the item.
 */
QT__HOT static inline int
enter_from(struct qt_queue *q, uint32_t index, uint64_t word, uint64_t *t)
{
	struct qt__chunk	*chunk = qt__chunk_at(&q->chunks, index);

	for (uint64_t left = qt__queue_steps(q); left > 0; left--) {
		_Atomic uint64_t *cell = &q->cells[*t & q->mask];
		uint64_t	  c = atomic_load_explicit(cell,
		    memory_order_acquire);
		int64_t		  ahead;

		if (qt__queue_is_of(q, c, *t)) {
			++*t;
			continue;
		}
		ahead = qt__queue_ahead(q, c, *t);
		if (ahead > 0) {
			/* Each cell once, and once more: it ends. */
			*t += ((uint64_t)ahead << q->lap_shift) + 1;
			continue;
		}
		if (ahead != -1 || !is_gone(q, *t))
			return -QT_ECORRUPT;
		atomic_store_explicit(&chunk->place, *t, memory_order_relaxed);
		if (atomic_compare_exchange_strong(cell, &c,
		    qt__queue_cell(q, *t, word, index)))
			return 0;
	}
	return -QT_ECORRUPT;
}

QT__HOT static inline int
enter(struct qt_queue *q, uint32_t index, uint64_t word)
{
	uint64_t	t = atomic_load_explicit(&q->body->tail,
	    memory_order_acquire);
	int		rc = enter_from(q, index, word, &t);

	if (rc == 0)
		set_tail(q, t + 1);
	return rc;
}

int
qt__queue_enter(struct qt_queue *q, uint32_t index, uint64_t word)
{
	return enter(q, index, word);
}

bool
qt__queue_has(const struct qt_queue *q, uint32_t index, uint64_t word)
{
	uint64_t	pos = atomic_load_explicit(
	    &qt__chunk_at(&q->chunks, index)->place, memory_order_relaxed);

	/* Lap 0 is before all positions: it was put into none yet. */
	return pos >= q->cell_count && atomic_load_explicit(
	    &q->cells[pos & q->mask], memory_order_acquire) ==
	    qt__queue_cell(q, pos, word, index);
}

/* --- Room for an item ---------------------------------------------------- */

QT__COLD static int
is_really_full(struct qt_queue *q, uint64_t t)
{
	/* What the head says is enough for a no, and leaves the cells and
	 * chunks there to who pops. */
	uint64_t	h = atomic_load_explicit(&q->body->head,
	    memory_order_acquire);

	if ((int64_t)(t - h) < (int64_t)q->capacity) {
		atomic_store_explicit(&q->head_seen, h, memory_order_relaxed);
		return 0;
	}
	h = qt__queue_settle_head(q);
	return (int64_t)(t - h) >= (int64_t)q->capacity;
}

static inline int
is_full(struct qt_queue *q)
{
	uint64_t	t = atomic_load_explicit(&q->body->tail,
	    memory_order_acquire);
	uint64_t	h = atomic_load_explicit(&q->head_seen,
	    memory_order_relaxed);

	return (int64_t)(t - h) >= (int64_t)q->capacity &&
	    is_really_full(q, t);
}

/* Chunks of the items that went out last. */
static uint32_t
claim_recent(struct qt_queue *q, uint32_t self, uint64_t *word)
{
	uint64_t	h = atomic_load_explicit(&q->body->head,
	    memory_order_acquire);

	for (uint64_t n = 1; n <= RECENT; n++) {
		uint64_t	c = atomic_load_explicit(
		    &q->cells[(h - n) & q->mask], memory_order_relaxed);
		uint32_t	index = (uint32_t)c & q->index_mask;

		if (index < q->chunks.count &&
		    qt__chunk_try(&q->chunks, index, self, word))
			return index;
	}
	return UINT32_MAX;
}

/*
 * Anywhere: the path of our cursor has met another producer's. Who went on next
 * to that one would meet it again at each chunk, for both go at one speed.
 */
static uint32_t
claim_far(struct qt_queue *q, uint32_t self, uint64_t *word)
{
	uint64_t	seed = atomic_load_explicit(&q->body->tail,
	    memory_order_relaxed) * QT__SEG_SLOTS_MAX + self;

	for (uint32_t n = 0; n < JUMPS; n++) {
		uint32_t	index;

		/* Knuth's multiplicative hash, TAOCP 3, 6.4. */
		seed = (seed + 1) * UINT64_C(0x9e3779b97f4a7c15);
		index = (uint32_t)((seed >> 32) % q->chunks.count);
		if (qt__chunk_try(&q->chunks, index, self, word))
			return index;
	}
	return UINT32_MAX;
}

QT__COLD static uint32_t
claim_hard(struct qt_queue *q, uint32_t self, uint64_t *word)
{
	uint32_t	index = claim_far(q, self, word);

	if (index == UINT32_MAX)
		index = claim_recent(q, self, word);
	if (index == UINT32_MAX)
		index = qt__chunk_search(&q->chunks, self, UINT32_MAX, word);
	/* So few, and the queue is not full: has anybody died with some? */
	if (index == UINT32_MAX && qt_seg_sweep(q->obj.seg) > 0)
		index = qt__chunk_search(&q->chunks, self, UINT32_MAX, word);
	return index;
}

static inline uint32_t
claim(struct qt_queue *q, uint32_t self, uint64_t *word)
{
	uint32_t	i = atomic_load_explicit(&q->chunks.cursor,
	    memory_order_relaxed);

	if (i >= q->chunks.count || !qt__chunk_try(&q->chunks, i, self, word))
		i = claim_hard(q, self, word);
	if (i == UINT32_MAX)
		return i;
	atomic_store_explicit(&q->chunks.cursor, i + 1, memory_order_relaxed);
	/* By then who popped it is long done. */
	if (i + AHEAD < q->chunks.count)
		qt__prefetch_for_write(qt__chunk_at(&q->chunks, i + AHEAD));
	return i;
}

/* --- Push ---------------------------------------------------------------- */

struct push {
	struct qt_queue		*q;
	const struct iovec	*items;
	size_t			 count;
	ssize_t			 done;
};

static inline int
check_len(const struct qt_queue *q, size_t len)
{
	if (len > q->chunks.room || (q->is_fixed && len != q->chunks.room))
		return -EMSGSIZE;
	return 0;
}

/* A chunk with the item in it, ours. */
static inline int
fill(struct qt_queue *q, uint32_t self, const void *item, size_t len,
    uint32_t *index, uint64_t *word)
{
	struct qt__chunk	*chunk;

	if (is_full(q))
		return -QT_EFULL;
	*index = claim(q, self, word);
	if (*index == UINT32_MAX)
		return -QT_EFULL;
	chunk = qt__chunk_at(&q->chunks, *index);
	atomic_store_explicit(&chunk->len, (uint32_t)len,
	    memory_order_relaxed);
	qt__chunk_copy(chunk->data, item, len);
	return 0;
}

static inline int
push_one(struct qt_queue *q, const void *item, size_t len)
{
	uint32_t	self = qt__obj_self(&q->obj), index;
	uint64_t	word;
	int		rc = check_len(q, len);

	if (self == 0)
		return -EACCES;
	if (rc == 0)
		rc = fill(q, self, item, len, &index, &word);
	if (rc < 0)
		return rc;
	rc = enter(q, index, word);
	if (rc < 0)
		qt__chunk_free(qt__chunk_at(&q->chunks, index), word);
	else
		qt__wake(&q->obj, QT__QUEUE_NOT_EMPTY);
	return rc;
}

static int
push_again(void *arg, bool is_late)
{
	struct push	*p = arg;

	if (is_late)
		(void)qt_seg_sweep(p->q->obj.seg);
	return push_one(p->q, p->items->iov_base, p->items->iov_len);
}

QT__COLD static int
push_waiting(struct qt_queue *q, const void *item, size_t len,
    uint64_t deadline)
{
	struct iovec	v = { .iov_base = (void *)(uintptr_t)item,
	    .iov_len = len };
	struct push	p = { .q = q, .items = &v };

	return qt__obj_wait(&q->obj, QT__QUEUE_NOT_FULL, deadline, push_again,
	    &p);
}

int
qt_queue_push(struct qt_queue *q, const void *item, size_t len,
    uint64_t deadline)
{
	int	rc = push_one(q, item, len);

	if (rc != -QT_EFULL || deadline == QT_WAIT_NEVER)
		return rc;
	return push_waiting(q, item, len, deadline);
}

/* As many as go; the tail and the waiters are told once. */
static ssize_t
push_many(struct qt_queue *q, const struct iovec *items, size_t count)
{
	uint32_t	self = qt__obj_self(&q->obj), index;
	uint64_t	word, t = atomic_load_explicit(&q->body->tail,
	    memory_order_acquire);
	size_t		n = 0;
	int		rc = self == 0 ? -EACCES : 0;

	for (; n < count && rc == 0; n += rc == 0) {
		rc = check_len(q, items[n].iov_len);
		/* What we have not told the tail yet counts as well. */
		if (rc == 0 && t - atomic_load_explicit(&q->head_seen,
		    memory_order_relaxed) >= q->capacity && n > 0)
			set_tail(q, t);
		if (rc == 0)
			rc = fill(q, self, items[n].iov_base,
			    items[n].iov_len, &index, &word);
		if (rc < 0)
			break;
		rc = enter_from(q, index, word, &t);
		if (rc < 0)
			qt__chunk_free(qt__chunk_at(&q->chunks, index), word);
		else
			t++;
	}
	if (n == 0)
		return rc;
	set_tail(q, t);
	qt__wake(&q->obj, QT__QUEUE_NOT_EMPTY);
	return (ssize_t)n;
}

static int
push_many_again(void *arg, bool is_late)
{
	struct push	*p = arg;

	if (is_late)
		(void)qt_seg_sweep(p->q->obj.seg);
	p->done = push_many(p->q, p->items, p->count);
	return p->done < 0 ? (int)p->done : 0;
}

ssize_t
qt_queue_pushv(struct qt_queue *q, const struct iovec *items, size_t count,
    uint64_t deadline)
{
	struct push	p = { .q = q, .items = items, .count = count };
	int		rc;

	if (count == 0)
		return 0;
	p.done = push_many(q, items, count);
	if (p.done != -QT_EFULL || deadline == QT_WAIT_NEVER)
		return p.done;
	rc = qt__obj_wait(&q->obj, QT__QUEUE_NOT_FULL, deadline,
	    push_many_again, &p);
	return rc < 0 ? rc : p.done;
}

/* --- Loan and publish ---------------------------------------------------- */

static int
loan(void *arg, bool is_late)
{
	struct qt_queue_item	*item = ((struct qt_queue_item **)arg)[1];
	struct qt_queue		*q = ((struct qt_queue **)arg)[0];
	uint32_t		 self = qt__obj_self(&q->obj);
	uint64_t		 word;

	if (self == 0)
		return -EACCES;
	if (is_late)
		(void)qt_seg_sweep(q->obj.seg);
	if (is_full(q))
		return -QT_EFULL;
	qt__obj_hold(&q->obj);
	item->index = claim(q, self, &word);
	if (item->index == UINT32_MAX)
		return -QT_EFULL;
	item->generation = qt__owner_generation(word);
	item->data = qt__chunk_at(&q->chunks, item->index)->data;
	item->size = item->len = q->chunks.room;
	return 0;
}

int
qt_queue_loan(struct qt_queue *q, struct qt_queue_item *item,
    uint64_t deadline)
{
	void	*arg[2] = { q, item };
	int	 rc = loan(arg, false);

	if (rc == -QT_EFULL && deadline != QT_WAIT_NEVER)
		rc = qt__obj_wait(&q->obj, QT__QUEUE_NOT_FULL, deadline, loan,
		    arg);
	return rc;
}

/* The word of a chunk that is on loan to us, or 0. */
static uint64_t
loaned(const struct qt_queue *q, const struct qt_queue_item *item)
{
	uint32_t	self = qt__obj_self(&q->obj);
	uint64_t	word = qt__owner(item->generation, self,
	    QT__CHUNK_OWNED);

	if (self == 0 || item->index >= q->chunks.count ||
	    atomic_load_explicit(&qt__chunk_at(&q->chunks, item->index)->word,
	    memory_order_relaxed) != word ||
	    qt__queue_has(q, item->index, word))
		return 0;
	return word;
}

int
qt_queue_publish(struct qt_queue *q, struct qt_queue_item *item, size_t len)
{
	uint64_t	word = loaned(q, item);
	int		rc = check_len(q, len);

	if (word == 0)
		return -EINVAL;
	if (rc < 0)
		return rc;
	atomic_store_explicit(&qt__chunk_at(&q->chunks, item->index)->len,
	    (uint32_t)len, memory_order_relaxed);
	rc = qt__queue_enter(q, item->index, word);
	if (rc == 0)
		qt__wake(&q->obj, QT__QUEUE_NOT_EMPTY);
	return rc;
}

int
qt_queue_cancel(struct qt_queue *q, struct qt_queue_item *item)
{
	uint64_t	word = loaned(q, item);

	if (word == 0)
		return -EINVAL;
	qt__chunk_free(qt__chunk_at(&q->chunks, item->index), word);
	qt__wake_after_store(&q->obj, QT__QUEUE_NOT_FULL);
	return 0;
}
