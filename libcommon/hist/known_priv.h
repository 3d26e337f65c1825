/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_HIST_KNOWN_PRIV_H
#define QT_HIST_KNOWN_PRIV_H
/* What the history has, for load.c: is an event there already? */
#include "db_priv.h"

struct qt__known {
	struct qt__seen {
		uint64_t	text;		/* of its hash */
		uint64_t	start_us;
		uint32_t	context;	/* of its hash */
		uint32_t	used;	/* of its group, in its first one */
	}			*seen;		/* sorted */
	size_t			 count, room;
	uint64_t		 last_id;	/* of those without a time */
};

/* Reads all events once. */
int	qt__known_load(struct qt__known *k, struct qt_hist_db *db,
	    struct qt_err *err);
void	qt__known_clear(struct qt__known *k);
/*
 * Is an event there, as <qt/hist/load.h> says? Counts it; *which is its number
 * among those that are the same. text, context: as in their keys.
 */
bool	qt__known_has(struct qt__known *k, uint64_t text, uint32_t context,
	    uint64_t start_us, uint64_t *which);

#endif /* QT_HIST_KNOWN_PRIV_H */
