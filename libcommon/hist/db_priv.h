/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_HIST_DB_PRIV_H
#define QT_HIST_DB_PRIV_H
/* A handle on the history's store, for all that read it and write to it. */
#include <qt/hist/db.h>
#include <qt/store/store.h>

#include "hashes_priv.h"

#define QT__DB_KEY	32u		/* bytes */

/*
 * Contexts and places that were looked at already: many events have the same.
 * A hash is that of the bytes, so it does not matter of which kind they are.
 */
struct qt__facts {
	struct qt__hashes	known;
	struct qt_buf		bytes;	/* length 4, and bytes: at a key's id */
};
void	qt__facts_clear(struct qt__facts *f);
/* Begins anew when they are many: before one is read, as that borrows. */
void	qt__facts_trim(struct qt__facts *f);
/* NULL: it is not there. Borrowed until the next put. */
struct qt_hist_bytes qt__facts_get(const struct qt__facts *f,
	    const uint8_t key[QT__HASH_KEY]);
/* One that is not there; few between two trims. 0 or -ENOMEM. */
int	qt__facts_put(struct qt__facts *f, const uint8_t key[QT__HASH_KEY],
	    const void *value, uint32_t len);

struct qt_hist_db {
	struct qt_store		*store;
	uint8_t			 key[QT__DB_KEY];
	bool			 is_rdonly;
	char			*path;	/* of its folder */
	int			 fd;	/* of its folder, for flock(2) */
	unsigned int		 locked;	/* so many times by us */
	uint64_t		 erasures;	/* when it was locked last */
	uint64_t		 skipped;	/* imported ones, as erased before */
	struct qt_hist_redact	*redact;	/* borrowed, or NULL */
	struct qt__facts	 facts;
	/*
	 * Commands that this run has put, or seen, already; borrowed from who
	 * puts many at once. NULL for others: what they know somebody may have
	 * deleted since.
	 */
	struct qt__hashes	*texts;
	struct qt_store_value	 text;	/* of the last event that was got */
};

void	qt__db_hash(const struct qt_hist_db *db, uint8_t out[QT__HASH_KEY],
	    char kind, const void *data, size_t len);
/*
 * Many may add to the history, or one erase from it: shared or alone, until as
 * many unlocks as locks. Whoever is killed has unlocked. Waits; with QT__NO_WAIT
 * -EWOULDBLOCK.
 */
#define QT__ALONE	1u
#define QT__NO_WAIT	2u
int	qt__db_lock(struct qt_hist_db *db, unsigned int flags,
	    struct qt_err *err);
void	qt__db_unlock(struct qt_hist_db *db);
/* The key of what stays of an event that was erased, by its command's hash. */
void	qt__db_grave(const struct qt_hist_db *db, uint8_t out[QT__HASH_KEY],
	    const uint8_t command[QT__HASH], uint64_t second);
/*
 * Is it a qt-hist delete, whose operand may be what is to be forgotten? Such
 * commands are not taken in, nor imported.
 */
bool	qt__is_deletion(const struct qt_hist_bytes *text);
/*
 * Reads what an event's keys name; borrowed until the next call. -ENOENT: some of
 * it is not there.
 */
int	qt__db_resolve(struct qt_hist_db *db, struct qt_hist_event *e,
	    const struct qt__event_keys *keys, struct qt_err *err);
/* The next event of a scan without what its keys name, which is not read. */
int	qt__scan_next_keys(struct qt_hist_scan *scan,
	    struct qt_hist_event *out, struct qt__event_keys *keys,
	    struct qt_err *err);

#endif /* QT_HIST_DB_PRIV_H */
