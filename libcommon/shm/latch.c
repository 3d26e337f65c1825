/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Latches. See <qt/shm/latch.h>.
 *
 * One number that only falls. Who is killed between counting and waking leaves
 * sleepers that look again within 100 ms; nothing is ever held.
 */

#include <errno.h>
#include <stdlib.h>

#include <qt/shm/latch.h>

#include "sync_priv.h"

struct qt_latch {
	struct qt_obj		 obj;
	struct qt__latch	*w;
};

extern const struct qt__obj_type	qt__latch_type;

static void
init(struct qt_obj *obj, const void *arg)
{
	struct qt__latch	*x = qt__sync_body(obj);

	(void)arg;
	atomic_store(&x->count, obj->head.capacity);
}

int
qt_latch_create(struct qt_seg *seg, const char *name, uint64_t count,
    struct qt_err *err)
{
	struct qt__obj_spec	s = { .type = QT_TYPE_LATCH,
	    .capacity = count, .init = init,
	    .size = QT__OBJ_BODY + sizeof(struct qt__latch) };

	return qt__obj_create(seg, name, &s, err);
}

static int
check(const struct qt_obj *obj)
{
	return obj->head.size != QT__OBJ_BODY + sizeof(struct qt__latch) ?
	    -QT_ECORRUPT : 0;
}

static void
describe(struct qt_obj *obj, struct qt_obj_stat *stat)
{
	struct qt__latch	*x = qt__sync_body(obj);

	stat->count = atomic_load(&x->count);
}

static void
fsck(struct qt_obj *obj, struct qt__fsck *f)
{
	struct qt__latch	*x = qt__sync_body(obj);
	uint64_t		 n = atomic_load(&x->count);
	bool			 repair = f->flags & QT_OBJ_FSCK_REPAIR;

	if (n <= obj->head.capacity)
		return;
	if (repair)
		repair = atomic_compare_exchange_strong(&x->count, &n,
		    obj->head.capacity);
	qt__fsck_fault(f, repair, "it counts from %llu and says %llu",
	    (unsigned long long)obj->head.capacity, (unsigned long long)n);
}

const struct qt__obj_type	qt__latch_type = {
	.number = QT_TYPE_LATCH, .name = "latch", .check = check,
	.describe = describe, .fsck = fsck,
};

int
qt_latch_open(struct qt_seg *seg, const char *name, struct qt_latch **out,
    struct qt_err *err)
{
	void	*l;
	int	 rc = qt__sync_open(seg, name, QT_TYPE_LATCH,
	    sizeof(struct qt_latch), &l, err);

	*out = l;
	if (rc == 0)
		(*out)->w = qt__sync_body(l);
	return rc;
}

void
qt_latch_close(struct qt_latch *l)
{
	qt__sync_close((struct qt_obj *)l);
}

struct qt_obj *
qt_latch_obj(struct qt_latch *l)
{
	return &l->obj;
}

int
qt_latch_down(struct qt_latch *l, uint64_t n)
{
	uint64_t	left = atomic_load(&l->w->count);

	if (qt__obj_self(&l->obj) == 0)
		return -EACCES;
	do {
		if (n > left)
			return -ERANGE;
		/* Pairs with the load in try_wait(). */
	} while (!atomic_compare_exchange_weak(&l->w->count, &left, left - n));
	if (n == 0 || left != n)
		return 0;
	qt__wake(&l->obj, 0);
	return 1;
}

static int
try_wait(void *arg, bool is_late)
{
	struct qt_latch	*l = arg;

	(void)is_late;
	return atomic_load(&l->w->count) == 0 ? 0 : -EBUSY;
}

int
qt_latch_wait(struct qt_latch *l, uint64_t deadline)
{
	return qt__obj_wait(&l->obj, 0, deadline, try_wait, l);
}

uint64_t
qt_latch_count(const struct qt_latch *l)
{
	return atomic_load(&l->w->count);
}
