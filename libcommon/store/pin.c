/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Slots of readers. See pin_priv.h.
 *
 * There are slot_high that were ever used; it grows before the new one is taken,
 * so who looks at all below it misses none. Before it grows a few are asked for
 * whether their owners live, for that costs a system call each; when it cannot
 * grow, all are.
 */

#include <qt/base/clock.h>

#include "pin_priv.h"

#define ASKED	8u		/* before slot_high grows */

struct search {
	struct qt__ctl		*ctl;
	const struct qt__user	*user;
	uint32_t		 living;	/* the last one found alive */
	uint32_t		 left;		/* may be asked for */
};

static bool
swap(struct qt__slot *slot, uint32_t from, uint32_t to)
{
	return atomic_compare_exchange_strong(&slot->owner, &from, to);
}

static uint32_t
high_of(struct qt__ctl *ctl)
{
	uint32_t	high = atomic_load(&ctl->slot_high);

	return high < QT__SLOTS ? high : QT__SLOTS;
}

static bool
take_dead(struct search *f, struct qt__slot *slot)
{
	uint32_t	id = atomic_load_explicit(&slot->owner,
	    memory_order_relaxed);
	bool		is_ours;

	/* Our own: another snapshot's. */
	if (id == 0 || id == f->user->id || id == f->living || f->left == 0)
		return false;
	f->left--;
	if (qt__user_bury(f->user, id) != 1) {
		f->living = id;
		return false;
	}
	/* While we hold its byte nobody can have become id. */
	is_ours = swap(slot, id, f->user->id);
	qt__user_unbury(f->user, id);
	return is_ours;
}

static struct qt__slot *
find(struct search *f, bool (*take)(struct search *f, struct qt__slot *slot))
{
	uint32_t	high = high_of(f->ctl);

	for (uint32_t i = 0; i < high; i++)
		if (take(f, &f->ctl->slots[i]))
			return &f->ctl->slots[i];
	return NULL;
}

static bool
take_free(struct search *f, struct qt__slot *slot)
{
	return atomic_load_explicit(&slot->owner, memory_order_relaxed) == 0 &&
	    swap(slot, 0, f->user->id);
}

static struct qt__slot *
take_new(struct search *f)
{
	uint32_t	high = high_of(f->ctl);

	while (high < QT__SLOTS) {
		if (!atomic_compare_exchange_strong(&f->ctl->slot_high, &high,
		    high + 1))
			continue;
		if (take_free(f, &f->ctl->slots[high]))
			return &f->ctl->slots[high];
		high = high_of(f->ctl);
	}
	return NULL;
}

int
qt__pin_take(struct qt__ctl *ctl, const struct qt__user *user,
    struct qt__slot **out, struct qt_err *err)
{
	struct search	 f = { .ctl = ctl, .user = user, .left = ASKED };
	struct qt__slot	*slot = find(&f, take_free);

	if (slot == NULL)
		slot = find(&f, take_dead);
	if (slot == NULL)
		slot = take_new(&f);
	f.left = UINT32_MAX;
	if (slot == NULL)
		slot = find(&f, take_dead);
	if (slot == NULL)
		slot = find(&f, take_free);
	*out = slot;
	if (slot == NULL) {
		qt_err_set(err, "all %u places for snapshots and scans are "
		    "taken: close some", QT__SLOTS);
		return -QT_EFULL;
	}
	/* Until now it may have named a dead one's manifest, whose files stayed
	   a little longer for that. */
	atomic_store(&slot->version, 0);
	atomic_store(&slot->manifest, 0);
	atomic_store_explicit(&slot->pid, (uint32_t)user->pid,
	    memory_order_relaxed);
	atomic_store_explicit(&slot->since_ms, qt_clock_mono_ms(),
	    memory_order_relaxed);
	qt__ctl_meet(ctl);	/* who published a manifest, in collect.c */
	return 0;
}

void
qt__pin_hold(struct qt__slot *slot, uint64_t manifest, uint64_t version)
{
	atomic_store(&slot->manifest, manifest);
	atomic_store(&slot->version, version);
}

void
qt__pin_give(struct qt__slot *slot)
{
	/* Release: what was read by it has been read. */
	atomic_store_explicit(&slot->owner, 0, memory_order_release);
}

bool
qt__pin_is_live(struct qt__slot *slot, const struct qt__user *user,
    uint64_t *manifest)
{
	uint32_t	id = atomic_load(&slot->owner);

	if (id == 0)
		return false;
	*manifest = atomic_load(&slot->manifest);
	if (id == user->id || qt__user_bury(user, id) != 1)
		return true;
	(void)swap(slot, id, 0);
	qt__user_unbury(user, id);
	return false;
}

void
qt__pin_disown(struct qt__ctl *ctl, const struct qt__user *user)
{
	uint32_t	high = high_of(ctl);

	for (uint32_t i = 0; i < high; i++)
		(void)swap(&ctl->slots[i], user->id, 0);
}
