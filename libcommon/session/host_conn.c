/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Control connections: receiving and sending packets. Nothing here waits: a
 * peer whose socket is full is closed.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <qt/base/log.h>
#include <qt/base/sys.h>

#include "host_priv.h"

#define MESSAGES	64	/* of one connection, a loop turn */
#define CONN_SLOTS_MIN	64

/* The body of ERROR. */
struct refusal {
	int32_t	code;
	char	text[sizeof(((struct qt_err *)0)->text)];
};

struct qt__conn *
qt__conn_get(struct qt__host *h, uint32_t id)
{
	for (uint32_t i = 0; id != 0 && i < h->conn_slots; i++) {
		if (h->conns[i] != NULL && h->conns[i]->id == id)
			return h->conns[i];
	}
	return NULL;
}

static void
on_closed(uv_handle_t *handle)
{
	struct qt__conn	*c = (struct qt__conn *)(void *)handle;

	if (c->fd >= 0)
		close(c->fd);
	if (c->bell_fd >= 0)
		close(c->bell_fd);
	if (c->event_fd >= 0)
		close(c->event_fd);
	if (c->bell != NULL)
		(void)munmap(c->bell, c->bell_slots * sizeof(*c->bell));
	free(c->attach);
	free(c);
}

/*
 * May be called while a message of this connection is being handled: it is
 * freed when the loop gets round to it.
 */
void
qt__conn_close(struct qt__conn *c)
{
	struct qt__host	*h = c->host;

	if (c->is_closed)
		return;
	c->is_closed = 1;
	for (uint32_t i = 0; c->attach != NULL && i < c->bell_slots; i++) {
		if (c->attach[i] != NULL)
			qt__attach_end(c->attach[i], 0);
	}
	h->conns[c->index] = NULL;
	h->conn_count--;
	qt__bound_end(c);
	if (h->stop_conn == c)
		h->stop_conn = NULL;
	uv_close((uv_handle_t *)&c->poll, on_closed);
}

void
qt__conn_send_fds(struct qt__conn *c, enum qt_control_type type, uint32_t tag,
    const void *body, size_t len, const int *fds, size_t nfds)
{
	struct qt__host	*h = c->host;
	ssize_t		 n;

	if (c->is_closed)
		return;
	qt_buf_reset(&h->out);
	n = qt_control_pack(&h->out, type, tag, 0, body, len);
	if (n == 0)
		n = qt_sys_send_fds(c->fd, h->out.data, h->out.len, fds, nfds,
		    MSG_DONTWAIT);
	if (n >= 0)
		return;
	if (n != -EPIPE && n != -ECONNRESET)
		qt_log(QT_LOG_WARN, QT__MODULE, "connection %u does not take "
		    "its answer: closed: %s", c->id, qt_strerror((int)n));
	qt__conn_close(c);
}

void
qt__conn_send(struct qt__conn *c, enum qt_control_type type, uint32_t tag,
    const void *body, size_t len)
{
	qt__conn_send_fds(c, type, tag, body, len, NULL, 0);
}

void
qt__conn_ok(struct qt__conn *c, uint32_t tag)
{
	qt__conn_send(c, QT_MSG_OK, tag, NULL, 0);
}

void
qt__conn_error(struct qt__conn *c, uint32_t tag, int code, const char *fmt,
    ...)
{
	struct refusal	e = { .code = code };
	va_list	ap;

	va_start(ap, fmt);
	vsnprintf(e.text, sizeof(e.text), fmt, ap);
	va_end(ap);
	qt__conn_send(c, QT_MSG_ERROR, tag, &e,
	    offsetof(struct refusal, text) + strlen(e.text));
}

static void
on_packet(uv_poll_t *poll, int status, int events)
{
	struct qt__conn	*c = (struct qt__conn *)(void *)poll;
	struct qt__host	*h = c->host;
	ssize_t		 n;

	(void)events;
	if (status < 0) {
		qt__conn_close(c);
		return;
	}
	for (int i = 0; i < MESSAGES && !c->is_closed; i++) {
		n = recv(c->fd, h->packet, QT_CONTROL_SIZE_MAX,
		    MSG_DONTWAIT | MSG_TRUNC);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n <= 0) {
			qt__conn_close(c);
			return;
		}
		if ((size_t)n > QT_CONTROL_SIZE_MAX) {
			qt_log(QT_LOG_WARN, QT__MODULE,
			    "connection %u sent %zd bytes at once: closed",
			    c->id, n);
			qt__conn_close(c);
			return;
		}
		qt__host_message(c, h->packet, (size_t)n);
	}
}

static int
find_index(struct qt__host *h, uint32_t *out)
{
	struct qt__conn	**conns;
	uint32_t	  size;

	for (*out = 0; *out < h->conn_slots; ++*out) {
		if (h->conns[*out] == NULL)
			return 0;
	}
	size = h->conn_slots > 0 ? 2 * h->conn_slots : CONN_SLOTS_MIN;
	conns = reallocarray(h->conns, size, sizeof(struct qt__conn *));
	if (conns == NULL)
		return -ENOMEM;
	memset(conns + h->conn_slots, 0,
	    (size - h->conn_slots) * sizeof(struct qt__conn *));
	h->conns = conns;
	h->conn_slots = size;
	return 0;
}

struct qt__conn *
qt__conn_add(struct qt__host *h, int fd, uint32_t id, struct qt_err *err)
{
	struct qt__conn	*c = calloc(1, sizeof(*c));
	uint32_t	 index;

	if (c == NULL || find_index(h, &index) < 0 ||
	    uv_poll_init(&h->loop, &c->poll, fd) < 0) {
		qt_err_set(err, "keep a connection");
		free(c);
		return NULL;
	}
	c->host = h;
	c->fd = fd;
	c->bell_fd = c->event_fd = -1;
	c->id = id;
	c->index = index;
	c->role = QT_ROLE_OWNER;
	h->conns[index] = c;
	h->conn_count++;
	(void)uv_poll_start(&c->poll, UV_READABLE, on_packet);
	return c;
}
