/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mutexes. See <qt/shm/mutex.h>.
 *
 * One word {generation | owner | state} is all of the truth. Taking it, giving
 * it back, and taking it from the dead are one CAS each, and each counts the
 * generation up: so who saw that the owner is dead cannot take it from somebody
 * who has got it since. Threads of one process exclude each other because only
 * a word that is not HELD can be taken, whoever owns it.
 *
 * Killed before the CAS that releases it, the word names a dead owner; killed
 * after it and before the wake-up, sleepers look again within 100 ms.
 */

#include <errno.h>
#include <stdlib.h>

#include <qt/shm/mutex.h>

#include "sync_priv.h"

#define RECOVERED	0	/* statistics: deaths of owners */
#define TURNS		64	/* before the kernel is asked anything */

struct qt_mutex {
	struct qt_obj		 obj;
	struct qt__mutex	*w;
};

struct call {
	struct qt_mutex	*m;
	struct qt__turn	 turn;
	bool		 is_barging;
};

extern const struct qt__obj_type	qt__mutex_type;

int
qt_mutex_create(struct qt_seg *seg, const char *name, struct qt_err *err)
{
	struct qt__obj_spec	s = { .type = QT_TYPE_MUTEX, .capacity = 1,
	    .size = QT__OBJ_BODY + sizeof(struct qt__mutex) };

	return qt__obj_create(seg, name, &s, err);
}

static int
check(const struct qt_obj *obj)
{
	return obj->head.size != QT__OBJ_BODY + sizeof(struct qt__mutex) ?
	    -QT_ECORRUPT : 0;
}

static void
sweep(struct qt_obj *obj, uint32_t id)
{
	struct qt__mutex	*x = qt__sync_body(obj);
	uint64_t		 w = atomic_load(&x->word);

	while ((qt__owner_state(w) & QT__MUTEX_HELD) && qt__owner_id(w) == id)
		if (qt__owner_cas(&x->word, &w, 0, QT__MUTEX_STALE)) {
			qt__obj_count(obj, RECOVERED, 1);
			break;
		}
	qt__turn_sweep(&x->turn, id);
	qt__wake(obj, 0);
}

static void
describe(struct qt_obj *obj, struct qt_obj_stat *stat)
{
	struct qt__mutex	*x = qt__sync_body(obj);
	uint64_t		 w = atomic_load(&x->word);

	stat->count = qt__owner_state(w) & QT__MUTEX_HELD ? 1 : 0;
	qt__stat_add(stat, "owner", qt__owner_id(w));
	qt__stat_add(stat, "stale", (qt__owner_state(w) & QT__MUTEX_STALE) !=
	    0);
	qt__stat_add(stat, "recovered", qt__obj_counted(obj, RECOVERED));
}

static void
fsck(struct qt_obj *obj, struct qt__fsck *f)
{
	struct qt__mutex	*x = qt__sync_body(obj);

	(void)qt__sync_fsck_word(obj, f, &x->word,
	    QT__MUTEX_HELD | QT__MUTEX_STALE, QT__MUTEX_STALE);
	(void)qt__sync_fsck_word(obj, f, &x->turn, 1, 0);
}

static void
each_hold(struct qt_obj *obj, struct qt__holds *h)
{
	struct qt__mutex	*x = qt__sync_body(obj);
	uint64_t		 w = atomic_load(&x->word);

	if (qt__owner_state(w) & QT__MUTEX_HELD)
		qt__hold(h, qt__owner_id(w), "held", 1);
}

const struct qt__obj_type	qt__mutex_type = {
	.number = QT_TYPE_MUTEX, .name = "mutex", .check = check,
	.sweep = sweep, .describe = describe, .fsck = fsck,
	.each_hold = each_hold,
};

int
qt_mutex_open(struct qt_seg *seg, const char *name, struct qt_mutex **out,
    struct qt_err *err)
{
	void	*m;
	int	 rc = qt__sync_open(seg, name, QT_TYPE_MUTEX,
	    sizeof(struct qt_mutex), &m, err);

	*out = m;
	if (rc == 0)
		(*out)->w = qt__sync_body(m);
	return rc;
}

void
qt_mutex_close(struct qt_mutex *m)
{
	qt__sync_close((struct qt_obj *)m);
}

struct qt_obj *
qt_mutex_obj(struct qt_mutex *m)
{
	return &m->obj;
}

/* --- Locking ------------------------------------------------------------- */

/* The word w says it is held: is it, by somebody alive? 1: ours now. */
static int
take_from_dead(struct qt_mutex *m, uint64_t w)
{
	if (!qt__obj_is_dead(&m->obj, qt__owner_id(w)) ||
	    !qt__owner_cas(&m->w->word, &w, qt__obj_self(&m->obj),
	    QT__MUTEX_HELD | QT__MUTEX_STALE))
		return -EBUSY;
	qt__obj_count(&m->obj, RECOVERED, 1);
	return 1;
}

static int
try_lock(void *arg, bool is_late)
{
	struct call	*c = arg;
	struct qt_mutex	*m = c->m;
	uint64_t	 w = atomic_load(&m->w->word);
	uint32_t	 stale;
	int		 rc = -EBUSY;

	while (!(qt__owner_state(w) & QT__MUTEX_HELD)) {
		if (!c->is_barging &&
		    qt__turn_is_others(&c->turn, &m->w->turn))
			return -EBUSY;
		stale = qt__owner_state(w) & QT__MUTEX_STALE;
		/* Pairs with the CAS in qt_mutex_unlock(). */
		if (qt__owner_cas(&m->w->word, &w, qt__obj_self(&m->obj),
		    QT__MUTEX_HELD | stale))
			return stale != 0;
	}
	if (is_late)
		rc = take_from_dead(m, w);
	if (rc < 0 && !c->is_barging)
		qt__turn_want(&c->turn, &m->obj, &m->w->turn);
	return rc;
}

/* What is held for a moment only is got without asking about deaths. */
static int
spin(struct call *c)
{
	int	rc = try_lock(c, false);

	if (c->is_barging || qt_wait_spin_ns() == 0)
		return rc;
	for (int i = 0; i < TURNS && rc == -EBUSY; i++) {
		qt__relax();
		rc = try_lock(c, false);
	}
	return rc;
}

int
qt_mutex_lock(struct qt_mutex *m, uint64_t deadline)
{
	struct call	c = { .m = m,
	    .is_barging = deadline == QT_WAIT_NEVER };
	int		rc;

	if (qt__obj_self(&m->obj) == 0)
		return -EACCES;
	qt__obj_hold(&m->obj);
	rc = spin(&c);
	if (rc == -EBUSY)
		rc = qt__obj_wait(&m->obj, 0, deadline, try_lock, &c);
	/* Who left it to us, and we no longer want it, may take it. */
	if (qt__turn_end(&c.turn, &m->w->turn) && rc < 0)
		qt__wake(&m->obj, 0);
	return rc;
}

int
qt_mutex_trylock(struct qt_mutex *m)
{
	return qt_mutex_lock(m, QT_WAIT_NEVER);
}

/* From held by us to another owner and state, which keeps the bits of keep. */
static int
change(struct qt_mutex *m, uint32_t owner, uint32_t keep)
{
	uint32_t	self = qt__obj_self(&m->obj);
	uint64_t	w = atomic_load(&m->w->word);

	if (self == 0)
		return -EACCES;
	do {
		if (!(qt__owner_state(w) & QT__MUTEX_HELD) ||
		    qt__owner_id(w) != self)
			return -EPERM;
	} while (!qt__owner_cas(&m->w->word, &w, owner,
	    qt__owner_state(w) & keep));
	return 0;
}

int
qt_mutex_unlock(struct qt_mutex *m)
{
	return qt__sync_wake(&m->obj, 0, change(m, 0, QT__MUTEX_STALE));
}

int
qt_mutex_consistent(struct qt_mutex *m)
{
	return change(m, qt__obj_self(&m->obj), QT__MUTEX_HELD);
}

uint32_t
qt_mutex_owner(const struct qt_mutex *m)
{
	return qt__owner_id(atomic_load(&m->w->word));
}

int
qt_mutex_is_stale(const struct qt_mutex *m)
{
	return (qt__owner_state(atomic_load(&m->w->word)) &
	    QT__MUTEX_STALE) != 0;
}
