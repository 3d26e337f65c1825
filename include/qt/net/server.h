/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_NET_SERVER_H
#define QT_NET_SERVER_H

#include <stddef.h>
#include <stdint.h>

#include <qt/base/err.h>
#include <qt/net/head.h>
#include <qt/net/stats.h>

/*
 * The HTTP/1.1 front end, on the caller's libuv loop.
 *
 *	accept -> limits -> head (deadline) -> checks -> route -> handler
 *	                                          |         \-> static cache
 *	                                          |         \-> proxy
 *	                                          \-> refused, counted
 *
 * It owns every connection from accept(2) on. A WebSocket route gets only
 * validated requests (GET, HTTP/1.1, Upgrade: websocket, a good key, version
 * 13, an allowed Origin and Host, no body) and may take the descriptor away.
 *
 * A server and everything hanging on it belong to the loop's thread. Several
 * servers, each on its own loop, share nothing but listening sockets.
 *
 * Bounds: an idle connection holds no buffer; one being served at most one
 * (QT_NET_HEAD_MAX and the parsed head), its body (the route's body_max) and
 * its unsent output (see <qt/net/request.h>).
 */
struct qt_net_server;
struct qt_net_req;
struct qt_net_origins;
struct uv_loop_s;

/* Address of the other end, normalized: v4-mapped is v4. */
struct qt_net_addr {
	uint8_t		family;		/* 4, 6, or 0 for a Unix socket */
	uint8_t		b[16];		/* 4 or 16 bytes used */
	uint16_t	port;
	uint32_t	uid;		/* Unix socket: SO_PEERCRED's */
};
#define QT_NET_ADDR_TEXT_SIZE 64
/* "127.0.0.1", "::1" or "unix:1000". */
void	qt_net_addr_text(const struct qt_net_addr *addr,
	    char out[QT_NET_ADDR_TEXT_SIZE]);
/* The other way, without port; -EINVAL for anything but an IP address. */
int	qt_net_addr_parse(struct qt_net_str text, struct qt_net_addr *out);
/* 1 for 127/8, ::1 and Unix sockets. */
int	qt_net_addr_is_local(const struct qt_net_addr *addr);

struct qt_net_conf {
	unsigned int	conns_max;
	unsigned int	addr_conns_max;	/* an address, or a v6 /64; 0: any */
	unsigned int	accept_rate;	/* a second and address; 0: any */
	unsigned int	accept_burst;
	int		limit_local;	/* apply the three to loopback too */
	/*
	 * A reverse proxy on this machine is in front: when a local
	 * connection's request has X-Forwarded-For, its last address is who
	 * asks (qt_net_req_addr), and X-Forwarded-Proto tells if by TLS.
	 */
	int		trust_forwarded;
	unsigned int	head_timeout_ms; /* from the first byte, absolute */
	unsigned int	idle_timeout_ms;
	unsigned int	write_timeout_ms; /* without any progress */
	unsigned int	body_rate_min;	/* bytes a second, after 5 s; 0: any */
	/*
	 * Header lines ("Name: value\r\n" ...) for every response made here;
	 * NULL takes QT_NET_HEADERS_DEFAULT. Copied.
	 */
	const char	*headers;
	/* Who may send upgrades and POST, PUT, PATCH, DELETE; NULL: same
	 * origin only. Borrowed, must outlive the server. */
	const struct qt_net_origins *origins;
	/* Counters; NULL: the server's own. Borrowed. */
	struct qt_net_stats *stats;
	/*
	 * Called for routes with QT_NET_AUTH, before the handler (and before
	 * the body is read). Returns 0 to go on, perhaps after
	 * qt_net_req_set_user(); or negative after it has answered.
	 */
	int		(*authorize)(struct qt_net_req *req, void *arg);
	/* Called when each response is complete or cut; may be NULL. */
	void		(*log)(struct qt_net_req *req, int status,
			    uint64_t bytes, void *arg);
	void		*arg;
};

#define QT_NET_HEADERS_DEFAULT						\
	"X-Content-Type-Options: nosniff\r\n"				\
	"Referrer-Policy: no-referrer\r\n"				\
	"X-Frame-Options: SAMEORIGIN\r\n"				\
	"Cross-Origin-Opener-Policy: same-origin\r\n"			\
	"Cross-Origin-Resource-Policy: same-origin\r\n"			\
	"Permissions-Policy: camera=(), geolocation=(), microphone=()\r\n" \
	"Content-Security-Policy: default-src 'self'; "			\
	"style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; " \
	"connect-src 'self' ws: wss:; object-src 'none'; "		\
	"base-uri 'none'; form-action 'self'; frame-ancestors 'self'\r\n"

#define QT_NET_CONF_INIT {						\
	.conns_max = 10000, .addr_conns_max = 512,			\
	.accept_rate = 100, .accept_burst = 200, .limit_local = 0,	\
	.head_timeout_ms = 10000, .idle_timeout_ms = 20000,		\
	.write_timeout_ms = 30000, .body_rate_min = 512 }

/*
 * conf is copied (the strings it points to, too, where it says so). SIGPIPE,
 * when it has its default action, is set to be ignored.
 */
int	qt_net_server_new(struct uv_loop_s *loop,
	    const struct qt_net_conf *conf, struct qt_net_server **out,
	    struct qt_err *err);

/*
 * Closes everything at once. Handles close on the loop, so done(arg) (may be
 * NULL) is called from a later turn of it, and the server is gone then.
 * Deferred requests get their gone callback first.
 */
void	qt_net_server_free(struct qt_net_server *server,
	    void (*done)(void *arg), void *arg);

/*
 * Stops gently: closes listeners and idle connections; requests under way
 * finish with "Connection: close". qt_net_server_free still has to follow.
 */
void	qt_net_server_stop(struct qt_net_server *server);

struct uv_loop_s *qt_net_server_loop(const struct qt_net_server *server);
struct qt_net_stats *qt_net_server_stats(struct qt_net_server *server);

/*
 * Makes a listening socket: where is an address ("127.0.0.1", "::1", "*" for
 * all of both families, "[::1]"), or "unix:PATH" (mode 0600; a stale socket of
 * a dead server is replaced, a live one is -EADDRINUSE, anything that is not
 * a socket is -EEXIST). port 0 takes a free one, see qt_net_bound_port().
 */
#define QT_NET_BIND_REUSEPORT	1u	/* one such socket for each worker */
int	qt_net_bind(const char *where, unsigned int port, unsigned int flags,
	    int *fd, struct qt_err *err);
/* The port a TCP socket is bound to, 0 for a Unix socket. */
unsigned int qt_net_bound_port(int fd);

/* Accepts from fd, which becomes the server's, success or not. */
int	qt_net_server_listen(struct qt_net_server *server, int fd,
	    struct qt_err *err);
/*
 * The same with TLS in front; tls (see <qt/net/tls.h>) is borrowed and must
 * outlive the server.
 */
struct qt_net_tls;
int	qt_net_server_listen_tls(struct qt_net_server *server, int fd,
	    struct qt_net_tls *tls, struct qt_err *err);

/*
 * Serves one connected stream socket, which becomes the server's, success or
 * not. addr is copied. is_secure marks its requests as having come by TLS.
 */
int	qt_net_server_adopt(struct qt_net_server *server, int fd,
	    const struct qt_net_addr *addr, int is_secure);

/*
 * Routes. The longest matching path wins; one ending in '*' matches every
 * path that begins with what is before it. Paths are matched after decoding.
 * HEAD goes to GET's handler. A path without a handler is 404, one whose
 * handlers take other methods 405, OPTIONS is answered with Allow.
 */
#define QT_NET_AUTH	1u	/* ask conf.authorize first */
#define QT_NET_WS	2u	/* upgrades only; others are 426 */
#define QT_NET_STREAM	4u	/* handler runs before the body is read */
#define QT_NET_ANY_ORIGIN 8u	/* no Origin check for unsafe methods */
#define QT_NET_METHOD(m) (1u << QT_NET_##m)

struct qt_net_route {
	const char	*path;
	unsigned int	 methods;	/* QT_NET_METHOD(GET) | ... */
	unsigned int	 flags;
	size_t		 body_max;	/* 0: no body allowed */
	void		(*handle)(struct qt_net_req *req, void *arg);
	void		*arg;
};

/* Adds a copy. -EEXIST for the same path and method, -QT_EFULL at 256. */
int	qt_net_server_route(struct qt_net_server *server,
	    const struct qt_net_route *route);

#endif /* QT_NET_SERVER_H */
