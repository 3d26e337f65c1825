/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parser of request heads. See <qt/net/head.h>.
 *
 * One pass over the bytes, in the manner of picohttpparser: each piece is
 * found by a scan for the first byte that may not be in it, and that byte must
 * be the one that the grammar wants next. There is no state between calls:
 * a head that is not complete is parsed again from its start when more of it
 * came, but only if a newline came, so a head that drips in byte by byte costs
 * at most one parse a line.
 *
 * All refusals are made here, in one place, before any routing: whatever
 * follows (handlers, the proxy, libwebsockets) sees only heads that read the
 * same to everybody.
 */

#include <strings.h>

#include <qt/net/head.h>
#include <qt/net/stats.h>

#include "head_priv.h"
#include "scan_priv.h"

enum { MORE = 0, BAD = -1 };	/* beside lengths > 0 */

/* RFC 9110 5.6.2: the bytes of a token, one bit each. */
static const uint32_t token_bits[8] = {
	0x00000000, 0x03ff6cfa, 0xc7fffffe, 0x57ffffff, 0, 0, 0, 0,
};

static inline int
is_token(unsigned char c)
{
	return token_bits[c >> 5] >> (c & 31) & 1;
}

static int
refuse(struct qt_net_head *h, int status, enum qt_net_reject why)
{
	h->status = status;
	h->reject = (int)why;
	return BAD;
}

/* Refuses for the byte at p, which is where a scan stopped. */
static int
refuse_byte(struct qt_net_head *h, unsigned char c)
{
	return refuse(h, 400, c == '\r' || c == '\n' ?
	    QT_NET_REJECT_bare_newline : QT_NET_REJECT_control);
}

/* Expects CRLF at p. 1, MORE or BAD. */
static int
parse_newline(struct qt_net_head *h, const char *p, const char *end)
{
	if (p == end)
		return MORE;
	if (*p != '\r')
		return refuse_byte(h, (unsigned char)*p);
	if (p + 1 == end)
		return MORE;
	if (p[1] != '\n')
		return refuse(h, 400, QT_NET_REJECT_bare_newline);
	return 1;
}

static long
parse_method(struct qt_net_head *h, const char *p, const char *end)
{
	const char	*start = p;
	size_t		 len;

	while (p < end && p - start < 32 && is_token((unsigned char)*p))
		p++;
	if (p == end)
		return MORE;
	len = (size_t)(p - start);
	if (*p != ' ' || len == 0)
		return refuse(h, 400, *p == '\n' || *p == '\r' ?
		    QT_NET_REJECT_bare_newline : QT_NET_REJECT_syntax);
	for (int m = 0; m < QT_NET_METHOD_COUNT_; m++) {
		const char	*name = qt_net_method_name(m);

		if (strlen(name) == len && memcmp(name, start, len) == 0) {
			h->method = (enum qt_net_method)m;
			return (long)len + 1;
		}
	}
	if (len == 3 && memcmp(start, "PRI", 3) == 0)
		return refuse(h, 400, QT_NET_REJECT_http2);
	return refuse(h, 501, QT_NET_REJECT_method);
}

/* "http://authority/path": h->host gets the authority for now. */
static int
parse_absolute(struct qt_net_head *h)
{
	const char	*p = h->target.p, *end = p + h->target.len, *slash;
	size_t		 skip;

	if (h->target.len > 7 && strncasecmp(p, "http://", 7) == 0)
		skip = 7;
	else if (h->target.len > 8 && strncasecmp(p, "https://", 8) == 0)
		skip = 8;
	else
		return refuse(h, 400, QT_NET_REJECT_syntax);
	p += skip;
	for (slash = p; slash < end && *slash != '/' && *slash != '?';)
		slash++;
	h->host = (struct qt_net_str){ p, (size_t)(slash - p) };
	if (h->host.len == 0)
		return refuse(h, 400, QT_NET_REJECT_absolute);
	h->path = (struct qt_net_str){ slash, (size_t)(end - slash) };
	return 1;
}

static int
split_target(struct qt_net_head *h)
{
	const char	*q;

	h->path = h->target;
	if (h->target.p[0] != '/') {
		if (h->target.len == 1 && h->target.p[0] == '*' &&
		    h->method == QT_NET_OPTIONS)
			return 1;
		if (parse_absolute(h) < 0)
			return BAD;
	}
	if (memchr(h->target.p, '#', h->target.len) != NULL)
		return refuse(h, 400, QT_NET_REJECT_syntax);
	q = h->path.len > 0 ? memchr(h->path.p, '?', h->path.len) : NULL;
	if (q != NULL) {
		h->query = (struct qt_net_str){ q + 1,
		    (size_t)(h->path.p + h->path.len - q - 1) };
		h->path.len = (size_t)(q - h->path.p);
	}
	if (h->path.len == 0)	/* http://host or http://host?query */
		h->path = (struct qt_net_str){ "/", 1 };
	return 1;
}

static int
parse_version(struct qt_net_head *h, const char *p)
{
	if (memcmp(p, "HTTP/", 5) != 0 || p[6] != '.' || p[5] < '0' ||
	    p[5] > '9' || p[7] < '0' || p[7] > '9')
		return refuse(h, 400, QT_NET_REJECT_syntax);
	if (p[5] != '1')
		return refuse(h, 505, p[5] == '2' ? QT_NET_REJECT_http2 :
		    QT_NET_REJECT_version);
	h->minor = p[7] == '0' ? 0 : 1;		/* 1.2 would be read as 1.1 */
	return 1;
}

static long
parse_request_line(struct qt_net_head *h, const char *buf, const char *end)
{
	const char	*p = buf;
	long		 n;
	int		 rc;

	n = parse_method(h, p, end);
	if (n <= 0)
		return n;
	p += n;
	h->target.p = p;
	p = qt__net_scan_graph(p, end);
	h->target.len = (size_t)(p - h->target.p);
	if (h->target.len > QT_NET_TARGET_MAX)
		return refuse(h, 414, QT_NET_REJECT_target_max);
	if (p == end)
		return MORE;
	if (*p != ' ')
		return (unsigned char)*p >= 0x80 ?
		    refuse(h, 400, QT_NET_REJECT_syntax) :
		    refuse_byte(h, (unsigned char)*p);
	if (h->target.len == 0)
		return refuse(h, 400, QT_NET_REJECT_syntax);
	p++;
	if (end - p < 8)
		return memcmp(p, "HTTP/1.1", (size_t)(end - p)) == 0 ||
		    memchr(p, '\n', (size_t)(end - p)) == NULL ? MORE :
		    refuse(h, 400, QT_NET_REJECT_syntax);
	rc = parse_version(h, p);
	if (rc < 0)
		return rc;
	p += 8;
	rc = parse_newline(h, p, end);
	if (rc <= 0)
		return rc;
	if (split_target(h) < 0)
		return BAD;
	return p + 2 - buf;
}

/* One "Name: value" line at p, which is not the empty line. */
static long
parse_header(struct qt_net_head *h, const char *line, const char *end)
{
	const char		*p = line;
	struct qt_net_header	*hd;
	int			 rc;

	if (*p == ' ' || *p == '\t')
		return refuse(h, 400, QT_NET_REJECT_fold);
	if (h->nheaders == QT_NET_HEADERS_MAX)
		return refuse(h, 431, QT_NET_REJECT_headers_max);
	hd = &h->headers[h->nheaders];
	while (p < end && is_token((unsigned char)*p))
		p++;
	if (p == end)
		return MORE;
	if (*p != ':' || p == line) {
		if (*p == ' ' || *p == '\t')
			return refuse(h, 400, QT_NET_REJECT_blank_colon);
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			return refuse_byte(h, (unsigned char)*p);
		return refuse(h, 400, QT_NET_REJECT_syntax);
	}
	hd->name = (struct qt_net_str){ line, (size_t)(p - line) };
	hd->id = qt_net_header_find(line, hd->name.len);
	p++;
	while (p < end && (*p == ' ' || *p == '\t'))
		p++;
	hd->value.p = p;
	p = qt__net_scan_text(p, end);
	rc = parse_newline(h, p, end);
	if (rc <= 0)
		return rc;
	hd->value.len = (size_t)(p - hd->value.p);
	while (hd->value.len > 0 && (hd->value.p[hd->value.len - 1] == ' ' ||
	    hd->value.p[hd->value.len - 1] == '\t'))
		hd->value.len--;
	h->nheaders++;
	return p + 2 - line;
}

static int
check_host(struct qt_net_head *h, struct qt_net_str host)
{
	struct qt_net_str	authority = h->host;

	if (host.len == 0 || host.len > 255)
		return refuse(h, 400, QT_NET_REJECT_host);
	for (size_t i = 0; i < host.len; i++) {
		unsigned char	c = (unsigned char)host.p[i];

		if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
		    (c >= 'A' && c <= 'Z') || strchr("-._:[]%~", c) != NULL))
			return refuse(h, 400, QT_NET_REJECT_host);
	}
	if (authority.len > 0 && (authority.len != host.len ||
	    strncasecmp(authority.p, host.p, host.len) != 0))
		return refuse(h, 400, QT_NET_REJECT_absolute);
	h->host = host;
	return 1;
}

static int
check_content_length(struct qt_net_head *h, struct qt_net_str v)
{
	int64_t	n = 0;

	if (v.len == 0 || v.len > 18)
		return refuse(h, 400, QT_NET_REJECT_content_length);
	for (size_t i = 0; i < v.len; i++) {
		if (v.p[i] < '0' || v.p[i] > '9')
			return refuse(h, 400, QT_NET_REJECT_content_length);
		n = n * 10 + (v.p[i] - '0');
	}
	h->content_length = n;
	return 1;
}

/* What one known header means for the connection. */
static int
check_header(struct qt_net_head *h, const struct qt_net_header *hd,
    int is_again)
{
	switch (hd->id) {
	case QT_NET_H_HOST:
		if (is_again)
			return refuse(h, 400, QT_NET_REJECT_host);
		return check_host(h, hd->value);
	case QT_NET_H_CONTENT_LENGTH:
		if (is_again)
			return refuse(h, 400, QT_NET_REJECT_content_length);
		return check_content_length(h, hd->value);
	case QT_NET_H_ORIGIN:
	case QT_NET_H_AUTHORIZATION:
	case QT_NET_H_SEC_FETCH_SITE:
	case QT_NET_H_SEC_WEBSOCKET_KEY:
	case QT_NET_H_SEC_WEBSOCKET_VERSION:
		/* Of two, what we check might not be what another checked. */
		if (is_again)
			return refuse(h, 400, QT_NET_REJECT_repeated);
		return 1;
	case QT_NET_H_TRANSFER_ENCODING:
		return refuse(h, 501, QT_NET_REJECT_transfer_encoding);
	case QT_NET_H_CONNECTION:
		if (qt_net_str_has_token(hd->value, "close"))
			h->is_keep_alive = -1;
		else if (qt_net_str_has_token(hd->value, "keep-alive") &&
		    h->is_keep_alive == 0)
			h->is_keep_alive = 1;
		if (qt_net_str_has_token(hd->value, "upgrade"))
			h->is_upgrade = 1;
		return 1;
	case QT_NET_H_EXPECT:
		if (!qt_net_str_is_nocase(hd->value, "100-continue"))
			return refuse(h, 417, QT_NET_REJECT_expect);
		h->is_continue = h->minor > 0;
		return 1;
	default:
		return 1;
	}
}

static int
check_head(struct qt_net_head *h)
{
	for (size_t i = 0; i < h->nheaders; i++) {
		struct qt_net_header	*hd = &h->headers[i];
		int			 is_again = h->first[hd->id] != 0;

		if (hd->id == QT_NET_H_OTHER)
			continue;
		if (!is_again)
			h->first[hd->id] = (uint8_t)(i + 1);
		if (check_header(h, hd, is_again) < 0)
			return BAD;
	}
	if (h->minor > 0 && h->first[QT_NET_H_HOST] == 0)
		return refuse(h, 400, QT_NET_REJECT_host);
	if (h->is_keep_alive == 0)
		h->is_keep_alive = h->minor > 0;
	else if (h->is_keep_alive < 0)
		h->is_keep_alive = 0;
	if (h->first[QT_NET_H_UPGRADE] == 0 || h->minor == 0)
		h->is_upgrade = 0;
	return 1;
}

void
qt__net_head_init(struct qt_net_head *h)
{
	/* The headers themselves (2.5 KB) need no clearing. */
	memset(h, 0, offsetof(struct qt_net_head, headers));
	h->content_length = -1;
}

long
qt__net_head_lines(struct qt_net_head *h, const char *buf, const char *end)
{
	const char	*p = buf;
	long		 n;
	int		 rc;

	while (p < end) {
		if (*p == '\r' || *p == '\n') {
			rc = parse_newline(h, p, end);
			return rc <= 0 ? rc : p + 2 - buf;
		}
		n = parse_header(h, p, end);
		if (n <= 0)
			return n;
		p += n;
	}
	return MORE;
}

long
qt_net_head_parse(struct qt_net_head *h, const char *buf, size_t len,
    size_t seen)
{
	size_t		 max = len < QT_NET_HEAD_MAX ? len : QT_NET_HEAD_MAX;
	const char	*end = buf + max;
	long		 line, rest = MORE;

	if (len == 0)
		return MORE;
	if (seen > 0 && seen < max && max < QT_NET_HEAD_MAX &&
	    memchr(buf + seen, '\n', max - seen) == NULL)
		return MORE;
	qt__net_head_init(h);
	line = parse_request_line(h, buf, end);
	if (line > 0)
		rest = qt__net_head_lines(h, buf + line, end);
	if (line < 0 || rest < 0)
		return BAD;
	if (rest > 0)
		return check_head(h) < 0 ? BAD : line + rest;
	if (max == QT_NET_HEAD_MAX)
		return refuse(h, 431, QT_NET_REJECT_head_max);
	return MORE;
}
