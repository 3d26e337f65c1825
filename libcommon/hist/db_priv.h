/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_HIST_DB_PRIV_H
#define QT_HIST_DB_PRIV_H
/* A handle on the history's store, for db.c and scan.c. */
#include <qt/hist/db.h>
#include <qt/store/store.h>

#include "event_priv.h"

#define QT__DB_KEY	32u		/* bytes */

/*
 * Contexts and places that were looked at already: many events have the same.
 * By hash, open addressing; the memory of all is bounded, then it begins anew.
 */
struct qt__fact {
	uint8_t	 key[QT__HASH_KEY];
	uint32_t len;			/* of value; the key's kind 0: empty */
	char	 value[];
};
struct qt__facts {
	struct qt__fact	**slots;
	size_t		  size, count;	/* size: a power of 2, or 0 */
	size_t		  bytes;
};
void	qt__facts_clear(struct qt__facts *f);
bool	qt__facts_knows(const struct qt__facts *f,
	    const uint8_t key[QT__HASH_KEY]);
/* NULL: it is not there. Borrowed until the next put. */
const struct qt__fact *qt__facts_get(const struct qt__facts *f,
	    const uint8_t key[QT__HASH_KEY]);
/* 0 or -ENOMEM. */
int	qt__facts_put(struct qt__facts *f, const uint8_t key[QT__HASH_KEY],
	    const void *value, size_t len);

struct qt_hist_db {
	struct qt_store		*store;
	uint8_t			 key[QT__DB_KEY];
	bool			 is_rdonly;
	struct qt_hist_redact	*redact;	/* borrowed, or NULL */
	struct qt__facts	 facts;
	/*
	 * Commands that this run has put, or seen, already; borrowed from who
	 * puts many at once. NULL for others: what they know somebody may have
	 * deleted since.
	 */
	struct qt__facts	*texts;
	struct qt_store_value	 text;	/* of the last event that was got */
};

void	qt__db_hash(const struct qt_hist_db *db, uint8_t out[QT__HASH_KEY],
	    char kind, const void *data, size_t len);
/* Reads what an event's keys name; borrowed until the next call. */
int	qt__db_resolve(struct qt_hist_db *db, struct qt_hist_event *e,
	    const struct qt__event_keys *keys, struct qt_err *err);
/* The next event of a scan without what its keys name, which is not read. */
int	qt__scan_next_keys(struct qt_hist_scan *scan,
	    struct qt_hist_event *out, struct qt__event_keys *keys,
	    struct qt_err *err);

#endif /* QT_HIST_DB_PRIV_H */
