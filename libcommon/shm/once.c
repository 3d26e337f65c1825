/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is done once. See <qt/shm/once.h>.
 *
 * A word {generation | owner | state}. Each step is one CAS that counts the
 * generation up, so who saw that the owner is dead cannot take it from another
 * that began since.
 */

#include <errno.h>
#include <stdlib.h>

#include <qt/shm/once.h>

#include "sync_priv.h"

#define BEGUN	0	/* statistics: how often somebody was told to do it */

struct qt_once {
	struct qt_obj	 obj;
	struct qt__once	*w;
};

extern const struct qt__obj_type	qt__once_type;

int
qt_once_create(struct qt_seg *seg, const char *name, struct qt_err *err)
{
	struct qt__obj_spec	s = { .type = QT_TYPE_ONCE, .capacity = 1,
	    .size = QT__OBJ_BODY + sizeof(struct qt__once) };

	return qt__obj_create(seg, name, &s, err);
}

static int
check(const struct qt_obj *obj)
{
	return obj->head.size != QT__OBJ_BODY + sizeof(struct qt__once) ?
	    -QT_ECORRUPT : 0;
}

static void
sweep(struct qt_obj *obj, uint32_t id)
{
	struct qt__once	*x = qt__sync_body(obj);
	uint64_t	 w = atomic_load(&x->word);

	while (qt__owner_state(w) == QT__ONCE_RUNNING && qt__owner_id(w) == id)
		if (qt__owner_cas(&x->word, &w, 0, QT__ONCE_NEW))
			break;
	qt__wake(obj, 0);
}

static void
describe(struct qt_obj *obj, struct qt_obj_stat *stat)
{
	struct qt__once	*x = qt__sync_body(obj);
	uint64_t	 w = atomic_load(&x->word);

	stat->count = qt__owner_state(w) == QT__ONCE_DONE;
	qt__stat_add(stat, "owner", qt__owner_id(w));
	qt__stat_add(stat, "begun", qt__obj_counted(obj, BEGUN));
}

static void
fsck(struct qt_obj *obj, struct qt__fsck *f)
{
	struct qt__once	*x = qt__sync_body(obj);

	(void)qt__sync_fsck_word(obj, f, &x->word, QT__ONCE_DONE,
	    QT__ONCE_NEW);
}

static void
each_hold(struct qt_obj *obj, struct qt__holds *h)
{
	struct qt__once	*x = qt__sync_body(obj);
	uint64_t	 w = atomic_load(&x->word);

	if (qt__owner_state(w) == QT__ONCE_RUNNING)
		qt__hold(h, qt__owner_id(w), "running", 1);
}

const struct qt__obj_type	qt__once_type = {
	.number = QT_TYPE_ONCE, .name = "once", .check = check,
	.sweep = sweep, .describe = describe, .fsck = fsck,
	.each_hold = each_hold,
};

int
qt_once_open(struct qt_seg *seg, const char *name, struct qt_once **out,
    struct qt_err *err)
{
	void	*o;
	int	 rc = qt__sync_open(seg, name, QT_TYPE_ONCE,
	    sizeof(struct qt_once), &o, err);

	*out = o;
	if (rc == 0)
		(*out)->w = qt__sync_body(o);
	return rc;
}

void
qt_once_close(struct qt_once *o)
{
	qt__sync_close((struct qt_obj *)o);
}

struct qt_obj *
qt_once_obj(struct qt_once *o)
{
	return &o->obj;
}

static int
try_begin(void *arg, bool is_late)
{
	struct qt_once	*o = arg;
	uint32_t	 self = qt__obj_self(&o->obj);
	uint64_t	 w = atomic_load(&o->w->word);

	for (;;) {
		/* Pairs with the CAS in finish(). */
		if (qt__owner_state(w) == QT__ONCE_DONE)
			return 0;
		if (self == 0)
			return -EBUSY;
		if (qt__owner_state(w) == QT__ONCE_RUNNING && (!is_late ||
		    !qt__obj_is_dead(&o->obj, qt__owner_id(w))))
			return -EBUSY;
		if (qt__owner_cas(&o->w->word, &w, self, QT__ONCE_RUNNING)) {
			qt__obj_count(&o->obj, BEGUN, 1);
			return 1;
		}
	}
}

int
qt_once_begin(struct qt_once *o, uint64_t deadline)
{
	qt__obj_hold(&o->obj);
	return qt__obj_wait(&o->obj, 0, deadline, try_begin, o);
}

static int
finish(struct qt_once *o, uint32_t state)
{
	uint32_t	self = qt__obj_self(&o->obj);
	uint64_t	w = atomic_load(&o->w->word);

	if (self == 0)
		return -EACCES;
	do {
		if (qt__owner_state(w) != QT__ONCE_RUNNING ||
		    qt__owner_id(w) != self)
			return -EPERM;
	} while (!qt__owner_cas(&o->w->word, &w, 0, state));
	return 0;
}

int
qt_once_done(struct qt_once *o)
{
	return qt__sync_wake(&o->obj, 0, finish(o, QT__ONCE_DONE));
}

int
qt_once_fail(struct qt_once *o)
{
	return qt__sync_wake(&o->obj, 0, finish(o, QT__ONCE_NEW));
}

int
qt_once_run(struct qt_once *o, uint64_t deadline, int (*init)(void *arg),
    void *arg)
{
	int	rc = qt_once_begin(o, deadline);

	if (rc <= 0)
		return rc;
	rc = init(arg);
	if (rc >= 0)
		return qt_once_done(o);
	(void)qt_once_fail(o);
	return rc;
}

int
qt_once_is_done(const struct qt_once *o)
{
	return qt__owner_state(atomic_load(&o->w->word)) == QT__ONCE_DONE;
}

uint32_t
qt_once_owner(const struct qt_once *o)
{
	return qt__owner_id(atomic_load(&o->w->word));
}
