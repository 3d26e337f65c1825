/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_SHM_CHUNK_PRIV_H
#define QT_SHM_CHUNK_PRIV_H

#include <string.h>

#include <qt/shm/dtype.h>

#include "object_priv.h"

/*
 * Chunks: the pieces of equal size that items of a queue, a stack or a pool
 * live in. Each begins with a word that says whose it is.
 *
 *	FREE  --claim-->  OWNED(p)  ...what the structure does...  --> FREE
 *	  g		     g						g+1
 *
 * The generation grows when a chunk becomes free, so a word that was read is
 * about one use of the chunk only. Words that a living participant owns are
 * changed by it alone, unless its structure says otherwise.
 */
struct qt__chunk {
	_Atomic uint64_t	word;	/* qt__owner() */
	_Atomic uint64_t	place;	/* the structure's own */
	_Atomic uint32_t	len;	/* bytes of the item */
	uint32_t		pad[3];
	unsigned char		data[];
};
_Static_assert(sizeof(struct qt__chunk) == 32, "layout");

enum qt__chunk_state {
	QT__CHUNK_FREE,
	QT__CHUNK_OWNED,	/* being filled; or in the structure */
	QT__CHUNK_TAKEN,	/* out of it, being copied or used */
	QT__CHUNK_AGAIN,	/* going in again, or there already */
	QT__CHUNK_LINKED,	/* in a stack, below its top */
	QT__CHUNK_SHARED,	/* of a pool, nobody's */
	QT__CHUNK_ORPHAN,	/* of a pool, a dead one's, to be retired */
	QT__CHUNK_STATES_
};

#define QT__CHUNK_ALIGN		64u
#define QT__CHUNK_NEAR		8u	/* looked at before the rest */

/* Where the chunks of an object are, in an open handle. */
struct qt__chunks {
	unsigned char		*base;
	uint32_t		 count, stride;
	uint32_t		 room;		/* bytes of data in each */
	_Atomic uint32_t	 cursor;	/* where to look first */
};

/* Bytes of a chunk with room for so many. */
uint64_t qt__chunk_stride(uint64_t room);
void	qt__chunks_init(struct qt__chunks *cs, const struct qt_obj *obj,
	    uint64_t at, uint32_t count, uint32_t room);

static inline struct qt__chunk *
qt__chunk_at(const struct qt__chunks *cs, uint32_t index)
{
	return (struct qt__chunk *)(void *)(cs->base +
	    (uint64_t)index * cs->stride);
}

/* The same use of the chunk in another state. */
static inline uint64_t
qt__chunk_word(uint64_t word, uint32_t owner, uint32_t state)
{
	return qt__owner(qt__owner_generation(word), owner, state);
}

/* What follows when a chunk that says word becomes free. */
static inline uint64_t
qt__chunk_next(uint64_t word)
{
	return qt__owner(qt__owner_generation(word) + 1, 0, QT__CHUNK_FREE);
}

/* Ours, so nobody else changes it. Pairs with the CAS of who claims it next. */
static inline void
qt__chunk_free(struct qt__chunk *c, uint64_t word)
{
	atomic_store_explicit(&c->word, qt__chunk_next(word),
	    memory_order_release);
}

/* Claims the chunk of that number if it is free: 1 with *word as it is then. */
static inline int
qt__chunk_try(const struct qt__chunks *cs, uint32_t index, uint32_t self,
    uint64_t *word)
{
	_Atomic uint64_t	*at = &qt__chunk_at(cs, index)->word;
	uint64_t		 old = atomic_load_explicit(at,
	    memory_order_relaxed), new;

	if (qt__owner_state(old) != QT__CHUNK_FREE)
		return 0;
	new = qt__chunk_word(old, self, QT__CHUNK_OWNED);
	if (!atomic_compare_exchange_strong_explicit(at, &old, new,
	    memory_order_acquire, memory_order_relaxed))
		return 0;
	/* Until the structure says otherwise it is nowhere. */
	atomic_store_explicit(&qt__chunk_at(cs, index)->place, 0,
	    memory_order_relaxed);
	*word = new;
	return 1;
}

/* Any of them, all looked at: its number, or UINT32_MAX. */
uint32_t qt__chunk_search(struct qt__chunks *cs, uint32_t self, uint32_t count,
	    uint64_t *word);

/*
 * Numbers of chunks that became free of late, + 1: for who finds none near its
 * cursor. Only hints; each participant mostly writes one of its own.
 */
#define QT__CHUNK_HINTS		16u
struct qt__chunk_hints {
	_Atomic uint32_t	chunk[QT__CHUNK_HINTS];
};

static inline void
qt__chunk_hint(struct qt__chunk_hints *hints, uint32_t self, uint32_t index)
{
	atomic_store_explicit(&hints->chunk[self % QT__CHUNK_HINTS], index + 1,
	    memory_order_relaxed);
}

/*
 * Claims a chunk: near the cursor, by a hint, any; and when there is none,
 * after a sweep. UINT32_MAX: all are in use.
 */
uint32_t qt__chunk_claim(struct qt_obj *obj, struct qt__chunks *cs,
	    struct qt__chunk_hints *hints, uint32_t self, uint64_t *word);
/*
 * Looks at all of them: states is a bit for each state that may be; EPOCHS, for
 * all those of nodes that are taken out. What is none becomes free.
 */
#define QT__CHUNK_EPOCHS	(1u << 31)
void	qt__chunk_fsck(struct qt_obj *obj, const struct qt__chunks *cs,
	    uint32_t states, struct qt__fsck *f);

/* The dtype of a spec, or so many bytes, into s: size, text. 0 or -EINVAL. */
int	qt__chunk_spec(struct qt__obj_spec *s, struct qt_dtype *dtype,
	    const char *text, uint32_t size, uint32_t max, struct qt_err *err);
/* Is what a head says of its elements sound? */
bool	qt__chunk_head(const struct qt__obj_head *h, uint32_t max);

/* Copies that are short most of the time. */
static inline void
qt__chunk_copy(void *to, const void *from, size_t len)
{
	if (len == 8)
		memcpy(to, from, 8);
	else
		memcpy(to, from, len);
}

#endif /* QT_SHM_CHUNK_PRIV_H */
