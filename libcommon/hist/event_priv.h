/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_HIST_EVENT_PRIV_H
#define QT_HIST_EVENT_PRIV_H
/*
 * Keys and values of the history's store, as <qt/hist/db.h> lists them.
 *
 *	an event	version 1, flags 1, statuses 1, 0 1; status 4; took 8;
 *			hash of the command 16, context 16, place 16; then 4
 *			for each of a pipeline's statuses
 *	context, place	fields that end in NUL
 *
 * Numbers are little-endian, but in keys, which sort.
 */
#include <qt/base/buf.h>
#include <qt/hist/db.h>

#define QT__EVENT_KEY	17u
#define QT__HASH	16u
#define QT__HASH_KEY	(1 + QT__HASH)
#define QT__EVENT_MAX	(64u + 4 * QT_HIST_PIPE_MAX)

/* The keys of what an event names. */
struct qt__event_keys {
	uint8_t	text[QT__HASH_KEY], context[QT__HASH_KEY];
	uint8_t	place[QT__HASH_KEY];
};

void	qt__event_key(uint8_t out[QT__EVENT_KEY], uint64_t start_us,
	    uint64_t id);
/* 0, or -QT_ECORRUPT. */
int	qt__event_key_read(struct qt_hist_event *e, const void *key,
	    size_t len);
/* Returns how many bytes it takes. */
size_t	qt__event_pack(uint8_t out[QT__EVENT_MAX],
	    const struct qt_hist_event *e, const struct qt__event_keys *keys);
/* All but bytes, which are under keys. 0, or -QT_ECORRUPT. */
int	qt__event_unpack(struct qt_hist_event *e, struct qt__event_keys *keys,
	    const void *value, size_t len);

/* Appends the value of an event's context, or place. 0 or -ENOMEM. */
int	qt__context_pack(struct qt_buf *b, const struct qt_hist_event *e);
int	qt__place_pack(struct qt_buf *b, const struct qt_hist_event *e);
/* Borrow from value. Fields that are not there are empty. */
void	qt__context_unpack(struct qt_hist_event *e, const void *value,
	    size_t len);
void	qt__place_unpack(struct qt_hist_event *e, const void *value,
	    size_t len);

#endif /* QT_HIST_EVENT_PRIV_H */
