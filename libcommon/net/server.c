/* SPDX-License-Identifier: Apache-2.0 */
/* A server's life and its listeners. See <qt/net/server.h>. */

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "conn_priv.h"
#include "proxy_priv.h"
#include "tls_priv.h"

static int
copy_conf(struct qt_net_server *s, const struct qt_net_conf *conf,
    struct qt_err *err)
{
	s->conf = *conf;
	s->headers = strdup(conf->headers != NULL ? conf->headers :
	    QT_NET_HEADERS_DEFAULT);
	if (s->headers == NULL)
		return -ENOMEM;
	s->headers_len = strlen(s->headers);
	if (s->headers_len > QT__HEADERS_MAX || (s->headers_len > 0 &&
	    (s->headers_len < 2 ||
	    strcmp(s->headers + s->headers_len - 2, "\r\n") != 0))) {
		qt_err_set(err, "header lines of the server");
		return -EINVAL;
	}
	s->stats = conf->stats != NULL ? conf->stats : &s->own_stats;
	/* Gauges of a writer that was here before us, and died. */
	atomic_store_explicit(&s->stats->conns, 0, memory_order_relaxed);
	atomic_store_explicit(&s->stats->static_bytes, 0,
	    memory_order_relaxed);
	return 0;
}

static void
server_release(struct qt_net_server *s)
{
	struct qt_net_req	*req;

	while ((req = s->free_reqs) != NULL) {
		s->free_reqs = req->next;
		free(req);
	}
	for (size_t i = 0; i < s->nroutes; i++)
		free((void *)s->routes[i].path);
	qt__net_limit_free(s->limit);
	if (s->spare_fd >= 0)
		close(s->spare_fd);
	free(s->headers);
	free(s);
}

/*
 * sendfile(2), splice(2) and OpenSSL know no MSG_NOSIGNAL. A program that has
 * a handler of its own keeps it.
 */
static void
ignore_sigpipe(void)
{
	struct sigaction	sa;

	if (sigaction(SIGPIPE, NULL, &sa) == 0 && sa.sa_handler == SIG_DFL) {
		sa.sa_handler = SIG_IGN;
		sigaction(SIGPIPE, &sa, NULL);
	}
}

int
qt_net_server_new(uv_loop_t *loop, const struct qt_net_conf *conf,
    struct qt_net_server **out, struct qt_err *err)
{
	struct qt_net_server	*s;
	int			 rc;

	*out = NULL;
	s = calloc(1, sizeof(*s));
	if (s == NULL)
		return -ENOMEM;
	s->loop = loop;
	s->spare_fd = -1;
	rc = copy_conf(s, conf, err);
	if (rc == 0 && (conf->accept_rate > 0 || conf->addr_conns_max > 0))
		rc = qt__net_limit_new(conf->accept_rate, conf->accept_burst,
		    conf->addr_conns_max, &s->limit);
	if (rc < 0) {
		server_release(s);
		return rc;
	}
	ignore_sigpipe();
	s->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	qt__net_timer_init(s);
	s->nhandles = 1;
	*out = s;
	return 0;
}

uv_loop_t *
qt_net_server_loop(const struct qt_net_server *s)
{
	return s->loop;
}

struct qt_net_stats *
qt_net_server_stats(struct qt_net_server *s)
{
	return s->stats;
}

/* Everything is closed: the last handle's callback lets the server go. */
void
qt__net_server_handle_closed(struct qt_net_server *s)
{
	void	(*done)(void *arg) = s->done;
	void	*arg = s->done_arg;

	if (--s->nhandles > 0)
		return;
	server_release(s);
	if (done != NULL)
		done(arg);
}

static void
listener_closed(uv_handle_t *handle)
{
	struct qt__listener	*l = handle->data;
	struct qt_net_server	*s = l->server;

	free(l);
	qt__net_server_handle_closed(s);
}

static void
close_listeners(struct qt_net_server *s)
{
	struct qt__listener	*l;

	while ((l = s->listeners) != NULL) {
		s->listeners = l->next;
		uv_close((uv_handle_t *)&l->poll, listener_closed);
		close(l->fd);
		l->fd = -1;
	}
}

void
qt_net_server_stop(struct qt_net_server *s)
{
	struct qt__conn	*c, *next;

	s->is_stopping = 1;
	close_listeners(s);
	for (c = s->conns; c != NULL; c = next) {
		next = c->next;
		if (c->req == NULL && c->state == QT__HEAD)
			qt__net_conn_close(c);
	}
}

static void
timer_closed(uv_handle_t *handle)
{
	qt__net_server_handle_closed(handle->data);
}

void
qt_net_server_free(struct qt_net_server *s, void (*done)(void *arg), void *arg)
{
	if (s == NULL)
		return;
	s->is_stopping = 1;
	s->is_freeing = 1;
	s->done = done;
	s->done_arg = arg;
	close_listeners(s);
	/* A gone callback may close others: begin again each time. */
	while (s->conns != NULL)
		qt__net_conn_close(s->conns);
	qt__net_tls_close_all(s);
	qt__net_tunnel_close_all(s);
	uv_close((uv_handle_t *)&s->timer, timer_closed);
}

int
qt_net_server_listen_tls(struct qt_net_server *s, int fd,
    struct qt_net_tls *tls, struct qt_err *err)
{
	struct qt__listener	*l;
	int			 one = 1, rc = -ENOMEM;

	l = calloc(1, sizeof(*l));
	if (l != NULL)
		rc = uv_poll_init(s->loop, &l->poll, fd);
	if (rc < 0) {
		qt_err_set(err, "listen");
		free(l);
		close(fd);
		return rc;
	}
	/* Accepted sockets inherit it; it fails on a Unix socket, rightly. */
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	l->poll.data = l;
	l->server = s;
	l->tls = tls;
	l->fd = fd;
	l->next = s->listeners;
	s->listeners = l;
	s->nhandles++;
	uv_poll_start(&l->poll, UV_READABLE, qt__net_accept);
	return 0;
}

int
qt_net_server_listen(struct qt_net_server *s, int fd, struct qt_err *err)
{
	return qt_net_server_listen_tls(s, fd, NULL, err);
}

int
qt_net_server_adopt(struct qt_net_server *s, int fd,
    const struct qt_net_addr *addr, int is_secure)
{
	if (s->nconns >= s->conf.conns_max) {
		qt__net_reject(s, QT_NET_REJECT_conns_max);
		close(fd);
		return -QT_EFULL;
	}
	return qt__net_conn_new(s, fd, addr, is_secure, 0);
}
