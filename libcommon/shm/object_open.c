/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opening an object, so that it stays as long as it is open. See
 * <qt/shm/object.h>.
 *
 * Who has an object open holds a shared lock (OFD) on the byte where its extent
 * begins, on a description of its own; the kernel drops it when the process
 * ends. Opening and erasing meet like this:
 *
 *	open			erase
 *	lock the byte		the row becomes ERASED
 *	read the row again	is the byte locked?
 *
 * Whichever comes first, either the opener sees that the row has changed, or
 * the eraser sees the lock. One description serves all handles of a process on
 * a segment, so it keeps a list of what is open, and how often.
 *
 * A fork child shares the description: when its parent closed the object the
 * child would lose it. So before a fork another description takes the same
 * locks, for the child alone.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <qt/base/sys.h>

#include "object_priv.h"

static struct qt__obj_ref **
find(struct qt_seg *seg, uint64_t offset)
{
	struct qt__obj_ref	**p = &seg->refs;

	while (*p != NULL && (*p)->offset != offset)
		p = &(*p)->next;
	return p;
}

static int
locks_fd(struct qt_seg *seg)
{
	if (seg->obj_fd < 0)
		seg->obj_fd = qt__seg_reopen(seg->path_fd >= 0 ?
		    seg->path_fd : seg->fd, O_RDONLY);
	return seg->obj_fd;
}

static int
ref_get(struct qt_seg *seg, uint64_t offset, uint32_t row,
    struct qt__obj_ref **out)
{
	struct qt__obj_ref	**p, *ref;
	int			  rc;

	pthread_mutex_lock(&seg->open_mutex);
	p = find(seg, offset);
	if (*p != NULL) {
		(*p)->count++;
		*out = *p;
		rc = (*p)->is_lost ? -QT_EGONE : 0;
		if (rc < 0)
			(*p)->count--;
		goto out;
	}
	ref = calloc(1, sizeof(*ref));
	rc = ref == NULL ? -ENOMEM : locks_fd(seg);
	if (rc >= 0)
		rc = qt_sys_lock(seg->obj_fd, F_RDLCK, (off_t)offset, 1);
	if (rc < 0) {
		free(ref);
		goto out;
	}
	ref->offset = offset;
	ref->row = row;
	ref->count = 1;
	*p = *out = ref;
out:
	pthread_mutex_unlock(&seg->open_mutex);
	return rc < 0 ? rc : 0;
}

/* With the mutex held. */
static void
ref_put_locked(struct qt_seg *seg, struct qt__obj_ref *ref)
{
	struct qt__obj_ref	**p;

	if (--ref->count > 0)
		return;
	qt__bell_close(seg, ref, true);
	if (!ref->is_lost)
		(void)qt_sys_lock(seg->obj_fd, F_UNLCK, (off_t)ref->offset, 1);
	for (p = &seg->refs; *p != ref; p = &(*p)->next)
		;
	*p = ref->next;
	free(ref);
}

static void
ref_put(struct qt_seg *seg, struct qt__obj_ref *ref)
{
	pthread_mutex_lock(&seg->open_mutex);
	ref_put_locked(seg, ref);
	pthread_mutex_unlock(&seg->open_mutex);
}

/* Is there an extent of that size, all of it with memory? */
static bool
has_extent(struct qt_seg *seg, const struct qt_seg_entry *e)
{
	struct qt__txn	t = { .seg = seg };
	struct qt__page	p;
	uint64_t	index;

	if (e->size < QT__OBJ_BODY || e->offset % seg->page != 0 ||
	    qt_seg_at(seg, e->offset, e->size) == NULL)
		return false;
	index = (e->offset - seg->head.data_offset) / seg->page;
	p = qt__page_get(&t, (uint32_t)index);
	return !t.bad && p.state == QT__PAGE_USED &&
	    e->size <= (uint64_t)p.pages * seg->page;
}

/* With its lock held: may it be used? */
static int
check(struct qt_seg *seg, const struct qt_seg_entry *e, struct qt_obj *obj)
{
	int	rc;

	if (!has_extent(seg, e))
		return -QT_ECORRUPT;
	obj->seg = seg;
	obj->offset = e->offset;
	obj->base = seg->map + e->offset;
	obj->shared = (void *)obj->base;
	obj->type = qt__obj_type(e->type);
	qt__copy_racy(&obj->head, obj->base, sizeof(obj->head));
	rc = qt__obj_head_check(&obj->head, e->type, e->size);
	if (rc < 0)
		return rc;
	obj->size = obj->head.size;
	return obj->type->check(obj);
}

int
qt__obj_attach(struct qt_seg *seg, uint32_t row, uint64_t word,
    const struct qt_seg_entry *entry, struct qt_obj *obj, struct qt_err *err)
{
	int	rc;

	if (qt__obj_type(entry->type) == NULL) {
		qt_err_set(err, "it is no object that this program knows");
		return -EINVAL;
	}
	if (qt_seg_at(seg, entry->offset, entry->size) == NULL) {
		qt_err_set(err, "its row leads nowhere");
		return -QT_ECORRUPT;
	}
	rc = ref_get(seg, entry->offset, row, &obj->ref);
	if (rc < 0) {
		qt_err_set(err, "lock it against being erased");
		return rc;
	}
	/* After the lock, which orders the two: see above. */
	if (atomic_load(&seg->rows[row].word) != word)
		rc = -EAGAIN;
	else
		rc = check(seg, entry, obj);
	if (rc < 0) {
		ref_put(seg, obj->ref);
		if (rc == -QT_ECORRUPT)
			qt_err_set(err, "its head makes no sense");
	}
	return rc;
}

static int
open_once(struct qt_seg *seg, const char *name, uint32_t type,
    struct qt_obj *obj, struct qt_err *err)
{
	struct qt_seg_entry	entry;
	uint64_t		word;
	int			row = qt__row_find(seg, name, &word, &entry);
	int			rc;

	if (row < 0) {
		qt_err_set(err, "it is not there");
		return row;
	}
	if (type != QT_TYPE_NONE && entry.type != type) {
		qt_err_set(err, "it is a %s, not a %s",
		    qt_obj_type_name(entry.type), qt_obj_type_name(type));
		return -EINVAL;
	}
	rc = qt__obj_attach(seg, (uint32_t)row, word, &entry, obj, err);
	if (rc == -EAGAIN && seg->self != 0)
		/* Our lock may have been in the way of who erased it. */
		(void)qt__obj_finish(seg, (uint32_t)row, true);
	if (rc == 0) {
		pthread_mutex_lock(&seg->open_mutex);
		obj->ref->handles++;
		/* Who looked on may have come here from an older row. */
		obj->ref->row = (uint32_t)row;
		pthread_mutex_unlock(&seg->open_mutex);
	}
	return rc;
}

int
qt__obj_open(struct qt_seg *seg, const char *name, uint32_t type,
    struct qt_obj *obj, struct qt_err *err)
{
	int	rc = -EAGAIN;

	for (int tries = 0; tries < 100 && rc == -EAGAIN; tries++)
		rc = open_once(seg, name, type, obj, err);
	if (rc < 0)
		qt_err_wrap(err, "open '%s'", name);
	return rc;
}

void
qt__obj_detach(struct qt_obj *obj)
{
	ref_put(obj->seg, obj->ref);
}

/*
 * With the last of our handles goes what we hold. In one with counting them, so
 * that of two threads that close at once one is the last; and the mutex keeps
 * others from opening it meanwhile, and from taking something anew. Its row.
 */
static uint32_t
close_handle(struct qt_obj *obj)
{
	struct qt_seg	*seg = obj->seg;
	uint32_t	 row;

	pthread_mutex_lock(&seg->open_mutex);
	row = obj->ref->row;
	if (--obj->ref->handles == 0 && seg->self != 0 &&
	    obj->type->sweep != NULL &&
	    atomic_exchange(&obj->ref->is_holding, false))
		obj->type->sweep(obj, seg->self);
	ref_put_locked(seg, obj->ref);
	pthread_mutex_unlock(&seg->open_mutex);
	return row;
}

void
qt__obj_close(struct qt_obj *obj)
{
	struct qt_seg	*seg = obj->seg;
	int		 is_erased = qt_obj_is_erased(obj);
	uint32_t	 row = close_handle(obj);

	if (is_erased && seg->self != 0)
		(void)qt__obj_finish(seg, row, true);
}

/* --- fork(2), and the end of the handle ---------------------------------- */

void
qt__obj_before_fork(struct qt_seg *seg)
{
	pthread_mutex_lock(&seg->open_mutex);
	if (seg->refs == NULL)
		return;
	seg->fork_fd = qt__seg_reopen(seg->path_fd >= 0 ? seg->path_fd :
	    seg->fd, O_RDONLY);
	for (struct qt__obj_ref *r = seg->refs; r != NULL; r = r->next)
		if (seg->fork_fd >= 0 && !r->is_lost &&
		    qt_sys_lock(seg->fork_fd, F_RDLCK, (off_t)r->offset, 1) <
		    0) {
			close(seg->fork_fd);
			seg->fork_fd = -1;
		}
}

void
qt__obj_after_fork_parent(struct qt_seg *seg)
{
	if (seg->fork_fd >= 0)
		close(seg->fork_fd);
	seg->fork_fd = -1;
	pthread_mutex_unlock(&seg->open_mutex);
}

void
qt__obj_after_fork_child(struct qt_seg *seg)
{
	if (seg->obj_fd >= 0)
		close(seg->obj_fd);
	seg->obj_fd = seg->fork_fd;
	seg->fork_fd = -1;
	for (struct qt__obj_ref *r = seg->refs; r != NULL; r = r->next) {
		/* What is held is the parent's. */
		atomic_store_explicit(&r->is_holding, false,
		    memory_order_relaxed);
		r->is_lost |= seg->obj_fd < 0;
		qt__bell_close(seg, r, false);
	}
	/* This one we took before the fork; the other, who knows who held. */
	pthread_mutex_unlock(&seg->open_mutex);
	pthread_mutex_init(&seg->make_mutex, NULL);
}

void
qt__obj_forget(struct qt_seg *seg)
{
	while (seg->refs != NULL) {
		struct qt__obj_ref	*ref = seg->refs;

		seg->refs = ref->next;
		qt__bell_close(seg, ref, false);
		free(ref);
	}
	if (seg->obj_fd >= 0)
		close(seg->obj_fd);
}
