/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Snapshots. See <qt/store/store.h>, snap_priv.h.
 *
 *	memtables	indexed is read last, of the newest one. What is put
 *			later has greater versions, there or in a newer one
 *	runs		those of the super's manifest; the slot keeps them
 *
 * A batch becomes visible by one store to indexed, so a snapshot has all of it
 * or nothing.
 */

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "handle_priv.h"
#include "snap_priv.h"
#include "super_priv.h"

bool
qt__bounds_slice(const struct qt__bounds *b, const struct qt__manifest *m,
    const struct qt__slice *slice)
{
	return qt__key_compare(m->heap + slice->max_at, slice->max_len, b->low,
	    b->low_len) >= 0 && (b->high == NULL ||
	    qt__key_compare(m->heap + slice->min_at, slice->min_len, b->high,
	    b->high_len) < 0);
}

/* For who has no slot: what is open stays readable. */
static int
open_slices(struct qt_store *s, struct qt__super *super,
    const struct qt__bounds *bounds, struct qt_err *err)
{
	const struct qt__manifest	*m;
	struct qt__run			*run;
	int				 rc;

	rc = qt__super_manifest(s, super, &m, err);
	for (uint32_t i = 0; rc == 0 && i < m->slice_count; i++)
		if (qt__bounds_slice(bounds, m, &m->slices[i]))
			rc = qt__super_run(s, super, i, &run, err);
	return rc;
}

static int
hold_super(struct qt_store_snap *snap, const struct qt__bounds *bounds,
    struct qt_err *err)
{
	struct qt_store		*s = snap->store;
	struct qt__super	*super;
	const struct qt__mem	*m;
	int			 rc;

	for (;;) {
		rc = qt__super_get(s, &snap->stripe, err);
		if (rc < 0)
			return rc;
		super = snap->stripe->super;
		m = super->mems[0];
		/* Pairs with the release in qt__mem_redo(). */
		snap->version = m->base - 1 + atomic_load_explicit(
		    &m->head->indexed, memory_order_acquire);
		snap->now_ms = qt__store_now(s);
		if (snap->slot != NULL) {
			qt__pin_hold(snap->slot, super->manifest_number,
			    snap->version);
			return 0;
		}
		rc = open_slices(s, super, bounds, err);
		if (rc == -ENOENT)
			rc = qt__super_moved(s, super, err);
		else if (rc == 0)
			return 0;
		qt__super_release(snap->stripe);
		snap->stripe = NULL;
		if (rc < 0)
			return rc;
	}
}

int
qt__snap_take(struct qt_store *s, const struct qt__bounds *bounds,
    struct qt_store_snap **out, struct qt_err *err)
{
	struct qt_store_snap	*snap = calloc(1, sizeof(*snap));
	int			 rc = 0;

	*out = NULL;
	if (snap == NULL)
		return -ENOMEM;
	snap->store = s;
	snap->refs = 1;
	if (!s->is_rdonly) {
		rc = qt__store_user(s, err);
		snap->pid = s->user.pid;
		if (rc == 0)
			rc = qt__pin_take(s->ctl, &s->user, &snap->slot, err);
	}
	if (rc == 0)
		rc = hold_super(snap, bounds, err);
	if (rc < 0) {
		qt_store_snap_close(snap);
		return rc;
	}
	*out = snap;
	return 0;
}

int
qt__snap_lost(const struct qt_store_snap *snap, struct qt_err *err)
{
	if (snap->slot != NULL) {
		qt_err_wrap(err, "a file of the store is missing");
		return -QT_ECORRUPT;
	}
	qt_err_wrap(err, "the store was changed meanwhile, which who opens it "
	    "for reading only cannot hold up");
	return -ESTALE;
}

int
qt_store_snap_open(struct qt_store *s, struct qt_store_snap **out,
    struct qt_err *err)
{
	return qt__snap_take(s, &(struct qt__bounds){ .low = "" }, out, err);
}

uint64_t
qt_store_snap_version(const struct qt_store_snap *snap)
{
	return snap->version;
}

void
qt_store_snap_close(struct qt_store_snap *snap)
{
	if (snap == NULL || atomic_fetch_sub_explicit(&snap->refs, 1,
	    memory_order_acq_rel) != 1)
		return;
	qt__super_release(snap->stripe);
	/* A fork child's copy of a snapshot does not hold the slot. */
	if (snap->slot != NULL && snap->pid == (uint64_t)getpid())
		qt__pin_give(snap->slot);
	free(snap);
}
