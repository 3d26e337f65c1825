/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_SESSION_CLIENT_PRIV_H
#define QT_SESSION_CLIENT_PRIV_H

#include <qt/session/client.h>

#define QT__CALL_MS 5000	/* the deadline of a request */

struct qt_client {
	int			 fd, bell_fd;
	uint32_t		 conn, bell_slots, last_tag;
	struct qt_bell_slot	*bell;
	struct qt_seg		*seg;
	struct qt_session_table	*table;
	struct qt_buf		 out, in, kept;	/* kept: packets to be received */
	size_t			 kept_at;
};

/*
 * client_call.c: as qt_client_call(), also receiving descriptors, of which
 * *nfds is in: room, out: count.
 */
int	qt__client_ask(struct qt_client *c, enum qt_control_type type,
	    uint32_t channel, const void *body, size_t len,
	    enum qt_control_type answer, void *out, size_t out_size, int *fds,
	    size_t *nfds, struct qt_err *err);

/* client_start.c: a connected socket; starts a host when asked to. */
int	qt__client_connect(unsigned int flags, struct qt_err *err);

#endif /* QT_SESSION_CLIENT_PRIV_H */
