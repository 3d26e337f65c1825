/* SPDX-License-Identifier: Apache-2.0 */
/* Items into and out of a queue of one producer and one consumer. */

#include <errno.h>
#include <string.h>

#include "chunk_priv.h"
#include "spsc_priv.h"

/* A fork child has the handle, and not the role. */
static inline bool
has_role(const struct qt_spsc *q, const struct qt__spsc_end *end)
{
	return end->self != 0 && end->self == qt__obj_self(&q->obj) &&
	    atomic_load_explicit(&end->side->role, memory_order_relaxed) ==
	    end->role;
}

/*
 * How many items there is room for, if fewer than count are known of: looks at
 * what the consumer has released. The acquire load pairs with publish().
 */
static inline int64_t
room_for(struct qt_spsc *q, uint64_t count)
{
	struct qt__spsc_end	*p = &q->producer;
	uint64_t		 used = p->at - p->seen;

	if (!has_role(q, p))
		return -EACCES;
	if (used > q->capacity || q->capacity - used < count) {
		p->seen = atomic_load_explicit(&q->body->consumer.at,
		    memory_order_acquire);
		used = p->at - p->seen;
		if (used > q->capacity)
			return -QT_ECORRUPT;
		if (used == q->capacity)
			return -QT_EFULL;
	}
	return (int64_t)(q->capacity - used);
}

static inline int64_t
items_for(struct qt_spsc *q, uint64_t count)
{
	struct qt__spsc_end	*c = &q->consumer;
	uint64_t		 there = c->seen - c->at;

	if (!has_role(q, c))
		return -EACCES;
	if (there > q->capacity || there < count) {
		c->seen = atomic_load_explicit(&q->body->producer.at,
		    memory_order_acquire);
		there = c->seen - c->at;
		if (there > q->capacity)
			return -QT_ECORRUPT;
		if (there == 0)
			return -QT_EEMPTY;
	}
	return (int64_t)there;
}

/* n items are there, or free again: one store says so. */
static inline void
publish(struct qt_spsc *q, struct qt__spsc_end *end, uint64_t n,
    unsigned int which)
{
	end->at += n;
	end->lent = 0;
	atomic_store_explicit(&end->side->at, end->at, memory_order_release);
	qt__wake_after_store(&q->obj, which);
}

/* What any of them does once; and again, while it waits. */
struct move {
	struct qt_spsc	*q;
	const void	*from;
	void		*to;
	size_t		 n;		/* bytes, or items */
	ssize_t		 done;
	ssize_t		 (*once)(const struct move *m);
};

static int
again(void *arg, bool is_late)
{
	struct move	*m = arg;

	(void)is_late;
	m->done = m->once(m);
	return m->done < 0 ? (int)m->done : 0;
}

static inline ssize_t
run(struct move *m, unsigned int which, uint64_t deadline)
{
	int	rc;

	m->done = m->once(m);
	if (deadline == QT_WAIT_NEVER ||
	    (m->done != -QT_EFULL && m->done != -QT_EEMPTY))
		return m->done;
	rc = qt__obj_wait(&m->q->obj, which, deadline, again, m);
	return rc < 0 ? rc : m->done;
}

/* --- One item ------------------------------------------------------------ */

static ssize_t
push_once(const struct move *m)
{
	struct qt_spsc		*q = m->q;
	int64_t			 room = room_for(q, 1);
	unsigned char		*at = qt__spsc_at(q, q->producer.at);
	struct qt__spsc_item	*item = (void *)at;

	if (room < 0)
		return room;
	if (m->n > q->room || (q->is_fixed && m->n != q->room))
		return -EMSGSIZE;
	if (!q->is_fixed) {
		atomic_store_explicit(&item->len, (uint32_t)m->n,
		    memory_order_relaxed);
		at = item->data;
	}
	qt__chunk_copy(at, m->from, m->n);
	publish(q, &q->producer, 1, QT__SPSC_NOT_EMPTY);
	return 0;
}

int
qt_spsc_push(struct qt_spsc *q, const void *item, size_t len,
    uint64_t deadline)
{
	struct move	m = { .q = q, .from = item, .n = len,
	    .once = push_once };

	return (int)run(&m, QT__SPSC_NOT_FULL, deadline);
}

/* The item at a place, and its length: never more than there is room. */
static inline const unsigned char *
item_at(const struct qt_spsc *q, uint64_t n, uint32_t *len)
{
	const unsigned char		*at = qt__spsc_at(q, n);
	const struct qt__spsc_item	*item = (const void *)at;

	*len = q->room;
	if (q->is_fixed)
		return at;
	*len = atomic_load_explicit(&item->len, memory_order_relaxed);
	if (*len > q->room)
		*len = q->room;
	return item->data;
}

static ssize_t
pop_once(const struct move *m)
{
	struct qt_spsc		*q = m->q;
	int64_t			 there = items_for(q, 1);
	const unsigned char	*at;
	uint32_t		 len;

	if (there < 0)
		return there;
	at = item_at(q, q->consumer.at, &len);
	if (len > m->n)
		return -EMSGSIZE;
	qt__chunk_copy(m->to, at, len);
	publish(q, &q->consumer, 1, QT__SPSC_NOT_FULL);
	return len;
}

ssize_t
qt_spsc_pop(struct qt_spsc *q, void *out, size_t size, uint64_t deadline)
{
	struct move	m = { .q = q, .to = out, .n = size,
	    .once = pop_once };

	return run(&m, QT__SPSC_NOT_EMPTY, deadline);
}

/* --- Many ---------------------------------------------------------------- */

/* How many of n lie in one row from place at on. */
static inline uint64_t
in_a_row(const struct qt_spsc *q, uint64_t at, uint64_t n)
{
	uint64_t	end = q->mask + 1 - (at & q->mask);

	return n < end ? n : end;
}

static ssize_t
push_n_once(const struct move *m)
{
	struct qt_spsc		*q = m->q;
	const unsigned char	*from = m->from;
	int64_t			 room = room_for(q, m->n);
	uint64_t		 n, row, at = q->producer.at;

	if (room < 0)
		return room;
	if (!q->is_fixed)
		return -EINVAL;
	n = m->n < (uint64_t)room ? m->n : (uint64_t)room;
	row = in_a_row(q, at, n);
	memcpy(qt__spsc_at(q, at), from, row * q->stride);
	memcpy(q->items, from + row * q->stride, (n - row) * q->stride);
	publish(q, &q->producer, n, QT__SPSC_NOT_EMPTY);
	return (ssize_t)n;
}

ssize_t
qt_spsc_push_n(struct qt_spsc *q, const void *items, size_t count,
    uint64_t deadline)
{
	struct move	m = { .q = q, .from = items, .n = count,
	    .once = push_n_once };

	return count == 0 ? 0 : run(&m, QT__SPSC_NOT_FULL, deadline);
}

static ssize_t
pop_n_once(const struct move *m)
{
	struct qt_spsc	*q = m->q;
	unsigned char	*to = m->to;
	int64_t		 there = items_for(q, m->n);
	uint64_t	 n, row, at = q->consumer.at;

	if (there < 0)
		return there;
	if (!q->is_fixed)
		return -EINVAL;
	n = m->n < (uint64_t)there ? m->n : (uint64_t)there;
	row = in_a_row(q, at, n);
	memcpy(to, qt__spsc_at(q, at), row * q->stride);
	memcpy(to + row * q->stride, q->items, (n - row) * q->stride);
	publish(q, &q->consumer, n, QT__SPSC_NOT_FULL);
	return (ssize_t)n;
}

ssize_t
qt_spsc_pop_n(struct qt_spsc *q, void *items, size_t count, uint64_t deadline)
{
	struct move	m = { .q = q, .to = items, .n = count,
	    .once = pop_n_once };

	return count == 0 ? 0 : run(&m, QT__SPSC_NOT_EMPTY, deadline);
}

/* --- In place ------------------------------------------------------------ */

static ssize_t
loan_once(const struct move *m)
{
	struct qt_spsc	*q = m->q;
	int64_t		 room = room_for(q, m->n);
	uint64_t	 n, at = q->producer.at;

	if (room < 0)
		return room;
	n = m->n < (uint64_t)room ? m->n : (uint64_t)room;
	n = q->is_fixed ? in_a_row(q, at, n) : 1;
	*(void **)m->to = q->is_fixed ? qt__spsc_at(q, at) :
	    ((struct qt__spsc_item *)(void *)qt__spsc_at(q, at))->data;
	q->producer.lent = n;
	return (ssize_t)n;
}

ssize_t
qt_spsc_loan(struct qt_spsc *q, void **data, size_t count, uint64_t deadline)
{
	struct move	m = { .q = q, .to = data, .n = count,
	    .once = loan_once };

	return count == 0 ? 0 : run(&m, QT__SPSC_NOT_FULL, deadline);
}

int
qt_spsc_publish(struct qt_spsc *q, size_t n)
{
	struct qt__spsc_end	*p = &q->producer;
	struct qt__spsc_item	*item = (void *)qt__spsc_at(q, p->at);
	uint64_t		 rest;

	if (!has_role(q, p))
		return -EACCES;
	if (n > (q->is_fixed ? p->lent : q->room) || p->lent == 0)
		return -EINVAL;
	if (!q->is_fixed) {
		atomic_store_explicit(&item->len, (uint32_t)n,
		    memory_order_relaxed);
		n = 1;
	}
	rest = p->lent - n;
	publish(q, p, n, QT__SPSC_NOT_EMPTY);
	p->lent = rest;
	return 0;
}

static ssize_t
take_once(const struct move *m)
{
	struct qt_spsc	*q = m->q;
	int64_t		 there = items_for(q, m->n);
	uint64_t	 n;
	uint32_t	 len;

	if (there < 0)
		return there;
	n = m->n < (uint64_t)there ? m->n : (uint64_t)there;
	n = q->is_fixed ? in_a_row(q, q->consumer.at, n) : 1;
	*(const void **)m->to = item_at(q, q->consumer.at, &len);
	q->consumer.lent = n;
	return (ssize_t)n;
}

ssize_t
qt_spsc_take(struct qt_spsc *q, const void **data, size_t *len, size_t count,
    uint64_t deadline)
{
	struct move	m = { .q = q, .to = (void *)data, .n = count,
	    .once = take_once };
	ssize_t		n = count == 0 ? 0 : run(&m, QT__SPSC_NOT_EMPTY,
	    deadline);
	uint32_t	one;

	if (n > 0 && len != NULL) {
		(void)item_at(q, q->consumer.at, &one);
		*len = (size_t)n * one;
	}
	return n;
}

int
qt_spsc_release(struct qt_spsc *q, size_t n)
{
	uint64_t	rest = q->consumer.lent - n;

	if (!has_role(q, &q->consumer))
		return -EACCES;
	if (n > q->consumer.lent)
		return -EINVAL;
	publish(q, &q->consumer, n, QT__SPSC_NOT_FULL);
	q->consumer.lent = rest;
	return 0;
}

/* --- Peek ---------------------------------------------------------------- */

ssize_t
qt_spsc_peek(const struct qt_spsc *q, uint64_t which, void *out, size_t size)
{
	for (;;) {
		uint64_t		 h, t;
		const unsigned char	*at;
		uint32_t		 len;

		h = atomic_load_explicit(&q->body->consumer.at,
		    memory_order_acquire);
		t = atomic_load_explicit(&q->body->producer.at,
		    memory_order_acquire);
		/* More than it holds: others went on, or it is damaged. */
		if (t - h > q->capacity && atomic_load_explicit(
		    &q->body->consumer.at, memory_order_acquire) == h)
			return -QT_ECORRUPT;
		if (t - h > q->capacity)
			continue;
		if (which >= t - h)
			return -QT_EEMPTY;
		at = item_at(q, h + which, &len);
		qt__copy_racy(out, at, len < size ? len : size);
		qt__fence(memory_order_acquire);
		/* Its place is written again only when it was released. */
		h += which;
		if ((int64_t)(h - atomic_load_explicit(&q->body->consumer.at,
		    memory_order_relaxed)) >= 0)
			return len;
	}
}
