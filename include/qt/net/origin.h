/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_NET_ORIGIN_H
#define QT_NET_ORIGIN_H

#include <qt/net/head.h>

/*
 * Who may talk to us from a browser: allow-lists of Host and Origin.
 *
 * Hosts stop DNS rebinding: with a list, a Host that is not on it is refused.
 * An entry is "name" (any port) or "name:port"; "localhost", "127.0.0.1" and
 * "[::1]" are entries like others. An empty list allows every Host.
 *
 * Origins stop other pages from using the user's cookies. An Origin is allowed
 * when it is the request's own (its host and port equal Host, its scheme is
 * what the connection has), or is on the list ("https://a.example:8443"; the
 * port may be left out only when it is the scheme's). "*" allows any. Without
 * Origin, Referer's origin is taken when there is one.
 */
struct qt_net_origins;

int	qt_net_origins_new(struct qt_net_origins **out);
void	qt_net_origins_free(struct qt_net_origins *o);
/* -EINVAL for what cannot be one, -ENOMEM. */
int	qt_net_origins_add(struct qt_net_origins *o, const char *origin);
int	qt_net_origins_add_host(struct qt_net_origins *o, const char *host);
/* Behind a TLS proxy: our pages are https although we speak http. */
void	qt_net_origins_set_https(struct qt_net_origins *o, int yes);

/* 1 when the Host is allowed; o may be NULL. */
int	qt_net_origins_is_host(const struct qt_net_origins *o,
	    struct qt_net_str host);

enum qt_net_origin_result {
	QT_NET_ORIGIN_OK,
	QT_NET_ORIGIN_BAD,	/* there, and not allowed */
	QT_NET_ORIGIN_NONE,	/* neither Origin nor Referer */
};
/* For one request; o may be NULL (same origin only). */
enum qt_net_origin_result qt_net_origins_check(const struct qt_net_origins *o,
	    const struct qt_net_head *head, int is_secure);

#endif /* QT_NET_ORIGIN_H */
