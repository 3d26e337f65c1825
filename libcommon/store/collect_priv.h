/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_STORE_COLLECT_PRIV_H
#define QT_STORE_COLLECT_PRIV_H
/* What nobody needs any more: collect.c. */
#include "store_priv.h"

/*
 * Removes what no live reader needs: logs, segments, runs, manifests. MAINTAIN,
 * behind a publish.
 */
int	qt__collect(struct qt_store *s, struct qt_err *err);
/* Those of our segments that others could not unlink. */
void	qt__collect_strays(struct qt_store *s);
/* The least manifest that a live slot names; UINT64_MAX: none. */
uint64_t qt__collect_oldest(struct qt_store *s);

#endif /* QT_STORE_COLLECT_PRIV_H */
