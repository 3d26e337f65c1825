/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Erasing an object. See <qt/shm/object.h>, and object_open.c for how it meets
 * with opening.
 *
 *	READY -> ERASED		one store; the name is free
 *	erased = 1		who waits in it is woken, and told
 *	not open any more	the extent is freed and the row's offset 0, in
 *				one step; then the row is free
 *
 * The last is done by the eraser when it can, else by whoever closes it last,
 * else (when that one was killed) by qt_obj_gc(). Killed anywhere, the row says
 * how far it was, and the next one goes on.
 */

#include <errno.h>
#include <unistd.h>

#include <qt/base/sys.h>

#include "object_priv.h"

/* Tells who has it open. It may be damaged: the row is all we believe. */
static void
tell(struct qt_seg *seg, const struct qt_seg_entry *e)
{
	struct qt_obj	obj = { .seg = seg, .offset = e->offset };

	if (e->size < QT__OBJ_BODY || e->offset % seg->page != 0 ||
	    qt_seg_at(seg, e->offset, e->size) == NULL)
		return;
	obj.base = seg->map + e->offset;
	obj.shared = (void *)obj.base;
	/* Pairs with the acquire load in qt_obj_is_erased(). */
	if (atomic_exchange(&obj.shared->erased, 1) != 0)
		return;
	for (unsigned int i = 0; i < QT__OBJ_WAITS; i++)
		qt__wake(&obj, i);
}

/* The lock is held and the row is ERASED. 1 freed, 0 somebody has it open. */
static int
finish(struct qt_seg *seg, uint32_t row, const struct qt_seg_entry *e)
{
	const struct qt__obj_type	*type = qt__obj_type(e->type);
	int				 rc;

	/* The offset is 0 when only the row itself was not freed yet. */
	if (e->offset != 0) {
		tell(seg, e);
		rc = qt_sys_is_used(seg->fd, (off_t)e->offset, 1);
		if (rc != 0)
			return rc < 0 ? rc : 0;
		qt__bell_remove_all(seg, e->offset);
		if (type != NULL && type->release != NULL)
			rc = type->release(seg, e->offset);
		if (rc < 0)
			return rc;
	}
	rc = qt__row_free(seg, row);
	return rc < 0 ? rc : 1;
}

int
qt__obj_finish(struct qt_seg *seg, uint32_t row, bool is_patient)
{
	struct qt_seg_entry	e;
	uint64_t		word;
	int			rc = is_patient ? qt__seg_lock(seg) :
	    qt__seg_lock_soon(seg);

	if (rc < 0)
		return rc;
	if (qt__row_get(seg, row, &word, &e) == QT__ROW_ERASED)
		rc = finish(seg, row, &e);
	qt__seg_unlock(seg);
	return rc;
}

int
qt_obj_erase(struct qt_seg *seg, const char *name, struct qt_err *err)
{
	struct qt_seg_entry	e;
	uint64_t		word;
	int			row, rc = qt__seg_lock(seg);

	if (rc < 0) {
		qt_err_set(err, "erase '%s': %s", name, rc == -EACCES ?
		    "only a participant may" : "lock the segment");
		return rc;
	}
	row = qt__row_find(seg, name, &word, &e);
	if (row < 0) {
		rc = row;
		qt_err_set(err, "erase '%s': it is not there", name);
	} else if (qt__obj_type(e.type) == NULL) {
		rc = -EINVAL;
		qt_err_set(err, "erase '%s': it is no object", name);
	} else {
		qt__row_erase(seg, (uint32_t)row);
		/* Busy or refused: the row stays ERASED for who comes next. */
		(void)finish(seg, (uint32_t)row, &e);
	}
	qt__seg_unlock(seg);
	return rc;
}

int
qt__obj_free_erased(struct qt_seg *seg, bool is_patient)
{
	int	count = 0, rc = 0;

	atomic_store_explicit(&seg->has_erased, false, memory_order_relaxed);
	for (uint32_t i = 0; i < seg->head.entry_count && rc != -EBUSY; i++) {
		struct qt_seg_entry	e;
		uint64_t		word;

		if (qt__row_get(seg, i, &word, &e) != QT__ROW_ERASED)
			continue;
		rc = qt__obj_finish(seg, i, is_patient);
		count += rc > 0;
	}
	if (rc == -EBUSY)
		atomic_store_explicit(&seg->has_erased, true,
		    memory_order_relaxed);
	return count;
}

int
qt_obj_gc(struct qt_seg *seg)
{
	int	rc = qt_seg_sweep(seg);

	return rc < 0 ? rc : qt__obj_free_erased(seg, true);
}
