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
 * qtd's workers and by tests.
 *
 * A client is one thread's at a time, and one process's: not for a fork
 * child. Everything that it gives out (segment, table, bell, descriptors) is
 * its own and ends with qt_client_close().
 *
 * Calls that take an err block until the answer came or the deadline (5 s)
 * passed. Beside what each says they fail with
 *	-ETIMEDOUT	the host is alive and does not answer; err names its pid
 *	-ECONNRESET	the connection ended, as when the host died
 *	-QT_EPROTO	the other side is no host of this version
 *	-QT_EROLE	the connection's role may not do that
 *	-ENOMEM
 * After -ETIMEDOUT, -ECONNRESET and -QT_EPROTO the client is good for
 * qt_client_close() only. Programs with an event loop use the descriptors and
 * qt_client_send()/qt_client_recv() instead.
 */
struct qt_client;

#define QT_CLIENT_START		1u	/* start a host when none runs */
#define QT_CLIENT_HELPER	2u	/* QT_HELLO_HELPER */

/*
 * Connects as role, the most that this client may do. bell_slots is how many
 * attachments it may have at a time, up to QT_BELL_SLOTS_MAX; 0: commands
 * only, no segment and no bell. A stale socket of a dead host is recognised
 * by its lock file, never by a timeout.
 *
 * Returns 0 with the client in *out; -QT_ENOHOST when none runs and
 * QT_CLIENT_START was not given, or when it could not be started (err has its
 * own complaint); -QT_EFULL at host.connections; -QT_EVERSION when the host
 * speaks another version; what qt_path_runtime() says.
 */
int	qt_client_open(unsigned int flags, enum qt_role role,
	    uint32_t bell_slots, struct qt_client **out, struct qt_err *err);
/* Ends its attachments; sessions go on. NULL is fine. */
void	qt_client_close(struct qt_client *c);

/*
 * Only the session table, read from the segment by name without any host:
 * ls, info, capture of a dead host's sessions. Both are the caller's, to be
 * closed with qt_session_table_close(), then qt_seg_close(). -QT_ENOHOST when
 * there was no host yet; what qt_seg_open() and qt_session_table_open() say.
 */
int	qt_client_open_table(struct qt_seg **seg,
	    struct qt_session_table **table, struct qt_err *err);

/*
 * The host's process id from its lock file, while somebody holds that lock;
 * else 0. Needs neither its socket nor its segment.
 */
long	qt_client_host_pid(void);

int	qt_client_fd(const struct qt_client *c);	/* poll for POLLIN */
/* The doorbell, an eventfd to poll and to read; -1 without bell slots. */
int	qt_client_bell_fd(const struct qt_client *c);
/* Both NULL without bell slots. */
const struct qt_seg *qt_client_segment(const struct qt_client *c);
struct qt_session_table *qt_client_table(const struct qt_client *c);
/* Shared with the host, see control.h; NULL when there is no such slot. */
struct qt_bell_slot *qt_client_bell(const struct qt_client *c, uint32_t slot);
/* This connection's number, as in a record's lead; 0 without a HELLO, which
 * an owner without bell slots does not send. */
uint32_t qt_client_conn(const struct qt_client *c);

/*
 * Sends one message without waiting; body is copied. tag is the caller's, from
 * 1 to 2^31 - 1: calls use those above. 0, -EAGAIN when the socket is full
 * (nothing was sent), -EMSGSIZE over QT_CONTROL_SIZE_MAX, -EPIPE.
 */
int	qt_client_send(struct qt_client *c, enum qt_control_type type,
	    uint32_t tag, uint32_t channel, const void *body, size_t len);
/*
 * Receives one message without waiting; *body is borrowed until the next
 * call of any kind. 1 with a message, 0 when none is there, -ECONNRESET at
 * the end, -QT_EPROTO.
 */
int	qt_client_recv(struct qt_client *c, struct qt_control_head *head,
	    const void **body);
/*
 * Sends a request and waits for its answer, whose first out_size bytes go to
 * out (NULL for 0); other messages that arrive meanwhile are kept, up to
 * 1 MiB, for qt_client_recv(), so a program with an event loop must look
 * there after a call. An ERROR answer becomes its code, with the host's text
 * in err.
 */
int	qt_client_call(struct qt_client *c, enum qt_control_type type,
	    uint32_t channel, const void *body, size_t len,
	    enum qt_control_type answer, void *out, size_t out_size,
	    struct qt_err *err);

/* A session to make. Borrowed during the call. */
struct qt_client_new {
	const char	*name, *owner, *cwd;	/* NULL: the host chooses */
	char *const	*argv;			/* NULL: the login shell */
	char *const	*env;			/* additions, or all of it */
	struct qt_control_new	opt;		/* argc and envc are filled in */
};
/*
 * Makes a session and sets *id; it runs when this returns 0. -EEXIST (a
 * running one has that name), -EINVAL (name, size, policy), -EMSGSIZE (command
 * and environment do not fit one packet), -QT_EFULL (records), -ENOSPC
 * (shared memory, pseudo-terminals), or the error of chdir(2) or execve(2), by
 * what err says.
 */
int	qt_client_new(struct qt_client *c, const struct qt_client_new *spec,
	    struct qt_uuid *id, struct qt_err *err);
/*
 * Views a session through bell slot req->channel. -ENOENT, -EBUSY (the slot is
 * in use), -EINVAL. DETACH on that channel, or closing, ends it.
 */
int	qt_client_attach(struct qt_client *c,
	    const struct qt_control_attach *req,
	    struct qt_control_attached *out, struct qt_err *err);
/*
 * Sends sig to the session's program and its foreground job. -ENOENT,
 * -QT_EGONE (it has ended), -EINVAL.
 */
int	qt_client_kill(struct qt_client *c, const struct qt_uuid *id, int sig,
	    struct qt_err *err);
/* name is as for qt_session_name_check(). -ENOENT, -EEXIST, -EINVAL. */
int	qt_client_rename(struct qt_client *c, const struct qt_uuid *id,
	    const char *name, struct qt_err *err);

#endif /* QT_SESSION_CLIENT_H */
