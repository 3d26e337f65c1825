/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_STORE_SCAN_PRIV_H
#define QT_STORE_SCAN_PRIV_H
/* Reading in order: scan.c. */
#include "store_priv.h"

struct qt__cursor;

/*
 * A cursor over the records of a memtable of offsets less than upto, in order.
 * They are put in order for everybody, if this process is a user, and where
 * nobody holds that up.
 */
int	qt__store_order(struct qt_store *s, struct qt__mem *m, uint64_t upto,
	    struct qt__cursor **out, struct qt_err *err);

#endif /* QT_STORE_SCAN_PRIV_H */
