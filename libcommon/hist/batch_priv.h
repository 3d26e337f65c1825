/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_HIST_BATCH_PRIV_H
#define QT_HIST_BATCH_PRIV_H
/* Records that are written at once: batch.c. */
#include <qt/base/buf.h>

#include "db_priv.h"

/* What an event's key names, so that it is not looked for again. */
struct qt__last {
	uint8_t		key[QT__HASH_KEY];
	struct qt_buf	value;
};
struct qt__batch {
	struct qt_buf	heap;		/* all keys and values */
	struct qt__piece {
		size_t		 key_at, key_len, value_at, value_len;
		unsigned int	 flags;
		uint64_t	 if_version;
	}		*pieces;
	size_t		 count, room;
	struct qt__last	 context, place;	/* most events have the last one's */
	struct qt_buf	 packed;
};
#define QT__BATCH_INIT { .heap = QT_BUF_INIT }

/* 0 or -ENOMEM. */
int	qt__batch_add(struct qt__batch *b, const void *key, size_t key_len,
	    const void *value, size_t value_len, unsigned int flags);
/* Durable; b is empty then. */
int	qt__batch_write(struct qt__batch *b, struct qt_hist_db *db,
	    struct qt_err *err);
void	qt__batch_clear(struct qt__batch *b);
/* An event, with what it names that is not there yet. */
int	qt__batch_event(struct qt__batch *b, struct qt_hist_db *db,
	    const struct qt_hist_event *e, struct qt__event_keys *keys,
	    struct qt_err *err);
/*
 * What the batch is, for who keeps an index; on the condition that no other one
 * gets the same number, or -ESTALE when it is written. count is SIZE_MAX for one
 * that does more than to add events.
 */
int	qt__batch_journal(struct qt__batch *b, struct qt_hist_db *db,
	    const struct qt_hist_event *events, size_t count,
	    struct qt_err *err);

#endif /* QT_HIST_BATCH_PRIV_H */
