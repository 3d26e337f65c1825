/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A TLS connection: the relay between its socket and a socket pair.
 *
 *	client <--net--> [ SSL ] <--pair--> connection (or lws, after upgrade)
 *		          in:  net -> SSL_read  -> pair
 *		          out: pair -> SSL_write -> net
 *
 * Each direction moves what it can through the server's scratch memory and
 * keeps at most one record's worth that the other side did not take; it reads
 * no more until that is gone. An idle connection keeps nothing. The end of
 * one side is passed on to the other when what came before it has been.
 */

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "tls_priv.h"

#define RECORD		16384	/* the most that one SSL_read gives */
#define TURNS		8	/* records moved before others have a turn */
#define END_MS		5000	/* for the last bytes, after the server's end */

struct side {
	uv_poll_t		 poll;
	struct qt__tls_conn	*tc;
	int			 fd;
	int			 events;
	int			 is_eof;	/* it will give no more */
	int			 is_shut;	/* was told that we end */
	struct qt_buf		 kept;		/* for it, not taken yet */
};

struct qt__tls_conn {
	struct qt__tls_conn	*prev, *next;
	struct qt_net_server	*server;
	SSL			*ssl;
	struct side		 net;
	struct side		 pair;
	struct qt__timer	 timer;
	struct qt_net_addr	 addr;
	int			 is_tracked;
	int			 is_ready;	/* the handshake is over */
	int			 is_closed;
	int			 write_wants;	/* event SSL_write waits for */
	int			 read_wants;
	int			 nhandles;
};

static void	on_poll(uv_poll_t *poll, int status, int events);

static void
side_closed(uv_handle_t *handle)
{
	struct side		*side = handle->data;
	struct qt__tls_conn	*tc = side->tc;
	struct qt_net_server	*s = tc->server;

	if (--tc->nhandles == 0) {
		SSL_free(tc->ssl);
		free(tc);
	}
	qt__net_server_handle_closed(s);
}

static void
side_close(struct side *side)
{
	qt_buf_clear(&side->kept);
	if (side->fd < 0)
		return;
	uv_close((uv_handle_t *)&side->poll, side_closed);
	close(side->fd);
	side->fd = -1;
}

static void
tls_close(struct qt__tls_conn *tc)
{
	struct qt_net_server	*s = tc->server;

	if (tc->is_closed)
		return;
	tc->is_closed = 1;
	qt__net_timer_del(s, &tc->timer);
	if (!tc->is_ready)
		s->nhandshakes--;
	if (tc->is_tracked)
		qt__net_limit_close(s->limit, &tc->addr);
	if (tc->prev != NULL)
		tc->prev->next = tc->next;
	else
		s->tls_conns = tc->next;
	if (tc->next != NULL)
		tc->next->prev = tc->prev;
	side_close(&tc->pair);
	side_close(&tc->net);
}

static void
expired(struct qt__timer *t)
{
	struct qt__tls_conn	*tc = qt_rb_entry(t, struct qt__tls_conn,
	    timer);

	if (!tc->is_ready) {
		qt__net_reject(tc->server, QT_NET_REJECT_head_timeout);
		qt_net_count(&tc->server->stats->tls_errors, 1);
	}
	tls_close(tc);
}

static int
side_open(struct qt__tls_conn *tc, struct side *side, int fd)
{
	int	rc;

	rc = uv_poll_init(tc->server->loop, &side->poll, fd);
	if (rc < 0)
		return rc;
	side->poll.data = side;
	side->tc = tc;
	side->fd = fd;
	tc->nhandles++;
	tc->server->nhandles++;
	return 0;
}

static void
arm(struct side *side, int events)
{
	if (side->fd < 0 || side->events == events)
		return;
	side->events = events;
	if (events == 0)
		uv_poll_stop(&side->poll);
	else
		uv_poll_start(&side->poll, events, on_poll);
}

/* The event that SSL waits for, 0 for its orderly end, or -1 when it failed. */
static int
ssl_wants(struct qt__tls_conn *tc, int rc)
{
	switch (SSL_get_error(tc->ssl, rc)) {
	case SSL_ERROR_WANT_READ:
		return UV_READABLE;
	case SSL_ERROR_WANT_WRITE:
		return UV_WRITABLE;
	case SSL_ERROR_ZERO_RETURN:
		return 0;
	default:
		ERR_clear_error();
		return -1;
	}
}

/* The handshake is done: a connection on the far end of a socket pair. */
static int
start(struct qt__tls_conn *tc)
{
	int	fds[2], rc;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0,
	    fds) < 0)
		return -errno;
	rc = side_open(tc, &tc->pair, fds[0]);
	if (rc < 0) {
		close(fds[0]);
		close(fds[1]);
		return rc;
	}
	tc->is_ready = 1;
	tc->server->nhandshakes--;
	qt__net_timer_set(tc->server, &tc->timer, QT__NEVER);
	qt_net_count(&tc->server->stats->tls_handshakes, 1);
	return qt_net_server_adopt(tc->server, fds[1], &tc->addr, 1);
}

/* 1 when done, 0 to wait, -1 when it failed. */
static int
handshake(struct qt__tls_conn *tc)
{
	int	rc, wants;

	ERR_clear_error();
	rc = SSL_accept(tc->ssl);
	if (rc == 1)
		return start(tc) < 0 ? -1 : 1;
	wants = ssl_wants(tc, rc);
	if (wants <= 0) {
		qt_net_count(&tc->server->stats->tls_errors, 1);
		return -1;
	}
	tc->read_wants = wants;
	return 0;
}

/* Writes to the pair; the bytes taken, 0 when full, -1. */
static ssize_t
pair_write(struct qt__tls_conn *tc, const void *p, size_t len)
{
	ssize_t	n = send(tc->pair.fd, p, len, MSG_NOSIGNAL);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	return n;
}

static ssize_t
net_write(struct qt__tls_conn *tc, const void *p, size_t len)
{
	int	rc, wants;

	ERR_clear_error();
	rc = SSL_write(tc->ssl, p, (int)len);
	if (rc > 0)
		return rc;
	wants = ssl_wants(tc, rc);
	if (wants <= 0)
		return -1;
	tc->write_wants = wants;
	return 0;
}

/* The count, 0 for its end (is_eof) or for nothing now, -1. */
static ssize_t
net_read(struct qt__tls_conn *tc, void *p, size_t size)
{
	int	rc, wants;

	ERR_clear_error();
	rc = SSL_read(tc->ssl, p, (int)size);
	if (rc > 0)
		return rc;
	wants = ssl_wants(tc, rc);
	tc->read_wants = wants > 0 ? wants : UV_READABLE;
	if (wants == 0)
		tc->net.is_eof = 1;
	return wants < 0 ? -1 : 0;
}

static ssize_t
pair_read(struct qt__tls_conn *tc, void *p, size_t size)
{
	ssize_t	n = recv(tc->pair.fd, p, size, 0);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n == 0)
		tc->pair.is_eof = 1;
	return n;
}

struct direction {
	struct side	*from, *to;
	ssize_t		(*read)(struct qt__tls_conn *, void *, size_t);
	ssize_t		(*write)(struct qt__tls_conn *, const void *, size_t);
};

/* What to did not take before. 0 when nothing of it is left, 1, or -1. */
static int
flush(struct qt__tls_conn *tc, const struct direction *d)
{
	struct qt_buf	*kept = &d->to->kept;
	ssize_t		 n;

	while (kept->len > 0) {
		n = d->write(tc, kept->data, kept->len);
		if (n <= 0)
			return n < 0 ? -1 : 1;
		qt_buf_drop(kept, (size_t)n);
	}
	qt_buf_clear(kept);
	return 0;
}

/* Moves bytes until one side waits. 0 or -1. */
static int
move(struct qt__tls_conn *tc, const struct direction *d)
{
	char	*p = tc->server->scratch;
	ssize_t	 n = 0, done;
	int	 rc;

	rc = flush(tc, d);
	for (int i = 0; rc == 0 && !d->from->is_eof; i++) {
		if (i >= TURNS && SSL_pending(tc->ssl) == 0)
			break;
		n = d->read(tc, p, RECORD);
		if (n <= 0)
			break;
		done = d->write(tc, p, (size_t)n);
		if (done < 0)
			return -1;
		if (done < n) {
			if (qt_buf_add(&d->to->kept, p + done,
			    (size_t)(n - done)) < 0)
				return -1;
			rc = flush(tc, d);
		}
	}
	return rc < 0 || n < 0 ? -1 : 0;
}

/* Passes ends on. 1 when both directions are over. */
static int
pass_ends(struct qt__tls_conn *tc)
{
	if (tc->net.is_eof && tc->pair.kept.len == 0 && !tc->pair.is_shut) {
		shutdown(tc->pair.fd, SHUT_WR);
		tc->pair.is_shut = 1;
	}
	if (tc->pair.is_eof && tc->net.kept.len == 0 && !tc->net.is_shut) {
		ERR_clear_error();
		SSL_shutdown(tc->ssl);
		shutdown(tc->net.fd, SHUT_WR);
		tc->net.is_shut = 1;
		qt__net_timer_set(tc->server, &tc->timer,
		    qt__net_now(tc->server) + END_MS);
	}
	return tc->pair.is_shut && tc->net.is_shut;
}

static void
watch(struct qt__tls_conn *tc)
{
	int	net = 0, pair = 0;

	if (!tc->is_ready) {
		arm(&tc->net, tc->read_wants);
		return;
	}
	if (tc->pair.kept.len > 0)
		pair |= UV_WRITABLE;
	else if (!tc->net.is_eof)
		net |= tc->read_wants;
	if (tc->net.kept.len > 0)
		net |= tc->write_wants;
	else if (!tc->pair.is_eof)
		pair |= UV_READABLE;
	arm(&tc->net, net);
	arm(&tc->pair, pair);
}

static void
on_poll(uv_poll_t *poll, int status, int events)
{
	struct side		*side = poll->data;
	struct qt__tls_conn	*tc = side->tc;
	const struct direction	 in = { &tc->net, &tc->pair, net_read,
	    pair_write };
	const struct direction	 out = { &tc->pair, &tc->net, pair_read,
	    net_write };

	(void)events;
	if (tc->is_closed)
		return;
	if (status < 0 || (!tc->is_ready && handshake(tc) < 0)) {
		tls_close(tc);
		return;
	}
	if (tc->is_ready && (move(tc, &in) < 0 || move(tc, &out) < 0 ||
	    pass_ends(tc))) {
		tls_close(tc);
		return;
	}
	watch(tc);
}

static int
tls_init(struct qt__tls_conn *tc, struct qt_net_tls *tls, int fd)
{
	tc->ssl = SSL_new(tls->ctx);
	if (tc->ssl == NULL || SSL_set_fd(tc->ssl, fd) != 1) {
		ERR_clear_error();
		return -ENOMEM;
	}
	return side_open(tc, &tc->net, fd);
}

void
qt__net_tls_accept(struct qt_net_server *s, struct qt_net_tls *tls, int fd,
    const struct qt_net_addr *addr, int is_tracked)
{
	struct qt__tls_conn	*tc = calloc(1, sizeof(*tc));

	if (tc == NULL)
		goto fail;
	tc->server = s;
	tc->addr = *addr;
	tc->pair.fd = tc->net.fd = -1;
	tc->is_tracked = is_tracked;
	tc->read_wants = UV_READABLE;
	tc->timer.expired = expired;
	if (tls_init(tc, tls, fd) < 0) {
		SSL_free(tc->ssl);
		free(tc);
		goto fail;
	}
	tc->next = s->tls_conns;
	if (s->tls_conns != NULL)
		s->tls_conns->prev = tc;
	s->tls_conns = tc;
	s->nhandshakes++;
	qt__net_timer_set(s, &tc->timer,
	    qt__net_now(s) + s->conf.head_timeout_ms);
	watch(tc);
	return;
fail:
	if (is_tracked)
		qt__net_limit_close(s->limit, addr);
	close(fd);
}

void
qt__net_tls_close_all(struct qt_net_server *s)
{
	while (s->tls_conns != NULL)
		tls_close(s->tls_conns);
}
