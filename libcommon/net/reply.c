/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers. See <qt/net/request.h>.
 *
 * The head of an answer is put together in the server's memory, and
 * leaves with the body in one sendmsg(2).
 */

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/socket.h>
#include <time.h>

#include "conn_priv.h"

#define HEAD_ROOM	1024	/* beside conf.headers and extra */

static const struct {
	int		 status;
	const char	*reason;
} reasons[] = {
	{ 200, "OK" }, { 404, "Not Found" }, { 304, "Not Modified" },
	{ 206, "Partial Content" }, { 201, "Created" }, { 202, "Accepted" },
	{ 204, "No Content" }, { 301, "Moved Permanently" },
	{ 302, "Found" }, { 303, "See Other" },
	{ 307, "Temporary Redirect" }, { 308, "Permanent Redirect" },
	{ 400, "Bad Request" }, { 401, "Unauthorized" },
	{ 403, "Forbidden" }, { 405, "Method Not Allowed" },
	{ 408, "Request Timeout" }, { 409, "Conflict" }, { 410, "Gone" },
	{ 411, "Length Required" }, { 412, "Precondition Failed" },
	{ 413, "Content Too Large" }, { 414, "URI Too Long" },
	{ 415, "Unsupported Media Type" }, { 416, "Range Not Satisfiable" },
	{ 417, "Expectation Failed" }, { 421, "Misdirected Request" },
	{ 422, "Unprocessable Content" }, { 426, "Upgrade Required" },
	{ 429, "Too Many Requests" },
	{ 431, "Request Header Fields Too Large" },
	{ 500, "Internal Server Error" }, { 501, "Not Implemented" },
	{ 502, "Bad Gateway" }, { 503, "Service Unavailable" },
	{ 504, "Gateway Timeout" }, { 505, "HTTP Version Not Supported" },
	{ 507, "Insufficient Storage" },
};

static const char *
reason_of(int status)
{
	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
		if (reasons[i].status == status)
			return reasons[i].reason;
	}
	return "Unknown";
}

/*
 * "HTTP/1.1 200 OK\r\nDate: ...\r\n", made anew when the loop's second
 * changed (its clock is monotonic, so the date may lag by one second).
 */
struct iovec
qt__net_reply_prelude(struct qt_net_server *s)
{
	uint64_t	loop_s = qt__net_now(s) / 1000;
	char		date[QT_NET_DATE_SIZE];

	if (loop_s != s->date_s || s->prelude_len == 0) {
		qt_net_date_format((int64_t)time(NULL), date);
		s->prelude_len = (size_t)snprintf(s->prelude,
		    sizeof(s->prelude), "HTTP/1.1 200 OK\r\nDate: %s\r\n",
		    date);
		s->date_s = loop_s;
	}
	return (struct iovec){ s->prelude, s->prelude_len };
}

/* The Date line alone. */
static struct qt_net_str
date_line(struct qt_net_server *s)
{
	struct iovec	p = qt__net_reply_prelude(s);

	return (struct qt_net_str){ (char *)p.iov_base + 17, p.iov_len - 17 };
}

struct writer {
	char	*p;
	char	*end;
};

static void
put(struct writer *w, const char *p, size_t len)
{
	/* conf.headers and extra are bounded: any head fits. */
	assert((size_t)(w->end - w->p) >= len);
	if (len > 0)
		memcpy(w->p, p, len);
	w->p += len;
}

static void __attribute__((format(printf, 2, 3)))
putf(struct writer *w, const char *fmt, ...)
{
	va_list	ap;
	int	n;

	va_start(ap, fmt);
	n = vsnprintf(w->p, (size_t)(w->end - w->p), fmt, ap);
	va_end(ap);
	assert(n >= 0 && n < w->end - w->p);
	w->p += n;
}

static int
has_length(int status)
{
	return status >= 200 && status != 204 && status != 304;
}

size_t
qt__net_reply_head(struct qt_net_req *req, int status, const char *type,
    int64_t len, int is_chunked)
{
	struct qt_net_server	*s = req->conn->server;
	struct writer		 w = { s->head, s->head +
	    QT__HEAD_SIZE };
	struct qt_net_str	 date = date_line(s);

	if (s->is_stopping)
		req->is_close = 1;
	putf(&w, "HTTP/1.1 %d %s\r\n", status, reason_of(status));
	put(&w, date.p, date.len);
	if (type != NULL)
		putf(&w, "Content-Type: %.200s\r\n", type);
	if (req->is_bodyless)
		;	/* extra says what it would be */
	else if (is_chunked)
		putf(&w, "Transfer-Encoding: chunked\r\n");
	else if (len >= 0 && has_length(status))
		putf(&w, "Content-Length: %lld\r\n", (long long)len);
	if (req->is_close)
		putf(&w, "Connection: close\r\n");
	else if (req->head.minor == 0)
		putf(&w, "Connection: keep-alive\r\n");
	if (!req->is_plain)
		put(&w, s->headers, s->headers_len);
	put(&w, req->extra.data, req->extra.len);
	put(&w, "\r\n", 2);
	return (size_t)(w.p - s->head);
}

void
qt__net_reply_ended(struct qt_net_req *req, int status)
{
	struct qt_net_stats	*st = req->conn->server->stats;

	req->status = status;
	req->is_ended = 1;
	if (status < 300)
		qt_net_count(&st->responses_2xx, 1);
	else if (status < 400)
		qt_net_count(&st->responses_3xx, 1);
	else if (status < 500)
		qt_net_count(&st->responses_4xx, 1);
	else
		qt_net_count(&st->responses_5xx, 1);
	qt__net_conn_work(req->conn);
}

/*
 * A socket that failed is closed from the loop, not here: the handler, which
 * is on the stack, still has its request.
 */
void
qt__net_reply_broken(struct qt_net_req *req)
{
	req->conn->is_broken = 1;
	shutdown(req->conn->fd, SHUT_RDWR);
	qt__net_conn_arm(req->conn, UV_READABLE | UV_WRITABLE);
}

void
qt__net_reply_continue(struct qt_net_req *req)
{
	static const char	text[] = "HTTP/1.1 100 Continue\r\n\r\n";
	struct iovec		iov = { (void *)text, sizeof(text) - 1 };

	if (req->head.is_continue && req->in_len == req->head_len &&
	    qt__net_out_send(req->conn, &iov, 1, NULL) < 0)
		qt__net_reply_broken(req);
}

/* Bytes that may be in a header's value; name is a token of letters and -. */
static int
is_clean(const char *text)
{
	for (; *text != '\0'; text++) {
		unsigned char	c = (unsigned char)*text;

		if ((c < 0x20 && c != '\t') || c == 0x7f)
			return 0;
	}
	return 1;
}

int
qt_net_reply_header(struct qt_net_req *req, const char *name,
    const char *value)
{
	size_t	len = strlen(name) + strlen(value) + 4;

	if (*name == '\0' || strpbrk(name, ": \t") != NULL ||
	    !is_clean(name) || !is_clean(value))
		return -EINVAL;
	if (req->extra.len + len > QT__EXTRA_MAX)
		return -QT_EFULL;
	return qt_buf_addf(&req->extra, "%s: %s\r\n", name, value);
}

void
qt_net_reply(struct qt_net_req *req, int status, const char *type,
    const void *data, size_t len)
{
	struct qt_net_server	*s = req->conn->server;
	struct iovec		 iov[2];
	int			 n = 1;

	assert(!req->is_ended && !req->is_begun);
	iov[0].iov_len = qt__net_reply_head(req, status, type, (int64_t)len, 0);
	iov[0].iov_base = s->head;
	if (len > 0 && req->head.method != QT_NET_HEAD && has_length(status))
		iov[n++] = (struct iovec){ (void *)data, len };
	if (qt__net_out_send(req->conn, iov, n, NULL) < 0)
		qt__net_reply_broken(req);
	qt__net_reply_ended(req, status);
}

void
qt_net_reply_status(struct qt_net_req *req, int status)
{
	qt_net_reply_text(req, status, "%s", reason_of(status));
}

void
qt_net_reply_text(struct qt_net_req *req, int status, const char *fmt, ...)
{
	char	text[1024];
	va_list	ap;
	int	n;

	va_start(ap, fmt);
	n = vsnprintf(text, sizeof(text) - 1, fmt, ap);
	va_end(ap);
	if (n < 0)
		n = 0;
	if ((size_t)n > sizeof(text) - 2)
		n = sizeof(text) - 2;
	text[n++] = '\n';
	qt_net_reply(req, status, "text/plain; charset=utf-8", text,
	    has_length(status) ? (size_t)n : 0);
}

void
qt_net_reply_json(struct qt_net_req *req, int status, struct qt_buf *body)
{
	qt_net_reply_header(req, "Cache-Control", "no-store");
	qt_net_reply(req, status, "application/json", body->data, body->len);
	qt_buf_clear(body);
}

void
qt_net_reply_redirect(struct qt_net_req *req, int status,
    const char *location)
{
	if (qt_net_reply_header(req, "Location", location) < 0)
		status = 500;
	qt_net_reply_status(req, status);
}

void
qt_net_reply_reject(struct qt_net_req *req, int status,
    enum qt_net_reject reason)
{
	if (reason != QT_NET_REJECT_none)
		qt__net_reject(req->conn->server, reason);
	req->is_close = 1;
	req->is_linger = 1;
	qt_net_reply_status(req, status);
}
