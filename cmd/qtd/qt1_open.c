/* SPDX-License-Identifier: Apache-2.0 */
/* OPEN of qt.1: a session that exists, or a new one, is viewed on a channel. */

#include <errno.h>
#include <string.h>

#include <qt/base/err.h>

#include "qt1_priv.h"
#include "session.h"

#define SCROLLBACK_MAX	100000

static void
fail(struct channel *ch, int code, const char *text)
{
	qt1_error(ch->conn, ch->id, 0, 0, code, text);
	qt1_channel_free(ch);
}

static void
view(struct channel *ch, const struct qt_uuid *id)
{
	struct worker		*w = ch->conn->worker;
	struct viewer_conf	 conf = { .loop = w->loop, .host = w->host,
	    .screen_path = w->screen_path, .ops = &qt1_viewer_ops, .id = *id,
	    .role = user_role(w, &ch->conn->user), .cols = ch->cols,
	    .rows = ch->rows, .scrollback = ch->scrollback,
	    .offset = ch->offset, .generation = ch->generation, .user = ch };
	int			 rc;

	if (ch->is_readonly)
		conf.role = QT_ROLE_READER;
	rc = viewer_open(&conf, &ch->viewer);
	if (rc < 0)
		fail(ch, rc, "view the session");
}

static void
on_created(void *arg, int code, const void *body, size_t len,
    const char *text)
{
	struct channel	*ch = arg;
	struct qt_uuid	 id;

	if (code == 0 && len < sizeof(id))
		code = -QT_EPROTO;
	if (code < 0) {
		fail(ch, code, text);
		return;
	}
	memcpy(&id, body, sizeof(id));
	view(ch, &id);
}

static void
open_new(struct channel *ch, const json_t *json)
{
	struct worker	*w = ch->conn->worker;
	struct spec	 spec;
	int		 rc;

	rc = spec_make(w, &ch->conn->user, json, &spec);
	if (rc == 0) {
		spec.ask.opt.cols = ch->cols;
		spec.ask.opt.rows = ch->rows;
		rc = host_ask_new(w->host, &spec.ask, on_created, ch);
	}
	if (rc < 0)
		fail(ch, rc, spec.why);
	spec_clear(&spec);
}

static void
open_old(struct channel *ch, const json_t *name)
{
	struct qt_session	s;
	int			rc;

	rc = session_resolve(ch->conn->worker, json_string_value(name), &s);
	if (rc == 0)
		view(ch, &s.id);
	else
		fail(ch, rc, rc == -ENOENT ? "there is no such session" :
		    rc == -EEXIST ? "several sessions begin so" : "");
}

static void
take_size(struct channel *ch, const json_t *json)
{
	json_int_t	cols, rows, lines;
	uint16_t	size[2];

	cols = json_integer_value(json_object_get(json, "cols"));
	rows = json_integer_value(json_object_get(json, "rows"));
	lines = json_integer_value(json_object_get(json, "scrollback"));
	if (session_size(cols, rows, size) == 0) {
		ch->cols = size[0];
		ch->rows = size[1];
	}
	if (lines > 0)
		ch->scrollback = lines > SCROLLBACK_MAX ? SCROLLBACK_MAX :
		    (uint32_t)lines;
}

static void
open_json(struct conn *c, const struct qt_wire_head *h, const json_t *json)
{
	const json_t	*session = json_object_get(json, "session");
	const json_t	*made = json_object_get(json, "new");
	struct channel	*ch;

	if (!json_is_string(session) == !json_is_object(made)) {
		qt1_error(c, h->channel, 0, 0, -EINVAL,
		    "OPEN: either session or new");
		return;
	}
	ch = qt1_channel_new(c, h->channel);
	if (ch == NULL) {
		qt1_error(c, h->channel, 0, 0, -QT_EFULL,
		    "too many sessions are open on this connection");
		return;
	}
	ch->offset = h->offset;
	ch->generation = h->arg;
	ch->is_readonly = json_is_true(json_object_get(json, "readonly"));
	take_size(ch, json);
	if (session != NULL)
		open_old(ch, session);
	else
		open_new(ch, made);
}

void
qt1_open_channel(struct conn *c, const struct qt_wire_head *h,
    const void *json, size_t len)
{
	json_error_t	 e;
	json_t		*parsed;

	if (h->channel == 0 || qt1_channel(c, h->channel) != NULL) {
		ws_close(c->ws, 1002, "OPEN of a channel that is in use");
		return;
	}
	parsed = json_loadb(json, len, JSON_REJECT_DUPLICATES, &e);
	if (parsed == NULL)
		qt1_error(c, h->channel, 0, 0, -EINVAL, "OPEN: bad JSON");
	else
		open_json(c, h, parsed);
	json_decref(parsed);
}
