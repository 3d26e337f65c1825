/* SPDX-License-Identifier: Apache-2.0 */
/* CALL of qt.1: requests about sessions, each answered by its tag. */

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <qt/base/err.h>

#include "qt1_priv.h"
#include "session.h"

#define CALLS_MAX 64	/* under way on one connection */

struct call {
	struct conn	*conn;
	uint32_t	 tag;
	int		 is_new;
};

static void
result(struct conn *c, uint32_t tag, const char *json)
{
	struct qt_wire_head	head = { .type = QT_WIRE_RESULT, .arg = tag };

	qt1_send(c, &head, json, strlen(json));
}

static void
on_answer(void *arg, int code, const void *body, size_t len, const char *text)
{
	struct call	*call = arg;
	struct conn	*c = call->conn;
	struct qt_uuid	 id;
	char		 hex[QT_UUID_TEXT_SIZE], json[80];

	c->calls[call - c->calls].conn = NULL;
	if (code == 0 && call->is_new && len < sizeof(id))
		code = -QT_EPROTO;
	if (code < 0) {
		qt1_error(c, 0, call->tag, 0, code, text);
		return;
	}
	if (!call->is_new) {
		result(c, call->tag, "{}");
		return;
	}
	memcpy(&id, body, sizeof(id));
	qt_uuid_text(&id, hex);
	snprintf(json, sizeof(json), "{\"id\":\"%s\"}", hex);
	result(c, call->tag, json);
}

/* Room to remember one more; NULL when too many are under way. */
static struct call *
call_new(struct conn *c, uint32_t tag)
{
	if (c->calls == NULL)
		c->calls = calloc(CALLS_MAX, sizeof(*c->calls));
	for (int i = 0; c->calls != NULL && i < CALLS_MAX; i++) {
		if (c->calls[i].conn == NULL) {
			c->calls[i] = (struct call){ c, tag, 0 };
			return &c->calls[i];
		}
	}
	return NULL;
}

void
qt1_calls_end(struct conn *c)
{
	for (int i = 0; c->calls != NULL && i < CALLS_MAX; i++)
		host_forget(c->worker->host, &c->calls[i]);
	free(c->calls);
	c->calls = NULL;
}

static void
call_list(struct conn *c, uint32_t tag)
{
	struct qt_wire_head	head = { .type = QT_WIRE_RESULT, .arg = tag };
	struct qt_buf		buf = QT_BUF_INIT;
	int			rc;

	rc = session_list(c->worker, &buf, QT1_LIST_MAX);
	if (rc == 0)
		qt1_send_json(c, &head, &buf);
	else
		qt1_error(c, 0, tag, 0, rc, "");
	qt_buf_clear(&buf);
}

/* Asks the host; body begins with the session's id. */
static int
ask(struct conn *c, uint32_t tag, enum qt_control_type type, const void *body,
    size_t len)
{
	struct call	*call = call_new(c, tag);
	int		 rc;

	if (call == NULL)
		return -EAGAIN;
	rc = host_ask(c->worker->host, type, 0, body, len, on_answer, call);
	if (rc < 0)
		call->conn = NULL;
	return rc;
}

static int
call_new_session(struct conn *c, uint32_t tag, const json_t *json,
    char why[128])
{
	struct call	*call = call_new(c, tag);
	struct spec	 spec;
	int		 rc;

	if (call == NULL)
		return -EAGAIN;
	call->is_new = 1;
	rc = spec_make(c->worker, &c->user, json, &spec);
	if (rc == 0)
		rc = host_ask_new(c->worker->host, &spec.ask, on_answer, call);
	if (rc < 0) {
		memcpy(why, spec.why, 128);
		call->conn = NULL;
	}
	spec_clear(&spec);
	return rc;
}

/* The session that "id" names, if the user may change it. */
static int
find(struct conn *c, const json_t *json, struct qt_session *s)
{
	const char	*id = json_string_value(json_object_get(json, "id"));
	int		 rc;

	if (id == NULL)
		return -EINVAL;
	rc = session_resolve(c->worker, id, s);
	if (rc == 0 && !session_may_change(c->worker, &c->user, s))
		rc = -QT_EROLE;
	return rc;
}

static int
call_kill(struct conn *c, uint32_t tag, const json_t *json)
{
	struct {
		struct qt_uuid	id;
		uint32_t	sig;
	} body;
	struct qt_session	s;
	const json_t		*sig = json_object_get(json, "signal");
	int			 rc = find(c, json, &s);

	if (rc < 0)
		return rc;
	body.id = s.id;
	body.sig = SIGHUP;
	if (json_is_integer(sig) && json_integer_value(sig) > 0 &&
	    json_integer_value(sig) < NSIG)
		body.sig = (uint32_t)json_integer_value(sig);
	return ask(c, tag, QT_MSG_KILL, &body, sizeof(body));
}

static int
call_rename(struct conn *c, uint32_t tag, const json_t *json)
{
	const char		*name;
	char			 body[sizeof(struct qt_uuid) +
	    QT_SESSION_NAME_SIZE];
	struct qt_session	 s;
	int			 rc = find(c, json, &s);

	name = json_string_value(json_object_get(json, "name"));
	if (rc < 0)
		return rc;
	if (name == NULL || qt_session_name_check(name) < 0)
		return -EINVAL;
	memcpy(body, &s.id, sizeof(s.id));
	memcpy(body + sizeof(s.id), name, strlen(name));
	return ask(c, tag, QT_MSG_RENAME, body, sizeof(s.id) + strlen(name));
}

static int
call_resize(struct conn *c, uint32_t tag, const json_t *json)
{
	struct {
		struct qt_uuid	id;
		uint16_t	size[2];
		uint32_t	policy;
	} body = { .policy = ~0u };
	const json_t		*policy = json_object_get(json, "policy");
	json_int_t		 cols, rows;
	struct qt_session	 s;
	int			 rc = find(c, json, &s);

	cols = json_integer_value(json_object_get(json, "cols"));
	rows = json_integer_value(json_object_get(json, "rows"));
	if (rc < 0)
		return rc;
	rc = session_size(cols, rows, body.size);
	if (rc < 0)
		return rc;
	if (json_is_string(policy)) {
		rc = qt_resize_policy_parse(json_string_value(policy));
		if (rc < 0)
			return rc;
		body.policy = (uint32_t)rc;
	}
	body.id = s.id;
	return ask(c, tag, QT_MSG_RESIZE, &body, sizeof(body));
}

static int
call_forget(struct conn *c, uint32_t tag, const json_t *json)
{
	struct qt_session	s;
	int			rc = find(c, json, &s);

	return rc < 0 ? rc : ask(c, tag, QT_MSG_FORGET, &s.id, sizeof(s.id));
}

static void
call_op(struct conn *c, uint32_t tag, const char *op, const json_t *json)
{
	char	why[128] = "";
	int	rc;

	if (strcmp(op, "list") == 0) {
		call_list(c, tag);
		return;
	}
	if (strcmp(op, "watch") == 0) {
		c->is_watching = json_is_true(json_object_get(json, "on"));
		result(c, tag, "{}");
		watch_changed(c);
		return;
	}
	if (strcmp(op, "new") == 0)
		rc = call_new_session(c, tag, json, why);
	else if (strcmp(op, "kill") == 0)
		rc = call_kill(c, tag, json);
	else if (strcmp(op, "rename") == 0)
		rc = call_rename(c, tag, json);
	else if (strcmp(op, "resize") == 0)
		rc = call_resize(c, tag, json);
	else if (strcmp(op, "forget") == 0)
		rc = call_forget(c, tag, json);
	else
		rc = -ENOSYS;
	if (rc == -ENOENT)
		strcpy(why, "there is no such session");
	if (rc < 0)
		qt1_error(c, 0, tag, 0, rc, why);
}

void
qt1_call(struct conn *c, uint32_t tag, const void *json, size_t len)
{
	json_error_t	 e;
	json_t		*parsed;
	const char	*op;

	parsed = json_loadb(json, len, JSON_REJECT_DUPLICATES, &e);
	op = json_string_value(json_object_get(parsed, "op"));
	if (op == NULL)
		qt1_error(c, 0, tag, 0, -EINVAL, "CALL: an object with op");
	else
		call_op(c, tag, op, parsed);
	json_decref(parsed);
}
