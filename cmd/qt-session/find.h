/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_SESSION_FIND_H
#define QT_SESSION_FIND_H

#include <qt/base/err.h>
#include <qt/session/client.h>
#include <qt/session/record.h>

/*
 * What a verb looks at and talks to: the session table, and for commands the
 * host. Functions that cannot go on print why and exit 3; a verb has nothing
 * better to do then.
 */
struct world {
	struct qt_client	*client;	/* NULL: only looking */
	struct qt_seg		*seg;		/* ours when client is NULL */
	struct qt_session_table	*table;		/* NULL: world_command() */
};

#define WORLD_INIT { NULL, NULL, NULL }

/*
 * Only the table, so it works while the host is stuck or dead. 0, or
 * -QT_ENOHOST when there is no table because no host ever ran here.
 */
int	world_look(struct world *w);
/* A connection to the host, and its table. flags: QT_CLIENT_START or 0. */
void	world_connect(struct world *w, unsigned int flags, enum qt_role role);
/* A connection for commands only, without the table: faster. */
void	world_command(struct world *w, unsigned int flags);
void	world_close(struct world *w);

/* The session that text names; exits when there is none, or several. */
void	find_session(const struct world *w, const char *text,
	    struct qt_session *out);
/*
 * text, else the session we are in when may_be_own, else the running one that
 * was made or typed into last.
 */
void	find_or_latest(const struct world *w, const char *text, int may_be_own,
	    struct qt_session *out);

/* "prog: <err>: <code's text>" and what to do about it; exits 3. */
_Noreturn void die_err(int rc, const struct qt_err *err);
/* The same line as a warning. */
void	warn_err(int rc, const struct qt_err *err);

/* How it ended, "exited with status 2" or "was killed by signal 9 (Killed)". */
void	exit_text(int wait_status, char *out, size_t size);
/* 0-255, or 128 + the signal, as a shell says it. */
int	exit_code(int wait_status);

#endif /* QT_SESSION_FIND_H */
