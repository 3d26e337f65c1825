/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_SESSION_HOST_STATE_PRIV_H
#define QT_SESSION_HOST_STATE_PRIV_H

/*
 * The state of an upgrade; see host_state.c. Whoever changes a struct here,
 * or the segment's version, changes QT_HOST_STATE_VERSION too.
 */

#include "host_priv.h"

#define QT__STATE_MAGIC	UINT64_C(0x54534f4854535451)	/* QTSTHOST */
#define QT__STATE_MAX	(INT64_C(1) << 32)

struct qt__state_head {
	uint64_t	magic;
	uint32_t	version, conns, sessions, conn_last;
	int32_t		lock_fd, listen_fd, screen_fd, seg_fd;
	uint64_t	active, nofile_cur, nofile_max;
	uint32_t	asker, tag;	/* who is waiting for the OK */
};

struct qt__state_conn {
	uint32_t	id;
	int32_t		fd, bell_fd, event_fd;
	uint32_t	bell_slots, role, flags, pad;
};

struct qt__state_attach {
	uint64_t	active;
	uint32_t	conn, channel, role, flags;
	uint16_t	cols, rows;
	uint32_t	is_lead;
};

/* Followed by its attachments, then its queued input. */
struct qt__state_session {
	uint32_t	slot, conn;
	int32_t		fd, pid, status;
	uint32_t	attached, input_len;
	uint8_t		is_dead, is_spare, is_forget, bound;
};

struct qt__state {
	struct qt__state_head	 head;
	char			*data;
	size_t			 len, at;
};

int	qt__state_save(struct qt__host *h, int *fd, int *seg_fd,
	    struct qt_err *err);
/* Reads and closes fd; knows lock and sockets from then on. */
int	qt__state_open(struct qt__host *h, int fd, struct qt__state *st,
	    struct qt_err *err);
/* With segment and table open: connections, sessions, attachments. */
int	qt__state_load(struct qt__host *h, struct qt__state *st,
	    struct qt_err *err);
void	qt__state_resume(struct qt__host *h);
void	qt__state_close(struct qt__state *st);

#endif /* QT_SESSION_HOST_STATE_PRIV_H */
