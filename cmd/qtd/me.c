/* SPDX-License-Identifier: Apache-2.0 */
/* GET api/me: who is logged in, and what the page has to know. */

#include <string.h>

#include <qt/base/clock.h>
#include <qt/base/json.h>
#include <qt/net/token.h>

#include "auth.h"

#ifndef QT_VERSION
#define QT_VERSION "unknown"
#endif

static int
describe(struct worker *w, const struct qt_net_session *who,
    struct qt_buf *out)
{
	const struct options	*o = w->opt;
	struct user		 user = { .role = who->role };
	struct qt_json		 j = QT_JSON_INIT(out);
	int			 rc;

	qt_json_object(&j, NULL);
	qt_json_str(&j, "user", who->name);
	qt_json_str(&j, "role", qt_net_role_name(who->role));
	qt_json_str(&j, "login", login_kind_name(o->login));
	qt_json_bool(&j, "readonly", o->is_readonly);
	qt_json_bool(&j, "writable", user_role(w, &user) >= QT_ROLE_WRITER);
	qt_json_str(&j, "command", o->command == NULL ? NULL :
	    o->command_line);
	qt_json_str(&j, "title", o->command == NULL ? "Quantum Terminal" :
	    o->command_line);
	qt_json_str(&j, "base", o->base);
	qt_json_str(&j, "version", QT_VERSION);
	qt_json_bool(&j, "files", !o->is_no_files);
	qt_json_bool(&j, "args", o->is_url_arg && o->command != NULL);
	qt_json_end(&j);
	rc = qt_json_status(&j);
	/* The options are JSON already: put before the last brace. */
	if (rc == 0) {
		out->data[--out->len] = '\0';
		rc = qt_buf_addf(out, ",\"options\":%s}",
		    o->client_options.data);
	}
	return rc;
}

/* Visits keep one logged in: the cookie's week begins again. */
static void
renew(struct worker *w, struct qt_net_req *req,
    const struct qt_net_session *who)
{
	struct mon_message	m = { .type = MON_RENEW };
	uint64_t		now = qt_clock_real_ms();
	struct qt_net_str	text;
	char			token[QT_NET_TOKEN_SIZE];

	if (who->expires_ms - now > AUTH_LOGIN_MS / 8 * 7 ||
	    !qt_net_req_cookie(req, w->cookie, &text) ||
	    qt_net_token_parse(text, &m.hash) < 0 ||
	    qt_net_str_copy(text, token, sizeof(token)) < 0)
		return;
	m.session.expires_ms = now + AUTH_LOGIN_MS;
	if (mon_tell(w->mon, &m) == 0)
		auth_set_cookie(w, req, token);
}

void
me_get(struct qt_net_req *req, void *arg)
{
	struct worker		*w = arg;
	struct qt_net_session	 who;
	struct qt_buf		 body = QT_BUF_INIT;

	if (auth_find(w, req, &who) != 1) {
		auth_refuse(w, req);
		return;
	}
	if (describe(w, &who, &body) < 0) {
		qt_buf_clear(&body);
		qt_net_reply_reject(req, 503, QT_NET_REJECT_busy);
		return;
	}
	if (w->opt->login == LOGIN_BASIC && who.id == 0) {
		/* Some browsers send no Basic header with a WebSocket. */
		auth_log_in(w, req, &who, &body);
		return;
	}
	if (who.id != 0)
		renew(w, req, &who);
	qt_net_reply_json(req, 200, &body);
	qt_buf_clear(&body);
}
