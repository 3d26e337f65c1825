/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_STORE_OPEN_MEMORY_PRIV_H
#define QT_STORE_OPEN_MEMORY_PRIV_H
/*
 * How a store comes by its shared memory: open_memory.c, lineage.c, recover.c.
 */
#include "store_priv.h"

/*
 * The store's shared memory, found or made. -EBUSY where it would have to be made
 * and somebody uses the store.
 */
int	qt__memory_open(struct qt_store *s, struct qt_err *err);
/*
 * Makes it from the folder, in place of what there is; with is_private for this
 * handle alone. lock_fd: LOCK, with QT__LOCK_FORMAT; nobody uses the store.
 */
int	qt__recover(struct qt_store *s, int lock_fd, struct qt_err *err);
/*
 * Whether shared memory is of the folder's history: 0, or nobody can tell; 1: it
 * is not, with why in err. -QT_ECORRUPT: a log is gone that had been durable.
 */
int	qt__lineage_check(struct qt_store *s, struct qt_err *err);

#endif /* QT_STORE_OPEN_MEMORY_PRIV_H */
