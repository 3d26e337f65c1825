/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The protocol "tty", as ttyd's clients speak it; qt-proto(7) tells it.
 *
 *	{"AuthToken": ..., "columns": 80, "rows": 24}	first, once
 *	'0' input	'1' {"columns","rows"}	'2' pause	'3' resume
 *	<-- '1' title	'2' preferences	'0' output
 *
 * A connection is a session of its own, as with ttyd: it begins with the
 * first message, ends by the -s signal when the client leaves (or this worker
 * dies: the host sees to it), and its record goes with it. Unlike qt.1 nothing
 * can be come back to.
 */

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <qt/base/clock.h>
#include <qt/base/err.h>
#include <qt/base/log.h>
#include <qt/net/token.h>

#include "conn.h"
#include "pulse.h"
#include "session.h"
#include "viewer.h"


struct tty {
	struct conn	*conn;
	struct viewer	*viewer;
	struct qt_uuid	 id;
	uint16_t	 cols, rows;
	int		 exit_code;
	uint8_t		 is_begun;	/* the first message came */
	uint8_t		 is_made;	/* id is a session of ours */
	uint8_t		 is_paused, is_full, is_ended;
};

static uint8_t	frame[WS_PRE + 1 + QT_WIRE_OUT_MAX];

static void
send_piece(struct tty *t, char type, const void *data, size_t len)
{
	if (len > QT_WIRE_OUT_MAX)
		len = QT_WIRE_OUT_MAX;
	frame[WS_PRE] = (uint8_t)type;
	if (len > 0)
		memcpy(frame + WS_PRE + 1, data, len);
	ws_send(t->conn->ws, frame + WS_PRE, len + 1, 1);
}

static void
send_title(struct tty *t, const char *command)
{
	struct qt_buf	buf = QT_BUF_INIT;
	char		host[65] = "";

	gethostname(host, sizeof(host) - 1);
	if (qt_buf_addf(&buf, "%s (%s)", command, host) == 0)
		send_piece(t, '1', buf.data, buf.len);
	qt_buf_clear(&buf);
}

static void
end(struct tty *t, unsigned int code, const char *why)
{
	t->is_ended = 1;
	ws_close(t->conn->ws, code, why);
}

static int
can_take(struct viewer *v)
{
	struct tty	*t = viewer_user(v);

	if (!t->is_paused && ws_can_write(t->conn->ws))
		return 1;
	t->is_full = 1;
	if (!t->is_paused)
		ws_want_write(t->conn->ws);
	return 0;
}

static void
on_attached(struct viewer *v, const struct qt_session *s, int is_again)
{
	struct tty		*t = viewer_user(v);
	const struct options	*o = t->conn->worker->opt;

	if (is_again)
		return;
	send_title(t, s->title[0] != '\0' ? s->title : s->command);
	send_piece(t, '2', o->client_options.data, o->client_options.len);
}

/* 1000 for success; 4001 to 4255 carry another exit code. */
static void
on_exit_status(struct tty *t, int32_t status)
{
	unsigned int	code;

	if (status == -1)
		code = 255;
	else
		code = (status & 0x7f) != 0 ? 128u + (status & 0x7f) :
		    (unsigned int)(status >> 8 & 0xff);
	end(t, code == 0 ? 1000 : 4000 + code, NULL);
}

static void
on_piece(struct viewer *v, const struct qt_view_piece *piece)
{
	struct tty	*t = viewer_user(v);

	switch (piece->kind) {
	case QT_VIEW_DATA:
		send_piece(t, '0', piece->data, piece->len);
		return;
	case QT_VIEW_SKIPPED:
		qt_net_count(&t->conn->worker->slot->skipped_bytes,
		    piece->count);
		return;
	case QT_VIEW_EXIT:
		on_exit_status(t, piece->exit_status);
		return;
	case QT_VIEW_GONE:
		end(t, 1011, "the session is gone");
		return;
	default:
		return;
	}
}

static void
on_failed(struct viewer *v, int code, const char *text)
{
	struct tty	*t = viewer_user(v);

	qt_debug("tty", "%s: %s", text, qt_strerror(code));
	end(t, 1011, qt_strerror(code));
}

static const struct viewer_ops ops = {
	can_take, on_attached, on_piece, on_failed, NULL
};

static void
on_created(void *arg, int code, const void *body, size_t len,
    const char *text)
{
	struct tty		*t = arg;
	struct worker		*w = t->conn->worker;
	struct viewer_conf	 conf = { .loop = w->loop, .host = w->host,
	    .screen_path = w->screen_path, .ops = &ops,
	    .role = user_role(w, &t->conn->user), .cols = t->cols,
	    .rows = t->rows, .offset = 0, .user = t };
	struct qt_session	 s;

	if (code == 0 && len < sizeof(t->id))
		code = -QT_EPROTO;
	if (code < 0) {
		/* ttyd's clients show what comes as output. */
		send_piece(t, '0', text, strlen(text));
		end(t, 1011, qt_strerror(code));
		return;
	}
	memcpy(&t->id, body, sizeof(t->id));
	t->is_made = 1;
	conf.id = t->id;
	/* From its first byte: nothing of a short command is lost. */
	if (qt_session_find(session_table(w), &t->id, &s) == 0)
		conf.generation = s.generation;
	code = viewer_open(&conf, &t->viewer);
	if (code < 0)
		end(t, 1011, qt_strerror(code));
}

static int
begin(struct tty *t)
{
	struct conn	*c = t->conn;
	struct spec	 spec;
	int		 rc;

	rc = spec_make(c->worker, &c->user, NULL, &spec);
	if (rc == 0 && c->query != NULL)
		rc = spec_add_query(c->worker, &spec, (struct qt_net_str){
		    c->query, strlen(c->query) });
	if (rc == 0) {
		spec.ask.opt.cols = t->cols;
		spec.ask.opt.rows = t->rows;
		/* However we end, the host ends it. */
		spec.ask.opt.flags |= QT_NEW_FORGET | QT_NEW_BOUND |
		    QT_NEW_SIGNAL(c->worker->opt->signal);
		rc = host_ask_new(c->worker->host, &spec.ask, on_created, t);
	}
	if (rc < 0)
		send_piece(t, '0', spec.why, strlen(spec.why));
	spec_clear(&spec);
	return rc;
}

static int
take_size(struct tty *t, const json_t *json)
{
	json_int_t	cols, rows;
	uint16_t	size[2];

	cols = json_integer_value(json_object_get(json, "columns"));
	rows = json_integer_value(json_object_get(json, "rows"));
	if (session_size(cols, rows, size) < 0)
		return 0;
	t->cols = size[0];
	t->rows = size[1];
	return 1;
}

static void
start(struct tty *t)
{
	int	rc;

	t->is_begun = 1;
	pulse_greeted(t->conn);
	rc = begin(t);
	if (rc < 0)
		end(t, 1011, qt_strerror(rc));
}

/* The monitor looked at the ticket. */
static void
on_ticket(void *arg, const struct mon_message *m, int fd)
{
	struct tty	*t = arg;
	struct user	*user = &t->conn->user;
	uint64_t	 stamp;

	if (fd >= 0)
		close(fd);
	if (m->code < 0 || !auth_stamp(t->conn->worker, m->session.name,
	    &stamp, NULL) || stamp != m->session.stamp) {
		end(t, 1008, "not logged in");
		return;
	}
	memcpy(user->name, m->session.name, sizeof(user->name));
	user->role = m->session.role;
	user->stamp = stamp;
	start(t);
}

/* Without a cookie or a Basic header the first message has to say who. */
static void
check_ticket(struct tty *t, const json_t *json)
{
	const char		*text = json_string_value(
	    json_object_get(json, "AuthToken"));
	struct mon_message	 m = { .type = MON_TAKE };

	m.session.kind = QT_NET_SESSION_TICKET;
	if (text == NULL || qt_net_token_parse((struct qt_net_str){ text,
	    strlen(text) }, &m.hash) < 0 ||
	    mon_ask(t->conn->worker->mon, &m, on_ticket, t) < 0)
		end(t, 1008, "not logged in");
	else
		t->is_begun = 1;	/* one try */
}

static void
on_init(struct tty *t, const void *data, size_t len)
{
	json_t	*json = json_loadb(data, len, 0, NULL);

	if (json == NULL) {
		end(t, 1008, "the first message: JSON");
		return;
	}
	if (!t->is_begun) {
		take_size(t, json);
		if (t->conn->user.role != QT_NET_ROLE_NONE)
			start(t);
		else
			check_ticket(t, json);
	}
	json_decref(json);
}

static void
on_resize(struct tty *t, const void *data, size_t len)
{
	json_t	*json = json_loadb(data, len, 0, NULL);

	if (json != NULL && take_size(t, json) && t->viewer != NULL)
		viewer_resize(t->viewer, t->cols, t->rows);
	json_decref(json);
}

static void
resume(struct tty *t)
{
	if (!t->is_full || t->viewer == NULL || t->is_ended)
		return;
	t->is_full = 0;
	viewer_resume(t->viewer);
}

void
tty_open(struct conn *c)
{
	c->tty = calloc(1, sizeof(*c->tty));
	if (c->tty == NULL) {
		ws_close(c->ws, 1011, NULL);
		return;
	}
	c->tty->conn = c;
	c->tty->cols = 80;
	c->tty->rows = 24;
}

void
tty_message(struct conn *c, const void *data, size_t len, int is_binary)
{
	struct tty	*t = c->tty;
	const char	*p = data;

	(void)is_binary;	/* some clients send text */
	if (len == 0 || t->is_ended)
		return;
	if (p[0] == '{') {
		on_init(t, data, len);
		return;
	}
	if (!t->is_begun) {
		end(t, 1008, "the first message: JSON");
		return;
	}
	switch (p[0]) {
	case '0':
		/* What is typed before the session is there is dropped, as
		 * ttyd does; its clients wait for output anyway. */
		if (t->viewer != NULL && len > 1) {
			viewer_input(t->viewer, p + 1, len - 1);
			conn_input_taken(c);
		}
		break;
	case '1':
		on_resize(t, p + 1, len - 1);
		break;
	case '2':
		t->is_paused = 1;
		break;
	case '3':
		t->is_paused = 0;
		resume(t);
		break;
	default:	/* additions of newer clients */
		break;
	}
}

void
tty_writable(struct conn *c)
{
	resume(c->tty);
}

/* The session ends with its client. */
static void
kill_session(struct tty *t)
{
	struct worker	*w = t->conn->worker;
	struct {
		struct qt_uuid	id;
		uint32_t	sig;
	} body = { t->id, (uint32_t)w->opt->signal };

	if (!t->is_made)
		return;
	host_tell(w->host, QT_MSG_KILL, 0, &body, sizeof(body));
}

void
tty_closed(struct conn *c)
{
	struct tty	*t = c->tty;

	host_forget(c->worker->host, t);
	mon_forget(c->worker->mon, t);
	viewer_close(t->viewer);
	kill_session(t);
	free(t);
	c->tty = NULL;
}
