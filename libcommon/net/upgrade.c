/* SPDX-License-Identifier: Apache-2.0 */
/*
 * WebSocket upgrades: checking them (RFC 6455, 4.2.1) and handing them over.
 *
 * Whoever takes the connection gets a head written here, with nothing in it
 * that was not checked. So a second parser, which libwebsockets has, can only
 * read what we read.
 */

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "conn_priv.h"

static int
is_key(struct qt_net_str key)
{
	if (key.len != 24 || key.p[22] != '=' || key.p[23] != '=')
		return 0;
	for (size_t i = 0; i < 22; i++) {
		char	c = key.p[i];

		if (!((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
		    (c >= '0' && c <= '9') || c == '+' || c == '/'))
			return 0;
	}
	/* 16 bytes leave four bits unused in the last letter: zero. */
	return strchr("AQgw", key.p[21]) != NULL;
}

/* Tokens, commas and blanks: a list of protocol names. */
static int
is_protocol_list(struct qt_net_str s)
{
	for (size_t i = 0; i < s.len; i++) {
		unsigned char	c = (unsigned char)s.p[i];

		if (c < 0x20 || c > 0x7e || strchr("()<>@;:\\\"/[]?={}", c))
			return 0;
	}
	return s.len <= 1024;
}

static int
is_once(const struct qt_net_head *h, enum qt_net_header_id id)
{
	int	count = 0;

	for (size_t i = 0; i < h->nheaders; i++)
		count += h->headers[i].id == id;
	return count == 1;
}

static void
answer(struct qt_net_req *req, int status, const char *text)
{
	qt__net_reject(req->conn->server, QT_NET_REJECT_upgrade);
	if (status == 426) {
		qt_net_reply_header(req, "Upgrade", "websocket");
		qt_net_reply_header(req, "Sec-WebSocket-Version", "13");
	}
	req->is_close = 1;
	req->is_linger = 1;
	qt_net_reply_text(req, status, "%s", text);
}

int
qt__net_upgrade_check(struct qt_net_req *req)
{
	const struct qt_net_head	*h = &req->head;
	struct qt_net_str		 version, protocol;

	version = qt_net_head_get(h, QT_NET_H_SEC_WEBSOCKET_VERSION);
	protocol = qt_net_head_get(h, QT_NET_H_SEC_WEBSOCKET_PROTOCOL);
	if (!h->is_upgrade || h->method != QT_NET_GET || h->minor != 1 ||
	    !qt_net_str_is_nocase(qt_net_head_get(h, QT_NET_H_UPGRADE),
	    "websocket")) {
		answer(req, 426, "This address speaks WebSocket only.");
		return 0;
	}
	if (!is_once(h, QT_NET_H_SEC_WEBSOCKET_VERSION) ||
	    !qt_net_str_is(version, "13")) {
		answer(req, 426, "WebSocket version 13 is needed.");
		return 0;
	}
	if (!is_once(h, QT_NET_H_SEC_WEBSOCKET_KEY) ||
	    !is_key(qt_net_head_get(h, QT_NET_H_SEC_WEBSOCKET_KEY)) ||
	    !is_once(h, QT_NET_H_UPGRADE) || h->content_length > 0 ||
	    (h->first[QT_NET_H_SEC_WEBSOCKET_PROTOCOL] != 0 &&
	    !is_once(h, QT_NET_H_SEC_WEBSOCKET_PROTOCOL)) ||
	    !is_protocol_list(protocol)) {
		answer(req, 400, "Bad WebSocket handshake.");
		return 0;
	}
	req->is_upgrade = 1;
	return 1;
}

static size_t
add(char *out, size_t at, const char *fmt, ...)
{
	va_list	ap;
	int	n;

	va_start(ap, fmt);
	n = vsnprintf(out + at, QT__HEAD_SIZE - at, fmt, ap);
	va_end(ap);
	return at + (size_t)n;
}

/* All parts come from one head of at most 8 KiB: it fits. */
static struct qt_net_str
canonical_head(const struct qt_net_req *req, char *out)
{
	static const enum qt_net_header_id	copied[] = {
		QT_NET_H_ORIGIN, QT_NET_H_SEC_WEBSOCKET_PROTOCOL,
	};
	const struct qt_net_head	*h = &req->head;
	struct qt_net_str		 v;
	size_t				 n;

	v = qt_net_head_get(h, QT_NET_H_SEC_WEBSOCKET_KEY);
	n = add(out, 0, "GET %.*s%s%.*s HTTP/1.1\r\nHost: %.*s\r\n"
	    "Upgrade: websocket\r\nConnection: Upgrade\r\n"
	    "Sec-WebSocket-Key: %.*s\r\nSec-WebSocket-Version: 13\r\n",
	    (int)h->path.len, h->path.p, h->query.len > 0 ? "?" : "",
	    (int)h->query.len, h->query.len > 0 ? h->query.p : "",
	    (int)h->host.len, h->host.p, (int)v.len, v.p);
	for (size_t i = 0; i < sizeof(copied) / sizeof(copied[0]); i++) {
		v = qt_net_head_get(h, copied[i]);
		if (v.len > 0)
			n = add(out, n, "%s: %.*s\r\n",
			    qt_net_header_name(copied[i]), (int)v.len, v.p);
	}
	n = add(out, n, "\r\n");
	return (struct qt_net_str){ out, n };
}

int
qt_net_req_take(struct qt_net_req *req, struct qt_net_upgrade *out)
{
	struct qt__conn	*c = req->conn;

	if (!req->is_upgrade || req->is_ended || req->is_begun ||
	    c->state != QT__BUSY)
		return -EINVAL;
	out->fd = c->fd;
	out->addr = *qt_net_req_addr(req);
	out->is_secure = qt_net_req_is_secure(req);
	out->head = canonical_head(req, c->server->head);
	out->rest = (struct qt_net_str){ req->in + req->head_len,
	    req->in_len - req->head_len };
	qt_net_count(&c->server->stats->upgrades, 1);
	req->is_ended = 1;
	c->fd = -1;
	qt__net_conn_close(c);	/* leaves what fd names alone */
	return 0;
}
