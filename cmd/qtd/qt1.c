/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The protocol qt.1: frames of one WebSocket to channels and back. The format
 * is <qt/session/wire.h>; JSON is qt1_call.c's and qt1_open.c's business.
 *
 * Two things hold a channel's output back: the socket (ws_can_write) and the
 * client's acknowledgements (WINDOW bytes may be under way to its terminal).
 * Nothing is kept meanwhile: the view falls behind and skips.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <qt/base/buf.h>
#include <qt/base/json.h>

#include "conn.h"
#include "qt1_priv.h"
#include "session.h"
#include "viewer.h"

#ifndef QT_VERSION
#define QT_VERSION "unknown"
#endif

#define WINDOW	(512u << 10)

/* One frame at a time is built here; lws copies what the socket refuses. */
static uint8_t	frame[WS_PRE + QT_WIRE_HEAD_SIZE + QT_WIRE_OUT_MAX];

/* A list can be longer than any piece of output. */
static int
send_long(struct conn *c, const struct qt_wire_head *head,
    const void *payload, size_t len)
{
	uint8_t	*p = malloc(WS_PRE + QT_WIRE_HEAD_SIZE + len);
	int	 rc;

	if (p == NULL)
		return -ENOMEM;
	qt_wire_pack(head, p + WS_PRE);
	memcpy(p + WS_PRE + QT_WIRE_HEAD_SIZE, payload, len);
	rc = ws_send(c->ws, p + WS_PRE, QT_WIRE_HEAD_SIZE + len, 1);
	free(p);
	return rc;
}

int
qt1_send(struct conn *c, const struct qt_wire_head *head, const void *payload,
    size_t len)
{
	uint8_t	*p = frame + WS_PRE;

	if (len > QT_WIRE_OUT_MAX)
		return send_long(c, head, payload, len);
	qt_wire_pack(head, p);
	if (len > 0)
		memcpy(p + QT_WIRE_HEAD_SIZE, payload, len);
	return ws_send(c->ws, p, QT_WIRE_HEAD_SIZE + len, 1);
}

void
qt1_send_json(struct conn *c, const struct qt_wire_head *head,
    struct qt_buf *json)
{
	qt1_send(c, head, json->data, json->len);
	qt_buf_clear(json);
}

void
qt1_error(struct conn *c, uint16_t channel, uint32_t tag, int flags, int code,
    const char *text)
{
	struct qt_wire_head	head = { .type = QT_WIRE_ERROR,
	    .flags = (uint8_t)flags, .channel = channel, .arg = tag };
	struct qt_buf		buf = QT_BUF_INIT;
	struct qt_json		j = QT_JSON_INIT(&buf);

	qt_json_object(&j, NULL);
	qt_json_int(&j, "code", code);
	qt_json_str(&j, "text", text[0] != '\0' ? text : qt_strerror(code));
	qt_json_end(&j);
	qt1_send_json(c, &head, &buf);
}

struct channel *
qt1_channel(const struct conn *c, uint16_t id)
{
	for (uint16_t i = 0; i < c->channel_count; i++) {
		if (c->channels[i]->id == id)
			return c->channels[i];
	}
	return NULL;
}

struct channel *
qt1_channel_new(struct conn *c, uint16_t id)
{
	struct channel	*ch, **grown;
	uint16_t	 cap;

	if (c->channel_count == QT_WIRE_CHANNELS_MAX)
		return NULL;
	if (c->channel_count == c->channel_cap) {
		cap = (uint16_t)(c->channel_cap == 0 ? 4 : c->channel_cap * 2);
		grown = realloc(c->channels, cap * sizeof(struct channel *));
		if (grown == NULL)
			return NULL;
		c->channels = grown;
		c->channel_cap = cap;
	}
	ch = calloc(1, sizeof(*ch));
	if (ch == NULL)
		return NULL;
	ch->conn = c;
	ch->id = id;
	c->channels[c->channel_count++] = ch;
	return ch;
}

void
qt1_channel_free(struct channel *ch)
{
	struct conn	*c = ch->conn;
	uint16_t	 i = 0;

	while (c->channels[i] != ch)
		i++;
	c->channels[i] = c->channels[--c->channel_count];
	host_forget(c->worker->host, ch);
	viewer_close(ch->viewer);
	free(ch);
}

static int
can_take(struct viewer *v)
{
	struct channel	*ch = viewer_user(v);

	if (ch->sent - ch->acked > WINDOW) {
		ch->is_full = 1;
		return 0;
	}
	if (ws_can_write(ch->conn->ws))
		return 1;
	ch->is_full = 1;
	ws_want_write(ch->conn->ws);
	return 0;
}

static void
send_data(struct channel *ch, const struct qt_view_piece *piece)
{
	struct qt_wire_head	head = { .type = QT_WIRE_DATA,
	    .channel = ch->id, .offset = piece->offset + piece->count };

	/* A part of a redraw stands for no bytes of the session. */
	if (piece->count == 0) {
		head.flags = QT_WIRE_REPLAY;
		/* What is painted over leaves the lines above alone. */
		if (piece->is_first && !piece->is_repaint)
			head.flags |= QT_WIRE_RESET;
	}
	ch->sent += piece->len;
	qt1_send(ch->conn, &head, piece->data, piece->len);
}

static void
send_state(struct channel *ch)
{
	const struct qt_session	*s = viewer_session(ch->viewer);
	struct qt_wire_head	 head = { .type = QT_WIRE_STATE,
	    .channel = ch->id };
	struct qt_buf		 buf = QT_BUF_INIT;
	struct qt_json		 j = QT_JSON_INIT(&buf);

	if (s == NULL)
		return;
	qt_json_object(&j, NULL);
	qt_json_str(&j, "name", s->name);
	qt_json_str(&j, "title", s->title);
	qt_json_bool(&j, "lead", viewer_is_lead(ch->viewer));
	qt_json_uint(&j, "viewers", s->viewers);
	qt_json_str(&j, "policy", qt_resize_policy_name(s->policy));
	qt_json_end(&j);
	qt1_send_json(ch->conn, &head, &buf);
}

static void
send_skipped(struct channel *ch, const struct qt_view_piece *piece)
{
	struct qt_wire_head	head = { .type = QT_WIRE_SKIPPED,
	    .channel = ch->id, .offset = piece->offset };
	struct qt_buf		buf = QT_BUF_INIT;

	qt_net_count(&ch->conn->worker->slot->skipped_bytes, piece->count);
	if (qt_buf_addf(&buf, "{\"bytes\":%llu}",
	    (unsigned long long)piece->count) == 0)
		qt1_send_json(ch->conn, &head, &buf);
}

/* A wait(2) status as a shell tells it; a lost session is 255. */
static uint32_t
exit_code(int32_t status)
{
	if (status == -1)
		return 255;
	return (status & 0x7f) != 0 ? 128u + (uint32_t)(status & 0x7f) :
	    (uint32_t)(status >> 8 & 0xff);
}

static void
on_piece(struct viewer *v, const struct qt_view_piece *piece)
{
	struct channel		*ch = viewer_user(v);
	struct qt_wire_head	 head = { .channel = ch->id,
	    .offset = piece->offset };

	switch (piece->kind) {
	case QT_VIEW_DATA:
		send_data(ch, piece);
		return;
	case QT_VIEW_SIZE:
		head.type = QT_WIRE_SIZE;
		head.arg = (uint32_t)piece->cols << 16 | piece->rows;
		qt1_send(ch->conn, &head, NULL, 0);
		return;
	case QT_VIEW_SKIPPED:
		send_skipped(ch, piece);
		return;
	case QT_VIEW_STATE:
		send_state(ch);
		return;
	case QT_VIEW_EXIT:
		head.type = QT_WIRE_EXIT;
		head.arg = exit_code(piece->exit_status);
		qt1_send(ch->conn, &head, NULL, 0);
		qt1_channel_free(ch);
		return;
	case QT_VIEW_GONE:
		qt1_error(ch->conn, ch->id, 0, 0, -QT_EGONE, "");
		qt1_channel_free(ch);
		return;
	default:
		return;
	}
}

static void
on_failed(struct viewer *v, int code, const char *text)
{
	struct channel	*ch = viewer_user(v);

	qt1_error(ch->conn, ch->id, 0, 0, code, text);
	qt1_channel_free(ch);
}

static void
on_attached(struct viewer *v, const struct qt_session *s, int is_again)
{
	struct channel		*ch = viewer_user(v);
	struct qt_wire_head	 head = { .type = QT_WIRE_OPENED,
	    .channel = ch->id, .arg = viewer_generation(v),
	    .offset = ch->offset };
	struct qt_buf		 buf = QT_BUF_INIT;
	struct qt_json		 j = QT_JSON_INIT(&buf);

	if (is_again)
		return;
	qt_json_object(&j, NULL);
	session_fields(ch->conn->worker, &j, s);
	qt_json_str(&j, "role", qt_role_name(viewer_role(v)));
	qt_json_end(&j);
	qt1_send_json(ch->conn, &head, &buf);
	/* Who leads may be settled already, and is then no change. */
	send_state(ch);
}

static void
on_refused(struct viewer *v, int code, const char *text)
{
	struct channel	*ch = viewer_user(v);

	qt1_error(ch->conn, ch->id, 0, QT_WIRE_SOFT, code, text);
}

const struct viewer_ops qt1_viewer_ops = {
	can_take, on_attached, on_piece, on_failed, on_refused
};

static void
on_input(struct conn *c, struct channel *ch, const uint8_t *p, size_t len)
{
	int	rc = ch->viewer == NULL ? -EAGAIN :
	    viewer_input(ch->viewer, p, len);

	if (rc < 0)
		qt1_error(c, ch->id, 0, QT_WIRE_SOFT, rc,
		    rc == -EAGAIN ? "the session takes no input now" : "");
	conn_input_taken(c);
}

static void
on_ack(struct channel *ch, uint64_t sent)
{
	/* More than was sent is a lie, which harms the liar's own view only. */
	if (sent > ch->sent)
		sent = ch->sent;
	if (sent > ch->acked)
		ch->acked = sent;
	if (ch->is_full && ch->viewer != NULL) {
		ch->is_full = 0;
		viewer_resume(ch->viewer);
	}
}

static void
on_frame(struct conn *c, const struct qt_wire_head *h, const uint8_t *p,
    size_t len)
{
	struct qt_wire_head	 pong = { .type = QT_WIRE_PONG, .arg = h->arg };
	struct channel		*ch = qt1_channel(c, h->channel);

	switch (h->type) {
	case QT_WIRE_OPEN:
		qt1_open_channel(c, h, p, len);
		return;
	case QT_WIRE_CALL:
		qt1_call(c, h->arg, p, len);
		return;
	case QT_WIRE_PING:
		qt1_send(c, &pong, NULL, 0);
		return;
	case QT_WIRE_INPUT: case QT_WIRE_RESIZE: case QT_WIRE_ACK:
	case QT_WIRE_CLOSE: case QT_WIRE_LEAD:
		break;
	default:
		ws_close(c->ws, 1002, "unknown frame type");
		return;
	}
	/* Frames may cross the channel's end: not an error. */
	if (ch == NULL)
		return;
	if (h->type == QT_WIRE_INPUT)
		on_input(c, ch, p, len);
	else if (h->type == QT_WIRE_ACK)
		on_ack(ch, h->offset);
	else if (h->type == QT_WIRE_CLOSE)
		qt1_channel_free(ch);
	else if (ch->viewer != NULL && h->type == QT_WIRE_LEAD)
		viewer_take_lead(ch->viewer);
	else if (ch->viewer != NULL && h->arg >> 16 != 0 &&
	    (h->arg & 0xffff) != 0)
		viewer_resize(ch->viewer, (uint16_t)(h->arg >> 16),
		    (uint16_t)h->arg);
}

void
qt1_message(struct conn *c, const void *data, size_t len, int is_binary)
{
	struct qt_wire_head	h;

	if (!is_binary)
		ws_close(c->ws, 1003, "binary messages only");
	else if (qt_wire_unpack(data, len, &h) < 0)
		ws_close(c->ws, 1002, "a frame shorter than its head");
	else
		on_frame(c, &h, (const uint8_t *)data + QT_WIRE_HEAD_SIZE,
		    len - QT_WIRE_HEAD_SIZE);
}

/* The first frame says who the client is to us, and what it may send. */
void
qt1_open(struct conn *c)
{
	struct worker		*w = c->worker;
	struct qt_wire_head	 head = { .type = QT_WIRE_HELLO };
	struct qt_buf		 buf = QT_BUF_INIT;
	struct qt_json		 j = QT_JSON_INIT(&buf);
	char			 host[65] = "";

	gethostname(host, sizeof(host) - 1);
	qt_json_object(&j, NULL);
	qt_json_str(&j, "version", QT_VERSION);
	qt_json_str(&j, "user", c->user.name);
	qt_json_str(&j, "role", qt_net_role_name(c->user.role));
	qt_json_bool(&j, "readonly", user_role(w, &c->user) <
	    QT_ROLE_WRITER);
	qt_json_str(&j, "host", host);
	if (w->opt->command != NULL)
		qt_json_str(&j, "command", w->opt->command_line);
	qt_json_object(&j, "limits");
	qt_json_uint(&j, "message", QT_WIRE_IN_MAX);
	qt_json_uint(&j, "channels", QT_WIRE_CHANNELS_MAX);
	qt_json_uint(&j, "window", WINDOW);
	qt_json_end(&j);
	qt_json_end(&j);
	qt1_send_json(c, &head, &buf);
}

/* In turns, so that no channel starves: begin where the last turn ended. */
void
qt1_writable(struct conn *c)
{
	struct channel	*ch;
	uint16_t	 n = c->channel_count;

	for (uint16_t i = 0; i < n && i < c->channel_count; i++) {
		ch = c->channels[(c->turn + i) % c->channel_count];
		if (!ch->is_full || ch->viewer == NULL)
			continue;
		ch->is_full = 0;
		viewer_resume(ch->viewer);
	}
	c->turn++;
}

void
qt1_closed(struct conn *c)
{
	qt1_calls_end(c);
	while (c->channel_count > 0)
		qt1_channel_free(c->channels[0]);
	free(c->channels);
	c->channels = NULL;
}
