/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_NET_CONN_PRIV_H
#define QT_NET_CONN_PRIV_H

/*
 * A connection and the request that it is serving, between the files of the
 * front end:
 *
 *	server.c	life, listeners		conn.c	states
 *	accept.c	accept(2), limits	read.c	events, reading
 *	timer.c		deadlines		out.c	writing
 *	route.c		from head to handler	reply.c, stream.c  answers
 *	upgrade.c	WebSocket		req.c	a request's life
 *
 *	      +--> HEAD --> BODY --> BUSY --> (out empty) --+--> LINGER --> gone
 *	      |      \________________/                     |
 *	      +---------------- keep-alive -----------------+
 *
 * One request at a time: the next one of a pipeline is parsed only after the
 * answer to this one has left, so the output of a connection is bounded by
 * one answer.
 */

#include <sys/uio.h>
#include <uv.h>

#include <qt/base/buf.h>
#include <qt/ds/rbtree.h>
#include <qt/net/origin.h>
#include <qt/net/request.h>
#include <qt/net/server.h>

#include "limit_priv.h"

#define QT__SCRATCH_SIZE	(64u << 10)
#define QT__ROUTES_MAX		256
#define QT__HEAD_SIZE		(32u << 10)	/* all header lines */
#define QT__HEADERS_MAX		8192	/* of conf.headers */
#define QT__EXTRA_MAX		4096	/* a handler's header lines */

enum qt__conn_state {
	QT__HEAD, QT__BODY, QT__BUSY, QT__LINGER, QT__CLOSED,
};

/* Something refcounted that pending output points into. */
struct qt__ref {
	unsigned int	count;
	void		(*free)(struct qt__ref *ref);
};

/* A deadline of something of the server's. Zeroed is fine. */
struct qt__timer {
	struct qt_rb_node	node;
	uint64_t		at;		/* key in the tree, or 0 */
	uint64_t		deadline;	/* the true one, >= at */
	void			(*expired)(struct qt__timer *timer);
};
#define QT__NEVER UINT64_MAX

/* What the socket has not taken yet, in this order: buf, ref bytes, file. */
struct qt__out {
	struct qt_buf		 buf;
	size_t			 buf_off;
	const char		*ref_p;
	size_t			 ref_len;
	int			 file_fd;
	off_t			 file_at;
	uint64_t		 file_len;
	struct qt__ref		*ref;	/* holds ref_p and file_fd */
	uint64_t		 since_ms; /* not empty since */
	uint64_t		 moved;	/* bytes since then */
};

struct qt__conn {
	uv_poll_t		 poll;		/* first: &poll is the conn */
	struct qt__timer	 timer;
	struct qt_net_server	*server;
	struct qt__conn		*prev, *next;	/* all of the server */
	struct qt_net_req	*req;		/* NULL while idle */
	struct qt__out		 out;
	uint64_t		 body_since_ms;
	uint64_t		 drained;	/* while lingering */
	struct qt_net_addr	 addr;
	int			 fd;
	int			 events;	/* armed */
	enum qt_net_reject	 why;		/* of the deadline */
	enum qt__conn_state	 state;
	unsigned int		 is_secure : 1;
	unsigned int		 is_tracked : 1; /* counted in limits */
	unsigned int		 is_working : 1; /* in qt__net_conn_work */
	unsigned int		 is_half : 1;	/* the client sends no more */
	unsigned int		 is_used : 1;	/* had a request */
	unsigned int		 is_broken : 1;	/* to be closed from the loop */
};

struct qt_net_req {
	struct qt__conn		*conn;
	struct qt_net_req	*next;		/* free list */
	const struct qt_net_route *route;
	struct qt_net_str	 path, rest;
	char			*path_copy;	/* when path was decoded */
	struct qt_buf		 body;
	int64_t			 body_left;	/* not yet received */
	struct qt_buf		 extra;		/* answer's header lines */
	struct qt_net_user	 user;
	void			(*gone)(void *arg);
	void			*gone_arg;
	void			(*drain)(struct qt_net_req *, void *);
	void			*drain_arg;
	void			(*data)(struct qt_net_req *, const void *,
				    size_t, void *);
	void			*data_arg;
	size_t			 in_len;	/* bytes in in[] */
	size_t			 head_len;	/* of those, the head's */
	size_t			 head_seen;
	int64_t			 reply_left;	/* of a known length; -1 */
	uint64_t		 sent;
	int			 status;
	struct qt_net_addr	 addr;		/* as a proxy in front said */
	unsigned int		 has_addr : 1;
	unsigned int		 is_secure : 1;	/* the same */
	unsigned int		 has_user : 1;
	unsigned int		 is_deferred : 1;
	unsigned int		 is_begun : 1;	/* streamed answer */
	unsigned int		 is_ended : 1;	/* answer complete */
	unsigned int		 is_chunked : 1;
	unsigned int		 is_paused : 1;
	unsigned int		 is_close : 1;	/* no keep-alive after it */
	unsigned int		 is_plain : 1;	/* without conf.headers */
	unsigned int		 is_bodyless : 1; /* a length, but no body */
	unsigned int		 is_linger : 1;	/* read on after it, a moment */
	unsigned int		 is_high : 1;	/* told to wait for drain */
	unsigned int		 is_body_done : 1; /* data(len 0) was called */
	unsigned int		 is_upgrade : 1; /* validated */
	struct qt_net_head	 head;
	char			 in[QT_NET_HEAD_MAX];
};

struct qt__listener {
	uv_poll_t		 poll;
	struct qt_net_server	*server;
	struct qt__listener	*next;
	struct qt_net_tls	*tls;
	int			 fd;
	int			 is_paused;
};

struct qt_net_server {
	uv_loop_t		*loop;
	struct qt_net_conf	 conf;
	char			*headers;	/* owns conf.headers */
	size_t			 headers_len;
	struct qt_net_stats	*stats;
	struct qt_net_stats	 own_stats;
	struct qt__limit	*limit;
	struct qt__listener	*listeners;
	struct qt__conn		*conns;
	struct qt__tls_conn	*tls_conns;
	unsigned int		 nhandshakes;
	struct qt__tunnel	*tunnels;
	struct qt__pipe		*free_pipes;
	unsigned int		 npipes;
	struct qt_net_req	*free_reqs;
	unsigned int		 nfree_reqs;
	unsigned int		 nconns;
	unsigned int		 nhandles;	/* not yet closed by libuv */
	int			 spare_fd;
	int			 is_stopping;
	int			 is_freeing;
	void			(*done)(void *arg);
	void			*done_arg;
	uv_timer_t		 timer;
	struct qt_rb		 timers;
	uint64_t		 timer_at;	/* armed for; 0: not armed */
	uint64_t		 date_s;	/* loop second of prelude */
	size_t			 prelude_len;
	char			 prelude[64];	/* "Date: ...\r\n" */
	struct qt_net_route	 routes[QT__ROUTES_MAX];
	size_t			 nroutes;
	char			 head[QT__HEAD_SIZE];	/* being written */
	char			 scratch[QT__SCRATCH_SIZE]; /* being read */
};

/* conn.c */
int	qt__net_conn_new(struct qt_net_server *s, int fd,
	    const struct qt_net_addr *addr, int is_secure, int is_tracked);
/* Closes; a request under way is told. Safe to call twice. */
void	qt__net_conn_close(struct qt__conn *c);
/* Serves what is complete: after input, and after an answer has left. */
void	qt__net_conn_work(struct qt__conn *c);
void	qt__net_conn_arm(struct qt__conn *c, int events);
/* Sets the deadline, and what is counted when it passes. */
void	qt__net_conn_deadline(struct qt__conn *c, uint64_t at_ms,
	    enum qt_net_reject why);
/* Sets the deadline for the next part of a body. */
void	qt__net_conn_watch_sender(struct qt__conn *c);
/* A handler is streaming the body and wants more of it. */
int	qt__net_conn_wants_body(const struct qt__conn *c);

/* read.c */
void	qt__net_read_on_poll(uv_poll_t *poll, int status, int events);

/* req.c */
struct qt_net_req *qt__net_req_new(struct qt__conn *c);
void	qt__net_req_free(struct qt_net_server *s, struct qt_net_req *req);
/* Forgets the request that was answered, keeps what came after it. */
void	qt__net_req_next(struct qt_net_req *req);

/* route.c: checks the parsed head, finds its handler, answers refusals. */
void	qt__net_route(struct qt_net_req *req);
/* Calls the handler; the body is complete. */
void	qt__net_route_call(struct qt_net_req *req);

/* upgrade.c: 1, or 0 after it has answered. */
int	qt__net_upgrade_check(struct qt_net_req *req);

/* out.c */
int	qt__net_out_is_empty(const struct qt__out *out);
/*
 * Sends, and keeps what the socket does not take: all of iov but the last is
 * copied, the last one held by ref when that is not NULL (one ref taken over).
 * 0, or negative when the connection has to be closed.
 */
int	qt__net_out_send(struct qt__conn *c, struct iovec *iov, int n,
	    struct qt__ref *ref);
/* The same, then len bytes of the file fd (held by ref) from at. */
int	qt__net_out_send_file(struct qt__conn *c, const char *head,
	    size_t head_len,
	    int fd, off_t at, uint64_t len, struct qt__ref *ref);
/* Goes on after the socket became writable. 0 or negative. */
int	qt__net_out_flush(struct qt__conn *c);
void	qt__net_out_clear(struct qt__out *out);
void	qt__net_ref_put(struct qt__ref *ref);

/* reply.c: "HTTP/1.1 200 OK" and Date, in the server's memory. */
struct iovec qt__net_reply_prelude(struct qt_net_server *s);
/* A head into the server's head[]; its length. len -1: none is named. */
size_t	qt__net_reply_head(struct qt_net_req *req, int status, const char *type,
	    int64_t len, int is_chunked);
/* The answer is all handed to out.c. */
void	qt__net_reply_ended(struct qt_net_req *req, int status);
/* The socket failed: it will be closed from the loop. */
void	qt__net_reply_broken(struct qt_net_req *req);
/* The interim 100, when it was asked for. */
void	qt__net_reply_continue(struct qt_net_req *req);

/* timer.c */
void	qt__net_timer_init(struct qt_net_server *s);
/* t->expired is called when at_ms has passed; QT__NEVER: not at all. */
void	qt__net_timer_set(struct qt_net_server *s, struct qt__timer *t,
	    uint64_t at_ms);
void	qt__net_timer_del(struct qt_net_server *s, struct qt__timer *t);
/* Makes the timer fire by at_ms, for things that are not connections. */
void	qt__net_timer_at(struct qt_net_server *s, uint64_t at_ms);

/* accept.c */
void	qt__net_accept(uv_poll_t *poll, int status, int events);
void	qt__net_accept_resume(struct qt_net_server *s);

/* server.c: a libuv handle of the server has been closed. */
void	qt__net_server_handle_closed(struct qt_net_server *s);

static inline void
qt__net_reject(struct qt_net_server *s, enum qt_net_reject why)
{
	qt_net_count(&s->stats->rejects[why], 1);
}

static inline uint64_t
qt__net_now(const struct qt_net_server *s)
{
	return uv_now(s->loop);
}

#endif /* QT_NET_CONN_PRIV_H */
