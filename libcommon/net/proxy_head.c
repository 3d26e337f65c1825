/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Heads, made anew on their way through the proxy. See proxy_priv.h.
 *
 * Nothing of a head is passed on as bytes: it is parsed strictly and written
 * again, so that what the next parser reads is what this one did.
 */

#include <errno.h>
#include <stdio.h>

#include <qt/net/token.h>

#include "head_priv.h"
#include "proxy_priv.h"

static int
add(struct qt_buf *out, struct qt_net_str name, struct qt_net_str value)
{
	int	rc;

	rc = qt_buf_add(out, name.p, name.len);
	if (rc == 0)
		rc = qt_buf_add(out, ": ", 2);
	if (rc == 0)
		rc = qt_buf_add(out, value.p, value.len);
	if (rc == 0)
		rc = qt_buf_add(out, "\r\n", 2);
	return rc;
}

/* For this connection only (RFC 9110, 7.6.1), or ours to set. */
static int
is_hop(enum qt_net_header_id id)
{
	switch (id) {
	case QT_NET_H_CONNECTION:
	case QT_NET_H_KEEP_ALIVE:
	case QT_NET_H_PROXY_AUTHENTICATE:
	case QT_NET_H_PROXY_AUTHORIZATION:
	case QT_NET_H_PROXY_CONNECTION:
	case QT_NET_H_TE:
	case QT_NET_H_TRAILER:
	case QT_NET_H_TRANSFER_ENCODING:
	case QT_NET_H_UPGRADE:
	case QT_NET_H_HTTP2_SETTINGS:
	case QT_NET_H_CONTENT_LENGTH:
		return 1;
	default:
		return 0;
	}
}

/* Named in Connection: for this connection only, too. */
static int
is_named(const struct qt_net_head *h, struct qt_net_str name)
{
	char	text[64];

	if (qt_net_str_copy(name, text, sizeof(text)) < 0)
		return 0;
	for (size_t i = 0; i < h->nheaders; i++) {
		if (h->headers[i].id == QT_NET_H_CONNECTION &&
		    qt_net_str_has_token(h->headers[i].value, text))
			return 1;
	}
	return 0;
}

static int
is_request_dropped(const struct qt_net_proxy *px,
    const struct qt_net_header *hd)
{
	switch (hd->id) {
	case QT_NET_H_HOST:
	case QT_NET_H_EXPECT:
	case QT_NET_H_FORWARDED:
	case QT_NET_H_X_FORWARDED_FOR:
	case QT_NET_H_X_FORWARDED_HOST:
	case QT_NET_H_X_FORWARDED_PROTO:
		return 1;
	case QT_NET_H_AUTHORIZATION:
		return px->conf.strip_authorization;
	default:
		return is_hop(hd->id);
	}
}

/* The Cookie header without the cookie that is ours. */
static int
add_cookies(const struct qt_net_proxy *px, struct qt_net_str v,
    struct qt_buf *out)
{
	const char	*p = v.p, *end = v.p + v.len, *semi;
	size_t		 len = strlen(px->cookie);
	int		 rc = 0, count = 0;

	for (; rc == 0 && v.len > 0 && p < end; p = semi + 1) {
		while (p < end && *p == ' ')
			p++;
		semi = memchr(p, ';', (size_t)(end - p));
		if (semi == NULL)
			semi = end;
		if ((size_t)(semi - p) > len && p[len] == '=' &&
		    memcmp(p, px->cookie, len) == 0)
			continue;
		rc = count++ == 0 ? qt_buf_add(out, "Cookie: ", 8) :
		    qt_buf_add(out, "; ", 2);
		if (rc == 0)
			rc = qt_buf_add(out, p, (size_t)(semi - p));
	}
	if (rc == 0 && count > 0)
		rc = qt_buf_add(out, "\r\n", 2);
	return rc;
}

static int
add_target(const struct qt_net_proxy *px, const struct qt_net_head *h,
    struct qt_buf *out)
{
	struct qt_net_str	path = h->path;
	size_t			len = px->strip != NULL ?
	    strlen(px->strip) : 0;

	if (len > 0 && path.len >= len &&
	    memcmp(path.p, px->strip, len) == 0) {
		path.p += len;
		path.len -= len;
	}
	return qt_buf_addf(out, "%s %s%s%.*s%s%.*s HTTP/1.1\r\n",
	    qt_net_method_name(h->method), px->add != NULL ? px->add : "",
	    path.len > 0 && path.p[0] == '/' ? "" : "/", (int)path.len,
	    path.len > 0 ? path.p : "", h->query.len > 0 ? "?" : "",
	    (int)h->query.len, h->query.len > 0 ? h->query.p : "");
}

/* The lines that are ours to write. */
static int
add_own(const struct qt_net_proxy *px, const struct qt_net_req *req,
    int is_upgrade, struct qt_buf *out)
{
	const struct qt_net_head	*h = &req->head;
	char				 addr[QT_NET_ADDR_TEXT_SIZE];
	int				 rc;

	qt_net_addr_text(qt_net_req_addr(req), addr);
	rc = px->conf.keep_host && h->host.len > 0 ?
	    qt_buf_addf(out, "Host: %.*s\r\n", (int)h->host.len, h->host.p) :
	    qt_buf_addf(out, "Host: %s\r\n", px->host);
	if (rc == 0)
		rc = qt_buf_addf(out, "X-Forwarded-For: %s\r\n"
		    "X-Forwarded-Proto: %s\r\nX-Forwarded-Host: %.*s\r\n",
		    addr, qt_net_req_is_secure(req) ? "https" : "http",
		    (int)h->host.len, h->host.len > 0 ? h->host.p : "");
	if (rc == 0 && h->content_length >= 0)
		rc = qt_buf_addf(out, "Content-Length: %lld\r\n",
		    (long long)h->content_length);
	if (rc == 0)
		rc = qt_buf_addf(out, "%s", is_upgrade ?
		    "Upgrade: websocket\r\nConnection: Upgrade\r\n" :
		    "Connection: close\r\n");
	return rc;
}

int
qt__net_proxy_request(const struct qt_net_proxy *px,
    const struct qt_net_req *req, int is_upgrade, struct qt_buf *out)
{
	const struct qt_net_head	*h = &req->head;
	int				 rc;

	rc = add_target(px, h, out);
	if (rc == 0)
		rc = add_own(px, req, is_upgrade, out);
	for (size_t i = 0; rc == 0 && i < h->nheaders; i++) {
		const struct qt_net_header	*hd = &h->headers[i];

		if (is_request_dropped(px, hd) || is_named(h, hd->name))
			continue;
		if (hd->id == QT_NET_H_COOKIE && px->cookie != NULL)
			rc = add_cookies(px, hd->value, out);
		else
			rc = add(out, hd->name, hd->value);
	}
	return rc < 0 ? rc : qt_buf_add(out, "\r\n", 2);
}

long
qt__net_proxy_answer(const char *p, size_t len, int *status,
    struct qt_net_head *h)
{
	const char	*end = p + len, *eol;
	long		 n;

	qt__net_head_init(h);
	eol = memchr(p, '\n', len);
	if (eol == NULL)
		return len >= QT__ANSWER_MAX ? -1 : 0;
	if (eol - p < 13 || eol[-1] != '\r' || memcmp(p, "HTTP/1.", 7) != 0 ||
	    (p[7] != '0' && p[7] != '1') || p[8] != ' ' || p[9] < '1' ||
	    p[9] > '5' || p[10] < '0' || p[10] > '9' || p[11] < '0' ||
	    p[11] > '9' || (p[12] != ' ' && p[12] != '\r'))
		return -1;
	*status = (p[9] - '0') * 100 + (p[10] - '0') * 10 + (p[11] - '0');
	h->minor = p[7] - '0';
	n = qt__net_head_lines(h, eol + 1, end);
	if (n == 0)
		return len >= QT__ANSWER_MAX ? -1 : 0;
	if (n < 0)
		return -1;
	for (size_t i = 0; i < h->nheaders; i++) {
		struct qt_net_header	*hd = &h->headers[i];

		/* Said twice is not said once. */
		if (h->first[hd->id] != 0 &&
		    (hd->id == QT_NET_H_CONTENT_LENGTH ||
		    hd->id == QT_NET_H_TRANSFER_ENCODING))
			return -1;
		if (h->first[hd->id] == 0)
			h->first[hd->id] = (uint8_t)(i + 1);
	}
	return eol + 1 - p + n;
}

int64_t
qt__net_proxy_length(const struct qt_net_head *h, int status,
    enum qt_net_method method)
{
	struct qt_net_str	te, cl;
	int64_t			n = 0;

	te = qt_net_head_get(h, QT_NET_H_TRANSFER_ENCODING);
	cl = qt_net_head_get(h, QT_NET_H_CONTENT_LENGTH);
	if (te.p != NULL && (cl.p != NULL ||
	    !qt_net_str_is_nocase(te, "chunked")))
		return -3;
	if (cl.p != NULL && (cl.len == 0 || cl.len > 18))
		return -3;
	for (size_t i = 0; i < cl.len; i++) {
		if (cl.p[i] < '0' || cl.p[i] > '9')
			return -3;
		n = n * 10 + (cl.p[i] - '0');
	}
	if (method == QT_NET_HEAD || status == 204 || status == 304)
		return 0;
	return te.p != NULL ? -1 : cl.p != NULL ? n : -2;
}

int
qt__net_proxy_copy(const struct qt_net_proxy *px, const struct qt_net_head *h,
    struct qt_net_req *req)
{
	size_t	len = px->cookie != NULL ? strlen(px->cookie) : 0;
	int	rc = 0;

	for (size_t i = 0; rc == 0 && i < h->nheaders; i++) {
		const struct qt_net_header	*hd = &h->headers[i];

		if (is_hop(hd->id) || is_named(h, hd->name) ||
		    qt_net_str_is_nocase(hd->name, "date"))
			continue;
		if (len > 0 && hd->value.len > len &&
		    qt_net_str_is_nocase(hd->name, "set-cookie") &&
		    hd->value.p[len] == '=' &&
		    memcmp(hd->value.p, px->cookie, len) == 0)
			continue;	/* ours: not its to set */
		rc = add(&req->extra, hd->name, hd->value);
	}
	return rc;
}

int
qt__net_proxy_is_accepted(const struct qt_net_head *h,
    const struct qt_net_req *req)
{
	char			want[QT_NET_WS_ACCEPT_SIZE];
	struct qt_net_str	got = { NULL, 0 };
	unsigned int		count = 0;

	qt_net_ws_accept(qt_net_head_get(&req->head,
	    QT_NET_H_SEC_WEBSOCKET_KEY), want);
	for (size_t i = 0; i < h->nheaders; i++) {
		if (!qt_net_str_is_nocase(h->headers[i].name,
		    "sec-websocket-accept"))
			continue;
		got = h->headers[i].value;
		count++;
	}
	return count == 1 && qt_net_str_is(got, want) &&
	    qt_net_str_is_nocase(qt_net_head_get(h, QT_NET_H_UPGRADE),
	    "websocket") && qt_net_str_has_token(qt_net_head_get(h,
	    QT_NET_H_CONNECTION), "upgrade");
}

int
qt__net_proxy_accept(const struct qt_net_head *h, struct qt_buf *out)
{
	int	rc;

	rc = qt_buf_addf(out, "HTTP/1.1 101 Switching Protocols\r\n"
	    "Upgrade: websocket\r\nConnection: Upgrade\r\n");
	for (size_t i = 0; rc == 0 && i < h->nheaders; i++) {
		const struct qt_net_header	*hd = &h->headers[i];

		if (hd->id == QT_NET_H_SEC_WEBSOCKET_PROTOCOL ||
		    hd->id == QT_NET_H_SEC_WEBSOCKET_EXTENSIONS ||
		    qt_net_str_is_nocase(hd->name, "sec-websocket-accept"))
			rc = add(out, hd->name, hd->value);
	}
	return rc < 0 ? rc : qt_buf_add(out, "\r\n", 2);
}
