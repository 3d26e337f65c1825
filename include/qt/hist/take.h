/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_HIST_TAKE_H
#define QT_HIST_TAKE_H
/*
 * Taking in what shells wrote: spools into the history.
 *
 *	folder | each spool | records | events --> qt_hist_db_add()
 *
 * Killed anywhere: what was added has its spool's offset with it, in one write;
 * the next one goes on from there.
 */
#include <qt/hist/db.h>

struct qt_hist_taken {
	uint64_t	events;		/* added, or seen to end */
	uint64_t	lost;		/* bytes that were no whole record */
	uint32_t	spools, removed;	/* of shells that are gone */
	bool		is_busy;	/* somebody else is at it, or erases */
};

/*
 * Takes in all spools of a folder, and removes those of shells that are gone.
 * What was taken in becomes zeros in the others, so that the history alone has
 * it, without secrets: qt_hist_db_set_redact(). A folder that is not there has
 * none. One process at a time, and not while one erases: another one comes back
 * at once, with is_busy. Who is about to erase has to be sure: he waits, and what
 * was taken in is on the disk in the history alone.
 * Files that are not ours, or no spools, are passed over. One that somebody took
 * away or emptied, and into which its shell goes on to write, has no session's
 * record: its name has the token, and host and user are ours. What went well counts
 * in *out, also on failure.
 */
#define QT_HIST_TAKE_SURE	1u
int	qt_hist_take(struct qt_hist_db *db, const char *dir,
	    unsigned int flags, struct qt_hist_taken *out,
	    struct qt_err *err);

#endif /* QT_HIST_TAKE_H */
