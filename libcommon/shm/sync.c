/* SPDX-License-Identifier: Apache-2.0 */
/* What locks, barriers and the like have in common. See sync_priv.h. */

#include <errno.h>
#include <stdlib.h>

#include "sync_priv.h"

/* Waiting for so long makes a claim; one that is so old is void. */
#define CLAIM_NS	UINT64_C(2000000)
#define VOID_NS		UINT64_C(20000000)

int
qt__sync_open(struct qt_seg *seg, const char *name, uint32_t type,
    size_t size, void **out, struct qt_err *err)
{
	struct qt_obj	*obj = calloc(1, size);
	int		 rc;

	*out = NULL;
	if (obj == NULL)
		return -ENOMEM;
	rc = qt__obj_open(seg, name, type, obj, err);
	if (rc < 0) {
		free(obj);
		return rc;
	}
	*out = obj;
	return 0;
}

void
qt__sync_close(struct qt_obj *obj)
{
	if (obj == NULL)
		return;
	qt__obj_close(obj);
	free(obj);
}

int
qt__sync_wake(struct qt_obj *obj, unsigned int which, int rc)
{
	if (rc >= 0)
		qt__wake(obj, which);
	return rc;
}

/* --- Turns --------------------------------------------------------------- */

/* No owner, one generation on. 1 when the word was as seen. */
static int
take_away(_Atomic uint64_t *word, uint64_t seen)
{
	return qt__owner_cas(word, &seen, 0, 0);
}

bool
qt__turn_is_others(struct qt__turn *t, _Atomic uint64_t *word)
{
	uint64_t	claim = atomic_load(word), now;

	if (qt__owner_id(claim) == 0 || claim == t->mine)
		return false;
	now = qt_clock_mono_ns();
	if (t->other != claim) {
		t->other = claim;
		t->other_ns = now;
	}
	if (now - t->other_ns < VOID_NS)
		return true;
	(void)take_away(word, claim);
	return false;
}

void
qt__turn_want(struct qt__turn *t, const struct qt_obj *obj,
    _Atomic uint64_t *word)
{
	uint64_t	claim, now = qt_clock_mono_ns();

	if (t->since_ns == 0)
		t->since_ns = now;
	if (now - t->since_ns < CLAIM_NS)
		return;
	claim = atomic_load(word);
	if (qt__owner_id(claim) == 0 &&
	    qt__owner_cas(word, &claim, qt__obj_self(obj), 1))
		t->mine = claim;
}

int
qt__turn_end(struct qt__turn *t, _Atomic uint64_t *word)
{
	return t->mine != 0 && take_away(word, t->mine);
}

void
qt__turn_sweep(_Atomic uint64_t *word, uint32_t id)
{
	uint64_t	claim = atomic_load(word);

	if (qt__owner_id(claim) == id)
		(void)take_away(word, claim);
}

/* --- fsck ---------------------------------------------------------------- */

int
qt__sync_fsck_word(struct qt_obj *obj, struct qt__fsck *f,
    _Atomic uint64_t *word, uint32_t max, uint32_t state)
{
	uint64_t	w = atomic_load(word);
	uint32_t	owner = qt__owner_id(w);
	bool		is_bad, is_repaired = false;

	is_bad = qt__owner_state(w) > max ||
	    (owner != 0 && qt__obj_is_dead(obj, owner));
	/* It may have changed while we asked. */
	if (!is_bad || atomic_load(word) != w)
		return 0;
	if (f->flags & QT_OBJ_FSCK_REPAIR) {
		is_repaired = qt__owner_cas(word, &w, 0, state);
		for (unsigned int i = 0; i < QT__OBJ_WAITS; i++)
			qt__wake(obj, i);
	}
	qt__fsck_fault(f, is_repaired, "a word says that participant %u, who "
	    "is dead, holds it (state %u)", owner, qt__owner_state(w));
	return 1;
}
