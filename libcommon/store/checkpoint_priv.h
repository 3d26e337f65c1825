/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_STORE_CHECKPOINT_PRIV_H
#define QT_STORE_CHECKPOINT_PRIV_H
/* A copy of a store: checkpoint.c. */
#include "store_priv.h"

/* A copy that shares what it can, of s->now, at dest. MAINTAIN. */
int	qt__checkpoint_copy(struct qt_store *s, const char *dest,
	    struct qt_err *err);

#endif /* QT_STORE_CHECKPOINT_PRIV_H */
