/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a dead participant left in objects. See <qt/shm/object.h>.
 *
 * Called before its slot can become somebody else's, with the slot held, so by
 * one process at a time; if that one dies at it, the next starts over. First
 * every object is asked to take back what it held, erased ones too: who has
 * them open still uses them. Then the extent goes that its intent names: an
 * object that it was making.
 */

#include <errno.h>

#include "object_priv.h"

static int
free_intent(struct qt_seg *seg, uint32_t id)
{
	struct qt__seg_slot	*slot = &seg->slots[id];
	uint64_t		 offset, link;
	int			 rc;

	if (atomic_load_explicit(&slot->intent, memory_order_acquire) == 0)
		return 0;
	rc = qt__seg_lock_inner_soon(seg);
	if (rc < 0)
		return rc;
	link = (uint64_t)((unsigned char *)&slot->intent - seg->map);
	offset = atomic_load_explicit(&slot->intent, memory_order_relaxed);
	if (offset != 0)
		rc = qt__seg_free_locked(seg, offset, link);
	if (rc == -EINVAL) {
		/* A damaged word that names no extent: nothing to lose. */
		atomic_store_explicit(&slot->intent, 0, memory_order_relaxed);
		rc = 0;
	}
	qt__seg_unlock_inner(seg);
	return rc;
}

static int
sweep_row(struct qt_seg *seg, uint32_t row, uint32_t id)
{
	struct qt_seg_entry	 e;
	const struct qt__obj_type *type;
	struct qt_obj		 obj;
	uint64_t		 word;
	uint32_t		 state;
	int			 rc = -EAGAIN;

	/* Again when it changes while we look; then it cannot have been its. */
	for (int tries = 0; tries < 8 && rc == -EAGAIN; tries++) {
		state = qt__row_get(seg, row, &word, &e);
		if (state == QT__ROW_FREE)
			return 0;
		if (state == QT__ROW_ERASED)
			atomic_store_explicit(&seg->has_erased, true,
			    memory_order_relaxed);
		type = qt__obj_type(e.type);
		if (type != NULL && e.offset != 0)
			qt__bell_remove(seg, e.offset, id);
		if (type == NULL || type->sweep == NULL || e.offset == 0)
			return 0;
		rc = qt__obj_attach(seg, row, word, &e, &obj, NULL);
	}
	if (rc == 0) {
		type->sweep(&obj, id);
		qt__obj_detach(&obj);
	}
	/* A damaged object has nothing that could be given back. */
	return rc == -QT_ECORRUPT || rc == -QT_EGONE ? 0 : rc;
}

int
qt__obj_sweep(struct qt_seg *seg, uint32_t id)
{
	int	rc = 0;

	for (uint32_t i = 0; i < seg->head.entry_count && rc == 0; i++)
		rc = sweep_row(seg, i, id);
	/* Last, for it needs the lock, which a stopped process may have. */
	return rc < 0 ? rc : free_intent(seg, id);
}

/* We are alive: nobody else does this for us. */
void
qt__obj_leave(struct qt_seg *seg)
{
	uint32_t	id = seg->self;

	for (struct qt__obj_ref *r = seg->refs; r != NULL; r = r->next) {
		/* While the number is ours: the next has a FIFO of that name. */
		qt__bell_close(seg, r, true);
		if (atomic_load_explicit(&r->is_holding, memory_order_relaxed))
			(void)sweep_row(seg, r->row, id);
	}
	if (seg->slots[id].intent != 0 && qt__seg_lock(seg) == 0) {
		qt__seg_unlock(seg);
		(void)free_intent(seg, id);
	}
}
