/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_NET_PROXY_H
#define QT_NET_PROXY_H

#include <qt/base/err.h>
#include <qt/net/server.h>

/*
 * A reverse proxy to one HTTP/1.1 back end.
 *
 * The head is built anew: hop-by-hop headers are dropped, Host is the back
 * end's (or kept), X-Forwarded-For, -Proto and -Host are set by us, what the
 * client sent in them is dropped. A back-end connection serves one request and
 * is closed. Bodies stream both ways; what one side does not take stops the
 * other from being read, so memory per request is bounded.
 *
 * WebSockets: the upgrade is passed on, and bytes are tunnelled only after a
 * 101 with the right Sec-WebSocket-Accept. A tunnel copies through one buffer
 * per loop; a direction that has filled it several times in a row gets a pipe
 * and is spliced; idle tunnels hold neither. Each direction half-closes.
 */
struct qt_net_proxy;

struct qt_net_proxy_conf {
	const char	*backend;	/* "host:port", or "unix:PATH" */
	const char	*strip;		/* path prefix to remove, or NULL */
	const char	*add;		/* path prefix to put before, or NULL */
	int		 keep_host;	/* pass the client's Host on */
	const char	*strip_cookie;	/* a cookie of ours, kept from it */
	int		 strip_authorization;	/* the same for this header */
	unsigned int	 connect_timeout_ms;
	unsigned int	 read_timeout_ms;	/* for the head of an answer */
	unsigned int	 tunnel_timeout_ms;	/* idle tunnel; 0: none */
};

#define QT_NET_PROXY_CONF_INIT {				\
	.connect_timeout_ms = 5000, .read_timeout_ms = 60000 }

/*
 * The back end's name is resolved here, once. conf is copied. 0, -ENOMEM, or
 * with the reason in err -EINVAL (not HOST:PORT or unix:PATH), -ENAMETOOLONG,
 * -EADDRNOTAVAIL (no such host).
 */
int	qt_net_proxy_new(struct qt_net_server *server,
	    const struct qt_net_proxy_conf *conf, struct qt_net_proxy **out,
	    struct qt_err *err);
/* After the server's done callback. */
void	qt_net_proxy_free(struct qt_net_proxy *proxy);

/*
 * A route handler, arg the struct qt_net_proxy. The route has QT_NET_STREAM,
 * all methods, a body_max, and no QT_NET_WS: upgrades come through it too.
 */
void	qt_net_proxy_handle(struct qt_net_req *req, void *proxy);

#endif /* QT_NET_PROXY_H */
