/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A tunnel: bytes between two sockets, both ways. See proxy_priv.h.
 *
 *	a --flow--> b	read, then write, through the loop's one scratch buffer
 *	a <--flow-- b
 *
 * What one side does not take is kept (at most one read of 64 KiB), and the
 * other is not read until it is gone. Terminal traffic is small and this is
 * the cheapest for it: splice(2) costs more than it saves below some tens of
 * kilobytes a call. A flow whose reads were large three times in a row gets a
 * pipe from the pool and is spliced; it gives it back when a read was small or
 * there is nothing more to read, so an idle tunnel holds no pipe and no buffer.
 *
 * EAGAIN from splice into a pipe may mean that the pipe is full or that the
 * socket is empty; the pipe is always emptied first, so it means the latter.
 * The end of one side is passed on by a half-close after what came before it.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "proxy_priv.h"

#define TURNS		4
#define LARGE		(32u << 10)
#define SMALL		4096
#define STREAK		3
#define PIPE_SIZE	(256u << 10)
#define PIPES_MAX	64	/* of one server; then flows are copied */

struct qt__pipe {
	struct qt__pipe	*next;
	int		 fds[2];
	size_t		 len;	/* bytes inside */
};

struct end {
	uv_poll_t		 poll;
	struct qt__tunnel	*t;
	int			 fd;
	int			 events;
	int			 is_eof;
	int			 is_shut;
	struct qt_buf		 kept;		/* for it, not taken yet */
	struct qt__pipe		*pipe;		/* for it, spliced */
	unsigned int		 streak;	/* of large reads for it */
};

struct qt__tunnel {
	struct qt__tunnel	*prev, *next;
	struct qt_net_server	*server;
	struct end		 ends[2];
	struct qt__timer	 timer;
	unsigned int		 idle_ms;
	unsigned int		 nhandles;
	int			 is_closed;
};

static void	on_poll(uv_poll_t *poll, int status, int events);

static void
pipe_free(struct qt_net_server *s, struct qt__pipe *p)
{
	close(p->fds[0]);
	close(p->fds[1]);
	free(p);
	s->npipes--;
}

static struct qt__pipe *
pipe_get(struct qt_net_server *s)
{
	struct qt__pipe	*p = s->free_pipes;

	if (p != NULL) {
		s->free_pipes = p->next;
		return p;
	}
	if (s->npipes >= PIPES_MAX || (p = calloc(1, sizeof(*p))) == NULL)
		return NULL;
	if (pipe2(p->fds, O_NONBLOCK | O_CLOEXEC) < 0) {
		free(p);
		return NULL;
	}
	/* Refused beyond the user's quota: then it has its 64 KiB. */
	fcntl(p->fds[1], F_SETPIPE_SZ, PIPE_SIZE);
	s->npipes++;
	return p;
}

static void
pipe_put(struct qt_net_server *s, struct end *to)
{
	struct qt__pipe	*p = to->pipe;

	to->pipe = NULL;
	if (p == NULL)
		return;
	if (p->len > 0) {	/* of a tunnel that was cut */
		pipe_free(s, p);
		return;
	}
	p->next = s->free_pipes;
	s->free_pipes = p;
}

static void
end_closed(uv_handle_t *handle)
{
	struct end		*e = handle->data;
	struct qt__tunnel	*t = e->t;
	struct qt_net_server	*s = t->server;

	if (--t->nhandles == 0)
		free(t);
	qt__net_server_handle_closed(s);
}

static void
tunnel_close(struct qt__tunnel *t)
{
	struct qt_net_server	*s = t->server;

	if (t->is_closed)
		return;
	t->is_closed = 1;
	qt__net_timer_del(s, &t->timer);
	if (t->prev != NULL)
		t->prev->next = t->next;
	else
		s->tunnels = t->next;
	if (t->next != NULL)
		t->next->prev = t->prev;
	for (int i = 0; i < 2; i++) {
		qt_buf_clear(&t->ends[i].kept);
		pipe_put(s, &t->ends[i]);
		uv_close((uv_handle_t *)&t->ends[i].poll, end_closed);
		close(t->ends[i].fd);
	}
}

static void
expired(struct qt__timer *timer)
{
	tunnel_close(qt_rb_entry(timer, struct qt__tunnel, timer));
}

/* Writes what is kept for it. 1 when it takes no more now, 0, or -1. */
static int
flush_kept(struct end *to)
{
	ssize_t	n;

	if (to->kept.len == 0)
		return 0;
	n = send(to->fd, to->kept.data, to->kept.len, MSG_NOSIGNAL);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 1 : -1;
	qt_buf_drop(&to->kept, (size_t)n);
	if (to->kept.len > 0)
		return 1;
	qt_buf_clear(&to->kept);
	return 0;
}

static int
flush_pipe(struct qt_net_server *s, struct end *to)
{
	struct qt__pipe	*p = to->pipe;
	ssize_t		 n;

	while (p != NULL && p->len > 0) {
		n = splice(p->fds[0], NULL, to->fd, NULL, p->len,
		    SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
		if (n < 0)
			return errno == EAGAIN || errno == EINTR ? 1 : -1;
		p->len -= (size_t)n;
		qt_net_count(&s->stats->spliced, (uint64_t)n);
		qt_net_count(&s->stats->bytes_out, (uint64_t)n);
	}
	return 0;
}

/* One read for to. The count, 0 for nothing now (or is_eof), -1. */
static ssize_t
read_once(struct qt_net_server *s, struct end *from, struct end *to)
{
	ssize_t	n, sent;

	if (to->pipe != NULL)
		n = splice(from->fd, NULL, to->pipe->fds[1], NULL, PIPE_SIZE,
		    SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
	else
		n = recv(from->fd, s->scratch, QT__SCRATCH_SIZE, 0);
	if (n == 0)
		from->is_eof = 1;
	if (n <= 0)
		return n == 0 || errno == EAGAIN || errno == EINTR ? 0 : -1;
	qt_net_count(&s->stats->bytes_in, (uint64_t)n);
	if (to->pipe != NULL) {
		to->pipe->len += (size_t)n;
		return n;
	}
	sent = send(to->fd, s->scratch, (size_t)n, MSG_NOSIGNAL);
	if (sent < 0 && errno != EAGAIN && errno != EINTR)
		return -1;
	if (sent < 0)
		sent = 0;
	qt_net_count(&s->stats->bytes_out, (uint64_t)sent);
	if (sent < n && qt_buf_add(&to->kept, s->scratch + sent,
	    (size_t)(n - sent)) < 0)
		return -1;
	return n;
}

/* Should the next read for it be spliced? */
static void
choose(struct qt_net_server *s, struct end *to, size_t n)
{
	if (n >= LARGE)
		to->streak++;
	else if (n < SMALL)
		to->streak = 0;
	if (to->streak >= STREAK && to->pipe == NULL && to->kept.len == 0)
		to->pipe = pipe_get(s);
}

/* Moves what can be moved one way. 0 or -1. */
static int
flow(struct qt_net_server *s, struct end *from, struct end *to)
{
	ssize_t	n;
	int	rc;

	for (int i = 0; i <= TURNS; i++) {
		rc = flush_kept(to);
		if (rc == 0)
			rc = flush_pipe(s, to);
		if (rc != 0)
			return rc < 0 ? -1 : 0;
		if (i == TURNS || from->is_eof)
			break;
		n = read_once(s, from, to);
		if (n < 0)
			return -1;
		if (n == 0)
			break;
		choose(s, to, (size_t)n);
	}
	/* Nothing is in flight: the pipe is of more use to others. */
	if (to->pipe != NULL && to->pipe->len == 0)
		pipe_put(s, to);
	if (from->is_eof && !to->is_shut) {
		shutdown(to->fd, SHUT_WR);
		to->is_shut = 1;
	}
	return 0;
}

static int
is_blocked(const struct end *to)
{
	return to->kept.len > 0 || (to->pipe != NULL && to->pipe->len > 0);
}

static void
watch(struct end *e, const struct end *other)
{
	int	events = 0;

	if (is_blocked(e))
		events |= UV_WRITABLE;
	if (!e->is_eof && !is_blocked(other))
		events |= UV_READABLE;
	if (events == e->events)
		return;
	e->events = events;
	if (events == 0)
		uv_poll_stop(&e->poll);
	else
		uv_poll_start(&e->poll, events, on_poll);
}

static void
work(struct qt__tunnel *t)
{
	struct end	*a = &t->ends[0], *b = &t->ends[1];

	if (flow(t->server, a, b) < 0 || flow(t->server, b, a) < 0 ||
	    (a->is_shut && b->is_shut)) {
		tunnel_close(t);
		return;
	}
	if (t->idle_ms > 0)
		qt__net_timer_set(t->server, &t->timer,
		    qt__net_now(t->server) + t->idle_ms);
	watch(a, b);
	watch(b, a);
}

static void
on_poll(uv_poll_t *poll, int status, int events)
{
	struct end	*e = poll->data;

	(void)events;
	if (e->t->is_closed)
		return;
	if (status < 0)
		tunnel_close(e->t);
	else
		work(e->t);
}

static int
end_open(struct qt__tunnel *t, struct end *e, int fd, struct qt_buf *kept)
{
	int	rc;

	e->t = t;
	e->fd = fd;
	e->poll.data = e;
	rc = uv_poll_init(t->server->loop, &e->poll, fd);
	if (rc < 0)
		return rc;
	e->poll.data = e;
	e->kept = *kept;
	*kept = (struct qt_buf)QT_BUF_INIT;
	t->nhandles++;
	t->server->nhandles++;
	return 0;
}

int
qt__net_tunnel(struct qt_net_server *s, int a, int b, struct qt_buf *to_a,
    struct qt_buf *to_b, unsigned int idle_timeout_ms)
{
	struct qt__tunnel	*t = calloc(1, sizeof(*t));
	int			 rc = -ENOMEM;

	if (t == NULL)
		goto err;
	t->server = s;
	t->idle_ms = idle_timeout_ms;
	t->timer.expired = expired;
	rc = end_open(t, &t->ends[0], a, to_a);
	if (rc < 0)
		goto err_after_new;
	rc = end_open(t, &t->ends[1], b, to_b);
	if (rc < 0)
		goto err_after_a;
	t->next = s->tunnels;
	if (s->tunnels != NULL)
		s->tunnels->prev = t;
	s->tunnels = t;
	qt_net_count(&s->stats->tunnels, 1);
	work(t);
	return 0;
err_after_a:
	qt_buf_clear(&t->ends[0].kept);
	uv_close((uv_handle_t *)&t->ends[0].poll, end_closed);
	t = NULL;		/* end_closed frees it */
err_after_new:
	free(t);
err:
	close(a);
	close(b);
	return rc;
}

void
qt__net_tunnel_close_all(struct qt_net_server *s)
{
	struct qt__pipe	*p;

	while (s->tunnels != NULL)
		tunnel_close(s->tunnels);
	while ((p = s->free_pipes) != NULL) {
		s->free_pipes = p->next;
		pipe_free(s, p);
	}
}
