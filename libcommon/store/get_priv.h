/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_STORE_GET_PRIV_H
#define QT_STORE_GET_PRIV_H
/* Reading one key: get.c. */
#include "super_priv.h"

/*
 * The newest entry of key at most max_version, deleted or not: 1, 0, negative;
 * -ENOENT: a file is gone, get a new super. *own as for qt__run_get().
 */
int	qt__lookup(struct qt_store *s, struct qt__super *super,
	    struct qt__entry *e, void **own, const void *key, size_t len,
	    uint64_t max_version, struct qt_err *err);

#endif /* QT_STORE_GET_PRIV_H */
