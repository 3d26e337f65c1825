/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_STORE_MERGE_PRIV_H
#define QT_STORE_MERGE_PRIV_H
/*
 * Several sorted sources read as one.
 */
#include <errno.h>

#include <qt/base/buf.h>
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
 * What failed is said in err (may be NULL), as a cursor only returns a code;
 * it must outlive the cursor. The source is copied.
 */
struct qt__run_source {
	int	(*open)(void *arg, uint64_t number, struct qt__run **out,
		    struct qt_err *err);
	void	(*done)(void *arg, struct qt__run *run);
	void	*arg;
	struct qt_err *err;
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
 * What a compaction keeps: of each key the newest entry. What has expired becomes
 * a deletion, and deletions are left out where is_bottom (nothing older lies
 * below). Older versions are nobody's: a snapshot keeps its files (pin_priv.h).
 */
struct qt__keep {
	bool		 is_bottom;
	uint64_t	 now_ms;
	/* Told of each entry whose value is lost for good. May be NULL. */
	int		(*drop)(void *arg, const struct qt__entry *e);
	void		*arg;
};
/* Forward only. Takes source over; *rule must outlive the cursor. */
int	qt__keep_cursor(struct qt__cursor **out, struct qt__cursor *source,
	    const struct qt__keep *rule);

/* Remembers a key whose owner is about to move on. 0 or -ENOMEM. */
static inline int
qt__key_hold(struct qt_buf *held, const void *key, size_t len)
{
	held->len = 0;
	if ((len > held->cap || held->data == NULL) &&
	    qt_buf_reserve(held, len) < 0)
		return -ENOMEM;
	if (len > 0)
		memcpy(held->data, key, len);
	held->len = len;
	return 0;
}

#endif /* QT_STORE_MERGE_PRIV_H */
