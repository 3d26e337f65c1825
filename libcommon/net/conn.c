/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A connection: reading, and the states of a request. See conn_priv.h.
 *
 * qt__conn_work() moves a connection on as far as the bytes that are there
 * allow, in a loop instead of by recursion: a handler that answers at once
 * only marks the answer as ended, and the loop goes on with the next request
 * of the pipeline. What is watched on the socket is decided in one place,
 * update(), when the work is done.
 */

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "conn_priv.h"

#define NEVER		UINT64_MAX
#define LINGER_MS	2000
#define LINGER_MAX	(256u << 10)
#define BODY_GRACE_MS	5000
#define BODY_STEP	(64u << 10)

static void	on_poll(uv_poll_t *poll, int status, int events);

void
qt__conn_arm(struct qt__conn *c, int events)
{
	if (c->state == QT__CLOSED || c->events == events)
		return;
	c->events = events;
	if (events == 0)
		uv_poll_stop(&c->poll);
	else
		uv_poll_start(&c->poll, events, on_poll);
}

int
qt__conn_new(struct qt_net_server *s, int fd, const struct qt_net_addr *addr,
    int is_secure, int is_tracked)
{
	struct qt__conn	*c;
	int		 rc = -ENOMEM;

	c = calloc(1, sizeof(*c));
	if (c != NULL)
		rc = uv_poll_init(s->loop, &c->poll, fd);
	if (rc < 0) {
		if (is_tracked)
			qt__limit_close(s->limit, addr);
		free(c);
		close(fd);
		return rc;
	}
	c->server = s;
	c->fd = fd;
	c->addr = *addr;
	c->is_secure = is_secure != 0;
	c->is_tracked = is_tracked != 0;
	c->next = s->conns;
	if (s->conns != NULL)
		s->conns->prev = c;
	s->conns = c;
	s->nconns++;
	s->nhandles++;
	qt_net_count(&s->stats->conns, 1);
	qt__timer_set(c, qt__now(s) + s->conf.head_timeout_ms,
	    QT_NET_REJECT_head_timeout);
	qt__conn_arm(c, UV_READABLE);
	return 0;
}

static void
on_closed(uv_handle_t *handle)
{
	struct qt__conn		*c = (struct qt__conn *)(void *)handle;
	struct qt_net_server	*s = c->server;

	qt__req_free(s, c->req);
	free(c);
	qt__server_handle_closed(s);
}

void
qt__conn_close(struct qt__conn *c)
{
	struct qt_net_server	*s = c->server;
	struct qt_net_req	*req = c->req;

	if (c->state == QT__CLOSED)
		return;
	c->state = QT__CLOSED;
	qt__timer_del(c);
	qt__out_clear(&c->out);
	uv_close((uv_handle_t *)&c->poll, on_closed);
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
	if (c->is_tracked)
		qt__limit_close(s->limit, &c->addr);
	if (c->prev != NULL)
		c->prev->next = c->next;
	else
		s->conns = c->next;
	if (c->next != NULL)
		c->next->prev = c->prev;
	s->nconns--;
	qt_net_count(&s->stats->conns, (uint64_t)-1);
	if (req == NULL)
		return;
	if (req->status != 0 && s->conf.log != NULL)
		s->conf.log(req, req->status, req->sent, s->conf.arg);
	if (req->is_deferred && !req->is_ended && req->gone != NULL)
		req->gone(req->gone_arg);
}

void
qt__conn_linger(struct qt__conn *c)
{
	if (c->state == QT__CLOSED)
		return;
	shutdown(c->fd, SHUT_WR);
	qt__req_free(c->server, c->req);
	c->req = NULL;
	c->state = QT__LINGER;
	c->drained = 0;
	qt__timer_set(c, qt__now(c->server) + LINGER_MS, QT_NET_REJECT_none);
}

/* The answer has left: count it, then the next request, or the end. */
static void
finish(struct qt__conn *c)
{
	struct qt_net_server	*s = c->server;
	struct qt_net_req	*req = c->req;
	int			 has_rest;

	if (s->conf.log != NULL)
		s->conf.log(req, req->status, req->sent, s->conf.arg);
	has_rest = req->body_left > 0 || req->in_len > req->head_len;
	if (!req->is_close && req->body_left == 0 && !s->is_stopping) {
		qt__req_next(req);
		c->state = QT__HEAD;
		return;
	}
	req->status = 0;
	if (has_rest || req->is_linger)
		qt__conn_linger(c);
	else
		qt__conn_close(c);
}

/* Nothing is being asked: give the buffer back and wait. */
static void
go_idle(struct qt__conn *c)
{
	struct qt_net_server	*s = c->server;

	qt__req_free(s, c->req);
	c->req = NULL;
	if (s->is_stopping)
		qt__conn_close(c);
	else if (c->is_used)
		qt__timer_set(c, qt__now(s) + s->conf.idle_timeout_ms,
		    QT_NET_REJECT_idle_timeout);
}

/*
 * A body that is collected here may pause, but its average may not fall below
 * the least rate; one that is streamed has to go on within the time that
 * a reader has, too, while somebody takes it.
 */
static void
watch_sender(struct qt__conn *c)
{
	const struct qt_net_conf	*conf = &c->server->conf;
	const struct qt_net_req		*req = c->req;
	uint64_t			 rate = conf->body_rate_min, got;

	if (c->state == QT__BUSY && !req->is_paused) {
		qt__timer_set(c, qt__now(c->server) + conf->write_timeout_ms,
		    QT_NET_REJECT_body_slow);
	} else if (c->state == QT__BODY && rate > 0) {
		got = (uint64_t)(req->head.content_length - req->body_left);
		qt__timer_set(c, c->body_since_ms + BODY_GRACE_MS +
		    got * 1000 / rate, QT_NET_REJECT_body_slow);
	} else {
		c->deadline = NEVER;
	}
}

static int
step_head(struct qt__conn *c)
{
	struct qt_net_server	*s = c->server;
	struct qt_net_req	*req = c->req;
	long			 n;

	if (req->in_len == 0) {
		go_idle(c);
		return 0;
	}
	n = qt_net_head_parse(&req->head, req->in, req->in_len,
	    req->head_seen);
	if (n == 0) {
		if (req->head_seen == 0 && c->is_used)
			qt__timer_set(c, qt__now(s) + s->conf.head_timeout_ms,
			    QT_NET_REJECT_head_timeout);
		req->head_seen = req->in_len;
		return 0;
	}
	c->is_used = 1;
	c->state = QT__BUSY;
	c->deadline = NEVER;
	qt_net_count(&s->stats->requests, 1);
	if (n < 0) {
		req->head_len = req->in_len;
		req->head.method = QT_NET_GET;
		qt_net_reply_reject(req, req->head.status,
		    (enum qt_net_reject)req->head.reject);
		return 1;
	}
	req->head_len = (size_t)n;
	req->is_close = !req->head.is_keep_alive;
	req->body_left = req->head.content_length > 0 ?
	    req->head.content_length : 0;
	qt__route(req);
	if (req->body_left > 0 && !req->is_ended && c->state != QT__CLOSED) {
		c->body_since_ms = qt__now(s);
		watch_sender(c);
	}
	return 1;
}

/* The part of the body that came with the head. */
static struct qt_net_str
buffered_body(const struct qt_net_req *req)
{
	size_t	len = req->in_len - req->head_len;

	if ((int64_t)len > req->body_left)
		len = (size_t)req->body_left;
	return (struct qt_net_str){ req->in + req->head_len, len };
}

static void
drop_buffered(struct qt_net_req *req, size_t len)
{
	char	*at = req->in + req->head_len;

	memmove(at, at + len, req->in_len - req->head_len - len);
	req->in_len -= len;
}

static int
step_body(struct qt__conn *c)
{
	struct qt_net_req	*req = c->req;
	struct qt_net_str	 part = buffered_body(req);

	if (part.len > 0) {
		if (qt_buf_add(&req->body, part.p, part.len) < 0) {
			c->state = QT__BUSY;
			qt_net_reply_reject(req, 503, QT_NET_REJECT_busy);
			return 1;
		}
		req->body_left -= (int64_t)part.len;
		drop_buffered(req, part.len);
	}
	if (req->body_left > 0)
		return 0;
	c->state = QT__BUSY;
	c->deadline = NEVER;
	qt__route_call(req);
	return 1;
}

static int
step_busy(struct qt__conn *c)
{
	struct qt_net_req	*req = c->req;
	struct qt_net_str	 part;

	if (req->is_ended) {
		if (!qt__out_is_empty(&c->out))
			return 0;
		finish(c);
		return 1;
	}
	if (req->data == NULL || req->is_paused || req->is_body_done)
		return 0;
	if (req->body_left == 0) {
		req->is_body_done = 1;
		c->deadline = NEVER;
		req->data(req, NULL, 0, req->data_arg);
		return 1;
	}
	part = buffered_body(req);
	if (part.len == 0)
		return 0;
	req->body_left -= (int64_t)part.len;
	req->data(req, part.p, part.len, req->data_arg);
	if (c->state == QT__BUSY)
		drop_buffered(req, part.len);
	return 1;
}

static int
step(struct qt__conn *c)
{
	if (c->req == NULL)
		return 0;
	switch (c->state) {
	case QT__HEAD:
		return step_head(c);
	case QT__BODY:
		return step_body(c);
	case QT__BUSY:
		return step_busy(c);
	default:
		return 0;
	}
}

static int
wants_body(const struct qt__conn *c)
{
	const struct qt_net_req	*req = c->req;

	return c->state == QT__BUSY && req->data != NULL && !req->is_ended &&
	    !req->is_paused && req->body_left > 0;
}

/* Watches for what the state needs next. */
static void
update(struct qt__conn *c)
{
	int	want = 0;

	if (!qt__out_is_empty(&c->out))
		want |= UV_WRITABLE;
	else if (c->state != QT__BUSY)
		want |= UV_READABLE;
	if (wants_body(c))
		want |= UV_READABLE;
	if (want == 0) {
		/*
		 * A handler is at work. Changing what epoll watches costs two
		 * system calls, so that is left until something arrives.
		 */
		want = c->events & ~UV_WRITABLE;
		if (want == 0 && !c->is_half)
			want = UV_DISCONNECT;
	}
	qt__conn_arm(c, want);
}

void
qt__conn_work(struct qt__conn *c)
{
	if (c->is_working)
		return;
	c->is_working = 1;
	while (step(c))
		continue;
	c->is_working = 0;
	if (c->state != QT__CLOSED)
		update(c);
}

/* Reads once. The count, 0 when there is nothing now; else it is closed. */
static ssize_t
receive(struct qt__conn *c, void *buf, size_t size)
{
	ssize_t	n;

	do {
		n = recv(c->fd, buf, size, 0);
	} while (n < 0 && errno == EINTR);
	if (n < 0 && errno == EAGAIN)
		return 0;
	if (n <= 0) {
		qt__conn_close(c);
		return -1;
	}
	qt_net_count(&c->server->stats->bytes_in, (uint64_t)n);
	return n;
}

static void
read_head(struct qt__conn *c)
{
	struct qt_net_req	*req = c->req;
	ssize_t			 n;

	if (req == NULL)
		c->req = req = qt__req_new(c);
	if (req == NULL) {
		qt__reject(c->server, QT_NET_REJECT_busy);
		qt__conn_close(c);
		return;
	}
	n = receive(c, req->in + req->in_len, sizeof(req->in) - req->in_len);
	if (n < 0)
		return;
	req->in_len += (size_t)n;
	qt__conn_work(c);
}

static void
read_body(struct qt__conn *c)
{
	struct qt_net_req	*req = c->req;
	int64_t			 left = req->body_left;
	size_t			 want = left < (int64_t)BODY_STEP ?
	    (size_t)left : BODY_STEP;
	ssize_t			 n;

	n = receive(c, c->server->scratch, want);
	if (n <= 0)
		return;
	req->body_left -= n;
	watch_sender(c);
	if (c->state == QT__BUSY) {
		req->data(req, c->server->scratch, (size_t)n, req->data_arg);
	} else if (qt_buf_add(&req->body, c->server->scratch, (size_t)n) < 0) {
		c->state = QT__BUSY;
		qt_net_reply_reject(req, 503, QT_NET_REJECT_busy);
	}
	qt__conn_work(c);
}

static void
drain_input(struct qt__conn *c)
{
	ssize_t	n;

	n = receive(c, c->server->scratch, QT__SCRATCH_SIZE);
	if (n <= 0)
		return;
	c->drained += (uint64_t)n;
	if (c->drained > LINGER_MAX)
		qt__conn_close(c);
}

/*
 * The client said that it sends no more. That is no reason to forget it (it
 * may be waiting for the answer) unless it has gone altogether.
 */
static void
disconnected(struct qt__conn *c)
{
	struct pollfd	p = { .fd = c->fd, .events = 0 };

	c->is_half = 1;
	if (poll(&p, 1, 0) > 0 && (p.revents & (POLLHUP | POLLERR)) != 0) {
		qt__conn_close(c);
		return;
	}
	qt__conn_arm(c, c->events & ~UV_DISCONNECT);
}

static void
readable(struct qt__conn *c)
{
	switch (c->state) {
	case QT__HEAD:
		read_head(c);
		break;
	case QT__BODY:
		read_body(c);
		break;
	case QT__BUSY:
		if (wants_body(c))
			read_body(c);
		else
			qt__conn_arm(c, (c->events & ~UV_READABLE) |
			    (c->is_half ? 0 : UV_DISCONNECT));
		break;
	case QT__LINGER:
		drain_input(c);
		break;
	case QT__CLOSED:
		break;
	}
}

void
qt__conn_drained(struct qt__conn *c)
{
	struct qt_net_req	*req = c->req;

	if (req != NULL && !req->is_ended) {
		c->deadline = NEVER;
		if (req->is_high && req->drain != NULL) {
			req->is_high = 0;
			req->drain(req, req->drain_arg);
		}
	}
	qt__conn_work(c);
}

static void
on_poll(uv_poll_t *poll, int status, int events)
{
	struct qt__conn	*c = (struct qt__conn *)poll;

	if (status < 0 || c->is_broken) {
		qt__conn_close(c);
		return;
	}
	if ((events & UV_WRITABLE) != 0 && !qt__out_is_empty(&c->out)) {
		if (qt__out_flush(c) < 0) {
			qt__conn_close(c);
			return;
		}
		if (qt__out_is_empty(&c->out))
			qt__conn_drained(c);
	}
	if ((events & UV_DISCONNECT) != 0 && c->state != QT__CLOSED)
		disconnected(c);
	if ((events & UV_READABLE) != 0 && c->state != QT__CLOSED &&
	    (c->events & UV_READABLE) != 0)
		readable(c);
}

void
qt__conn_expired(struct qt__conn *c)
{
	if (c->why != QT_NET_REJECT_none)
		qt__reject(c->server, c->why);
	if ((c->state == QT__HEAD && c->req != NULL && c->req->in_len > 0 &&
	    c->why == QT_NET_REJECT_head_timeout) || c->state == QT__BODY) {
		c->state = QT__BUSY;
		c->deadline = NEVER;
		c->req->head_len = c->req->in_len;
		c->req->head.method = QT_NET_GET;
		qt_net_reply_reject(c->req, 408, QT_NET_REJECT_none);
		qt__conn_work(c);
		return;
	}
	qt__conn_close(c);
}
