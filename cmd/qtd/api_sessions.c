/* SPDX-License-Identifier: Apache-2.0 */
/* The sessions by HTTP: list, make, end; for scripts, and for the page. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <qt/base/err.h>
#include <qt/net/audit.h>

#include "api.h"
#include "session.h"

#define LIST_ALL 65536

struct asked {
	struct worker		*w;
	struct qt_net_req	*req;	/* NULL: the client left */
	struct qt_uuid		 id;
};

/* The HTTP status that says what a code of ours does. */
static int
status_of(int code)
{
	switch (code) {
	case -ENOENT: case -QT_EGONE:	return 404;
	case -QT_EROLE: case -EPERM:	return 403;
	case -EACCES:			return 403;
	case -EEXIST:			return 409;
	case -EINVAL: case -E2BIG:	return 400;
	case -ENOTDIR: case -EISDIR:	return 400;
	case -QT_EFULL: case -ENOSPC:	return 507;
	case -EAGAIN: case -QT_ENOHOST:	return 503;
	case -ETIMEDOUT:		return 504;
	default:			return 500;
	}
}

void
api_error(struct qt_net_req *req, int code, const char *text)
{
	struct qt_buf	buf = QT_BUF_INIT;
	struct qt_json	j = QT_JSON_INIT(&buf);

	qt_json_object(&j, NULL);
	qt_json_str(&j, "error", text != NULL && text[0] != '\0' ? text :
	    qt_strerror(code));
	qt_json_end(&j);
	qt_net_reply_json(req, status_of(code), &buf);
	qt_buf_clear(&buf);
}

int
api_session(struct worker *w, struct qt_net_req *req, const char *end,
    struct qt_session *out)
{
	struct qt_net_str	rest = qt_net_req_rest(req);
	char			name[128];
	size_t			len = strlen(end);
	int			rc = -ENOENT;

	if (rest.len > len && memcmp(rest.p + rest.len - len, end, len) == 0) {
		rest.len -= len;
		rc = qt_net_str_copy(rest, name, sizeof(name));
	}
	if (rc == 0)
		rc = session_resolve(w, name, out);
	if (rc == 0)
		return 0;
	api_error(req, rc == -ENAMETOOLONG ? -ENOENT : rc, rc == -EEXIST ?
	    "several sessions begin so" : "there is no such session");
	return -1;
}

void
api_user(const struct qt_net_req *req, struct user *out)
{
	const struct qt_net_user	*user = qt_net_req_user(req);

	memset(out, 0, sizeof(*out));
	if (user == NULL)
		return;
	snprintf(out->name, sizeof(out->name), "%s", user->name);
	out->role = (enum qt_net_role)user->role;
}

static void
on_gone(void *arg)
{
	struct asked	*a = arg;

	a->req = NULL;
}

static struct asked *
asked_new(struct worker *w, struct qt_net_req *req)
{
	struct asked	*a = calloc(1, sizeof(*a));

	if (a == NULL) {
		api_error(req, -EAGAIN, NULL);
		return NULL;
	}
	a->w = w;
	a->req = req;
	qt_net_req_defer(req, on_gone, a);
	return a;
}

static void
asked_fail(struct asked *a, int code, const char *text)
{
	if (a->req != NULL)
		api_error(a->req, code, text);
	free(a);
}

void
sessions_get(struct qt_net_req *req, void *arg)
{
	struct worker	*w = arg;
	struct qt_buf	 buf = QT_BUF_INIT;
	int		 rc = session_list(w, &buf, LIST_ALL);

	if (rc == 0)
		qt_net_reply_json(req, 200, &buf);
	else
		api_error(req, rc, NULL);
	qt_buf_clear(&buf);
}

static void
on_created(void *arg, int code, const void *body, size_t len,
    const char *text)
{
	struct asked		*a = arg;
	struct qt_session	 s;
	struct qt_buf		 buf = QT_BUF_INIT;
	struct qt_json		 j = QT_JSON_INIT(&buf);
	struct qt_uuid		 id;

	if (code == 0 && len < sizeof(id))
		code = -QT_EPROTO;
	if (code == 0) {
		memcpy(&id, body, sizeof(id));
		code = qt_session_find(session_table(a->w), &id, &s);
	}
	if (code < 0) {
		asked_fail(a, code, text);
		return;
	}
	qt_json_object(&j, NULL);
	session_fields(a->w, &j, &s);
	qt_json_end(&j);
	if (a->req != NULL)
		qt_net_reply_json(a->req, 201, &buf);
	qt_buf_clear(&buf);
	free(a);
}

void
sessions_post(struct qt_net_req *req, void *arg)
{
	struct worker		*w = arg;
	struct qt_net_str	 body = qt_net_req_body(req);
	json_t			*json = NULL;
	struct spec		 spec;
	struct user		 user;
	struct asked		*a;
	int			 rc;

	api_user(req, &user);
	if (body.len > 0) {
		json = json_loadb(body.p, body.len, JSON_REJECT_DUPLICATES,
		    NULL);
		if (json == NULL) {
			api_error(req, -EINVAL, "the body is no JSON");
			return;
		}
	}
	rc = spec_make(w, &user, json, &spec);
	if (rc < 0) {
		api_error(req, rc, spec.why);
	} else if ((a = asked_new(w, req)) != NULL) {
		rc = host_ask_new(w->host, &spec.ask, on_created, a);
		if (rc < 0)
			asked_fail(a, rc, NULL);
	}
	spec_clear(&spec);
	json_decref(json);
}

/* An ended session's record goes; a running one is ended. */
static void
on_ended(void *arg, int code, const void *body, size_t len, const char *text)
{
	struct asked	*a = arg;

	(void)body, (void)len;
	if (code < 0) {
		asked_fail(a, code, text);
		return;
	}
	if (a->req != NULL)
		qt_net_reply(a->req, 204, NULL, NULL, 0);
	free(a);
}

void
sessions_delete(struct qt_net_req *req, void *arg)
{
	struct worker		*w = arg;
	char			 name[QT_UUID_TEXT_SIZE + QT_SESSION_NAME_SIZE];
	struct {
		struct qt_uuid	id;
		uint32_t	sig;
	} body = { .sig = 1 };	/* SIGHUP */
	struct qt_session	 s;
	struct user		 user;
	struct asked		*a;
	int			 rc;

	api_user(req, &user);
	rc = qt_net_str_copy(qt_net_req_rest(req), name, sizeof(name));
	if (rc == 0)
		rc = session_resolve(w, name, &s);
	if (rc == 0 && !session_may_change(w, &user, &s))
		rc = -QT_EROLE;
	if (rc < 0) {
		api_error(req, rc, rc == -ENOENT || rc == -ENAMETOOLONG ?
		    "there is no such session" : NULL);
		return;
	}
	a = asked_new(w, req);
	if (a == NULL)
		return;
	body.id = s.id;
	rc = s.state == QT_STATE_RUNNING ?
	    host_ask(w->host, QT_MSG_KILL, 0, &body, sizeof(body), on_ended,
	    a) : host_ask(w->host, QT_MSG_FORGET, 0, &s.id, sizeof(s.id),
	    on_ended, a);
	if (rc < 0)
		asked_fail(a, rc, NULL);
}
