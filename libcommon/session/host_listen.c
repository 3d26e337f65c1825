/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The control socket: who may come, and what becomes of the rest.
 *
 * A listening socket stays readable while nobody can be accepted, so a naive
 * loop would spin. One descriptor is kept to answer those who come when there
 * are no others; when even that cannot be had, or accept(2) fails for another
 * reason that lasts, the socket rests for a moment and they wait in its queue.
 */

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <qt/base/log.h>
#include <qt/base/sys.h>

#include "host_priv.h"

#define ACCEPTS	32	/* a loop turn */
#define REST_MS	100

/* Ours or root's: nobody else is spoken to. */
static int
is_peer_trusted(int fd)
{
	struct ucred	peer;
	socklen_t	len = sizeof(peer);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0)
		return 0;
	if (peer.uid == geteuid() || peer.uid == 0)
		return 1;
	qt_log(QT_LOG_WARN, QT__MODULE, "connection of user %u (process %d) "
	    "refused", (unsigned int)peer.uid, (int)peer.pid);
	return 0;
}

/*
 * One packet that says why, then the end. Data that we had not read would
 * reset the connection and take that packet with it.
 */
static void
refuse(int fd, int code, const char *text)
{
	struct qt_buf	buf = QT_BUF_INIT, body = QT_BUF_INIT;
	int32_t		c = code;
	char		drop[256];

	if (qt_buf_add(&body, &c, sizeof(c)) == 0 &&
	    qt_buf_add(&body, text, strlen(text)) == 0 &&
	    qt_control_pack(&buf, QT_MSG_ERROR, 0, 0, body.data,
	    body.len) == 0)
		(void)qt_sys_send_fds(fd, buf.data, buf.len, NULL, 0,
		    MSG_DONTWAIT);
	qt_buf_clear(&body);
	qt_buf_clear(&buf);
	(void)shutdown(fd, SHUT_RD);
	while (recv(fd, drop, sizeof(drop), MSG_DONTWAIT) > 0)
		;
	close(fd);
}

static void	on_connection(uv_poll_t *poll, int status, int events);

static int
open_reserve(void)
{
	return qt_sys_open(AT_FDCWD, "/dev/null", O_RDONLY, 0);
}

/* 1 when somebody was answered by it, and it is there for the next. */
static int
refuse_by_reserve(struct qt__host *h)
{
	int	fd;

	if (h->reserve_fd < 0)
		return 0;
	close(h->reserve_fd);
	fd = qt_sys_accept(h->listen_fd);
	if (fd >= 0)
		refuse(fd, -EMFILE, QT__FILES_TEXT);
	h->reserve_fd = open_reserve();
	return fd >= 0 && h->reserve_fd >= 0;
}

static void
on_rested(uv_timer_t *timer)
{
	struct qt__host	*h = timer->data;

	if (h->reserve_fd < 0)
		h->reserve_fd = open_reserve();
	(void)uv_poll_start(&h->listen, UV_READABLE, on_connection);
}

/* accept(2) said rc. 1 to go on at once. */
static int
accept_failed(struct qt__host *h, int rc)
{
	switch (rc) {
	case -EAGAIN:
		return 0;
	case -ECONNABORTED:	/* that one is gone already */
	case -EINTR:
		return 1;
	case -EMFILE:
	case -ENFILE:
		if (refuse_by_reserve(h))
			return 1;
		break;
	}
	(void)uv_poll_stop(&h->listen);
	(void)uv_timer_start(&h->listen_timer, on_rested, REST_MS, 0);
	return 0;
}

static void
on_connection(uv_poll_t *poll, int status, int events)
{
	struct qt__host	*h = poll->data;
	struct qt_err	 err = QT_ERR_INIT;
	int		 fd;

	(void)events;
	for (int i = 0; status == 0 && i < ACCEPTS; i++) {
		fd = qt_sys_accept(h->listen_fd);
		if (fd < 0) {
			if (!accept_failed(h, fd))
				return;
		} else if (!is_peer_trusted(fd)) {
			refuse(fd, -EPERM, "this session host serves another "
			    "user");
		} else if (h->conn_count >= h->opt.connections) {
			refuse(fd, -QT_EFULL, "the session host has as many "
			    "connections as host.connections allows");
		} else if (qt__conn_add(h, fd, ++h->conn_last, &err) == NULL) {
			refuse(fd, -ENOMEM, err.text);
		}
	}
}

void
qt__conn_pause(struct qt__host *h)
{
	on_connection(&h->listen, 0, UV_READABLE);
	(void)uv_poll_stop(&h->listen);
}

void
qt__conn_resume(struct qt__host *h)
{
	(void)uv_poll_start(&h->listen, UV_READABLE, on_connection);
}

int
qt__conn_listen(struct qt__host *h)
{
	int	rc = uv_poll_init(&h->loop, &h->listen, h->listen_fd);

	h->listen.data = h;
	h->reserve_fd = open_reserve();
	return rc < 0 ? rc :
	    uv_poll_start(&h->listen, UV_READABLE, on_connection);
}
