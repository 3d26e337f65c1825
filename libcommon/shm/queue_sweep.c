/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the dead left in a queue, and whether all of it is sound. See
 * queue_priv.h.
 *
 * A chunk is looked at by its word alone, and changed by a CAS of that word: it
 * fails when others went on with the item meanwhile, and then it was in the
 * queue and is no business of ours.
 */

#include <errno.h>

#include "queue_priv.h"

/*
 * AGAIN, and its duty is not done yet, or nobody knows: see it into a cell. If
 * it is in none it was in none while its word was that: for who else found it
 * in one may have taken it, and used the chunk again, since the word was read.
 */
static int
enter_again(struct qt_queue *q, uint32_t index, uint64_t word)
{
	_Atomic uint64_t	*at = &qt__chunk_at(&q->chunks, index)->word;
	int			 rc = 0;

	if (!qt__queue_has(q, index, word)) {
		/* After the cell, which qt__queue_has() loads by acquire. */
		if (atomic_load(at) != word)
			return 0;
		rc = qt__queue_enter(q, index, word);
	}
	if (rc < 0)
		return rc;
	/* Fails when it was taken already. */
	atomic_compare_exchange_strong(at, &word, qt__chunk_word(word,
	    qt__owner_id(word), QT__CHUNK_OWNED));
	qt__wake(&q->obj, QT__QUEUE_NOT_EMPTY);
	return 0;
}

int
qt__queue_again(struct qt_queue *q, uint32_t index, uint64_t word)
{
	uint64_t	next = qt__owner(qt__owner_generation(word) + 1,
	    qt__owner_id(word), QT__CHUNK_AGAIN);

	if (!atomic_compare_exchange_strong(&qt__chunk_at(&q->chunks,
	    index)->word, &word, next))
		return -EINVAL;
	qt__obj_count(&q->obj, QT__QUEUE_AGAIN, 1);
	return enter_again(q, index, next);
}

static void
sweep_chunk(struct qt_queue *q, uint32_t index, uint64_t word)
{
	uint32_t	state = qt__owner_state(word);

	if (state == QT__CHUNK_AGAIN) {
		(void)enter_again(q, index, word);
		return;
	}
	if (state == QT__CHUNK_OWNED && qt__queue_has(q, index, word))
		return;
	if (state == QT__CHUNK_TAKEN &&
	    (q->obj.head.flags & QT_QUEUE_REDELIVER)) {
		(void)qt__queue_again(q, index, word);
	} else if (atomic_compare_exchange_strong(&qt__chunk_at(&q->chunks,
	    index)->word, &word, qt__chunk_next(word)) &&
	    state == QT__CHUNK_TAKEN) {
		qt__obj_count(&q->obj, QT__QUEUE_DROPPED, 1);
	}
	qt__obj_count(&q->obj, QT__QUEUE_TAKEOVERS, 1);
}

void
qt__queue_sweep(struct qt_obj *obj, uint32_t id)
{
	struct qt_queue	q;

	qt__queue_attach(&q, obj);
	for (uint32_t i = 0; i < q.chunks.count; i++) {
		/* Acquire: its place was stored before. */
		uint64_t	word = atomic_load_explicit(
		    &qt__chunk_at(&q.chunks, i)->word, memory_order_acquire);

		if (qt__owner_id(word) == id &&
		    qt__owner_state(word) != QT__CHUNK_FREE)
			sweep_chunk(&q, i, word);
	}
	(void)qt__queue_settle_head(&q);
	qt__wake(&q.obj, QT__QUEUE_NOT_FULL);
}

/* An owned chunk that is in no cell is being filled. */
void
qt__queue_each_hold(struct qt_obj *obj, struct qt__holds *h)
{
	struct qt_queue	q;

	qt__queue_attach(&q, obj);
	for (uint32_t i = 0; i < q.chunks.count; i++) {
		uint64_t	word = atomic_load_explicit(
		    &qt__chunk_at(&q.chunks, i)->word, memory_order_acquire);
		uint32_t	state = qt__owner_state(word);

		if (state == QT__CHUNK_TAKEN)
			qt__hold(h, qt__owner_id(word), "taken", 1);
		else if (state == QT__CHUNK_OWNED &&
		    !qt__queue_has(&q, i, word))
			qt__hold(h, qt__owner_id(word), "filling", 1);
	}
}

/* --- fsck ---------------------------------------------------------------- */

/* From the head on as far as cells are written. */
static void
check_cells(struct qt_queue *q, struct qt__fsck *f)
{
	uint64_t	h = qt__queue_settle_head(q), n = 0;
	int64_t		ahead = 0;

	while (n < q->cell_count && ahead >= 0) {
		uint64_t	c = atomic_load(&q->cells[(h + n) & q->mask]);
		uint32_t	index = (uint32_t)c & q->index_mask;

		ahead = qt__queue_ahead(q, c, h + n);
		if (ahead == 0 && index >= q->chunks.count)
			qt__fsck_fault(f, false, "position %llu: chunk %u of "
			    "%u", (unsigned long long)(h + n), index,
			    q->chunks.count);
		n += ahead >= 0;
	}
	/* Behind the last, all are of the lap before; unless others pushed. */
	for (; n < q->cell_count; n++) {
		ahead = qt__queue_ahead(q, atomic_load(&q->cells[(h + n) &
		    q->mask]), h + n);
		if (ahead >= -1 && ahead <= 0)
			continue;
		qt__fsck_fault(f, false, "position %llu: a cell of another "
		    "lap", (unsigned long long)(h + n));
		return;
	}
}

void
qt__queue_fsck(struct qt_obj *obj, struct qt__fsck *f)
{
	struct qt_queue	q;

	qt__queue_attach(&q, obj);
	qt__chunk_fsck(obj, &q.chunks, 1u << QT__CHUNK_FREE |
	    1u << QT__CHUNK_OWNED | 1u << QT__CHUNK_TAKEN |
	    1u << QT__CHUNK_AGAIN, f);
	check_cells(&q, f);
}
