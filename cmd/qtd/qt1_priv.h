/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QTD_QT1_PRIV_H
#define QTD_QT1_PRIV_H

/* What the files of the qt.1 protocol share. */

#include <qt/base/json.h>

#include "conn.h"
#include "viewer.h"

struct channel {
	struct conn	*conn;
	struct viewer	*viewer;	/* NULL while its session is made */
	uint16_t	 id;
	uint8_t		 is_full;	/* has output that could not go */
	uint64_t	 sent, acked;	/* payload bytes of DATA frames */
	uint64_t	 offset;	/* asked for at OPEN */
	uint32_t	 generation;
	uint16_t	 cols, rows;
	uint32_t	 scrollback;
	uint8_t		 is_readonly;
	uint8_t		 is_new;	/* made by this OPEN */
};

extern const struct viewer_ops qt1_viewer_ops;

struct channel *qt1_channel(const struct conn *c, uint16_t id);
/* NULL: the limit, or no memory. */
struct channel *qt1_channel_new(struct conn *c, uint16_t id);
void	qt1_channel_free(struct channel *ch);

/* OPEN's JSON, qt1_open.c. */
void	qt1_open_channel(struct conn *c, const struct qt_wire_head *h,
	    const void *json, size_t len);

/* Sends json's bytes and clears it. */
void	qt1_send_json(struct conn *c, const struct qt_wire_head *head,
	    struct qt_buf *json);
void	qt1_error(struct conn *c, uint16_t channel, uint32_t tag, int flags,
	    int code, const char *text);

#endif /* QTD_QT1_PRIV_H */
