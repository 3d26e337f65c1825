/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A connection: the states of a request. See conn_priv.h.
 *
 * qt__net_conn_work() moves a connection on as far as the bytes that are there
 * allow, in a loop instead of by recursion: a handler that answers at once
 * only marks the answer as ended, and the loop goes on with the next request
 * of the pipeline. What is watched on the socket is decided in one place,
 * update(), when the work is done.
 */

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "conn_priv.h"

#define LINGER_MS	2000
#define BODY_GRACE_MS	5000

static void	expired(struct qt__timer *t);

void
qt__net_conn_arm(struct qt__conn *c, int events)
{
	if (c->state == QT__CLOSED || c->events == events)
		return;
	c->events = events;
	if (events == 0)
		uv_poll_stop(&c->poll);
	else
		uv_poll_start(&c->poll, events, qt__net_read_on_poll);
}

void
qt__net_conn_deadline(struct qt__conn *c, uint64_t at_ms,
    enum qt_net_reject why)
{
	c->why = why;
	qt__net_timer_set(c->server, &c->timer, at_ms);
}

int
qt__net_conn_new(struct qt_net_server *s, int fd,
    const struct qt_net_addr *addr,
    int is_secure, int is_tracked)
{
	struct qt__conn	*c;
	int		 rc = -ENOMEM;

	c = calloc(1, sizeof(*c));
	if (c != NULL)
		rc = uv_poll_init(s->loop, &c->poll, fd);
	if (rc < 0) {
		if (is_tracked)
			qt__net_limit_close(s->limit, addr);
		free(c);
		close(fd);
		return rc;
	}
	c->server = s;
	c->fd = fd;
	c->addr = *addr;
	c->timer.expired = expired;
	c->is_secure = is_secure != 0;
	c->is_tracked = is_tracked != 0;
	c->next = s->conns;
	if (s->conns != NULL)
		s->conns->prev = c;
	s->conns = c;
	s->nconns++;
	s->nhandles++;
	qt_net_count(&s->stats->conns, 1);
	qt__net_conn_deadline(c, qt__net_now(s) + s->conf.head_timeout_ms,
	    QT_NET_REJECT_head_timeout);
	qt__net_conn_arm(c, UV_READABLE);
	return 0;
}

static void
on_closed(uv_handle_t *handle)
{
	struct qt__conn		*c = (struct qt__conn *)(void *)handle;
	struct qt_net_server	*s = c->server;

	qt__net_req_free(s, c->req);
	free(c);
	qt__net_server_handle_closed(s);
}

void
qt__net_conn_close(struct qt__conn *c)
{
	struct qt_net_server	*s = c->server;
	struct qt_net_req	*req = c->req;

	if (c->state == QT__CLOSED)
		return;
	c->state = QT__CLOSED;
	qt__net_timer_del(s, &c->timer);
	qt__net_out_clear(&c->out);
	uv_close((uv_handle_t *)&c->poll, on_closed);
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
	if (c->is_tracked)
		qt__net_limit_close(s->limit, &c->addr);
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

/* Half-closes, and reads on for a moment so that the answer is not lost. */
static void
linger(struct qt__conn *c)
{
	if (c->state == QT__CLOSED)
		return;
	shutdown(c->fd, SHUT_WR);
	qt__net_req_free(c->server, c->req);
	c->req = NULL;
	c->state = QT__LINGER;
	c->drained = 0;
	qt__net_conn_deadline(c, qt__net_now(c->server) + LINGER_MS,
	    QT_NET_REJECT_none);
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
		qt__net_req_next(req);
		c->state = QT__HEAD;
		return;
	}
	req->status = 0;
	if (has_rest || req->is_linger)
		linger(c);
	else
		qt__net_conn_close(c);
}

/* Nothing is being asked: give the buffer back and wait. */
static void
go_idle(struct qt__conn *c)
{
	struct qt_net_server	*s = c->server;

	qt__net_req_free(s, c->req);
	c->req = NULL;
	if (s->is_stopping)
		qt__net_conn_close(c);
	else if (c->is_used)
		qt__net_conn_deadline(c,
		    qt__net_now(s) + s->conf.idle_timeout_ms,
		    QT_NET_REJECT_idle_timeout);
}

/*
 * A body that is collected here may pause, but its average may not fall below
 * the least rate; one that is streamed has to go on within the time that
 * a reader has, too, while somebody takes it.
 */
void
qt__net_conn_watch_sender(struct qt__conn *c)
{
	const struct qt_net_conf	*conf = &c->server->conf;
	const struct qt_net_req		*req = c->req;
	uint64_t			 rate = conf->body_rate_min, got;

	if (c->state == QT__BUSY && !req->is_paused) {
		qt__net_conn_deadline(c,
		    qt__net_now(c->server) + conf->write_timeout_ms,
		    QT_NET_REJECT_body_slow);
	} else if (c->state == QT__BODY && rate > 0) {
		got = (uint64_t)(req->head.content_length - req->body_left);
		qt__net_conn_deadline(c, c->body_since_ms + BODY_GRACE_MS +
		    got * 1000 / rate, QT_NET_REJECT_body_slow);
	} else {
		c->timer.deadline = QT__NEVER;
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
			qt__net_conn_deadline(c,
			    qt__net_now(s) + s->conf.head_timeout_ms,
			    QT_NET_REJECT_head_timeout);
		req->head_seen = req->in_len;
		return 0;
	}
	c->is_used = 1;
	c->state = QT__BUSY;
	c->timer.deadline = QT__NEVER;
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
	qt__net_route(req);
	if (req->body_left > 0 && !req->is_ended && c->state != QT__CLOSED) {
		c->body_since_ms = qt__net_now(s);
		qt__net_conn_watch_sender(c);
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
	c->timer.deadline = QT__NEVER;
	qt__net_route_call(req);
	return 1;
}

static int
step_busy(struct qt__conn *c)
{
	struct qt_net_req	*req = c->req;
	struct qt_net_str	 part;

	if (req->is_ended) {
		if (!qt__net_out_is_empty(&c->out))
			return 0;
		finish(c);
		return 1;
	}
	if (req->data == NULL || req->is_paused || req->is_body_done)
		return 0;
	if (req->body_left == 0) {
		req->is_body_done = 1;
		c->timer.deadline = QT__NEVER;
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
	if (c->req == NULL || c->is_broken)
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

int
qt__net_conn_wants_body(const struct qt__conn *c)
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

	if (!qt__net_out_is_empty(&c->out))
		want |= UV_WRITABLE;
	else if (c->state != QT__BUSY)
		want |= UV_READABLE;
	if (qt__net_conn_wants_body(c))
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
	qt__net_conn_arm(c, want);
}

void
qt__net_conn_work(struct qt__conn *c)
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

static void
expired(struct qt__timer *t)
{
	struct qt__conn	*c = qt_rb_entry(t, struct qt__conn, timer);

	if (c->why != QT_NET_REJECT_none)
		qt__net_reject(c->server, c->why);
	if ((c->state == QT__HEAD && c->req != NULL && c->req->in_len > 0 &&
	    c->why == QT_NET_REJECT_head_timeout) || c->state == QT__BODY) {
		c->state = QT__BUSY;
		c->timer.deadline = QT__NEVER;
		c->req->head_len = c->req->in_len;
		c->req->head.method = QT_NET_GET;
		qt_net_reply_reject(c->req, 408, QT_NET_REJECT_none);
		qt__net_conn_work(c);
		return;
	}
	qt__net_conn_close(c);
}
