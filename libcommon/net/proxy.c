/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A request's way through the proxy. See <qt/net/proxy.h>.
 *
 *	CONNECT --> SEND head, body --> HEAD of the answer --> BODY --> end
 *	                                   \--> 101: a tunnel (tunnel.c)
 *
 * The body goes up while the answer comes down, each at the pace of its
 * reader. The exchange lives until both its request and its back-end handle
 * are done with; whichever ends first only lets go of its half.
 */

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "proxy_priv.h"

#define UP_MAX	(64u << 10)	/* body bytes that wait for the back end */

enum state { CONNECT, HEAD, BODY, DONE };

struct exchange {
	uv_poll_t		 poll;		/* of the back end; first */
	struct qt_net_proxy	*px;
	struct qt_net_server	*server;
	struct qt_net_req	*req;		/* NULL when it is over */
	struct qt__timer	 timer;
	struct qt_buf		 up;		/* for the back end */
	struct qt_buf		 head;		/* of the answer */
	struct qt__chunks	 chunks;
	int64_t			 left;		/* as qt__net_proxy_length */
	enum state		 state;
	int			 fd;
	int			 events;
	unsigned int		 refs;		/* request, handle */
	unsigned int		 is_upgrade : 1;
	unsigned int		 is_held : 1;	/* the client is slow */
};

static void	on_poll(uv_poll_t *poll, int status, int events);

static void
put(struct exchange *x)
{
	if (--x->refs > 0)
		return;
	qt_buf_clear(&x->up);
	qt_buf_clear(&x->head);
	free(x);
}

static void
on_closed(uv_handle_t *handle)
{
	struct exchange		*x = (struct exchange *)(void *)handle;
	struct qt_net_server	*s = x->server;

	put(x);
	qt__net_server_handle_closed(s);
}

/* Lets go of the back end; its socket unless it was taken away (-1). */
static void
close_backend(struct exchange *x)
{
	if (x->state == DONE)
		return;
	x->state = DONE;
	qt__net_timer_del(x->server, &x->timer);
	uv_close((uv_handle_t *)&x->poll, on_closed);
	if (x->fd >= 0)
		close(x->fd);
	x->fd = -1;
}

/* The client went away. */
static void
gone(void *arg)
{
	struct exchange	*x = arg;

	x->req = NULL;
	close_backend(x);
	put(x);
}

/* The answer is complete: the request is not ours any more. */
static struct qt_net_req *
let_go(struct exchange *x)
{
	struct qt_net_req	*req = x->req;

	x->req = NULL;
	close_backend(x);
	put(x);
	return req;
}

/* The back end failed: say so, or cut what was begun. */
static void
fail(struct exchange *x, int status)
{
	struct qt_net_req	*req = x->req;

	qt_net_count(&x->server->stats->proxy_errors, 1);
	if (req == NULL) {
		close_backend(x);
	} else if (req->is_begun) {
		close_backend(x);
		qt__net_reply_broken(req);	/* gone() comes from the loop */
	} else {
		let_go(x);
		qt_buf_clear(&req->extra);
		req->is_plain = 0;
		req->is_linger = 1;
		req->is_close = 1;
		qt_net_reply_text(req, status, status == 504 ?
		    "The back end did not answer in time." :
		    "The back end cannot be reached or made no sense.");
	}
}

static void
expired(struct qt__timer *timer)
{
	fail(qt_rb_entry(timer, struct exchange, timer), 504);
}

static void
watch(struct exchange *x)
{
	int	events = 0;

	if (x->state == DONE)
		return;
	if (x->state == CONNECT || x->up.len > 0)
		events |= UV_WRITABLE;
	if (x->state != CONNECT && !x->is_held)
		events |= UV_READABLE;
	if (events == x->events)
		return;
	x->events = events;
	if (events == 0)
		uv_poll_stop(&x->poll);
	else
		uv_poll_start(&x->poll, events, on_poll);
}

/* 0 or -1. */
static int
flush_up(struct exchange *x)
{
	ssize_t	n;

	if (x->up.len == 0)
		return 0;
	n = send(x->fd, x->up.data, x->up.len, MSG_NOSIGNAL);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -1;
	qt_buf_drop(&x->up, (size_t)n);
	if (x->up.len == 0)
		qt_buf_clear(&x->up);
	if (x->up.len < UP_MAX / 2 && x->req != NULL)
		qt_net_req_resume(x->req);
	return 0;
}

/* A piece of the client's body. */
static void
on_body(struct qt_net_req *req, const void *p, size_t len, void *arg)
{
	struct exchange	*x = arg;

	if (len == 0 || x->state == DONE)
		return;
	if (qt_buf_add(&x->up, p, len) < 0) {
		fail(x, 503);
		return;
	}
	if (x->up.len >= UP_MAX)
		qt_net_req_pause(req);
	watch(x);
}

static void
on_drain(struct qt_net_req *req, void *arg)
{
	struct exchange	*x = arg;

	(void)req;
	x->is_held = 0;
	watch(x);
}

static void
end(struct exchange *x)
{
	qt_net_reply_end(let_go(x));
}

/* 0, or -1 when the exchange is over. */
static int
send_down(struct exchange *x, const char *p, size_t len)
{
	int	rc = qt_net_reply_write(x->req, p, len);

	if (rc < 0) {
		close_backend(x);	/* gone() follows */
		return -1;
	}
	if (rc > 0)
		x->is_held = 1;
	return 0;
}

/* Body bytes of the answer. 0, or -1 when the exchange is over. */
static int
feed(struct exchange *x, const char *p, size_t len)
{
	const char	*data;
	size_t		 used, data_len;
	int		 rc;

	if (x->left == -2)
		return len > 0 ? send_down(x, p, len) : 0;
	if (x->left >= 0) {
		if ((int64_t)len > x->left)
			len = (size_t)x->left;	/* the rest is nobody's */
		x->left -= (int64_t)len;
		if (len > 0 && send_down(x, p, len) < 0)
			return -1;
		if (x->left > 0)
			return 0;
		end(x);
		return -1;
	}
	for (; len > 0; p += used, len -= used) {
		rc = qt__net_chunks_next(&x->chunks, p, len, &used, &data,
		    &data_len);
		if (rc < 0) {
			fail(x, 502);
			return -1;
		}
		if (data_len > 0 && send_down(x, data, data_len) < 0)
			return -1;
		if (rc > 0) {
			end(x);
			return -1;
		}
	}
	return 0;
}

/*
 * The 101 came and is right: both sockets become a tunnel. What each side
 * has already said goes first.
 */
static void
open_tunnel(struct exchange *x, const struct qt_net_head *h, size_t head_len)
{
	struct qt_buf		 to_client = QT_BUF_INIT, to_backend = x->up;
	struct qt_net_upgrade	 up;
	struct qt_net_server	*s = x->server;
	unsigned int		 idle_ms = x->px->conf.tunnel_timeout_ms;
	int			 fd = x->fd;

	if (qt__net_proxy_accept(h, &to_client) < 0 ||
	    qt_buf_add(&to_client, x->head.data + head_len,
	    x->head.len - head_len) < 0 ||
	    qt_net_req_take(x->req, &up) < 0) {
		qt_buf_clear(&to_client);
		fail(x, 502);
		return;
	}
	x->up = (struct qt_buf)QT_BUF_INIT;
	if (qt_buf_add(&to_backend, up.rest.p, up.rest.len) < 0) {
		qt_buf_clear(&to_client);
		qt_buf_clear(&to_backend);
		close(up.fd);
		let_go(x);
		return;
	}
	x->fd = -1;
	let_go(x);
	qt__net_tunnel(s, up.fd, fd, &to_client, &to_backend, idle_ms);
	qt_buf_clear(&to_client);
	qt_buf_clear(&to_backend);
}

/* The head of an ordinary answer. 0, or -1 when the exchange is over. */
static int
begin(struct exchange *x, const struct qt_net_head *h, int status)
{
	struct qt_net_req	*req = x->req;
	struct qt_net_str	 cl;

	x->left = qt__net_proxy_length(h, status, req->head.method);
	if (x->left == -3 || qt__net_proxy_copy(x->px, h, req) < 0) {
		fail(x, 502);
		return -1;
	}
	req->is_plain = 1;	/* its headers, not ours */
	qt__net_timer_set(x->server, &x->timer, QT__NEVER);
	x->state = BODY;
	if (x->left == 0 && (req->head.method == QT_NET_HEAD ||
	    status == 204 || status == 304)) {
		cl = qt_net_head_get(h, QT_NET_H_CONTENT_LENGTH);
		if (cl.p != NULL && status != 204)
			qt_buf_addf(&req->extra, "Content-Length: %.*s\r\n",
			    (int)cl.len, cl.p);
		req->is_bodyless = 1;
	}
	if (qt_net_reply_begin(req, status, NULL,
	    x->left >= 0 ? x->left : -1) < 0) {
		close_backend(x);
		return -1;
	}
	qt_net_reply_on_drain(req, on_drain, x);
	return 0;
}

/* More of the answer's head is in x->head. */
static void
answer_head(struct exchange *x)
{
	struct qt_net_head	 h;
	struct qt_buf		 rest;
	int			 status;
	long			 n;

again:
	n = qt__net_proxy_answer(x->head.data, x->head.len, &status, &h);
	if (n == 0)
		return;
	if (n > 0 && status >= 100 && status < 200 && status != 101) {
		qt_buf_drop(&x->head, (size_t)n);	/* 100, 103 */
		if (x->head.len > 0)
			goto again;
		return;
	}
	if (n < 0 || (status == 101 && (!x->is_upgrade ||
	    !qt__net_proxy_is_accepted(&h, x->req)))) {
		fail(x, 502);
		return;
	}
	if (status == 101) {
		open_tunnel(x, &h, (size_t)n);
		return;
	}
	if (begin(x, &h, status) < 0)
		return;
	rest = x->head;
	x->head = (struct qt_buf)QT_BUF_INIT;
	feed(x, rest.data + n, rest.len - (size_t)n);
	qt_buf_clear(&rest);
}

/* The back end closed its side. */
static void
answer_ended(struct exchange *x)
{
	if (x->state == BODY && x->left == -2)
		end(x);
	else
		fail(x, 502);
}

static void
readable(struct exchange *x)
{
	char	*p = x->server->scratch;
	size_t	 room = QT__SCRATCH_SIZE;
	ssize_t	 n;

	if (x->state == HEAD)
		room = QT__ANSWER_MAX - x->head.len;
	n = recv(x->fd, p, room, 0);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		answer_ended(x);
		return;
	}
	if (x->state == BODY) {
		feed(x, p, (size_t)n);
	} else if (qt_buf_add(&x->head, p, (size_t)n) < 0) {
		fail(x, 502);
	} else {
		answer_head(x);
	}
}

static int
finish_connect(struct exchange *x)
{
	int		error = 0;
	socklen_t	len = sizeof(error);

	if (getsockopt(x->fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0 ||
	    error != 0)
		return -1;
	x->state = HEAD;
	qt__net_timer_set(x->server, &x->timer, qt__net_now(x->server) +
	    x->px->conf.read_timeout_ms);
	return 0;
}

static void
on_poll(uv_poll_t *poll, int status, int events)
{
	struct exchange	*x = (struct exchange *)poll;

	if (x->state == DONE)
		return;
	x->refs++;		/* ours, while we look at it */
	if (status < 0 && x->state != CONNECT)
		fail(x, 502);
	else if (x->state == CONNECT && finish_connect(x) < 0)
		fail(x, 502);
	/* One that answers early may stop reading: no failure in itself. */
	if (x->state != DONE && (events & UV_WRITABLE) != 0 &&
	    flush_up(x) < 0 && (events & UV_READABLE) == 0)
		fail(x, 502);
	if (x->state != DONE && (events & UV_READABLE) != 0)
		readable(x);
	watch(x);
	put(x);
}

static int
start(struct exchange *x, struct qt_net_req *req)
{
	int	fd, rc;

	rc = qt__net_proxy_request(x->px, req, x->is_upgrade, &x->up);
	if (rc < 0)
		return rc;
	fd = qt__net_backend_connect(x->px);
	if (fd < 0)
		return fd;
	rc = uv_poll_init(x->server->loop, &x->poll, fd);
	if (rc < 0) {
		close(fd);
		return rc;
	}
	x->fd = fd;
	x->server->nhandles++;
	return 0;
}

void
qt_net_proxy_handle(struct qt_net_req *req, void *proxy)
{
	struct qt_net_proxy	*px = proxy;
	struct exchange		*x;

	if (req->head.is_upgrade && qt_net_str_is_nocase(qt_net_head_get(
	    &req->head, QT_NET_H_UPGRADE), "websocket") &&
	    !qt__net_upgrade_check(req))
		return;
	qt_net_count(&px->server->stats->proxied, 1);
	x = calloc(1, sizeof(*x));
	if (x == NULL) {
		qt_net_reply_reject(req, 503, QT_NET_REJECT_busy);
		return;
	}
	x->px = px;
	x->server = px->server;
	x->fd = -1;
	x->refs = 1;
	x->is_upgrade = req->is_upgrade;
	x->timer.expired = expired;
	if (start(x, req) < 0) {
		qt_net_count(&px->server->stats->proxy_errors, 1);
		put(x);
		qt_net_reply_text(req, 502, "The back end cannot be reached.");
		return;
	}
	x->refs = 2;
	x->req = req;
	qt_net_req_defer(req, gone, x);
	qt_net_req_on_body(req, on_body, x);
	qt__net_timer_set(x->server, &x->timer, qt__net_now(x->server) +
	    px->conf.connect_timeout_ms);
	watch(x);
}
