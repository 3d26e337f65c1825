/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_STORE_SYNC_PRIV_H
#define QT_STORE_SYNC_PRIV_H
/* Making durable: sync.c. */
#include "store_priv.h"

/* Returns when durable >= upto. */
int	qt__sync_to(struct qt_store *s, uint64_t upto, struct qt_err *err);

#endif /* QT_STORE_SYNC_PRIV_H */
