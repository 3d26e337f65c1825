/* SPDX-License-Identifier: Apache-2.0 */
/* The pieces that items live in. See chunk_priv.h. */

#include <errno.h>
#include <string.h>

#include "chunk_priv.h"
#include "epoch_priv.h"

uint64_t
qt__chunk_stride(uint64_t room)
{
	return qt__obj_round(qt__obj_sum(room, 1, sizeof(struct qt__chunk)),
	    QT__CHUNK_ALIGN);
}

void
qt__chunks_init(struct qt__chunks *cs, const struct qt_obj *obj, uint64_t at,
    uint32_t count, uint32_t room)
{
	cs->base = obj->base + at;
	cs->count = count;
	cs->room = room;
	cs->stride = (uint32_t)qt__chunk_stride(room);
	atomic_init(&cs->cursor, 0);
}

uint32_t
qt__chunk_search(struct qt__chunks *cs, uint32_t self, uint32_t count,
    uint64_t *word)
{
	uint32_t	i = atomic_load_explicit(&cs->cursor,
	    memory_order_relaxed);

	for (uint32_t n = 0; n < count && n < cs->count; n++, i++) {
		if (i >= cs->count)
			i = 0;
		if (!qt__chunk_try(cs, i, self, word))
			continue;
		atomic_store_explicit(&cs->cursor, i + 1,
		    memory_order_relaxed);
		return i;
	}
	return UINT32_MAX;
}

static uint32_t
claim_hinted(const struct qt__chunks *cs, struct qt__chunk_hints *hints,
    uint32_t self, uint64_t *word)
{
	for (uint32_t i = 0; i < QT__CHUNK_HINTS; i++) {
		uint32_t	n = atomic_load_explicit(&hints->chunk[(self +
		    i) % QT__CHUNK_HINTS], memory_order_relaxed);

		if (n > 0 && n <= cs->count &&
		    qt__chunk_try(cs, n - 1, self, word))
			return n - 1;
	}
	return UINT32_MAX;
}

uint32_t
qt__chunk_claim(struct qt_obj *obj, struct qt__chunks *cs,
    struct qt__chunk_hints *hints, uint32_t self, uint64_t *word)
{
	uint32_t	i = qt__chunk_search(cs, self, QT__CHUNK_NEAR, word);

	if (i == UINT32_MAX)
		i = claim_hinted(cs, hints, self, word);
	if (i == UINT32_MAX)
		i = qt__chunk_search(cs, self, UINT32_MAX, word);
	if (i == UINT32_MAX && qt_seg_sweep(obj->seg) > 0)
		i = qt__chunk_search(cs, self, UINT32_MAX, word);
	return i;
}

/* --- What a spec and a head say of elements ------------------------------- */

int
qt__chunk_spec(struct qt__obj_spec *s, struct qt_dtype *dtype,
    const char *text, uint32_t size, uint32_t max, struct qt_err *err)
{
	if (text != NULL) {
		int	rc = qt_dtype_parse(dtype, text, err);

		if (rc < 0)
			return rc;
		s->dtype = dtype->text;
		size = dtype->size;
	}
	if (size == 0 || size > max) {
		qt_err_set(err, "an item has 1 to %u bytes", max);
		return -EINVAL;
	}
	s->elem_size = size;
	return 0;
}

bool
qt__chunk_head(const struct qt__obj_head *h, uint32_t max)
{
	return h->elem_size > 0 && h->elem_size <= max && h->capacity > 0 &&
	    qt__obj_dtype_is_sound(h->dtype, h->elem_size);
}

/* May a chunk be in that state, and does that go with the owner? */
static bool
may_be(uint32_t state, uint32_t owner, uint32_t states)
{
	bool	is_known = state < QT__CHUNK_STATES_ ? states >> state & 1 :
	    state >= QT__EPOCH_RETIRING && state <= QT__EPOCH_FREEING &&
	    (states & QT__CHUNK_EPOCHS);
	bool	is_nobodys = state == QT__CHUNK_FREE ||
	    state == QT__CHUNK_LINKED || state == QT__CHUNK_SHARED ||
	    state == QT__CHUNK_ORPHAN || state == QT__EPOCH_LIMBO;

	return is_known && (owner == 0) == is_nobodys;
}

void
qt__chunk_fsck(struct qt_obj *obj, const struct qt__chunks *cs,
    uint32_t states, struct qt__fsck *f)
{
	for (uint32_t i = 0; i < cs->count; i++) {
		_Atomic uint64_t *at = &qt__chunk_at(cs, i)->word;
		uint64_t	  word = atomic_load(at);
		uint32_t	  state = qt__owner_state(word);
		uint32_t	  owner = qt__owner_id(word);
		bool		  is_repaired = false;

		if (owner <= obj->seg->head.slot_count &&
		    may_be(state, owner, states))
			continue;
		/* It is in no use, and nobody could ever free it. */
		if (f->flags & QT_OBJ_FSCK_REPAIR)
			is_repaired = atomic_compare_exchange_strong(at, &word,
			    qt__chunk_next(word));
		qt__fsck_fault(f, is_repaired, "chunk %u: state %u of "
		    "participant %u", i, state, owner);
	}
}
