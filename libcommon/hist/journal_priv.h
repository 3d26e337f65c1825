/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_HIST_JOURNAL_PRIV_H
#define QT_HIST_JOURNAL_PRIV_H
/*
 * Which events the last batches added, so that who keeps an index of them can
 * tell what it lacks. The last QT_HIST_BATCHES are there:
 *
 *	j		number of the last batch 8
 *	j slot(1)	a batch: number 8, count 8, then start 8, id 8 of each
 *
 * little-endian; slot is number % QT_HIST_BATCHES. A batch of too many events,
 * or one that changed otherwise, has no list: count is 2^64 - 1.
 */
#include <qt/base/buf.h>
#include <qt/hist/db.h>
#include <qt/store/store.h>

#define QT__JOURNAL_MAX	4096u		/* events of a batch that has a list */

struct qt__journal_key {
	uint64_t	start_us, id;
};

/* 0 and the last batch that snap (may be NULL) sees, 0 for none, with the version
   of its record. */
int	qt__journal_last(struct qt_hist_db *db,
	    const struct qt_store_snap *snap, uint64_t *batch,
	    uint64_t *version, struct qt_err *err);
/* The record of a batch, to be put under j slot. 0 or -ENOMEM. */
int	qt__journal_pack(struct qt_buf *b, uint64_t batch,
	    const struct qt_hist_event *events, size_t count);
/* Events of a batch, the caller's to free(3). -ENOENT: nobody knows. */
int	qt__journal_load(struct qt_hist_db *db, uint64_t batch,
	    struct qt__journal_key **keys, size_t *count, struct qt_err *err);

#endif /* QT_HIST_JOURNAL_PRIV_H */
