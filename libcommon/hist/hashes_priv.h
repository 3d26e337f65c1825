/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_HIST_HASHES_PRIV_H
#define QT_HIST_HASHES_PRIV_H
/*
 * A table of keys that are hashes (event_priv.h), by open addressing: of what is
 * used, or known, or read. The hashes are keyed ones already: nobody chooses
 * where they fall. Keys of one table are of one kind, or it does not matter which.
 */
#include "event_priv.h"

/* All that most events need of a key is in one line of the cache. */
struct qt__hash_slot {
	uint8_t		hash[QT__HASH];
	uint32_t	number;		/* the first to come is 1; 0: empty */
	uint32_t	id;		/* of who keeps the table; 0 at first */
};
struct qt__hashes {
	struct qt__hash_slot	*slots;
	size_t			 size, count;	/* size: a power of 2, or 0 */
};

void	qt__hashes_clear(struct qt__hashes *h);
/* NULL: it is not there. Borrowed until the next put. */
struct qt__hash_slot *qt__hashes_get(const struct qt__hashes *h,
	    const uint8_t key[QT__HASH_KEY]);
/* 1: it was added, 0: it was there, or -ENOMEM. *slot (may be NULL) as get's. */
int	qt__hashes_put(struct qt__hashes *h, const uint8_t key[QT__HASH_KEY],
	    struct qt__hash_slot **slot);
/* Room for so many; less work than to grow. 0 or -ENOMEM. */
int	qt__hashes_reserve(struct qt__hashes *h, size_t count);
/* It is asked for soon. */
void	qt__hashes_prefetch(const struct qt__hashes *h,
	    const uint8_t key[QT__HASH_KEY]);

#endif /* QT_HIST_HASHES_PRIV_H */
