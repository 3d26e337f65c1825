/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QTD_WORKER_H
#define QTD_WORKER_H

#include <stdint.h>

#include <qt/base/path.h>
#include <qt/net/request.h>
#include <qt/net/sessions.h>
#include <qt/net/users.h>
#include <qt/shm/segment.h>

#include "host.h"
#include "mon.h"
#include "options.h"
#include "shared.h"
#include "ws.h"

/*
 * What one worker process has: its loop and what hangs on it. Files of the
 * worker pass this around; each touches only the parts it names.
 */
struct uv_loop_s;
struct uv_timer_s;
struct qt_net_audit;
struct qt_net_backoff;
struct qt_net_login;
struct qt_net_origins;
struct qt_net_static;
struct qt_net_tls;
struct qt_net_work;
struct revoke;

struct worker {
	struct uv_loop_s	*loop;
	const struct options	*opt;
	struct shared		*shared;
	struct shared_slot	*slot;		/* ours */
	struct host		*host;
	struct mon		*mon;
	struct ws_bridge	*ws;
	char			 screen_path[QT_PATH_SIZE];
	char			 owner[QT_SESSION_OWNER_SIZE];
	struct conn		*conns;		/* all WebSockets */
	struct watch		*watch;		/* of the session list */
	struct pulse		*pulse;		/* pings and deadlines */

	/* the front end */
	struct qt_net_server	*server;
	struct qt_net_origins	*origins;
	struct qt_net_static	*pages, *assets;
	struct qt_net_work	*work;
	struct qt_net_tls	*tls;

	/* who may come in */
	struct qt_seg		*seg;
	struct qt_net_sessions	*sessions;	/* read-only */
	struct qt_net_users	*users;
	struct qt_net_login	*login;
	struct qt_net_backoff	*backoff;
	struct qt_net_audit	*audit;
	char			 cookie[64];	/* its name */
	char			 local_name[QT_NET_NAME_MAX + 1];
	uint64_t		 users_ms;	/* looked at last */
	uint64_t		 users_said_ms;	/* that it cannot be read */
	struct revoke		*revoke;
	int			 is_stopping;
	struct uv_timer_s	*stop_timer;
};

/* Who is at the other end. */
struct user {
	char			name[QT_NET_NAME_MAX + 1];
	enum qt_net_role	role;
	uint64_t		stamp;	/* of the account, see auth_stamp */
};

/* The session role that a login's role gives; --read-only lowers it. */
enum qt_role user_role(const struct worker *w, const struct user *user);

struct worker_start {
	const struct options	*opt;
	struct shared		*shared;
	unsigned int		 index, nlisten;
	int			 mon_fd, listen[16];
	const char		*segment, *control_name;
};
/* A worker's whole life, in a child of the monitor; the exit code. */
int	worker_main(const struct worker_start *start);
/* A WebSocket has gone; a worker that stops waits for the last. */
void	worker_conn_closed(struct worker *w);

/* auth.c */
int	auth_open(struct worker *w, struct qt_err *err);
/* For conf.authorize: 0, or -1 after an answer. */
int	auth_check(struct qt_net_req *req, void *worker);
/* The same without an answer: 1 when it is known who asks. */
int	auth_find(struct worker *w, struct qt_net_req *req,
	    struct qt_net_session *out);
/*
 * What the account of that name is now: 1, role (may be NULL) and a stamp
 * that is another once the account is another; or 0 when there is none. With-
 * out accounts every name has the same stamp.
 */
int	auth_stamp(struct worker *w, const char *name, uint64_t *stamp,
	    enum qt_net_role *role);

/* revoke.c: closes WebSockets whose account is not what it was. */
int	revoke_new(struct worker *w);
void	revoke_free(struct worker *w);
/* There is a WebSocket: look at the accounts now and then. */
void	revoke_begin(struct worker *w);
/* Look now, however lately that was. */
void	revoke_look(struct worker *w);

/* What api/me and HELLO call it: the login that is asked for. */
void	auth_refuse(struct worker *w, struct qt_net_req *req);

/* Routes; each arg is the worker. */
void	login_post(struct qt_net_req *req, void *worker);
void	logout_post(struct qt_net_req *req, void *worker);
void	token_get(struct qt_net_req *req, void *worker);
void	me_get(struct qt_net_req *req, void *worker);
void	sessions_get(struct qt_net_req *req, void *worker);
void	sessions_post(struct qt_net_req *req, void *worker);
void	sessions_delete(struct qt_net_req *req, void *worker);
void	history_get(struct qt_net_req *req, void *worker);
void	screen_get(struct qt_net_req *req, void *worker);
void	health_get(struct qt_net_req *req, void *worker);
void	metrics_get(struct qt_net_req *req, void *worker);
void	file_get(struct qt_net_req *req, void *worker);
void	file_put(struct qt_net_req *req, void *worker);
void	upgrade_get(struct qt_net_req *req, void *worker);

/*
 * sandbox.c: gives up what a worker does not need; best effort, logged. The
 * first before the loop is made, the second when everything is open.
 */
void	sandbox_prepare(void);
void	sandbox_enter(const struct worker *w);

#endif /* QTD_WORKER_H */
