/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_NET_PROXY_PRIV_H
#define QT_NET_PROXY_PRIV_H

/*
 * The proxy, between proxy.c (a request's way), proxy_head.c (heads, both
 * ways), backend.c (life, address) and tunnel.c (after a WebSocket's 101).
 */

#include <sys/un.h>

#include <qt/net/proxy.h>

#include "chunk_priv.h"
#include "conn_priv.h"

#define QT__ANSWER_MAX	(16u << 10)	/* bytes of an answer's head */

struct qt_net_proxy {
	struct qt_net_server	*server;
	struct qt_net_proxy_conf conf;
	char			*strip;
	char			*add;
	char			*cookie;
	char			 host[280];	/* for the Host header */
	struct sockaddr_storage	 addr;
	socklen_t		 addr_len;
};

/* backend.c: a connecting, nonblocking socket, or -errno. */
int	qt__net_backend_connect(const struct qt_net_proxy *px);

/* proxy_head.c: the head for the back end, appended to out. */
int	qt__net_proxy_request(const struct qt_net_proxy *px,
	    const struct qt_net_req *req, int is_upgrade, struct qt_buf *out);
/*
 * The head of an answer in the len bytes at p; *status is set. Its length, 0
 * when incomplete, -1 when it is none.
 */
long	qt__net_proxy_answer(const char *p, size_t len, int *status,
	    struct qt_net_head *out);
/* How the body of that answer ends: its length, -1 for chunked, -2 for the
 * end of the connection, -3 for nonsense. */
int64_t	qt__net_proxy_length(const struct qt_net_head *h, int status,
	    enum qt_net_method method);
/* Adds the answer's end-to-end headers to req. 0 or negative. */
int	qt__net_proxy_copy(const struct qt_net_proxy *px,
	    const struct qt_net_head *h, struct qt_net_req *req);
/* 1 when the 101 is the right answer to req's key. */
int	qt__net_proxy_is_accepted(const struct qt_net_head *h,
	    const struct qt_net_req *req);
/* The 101 for the client, appended to out. */
int	qt__net_proxy_accept(const struct qt_net_head *h, struct qt_buf *out);

/*
 * tunnel.c: moves bytes between two sockets, which it takes over, until both
 * directions have ended; first what is in to_a and to_b (moved out of them).
 */
int	qt__net_tunnel(struct qt_net_server *s, int a, int b,
	    struct qt_buf *to_a, struct qt_buf *to_b,
	    unsigned int idle_timeout_ms);
void	qt__net_tunnel_close_all(struct qt_net_server *s);

#endif /* QT_NET_PROXY_PRIV_H */
