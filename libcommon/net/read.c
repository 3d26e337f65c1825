/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a connection's socket has for us: events and reading. See conn_priv.h.
 * One read an event: libuv's polls are level-triggered, so a connection with
 * more to say comes round again after the others.
 */

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

#include "conn_priv.h"

#define LINGER_MAX	(256u << 10)
#define BODY_STEP	(64u << 10)

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
		qt__net_conn_close(c);
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
		c->req = req = qt__net_req_new(c);
	if (req == NULL) {
		qt__net_reject(c->server, QT_NET_REJECT_busy);
		qt__net_conn_close(c);
		return;
	}
	n = receive(c, req->in + req->in_len, sizeof(req->in) - req->in_len);
	if (n < 0)
		return;
	req->in_len += (size_t)n;
	qt__net_conn_work(c);
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
	qt__net_conn_watch_sender(c);
	if (c->state == QT__BUSY) {
		req->data(req, c->server->scratch, (size_t)n, req->data_arg);
	} else if (qt_buf_add(&req->body, c->server->scratch, (size_t)n) < 0) {
		c->state = QT__BUSY;
		qt_net_reply_reject(req, 503, QT_NET_REJECT_busy);
	}
	qt__net_conn_work(c);
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
		qt__net_conn_close(c);
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
		qt__net_conn_close(c);
		return;
	}
	qt__net_conn_arm(c, c->events & ~UV_DISCONNECT);
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
		if (qt__net_conn_wants_body(c))
			read_body(c);
		else
			qt__net_conn_arm(c, (c->events & ~UV_READABLE) |
			    (c->is_half ? 0 : UV_DISCONNECT));
		break;
	case QT__LINGER:
		drain_input(c);
		break;
	case QT__CLOSED:
		break;
	}
}

static void
drained(struct qt__conn *c)
{
	struct qt_net_req	*req = c->req;

	if (req != NULL && !req->is_ended) {
		c->timer.deadline = QT__NEVER;
		if (req->is_high && req->drain != NULL) {
			req->is_high = 0;
			req->drain(req, req->drain_arg);
		}
	}
	qt__net_conn_work(c);
}

void
qt__net_read_on_poll(uv_poll_t *poll, int status, int events)
{
	struct qt__conn	*c = (struct qt__conn *)poll;

	if (status < 0 || c->is_broken) {
		qt__net_conn_close(c);
		return;
	}
	if ((events & UV_WRITABLE) != 0 && !qt__net_out_is_empty(&c->out)) {
		if (qt__net_out_flush(c) < 0) {
			qt__net_conn_close(c);
			return;
		}
		if (qt__net_out_is_empty(&c->out))
			drained(c);
	}
	if ((events & UV_DISCONNECT) != 0 && c->state != QT__CLOSED)
		disconnected(c);
	if ((events & UV_READABLE) != 0 && c->state != QT__CLOSED &&
	    (c->events & UV_READABLE) != 0)
		readable(c);
}
