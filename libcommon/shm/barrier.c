/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Barriers. See <qt/shm/barrier.h>.
 *
 *	word	phase 32 | passed 1 | version 31
 *	place	phase 32 | owner 16 | state 16, one for each party
 *
 * A place says in which phase its party last arrived; so it has arrived when
 * that is the phase of the word, and a new phase needs no change of places.
 * Nothing is counted: whether all have arrived is seen by looking at all
 * places, and anyone who sees it ends the phase by one CAS of the word. That
 * flips the bit "passed"; a death ends a phase without flipping it. A party has
 * seen the bit before it arrived; no later phase can pass without it, though
 * any number may be broken; so however late it looks, the bit says how its own
 * phase ended.
 *
 * Looking at all places is not one step. What makes a phase less complete than
 * it was (a party that gives up waiting, one that takes a lost place) therefore
 * changes the version after it: a CAS by whoever looked before then fails.
 *
 * Death breaks the phase first and takes the places after: a sweeper that is
 * killed in between is followed by one that breaks the phase again, and the
 * others are told once more; never not at all.
 */

#include <errno.h>
#include <stdlib.h>

#include <qt/shm/barrier.h>

#include "sync_priv.h"

#define DEATHS		0	/* statistics: parties that died */
#define BROKEN		1	/* phases */

#define PASSED		UINT64_C(0x80000000)
#define VERSION		UINT64_C(0x7fffffff)

enum { EMPTY, IN, LOST };

struct qt_barrier {
	struct qt_obj		 obj;
	struct qt__barrier	*w;
	uint32_t		 count;		/* of places */
	uint32_t		 place;
	/* Whose it is: participant and its generation; 0: there is none. */
	uint32_t		 id, generation;
};

struct call {
	struct qt_barrier	*b;
	uint64_t		 word;		/* before we arrived */
};

extern const struct qt__obj_type	qt__barrier_type;

static uint32_t
phase_of(uint64_t word)
{
	return (uint32_t)(word >> 32);
}

/* The word after its phase has ended. */
static uint64_t
next_phase(uint64_t word, bool is_broken)
{
	return (word + (UINT64_C(1) << 32)) ^ (is_broken ? 0 : PASSED);
}

/* Within a phase. */
static uint64_t
next_version(uint64_t word)
{
	return (word & ~VERSION) | ((word + 1) & VERSION);
}

/* Has that party arrived, or will it never? */
static bool
is_in(uint64_t place, uint32_t phase)
{
	return qt__owner_state(place) == LOST ||
	    (qt__owner_state(place) == IN && phase_of(place) == phase);
}

/* --- Life ---------------------------------------------------------------- */

int
qt_barrier_create(struct qt_seg *seg, const char *name, uint32_t parties,
    struct qt_err *err)
{
	struct qt__obj_spec	s = { .type = QT_TYPE_BARRIER,
	    .capacity = parties, .size = QT__OBJ_BODY +
	    sizeof(struct qt__barrier) + parties * sizeof(uint64_t) };

	if (parties == 0 || parties > QT_BARRIER_MAX) {
		qt_err_set(err, "make barrier '%s': it has 1 to %u parties",
		    name, QT_BARRIER_MAX);
		return -EINVAL;
	}
	return qt__obj_create(seg, name, &s, err);
}

static int
check(const struct qt_obj *obj)
{
	uint64_t	n = obj->head.capacity;

	return n == 0 || n > QT_BARRIER_MAX || obj->head.size !=
	    QT__OBJ_BODY + sizeof(struct qt__barrier) + n * sizeof(uint64_t) ?
	    -QT_ECORRUPT : 0;
}

int
qt_barrier_open(struct qt_seg *seg, const char *name,
    struct qt_barrier **out, struct qt_err *err)
{
	void	*b;
	int	 rc = qt__sync_open(seg, name, QT_TYPE_BARRIER,
	    sizeof(struct qt_barrier), &b, err);

	*out = b;
	if (rc == 0) {
		(*out)->w = qt__sync_body(b);
		(*out)->count = (uint32_t)(*out)->obj.head.capacity;
	}
	return rc;
}

struct qt_obj *
qt_barrier_obj(struct qt_barrier *b)
{
	return &b->obj;
}

/* --- Phases -------------------------------------------------------------- */

/* Ends the phase if all are there. 1 when we did. */
static int
end_phase(struct qt_obj *obj)
{
	struct qt__barrier	*x = qt__sync_body(obj);
	uint64_t		 w = atomic_load(&x->word);
	uint32_t		 arrived;

	for (;;) {
		arrived = 0;
		for (uint32_t i = 0; i < obj->head.capacity; i++) {
			uint64_t	place = atomic_load(&x->place[i]);

			if (!is_in(place, phase_of(w)))
				return 0;
			arrived += qt__owner_state(place) == IN;
		}
		/* Without anybody there is no phase to end. */
		if (arrived == 0)
			return 0;
		/* Pairs with the load in try_pass(). */
		if (atomic_compare_exchange_strong(&x->word, &w,
		    next_phase(w, false)))
			break;
	}
	qt__wake(obj, 0);
	return 1;
}

/* Places have changed so that the phase may be less complete than before. */
static void
change_version(struct qt__barrier *x)
{
	uint64_t	w = atomic_load(&x->word);

	while (!atomic_compare_exchange_weak(&x->word, &w, next_version(w)))
		;
}

static bool
has_place_of(struct qt__barrier *x, uint64_t count, uint32_t id)
{
	for (uint64_t i = 0; i < count; i++) {
		uint64_t	p = atomic_load(&x->place[i]);

		if (qt__owner_state(p) == IN && qt__owner_id(p) == id)
			return true;
	}
	return false;
}

static void
sweep(struct qt_obj *obj, uint32_t id)
{
	struct qt__barrier	*x = qt__sync_body(obj);
	uint64_t		 w, n = obj->head.capacity;

	if (!has_place_of(x, n, id))
		return;
	w = atomic_load(&x->word);
	while (!atomic_compare_exchange_weak(&x->word, &w, next_phase(w, true)))
		;
	qt__obj_count(obj, BROKEN, 1);
	for (uint64_t i = 0; i < n; i++) {
		uint64_t	p = atomic_load(&x->place[i]);

		if (qt__owner_state(p) == IN && qt__owner_id(p) == id &&
		    atomic_compare_exchange_strong(&x->place[i], &p,
		    qt__owner(0, 0, LOST)))
			qt__obj_count(obj, DEATHS, 1);
	}
	(void)end_phase(obj);
	qt__wake(obj, 0);
}

/* --- Places -------------------------------------------------------------- */

static bool
has_place(const struct qt_barrier *b)
{
	return b->id != 0 && b->id == qt__obj_self(&b->obj) &&
	    b->generation == b->obj.seg->generation;
}

static _Atomic uint64_t *
our_place(const struct qt_barrier *b)
{
	return &b->w->place[b->place];
}

/* Only we change it while we have it. */
static void
set_arrived(struct qt_barrier *b, uint32_t phase)
{
	atomic_store(our_place(b), qt__owner(phase, b->id, IN));
}

/* A place of that state becomes ours. 1, or 0: there is none. */
static int
take_place(struct qt_barrier *b, uint32_t state)
{
	uint32_t	phase = phase_of(atomic_load(&b->w->word));
	uint64_t	w;

	for (uint32_t i = 0; i < b->count; i++) {
		uint64_t	p = atomic_load(&b->w->place[i]);

		if (qt__owner_state(p) != state ||
		    !atomic_compare_exchange_strong(&b->w->place[i], &p,
		    qt__owner(phase - 1, qt__obj_self(&b->obj), IN)))
			continue;
		b->place = i;
		b->id = qt__obj_self(&b->obj);
		b->generation = b->obj.seg->generation;
		/* From the change of the version on nobody ends a phase
		 * without us; the one we see then is our first. */
		do {
			w = atomic_load(&b->w->word);
			set_arrived(b, phase_of(w) - 1);
		} while (!atomic_compare_exchange_strong(&b->w->word, &w,
		    next_version(w)));
		return 1;
	}
	return 0;
}

int
qt_barrier_join(struct qt_barrier *b)
{
	if (qt__obj_self(&b->obj) == 0)
		return -EACCES;
	if (has_place(b))
		return 0;
	qt__obj_hold(&b->obj);
	if (take_place(b, EMPTY) || take_place(b, LOST))
		return 0;
	/* Only what nobody has noticed yet can help. */
	if (qt_seg_sweep(b->obj.seg) > 0 && take_place(b, LOST))
		return 0;
	return -QT_EFULL;
}

/* Our place is nobody's any more. */
static void
give_place(struct qt_barrier *b, uint32_t state)
{
	atomic_store(our_place(b), qt__owner(0, 0, state));
	b->id = 0;
	(void)end_phase(&b->obj);
}

int
qt_barrier_leave(struct qt_barrier *b)
{
	if (qt__obj_self(&b->obj) == 0)
		return -EACCES;
	if (!has_place(b))
		return -ENOENT;
	give_place(b, LOST);
	return 0;
}

void
qt_barrier_close(struct qt_barrier *b)
{
	if (b != NULL && has_place(b))
		give_place(b, EMPTY);
	qt__sync_close((struct qt_obj *)b);
}

int
qt_barrier_reset(struct qt_barrier *b)
{
	int	n = 0;

	if (qt__obj_self(&b->obj) == 0)
		return -EACCES;
	for (uint32_t i = 0; i < b->count; i++) {
		uint64_t	p = atomic_load(&b->w->place[i]);

		if (qt__owner_state(p) == LOST)
			n += atomic_compare_exchange_strong(&b->w->place[i],
			    &p, qt__owner(0, 0, EMPTY));
	}
	if (n > 0)
		change_version(b->w);
	return n;
}

/* --- Waiting ------------------------------------------------------------- */

/* Is anybody dead that we wait for? Then it is swept. */
static bool
sweep_parties(struct qt_barrier *b, uint32_t phase)
{
	for (uint32_t i = 0; i < b->count; i++) {
		uint64_t	p = atomic_load(&b->w->place[i]);

		if (qt__owner_state(p) == IN && !is_in(p, phase) &&
		    qt__obj_is_dead(&b->obj, qt__owner_id(p)))
			return qt_seg_sweep(b->obj.seg) > 0;
	}
	return false;
}

/* How the phase ended in which we arrived, whatever came after it. */
static int
outcome(const struct call *c, uint64_t w)
{
	return (w ^ c->word) & PASSED ? 0 : -EOWNERDEAD;
}

static int
try_pass(void *arg, bool is_late)
{
	struct call		*c = arg;
	struct qt_barrier	*b = c->b;
	uint32_t		 phase = phase_of(c->word);
	int			 did_end = end_phase(&b->obj);
	uint64_t		 w = atomic_load(&b->w->word);

	if (phase_of(w) == phase && is_late && sweep_parties(b, phase))
		w = atomic_load(&b->w->word);
	if (phase_of(w) == phase)
		return -EBUSY;
	return outcome(c, w) < 0 ? -EOWNERDEAD : did_end;
}

/* We do not wait any longer: rc, or how the phase has ended meanwhile. */
static int
give_up(const struct call *c, int rc)
{
	struct qt_barrier	*b = c->b;
	uint32_t		 phase = phase_of(c->word);
	uint64_t		 w;

	set_arrived(b, phase - 1);
	w = atomic_load(&b->w->word);
	do {
		if (phase_of(w) != phase) {
			set_arrived(b, phase);
			return outcome(c, w);
		}
	} while (!atomic_compare_exchange_strong(&b->w->word, &w,
	    next_version(w)));
	return rc;
}

int
qt_barrier_wait(struct qt_barrier *b, uint64_t deadline)
{
	struct call	c = { .b = b };
	uint64_t	p;
	int		rc = qt_barrier_join(b);

	if (rc < 0)
		return rc;
	p = atomic_load(our_place(b));
	/* Swept though we live: only nonsense in the segment does that. */
	if (qt__owner_state(p) != IN || qt__owner_id(p) != b->id) {
		b->id = 0;
		return -QT_ECORRUPT;
	}
	c.word = atomic_load(&b->w->word);
	/* No phase passes without us: those that have ended were broken. */
	if (phase_of(p) + 1 != phase_of(c.word)) {
		set_arrived(b, phase_of(c.word) - 1);
		return -EOWNERDEAD;
	}
	set_arrived(b, phase_of(c.word));
	rc = qt__obj_wait(&b->obj, 0, deadline, try_pass, &c);
	if (rc < 0 && rc != -EOWNERDEAD)
		rc = give_up(&c, rc);
	return rc;
}

/* --- Looking ------------------------------------------------------------- */

uint32_t
qt_barrier_parties(const struct qt_barrier *b)
{
	return b->count;
}

uint32_t
qt_barrier_arrived(const struct qt_barrier *b)
{
	uint32_t	phase = phase_of(atomic_load(&b->w->word)), n = 0;

	for (uint32_t i = 0; i < b->count; i++) {
		uint64_t	p = atomic_load(&b->w->place[i]);

		n += qt__owner_state(p) == IN && phase_of(p) == phase;
	}
	return n;
}

static uint32_t
count_state(const struct qt_barrier *b, uint32_t state)
{
	uint32_t	n = 0;

	for (uint32_t i = 0; i < b->count; i++)
		n += qt__owner_state(atomic_load(&b->w->place[i])) == state;
	return n;
}

uint32_t
qt_barrier_lost(const struct qt_barrier *b)
{
	return count_state(b, LOST);
}

static void
describe(struct qt_obj *obj, struct qt_obj_stat *stat)
{
	struct qt_barrier	b = { .obj = *obj, .w = qt__sync_body(obj),
	    .count = (uint32_t)obj->head.capacity };

	stat->count = qt_barrier_arrived(&b);
	qt__stat_add(stat, "phase", phase_of(atomic_load(&b.w->word)));
	qt__stat_add(stat, "joined", count_state(&b, IN));
	qt__stat_add(stat, "lost", qt_barrier_lost(&b));
	qt__stat_add(stat, "deaths", qt__obj_counted(obj, DEATHS));
	qt__stat_add(stat, "broken", qt__obj_counted(obj, BROKEN));
}

static void
fsck(struct qt_obj *obj, struct qt__fsck *f)
{
	struct qt__barrier	*x = qt__sync_body(obj);

	for (uint32_t i = 0; i < obj->head.capacity; i++)
		(void)qt__sync_fsck_word(obj, f, &x->place[i], LOST, LOST);
	if (f->flags & QT_OBJ_FSCK_REPAIR)
		(void)end_phase(obj);
}

static void
each_hold(struct qt_obj *obj, struct qt__holds *h)
{
	struct qt__barrier	*x = qt__sync_body(obj);

	for (uint64_t i = 0; i < obj->head.capacity; i++) {
		uint64_t	p = atomic_load(&x->place[i]);

		if (qt__owner_state(p) == IN)
			qt__hold(h, qt__owner_id(p), "party", 1);
	}
}

const struct qt__obj_type	qt__barrier_type = {
	.number = QT_TYPE_BARRIER, .name = "barrier", .check = check,
	.sweep = sweep, .describe = describe, .fsck = fsck,
	.each_hold = each_hold,
};
