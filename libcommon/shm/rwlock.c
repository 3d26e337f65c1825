/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Read-write locks. See <qt/shm/rwlock.h>.
 *
 *	reader				writer
 *	count + 1			word PENDING(me)
 *	is there a writer?		is any count not 0?
 *	no: it reads			no: word HELD(me), it writes
 *	yes: count - 1, wait		yes: wait
 *
 * Both write before they look, in one order for all, so at least one of them
 * sees the other. Counts are by participant and the word names its owner, so
 * whoever is killed anywhere here has left words that say who it was: its count
 * becomes 0; PENDING(it) becomes free, for it had not written yet; HELD(it)
 * becomes free and stale.
 *
 * PENDING keeps new readers out, and its owner may be stopped, though it holds
 * nothing. So it stores the time now and then, and who finds that old (seconds
 * do not matter here, it is only a courtesy to the writer) takes PENDING away;
 * the writer notices, for its CAS to HELD fails, and begins again.
 */

#include <errno.h>
#include <stdlib.h>

#include <qt/shm/rwlock.h>

#include "sync_priv.h"

#define RECOVERED	0	/* statistics: deaths of writers */
#define LOST_READS	1	/* and of readers' holds */

#define FREE	0		/* event counts: the writer is gone */
#define DRAIN	1		/* a reader is gone */
#define BUSY	(QT__RWLOCK_PENDING | QT__RWLOCK_HELD)
#define BEAT_MS	50
#define STOP_MS	500
#define AGAIN	2		/* somebody took PENDING away */

struct qt_rwlock {
	struct qt_obj		 obj;
	struct qt__rwlock	*w;
};

struct call {
	struct qt_rwlock	*l;
	struct qt__turn		 turn;
	uint64_t		 mine;		/* PENDING, as it was stored */
	uint64_t		 beat_ms;
	bool			 is_barging;
};

extern const struct qt__obj_type	qt__rwlock_type;

/* --- Life ---------------------------------------------------------------- */

static uint64_t
size_of(const struct qt_seg *seg)
{
	return QT__OBJ_BODY + sizeof(struct qt__rwlock) +
	    seg->head.slot_count * sizeof(struct qt__rwlock_reader);
}

int
qt_rwlock_create(struct qt_seg *seg, const char *name, struct qt_err *err)
{
	struct qt__obj_spec	s = { .type = QT_TYPE_RWLOCK, .capacity = 1,
	    .size = size_of(seg) };

	return qt__obj_create(seg, name, &s, err);
}

static int
check(const struct qt_obj *obj)
{
	return obj->head.size != size_of(obj->seg) ? -QT_ECORRUPT : 0;
}

int
qt_rwlock_open(struct qt_seg *seg, const char *name, struct qt_rwlock **out,
    struct qt_err *err)
{
	void	*l;
	int	 rc = qt__sync_open(seg, name, QT_TYPE_RWLOCK,
	    sizeof(struct qt_rwlock), &l, err);

	*out = l;
	if (rc == 0)
		(*out)->w = qt__sync_body(l);
	return rc;
}

void
qt_rwlock_close(struct qt_rwlock *l)
{
	qt__sync_close((struct qt_obj *)l);
}

struct qt_obj *
qt_rwlock_obj(struct qt_rwlock *l)
{
	return &l->obj;
}

/* --- The dead ------------------------------------------------------------ */

/* The word w names a writer that is dead: it is free. 1 when we did that. */
static int
free_word(struct qt_obj *obj, uint64_t w)
{
	struct qt__rwlock	*x = qt__sync_body(obj);
	uint32_t		 state = qt__owner_state(w);
	uint32_t		 stale = state & QT__RWLOCK_STALE;

	if (state & QT__RWLOCK_HELD)
		stale = QT__RWLOCK_STALE;
	if (!qt__owner_cas(&x->word, &w, 0, stale))
		return 0;
	if (state & QT__RWLOCK_HELD)
		qt__obj_count(obj, RECOVERED, 1);
	qt__wake(obj, FREE);
	return 1;
}

static void
sweep(struct qt_obj *obj, uint32_t id)
{
	struct qt__rwlock	*x = qt__sync_body(obj);
	uint64_t		 w;

	if (id == 0 || id > qt__sync_slots(obj))
		return;
	if (atomic_exchange(&x->reader[id - 1].count, 0) != 0)
		qt__obj_count(obj, LOST_READS, 1);
	do
		w = atomic_load(&x->word);
	while ((qt__owner_state(w) & BUSY) && qt__owner_id(w) == id &&
	    !free_word(obj, w));
	qt__turn_sweep(&x->turn, id);
	qt__wake(obj, DRAIN);
	qt__wake(obj, FREE);
}

/*
 * The word w says that there is a writer. 1 when it was dead, or does not go on
 * waiting, and is no longer there.
 */
static int
settle_word(struct qt_rwlock *l, uint64_t w, bool is_late)
{
	uint64_t	now, beat;

	if (is_late && qt__obj_is_dead(&l->obj, qt__owner_id(w)))
		return free_word(&l->obj, w);
	if (!(qt__owner_state(w) & QT__RWLOCK_PENDING))
		return 0;
	beat = atomic_load(&l->w->beat_ms);
	now = qt_clock_mono_ms();
	return now - beat > STOP_MS ? free_word(&l->obj, w) : 0;
}

/* --- Readers ------------------------------------------------------------- */

static int
leave(struct qt_rwlock *l)
{
	_Atomic uint64_t	*count;
	uint64_t		 n;

	if (qt__obj_self(&l->obj) == 0)
		return -EACCES;
	count = &l->w->reader[qt__obj_self(&l->obj) - 1].count;
	n = atomic_load(count);
	do {
		if (n == 0)
			return -EPERM;
		/* Pairs with the load in has_readers(). */
	} while (!atomic_compare_exchange_weak(count, &n, n - 1));
	return 0;
}

static int
try_read(void *arg, bool is_late)
{
	struct call		*c = arg;
	struct qt_rwlock	*l = c->l;
	uint64_t		 w = atomic_load(&l->w->word);

	if ((qt__owner_state(w) & BUSY) && settle_word(l, w, is_late))
		w = atomic_load(&l->w->word);
	if (!(qt__owner_state(w) & BUSY)) {
		(void)atomic_fetch_add(&l->w->reader[qt__obj_self(&l->obj) -
		    1].count, 1);
		/* Pairs with the CAS to PENDING in try_write(). */
		w = atomic_load(&l->w->word);
		if (!(qt__owner_state(w) & BUSY))
			return (qt__owner_state(w) & QT__RWLOCK_STALE) != 0;
		(void)qt__sync_wake(&l->obj, DRAIN, leave(l));
	}
	if (!c->is_barging)
		qt__turn_want(&c->turn, &l->obj, &l->w->turn);
	return -EBUSY;
}

/* Our claim of a turn is over; who left it to us may have it. */
static int
end_call(struct call *c, int rc)
{
	if (qt__turn_end(&c->turn, &c->l->w->turn))
		qt__wake(&c->l->obj, FREE);
	return rc;
}

int
qt_rwlock_lock_read(struct qt_rwlock *l, uint64_t deadline)
{
	struct call	c = { .l = l,
	    .is_barging = deadline == QT_WAIT_NEVER };

	if (qt__obj_self(&l->obj) == 0)
		return -EACCES;
	qt__obj_hold(&l->obj);
	return end_call(&c, qt__obj_wait(&l->obj, FREE, deadline, try_read,
	    &c));
}

int
qt_rwlock_unlock_read(struct qt_rwlock *l)
{
	return qt__sync_wake(&l->obj, DRAIN, leave(l));
}

/* --- Writers ------------------------------------------------------------- */

static bool
has_readers(const struct qt_rwlock *l)
{
	for (uint32_t i = 0; i < qt__sync_slots(&l->obj); i++)
		if (atomic_load(&l->w->reader[i].count) != 0)
			return true;
	return false;
}

/* Did any reader die? Then it is swept. */
static bool
sweep_readers(struct qt_rwlock *l)
{
	for (uint32_t i = 0; i < qt__sync_slots(&l->obj); i++)
		if (atomic_load(&l->w->reader[i].count) != 0 &&
		    qt__obj_is_dead(&l->obj, i + 1))
			return qt_seg_sweep(l->obj.seg) > 0;
	return false;
}

/* From free to PENDING. */
static int
try_write(void *arg, bool is_late)
{
	struct call		*c = arg;
	struct qt_rwlock	*l = c->l;
	uint64_t		 w = atomic_load(&l->w->word);

	if ((qt__owner_state(w) & BUSY) && settle_word(l, w, is_late))
		w = atomic_load(&l->w->word);
	/* Who does not wait has no need to keep readers out meanwhile. */
	if (c->is_barging && has_readers(l) && !sweep_readers(l))
		return -EBUSY;
	while (!(qt__owner_state(w) & BUSY)) {
		if (!c->is_barging &&
		    qt__turn_is_others(&c->turn, &l->w->turn))
			return -EBUSY;
		c->beat_ms = qt_clock_mono_ms();
		atomic_store(&l->w->beat_ms, c->beat_ms);
		if (qt__owner_cas(&l->w->word, &w, qt__obj_self(&l->obj),
		    QT__RWLOCK_PENDING |
		    (qt__owner_state(w) & QT__RWLOCK_STALE))) {
			c->mine = w;
			return 0;
		}
	}
	if (!c->is_barging)
		qt__turn_want(&c->turn, &l->obj, &l->w->turn);
	return -EBUSY;
}

/* From PENDING to HELD. */
static int
try_drain(void *arg, bool is_late)
{
	struct call		*c = arg;
	struct qt_rwlock	*l = c->l;
	uint64_t		 now = qt_clock_mono_ms(), w = c->mine;
	uint32_t		 stale = qt__owner_state(w) & QT__RWLOCK_STALE;

	if (atomic_load(&l->w->word) != w)
		return AGAIN;
	if (now - c->beat_ms >= BEAT_MS) {
		c->beat_ms = now;
		atomic_store(&l->w->beat_ms, now);
	}
	/* Pairs with the add in try_read(). */
	if (has_readers(l) && !(is_late && sweep_readers(l) &&
	    !has_readers(l)))
		return -EBUSY;
	if (!qt__owner_cas(&l->w->word, &w, qt__obj_self(&l->obj),
	    QT__RWLOCK_HELD | stale))
		return AGAIN;
	return stale != 0;
}

int
qt_rwlock_lock_write(struct qt_rwlock *l, uint64_t deadline)
{
	struct call	c = { .l = l,
	    .is_barging = deadline == QT_WAIT_NEVER };
	int		rc;

	if (qt__obj_self(&l->obj) == 0)
		return -EACCES;
	qt__obj_hold(&l->obj);
	do {
		rc = qt__obj_wait(&l->obj, FREE, deadline, try_write, &c);
		if (rc < 0)
			return end_call(&c, rc);
		rc = qt__obj_wait(&l->obj, DRAIN, deadline, try_drain, &c);
	} while (rc == AGAIN);
	if (rc < 0)
		(void)free_word(&l->obj, c.mine);
	return end_call(&c, rc);
}

/* From HELD by us to another owner and state, which keeps the bits of keep. */
static int
change(struct qt_rwlock *l, uint32_t owner, uint32_t keep)
{
	uint32_t	self = qt__obj_self(&l->obj);
	uint64_t	w = atomic_load(&l->w->word);

	if (self == 0)
		return -EACCES;
	do {
		if (!(qt__owner_state(w) & QT__RWLOCK_HELD) ||
		    qt__owner_id(w) != self)
			return -EPERM;
	} while (!qt__owner_cas(&l->w->word, &w, owner,
	    qt__owner_state(w) & keep));
	return 0;
}

int
qt_rwlock_unlock_write(struct qt_rwlock *l)
{
	return qt__sync_wake(&l->obj, FREE, change(l, 0, QT__RWLOCK_STALE));
}

int
qt_rwlock_consistent(struct qt_rwlock *l)
{
	return change(l, qt__obj_self(&l->obj), QT__RWLOCK_HELD);
}

/* --- Looking ------------------------------------------------------------- */

uint32_t
qt_rwlock_writer(const struct qt_rwlock *l)
{
	uint64_t	w = atomic_load(&l->w->word);

	return qt__owner_state(w) & QT__RWLOCK_HELD ? qt__owner_id(w) : 0;
}

uint64_t
qt_rwlock_readers(const struct qt_rwlock *l, uint32_t id)
{
	uint64_t	n = 0;

	for (uint32_t i = 0; i < qt__sync_slots(&l->obj); i++)
		if (id == 0 || id == i + 1)
			n += atomic_load(&l->w->reader[i].count);
	return n;
}

int
qt_rwlock_is_stale(const struct qt_rwlock *l)
{
	return (qt__owner_state(atomic_load(&l->w->word)) &
	    QT__RWLOCK_STALE) != 0;
}

static void
describe(struct qt_obj *obj, struct qt_obj_stat *stat)
{
	struct qt_rwlock	l = { .obj = *obj, .w = qt__sync_body(obj) };

	stat->count = qt_rwlock_writer(&l) != 0;
	qt__stat_add(stat, "writer", qt_rwlock_writer(&l));
	qt__stat_add(stat, "readers", qt_rwlock_readers(&l, 0));
	qt__stat_add(stat, "stale", (uint64_t)qt_rwlock_is_stale(&l));
	qt__stat_add(stat, "recovered", qt__obj_counted(obj, RECOVERED));
	qt__stat_add(stat, "lost_reads", qt__obj_counted(obj, LOST_READS));
}

static void
fsck(struct qt_obj *obj, struct qt__fsck *f)
{
	struct qt__rwlock	*x = qt__sync_body(obj);

	(void)qt__sync_fsck_word(obj, f, &x->word, BUSY | QT__RWLOCK_STALE,
	    QT__RWLOCK_STALE);
	(void)qt__sync_fsck_word(obj, f, &x->turn, 1, 0);
	for (uint32_t i = 0; i < qt__sync_slots(obj); i++) {
		uint64_t	n = atomic_load(&x->reader[i].count);
		bool		repair = f->flags & QT_OBJ_FSCK_REPAIR;

		if (n == 0 || !qt__obj_is_dead(obj, i + 1) ||
		    atomic_load(&x->reader[i].count) != n)
			continue;
		if (repair)
			repair = atomic_compare_exchange_strong(
			    &x->reader[i].count, &n, 0);
		qt__fsck_fault(f, repair, "participant %u, who is dead, reads",
		    i + 1);
	}
}

static void
each_hold(struct qt_obj *obj, struct qt__holds *h)
{
	struct qt__rwlock	*x = qt__sync_body(obj);
	uint64_t		 w = atomic_load(&x->word);

	if (qt__owner_state(w) & QT__RWLOCK_HELD)
		qt__hold(h, qt__owner_id(w), "write", 1);
	for (uint32_t i = 0; i < qt__sync_slots(obj); i++)
		qt__hold(h, i + 1, "read", atomic_load(&x->reader[i].count));
}

const struct qt__obj_type	qt__rwlock_type = {
	.number = QT_TYPE_RWLOCK, .name = "rwlock", .check = check,
	.sweep = sweep, .describe = describe, .fsck = fsck,
	.each_hold = each_hold,
};
