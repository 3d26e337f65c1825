/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_STORE_BIG_COLLECT_PRIV_H
#define QT_STORE_BIG_COLLECT_PRIV_H
/* Which files of big/ are still needed. See big_collect.c. */
#include "big_priv.h"
#include "store_priv.h"
#include "super_priv.h"

/*
 * Removes what nobody needs, under MAINTAIN, of a bounded number of files. now:
 * the manifest that CURRENT names, and readers know. oldest: nobody uses an
 * older one; anything greater than now's number when nobody uses any, 0 when it
 * is not known. 1: there is more to look at, 0, negative. Costs next to nothing
 * when nothing was written since.
 *
 * Who clears the store sets big_swept to 0 before (under MAINTAIN): what no
 * record names then is found by looking at all files again.
 */
int	qt__big_collect(struct qt_store *s, const struct qt__manifest *now,
	    uint64_t oldest, struct qt_err *err);
/* Whether any record of key, be it an old version, names the file. */
int	qt__big_is_named(struct qt_store *s, struct qt__super *super,
	    const void *key, size_t len, uint64_t number, struct qt_err *err);
/* A number from which on all are free. */
int	qt__big_next(int big_fd, const struct qt__manifest *m, uint64_t *next,
	    struct qt_err *err);

#endif /* QT_STORE_BIG_COLLECT_PRIV_H */
