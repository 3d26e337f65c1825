/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_HIST_ERASE_H
#define QT_HIST_ERASE_H
/*
 * Commands that are to be forgotten, or to lose their secrets: in every copy.
 *
 *	events | verdict of each | written | what no event names any more goes
 *	       | the index goes, qt_store_purge(): no file or memory has it
 *
 * That something is being erased is written down before the first change; killed
 * in between, qt_hist_erase_finish() does the rest, which whoever opens the
 * history calls.
 *
 * Of a command that no event has any more a hash stays, with the history's own
 * key, so an import does not bring it back; of an event whose command stays, that
 * of command and time. A shell may run it again, which is a new event.
 */
#include <qt/hist/db.h>
#include <qt/hist/redact.h>

enum qt_hist_verdict {
	QT_HIST_STAYS, QT_HIST_GOES,
	QT_HIST_CHANGES		/* its text, and flags, are those of e now */
};

/* What is to become of an event, or negative. A new text is the callee's. */
typedef int qt_hist_judge(void *arg, struct qt_hist_event *e);

struct qt_hist_erased {
	uint64_t	gone, changed;	/* events */
	uint64_t	commands;	/* that no event has any more */
	bool		is_held;	/* somebody reads: old files go later */
};

#define QT_HIST_ERASE_DRY	1u	/* only counts */
#define QT_HIST_ERASE_REVERSE	2u	/* asks about the last event first */

/*
 * Asks about every event, and does it. Nobody adds events meanwhile: they wait,
 * and spools are taken in later.
 * When it fails in between, what was done stays done, and out counts it.
 */
int	qt_hist_erase(struct qt_hist_db *db, qt_hist_judge *judge, void *arg,
	    unsigned int flags, struct qt_hist_erased *out,
	    struct qt_err *err);
/* A judge: arg is a struct qt_hist_redacting; by the redactor's mode. */
struct qt_hist_redacting {
	struct qt_hist_redact	*redact;
	struct qt_buf		 hold;	/* QT_BUF_INIT; the caller's to clear */
};
qt_hist_judge qt_hist_redact_judge;

/*
 * What an erasure that was killed has left. Costs a look when there is none.
 * *is_held: it was not, or not all of it, done, as somebody adds, erases or reads.
 */
int	qt_hist_erase_finish(struct qt_hist_db *db, bool *is_held,
	    struct qt_err *err);

#endif /* QT_HIST_ERASE_H */
