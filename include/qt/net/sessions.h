/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_NET_SESSIONS_H
#define QT_NET_SESSIONS_H

#include <stddef.h>
#include <stdint.h>

#include <qt/base/err.h>
#include <qt/net/token.h>
#include <qt/net/users.h>

/*
 * Browser sessions, one-time login links and WebSocket tickets: a table of
 * fixed capacity in memory that the caller gives, a qt_seg extent as a rule.
 * One process writes (the monitor), any number read (the workers, read-only
 * mapped); nobody waits for anybody.
 *
 *	memory:	[ header | bucket | bucket | ... ]	at least 2 * capacity slots
 *	bucket:	16 slots of 192 bytes
 *	slot:	seq, kind, role, id, created, expires, token hash, name,
 *		stamp, check
 *
 * Lookup is O(1): the token's hash names the one bucket where it can be (the
 * hashes are random, and no outsider can choose them). Each slot has a
 * sequence lock; a reader that meets a slot being written tries again a few
 * times, then takes it for absent. A slot holds only the SHA-256 of its token.
 *
 * Killed anywhere, the writer leaves at most one slot with an odd sequence,
 * which readers skip and the next writer clears. A full table drops the
 * session that would expire first; so does a full bucket, which at half the
 * capacity happens to one session in a million.
 * Expiry is checked by readers against the clock; the writer's red-black tree
 * (private, rebuilt by attach in O(n log n)) frees slots in time.
 */
struct qt_net_sessions;

enum qt_net_session_kind {
	QT_NET_SESSION_BROWSER = 1,	/* cookie */
	QT_NET_SESSION_LINK,		/* one-time login link */
	QT_NET_SESSION_TICKET,		/* one-time WebSocket ticket */
};

struct qt_net_session {
	uint64_t			id;	/* never 0; for logs, del */
	uint64_t			created_ms;	/* real time */
	uint64_t			expires_ms;
	enum qt_net_session_kind	kind;
	enum qt_net_role		role;
	char				name[QT_NET_NAME_MAX + 1];
	uint64_t			stamp;	/* of the account, or 0 */
};

/* Bytes of memory for capacity sessions (16 to 1,000,000); 0 when outside. */
size_t	qt_net_sessions_size(unsigned int capacity);
/*
 * Makes an empty table in size zeroed or old bytes, 64-byte aligned. 0, or
 * -EINVAL when that is less than qt_net_sessions_size() of capacity, or not
 * aligned.
 */
int	qt_net_sessions_format(void *memory, size_t size,
	    unsigned int capacity);

/*
 * Attaches after checking the header and every bound. The writer repairs what
 * a dead one left. -QT_EFORMAT, -QT_EVERSION, -QT_ECORRUPT, -ENOMEM. The
 * memory is borrowed.
 */
int	qt_net_sessions_attach(void *memory, size_t size,
	    struct qt_net_sessions **out, struct qt_err *err);
int	qt_net_sessions_attach_rdonly(const void *memory, size_t size,
	    struct qt_net_sessions **out, struct qt_err *err);
void	qt_net_sessions_detach(struct qt_net_sessions *s);

/* 1 and a copy when the token is there, of that kind, and has not expired. */
int	qt_net_sessions_get(const struct qt_net_sessions *s,
	    const struct qt_net_token_hash *token,
	    enum qt_net_session_kind kind, uint64_t now_ms,
	    struct qt_net_session *out);

/*
 * The writer's; a reader gets -EROFS. add takes all but the id from session,
 * and sets that: 0, -EEXIST (that token is there), -EINVAL (no such kind).
 * take is get, and removes it: one-time tokens; 1 or 0.
 */
int	qt_net_sessions_add(struct qt_net_sessions *s,
	    const struct qt_net_token_hash *token,
	    struct qt_net_session *session);
int	qt_net_sessions_take(struct qt_net_sessions *s,
	    const struct qt_net_token_hash *token,
	    enum qt_net_session_kind kind, uint64_t now_ms,
	    struct qt_net_session *out);
/* Another expiry. 0, -ENOENT, or -EROFS for a reader. */
int	qt_net_sessions_renew(struct qt_net_sessions *s,
	    const struct qt_net_token_hash *token, uint64_t expires_ms);
int	qt_net_sessions_del(struct qt_net_sessions *s,
	    const struct qt_net_token_hash *token);
/* All of one user (a changed password, a removed user). How many. */
unsigned int qt_net_sessions_del_user(struct qt_net_sessions *s,
	    const char *name);
/* Frees what expired; how many. Sets *next_ms to the next expiry, or 0. */
unsigned int qt_net_sessions_expire(struct qt_net_sessions *s,
	    uint64_t now_ms, uint64_t *next_ms);

unsigned int qt_net_sessions_count(const struct qt_net_sessions *s);

#endif /* QT_NET_SESSIONS_H */
