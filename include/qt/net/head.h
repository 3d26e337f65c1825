/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_NET_HEAD_H
#define QT_NET_HEAD_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/*
 * The head of an HTTP/1.1 request (RFC 9112), parsed without copying.
 *
 *	GET /a%20b?x=1 HTTP/1.1\r\n	method, target = path ? query, minor
 *	Host: localhost:7681\r\n	headers[0], known by id
 *	\r\n				head ends, the body follows
 *
 * It is strict where leniency lets two parsers disagree (request smuggling):
 * a bare CR or LF, a folded line, a blank before the colon, a control byte,
 * two Host or Content-Length lines, a Content-Length that is not digits, any
 * Transfer-Encoding, an absolute target whose authority differs from Host:
 * all are refused. See QT_NET_REJECT_MAP in <qt/net/stats.h> for the counters.
 *
 * Everything here is pure: no state, no allocation, safe from any thread.
 */

/* Bytes of somebody else's memory. len 0 for "not there" (p may be NULL). */
struct qt_net_str {
	const char	*p;
	size_t		 len;
};

static inline int
qt_net_str_is(struct qt_net_str s, const char *text)
{
	size_t	len = strlen(text);

	return s.len == len && memcmp(s.p, text, len) == 0;
}

/* The same without regard to ASCII case. */
int	qt_net_str_is_nocase(struct qt_net_str s, const char *text);
/* 1 when a comma-separated list (Connection, ...) has token, any case. */
int	qt_net_str_has_token(struct qt_net_str list, const char *token);
/* Copies into out with a final '\0'. -ENAMETOOLONG when it does not fit. */
int	qt_net_str_copy(struct qt_net_str s, char *out, size_t size);

#define QT_NET_METHOD_MAP(X)						\
	X(GET) X(HEAD) X(POST) X(PUT) X(DELETE) X(OPTIONS) X(PATCH)

enum qt_net_method {
#define X(name) QT_NET_##name,
	QT_NET_METHOD_MAP(X)
#undef X
	QT_NET_METHOD_COUNT_
};

/* Header names with ids. The numbers are each name's slot, see names.c. */
enum qt_net_header_id {
	QT_NET_H_OTHER,
	QT_NET_H_ACCEPT, QT_NET_H_ACCEPT_ENCODING, QT_NET_H_ACCEPT_LANGUAGE,
	QT_NET_H_AUTHORIZATION, QT_NET_H_CACHE_CONTROL, QT_NET_H_CONNECTION,
	QT_NET_H_CONTENT_ENCODING, QT_NET_H_CONTENT_LENGTH,
	QT_NET_H_CONTENT_TYPE, QT_NET_H_COOKIE, QT_NET_H_EXPECT,
	QT_NET_H_FORWARDED, QT_NET_H_HOST, QT_NET_H_HTTP2_SETTINGS,
	QT_NET_H_IF_MODIFIED_SINCE, QT_NET_H_IF_NONE_MATCH, QT_NET_H_IF_RANGE,
	QT_NET_H_KEEP_ALIVE, QT_NET_H_ORIGIN, QT_NET_H_PRAGMA,
	QT_NET_H_PROXY_AUTHENTICATE, QT_NET_H_PROXY_AUTHORIZATION,
	QT_NET_H_PROXY_CONNECTION, QT_NET_H_RANGE, QT_NET_H_REFERER,
	QT_NET_H_SEC_FETCH_DEST, QT_NET_H_SEC_FETCH_MODE,
	QT_NET_H_SEC_FETCH_SITE, QT_NET_H_SEC_WEBSOCKET_EXTENSIONS,
	QT_NET_H_SEC_WEBSOCKET_KEY, QT_NET_H_SEC_WEBSOCKET_PROTOCOL,
	QT_NET_H_SEC_WEBSOCKET_VERSION, QT_NET_H_TE, QT_NET_H_TRAILER,
	QT_NET_H_TRANSFER_ENCODING, QT_NET_H_UPGRADE, QT_NET_H_USER_AGENT,
	QT_NET_H_X_FORWARDED_FOR, QT_NET_H_X_FORWARDED_HOST,
	QT_NET_H_X_FORWARDED_PROTO,
	QT_NET_H_COUNT_
};

struct qt_net_header {
	struct qt_net_str	 name;
	struct qt_net_str	 value;		/* outer blanks trimmed */
	enum qt_net_header_id	 id;
};

#define QT_NET_HEAD_MAX		8192	/* bytes of head */
#define QT_NET_TARGET_MAX	4096	/* bytes of request target */
#define QT_NET_HEADERS_MAX	64

struct qt_net_head {
	enum qt_net_method	 method;
	int			 minor;		/* HTTP/1.minor: 0 or 1 */
	struct qt_net_str	 target;	/* as sent */
	struct qt_net_str	 path;		/* as sent, before '?' */
	struct qt_net_str	 query;		/* after '?' */
	struct qt_net_str	 host;		/* Host, or the authority */
	int64_t			 content_length; /* -1 when not given */
	int			 is_keep_alive;
	int			 is_upgrade;	/* Connection lists upgrade */
	int			 is_continue;	/* Expect: 100-continue */
	int			 status;	/* why it was refused: 400 ... */
	int			 reject;	/* enum qt_net_reject */
	size_t			 nheaders;
	uint8_t			 first[QT_NET_H_COUNT_]; /* index + 1 by id */
	struct qt_net_header	 headers[QT_NET_HEADERS_MAX];
};

/*
 * Parses the head at the start of the len bytes at buf. seen is how many of
 * them an earlier call that returned 0 already looked at (saves a rescan).
 *
 * Returns the length of the head, final empty line included; 0 when it is not
 * complete; -1 when it must be refused: then head->status is the HTTP status
 * to answer with (400, 413, 414, 417, 421, 431, 501, 505) and head->reject
 * the counter, and the connection must be closed.
 *
 * buf must be readable up to len; nothing after it is touched. The slices in
 * head point into buf.
 */
long	qt_net_head_parse(struct qt_net_head *head, const char *buf,
	    size_t len, size_t seen);

/* The first header with this id; len 0 and p NULL when there is none. */
static inline struct qt_net_str
qt_net_head_get(const struct qt_net_head *head, enum qt_net_header_id id)
{
	struct qt_net_str	none = { NULL, 0 };

	return head->first[id] != 0 ?
	    head->headers[head->first[id] - 1].value : none;
}

/* The id for a header name in any case; QT_NET_H_OTHER when unknown. */
enum qt_net_header_id qt_net_header_find(const char *name, size_t len);
/* Its canonical spelling ("Sec-WebSocket-Key"); "" for QT_NET_H_OTHER. */
const char *qt_net_header_name(enum qt_net_header_id id);
const char *qt_net_method_name(enum qt_net_method method);

/*
 * Decodes %xx once and resolves the path. Refused: a path not beginning with
 * '/', bad %xx, NUL, control bytes, '\', a "." or ".." segment after decoding,
 * and %2f. Empty segments are merged. Returns the length written (a final
 * '\0' comes after it), or -EINVAL, or -ENAMETOOLONG.
 */
long	qt_net_path_decode(struct qt_net_str raw, char *out, size_t size);
/* 1 when decoding would change nothing, so the raw path can be used. */
int	qt_net_path_is_plain(struct qt_net_str raw);

/*
 * The value of name in a query or form ("a=1&b=2"), decoded with '+' as a
 * blank. Returns its length, -ENOENT, -EINVAL (bad %xx, NUL), -ENAMETOOLONG.
 */
long	qt_net_query_get(struct qt_net_str query, const char *name, char *out,
	    size_t size);

/*
 * The value of the named cookie in a Cookie header. When the name comes twice
 * it is as if it were not there (somebody else set one of them). 1 or 0.
 */
int	qt_net_cookie_get(struct qt_net_str cookies, const char *name,
	    struct qt_net_str *value);

/*
 * A Range header for a thing of size bytes. Returns 1 with *from and *len
 * set; 0 when the header is to be ignored (not bytes, several ranges, bad
 * syntax); -ERANGE when it cannot be satisfied (416).
 */
int	qt_net_range_parse(struct qt_net_str range, uint64_t size,
	    uint64_t *from, uint64_t *len);

/* "Sun, 06 Nov 1994 08:49:37 GMT" */
#define QT_NET_DATE_SIZE 30
void	qt_net_date_format(int64_t unix_s, char out[QT_NET_DATE_SIZE]);
/* -1 when it is not an IMF-fixdate. */
int64_t	qt_net_date_parse(struct qt_net_str date);

#endif /* QT_NET_HEAD_H */
