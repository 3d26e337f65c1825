/* SPDX-License-Identifier: Apache-2.0 */
/* Items onto a stack and off it. See stack_priv.h. */

#include <errno.h>
#include <string.h>

#include "stack_priv.h"

#define PEEK_TRIES	1000u

static inline uint64_t
load_top(const struct qt_stack *s)
{
	return atomic_load_explicit(&s->body->top, memory_order_acquire);
}

/* The chunk that t names, or NULL: there is no such chunk. */
static inline struct qt__chunk *
chunk_of(const struct qt_stack *s, uint64_t t)
{
	uint32_t	n = qt__stack_chunk1(s, t);

	return n - 1 < s->chunks.count ? qt__chunk_at(&s->chunks, n - 1) : NULL;
}

/* On the stack, and not being popped? */
static inline bool
is_there(uint64_t word)
{
	uint32_t	state = qt__owner_state(word);

	return state == QT__CHUNK_OWNED || state == QT__CHUNK_AGAIN ||
	    state == QT__CHUNK_LINKED;
}

/*
 * Two steps, and each may have been done: the chunk becomes TAKEN by the
 * popper, then top the next one. All CAS here are sequentially consistent.
 */
int
qt__stack_help(struct qt_stack *s, uint64_t t)
{
	uint32_t		 popper = qt__stack_popper(s, t);
	struct qt__chunk	*chunk = chunk_of(s, t);

	if (chunk == NULL)
		return -QT_ECORRUPT;
	for (;;) {
		uint64_t	word = atomic_load_explicit(&chunk->word,
		    memory_order_acquire);
		uint64_t	place = atomic_load_explicit(&chunk->place,
		    memory_order_acquire);

		if (load_top(s) != t)
			return 0;
		if (is_there(word)) {
			(void)atomic_compare_exchange_strong(&chunk->word,
			    &word, qt__chunk_word(word, popper,
			    QT__CHUNK_TAKEN));
			continue;
		}
		if (qt__owner_state(word) != QT__CHUNK_TAKEN ||
		    qt__owner_id(word) != popper ||
		    qt__stack_next(place) > s->chunks.count)
			return -QT_ECORRUPT;
		(void)atomic_compare_exchange_strong(&s->body->top, &t,
		    qt__stack_top(s, t, 0, qt__stack_next(place)));
		return 0;
	}
}

/*
 * The chunk on top is LINKED before another is put on it. 1 when t is not top
 * any more, or changes; 0 with how many there are.
 */
static inline int
settle_top(struct qt_stack *s, uint64_t t, uint32_t *depth)
{
	struct qt__chunk	*chunk;
	uint64_t		 word, place;

	*depth = 0;
	if (qt__stack_chunk1(s, t) == 0)
		return 0;
	chunk = chunk_of(s, t);
	if (chunk == NULL)
		return -QT_ECORRUPT;
	word = atomic_load_explicit(&chunk->word, memory_order_acquire);
	place = atomic_load_explicit(&chunk->place, memory_order_acquire);
	if (load_top(s) != t)
		return 1;
	*depth = qt__stack_depth(place);
	if (qt__owner_state(word) == QT__CHUNK_LINKED)
		return 0;
	if (!is_there(word))
		return -QT_ECORRUPT;
	/* Fails when it is being popped: then top has changed. */
	return !atomic_compare_exchange_strong(&chunk->word, &word,
	    qt__chunk_word(word, 0, QT__CHUNK_LINKED));
}

int
qt__stack_link(struct qt_stack *s, uint32_t index)
{
	struct qt__chunk	*chunk = qt__chunk_at(&s->chunks, index);

	for (;;) {
		uint64_t	t = load_top(s);
		uint32_t	depth = 0;
		int		rc = qt__stack_popper(s, t) != 0 ?
		    qt__stack_help(s, t) : settle_top(s, t, &depth);

		if (rc < 0)
			return rc;
		if (rc > 0 || qt__stack_popper(s, t) != 0)
			continue;
		atomic_store_explicit(&chunk->place, (uint64_t)(depth + 1) <<
		    32 | qt__stack_chunk1(s, t), memory_order_relaxed);
		if (atomic_compare_exchange_strong(&s->body->top, &t,
		    qt__stack_top(s, t, 0, index + 1)))
			return 0;
	}
}

/* --- Push ---------------------------------------------------------------- */

struct move {
	struct qt_stack	*s;
	const void	*from;
	void		*to;
	size_t		 len;
	ssize_t		 done;
};

static int
push_one(struct qt_stack *s, const void *item, size_t len)
{
	uint32_t		 self = qt__obj_self(&s->obj), index;
	struct qt__chunk	*chunk;
	uint64_t		 word;
	int			 rc;

	if (self == 0)
		return -EACCES;
	if (len > s->chunks.room || (s->obj.head.dtype[0] != '\0' &&
	    len != s->chunks.room))
		return -EMSGSIZE;
	if (qt__stack_height(s, load_top(s)) >= s->capacity)
		return -QT_EFULL;
	index = qt__chunk_claim(&s->obj, &s->chunks, &s->body->hints, self,
	    &word);
	if (index == UINT32_MAX)
		return -QT_EFULL;
	chunk = qt__chunk_at(&s->chunks, index);
	atomic_store_explicit(&chunk->len, (uint32_t)len,
	    memory_order_relaxed);
	qt__chunk_copy(chunk->data, item, len);
	rc = qt__stack_link(s, index);
	if (rc < 0)
		qt__chunk_free(chunk, word);
	else
		qt__wake(&s->obj, QT__STACK_NOT_EMPTY);
	return rc;
}

static int
push_again(void *arg, bool is_late)
{
	struct move	*m = arg;

	if (is_late)
		(void)qt_seg_sweep(m->s->obj.seg);
	return push_one(m->s, m->from, m->len);
}

int
qt_stack_push(struct qt_stack *s, const void *item, size_t len,
    uint64_t deadline)
{
	struct move	m = { .s = s, .from = item, .len = len };
	int		rc = push_one(s, item, len);

	if (rc == -QT_EFULL && deadline != QT_WAIT_NEVER)
		rc = qt__obj_wait(&s->obj, QT__STACK_NOT_FULL, deadline,
		    push_again, &m);
	return rc;
}

/* --- Pop ----------------------------------------------------------------- */

/* 1: the chunk on top is ours to take; 0 try again; or an error. */
static inline int
claim_top(struct qt_stack *s, uint32_t self, size_t size, uint32_t *index)
{
	uint64_t		 t = load_top(s), next;
	struct qt__chunk	*chunk;
	int			 rc;

	if (qt__stack_popper(s, t) != 0)
		return qt__stack_help(s, t);
	if (qt__stack_chunk1(s, t) == 0)
		return -QT_EEMPTY;
	chunk = chunk_of(s, t);
	if (chunk == NULL)
		return -QT_ECORRUPT;
	/* A length that makes no sense is cut later: it stops nobody here. */
	if (size < s->chunks.room && atomic_load_explicit(&chunk->len,
	    memory_order_relaxed) > size)
		return load_top(s) == t ? -EMSGSIZE : 0;
	next = qt__stack_top(s, t, self, qt__stack_chunk1(s, t));
	if (!atomic_compare_exchange_strong(&s->body->top, &t, next))
		return 0;
	*index = qt__stack_chunk1(s, t) - 1;
	rc = qt__stack_help(s, next);
	return rc < 0 ? rc : 1;
}

static ssize_t
pop_one(struct qt_stack *s, void *out, size_t size)
{
	uint32_t		 self = qt__obj_self(&s->obj), index = 0, len;
	struct qt__chunk	*chunk;
	uint64_t		 word;
	int			 rc;

	if (self == 0)
		return -EACCES;
	while ((rc = claim_top(s, self, size, &index)) == 0)
		;
	if (rc < 0)
		return rc;
	chunk = qt__chunk_at(&s->chunks, index);
	word = atomic_load_explicit(&chunk->word, memory_order_acquire);
	if (qt__owner_state(word) != QT__CHUNK_TAKEN ||
	    qt__owner_id(word) != self)
		return -QT_ECORRUPT;
	len = atomic_load_explicit(&chunk->len, memory_order_relaxed);
	if (len > size)
		len = (uint32_t)size;
	if (len > s->chunks.room)
		len = s->chunks.room;
	qt__chunk_copy(out, chunk->data, len);
	qt__chunk_free(chunk, word);
	atomic_store_explicit(&s->chunks.cursor, index, memory_order_relaxed);
	qt__chunk_hint(&s->body->hints, self, index);
	qt__wake(&s->obj, QT__STACK_NOT_FULL);
	return len;
}

static int
pop_again(void *arg, bool is_late)
{
	struct move	*m = arg;

	if (is_late)
		(void)qt_seg_sweep(m->s->obj.seg);
	m->done = pop_one(m->s, m->to, m->len);
	return m->done < 0 ? (int)m->done : 0;
}

ssize_t
qt_stack_pop(struct qt_stack *s, void *out, size_t size, uint64_t deadline)
{
	struct move	m = { .s = s, .to = out, .len = size };
	ssize_t		n = pop_one(s, out, size);
	int		rc;

	if (n != -QT_EEMPTY || deadline == QT_WAIT_NEVER)
		return n;
	rc = qt__obj_wait(&s->obj, QT__STACK_NOT_EMPTY, deadline, pop_again,
	    &m);
	return rc < 0 ? rc : m.done;
}

/* --- Peek ---------------------------------------------------------------- */

/* The chunk so many places down, as long as top is t. */
static struct qt__chunk *
walk(const struct qt_stack *s, uint64_t t, uint64_t which)
{
	struct qt__chunk	*chunk = chunk_of(s, t);

	which += qt__stack_popper(s, t) != 0;
	while (which-- > 0 && chunk != NULL)
		chunk = chunk_of(s, qt__stack_next(atomic_load_explicit(
		    &chunk->place, memory_order_acquire)));
	return chunk;
}

/* The chunk that is next, as long as top is t: where it was seen, if so. */
static struct qt__chunk *
find(const struct qt_stack *s, uint64_t t, const struct qt_stack_cursor *c)
{
	if (c->chunk != 0 && c->top == t)
		return chunk_of(s, c->chunk);
	return walk(s, t, c->which);
}

ssize_t
qt_stack_next(const struct qt_stack *s, struct qt_stack_cursor *c, void *out,
    size_t size)
{
	for (unsigned int i = 0; i < PEEK_TRIES; i++) {
		uint64_t		 t = load_top(s);
		struct qt__chunk	*chunk;
		uint32_t		 len, below;

		if (c->which >= qt__stack_height(s, t)) {
			if (load_top(s) == t)
				return -QT_EEMPTY;
			continue;
		}
		chunk = find(s, t, c);
		if (chunk == NULL) {
			if (load_top(s) == t)
				return -QT_ECORRUPT;
			continue;
		}
		below = qt__stack_next(atomic_load_explicit(&chunk->place,
		    memory_order_acquire));
		len = atomic_load_explicit(&chunk->len, memory_order_relaxed);
		if (len > s->chunks.room)
			len = s->chunks.room;
		qt__copy_racy(out, chunk->data, len < size ? len : size);
		qt__fence(memory_order_acquire);
		/* Nobody has popped or pushed, so it was all on the stack. */
		if (load_top(s) == t) {
			*c = (struct qt_stack_cursor){ c->which + 1, t, below };
			return len;
		}
	}
	return -EBUSY;
}

ssize_t
qt_stack_peek(const struct qt_stack *s, uint64_t which, void *out, size_t size)
{
	struct qt_stack_cursor	c = { .which = which };

	return qt_stack_next(s, &c, out, size);
}
