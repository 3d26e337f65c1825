/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a parsed head to its handler. See <qt/net/server.h>.
 *
 * The checks come in the order of their cost and of what they give away: Host,
 * path, route, body size, Origin, then who it is. Only then is a body read.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "conn_priv.h"

#define UNSAFE (QT_NET_METHOD(POST) | QT_NET_METHOD(PUT) |		\
	QT_NET_METHOD(DELETE) | QT_NET_METHOD(PATCH))

/* Longest first, an exact path before a prefix of the same length. */
static int
rank(const struct qt_net_route *a, const struct qt_net_route *b)
{
	size_t	x = strlen(a->path), y = strlen(b->path);
	int	x_star = a->path[x - 1] == '*', y_star = b->path[y - 1] == '*';

	x -= (size_t)x_star;
	y -= (size_t)y_star;
	if (x != y)
		return x > y ? -1 : 1;
	return x_star - y_star;
}

int
qt_net_server_route(struct qt_net_server *s, const struct qt_net_route *route)
{
	struct qt_net_route	copy = *route;
	size_t			i;

	if (route->path == NULL || route->path[0] != '/' ||
	    route->handle == NULL)
		return -EINVAL;
	for (i = 0; i < s->nroutes; i++) {
		if (strcmp(s->routes[i].path, route->path) == 0 &&
		    (s->routes[i].methods & route->methods) != 0)
			return -EEXIST;
	}
	if (s->nroutes == QT__ROUTES_MAX)
		return -QT_EFULL;
	copy.path = strdup(route->path);
	if (copy.path == NULL)
		return -ENOMEM;
	if ((copy.methods & QT_NET_METHOD(GET)) != 0)
		copy.methods |= QT_NET_METHOD(HEAD);
	for (i = s->nroutes; i > 0 && rank(&copy, &s->routes[i - 1]) < 0; i--)
		s->routes[i] = s->routes[i - 1];
	s->routes[i] = copy;
	s->nroutes++;
	return 0;
}

static int
matches(const struct qt_net_route *r, struct qt_net_str path, size_t *used)
{
	size_t	len = strlen(r->path);

	if (r->path[len - 1] == '*') {
		*used = --len;
		return path.len >= len && memcmp(path.p, r->path, len) == 0;
	}
	*used = len;
	return path.len == len && memcmp(path.p, r->path, len) == 0;
}

/*
 * The best route for the path that takes the method; *allowed gathers the
 * methods of all routes that are as good, for Allow.
 */
static const struct qt_net_route *
find(const struct qt_net_server *s, struct qt_net_req *req,
    unsigned int *allowed)
{
	const struct qt_net_route	*r, *best = NULL;
	size_t				 used;

	*allowed = 0;
	for (size_t i = 0; i < s->nroutes; i++) {
		r = &s->routes[i];
		if ((best != NULL && strcmp(best->path, r->path) != 0) ||
		    !matches(r, req->path, &used))
			continue;
		best = r;
		*allowed |= r->methods;
		if ((r->methods & (1u << req->head.method)) != 0) {
			req->rest = (struct qt_net_str){ req->path.p + used,
			    req->path.len - used };
			return r;
		}
	}
	return NULL;
}

/* 404, 405, or what OPTIONS asks for. */
static void
no_route(struct qt_net_req *req, unsigned int allowed)
{
	char	list[80] = "OPTIONS";
	size_t	len = strlen(list);

	if (allowed == 0) {
		qt_net_reply_status(req, 404);
		return;
	}
	for (int m = 0; m < QT_NET_METHOD_COUNT_; m++) {
		if ((allowed & (1u << m)) != 0 && m != QT_NET_OPTIONS)
			len += (size_t)snprintf(list + len,
			    sizeof(list) - len, ", %s",
			    qt_net_method_name((enum qt_net_method)m));
	}
	qt_net_reply_header(req, "Allow", list);
	qt_net_reply_status(req, req->head.method == QT_NET_OPTIONS ?
	    204 : 405);
}

/* 0, or -1 after an answer. */
static int
resolve_path(struct qt_net_req *req)
{
	struct qt_net_str	raw = req->head.path;
	long			n;

	if (raw.len == 1 && raw.p[0] == '*') {
		qt_net_reply_header(req, "Allow",
		    "GET, HEAD, POST, PUT, DELETE, OPTIONS, PATCH");
		qt_net_reply_status(req, 204);
		return -1;
	}
	if (qt_net_path_is_plain(raw)) {
		req->path = raw;
		return 0;
	}
	req->path_copy = malloc(raw.len + 1);
	if (req->path_copy == NULL) {
		qt_net_reply_reject(req, 503, QT_NET_REJECT_busy);
		return -1;
	}
	n = qt_net_path_decode(raw, req->path_copy, raw.len + 1);
	if (n < 0) {
		qt_net_reply_reject(req, 400, QT_NET_REJECT_path);
		return -1;
	}
	req->path = (struct qt_net_str){ req->path_copy, (size_t)n };
	return 0;
}

static int
check_origin(struct qt_net_req *req, const struct qt_net_route *r)
{
	const struct qt_net_conf	*conf = &req->conn->server->conf;

	if ((r->flags & QT_NET_ANY_ORIGIN) != 0 || (!req->head.is_upgrade &&
	    (UNSAFE & (1u << req->head.method)) == 0))
		return 0;
	if (qt_net_origins_check(conf->origins, &req->head,
	    qt_net_req_is_secure(req)) != QT_NET_ORIGIN_BAD)
		return 0;
	qt_net_reply_reject(req, 403, QT_NET_REJECT_origin);
	return -1;
}

/* 0 when the handler may run, -1 after an answer. */
static int
check(struct qt_net_req *req, const struct qt_net_route *r)
{
	const struct qt_net_conf	*conf = &req->conn->server->conf;

	if ((uint64_t)req->body_left > r->body_max) {
		qt_net_reply_reject(req, 413, QT_NET_REJECT_body_max);
		return -1;
	}
	if ((r->flags & QT_NET_WS) != 0 && !qt__net_upgrade_check(req))
		return -1;
	if (check_origin(req, r) < 0)
		return -1;
	if ((r->flags & QT_NET_AUTH) != 0 && conf->authorize != NULL &&
	    conf->authorize(req, conf->arg) < 0) {
		if (!req->is_ended && !req->is_deferred)
			qt_net_reply_reject(req, 403,
			    QT_NET_REJECT_unauthorized);
		return -1;
	}
	return 0;
}

/* Who asks, when a proxy of this machine asks for somebody. */
static void
believe_forwarded(struct qt_net_req *req)
{
	struct qt_net_str	v;
	size_t			from;

	if (!qt_net_addr_is_local(&req->conn->addr))
		return;
	v = qt_net_head_get(&req->head, QT_NET_H_X_FORWARDED_PROTO);
	req->is_secure = qt_net_str_is_nocase(v, "https");
	v = qt_net_head_get(&req->head, QT_NET_H_X_FORWARDED_FOR);
	for (from = v.len; from > 0 && v.p[from - 1] != ',' &&
	    v.p[from - 1] != ' ';)
		from--;
	if (v.len > from && qt_net_addr_parse((struct qt_net_str){ v.p + from,
	    v.len - from }, &req->addr) == 0)
		req->has_addr = 1;
}

void
qt__net_route(struct qt_net_req *req)
{
	struct qt__conn		*c = req->conn;
	struct qt_net_server	*s = c->server;
	unsigned int		 allowed;

	if (s->conf.trust_forwarded)
		believe_forwarded(req);
	if (!qt_net_origins_is_host(s->conf.origins, req->head.host)) {
		qt_net_reply_reject(req, 403, QT_NET_REJECT_origin);
		return;
	}
	if (resolve_path(req) < 0)
		return;
	req->route = find(s, req, &allowed);
	if (req->route == NULL) {
		no_route(req, allowed);
		return;
	}
	if (check(req, req->route) < 0)
		return;
	if (req->body_left > 0)
		qt__net_reply_continue(req);
	if (req->body_left > 0 && (req->route->flags & QT_NET_STREAM) == 0)
		c->state = QT__BODY;
	else
		qt__net_route_call(req);
}

void
qt__net_route_call(struct qt_net_req *req)
{
	struct qt__conn	*c = req->conn;

	req->route->handle(req, req->route->arg);
	if (c->state == QT__CLOSED || c->req != req || req->is_ended ||
	    req->is_deferred)
		return;
	qt_net_reply_reject(req, 500, QT_NET_REJECT_handler);
}
