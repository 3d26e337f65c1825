/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_NET_REQUEST_H
#define QT_NET_REQUEST_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <qt/base/buf.h>
#include <qt/net/head.h>
#include <qt/net/server.h>

/*
 * A request, and its answer, as a handler sees them.
 *
 *	handler(req) --+-- qt_net_reply*()		answered now
 *		       +-- qt_net_req_defer(), later qt_net_reply*()
 *		       +-- qt_net_reply_begin(), _write() ..., _end()
 *		       +-- qt_net_req_take()		WebSocket routes
 *
 * A handler that does none of these answers 500. After the answer is complete
 * (reply, end, take), or gone() was called, req is dead: do not touch it. The
 * strings of a request are borrowed and live as long as it.
 *
 * Only the loop's thread may use these.
 */
struct qt_net_req;

const struct qt_net_head *qt_net_req_head(const struct qt_net_req *req);
/* Decoded and resolved; NUL-free, but not NUL-terminated. */
struct qt_net_str qt_net_req_path(const struct qt_net_req *req);
/* What '*' of the route matched: the end of the path. */
struct qt_net_str qt_net_req_rest(const struct qt_net_req *req);
struct qt_net_str qt_net_req_query(const struct qt_net_req *req);
struct qt_net_str qt_net_req_header(const struct qt_net_req *req,
	    enum qt_net_header_id id);
/* 1 and the value, or 0. See qt_net_cookie_get. */
int	qt_net_req_cookie(const struct qt_net_req *req, const char *name,
	    struct qt_net_str *value);
/* The whole body (never for QT_NET_STREAM routes). */
struct qt_net_str qt_net_req_body(const struct qt_net_req *req);
const struct qt_net_addr *qt_net_req_addr(const struct qt_net_req *req);
int	qt_net_req_is_secure(const struct qt_net_req *req);
struct qt_net_server *qt_net_req_server(const struct qt_net_req *req);

/*
 * Who asks, for handlers and the log: set by authorize. name is copied, cut
 * to QT_NET_USER_MAX; role and id are the caller's.
 */
#define QT_NET_USER_MAX 63
struct qt_net_user {
	char		name[QT_NET_USER_MAX + 1];
	unsigned int	role;
	uint64_t	id;
};
void	qt_net_req_set_user(struct qt_net_req *req, const char *name,
	    unsigned int role, uint64_t id);
/* NULL when nobody was set. */
const struct qt_net_user *qt_net_req_user(const struct qt_net_req *req);

/*
 * Promises an answer later. gone(arg) is called instead if the client leaves
 * first (or the server is freed); req is dead after it. gone may be NULL only
 * if the answer comes before the handler returns to the loop.
 */
void	qt_net_req_defer(struct qt_net_req *req, void (*gone)(void *arg),
	    void *arg);

/*
 * For QT_NET_STREAM routes: data(arg) gets the body as it comes; len 0 is its
 * end. Nothing is read while paused. Call it in the handler, with defer.
 */
void	qt_net_req_on_body(struct qt_net_req *req,
	    void (*data)(struct qt_net_req *req, const void *p, size_t len,
	    void *arg), void *arg);
void	qt_net_req_pause(struct qt_net_req *req);
void	qt_net_req_resume(struct qt_net_req *req);

/*
 * Adds a header line to the answer to come. -EINVAL for a name or value with
 * bytes that have no place there (CR, LF, NUL ...), -ENOMEM, -QT_EFULL past
 * 4 KiB.
 */
int	qt_net_reply_header(struct qt_net_req *req, const char *name,
	    const char *value);

/* Answers. data is copied (or sent at once); type NULL: none. */
void	qt_net_reply(struct qt_net_req *req, int status, const char *type,
	    const void *data, size_t len);
/* With a short text/plain body made from the status, or fmt. */
void	qt_net_reply_status(struct qt_net_req *req, int status);
void	qt_net_reply_text(struct qt_net_req *req, int status, const char *fmt,
	    ...) __attribute__((format(printf, 3, 4)));
/* application/json, not stored by caches; empties body. */
void	qt_net_reply_json(struct qt_net_req *req, int status,
	    struct qt_buf *body);
void	qt_net_reply_redirect(struct qt_net_req *req, int status,
	    const char *location);
/* Answers with status and counts why. The connection closes. */
void	qt_net_reply_reject(struct qt_net_req *req, int status,
	    enum qt_net_reject reason);

/*
 * A streamed answer. len is the body's length, or -1 when not known (chunked;
 * ended by closing for HTTP/1.0). qt_net_reply_write copies what the socket
 * does not take and returns 0, or 1 when QT_NET_OUT_HIGH bytes wait: write no
 * more until drain(arg); -EPIPE when the client is gone (gone() follows), and
 * -QT_EFULL, with the connection cut, past QT_NET_OUT_MAX. The
 * request must have been deferred.
 */
#define QT_NET_OUT_HIGH	(256u << 10)
#define QT_NET_OUT_MAX	(4u << 20)
int	qt_net_reply_begin(struct qt_net_req *req, int status,
	    const char *type, int64_t len);
int	qt_net_reply_write(struct qt_net_req *req, const void *data,
	    size_t len);
void	qt_net_reply_on_drain(struct qt_net_req *req,
	    void (*drain)(struct qt_net_req *req, void *arg), void *arg);
void	qt_net_reply_end(struct qt_net_req *req);

/*
 * Takes the connection of a validated WebSocket upgrade away from the server.
 * fd is the caller's, nonblocking, in no epoll set. head is a canonical GET
 * head made here: the path and query as sent, Host, Upgrade, Connection, key,
 * version 13, and only if sent: Origin, Sec-WebSocket-Protocol; nothing else
 * (no extensions, no cookies). rest is what came after the head, frames as a
 * rule. Both are borrowed until the handler returns. req is dead after it,
 * except that its strings stay until the handler returns.
 *
 * Returns 0, or -EINVAL when this is no upgrade.
 */
struct qt_net_upgrade {
	int			 fd;
	struct qt_net_addr	 addr;
	int			 is_secure;
	struct qt_net_str	 head;
	struct qt_net_str	 rest;
};
int	qt_net_req_take(struct qt_net_req *req, struct qt_net_upgrade *out);

#endif /* QT_NET_REQUEST_H */
