/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_STORE_SUPER_PRIV_H
#define QT_STORE_SUPER_PRIV_H
/* What readers see: super.c. */
#include "store_priv.h"
#include "stripe_priv.h"

#define QT__SUPERS	128u

/*
 * A super version (RocksDB's word): the memtables and the manifest that a
 * reader looks at. Immutable but for what is loaded when first needed. Counted
 * references keep it. Supers live in an array of the handle and their counters
 * are never freed, so who loads the pointer, counts, and then finds another in
 * its place has counted in vain but not in freed memory.
 */
struct qt__super {
	struct qt__stripe	 stripes[QT__STRIPES];
	uint64_t		 epoch;
	uint64_t		 manifest_number;
	struct qt__mem		*mems[QT__MEMS_MAX];	/* newest first */
	uint32_t		 mem_count;
	bool			 is_used;	/* by super_mutex */
	_Atomic(struct qt__manifest *) manifest;	/* NULL: not loaded */
	_Atomic(struct qt__run *) *open;	/* a slice each */
};

/* Open slices by number, for all supers: super_mutex. */
struct qt__open_run {
	uint64_t	 number;
	uint32_t	 refs;
	struct qt__run	*run;
};

/*
 * The super that is current, counted; refreshed when the store has moved on.
 * *stripe is what is to be released.
 */
int	qt__super_get_slowly(struct qt_store *s, struct qt__stripe **stripe,
	    struct qt_err *err);

static inline void
qt__super_release(struct qt__stripe *stripe)
{
	if (stripe != NULL)
		qt__stripe_give(stripe->super->stripes);
}

/* Once more, for who holds it already. */
static inline struct qt__stripe *
qt__super_hold(struct qt__stripe *stripe)
{
	return qt__stripe_take(stripe->super->stripes);
}

/* The one that we have, when it is still current; see stripe_priv.h. */
static inline bool
qt__super_try(struct qt_store *s, struct qt__stripe **stripe)
{
	struct qt__super	*super = atomic_load_explicit(&s->super,
	    memory_order_acquire);

	if (super == NULL)
		return false;
	*stripe = qt__stripe_take(super->stripes);
	if (atomic_load(&s->super) == super && super->epoch ==
	    atomic_load_explicit(&s->ctl->epoch, memory_order_acquire))
		return true;
	qt__super_release(*stripe);
	return false;
}

static inline int
qt__super_get(struct qt_store *s, struct qt__stripe **stripe,
    struct qt_err *err)
{
	return qt__super_try(s, stripe) ? 0 :
	    qt__super_get_slowly(s, stripe, err);
}
/* Lets go of what only old ones hold, that somebody looked at until now. */
void	qt__super_tidy(struct qt_store *s);
/*
 * A file that super names is not there. 0: the store has moved on, and there is
 * a newer super to be asked; else an error, with why.
 */
int	qt__super_moved(struct qt_store *s, const struct qt__super *super,
	    struct qt_err *err);
/* Its manifest, loaded when it is not. */
int	qt__super_manifest(struct qt_store *s, struct qt__super *super,
	    const struct qt__manifest **out, struct qt_err *err);
/* The open slice of index i; stays open as long as the super. */
int	qt__super_run(struct qt_store *s, struct qt__super *super, uint32_t i,
	    struct qt__run **out, struct qt_err *err);
/* The first one, of memtables (oldest first) that only this handle has. */
void	qt__super_adopt(struct qt_store *s, struct qt__mem **mems,
	    uint32_t count);
void	qt__super_clear(struct qt_store *s);	/* all of them, on closing */

#endif /* QT_STORE_SUPER_PRIV_H */
