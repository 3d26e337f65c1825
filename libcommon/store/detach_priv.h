/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_STORE_DETACH_PRIV_H
#define QT_STORE_DETACH_PRIV_H
/* Who syncs later: detach.c. */
#include "store_priv.h"

/*
 * Before closing, with QT_STORE_DETACH: true when somebody will make durable
 * what is not yet, and do the maintenance that is due. A process that is forked
 * for it takes the handle's user.
 */
bool	qt__detach(struct qt_store *s);
/* On opening: what a killed one of those has left is ours to sync. */
void	qt__detach_adopt(struct qt_store *s);

#endif /* QT_STORE_DETACH_PRIV_H */
