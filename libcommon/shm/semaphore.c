/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Semaphores. See <qt/shm/semaphore.h>.
 *
 *	63..39    38..37  36..24          23..0
 *	serial    what    participant     value		the word
 *
 *	63..32    31..0
 *	serial    how many it holds			hold[participant - 1]
 *
 * Without UNDO only the value counts, and each step is one CAS.
 *
 * With it a step changes two words, value and hold, and is still one: the CAS
 * that changes the value also says in the word what is to happen to whose hold,
 * under a new serial number. From then on it has happened; anyone may finish
 * it, and nobody begins another before it is finished:
 *
 *	has hold[p] that serial already?	if not: CAS it
 *	take the participant out of the word	CAS it
 *
 * Who does this late, when others have long finished it, changes nothing: its
 * CASes find other serial numbers. So a kill at any instruction leaves a step
 * that has not begun or one that the next caller finishes.
 */

#include <errno.h>
#include <stdlib.h>

#include <qt/shm/semaphore.h>

#include "sync_priv.h"

#define UNDONE		0	/* statistics: put back for the dead */

#define VALUE_MASK	UINT64_C(0xffffff)
#define WHO_SHIFT	24
#define WHO_MASK	0x1fffu
#define WHAT_SHIFT	37
#define WHAT_MASK	3u
#define SERIAL_SHIFT	39
#define SERIAL_MASK	0x1ffffffu

_Static_assert(VALUE_MASK == QT_SEMAPHORE_MAX, "the value has its bits");
_Static_assert(QT__SEG_SLOTS_MAX <= WHO_MASK, "a participant has its bits");

enum what { TAKE, GIVE, GIVE_ALL };

struct qt_semaphore {
	struct qt_obj		 obj;
	struct qt__semaphore	*w;
};

extern const struct qt__obj_type	qt__semaphore_type;

static uint32_t
value_of(uint64_t w)
{
	return (uint32_t)(w & VALUE_MASK);
}

static uint32_t
who_of(uint64_t w)
{
	return (uint32_t)(w >> WHO_SHIFT) & WHO_MASK;
}

static uint32_t
what_of(uint64_t w)
{
	return (uint32_t)(w >> WHAT_SHIFT) & WHAT_MASK;
}

static uint32_t
serial_of(uint64_t w)
{
	return (uint32_t)(w >> SERIAL_SHIFT);
}

static uint64_t
pack(uint32_t value, uint32_t who, uint32_t what, uint32_t serial)
{
	return (uint64_t)serial << SERIAL_SHIFT |
	    (uint64_t)what << WHAT_SHIFT | (uint64_t)who << WHO_SHIFT | value;
}

static bool
has_undo(const struct qt_obj *obj)
{
	return obj->head.flags & QT_SEMAPHORE_UNDO;
}

static uint32_t
max_of(const struct qt_obj *obj)
{
	return (uint32_t)obj->head.capacity;
}

/* --- Life ---------------------------------------------------------------- */

static uint64_t
size_of(const struct qt_seg *seg, uint32_t flags)
{
	return QT__OBJ_BODY + sizeof(struct qt__semaphore) +
	    (flags & QT_SEMAPHORE_UNDO ? seg->head.slot_count *
	    sizeof(uint64_t) : 0);
}

static void
init(struct qt_obj *obj, const void *arg)
{
	struct qt__semaphore	*x = qt__sync_body(obj);

	(void)arg;
	atomic_store(&x->word, obj->head.param[0]);
}

int
qt_semaphore_create(struct qt_seg *seg, const char *name,
    const struct qt_semaphore_spec *spec, struct qt_err *err)
{
	struct qt__obj_spec	s = { .type = QT_TYPE_SEMAPHORE,
	    .flags = spec->flags, .init = init,
	    .capacity = spec->max != 0 ? spec->max : QT_SEMAPHORE_MAX,
	    .param = { spec->value }, .size = size_of(seg, spec->flags) };

	if (s.capacity > QT_SEMAPHORE_MAX || spec->value > s.capacity ||
	    spec->flags > QT_SEMAPHORE_UNDO) {
		qt_err_set(err, "make semaphore '%s': a value is at most its "
		    "max, and that at most %u", name,
		    (unsigned int)QT_SEMAPHORE_MAX);
		return -EINVAL;
	}
	return qt__obj_create(seg, name, &s, err);
}

static int
check(const struct qt_obj *obj)
{
	const struct qt__obj_head	*h = &obj->head;

	return h->flags > QT_SEMAPHORE_UNDO || h->capacity == 0 ||
	    h->capacity > QT_SEMAPHORE_MAX || h->param[0] > h->capacity ||
	    h->size != size_of(obj->seg, h->flags) ? -QT_ECORRUPT : 0;
}

int
qt_semaphore_open(struct qt_seg *seg, const char *name,
    struct qt_semaphore **out, struct qt_err *err)
{
	void	*s;
	int	 rc = qt__sync_open(seg, name, QT_TYPE_SEMAPHORE,
	    sizeof(struct qt_semaphore), &s, err);

	*out = s;
	if (rc == 0)
		(*out)->w = qt__sync_body(s);
	return rc;
}

void
qt_semaphore_close(struct qt_semaphore *s)
{
	qt__sync_close((struct qt_obj *)s);
}

struct qt_obj *
qt_semaphore_obj(struct qt_semaphore *s)
{
	return &s->obj;
}

/* --- Steps --------------------------------------------------------------- */

static uint32_t
after(uint32_t held, uint32_t what)
{
	if (what == TAKE)
		return held + 1;
	return what == GIVE && held > 0 ? held - 1 : 0;
}

/* The step that *w says is under way is finished; *w as it is then. */
static int
finish(struct qt_obj *obj, uint64_t *w)
{
	struct qt__semaphore	*x = qt__sync_body(obj);
	_Atomic uint64_t	*hold;
	uint32_t		 who;
	uint64_t		 h, done;

	*w = atomic_load(&x->word);
	while ((who = who_of(*w)) != 0) {
		if (!has_undo(obj) || who > qt__sync_slots(obj))
			return -QT_ECORRUPT;
		hold = &x->hold[who - 1];
		h = atomic_load(hold);
		/* Still the same: so h is from before or after this step. */
		done = atomic_load(&x->word);
		if (done != *w) {
			*w = done;
			continue;
		}
		if (h >> 32 != serial_of(*w))
			(void)atomic_compare_exchange_strong(hold, &h,
			    (uint64_t)serial_of(*w) << 32 |
			    after((uint32_t)h, what_of(*w)));
		done = pack(value_of(*w), 0, 0, serial_of(*w));
		if (atomic_compare_exchange_strong(&x->word, w, done))
			*w = done;
	}
	return 0;
}

/*
 * Begins a step of participant who, from the word w in which none is under way;
 * h is what hold[] of it was. 0 when w has changed.
 */
static int
begin(struct qt_obj *obj, uint64_t w, uint64_t h, uint32_t value,
    uint32_t who, enum what what)
{
	struct qt__semaphore	*x = qt__sync_body(obj);
	uint32_t		 serial = (serial_of(w) + 1) & SERIAL_MASK;

	/* Numbers come round: this one must be new to the hold. */
	if (h >> 32 == serial)
		serial = (serial + 1) & SERIAL_MASK;
	return atomic_compare_exchange_strong(&x->word, &w,
	    pack(value, who, what, serial));
}

/* 0, -EBUSY, -EOVERFLOW, -QT_ECORRUPT. */
static int
change(struct qt_semaphore *s, enum what what)
{
	uint32_t	who = has_undo(&s->obj) ? qt__obj_self(&s->obj) : 0;
	uint64_t	w, h = 0;
	int		rc;

	do {
		rc = finish(&s->obj, &w);
		if (rc < 0)
			return rc;
		if (what == TAKE && value_of(w) == 0)
			return -EBUSY;
		if (what == GIVE && value_of(w) >= max_of(&s->obj))
			return -EOVERFLOW;
		if (who != 0)
			h = atomic_load(&s->w->hold[who - 1]);
	} while (!begin(&s->obj, w, h, value_of(w) + (what == TAKE ? -1u : 1u),
	    who, who != 0 ? what : 0));
	/* Ours or somebody else's: it is done in any case. */
	if (who != 0)
		(void)finish(&s->obj, &w);
	return 0;
}

static void
sweep(struct qt_obj *obj, uint32_t id)
{
	struct qt__semaphore	*x = qt__sync_body(obj);
	uint64_t		 w, h, value;

	if (!has_undo(obj) || id == 0 || id > qt__sync_slots(obj))
		return;
	do {
		if (finish(obj, &w) < 0)
			return;
		h = atomic_load(&x->hold[id - 1]);
		if ((uint32_t)h == 0)
			return;
		value = (uint64_t)value_of(w) + (uint32_t)h;
		if (value > max_of(obj))
			value = max_of(obj);
	} while (!begin(obj, w, h, (uint32_t)value, id, GIVE_ALL));
	(void)finish(obj, &w);
	qt__obj_count(obj, UNDONE, (uint32_t)h);
	qt__wake(obj, 0);
}

/* --- What people call ---------------------------------------------------- */

/* Nobody may ever post what the dead hold: is there any such? */
static bool
has_dead(const struct qt_semaphore *s)
{
	if (!has_undo(&s->obj))
		return false;
	for (uint32_t i = 0; i < qt__sync_slots(&s->obj); i++)
		if ((uint32_t)atomic_load(&s->w->hold[i]) != 0 &&
		    qt__obj_is_dead(&s->obj, i + 1))
			return true;
	return false;
}

static int
try_wait(void *arg, bool is_late)
{
	struct qt_semaphore	*s = arg;
	int			 rc = change(s, TAKE);

	if (rc == -EBUSY && is_late && has_dead(s) &&
	    qt_seg_sweep(s->obj.seg) > 0)
		rc = change(s, TAKE);
	return rc;
}

int
qt_semaphore_wait(struct qt_semaphore *s, uint64_t deadline)
{
	if (qt__obj_self(&s->obj) == 0)
		return -EACCES;
	qt__obj_hold(&s->obj);
	return qt__obj_wait(&s->obj, 0, deadline, try_wait, s);
}

int
qt_semaphore_trywait(struct qt_semaphore *s)
{
	return qt_semaphore_wait(s, QT_WAIT_NEVER);
}

int
qt_semaphore_post(struct qt_semaphore *s)
{
	if (qt__obj_self(&s->obj) == 0)
		return -EACCES;
	return qt__sync_wake(&s->obj, 0, change(s, GIVE));
}

uint32_t
qt_semaphore_value(const struct qt_semaphore *s)
{
	return value_of(atomic_load(&s->w->word));
}

uint32_t
qt_semaphore_held(const struct qt_semaphore *s, uint32_t id)
{
	if (!has_undo(&s->obj) || id == 0 || id > qt__sync_slots(&s->obj))
		return 0;
	return (uint32_t)atomic_load(&s->w->hold[id - 1]);
}

static void
describe(struct qt_obj *obj, struct qt_obj_stat *stat)
{
	struct qt__semaphore	*x = qt__sync_body(obj);
	uint64_t		 held = 0;

	stat->count = value_of(atomic_load(&x->word));
	for (uint32_t i = 0; has_undo(obj) && i < qt__sync_slots(obj); i++)
		held += (uint32_t)atomic_load(&x->hold[i]);
	qt__stat_add(stat, "held", held);
	qt__stat_add(stat, "undone", qt__obj_counted(obj, UNDONE));
}

static void
fsck_holds(struct qt_obj *obj, struct qt__fsck *f)
{
	struct qt__semaphore	*x = qt__sync_body(obj);

	for (uint32_t i = 0; has_undo(obj) && i < qt__sync_slots(obj); i++) {
		uint64_t	h = atomic_load(&x->hold[i]);
		bool		repair = f->flags & QT_OBJ_FSCK_REPAIR;

		/* It may have changed while we asked. */
		if ((uint32_t)h == 0 || !qt__obj_is_dead(obj, i + 1) ||
		    atomic_load(&x->hold[i]) != h)
			continue;
		if (repair)
			repair = atomic_compare_exchange_strong(&x->hold[i],
			    &h, h >> 32 << 32);
		qt__fsck_fault(f, repair, "participant %u, who is dead, holds "
		    "%u", i + 1, (uint32_t)h);
	}
}

static void
fsck(struct qt_obj *obj, struct qt__fsck *f)
{
	struct qt__semaphore	*x = qt__sync_body(obj);
	uint64_t		 w = atomic_load(&x->word);
	uint32_t		 who = who_of(w);
	bool			 repair = f->flags & QT_OBJ_FSCK_REPAIR;

	fsck_holds(obj, f);
	if (value_of(w) <= max_of(obj) && (who == 0 || (has_undo(obj) &&
	    who <= qt__sync_slots(obj))))
		return;
	if (repair)
		repair = atomic_compare_exchange_strong(&x->word, &w,
		    pack((uint32_t)obj->head.param[0], 0, 0, serial_of(w)));
	qt__fsck_fault(f, repair, "its word makes no sense: %#llx",
	    (unsigned long long)w);
}

static void
each_hold(struct qt_obj *obj, struct qt__holds *h)
{
	struct qt__semaphore	*x = qt__sync_body(obj);

	for (uint32_t i = 0; has_undo(obj) && i < qt__sync_slots(obj); i++)
		qt__hold(h, i + 1, "held", (uint32_t)atomic_load(&x->hold[i]));
}

const struct qt__obj_type	qt__semaphore_type = {
	.number = QT_TYPE_SEMAPHORE, .name = "semaphore", .check = check,
	.sweep = sweep, .describe = describe, .fsck = fsck,
	.each_hold = each_hold,
};
