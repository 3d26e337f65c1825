/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_SHM_DEST_H
#define QT_SHM_DEST_H

#include <qt/shm/array.h>
#include <qt/shm/npy.h>
#include <qt/shm/value.h>

#include "target.h"

/*
 * What import stores into: an array, or, from a .npy file without dimensions,
 * a value. Made by us, or there before and just like the file's.
 */
struct dest {
	struct target	 target;
	struct qt_array	*array;
	struct qt_value	*value;
	int		 is_new;
	int		 is_touched;	/* something was stored into it */
};

/* A file whose elements cannot be taken as they are: why, or NULL. */
const char *dest_why_not(const struct qt_npy *npy);

/*
 * What has the name now. 0: nothing, and dest_make() makes it. 1: one of the
 * same dtype and shape, opened. Otherwise what was wrong is said on standard
 * error, and the answer is negative; -EEXIST: there is one, and !is_forced.
 */
int	dest_find(struct dest *d, const struct target *t, struct qt_seg *seg,
	    const struct qt_npy *npy, int is_forced);
/* The same for a new one: 0, or negative. */
int	dest_make(struct dest *d, struct qt_seg *seg, const struct qt_npy *npy);
/* Closes it; with is_undone what dest_make() made is erased again. */
void	dest_close(struct dest *d, struct qt_seg *seg, int is_undone);

/*
 * Stores all elements, which get() brings in order, len bytes each time; what
 * it returns below 0 ends it. A value is stored at once. What is wrong with the
 * structure is said on standard error: -ECANCELED then.
 */
int	dest_fill(struct dest *d, const struct qt_npy *npy,
	    int (*get)(void *arg, void *out, size_t len), void *arg);

#endif /* QT_SHM_DEST_H */
