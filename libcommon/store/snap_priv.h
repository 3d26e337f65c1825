/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_STORE_SNAP_PRIV_H
#define QT_STORE_SNAP_PRIV_H
/*
 * A moment of the store, held: by a super, which is what this process has mapped
 * and open, and by a slot, so that nobody removes what it has not opened yet.
 */
#include "pin_priv.h"
#include "store_priv.h"

struct qt_store_snap {
	struct qt_store		*store;
	struct qt__stripe	*stripe;	/* holds its super */
	struct qt__slot		*slot;		/* NULL: a reader's that may
						   not write */
	uint64_t		 pid;		/* whose slot it is */
	uint64_t		 version;	/* the greatest that it sees */
	uint64_t		 now_ms;	/* when it was, for what expires */
	_Atomic int		 refs;		/* itself, and its scans */
};

/* Keys of [low, high); high NULL: all from low on. */
struct qt__bounds {
	const void	*low, *high;
	size_t		 low_len, high_len;
};
/* Whether a slice may hold some of them. */
bool	qt__bounds_slice(const struct qt__bounds *b,
	    const struct qt__manifest *m, const struct qt__slice *slice);

/*
 * A snapshot of which only keys within bounds are read: for who has no slot,
 * their files are opened at once. qt_store_snap_close() lets go of it.
 */
int	qt__snap_take(struct qt_store *s, const struct qt__bounds *bounds,
	    struct qt_store_snap **out, struct qt_err *err);
static inline struct qt_store_snap *
qt__snap_hold(const struct qt_store_snap *snap)
{
	struct qt_store_snap	*s = (struct qt_store_snap *)snap;

	atomic_fetch_add_explicit(&s->refs, 1, memory_order_relaxed);
	return s;
}

/* A file that the snapshot needs is gone: the error, with why. */
int	qt__snap_lost(const struct qt_store_snap *snap, struct qt_err *err);

#endif /* QT_STORE_SNAP_PRIV_H */
