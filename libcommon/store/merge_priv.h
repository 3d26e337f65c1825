/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_STORE_MERGE_PRIV_H
#define QT_STORE_MERGE_PRIV_H
/*
 * Several sorted sources read as one.
 */
#include <qt/base/err.h>

#include "entry_priv.h"
#include "manifest_priv.h"

/*
 * All entries of all sources in order, both ways. Takes the sources over, also
 * when it fails. Entries with equal key and version (a memtable and a run that
 * it was partly flushed to) are given once.
 */
int	qt__merge_cursor(struct qt__cursor **out, struct qt__cursor **sources,
	    size_t count);
/*
 * A cursor over one sorted run: opens slices as it comes by, only reads the
 * part of a slice that the manifest says (min, max). m must outlive it.
 * open(arg, number, &run) gives an open slice, done(arg, run) gives it back.
 */
struct qt__run_source {
	int	(*open)(void *arg, uint64_t number, struct qt__run **out,
		    struct qt_err *err);
	void	(*done)(void *arg, struct qt__run *run);
	void	*arg;
};
int	qt__sorted_cursor(struct qt__cursor **out, const struct qt__manifest *m,
	    const struct qt__sorted *run, const struct qt__run_source *source);

/*
 * What a reader of a snapshot sees: of each key the newest entry whose version
 * is at most version, unless it is a deletion or has expired at now_ms. Takes
 * source over. Both ways.
 */
int	qt__view_cursor(struct qt__cursor **out, struct qt__cursor *source,
	    uint64_t version, uint64_t now_ms);

/*
 * What a compaction keeps: of each key, for each of the versions in keep
 * (ascending: the open snapshots, and UINT64_MAX last) the newest entry that it
 * sees; without deletions and expired entries where is_bottom (nothing older
 * lies below). An entry that has expired is kept as a deletion where not
 * is_bottom. Forward only. Takes source over; keep is copied.
 */
int	qt__keep_cursor(struct qt__cursor **out, struct qt__cursor *source,
	    const uint64_t *keep, size_t keep_count, bool is_bottom,
	    uint64_t now_ms);

#endif /* QT_STORE_MERGE_PRIV_H */
