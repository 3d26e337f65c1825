/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Upgrades: who may have a WebSocket. The front end has checked the handshake,
 * Host and Origin; what is left is login, limits and the subprotocol.
 */

#include <string.h>

#include <qt/base/err.h>
#include <qt/base/log.h>
#include <qt/net/audit.h>
#include <qt/net/origin.h>

#include "conn.h"

/* The first that we speak, of those offered: 'q', 't', or 0. */
static char
choose_protocol(struct qt_net_str list)
{
	size_t	n, end;

	while (list.len > 0) {
		n = 0;
		while (n < list.len && list.p[n] != ',')
			n++;
		end = n;
		while (end > 0 && list.p[end - 1] == ' ')
			end--;
		while (end > 0 && list.p[0] == ' ')
			list.p++, list.len--, n--, end--;
		if (end == 4 && memcmp(list.p, "qt.1", 4) == 0)
			return 'q';
		if (end == 3 && memcmp(list.p, "tty", 3) == 0)
			return 't';
		list.p += n + (n < list.len);
		list.len -= n + (n < list.len);
	}
	return 0;
}

/* 0, or -1 after an answer. */
static int
check_limits(struct worker *w, struct qt_net_req *req)
{
	const struct options	*o = w->opt;

	if (w->is_stopping) {
		qt_net_reply_text(req, 503, "The server is stopping.");
		return -1;
	}
	if (o->is_once && atomic_load(&w->shared->had_client) != 0) {
		qt_net_reply_text(req, 503, "This server serves one client, "
		    "once.");
		return -1;
	}
	if (o->clients_max != 0 &&
	    shared_clients(w->shared) >= o->clients_max) {
		qt_net_count(&w->slot->ws_refused_clients, 1);
		qt_net_reply_text(req, 503, "%u clients are here already, "
		    "which is the most (--max-clients).", o->clients_max);
		return -1;
	}
	return 0;
}

/*
 * A cookie comes by itself, from any page that the browser shows; so with a
 * cookie there has to be an Origin, which was found right. Programs send
 * Basic, or a ticket.
 */
static int
is_origin_missing(struct worker *w, struct qt_net_req *req)
{
	struct qt_net_str	cookie;

	return qt_net_req_cookie(req, w->cookie, &cookie) &&
	    qt_net_req_header(req, QT_NET_H_ORIGIN).len == 0;
}

static int
find_user(struct worker *w, struct qt_net_req *req, char protocol,
    struct qt_net_session *who)
{
	memset(who, 0, sizeof(*who));
	if (is_origin_missing(w, req)) {
		qt_net_reply_reject(req, 403, QT_NET_REJECT_origin);
		return -1;
	}
	if (auth_find(w, req, who) == 1)
		return 0;
	/* A client of ttyd may bring a ticket in its first message. */
	if (protocol == 't' && w->opt->login != LOGIN_HEADER)
		return 0;
	auth_refuse(w, req);
	return -1;
}

void
upgrade_get(struct qt_net_req *req, void *arg)
{
	struct worker		*w = arg;
	struct qt_net_session	 who;
	struct qt_net_upgrade	 up;
	struct qt_net_str	 query = qt_net_req_query(req), none = { 0 };
	struct user		 user = { .role = QT_NET_ROLE_NONE };
	char			 protocol;
	int			 rc;

	protocol = choose_protocol(qt_net_req_header(req,
	    QT_NET_H_SEC_WEBSOCKET_PROTOCOL));
	if (protocol == 0) {
		qt_net_reply_text(req, 400, "Sec-WebSocket-Protocol: qt.1 or "
		    "tty.");
		return;
	}
	if (check_limits(w, req) < 0 ||
	    find_user(w, req, protocol, &who) < 0)
		return;
	memcpy(user.name, who.name, sizeof(user.name));
	user.role = who.role;
	user.stamp = who.stamp;
	if (qt_net_req_take(req, &up) < 0)
		return;
	rc = conn_adopt(w, &user, who.id, &up, protocol == 't' ? query : none);
	if (rc < 0) {
		qt_log(QT_LOG_WARN, "qtd", "take a WebSocket: %s",
		    qt_strerror(rc));
		return;
	}
	atomic_store(&w->shared->had_client, 1);
	qt_net_audit(w->audit, "connect", 1, user.name,
	    qt_net_role_name(user.role), &up.addr,
	    protocol == 'q' ? "qt.1" : "tty");
}
