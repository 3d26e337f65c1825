/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_STORE_HANDLE_PRIV_H
#define QT_STORE_HANDLE_PRIV_H
/* What an open store is to its process: handle.c. */
#include "store_priv.h"

/*
 * Makes this process a user with an id, when it is none. -ESTALE: our shared
 * memory is not the store's any more. No mutex from super_mutex on is held.
 */
int	qt__store_user(struct qt_store *s, struct qt_err *err);

/* The cache, and what is done at fork(2). */
int	qt__handle_start(struct qt_store *s, struct qt_err *err);
void	qt__handle_stop(struct qt_store *s);	/* before the runs are closed */
/* Adds what the cache has counted to the statistics. */
void	qt__handle_count(struct qt_store *s);
/* After a memtable was mapped: super_mutex. */
void	qt__handle_mapped(struct qt_store *s, struct qt__mem *m);

#endif /* QT_STORE_HANDLE_PRIV_H */
