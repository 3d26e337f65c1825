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

#include "hashes_priv.h"

struct qt__names {
	struct qt__hashes	 keys;	/* with an id, QT_HIST_NONE: none yet */
	struct qt__name {
		uint8_t		 key[QT__HASH_KEY];
		uint32_t	 len;
		size_t		 at;	/* in bytes */
	}			*of;	/* by the key's number, from 1 on */
	size_t			 count, room;
	struct qt_buf		 bytes;
};

void	qt__names_clear(struct qt__names *n);
/* All of a kind ('c', 'x' or 'l') that snap sees, into an empty one. */
int	qt__names_load(struct qt__names *n, struct qt_hist_db *db,
	    const struct qt_store_snap *snap, char kind, struct qt_err *err);
/* No name has an id any more. */
void	qt__names_forget(struct qt__names *n);
/* Borrowed until n is cleared. */
struct qt_hist_bytes qt__names_bytes(const struct qt__names *n,
	    const struct qt__hash_slot *slot);

#endif /* QT_HIST_NAMES_PRIV_H */
