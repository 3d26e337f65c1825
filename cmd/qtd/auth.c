/* SPDX-License-Identifier: Apache-2.0 */
/* Who asks: a cookie, a Basic header, a proxy's word, or nobody in particular. */

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include <qt/base/clock.h>
#include <qt/base/hash.h>
#include <qt/base/log.h>
#include <qt/net/audit.h>
#include <qt/net/login.h>
#include <qt/net/token.h>

#include "auth.h"

#define USERS_EVERY_MS	1000
#define USERS_SAY_MS	60000	/* that it cannot be read */

/* Asked before the sandbox is there, which keeps /etc/passwd away. */
static void
find_local_name(char out[QT_NET_NAME_MAX + 1])
{
	const struct passwd	*pw = getpwuid(geteuid());

	snprintf(out, QT_NET_NAME_MAX + 1, "%.*s", QT_NET_NAME_MAX,
	    pw != NULL ? pw->pw_name : "user");
}

/* Looks at the users file once a second at most. */
static void
refresh_users(struct worker *w)
{
	uint64_t	now = qt_clock_mono_ms();
	struct qt_err	err = QT_ERR_INIT;
	int		rc;

	if (now - w->users_ms < USERS_EVERY_MS)
		return;
	w->users_ms = now;
	rc = qt_net_users_refresh(w->users, &err);
	if (rc == 0)
		w->users_said_ms = 0;
	if (rc == 0 || (w->users_said_ms != 0 &&
	    now - w->users_said_ms < USERS_SAY_MS))
		return;
	w->users_said_ms = now;
	qt_log(QT_LOG_WARN, "qtd", "%s: %s; what it said before stays in "
	    "force", err.text, qt_strerror(rc));
}

/*
 * Of -c's secret some bits only: enough to see that it was changed, too few
 * to find it by trying.
 */
static uint64_t
credential_stamp(const char *credential)
{
	static const struct qt_hash_key	key = { { 0x7174, 4 } };

	return (qt_hash(&key, credential, strlen(credential)) & 0xfffff) | 1;
}

int
auth_stamp(struct worker *w, const char *name, uint64_t *stamp,
    enum qt_net_role *role)
{
	struct qt_net_account	account;

	*stamp = w->opt->login == LOGIN_BASIC ?
	    credential_stamp(w->opt->credential) : 0;
	if (w->users == NULL)
		return 1;
	refresh_users(w);
	if (!qt_net_users_get(w->users, name, &account))
		return 0;
	*stamp = qt_net_account_stamp(&account);
	if (role != NULL)
		*role = account.role;
	return 1;
}

/*
 * A cookie's session, whose user must still be what it was. What was granted
 * when qtd ran with other accounts, or none, has another stamp.
 */
static int
find_cookie(struct worker *w, struct qt_net_req *req,
    struct qt_net_session *out)
{
	struct qt_net_token_hash	hash;
	struct qt_net_str		text;
	uint64_t			stamp;

	if (!qt_net_req_cookie(req, w->cookie, &text) ||
	    qt_net_token_parse(text, &hash) < 0 ||
	    qt_net_sessions_get(w->sessions, &hash, QT_NET_SESSION_BROWSER,
	    qt_clock_real_ms(), out) != 1)
		return 0;
	return auth_stamp(w, out->name, &stamp, NULL) && stamp == out->stamp;
}

static int
find_basic(struct worker *w, struct qt_net_req *req,
    struct qt_net_session *out)
{
	struct qt_net_str	 h = qt_net_req_header(req,
	    QT_NET_H_AUTHORIZATION);
	const struct qt_net_addr *addr = qt_net_req_addr(req);
	const char		*colon = strchr(w->opt->credential, ':');

	if (h.len == 0 || qt_net_backoff_try(w->backoff, addr, NULL,
	    qt_clock_mono_ms()) > 0)
		return 0;
	if (!qt_net_basic_is(h, w->opt->credential)) {
		qt_net_audit(w->audit, "login", 0, NULL, NULL, addr, "basic");
		return 0;
	}
	qt_net_backoff_ok(w->backoff, addr, NULL);
	snprintf(out->name, sizeof(out->name), "%.*s",
	    (int)(colon - w->opt->credential > QT_NET_NAME_MAX ?
	    QT_NET_NAME_MAX : colon - w->opt->credential),
	    w->opt->credential);
	out->role = QT_NET_ROLE_ADMIN;
	return auth_stamp(w, out->name, &out->stamp, NULL);
}

/* A proxy's word counts only when the proxy is on this machine. */
static int
find_header(struct worker *w, struct qt_net_req *req,
    struct qt_net_session *out)
{
	const struct qt_net_head	*head = qt_net_req_head(req);
	const char			*name = w->opt->auth_header;
	int				 found = 0;

	if (!qt_net_addr_is_local(qt_net_req_addr(req)))
		return 0;
	for (size_t i = 0; i < head->nheaders; i++) {
		if (!qt_net_str_is_nocase(head->headers[i].name, name))
			continue;
		if (found++ || head->headers[i].value.len == 0 ||
		    qt_net_str_copy(head->headers[i].value, out->name,
		    sizeof(out->name)) < 0)
			return 0;
	}
	out->role = QT_NET_ROLE_WRITER;
	return found && auth_stamp(w, out->name, &out->stamp, &out->role);
}

int
auth_find(struct worker *w, struct qt_net_req *req,
    struct qt_net_session *out)
{
	memset(out, 0, sizeof(*out));
	switch (w->opt->login) {
	case LOGIN_NONE:
		memcpy(out->name, w->local_name, sizeof(out->name));
		out->role = QT_NET_ROLE_ADMIN;
		return 1;
	case LOGIN_HEADER:
		return find_header(w, req, out);
	case LOGIN_BASIC:
		if (find_cookie(w, req, out))
			return 1;
		memset(out, 0, sizeof(*out));
		return find_basic(w, req, out);
	default:
		return find_cookie(w, req, out);
	}
}

void
auth_refuse(struct worker *w, struct qt_net_req *req)
{
	char	body[64];
	int	len;

	if (w->opt->login == LOGIN_BASIC)
		qt_net_reply_header(req, "WWW-Authenticate",
		    "Basic realm=\"qtd\", charset=\"UTF-8\"");
	len = snprintf(body, sizeof(body), "{\"login\":\"%s\"}",
	    login_kind_name(w->opt->login));
	qt_net_count(&w->slot->net.rejects[QT_NET_REJECT_unauthorized], 1);
	qt_net_reply(req, 401, "application/json", body, (size_t)len);
}

int
auth_check(struct qt_net_req *req, void *arg)
{
	struct worker		*w = arg;
	struct qt_net_session	 who;

	if (auth_find(w, req, &who) != 1) {
		auth_refuse(w, req);
		return -1;
	}
	qt_net_req_set_user(req, who.name, who.role, who.id);
	return 0;
}

int
auth_open(struct worker *w, struct qt_err *err)
{
	const struct options	*o = w->opt;
	int			 rc = 0;

	find_local_name(w->local_name);
	if (o->audit != NULL)
		rc = qt_net_audit_open(o->audit, &w->audit, err);
	if (rc == 0 && o->users != NULL)
		rc = qt_net_users_open(o->users, &w->users, err);
	if (rc == 0 && o->login == LOGIN_PASSWORD)
		rc = qt_net_login_new(w->users, w->work, w->backoff,
		    &w->slot->net, &w->login);
	if (rc == 0)
		rc = revoke_new(w);
	if (rc == 0)
		rc = qt_net_cookie_name(w->cookie, sizeof(w->cookie), "qt",
		    o->is_tls || o->is_https, o->port);
	return rc;
}
