/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Logging in and out.
 *
 *	POST login {"token"}		link ─► monitor takes it ─┐
 *	POST login {"user","password"}	bcrypt on the pool ───────┴► new session,
 *								    Set-Cookie
 * What waits for an answer lives in a struct pending, which outlives the
 * request when the client leaves.
 */

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <qt/base/clock.h>
#include <qt/base/err.h>
#include <qt/net/audit.h>
#include <qt/net/login.h>
#include <qt/net/token.h>

#include "auth.h"
#include "conn.h"

struct pending {
	struct worker		*w;
	struct qt_net_req	*req;		/* NULL: the client left */
	struct qt_net_addr	 addr;
	char			 token[QT_NET_TOKEN_SIZE];
	struct qt_buf		 body;		/* of the answer */
	char			 name[QT_NET_NAME_MAX + 1];
	enum qt_net_role	 role;
	uint64_t		 stamp;
};

static void
on_gone(void *arg)
{
	struct pending	*p = arg;

	p->req = NULL;
}

static struct pending *
pending_new(struct worker *w, struct qt_net_req *req)
{
	struct pending	*p = calloc(1, sizeof(*p));

	if (p == NULL) {
		qt_net_reply_reject(req, 503, QT_NET_REJECT_busy);
		return NULL;
	}
	p->w = w;
	p->req = req;
	p->addr = *qt_net_req_addr(req);
	qt_net_req_defer(req, on_gone, p);
	return p;
}

static void
pending_free(struct pending *p)
{
	qt_buf_clear(&p->body);
	explicit_bzero(p->token, sizeof(p->token));
	free(p);
}

static void
reply_error(struct qt_net_req *req, int status, const char *error,
    unsigned int retry_s)
{
	char	body[160], seconds[16];
	int	len;

	if (retry_s > 0) {
		snprintf(seconds, sizeof(seconds), "%u", retry_s);
		qt_net_reply_header(req, "Retry-After", seconds);
	}
	len = retry_s > 0 ? snprintf(body, sizeof(body),
	    "{\"error\":\"%s\",\"retry_after\":%u}", error, retry_s) :
	    snprintf(body, sizeof(body), "{\"error\":\"%s\"}", error);
	qt_net_reply(req, status, "application/json", body, (size_t)len);
}

static void
fail(struct pending *p, int status, const char *error)
{
	if (p->req != NULL)
		reply_error(p->req, status, error, 0);
	pending_free(p);
}

int
auth_set_cookie(struct worker *w, struct qt_net_req *req, const char *token)
{
	const struct options	*o = w->opt;
	int			 is_secure = o->is_tls || o->is_https;
	char			 line[256];
	int			 rc;

	rc = qt_net_cookie_set(line, sizeof(line), w->cookie,
	    token != NULL ? token : "", is_secure ? "/" : o->base, is_secure,
	    token != NULL ? (long)(AUTH_LOGIN_MS / 1000) : 0);
	if (rc == 0)
		rc = qt_net_reply_header(req, "Set-Cookie", line);
	return rc;
}

/* The monitor has stored the session. */
static void
on_added(void *arg, const struct mon_message *m, int fd)
{
	struct pending	*p = arg;

	(void)fd;
	qt_net_audit(p->w->audit, "login", m->code == 0, p->name,
	    qt_net_role_name(p->role), &p->addr,
	    login_kind_name(p->w->opt->login));
	if (m->code < 0) {
		fail(p, 503, "no room for another login");
		return;
	}
	if (p->req != NULL) {
		auth_set_cookie(p->w, p->req, p->token);
		if (p->body.len > 0)
			qt_net_reply_json(p->req, 200, &p->body);
		else
			qt_net_reply(p->req, 204, NULL, NULL, 0);
	}
	pending_free(p);
}

static void
add_session(struct pending *p)
{
	struct mon_message	m = { .type = MON_ADD };

	qt_net_token_new(p->token, &m.hash);
	m.session.kind = QT_NET_SESSION_BROWSER;
	m.session.role = p->role;
	m.session.stamp = p->stamp;
	m.session.created_ms = qt_clock_real_ms();
	m.session.expires_ms = m.session.created_ms + AUTH_LOGIN_MS;
	memcpy(m.session.name, p->name, sizeof(m.session.name));
	if (mon_ask(p->w->mon, &m, on_added, p) < 0)
		fail(p, 503, "the server is busy");
}

void
auth_log_in(struct worker *w, struct qt_net_req *req,
    const struct qt_net_session *who, struct qt_buf *body)
{
	struct pending	*p = pending_new(w, req);

	if (p == NULL) {
		qt_buf_clear(body);
		return;
	}
	p->body = *body;
	*body = (struct qt_buf)QT_BUF_INIT;
	memcpy(p->name, who->name, sizeof(p->name));
	p->role = who->role;
	p->stamp = who->stamp;
	add_session(p);
}

/* A link was used, or was none. */
static void
on_link(void *arg, const struct mon_message *m, int fd)
{
	struct pending	*p = arg;
	struct worker	*w = p->w;

	(void)fd;
	if (m->code < 0) {
		qt_net_audit(w->audit, "login", 0, NULL, NULL, &p->addr,
		    "token");
		fail(p, 401, "this link was used already or has expired");
		return;
	}
	qt_net_backoff_ok(w->backoff, &p->addr, NULL);
	memcpy(p->name, w->local_name, sizeof(p->name));
	p->role = m->session.role;
	add_session(p);
}

static void
by_token(struct worker *w, struct qt_net_req *req, const char *text)
{
	struct mon_message	 m = { .type = MON_TAKE };
	unsigned int		 wait;
	struct pending		*p;

	wait = qt_net_backoff_try(w->backoff, qt_net_req_addr(req), NULL,
	    qt_clock_mono_ms());
	if (wait > 0) {
		reply_error(req, 429, "too many tries", wait);
		return;
	}
	m.session.kind = QT_NET_SESSION_LINK;
	if (qt_net_token_parse((struct qt_net_str){ text, strlen(text) },
	    &m.hash) < 0) {
		reply_error(req, 401, "this is no link of ours", 0);
		return;
	}
	p = pending_new(w, req);
	if (p != NULL && mon_ask(w->mon, &m, on_link, p) < 0)
		fail(p, 503, "the server is busy");
}

static void
on_password(const struct qt_net_login_result *result, void *arg)
{
	struct pending	*p = arg;

	snprintf(p->name, sizeof(p->name), "%s", result->name);
	p->role = result->role;
	p->stamp = result->stamp;
	if (p->role == QT_NET_ROLE_NONE) {
		qt_net_audit(p->w->audit, "login", 0, p->name, NULL, &p->addr,
		    "password");
		fail(p, 401, "the name or the password is wrong");
		return;
	}
	add_session(p);
}

static void
by_password(struct worker *w, struct qt_net_req *req, const char *name,
    const json_t *password)
{
	unsigned int	 retry_s = 0;
	struct pending	*p = pending_new(w, req);
	int		 rc;

	if (p == NULL)
		return;
	rc = qt_net_login_check(w->login, &p->addr, name,
	    json_string_value(password), json_string_length(password),
	    &retry_s, on_password, p);
	if (rc == 0)
		return;
	if (rc == -EBUSY)
		reply_error(req, 429, "too many tries",
		    retry_s > 0 ? retry_s : 1);
	else if (rc == -EINVAL)
		reply_error(req, 401, "the name or the password is wrong", 0);
	else
		reply_error(req, 503, "the server is busy", 0);
	pending_free(p);
}

void
login_post(struct qt_net_req *req, void *arg)
{
	struct worker		*w = arg;
	struct qt_net_str	 body = qt_net_req_body(req);
	json_t			*json = json_loadb(body.p != NULL ? body.p :
	    "", body.len, JSON_REJECT_DUPLICATES, NULL);
	const json_t		*password = json_object_get(json, "password");
	const char		*token, *name;

	token = json_string_value(json_object_get(json, "token"));
	name = json_string_value(json_object_get(json, "user"));
	if (w->opt->login == LOGIN_TOKEN && token != NULL)
		by_token(w, req, token);
	else if (w->opt->login == LOGIN_PASSWORD && name != NULL &&
	    json_is_string(password))
		by_password(w, req, name, password);
	else
		reply_error(req, 400, w->opt->login == LOGIN_PASSWORD ?
		    "user and password are needed" : "a token is needed", 0);
	json_decref(json);
}

static void
on_deleted(void *arg, const struct mon_message *m, int fd)
{
	struct pending	*p = arg;

	(void)m, (void)fd;
	if (p->req != NULL) {
		auth_set_cookie(p->w, p->req, NULL);
		qt_net_reply(p->req, 204, NULL, NULL, 0);
	}
	pending_free(p);
}

void
logout_post(struct qt_net_req *req, void *arg)
{
	struct worker			*w = arg;
	const struct qt_net_user	*user = qt_net_req_user(req);
	struct mon_message		 m = { .type = MON_DEL };
	struct qt_net_str		 text;
	struct pending			*p;

	if (!qt_net_req_cookie(req, w->cookie, &text) ||
	    qt_net_token_parse(text, &m.hash) < 0) {
		qt_net_reply(req, 204, NULL, NULL, 0);
		return;
	}
	m.session.id = user != NULL ? user->id : 0;
	qt_net_audit(w->audit, "logout", 1, user != NULL ? user->name : NULL,
	    NULL, qt_net_req_addr(req), NULL);
	p = pending_new(w, req);
	if (p != NULL && mon_ask(w->mon, &m, on_deleted, p) < 0)
		fail(p, 503, "the server is busy");
}

static void
on_ticket(void *arg, const struct mon_message *m, int fd)
{
	struct pending	*p = arg;
	char		 body[80];
	int		 len;

	(void)fd;
	if (m->code < 0) {
		fail(p, 503, "no room for another ticket");
		return;
	}
	len = snprintf(body, sizeof(body), "{\"token\": \"%s\"}", p->token);
	if (p->req != NULL)
		qt_net_reply(p->req, 200, "application/json;charset=utf-8",
		    body, (size_t)len);
	pending_free(p);
}

/* ttyd's clients fetch this and repeat it in their first message. */
void
token_get(struct qt_net_req *req, void *arg)
{
	struct worker			*w = arg;
	const struct qt_net_user	*user = qt_net_req_user(req);
	struct mon_message		 m = { .type = MON_ADD };
	struct pending			*p;

	qt_net_reply_header(req, "Cache-Control", "no-store");
	if (w->opt->login == LOGIN_NONE || w->opt->login == LOGIN_HEADER) {
		qt_net_reply(req, 200, "application/json;charset=utf-8",
		    "{\"token\": \"\"}", 13);
		return;
	}
	p = pending_new(w, req);
	if (p == NULL)
		return;
	qt_net_token_new(p->token, &m.hash);
	m.session.kind = QT_NET_SESSION_TICKET;
	m.session.role = (enum qt_net_role)user->role;
	(void)auth_stamp(w, user->name, &m.session.stamp, NULL);
	m.session.created_ms = qt_clock_real_ms();
	m.session.expires_ms = m.session.created_ms + AUTH_TICKET_MS;
	memcpy(m.session.name, user->name, sizeof(m.session.name));
	if (mon_ask(w->mon, &m, on_ticket, p) < 0)
		fail(p, 503, "the server is busy");
}
