/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_HIST_FOLLOW_H
#define QT_HIST_FOLLOW_H
/*
 * What came into a history since one looked last.
 *
 *	qt_hist_follow_init(&f, db, &err);
 *	... whenever something may have come ...
 *	qt_hist_follow_each(&f, db, print, NULL, &err);
 *
 * Events come as they were added, so one that was seen to begin comes again when
 * its end is known; one that came several times since is told once, as it is
 * now. Who has not looked for QT_HIST_BATCHES batches, or over something that
 * has no list (<qt/hist/index.h>: commands that were erased, thousands that were
 * imported at once), is told what began after all that he has seen. Imported
 * events that are older than that are not told.
 *
 * db may be another handle each time.
 */
#include <qt/hist/db.h>

struct qt_hist_follow {
	uint64_t	batch;		/* the last that was seen */
	uint64_t	newest_us;	/* of all seen, the last to begin */
};

/* All that is there has been seen. 0 or negative. */
int	qt_hist_follow_init(struct qt_hist_follow *f, struct qt_hist_db *db,
	    struct qt_err *err);
/*
 * Tells each; what it returns, when it is not 0, ends it. 0, that, or negative.
 * All are seen then, whether they were told or not.
 */
int	qt_hist_follow_each(struct qt_hist_follow *f, struct qt_hist_db *db,
	    int (*each)(void *arg, const struct qt_hist_event *e), void *arg,
	    struct qt_err *err);

#endif /* QT_HIST_FOLLOW_H */
