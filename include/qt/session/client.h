/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_SESSION_CLIENT_H
#define QT_SESSION_CLIENT_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <qt/base/err.h>
#include <qt/session/control.h>
#include <qt/session/record.h>
#include <qt/shm/segment.h>

/*
 * A client of the session host: one control connection, and when asked for
 * the read-only segment, a bell page and a doorbell. Used by qt-session, by
 * qtd's workers and by tests. One thread at a time.
 *
 * Requests here block until their answer came or the deadline (5 s) passed:
 * -ETIMEDOUT then names the host's pid. Programs with an event loop use the
 * descriptors and qt_client_send()/qt_client_recv() instead.
 */
struct qt_client;

#define QT_CLIENT_START		1u	/* start a host when none runs */
#define QT_CLIENT_HELPER	2u	/* QT_HELLO_HELPER */

/*
 * Connects. bell_slots 0: commands only, no HELLO round trip. A stale socket
 * of a dead host is recognised by its lock file, never by a timeout.
 * -QT_ENOHOST when none runs and QT_CLIENT_START was not given.
 */
int	qt_client_open(unsigned int flags, enum qt_role role,
	    uint32_t bell_slots, struct qt_client **out, struct qt_err *err);
void	qt_client_close(struct qt_client *c);

/*
 * Only the session table, read from the segment by name without any host:
 * ls, info, capture of a dead host's sessions. The handles close together.
 */
int	qt_client_open_table(struct qt_seg **seg,
	    struct qt_session_table **table, struct qt_err *err);

int	qt_client_fd(const struct qt_client *c);	/* poll for POLLIN */
int	qt_client_bell_fd(const struct qt_client *c);	/* the doorbell */
const struct qt_seg *qt_client_segment(const struct qt_client *c);
struct qt_session_table *qt_client_table(const struct qt_client *c);
struct qt_bell_slot *qt_client_bell(const struct qt_client *c, uint32_t slot);
uint32_t qt_client_conn(const struct qt_client *c);

/* Sends one message without waiting. -EAGAIN when the socket is full. */
int	qt_client_send(struct qt_client *c, enum qt_control_type type,
	    uint32_t tag, uint32_t channel, const void *body, size_t len);
/*
 * Receives one message without waiting; *body is borrowed until the next
 * call. 1 with a message, 0 when none is there, -ECONNRESET at the end.
 */
int	qt_client_recv(struct qt_client *c, struct qt_control_head *head,
	    const void **body);
/*
 * Sends a request and waits for its answer (other messages that arrive
 * meanwhile are kept for qt_client_recv). An ERROR answer becomes its code
 * with the host's text in err.
 */
int	qt_client_call(struct qt_client *c, enum qt_control_type type,
	    uint32_t channel, const void *body, size_t len,
	    enum qt_control_type answer, void *out, size_t out_size,
	    struct qt_err *err);

struct qt_client_new {
	const char	*name, *owner, *cwd;	/* NULL: the host chooses */
	char *const	*argv;			/* NULL: the login shell */
	char *const	*env;			/* additions, or all of it */
	struct qt_control_new	opt;		/* argc and envc are filled in */
};
int	qt_client_new(struct qt_client *c, const struct qt_client_new *spec,
	    struct qt_uuid *id, struct qt_err *err);
int	qt_client_attach(struct qt_client *c,
	    const struct qt_control_attach *req,
	    struct qt_control_attached *out, struct qt_err *err);
int	qt_client_kill(struct qt_client *c, const struct qt_uuid *id, int sig,
	    struct qt_err *err);
int	qt_client_rename(struct qt_client *c, const struct qt_uuid *id,
	    const char *name, struct qt_err *err);

#endif /* QT_SESSION_CLIENT_H */
