/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Accepting connections, and refusing them. See conn_priv.h.
 *
 * Out of descriptors, a listening socket stays readable for ever and a naive
 * loop spins. A spare descriptor is kept: it is given up to accept the
 * connection, which is closed at once, so the client learns it; when even the
 * spare cannot be had back the listener rests for a moment.
 */

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <qt/base/sys.h>

#include "conn_priv.h"
#include "tls_priv.h"

#define ACCEPT_TURN	64	/* connections in one turn of the loop */
#define REST_MS		100

static void
addr_of_unix(int fd, struct qt_net_addr *out)
{
	struct ucred	cred;
	socklen_t	len = sizeof(cred);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) == 0)
		out->uid = cred.uid;
	else
		out->uid = (uint32_t)-1;
}

static void
addr_of(int fd, struct qt_net_addr *out)
{
	struct sockaddr_storage		 ss = { 0 };
	struct sockaddr_in6		*in6 = (void *)&ss;
	struct sockaddr_in		*in4 = (void *)&ss;
	socklen_t			 len = sizeof(ss);
	static const uint8_t		 mapped[12] = { [10] = 0xff, 0xff };

	memset(out, 0, sizeof(*out));
	if (getpeername(fd, (struct sockaddr *)&ss, &len) < 0)
		return;
	if (ss.ss_family == AF_UNIX) {
		addr_of_unix(fd, out);
	} else if (ss.ss_family == AF_INET) {
		out->family = 4;
		memcpy(out->b, &in4->sin_addr, 4);
		out->port = ntohs(in4->sin_port);
	} else if (ss.ss_family == AF_INET6) {
		const uint8_t	*b = in6->sin6_addr.s6_addr;

		out->port = ntohs(in6->sin6_port);
		out->family = memcmp(b, mapped, 12) == 0 ? 4 : 6;
		memcpy(out->b, out->family == 4 ? b + 12 : b,
		    out->family == 4 ? 4 : 16);
	}
}

int
qt_net_addr_is_local(const struct qt_net_addr *addr)
{
	static const uint8_t	loop6[16] = { [15] = 1 };

	if (addr->family == 4)
		return addr->b[0] == 127;
	if (addr->family == 6)
		return memcmp(addr->b, loop6, 16) == 0;
	return 1;
}

static void
rest(struct qt__listener *l)
{
	l->is_paused = 1;
	uv_poll_stop(&l->poll);
	qt__net_timer_at(l->server, qt__net_now(l->server) + REST_MS);
}

void
qt__net_accept_resume(struct qt_net_server *s)
{
	if (s->spare_fd < 0)
		s->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	for (struct qt__listener *l = s->listeners; l != NULL; l = l->next) {
		if (l->is_paused && l->fd >= 0) {
			l->is_paused = 0;
			uv_poll_start(&l->poll, UV_READABLE, qt__net_accept);
		}
	}
}

/* accept(2) failed with rc. 1 to go on at once. */
static int
accept_failed(struct qt__listener *l, int rc)
{
	struct qt_net_server	*s = l->server;
	int			 fd;

	if (rc == -EAGAIN)
		return 0;
	if (rc != -EMFILE && rc != -ENFILE) {
		/* ECONNABORTED and network errors: that one is gone. */
		if (rc == -ENOBUFS || rc == -ENOMEM || rc == -EINVAL ||
		    rc == -EBADF) {
			rest(l);
			return 0;
		}
		return 1;
	}
	qt__net_reject(s, QT_NET_REJECT_emfile);
	if (s->spare_fd >= 0) {
		close(s->spare_fd);
		fd = qt_sys_accept(l->fd);
		if (fd >= 0)
			close(fd);
		s->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
		if (s->spare_fd >= 0)
			return fd >= 0;
	}
	rest(l);
	return 0;
}

/* 0: it may stay, and *is_tracked says whether it was counted. */
static enum qt_net_reject
check_limits(struct qt_net_server *s, const struct qt_net_addr *addr,
    int *is_tracked)
{
	int	rc;

	*is_tracked = 0;
	if (s->nconns + s->nhandshakes >= s->conf.conns_max)
		return QT_NET_REJECT_conns_max;
	if (s->limit == NULL ||
	    (!s->conf.limit_local && qt_net_addr_is_local(addr)))
		return QT_NET_REJECT_none;
	rc = qt__net_limit_open(s->limit, addr, qt__net_now(s));
	if (rc < 0)
		return rc == -EAGAIN ? QT_NET_REJECT_accept_rate :
		    QT_NET_REJECT_addr_conns_max;
	*is_tracked = 1;
	return QT_NET_REJECT_none;
}

/*
 * Tells a refused client why, if the socket takes it at once. Nothing is read,
 * so the close may well reset the connection: that is the cheap way.
 */
static void
refuse(struct qt__listener *l, int fd, enum qt_net_reject why)
{
	static const char	text[] = "HTTP/1.1 503 Service Unavailable\r\n"
	    "Retry-After: 5\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

	qt__net_reject(l->server, why);
	if (l->tls == NULL)
		send(fd, text, sizeof(text) - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
	shutdown(fd, SHUT_WR);
	close(fd);
}

void
qt__net_accept(uv_poll_t *poll, int status, int events)
{
	struct qt__listener	*l = poll->data;
	struct qt_net_server	*s = l->server;
	struct qt_net_addr	 addr;
	enum qt_net_reject	 why;
	int			 fd, is_tracked;

	(void)status;
	(void)events;
	for (int i = 0; i < ACCEPT_TURN && l->fd >= 0; i++) {
		fd = qt_sys_accept(l->fd);
		if (fd < 0) {
			if (!accept_failed(l, fd))
				return;
			continue;
		}
		qt_net_count(&s->stats->accepted, 1);
		addr_of(fd, &addr);
		why = check_limits(s, &addr, &is_tracked);
		if (why != QT_NET_REJECT_none)
			refuse(l, fd, why);
		else if (l->tls != NULL)
			qt__net_tls_accept(s, l->tls, fd, &addr, is_tracked);
		else
			qt__net_conn_new(s, fd, &addr, 0, is_tracked);
	}
}
