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
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#include <qt/base/buf.h>
#include <qt/base/log.h>

#include "frame.h"
#include "shared.h"
#include "ws.h"
#include "ws_priv.h"

#define RX_SIZE		1024		/* of each connection */
#define TX_SIZE		(128u << 10)	/* a longer write is cut in two */
#define SERV_SIZE	(16u << 10)	/* read at once, shared by all */
#define LOWAT		(64u << 10)	/* unsent bytes that are not too many */
#define LOOK_EVERY	(16u << 10)	/* written between looks at the socket */
#define HELD_MAX	(4u << 20)	/* that a client let pile up */

_Static_assert(WS_PRE >= LWS_PRE, "room for the frame's head");

struct ws {
	struct ws_bridge	*bridge;
	struct lws		*wsi;
	void			*user;
	struct qt_buf		 in;	/* a message that came in pieces */
	struct frame_check	 check;
	uint32_t		 unlooked; /* written since the last look */
	uint32_t		 held;	/* written while it was full */
	int			 fd;
	uint8_t			 is_open, is_closing, is_heard, is_paused;
	uint8_t			 is_close_begun;
	uint8_t			 misses;	/* pings without a sign */
};

struct ws_bridge {
	struct lws_context	*context;
	struct lws_vhost	*vhost;
	const struct ws_ops	*ops;
	size_t			 message_max;
	struct shared_slot	*count;
	struct ws		*adopting;	/* its wsi is not known yet */
};

static struct ws_bridge	*the_bridge;	/* one a process */

struct frame_check *
ws_check(struct ws *ws)
{
	return &ws->check;
}

/* A frame that may not be: nothing more of this client is read. */
void
ws_bad_frame(struct ws *ws)
{
	if (ws->is_closing || !ws->is_open)
		return;
	qt_net_count(ws->check.code == 1009 ?
	    &ws->bridge->count->ws_refused_long :
	    &ws->bridge->count->ws_refused_frame, 1);
	ws_close(ws, ws->check.code, NULL);
}

static void
count_message(struct ws_bridge *b, size_t len)
{
	qt_net_count(&b->count->ws_messages_in, 1);
	qt_net_count(&b->count->ws_bytes_in, len);
}

/* Refuses a message: the close handshake starts with code. */
static int
refuse(struct ws *ws, enum lws_close_status code)
{
	qt_net_count(&ws->bridge->count->ws_refused_long, 1);
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

	ws->is_heard = 1;
	if (ws->is_closing)
		return -1;
	is_last = lws_is_final_fragment(ws->wsi) &&
	    lws_remaining_packet_payload(ws->wsi) == 0;
	if (ws->in.len + len + lws_remaining_packet_payload(ws->wsi) >
	    b->message_max)
		return refuse(ws, LWS_CLOSE_STATUS_MESSAGE_TOO_LARGE);
	if (ws->in.len == 0 && is_last) {
		count_message(b, len);
		b->ops->message(ws, data, len, lws_frame_is_binary(ws->wsi));
	} else {
		if (qt_buf_add(&ws->in, data, len) < 0)
			return refuse(ws,
			    LWS_CLOSE_STATUS_UNEXPECTED_CONDITION);
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
	qt_net_count(&ws->bridge->count->ws_opened, 1);
	ws->bridge->ops->open(ws, p->name);
	if (ws->check.code != 0)
		ws_bad_frame(ws);	/* it came with the handshake */
}

static void
on_gone(struct ws *ws)
{
	struct ws_bridge	*b = ws->bridge;

	qt_net_count(&b->count->ws_open, (uint64_t)-1);
	ws->is_closing = 1;
	unmasked_forget(ws->fd, ws);
	b->ops->closed(ws);
	qt_buf_clear(&ws->in);
	free(ws);
}

/*
 * Starts the close handshake. A negative return from the writable callback
 * would end the connection without a close frame; this asks for the same as
 * one from the receive callback.
 */
static int
begin_close(struct ws *ws)
{
	if (!ws->is_close_begun) {
		ws->is_close_begun = 1;
		lws_set_timeout(ws->wsi, PENDING_TIMEOUT_USER_OK,
		    LWS_TO_KILL_SYNC);
	}
	return 0;
}

/* The wsi of what is being adopted is known: by callback, or by return. */
static struct ws *
adopted(struct lws *wsi)
{
	struct ws	*ws = the_bridge->adopting;

	the_bridge->adopting = NULL;
	ws->wsi = wsi;
	lws_set_opaque_user_data(wsi, ws);
	qt_net_count(&the_bridge->count->ws_open, 1);
	return ws;
}

static int
callback(struct lws *wsi, enum lws_callback_reasons reason, void *session,
    void *in, size_t len)
{
	struct ws	*ws = lws_get_opaque_user_data(wsi);

	(void)session;
	if (ws == NULL && the_bridge != NULL && the_bridge->adopting != NULL &&
	    reason == LWS_CALLBACK_ESTABLISHED)
		ws = adopted(wsi);	/* some versions open it at once */
	switch (reason) {
	case LWS_CALLBACK_ESTABLISHED:
		if (ws == NULL)
			return -1;
		on_open(ws);
		return ws->is_closing ? -1 : 0;
	case LWS_CALLBACK_RECEIVE:
		return ws == NULL ? -1 : on_receive(ws, in, len);
	case LWS_CALLBACK_RECEIVE_PONG:
		if (ws != NULL)
			ws->is_heard = 1;
		return 0;
	case LWS_CALLBACK_SERVER_WRITEABLE:
		if (ws == NULL)
			return -1;
		if (ws->is_closing)
			return begin_close(ws);
		ws->held = ws->unlooked = 0;
		ws->bridge->ops->writable(ws);
		return 0;
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
    size_t message_max, struct shared_slot *count, struct ws_bridge **out,
    struct qt_err *err)
{
	struct lws_context_creation_info info = { 0 };
	struct ws_bridge	*b = calloc(1, sizeof(*b));
	void			*loops[1] = { loop };

	if (b == NULL)
		return -ENOMEM;
	b->ops = ops;
	b->message_max = message_max;
	b->count = count;
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
	the_bridge = b;
	*out = b;
	return 0;
}

void
ws_bridge_free(struct ws_bridge *b)
{
	if (b == NULL)
		return;
	lws_context_destroy(b->context);
	the_bridge = NULL;
	free(b);
}

/*
 * Small pieces go at once; and little waits in the kernel, so that what is
 * written next (the answer to Ctrl-C) is not behind megabytes. Unix sockets
 * refuse both, which is fine.
 */
static void
tune(int fd)
{
	int	on = 1, lowat = LOWAT;

	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &lowat,
	    sizeof(lowat));
}

int
ws_adopt(struct ws_bridge *b, int fd, const char *head, size_t head_len,
    const char *rest, size_t rest_len, void *user, struct ws **out)
{
	struct qt_buf	 first = QT_BUF_INIT;
	struct ws	*ws = calloc(1, sizeof(*ws));
	struct lws	*wsi;
	int		 rc = -ENOMEM;

	assert(head_len > 4 && memcmp(head, "GET ", 4) == 0);
	if (ws == NULL || unmasked_watch(fd, ws) < 0) {
		close(fd);
		goto out;
	}
	ws->bridge = b;
	ws->fd = fd;
	ws->user = user;
	ws->check.max = b->message_max;
	/* What came behind the head is read by no recv(). */
	rest_len = frame_feed(&ws->check, (const uint8_t *)rest, rest_len);
	if (qt_buf_add(&first, head, head_len) < 0 ||
	    qt_buf_add(&first, rest, rest_len) < 0) {
		close(fd);
		goto out;
	}
	tune(fd);
	/*
	 * On failure it has closed fd. When it opened and ended in this very
	 * call, closed() was called and ws is gone.
	 */
	b->adopting = ws;
	*out = ws;
	wsi = lws_adopt_socket_vhost_readbuf(b->vhost, fd, first.data,
	    first.len);
	rc = 0;
	if (b->adopting == NULL)
		ws = NULL;		/* opened already */
	else if (wsi != NULL)
		adopted(wsi), ws = NULL;
	else
		rc = -ECONNABORTED;
	b->adopting = NULL;
out:
	qt_buf_clear(&first);
	if (ws != NULL && ws->bridge != NULL)
		unmasked_forget(fd, ws);
	free(ws);
	return rc;
}

void *
ws_user(const struct ws *ws)
{
	return ws->user;
}

int
ws_send(struct ws *ws, void *data, size_t len, int is_binary)
{
	int	n;

	if (ws->is_closing)
		return -EPIPE;
	if (lws_partial_buffered(ws->wsi)) {
		ws->held += (uint32_t)len;
		if (ws->held > HELD_MAX) {
			ws_close(ws, 1008, "nothing is read");
			return -EPIPE;
		}
	}
	n = lws_write(ws->wsi, data, len,
	    is_binary ? LWS_WRITE_BINARY : LWS_WRITE_TEXT);
	if (n < 0)
		return -EPIPE;
	ws->unlooked += (uint32_t)len;
	qt_net_count(&ws->bridge->count->ws_messages_out, 1);
	qt_net_count(&ws->bridge->count->ws_bytes_out, len);
	return 0;
}

int
ws_can_write(struct ws *ws)
{
	if (!ws->is_open || ws->is_closing || lws_partial_buffered(ws->wsi))
		return 0;
	/* Asking is a system call: not for each key that is echoed. */
	if (ws->unlooked < LOOK_EVERY)
		return 1;
	if (lws_send_pipe_choked(ws->wsi))
		return 0;
	ws->unlooked = 0;
	return 1;
}

void
ws_want_write(struct ws *ws)
{
	if (!ws->is_closing)
		lws_callback_on_writable(ws->wsi);
}

void
ws_pause(struct ws *ws, int is_paused)
{
	if (ws->is_paused == is_paused)
		return;
	ws->is_paused = (uint8_t)is_paused;
	lws_rx_flow_control(ws->wsi, !is_paused);
}

int
ws_ping(struct ws *ws)
{
	unsigned char	room[LWS_PRE + 1];

	if (ws->is_closing)
		return 0;
	ws->misses = ws->is_heard || ws->is_paused ? 0 :
	    (uint8_t)(ws->misses + 1);
	ws->is_heard = 0;
	if (ws_can_write(ws))
		lws_write(ws->wsi, room + LWS_PRE, 0, LWS_WRITE_PING);
	return ws->misses;
}

void
ws_drop(struct ws *ws)
{
	ws->is_closing = 1;
	lws_set_timeout(ws->wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_ASYNC);
}

void
ws_close(struct ws *ws, unsigned int code, const char *reason)
{
	if (ws->is_closing)
		return;
	ws->is_closing = 1;
	if (ws->is_paused)
		ws_pause(ws, 0);
	lws_close_reason(ws->wsi, (enum lws_close_status)code,
	    (unsigned char *)(uintptr_t)reason,
	    reason != NULL ? strlen(reason) : 0);
	/* The writable callback goes on from here. */
	lws_callback_on_writable(ws->wsi);
}
