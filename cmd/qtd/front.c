/* SPDX-License-Identifier: Apache-2.0 */
/* The front end: the HTTP server, its routes, the page. */

#include <errno.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <qt/base/log.h>
#include <qt/net/audit.h>
#include <qt/net/login.h>
#include <qt/net/origin.h>
#include <qt/net/static.h>
#include <qt/net/tls.h>
#include <qt/net/work.h>

#include "front.h"

#define LOGIN_BODY_MAX	4096
#define JSON_BODY_MAX	(64u << 10)
#define CONNS_MAX	20000

#define HEADERS_COMMON							\
	"X-Content-Type-Options: nosniff\r\n"				\
	"Referrer-Policy: no-referrer\r\n"				\
	"X-Frame-Options: DENY\r\n"					\
	"Cross-Origin-Opener-Policy: same-origin\r\n"			\
	"Cross-Origin-Resource-Policy: same-origin\r\n"			\
	"Permissions-Policy: camera=(), geolocation=(), microphone=()\r\n"

/* Our page needs nothing inline and nothing from elsewhere. */
#define HEADERS_OURS HEADERS_COMMON					\
	"Content-Security-Policy: default-src 'none'; "			\
	"script-src 'self'; style-src 'self'; img-src 'self' data:; "	\
	"font-src 'self'; connect-src 'self'; manifest-src 'self'; "	\
	"base-uri 'none'; form-action 'self'; frame-ancestors 'none'\r\n"

/* Somebody's own page (-I), ttyd's for one, is a single file. */
#define HEADERS_THEIRS HEADERS_COMMON					\
	"Content-Security-Policy: default-src 'self'; "			\
	"script-src 'self' 'unsafe-inline'; "				\
	"style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; " \
	"font-src 'self' data:; connect-src 'self' ws: wss:; "		\
	"base-uri 'none'; form-action 'self'; frame-ancestors 'none'\r\n"

static int
add_origins(struct worker *w, struct qt_err *err)
{
	static const char *const local[] = { "localhost", "127.0.0.1",
	    "[::1]", NULL };
	const struct options	*o = w->opt;
	int			 rc;

	rc = qt_net_origins_new(&w->origins);
	for (size_t i = 0; rc == 0 && o->hosts[i] != NULL; i++) {
		rc = qt_net_origins_add_host(w->origins, o->hosts[i]);
		if (rc < 0)
			qt_err_set(err, "--host '%s'", o->hosts[i]);
	}
	/* On loopback only these: a name that somebody else made point here
	 * (DNS rebinding) is none of ours. */
	for (size_t i = 0; rc == 0 && local[i] != NULL &&
	    (o->hosts[0] != NULL || (o->is_local && !o->is_unix)); i++)
		rc = qt_net_origins_add_host(w->origins, local[i]);
	if (rc == 0 && o->is_local && !o->is_unix &&
	    strchr(o->where, ':') == NULL)
		rc = qt_net_origins_add_host(w->origins, o->where);
	for (size_t i = 0; rc == 0 && o->origins[i] != NULL; i++) {
		rc = qt_net_origins_add(w->origins, o->origins[i]);
		if (rc < 0)
			qt_err_set(err, "--origin '%s'", o->origins[i]);
	}
	if (rc == 0 && o->is_https)
		qt_net_origins_set_https(w->origins, 1);
	return rc == -EEXIST ? 0 : rc;
}

static void
index_get(struct qt_net_req *req, void *arg)
{
	struct worker		*w = arg;
	struct qt_net_session	 who;
	const char		*name = "index.html", *slash;

	/* The browser asks for name and password when the page is refused. */
	if (w->opt->login == LOGIN_BASIC && auth_find(w, req, &who) != 1) {
		auth_refuse(w, req);
		return;
	}
	if (w->pages == NULL) {
		qt_net_reply_text(req, 503, "The page is not installed: make "
		    "page, or set QT_DATA_DIR.");
		return;
	}
	if (w->opt->index != NULL) {
		slash = strrchr(w->opt->index, '/');
		name = slash != NULL ? slash + 1 : w->opt->index;
	}
	qt_net_static_reply(w->pages, req, (struct qt_net_str){ name,
	    strlen(name) });
}

static void
asset_get(struct qt_net_req *req, void *arg)
{
	struct worker	*w = arg;

	if (w->assets == NULL)
		qt_net_reply_status(req, 404);
	else
		qt_net_static_handle(req, w->assets);
}

static void
base_get(struct qt_net_req *req, void *arg)
{
	struct worker	*w = arg;

	qt_net_reply_redirect(req, 308, w->opt->base);
}

/* The page's folders. Without them the rest works all the same. */
static int
open_pages(struct worker *w, struct qt_err *err)
{
	struct qt_net_static_conf	 conf = QT_NET_STATIC_CONF_INIT;
	char				 root[QT_PATH_SIZE];
	char				 assets[QT_PATH_SIZE + 8];
	int				 rc;

	rc = qt_path_data("web", root);
	snprintf(assets, sizeof(assets), "%s/assets", root);
	if (w->opt->index != NULL) {
		snprintf(root, sizeof(root), "%s", w->opt->index);
		dirname(root);
		rc = 0;
	}
	if (rc == 0)
		rc = qt_net_static_new(w->server, root, &conf, w->work,
		    &w->pages, err);
	if (rc < 0 && w->opt->index != NULL)
		return rc;
	if (rc < 0)
		qt_log(QT_LOG_WARN, "qtd", "the page is not at '%s'; make "
		    "page builds it", root);
	conf.cache_control = "public, max-age=31536000, immutable";
	if (qt_net_static_new(w->server, assets, &conf, w->work, &w->assets,
	    NULL) < 0)
		w->assets = NULL;
	return 0;
}

#define GET	QT_NET_METHOD(GET)
#define POST	QT_NET_METHOD(POST)

static const struct {
	const char	*path;
	unsigned int	 methods, flags;
	size_t		 body_max;
	void		(*handle)(struct qt_net_req *req, void *arg);
} routes[] = {
	{ "",			GET, 0, 0, index_get },
	{ "assets/*",		GET, 0, 0, asset_get },
	{ "login",		POST, 0, LOGIN_BODY_MAX, login_post },
	{ "logout",		POST, QT_NET_AUTH, LOGIN_BODY_MAX, logout_post },
	{ "token",		GET, QT_NET_AUTH, 0, token_get },
	{ "ws",			GET, QT_NET_WS, 0, upgrade_get },
	{ "api/me",		GET, 0, 0, me_get },
	{ "api/sessions",	GET, QT_NET_AUTH, 0, sessions_get },
	{ "api/sessions",	POST, QT_NET_AUTH, JSON_BODY_MAX,
	    sessions_post },
	{ "api/sessions/*",	QT_NET_METHOD(DELETE), QT_NET_AUTH, 0,
	    sessions_delete },
	{ "api/sessions/*",	GET, QT_NET_AUTH, 0, history_get },
	{ "api/files",		GET, QT_NET_AUTH, 0, file_get },
	{ "s/*",		GET, QT_NET_AUTH, 0, screen_get },
	{ "healthz",		GET, 0, 0, health_get },
	{ "metrics",		GET, QT_NET_AUTH, 0, metrics_get },
};

static int
add_route(struct worker *w, const char *path, unsigned int methods,
    unsigned int flags, size_t body_max,
    void (*handle)(struct qt_net_req *req, void *arg))
{
	char			full[256];
	struct qt_net_route	route = { full, methods, flags, body_max,
	    handle, w };

	snprintf(full, sizeof(full), "%s%s", w->opt->base, path);
	return qt_net_server_route(w->server, &route);
}

static int
add_routes(struct worker *w)
{
	const struct options	*o = w->opt;
	struct qt_net_route	 bare = { NULL, GET, 0, 0, base_get, w };
	size_t			 len = strlen(o->base);
	char			 base[sizeof(o->base)];
	int			 rc = 0;

	for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]) && rc == 0;
	    i++)
		rc = add_route(w, routes[i].path, routes[i].methods,
		    routes[i].flags, routes[i].body_max, routes[i].handle);
	if (rc == 0 && !o->is_no_files && o->upload_max > 0)
		rc = add_route(w, "api/files", QT_NET_METHOD(PUT),
		    QT_NET_AUTH | QT_NET_STREAM, o->upload_max, file_put);
	if (rc == 0 && len > 1) {
		memcpy(base, o->base, len);
		base[len - 1] = '\0';
		bare.path = base;
		rc = qt_net_server_route(w->server, &bare);
	}
	return rc;
}

static int
listen_all(struct worker *w, const struct worker_start *start,
    struct qt_err *err)
{
	const struct options	*o = w->opt;
	struct qt_net_tls_conf	 tls = { o->cert, o->key, o->client_ca };
	int			 rc = 0;

	if (o->is_tls)
		rc = qt_net_tls_new(&tls, &w->tls, err);
	for (unsigned int i = 0; i < start->nlisten && rc == 0; i++)
		rc = o->is_tls ? qt_net_server_listen_tls(w->server,
		    start->listen[i], w->tls, err) :
		    qt_net_server_listen(w->server, start->listen[i], err);
	return rc;
}

int
front_open(struct worker *w, const struct worker_start *start,
    struct qt_err *err)
{
	struct qt_net_conf	conf = QT_NET_CONF_INIT;
	int			rc;

	rc = add_origins(w, err);
	if (rc < 0)
		return rc;
	conf.conns_max = CONNS_MAX;
	conf.headers = w->opt->index != NULL ? HEADERS_THEIRS : HEADERS_OURS;
	conf.origins = w->origins;
	conf.stats = &w->slot->net;
	conf.authorize = auth_check;
	conf.arg = w;
	rc = qt_net_server_new(w->loop, &conf, &w->server, err);
	if (rc == 0)
		rc = add_routes(w);
	if (rc == 0)
		rc = open_pages(w, err);
	if (rc == 0)
		rc = listen_all(w, start, err);
	return rc;
}

void
front_close(struct worker *w)
{
	qt_net_login_free(w->login);
	qt_net_static_free(w->pages);
	qt_net_static_free(w->assets);
	qt_net_server_free(w->server, NULL, NULL);
	qt_net_work_free(w->work);
}
