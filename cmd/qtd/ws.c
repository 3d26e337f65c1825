/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bridge to libwebsockets. See ws.h.
 *
 * What is done here because of what the library does otherwise (each has a
 * test in tests/web/rfc6455.test.mjs or tests/cmd/qtd-ws.bats):
 *
 *	- its default policy puts a timer on every connection, kept in a sorted
 *	  list that costs O(n) to insert: the policy is zeroed, and no timeout
 *	  is set once a connection is established;
 *	- a POST handed over by readbuf spins for ever: only GET heads that the
 *	  front end wrote come here;
 *	- a message is held in one buffer until it is whole, so its length is
 *	  bounded before a byte is kept;
 *	- it accepts frames without a mask: see unmasked.c.
 */

#include <assert.h>
#include <errno.h>
#include <libwebsockets.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

#include <qt/base/buf.h>
#include <qt/base/log.h>

#include "ws.h"

#define RX_SIZE		1024		/* of each connection */
#define TX_SIZE		(128u << 10)	/* a longer write is cut in two */
#define SERV_SIZE	(16u << 10)	/* read at once, shared by all */

_Static_assert(WS_PRE >= LWS_PRE, "room for the frame's head");

struct ws {
	struct ws_bridge	*bridge;
	struct lws		*wsi;
	void			*user;
	struct qt_buf		 in;	/* a message that came in pieces */
	uint16_t		 close_code;
	uint8_t			 is_open, is_closing;
};

struct ws_bridge {
	struct lws_context	*context;
	struct lws_vhost	*vhost;
	const struct ws_ops	*ops;
	size_t			 message_max;
	struct ws_counters	 count;
};

static void
count_message(struct ws_bridge *b, size_t len)
{
	b->count.messages_in++;
	b->count.bytes_in += len;
}

/* Refuses a message: the close handshake starts with code. */
static int
refuse(struct ws *ws, enum lws_close_status code, uint64_t *counter)
{
	(*counter)++;
	ws->is_closing = 1;
	lws_close_reason(ws->wsi, code, NULL, 0);
	return -1;
}

/* A piece of a message. Whole ones go on without a copy. */
static int
on_receive(struct ws *ws, const void *data, size_t len)
{
	struct ws_bridge	*b = ws->bridge;
	int			 is_last;

	if (ws->is_closing)
		return -1;
	is_last = lws_is_final_fragment(ws->wsi) &&
	    lws_remaining_packet_payload(ws->wsi) == 0;
	if (ws->in.len + len + lws_remaining_packet_payload(ws->wsi) >
	    b->message_max)
		return refuse(ws, LWS_CLOSE_STATUS_MESSAGE_TOO_LARGE,
		    &b->count.refused_long);
	if (ws->in.len == 0 && is_last) {
		count_message(b, len);
		b->ops->message(ws, data, len, lws_frame_is_binary(ws->wsi));
	} else {
		if (qt_buf_add(&ws->in, data, len) < 0)
			return refuse(ws, LWS_CLOSE_STATUS_UNEXPECTED_CONDITION,
			    &b->count.refused_long);
		if (is_last) {
			count_message(b, ws->in.len);
			b->ops->message(ws, ws->in.data, ws->in.len,
			    lws_frame_is_binary(ws->wsi));
			qt_buf_clear(&ws->in);
		}
	}
	return ws->is_closing ? -1 : 0;
}

static void
on_open(struct ws *ws)
{
	const struct lws_protocols *p = lws_get_protocol(ws->wsi);

	lws_set_timeout(ws->wsi, NO_PENDING_TIMEOUT, 0);
	ws->is_open = 1;
	ws->bridge->count.opened++;
	ws->bridge->count.open++;
	ws->bridge->ops->open(ws, p->name);
}

static void
on_gone(struct ws *ws)
{
	struct ws_bridge	*b = ws->bridge;

	if (ws->is_open) {
		b->count.open--;
		b->count.closed++;
	}
	ws->is_closing = 1;
	b->ops->closed(ws);
	qt_buf_clear(&ws->in);
	free(ws);
}

static int
callback(struct lws *wsi, enum lws_callback_reasons reason, void *session,
    void *in, size_t len)
{
	struct ws	*ws = lws_get_opaque_user_data(wsi);

	(void)session;
	switch (reason) {
	case LWS_CALLBACK_ESTABLISHED:
		if (ws == NULL)
			return -1;
		on_open(ws);
		return ws->is_closing ? -1 : 0;
	case LWS_CALLBACK_RECEIVE:
		return ws == NULL ? -1 : on_receive(ws, in, len);
	case LWS_CALLBACK_SERVER_WRITEABLE:
		if (ws == NULL || ws->is_closing)
			return -1;
		ws->bridge->ops->writable(ws);
		return ws->is_closing ? -1 : 0;
	case LWS_CALLBACK_WSI_DESTROY:
		/* Comes for every wsi, also for one that never opened. */
		if (ws != NULL) {
			lws_set_opaque_user_data(wsi, NULL);
			on_gone(ws);
		}
		return 0;
	case LWS_CALLBACK_HTTP:
		/* Not an upgrade after all: the front end never does this. */
		return -1;
	default:
		return 0;
	}
}

static const struct lws_protocols protocols[] = {
	{ "qt.1", callback, 0, RX_SIZE, 0, NULL, TX_SIZE },
	{ "tty", callback, 0, RX_SIZE, 0, NULL, TX_SIZE },
	{ NULL, NULL, 0, 0, 0, NULL, 0 },
};

/* No pings, no validity checks: the zeroed policy. */
static const lws_retry_bo_t no_policy;

static void
log_line(int level, const char *line)
{
	size_t	len = strcspn(line, "\n");

	qt_log(level == LLL_ERR ? QT_LOG_DEBUG : QT_LOG_INFO, "ws", "%.*s",
	    (int)len, line);
}

int
ws_bridge_new(struct uv_loop_s *loop, const struct ws_ops *ops,
    size_t message_max, struct ws_bridge **out, struct qt_err *err)
{
	struct lws_context_creation_info info = { 0 };
	struct ws_bridge	*b = calloc(1, sizeof(*b));
	void			*loops[1] = { loop };

	if (b == NULL)
		return -ENOMEM;
	b->ops = ops;
	b->message_max = message_max;
	/* Its errors are the clients' faults as a rule: debug lines. */
	lws_set_log_level(qt_log_is_debug("ws") ? LLL_ERR | LLL_WARN : 0,
	    log_line);
	info.options = LWS_SERVER_OPTION_LIBUV |
	    LWS_SERVER_OPTION_EXPLICIT_VHOSTS |
	    LWS_SERVER_OPTION_VALIDATE_UTF8;
	info.foreign_loops = loops;
	info.port = CONTEXT_PORT_NO_LISTEN;
	info.pt_serv_buf_size = SERV_SIZE;
	info.retry_and_idle_policy = &no_policy;
	info.gid = (gid_t)-1;
	info.uid = (uid_t)-1;
	b->context = lws_create_context(&info);
	if (b->context == NULL) {
		qt_err_set(err, "start libwebsockets on libuv (is the package "
		    "libwebsockets-evlib-uv installed?)");
		free(b);
		return -ENOSYS;
	}
	info.protocols = protocols;
	info.vhost_name = "qtd";
	b->vhost = lws_create_vhost(b->context, &info);
	if (b->vhost == NULL) {
		qt_err_set(err, "make a libwebsockets vhost");
		lws_context_destroy(b->context);
		free(b);
		return -ENOMEM;
	}
	*out = b;
	return 0;
}

void
ws_bridge_free(struct ws_bridge *b)
{
	if (b == NULL)
		return;
	lws_context_destroy(b->context);
	free(b);
}

const struct ws_counters *
ws_bridge_counters(const struct ws_bridge *b)
{
	return &b->count;
}

int
ws_adopt(struct ws_bridge *b, int fd, const char *head, size_t head_len,
    const char *rest, size_t rest_len, void *user, struct ws **out)
{
	struct qt_buf	 first = QT_BUF_INIT;
	struct ws	*ws = calloc(1, sizeof(*ws));
	int		 rc = -ENOMEM;

	assert(head_len > 4 && memcmp(head, "GET ", 4) == 0);
	if (ws == NULL || qt_buf_add(&first, head, head_len) < 0 ||
	    qt_buf_add(&first, rest, rest_len) < 0) {
		close(fd);
		goto out;
	}
	ws->bridge = b;
	ws->user = user;
	/* On failure it has closed fd. */
	ws->wsi = lws_adopt_socket_vhost_readbuf(b->vhost, fd, first.data,
	    first.len);
	if (ws->wsi == NULL)
		goto out;
	lws_set_opaque_user_data(ws->wsi, ws);
	*out = ws;
	ws = NULL;
	rc = 0;
out:
	qt_buf_clear(&first);
	free(ws);
	return rc;
}

void *
ws_user(const struct ws *ws)
{
	return ws->user;
}

int
ws_fd(const struct ws *ws)
{
	return lws_get_socket_fd(ws->wsi);
}

int
ws_send(struct ws *ws, void *data, size_t len, int is_binary)
{
	int	n;

	if (ws->is_closing)
		return -EPIPE;
	n = lws_write(ws->wsi, data, len,
	    is_binary ? LWS_WRITE_BINARY : LWS_WRITE_TEXT);
	if (n < 0)
		return -EPIPE;
	ws->bridge->count.messages_out++;
	ws->bridge->count.bytes_out += len;
	return 0;
}

int
ws_can_write(struct ws *ws)
{
	return ws->is_open && !ws->is_closing &&
	    !lws_partial_buffered(ws->wsi) && !lws_send_pipe_choked(ws->wsi);
}

void
ws_want_write(struct ws *ws)
{
	if (!ws->is_closing)
		lws_callback_on_writable(ws->wsi);
}

void
ws_close(struct ws *ws, unsigned int code, const char *reason)
{
	if (ws->is_closing)
		return;
	ws->is_closing = 1;
	lws_close_reason(ws->wsi, (enum lws_close_status)code,
	    (unsigned char *)(uintptr_t)reason,
	    reason != NULL ? strlen(reason) : 0);
	/* The writable callback returns -1 then, which starts the close. */
	lws_callback_on_writable(ws->wsi);
}
