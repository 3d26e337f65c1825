/* SPDX-License-Identifier: Apache-2.0 */
/* What the dead left on a stack, and whether it is sound. See stack_priv.h. */

#include "stack_priv.h"

static bool
is_top(const struct qt_stack *s, uint32_t index)
{
	return qt__stack_chunk1(s, atomic_load(&s->body->top)) == index + 1;
}

/*
 * OWNED or AGAIN by a dead one, or by us. It is on the stack if it is on top;
 * it becomes LINKED then, unless others were faster.
 */
static void
settle(struct qt_stack *s, uint32_t index, uint64_t word)
{
	(void)atomic_compare_exchange_strong(&qt__chunk_at(&s->chunks,
	    index)->word, &word, qt__chunk_word(word, 0, QT__CHUNK_LINKED));
}

/*
 * AGAIN: on the stack it would be on top, or its word would say so by now; so
 * the word is read again after the top, and only we put it there.
 */
static void
again(struct qt_stack *s, uint32_t index, uint64_t word)
{
	if (!is_top(s, index) && (atomic_load(&qt__chunk_at(&s->chunks,
	    index)->word) != word || qt__stack_link(s, index) < 0))
		return;
	settle(s, index, word);
	qt__wake(&s->obj, QT__STACK_NOT_EMPTY);
}

static void
sweep_chunk(struct qt_stack *s, uint32_t index, uint64_t word)
{
	_Atomic uint64_t	*at = &qt__chunk_at(&s->chunks, index)->word;
	uint32_t		 state = qt__owner_state(word);
	uint64_t		 next = qt__chunk_next(word);

	if (state == QT__CHUNK_AGAIN) {
		again(s, index, word);
		return;
	}
	if (state == QT__CHUNK_OWNED && is_top(s, index)) {
		settle(s, index, word);
		return;
	}
	if (state == QT__CHUNK_TAKEN &&
	    (s->obj.head.flags & QT_STACK_REDELIVER))
		next = qt__owner(qt__owner_generation(next),
		    qt__owner_id(word), QT__CHUNK_AGAIN);
	if (!atomic_compare_exchange_strong(at, &word, next))
		return;
	qt__obj_count(&s->obj, QT__STACK_TAKEOVERS, 1);
	if (qt__owner_state(next) == QT__CHUNK_AGAIN) {
		qt__obj_count(&s->obj, QT__STACK_AGAIN, 1);
		again(s, index, next);
	} else if (state == QT__CHUNK_TAKEN) {
		qt__obj_count(&s->obj, QT__STACK_DROPPED, 1);
	}
}

void
qt__stack_sweep(struct qt_obj *obj, uint32_t id)
{
	struct qt_stack	s;
	uint64_t	t;

	qt__stack_attach(&s, obj);
	/* A pop that it had begun; it begins no other. */
	t = atomic_load(&s.body->top);
	if (qt__stack_popper(&s, t) == id)
		(void)qt__stack_help(&s, t);
	for (uint32_t i = 0; i < s.chunks.count; i++) {
		uint64_t	word = atomic_load(
		    &qt__chunk_at(&s.chunks, i)->word);

		if (qt__owner_id(word) == id &&
		    qt__owner_state(word) != QT__CHUNK_FREE)
			sweep_chunk(&s, i, word);
	}
	qt__wake(&s.obj, QT__STACK_NOT_FULL);
}

/* An owned chunk that is not on top is being filled. */
void
qt__stack_each_hold(struct qt_obj *obj, struct qt__holds *h)
{
	struct qt_stack	s;

	qt__stack_attach(&s, obj);
	for (uint32_t i = 0; i < s.chunks.count; i++) {
		uint64_t	word = atomic_load(
		    &qt__chunk_at(&s.chunks, i)->word);
		uint32_t	state = qt__owner_state(word);

		if (state == QT__CHUNK_TAKEN)
			qt__hold(h, qt__owner_id(word), "taken", 1);
		else if (state == QT__CHUNK_OWNED && !is_top(&s, i))
			qt__hold(h, qt__owner_id(word), "filling", 1);
	}
}

/* From the top down: each is there, and says one less than the one above. */
static void
check_chain(struct qt_stack *s, struct qt__fsck *f)
{
	uint64_t	t = atomic_load(&s->body->top);
	uint32_t	n = qt__stack_chunk1(s, t), depth = 0;

	if (qt__stack_popper(s, t) > s->obj.seg->head.slot_count)
		qt__fsck_fault(f, false, "participant %u pops, and there is "
		    "none", qt__stack_popper(s, t));
	for (uint32_t steps = 0; n != 0 && steps <= s->chunks.count; steps++) {
		struct qt__chunk	*chunk;
		uint64_t		 place;

		if (n > s->chunks.count) {
			qt__fsck_fault(f, false, "chunk %u of %u", n - 1,
			    s->chunks.count);
			return;
		}
		chunk = qt__chunk_at(&s->chunks, n - 1);
		place = atomic_load(&chunk->place);
		/* Others work: what was read of it says nothing. */
		if (atomic_load(&s->body->top) != t)
			return;
		if (qt__owner_state(atomic_load(&chunk->word)) ==
		    QT__CHUNK_FREE ||
		    (steps > 0 && qt__stack_depth(place) != depth - 1)) {
			qt__fsck_fault(f, false, "chunk %u is not where it "
			    "says", n - 1);
			return;
		}
		depth = qt__stack_depth(place);
		n = qt__stack_next(place);
	}
	if (n != 0 || depth > 1)
		qt__fsck_fault(f, false, "it has no end");
}

void
qt__stack_fsck(struct qt_obj *obj, struct qt__fsck *f)
{
	struct qt_stack	s;

	qt__stack_attach(&s, obj);
	qt__chunk_fsck(obj, &s.chunks, 1u << QT__CHUNK_FREE |
	    1u << QT__CHUNK_OWNED | 1u << QT__CHUNK_TAKEN |
	    1u << QT__CHUNK_AGAIN | 1u << QT__CHUNK_LINKED, f);
	check_chain(&s, f);
}
