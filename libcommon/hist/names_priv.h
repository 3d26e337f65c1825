/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_HIST_NAMES_PRIV_H
#define QT_HIST_NAMES_PRIV_H
/*
 * What events name: all commands of a history, say, by the hash that is their
 * key in the store, each with the id that somebody else gives it.
 */
#include <qt/base/buf.h>
#include <qt/hist/db.h>
#include <qt/store/store.h>

#include "event_priv.h"

struct qt__name {
	uint8_t		hash[QT__HASH];
	size_t		at;		/* in bytes */
	uint32_t	len;
};
/* All that most events need of a name is in one line of the cache. */
struct qt__name_slot {
	uint8_t		hash[QT__HASH];
	uint32_t	index;		/* of the name, and 1; 0: empty */
	uint32_t	id;		/* QT_HIST_NONE: none yet */
};
struct qt__names {
	struct qt__name		*of;
	size_t			 count, room;
	struct qt__name_slot	*slots;
	size_t			 size;		/* a power of 2 */
	struct qt_buf		 bytes;
};

void	qt__names_clear(struct qt__names *n);
/* All of a kind ('c', 'x' or 'l') that snap sees, into an empty one. */
int	qt__names_load(struct qt__names *n, struct qt_hist_db *db,
	    const struct qt_store_snap *snap, char kind, struct qt_err *err);
/* No name has an id any more. */
void	qt__names_forget(struct qt__names *n);
/* Where it is looked for first. */
size_t	qt__names_slot(const struct qt__names *n, const uint8_t *hash);
/* NULL: it is not there. */
struct qt__name_slot *qt__names_get(struct qt__names *n,
	    const uint8_t key[QT__HASH_KEY]);
/* Borrowed until n is cleared. */
struct qt_hist_bytes qt__names_bytes(const struct qt__names *n,
	    const struct qt__name_slot *slot);

#endif /* QT_HIST_NAMES_PRIV_H */
