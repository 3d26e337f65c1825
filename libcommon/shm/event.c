/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events. See <qt/shm/event.h>.
 *
 * One word: how often it was set in bits 32 to 63, and in bit 0 whether it is.
 * Each step is one CAS. Who waits for a manual event remembers the number, so
 * it also goes on when it was set and reset before it could look.
 */

#include <errno.h>
#include <stdlib.h>

#include <qt/shm/event.h>

#include "sync_priv.h"

#define SET	UINT64_C(1)
#define ONE	(UINT64_C(1) << 32)

struct qt_event {
	struct qt_obj		 obj;
	struct qt__event	*w;
};

struct call {
	struct qt_event	*e;
	uint32_t	 sets;	/* when we began to wait */
};

extern const struct qt__obj_type	qt__event_type;

int
qt_event_create(struct qt_seg *seg, const char *name, uint32_t flags,
    struct qt_err *err)
{
	struct qt__obj_spec	s = { .type = QT_TYPE_EVENT, .capacity = 1,
	    .flags = flags,
	    .size = QT__OBJ_BODY + sizeof(struct qt__event) };

	return qt__obj_create(seg, name, &s, err);
}

static int
check(const struct qt_obj *obj)
{
	return obj->head.size != QT__OBJ_BODY + sizeof(struct qt__event) ||
	    obj->head.flags > QT_EVENT_AUTO ? -QT_ECORRUPT : 0;
}

static void
describe(struct qt_obj *obj, struct qt_obj_stat *stat)
{
	struct qt__event	*x = qt__sync_body(obj);
	uint64_t		 w = atomic_load(&x->word);

	stat->count = w & SET;
	qt__stat_add(stat, "sets", w >> 32);
}

static void
fsck(struct qt_obj *obj, struct qt__fsck *f)
{
	struct qt__event	*x = qt__sync_body(obj);
	uint64_t		 w = atomic_load(&x->word);
	bool			 repair = f->flags & QT_OBJ_FSCK_REPAIR;

	if ((uint32_t)w <= SET)
		return;
	if (repair)
		repair = atomic_compare_exchange_strong(&x->word, &w,
		    w & ~(ONE - 2));
	qt__fsck_fault(f, repair, "its word makes no sense: %#llx",
	    (unsigned long long)w);
}

const struct qt__obj_type	qt__event_type = {
	.number = QT_TYPE_EVENT, .name = "event", .check = check,
	.describe = describe, .fsck = fsck,
};

int
qt_event_open(struct qt_seg *seg, const char *name, struct qt_event **out,
    struct qt_err *err)
{
	void	*e;
	int	 rc = qt__sync_open(seg, name, QT_TYPE_EVENT,
	    sizeof(struct qt_event), &e, err);

	*out = e;
	if (rc == 0)
		(*out)->w = qt__sync_body(e);
	return rc;
}

void
qt_event_close(struct qt_event *e)
{
	qt__sync_close((struct qt_obj *)e);
}

struct qt_obj *
qt_event_obj(struct qt_event *e)
{
	return &e->obj;
}

int
qt_event_set(struct qt_event *e)
{
	uint64_t	w = atomic_load(&e->w->word);

	if (qt__obj_self(&e->obj) == 0)
		return -EACCES;
	/* Also when it is set already: it pairs with the waiter's CAS or load,
	 * so that what we wrote before is seen by who goes on. */
	while (!atomic_compare_exchange_weak(&e->w->word, &w,
	    w & SET ? w : (w + ONE) | SET))
		;
	qt__wake(&e->obj, 0);
	return 0;
}

int
qt_event_reset(struct qt_event *e)
{
	if (qt__obj_self(&e->obj) == 0)
		return -EACCES;
	(void)atomic_fetch_and(&e->w->word, ~SET);
	return 0;
}

static int
try_wait(void *arg, bool is_late)
{
	struct call	*c = arg;
	struct qt_event	*e = c->e;
	uint64_t	 w = atomic_load(&e->w->word);

	(void)is_late;
	if (!(e->obj.head.flags & QT_EVENT_AUTO))
		return (w & SET) || w >> 32 != c->sets ? 0 : -EBUSY;
	while (w & SET)
		if (atomic_compare_exchange_weak(&e->w->word, &w, w & ~SET))
			return 0;
	return -EBUSY;
}

int
qt_event_wait(struct qt_event *e, uint64_t deadline)
{
	struct call	c = { .e = e,
	    .sets = (uint32_t)(atomic_load(&e->w->word) >> 32) };

	if ((e->obj.head.flags & QT_EVENT_AUTO) && qt__obj_self(&e->obj) == 0)
		return -EACCES;
	return qt__obj_wait(&e->obj, 0, deadline, try_wait, &c);
}

int
qt_event_is_set(const struct qt_event *e)
{
	return (atomic_load(&e->w->word) & SET) != 0;
}
