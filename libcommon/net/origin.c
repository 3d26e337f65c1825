/* SPDX-License-Identifier: Apache-2.0 */
/* Allow-lists of Host and Origin. See <qt/net/origin.h>. */

#include <errno.h>
#include <stdlib.h>
#include <strings.h>

#include <qt/net/origin.h>

#define LIST_MAX 256

struct list {
	char	**items;
	size_t	 count;
};

struct qt_net_origins {
	struct list	origins;	/* "scheme://host:port", lower case */
	struct list	hosts;		/* "host" or "host:port" */
	int		is_any;
	int		is_https;
};

/* scheme, host and port of an origin; host keeps the brackets of IPv6. */
struct parts {
	int			is_https;
	struct qt_net_str	host;
	unsigned int		port;	/* the scheme's when not written */
};

static int
add(struct list *l, const char *text)
{
	char	**items;

	if (l->count == LIST_MAX)
		return -ENOMEM;
	items = realloc(l->items, (l->count + 1) * sizeof(*items));
	if (items == NULL)
		return -ENOMEM;
	l->items = items;
	items[l->count] = strdup(text);
	if (items[l->count] == NULL)
		return -ENOMEM;
	l->count++;
	return 0;
}

/* Splits "host[:port]". port 0 when there is none; -1 on nonsense. */
static int
split_host(struct qt_net_str s, struct qt_net_str *host, unsigned int *port)
{
	size_t	i = 0;

	*port = 0;
	if (s.len > 0 && s.p[0] == '[') {
		while (i < s.len && s.p[i] != ']')
			i++;
		if (i++ == s.len)
			return -1;
	} else {
		while (i < s.len && s.p[i] != ':')
			i++;
	}
	*host = (struct qt_net_str){ s.p, i };
	if (host->len == 0)
		return -1;
	if (i == s.len)
		return 0;
	if (s.p[i++] != ':' || i == s.len || s.len - i > 5)
		return -1;
	for (; i < s.len; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return -1;
		*port = *port * 10 + (unsigned int)(s.p[i] - '0');
	}
	return *port > 0 && *port <= 65535 ? 0 : -1;
}

static int
parse_origin(struct qt_net_str s, struct parts *out)
{
	if (s.len > 8 && strncasecmp(s.p, "https://", 8) == 0) {
		out->is_https = 1;
		s = (struct qt_net_str){ s.p + 8, s.len - 8 };
	} else if (s.len > 7 && strncasecmp(s.p, "http://", 7) == 0) {
		out->is_https = 0;
		s = (struct qt_net_str){ s.p + 7, s.len - 7 };
	} else {
		return -1;
	}
	if (split_host(s, &out->host, &out->port) < 0)
		return -1;
	if (out->port == 0)
		out->port = out->is_https ? 443 : 80;
	return 0;
}

static int
is_same_host(struct qt_net_str a, struct qt_net_str b)
{
	return a.len == b.len && strncasecmp(a.p, b.p, a.len) == 0;
}

static int
is_same(const struct parts *a, const struct parts *b)
{
	return a->is_https == b->is_https && a->port == b->port &&
	    is_same_host(a->host, b->host);
}

static struct qt_net_str
str(const char *text)
{
	return (struct qt_net_str){ text, strlen(text) };
}

int
qt_net_origins_new(struct qt_net_origins **out)
{
	*out = calloc(1, sizeof(**out));
	return *out != NULL ? 0 : -ENOMEM;
}

void
qt_net_origins_free(struct qt_net_origins *o)
{
	if (o == NULL)
		return;
	for (size_t i = 0; i < o->origins.count; i++)
		free(o->origins.items[i]);
	for (size_t i = 0; i < o->hosts.count; i++)
		free(o->hosts.items[i]);
	free(o->origins.items);
	free(o->hosts.items);
	free(o);
}

int
qt_net_origins_add(struct qt_net_origins *o, const char *origin)
{
	struct parts	p;

	if (strcmp(origin, "*") == 0) {
		o->is_any = 1;
		return 0;
	}
	if (parse_origin(str(origin), &p) < 0 ||
	    strpbrk(p.host.p, "/?#@ ") != NULL)
		return -EINVAL;
	return add(&o->origins, origin);
}

int
qt_net_origins_add_host(struct qt_net_origins *o, const char *host)
{
	struct qt_net_str	name;
	unsigned int		port;

	if (split_host(str(host), &name, &port) < 0 ||
	    strpbrk(host, "/?#@ ") != NULL)
		return -EINVAL;
	return add(&o->hosts, host);
}

void
qt_net_origins_set_https(struct qt_net_origins *o, int yes)
{
	o->is_https = yes;
}

int
qt_net_origins_is_host(const struct qt_net_origins *o, struct qt_net_str host)
{
	struct qt_net_str	name, want;
	unsigned int		port, want_port;

	if (o == NULL || o->hosts.count == 0)
		return 1;
	if (split_host(host, &name, &port) < 0)
		return 0;
	for (size_t i = 0; i < o->hosts.count; i++) {
		if (split_host(str(o->hosts.items[i]), &want,
		    &want_port) == 0 &&
		    is_same_host(name, want) &&
		    (want_port == 0 || want_port == port))
			return 1;
	}
	return 0;
}

/* "https://a.example:8443/x/y" without its path. */
static struct qt_net_str
origin_of_referer(struct qt_net_str s)
{
	size_t	i = 0;

	while (i < s.len && s.p[i] != ':')
		i++;
	if (s.len - i < 3)
		return s;
	for (i += 3; i < s.len && s.p[i] != '/' && s.p[i] != '?';)
		i++;
	return (struct qt_net_str){ s.p, i };
}

static int
is_allowed(const struct qt_net_origins *o, const struct parts *origin,
    const struct parts *own)
{
	struct parts	p;

	if (own != NULL && is_same(origin, own))
		return 1;
	for (size_t i = 0; o != NULL && i < o->origins.count; i++) {
		if (parse_origin(str(o->origins.items[i]), &p) == 0 &&
		    is_same(origin, &p))
			return 1;
	}
	return 0;
}

enum qt_net_origin_result
qt_net_origins_check(const struct qt_net_origins *o,
    const struct qt_net_head *head, int is_secure)
{
	struct qt_net_str	origin, site;
	struct parts		theirs, own;
	int			has_own;

	origin = qt_net_head_get(head, QT_NET_H_ORIGIN);
	site = qt_net_head_get(head, QT_NET_H_SEC_FETCH_SITE);
	if (o != NULL && o->is_any)
		return origin.p != NULL ? QT_NET_ORIGIN_OK :
		    QT_NET_ORIGIN_NONE;
	if (origin.p == NULL && head->first[QT_NET_H_REFERER] != 0)
		origin = origin_of_referer(qt_net_head_get(head,
		    QT_NET_H_REFERER));
	if (origin.p == NULL) {
		/* A browser that sends neither still tells whose page it is. */
		if (site.p != NULL && !qt_net_str_is(site, "same-origin") &&
		    !qt_net_str_is(site, "none"))
			return QT_NET_ORIGIN_BAD;
		return QT_NET_ORIGIN_NONE;
	}
	if (parse_origin(origin, &theirs) < 0)	/* "null", and rubbish */
		return QT_NET_ORIGIN_BAD;
	own.is_https = is_secure || (o != NULL && o->is_https);
	has_own = split_host(head->host, &own.host, &own.port) == 0;
	if (own.port == 0)
		own.port = own.is_https ? 443 : 80;
	return is_allowed(o, &theirs, has_own ? &own : NULL) ?
	    QT_NET_ORIGIN_OK : QT_NET_ORIGIN_BAD;
}
