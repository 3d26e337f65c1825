/* SPDX-License-Identifier: Apache-2.0 */
/* Answering with static files. See <qt/net/static.h>. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "file_priv.h"

int
qt_net_static_new(struct qt_net_server *server, const char *root,
    const struct qt_net_static_conf *conf, struct qt_net_work *work,
    struct qt_net_static **out, struct qt_err *err)
{
	struct qt_net_static	*st;

	*out = NULL;
	st = calloc(1, sizeof(*st));
	if (st == NULL)
		return -ENOMEM;
	st->refs = 1;
	st->server = server;
	st->work = work;
	st->conf = *conf;
	qt_hash_key_init(&st->key);
	for (st->nbuckets = 64; st->nbuckets < conf->files_max;)
		st->nbuckets *= 2;
	st->buckets = calloc(st->nbuckets, sizeof(*st->buckets));
	st->cache_control = strdup(conf->cache_control != NULL ?
	    conf->cache_control : "no-cache");
	st->root = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (st->root < 0) {
		int	rc = -errno;

		qt_err_set(err, "folder '%s'", root);
		qt__net_static_put(st);
		return rc;
	}
	if (st->buckets == NULL || st->cache_control == NULL) {
		qt__net_static_put(st);
		return -ENOMEM;
	}
	*out = st;
	return 0;
}

void
qt_net_static_free(struct qt_net_static *st)
{
	if (st == NULL)
		return;
	qt__net_cache_clear(st);
	qt__net_static_put(st);
}

/* gzip, x-gzip or *, unless with q=0. */
static int
takes_gzip(struct qt_net_str accept)
{
	const char	*p = accept.p, *end = p + accept.len, *comma;

	for (; accept.len > 0 && p < end; p = comma + 1) {
		comma = memchr(p, ',', (size_t)(end - p));
		if (comma == NULL)
			comma = end;
		while (p < comma && (*p == ' ' || *p == '\t'))
			p++;
		if (comma - p < 4 || strncasecmp(p, "gzip", 4) != 0)
			continue;
		if (comma - p == 4)
			return 1;
		/* ";q=0" and ";q=0.000" say no; any other digit says yes. */
		for (p += 4; p < comma; p++) {
			if (*p >= '1' && *p <= '9')
				return 1;
		}
		return memchr(comma - 1, '0', 1) == NULL;
	}
	return 0;
}

/* 1 when the list of If-None-Match has the tag, weakly compared. */
static int
has_etag(struct qt_net_str list, const char *etag)
{
	size_t	len = strlen(etag);

	if (qt_net_str_is(list, "*"))
		return 1;
	for (size_t i = 0; i + len <= list.len; i++) {
		if (memcmp(list.p + i, etag, len) == 0)
			return 1;
	}
	return 0;
}

static int
is_not_modified(const struct qt_net_req *req, const struct qt__file *file,
    const struct qt__body *body)
{
	struct qt_net_str	v = qt_net_req_header(req,
	    QT_NET_H_IF_NONE_MATCH);
	int64_t			since;

	if (v.p != NULL)
		return has_etag(v, body->etag);
	v = qt_net_req_header(req, QT_NET_H_IF_MODIFIED_SINCE);
	if (v.p == NULL)
		return 0;
	since = qt_net_date_parse(v);
	return since >= 0 && file->mtime_ns / 1000000000 <= since;
}

/* If-Range says no: the whole file is wanted. */
static int
is_range_void(const struct qt_net_req *req, const struct qt__file *file)
{
	struct qt_net_str	v = qt_net_req_header(req, QT_NET_H_IF_RANGE);

	return v.p != NULL && !qt_net_str_is(v, file->plain.etag) &&
	    !qt_net_str_is(v, file->modified);
}

static void
add_headers(struct qt_net_req *req, const struct qt_net_static *st,
    const struct qt__file *file, const struct qt__body *body)
{
	qt_net_reply_header(req, "ETag", body->etag);
	qt_net_reply_header(req, "Last-Modified", file->modified);
	qt_net_reply_header(req, "Cache-Control", st->cache_control);
	qt_net_reply_header(req, "Accept-Ranges", "bytes");
	qt_net_reply_header(req, "Vary", "Accept-Encoding");
	if (body == &file->gzip)
		qt_net_reply_header(req, "Content-Encoding", "gzip");
}

/* Part of a body, or all of a large one: with a head made for it. */
static void
send_part(struct qt_net_req *req, struct qt__file *file,
    const struct qt__body *body, int status, uint64_t from, uint64_t len)
{
	struct qt__conn	*c = req->conn;
	size_t		 head_len = qt__net_reply_head(req, status, file->type,
	    (int64_t)len, 0);
	struct iovec	 iov[2] = { { c->server->head, head_len } };
	int		 rc;

	if (req->head.method == QT_NET_HEAD || len == 0) {
		rc = qt__net_out_send(c, iov, 1, NULL);
	} else if (body->data != NULL) {
		iov[1].iov_base = body->data + body->head_len + from;
		iov[1].iov_len = (size_t)len;
		file->ref.count++;	/* the output's */
		rc = qt__net_out_send(c, iov, 2, &file->ref);
	} else {
		file->ref.count++;	/* the output's */
		rc = qt__net_out_send_file(c, c->server->head, head_len,
		    body->fd,
		    (off_t)from, len, &file->ref);
	}
	if (rc < 0)
		qt__net_reply_broken(req);
	qt__net_reply_ended(req, status);
}

/* The hot path: all of a body that is ready in memory. */
static void
send_ready(struct qt_net_req *req, struct qt__file *file,
    const struct qt__body *body)
{
	static const char	close_line[] = "Connection: close\r\n";
	static const char	keep_line[] = "Connection: keep-alive\r\n";
	struct qt__conn		*c = req->conn;
	struct iovec		 iov[4];
	int			 n = 0;

	iov[n++] = qt__net_reply_prelude(c->server);
	if (c->server->is_stopping)
		req->is_close = 1;
	if (req->is_close)
		iov[n++] = (struct iovec){ (void *)close_line,
		    sizeof(close_line) - 1 };
	else if (req->head.minor == 0)
		iov[n++] = (struct iovec){ (void *)keep_line,
		    sizeof(keep_line) - 1 };
	if (req->extra.len > 0)
		iov[n++] = (struct iovec){ req->extra.data, req->extra.len };
	iov[n++] = (struct iovec){ body->data, body->head_len +
	    (req->head.method == QT_NET_HEAD ? 0 : (size_t)body->len) };
	file->ref.count++;	/* the output's, given back at once as a rule */
	if (qt__net_out_send(c, iov, n, &file->ref) < 0)
		qt__net_reply_broken(req);
	qt__net_reply_ended(req, 200);
}

/* The copy to send: gzip when it is taken and there. */
static const struct qt__body *
choose(struct qt_net_req *req, struct qt__file *file)
{
	struct qt_net_str	accept;

	if (file->gzip_state == QT__GZIP_USELESS ||
	    !qt__net_gzip_is_wanted(file))
		return &file->plain;
	accept = qt_net_req_header(req, QT_NET_H_ACCEPT_ENCODING);
	if (accept.p == NULL || !takes_gzip(accept))
		return &file->plain;
	if (file->gzip_state == QT__GZIP_NONE)
		qt__net_gzip_start(file);
	return file->gzip_state == QT__GZIP_READY ? &file->gzip :
	    &file->plain;
}

/* 1 when a range was answered. */
static int
reply_range(struct qt_net_static *st, struct qt_net_req *req,
    struct qt__file *file)
{
	struct qt_net_str	range = qt_net_req_header(req,
	    QT_NET_H_RANGE);
	uint64_t		from, len, size = file->plain.len;
	char			text[80];
	int			rc;

	if (req->head.method != QT_NET_GET || is_range_void(req, file))
		return 0;
	rc = qt_net_range_parse(range, size, &from, &len);
	if (rc == 0)
		return 0;
	if (rc < 0) {
		snprintf(text, sizeof(text), "bytes */%llu",
		    (unsigned long long)size);
		qt_net_reply_header(req, "Content-Range", text);
		qt_net_reply_status(req, 416);
		return 1;
	}
	snprintf(text, sizeof(text), "bytes %llu-%llu/%llu",
	    (unsigned long long)from, (unsigned long long)(from + len - 1),
	    (unsigned long long)size);
	qt_net_reply_header(req, "Content-Range", text);
	add_headers(req, st, file, &file->plain);
	send_part(req, file, &file->plain, 206, from, len);
	return 1;
}

static void
reply_file(struct qt_net_static *st, struct qt_net_req *req,
    struct qt__file *file)
{
	const struct qt__body	*body;

	if (req->head.first[QT_NET_H_RANGE] != 0) {
		body = &file->plain;
		if (!is_not_modified(req, file, body) &&
		    reply_range(st, req, file))
			return;
	} else {
		body = choose(req, file);
	}
	if (is_not_modified(req, file, body)) {
		add_headers(req, st, file, body);
		qt_net_reply(req, 304, NULL, NULL, 0);
	} else if (body->data != NULL) {
		send_ready(req, file, body);
	} else {
		add_headers(req, st, file, body);
		send_part(req, file, body, 200, 0, body->len);
	}
}

/* A segment that begins with a dot, but for .well-known. */
static int
is_hidden(struct qt_net_str path)
{
	for (size_t i = 0; i < path.len; i++) {
		if (path.p[i] != '.' || (i > 0 && path.p[i - 1] != '/'))
			continue;
		if (i > 0 || path.len < 12 ||
		    memcmp(path.p, ".well-known/", 12) != 0)
			return 1;
	}
	return 0;
}

/* A folder was asked for without its final slash. */
static void
redirect_to_folder(struct qt_net_req *req)
{
	const struct qt_net_head	*h = &req->head;
	char				 to[QT_NET_TARGET_MAX + 8];
	const char			*start = h->path.p;
	size_t				 len = h->path.len;

	/* "//host/" would be another site: one slash only. */
	while (len > 1 && start[0] == '/' && start[1] == '/') {
		start++;
		len--;
	}
	snprintf(to, sizeof(to), "%.*s/%s%.*s", (int)len, start,
	    h->query.len > 0 ? "?" : "", (int)h->query.len,
	    h->query.len > 0 ? h->query.p : "");
	qt_net_reply_redirect(req, 308, to);
}

void
qt_net_static_reply(struct qt_net_static *st, struct qt_net_req *req,
    struct qt_net_str path)
{
	char		 index[QT_NET_TARGET_MAX + 16];
	struct qt__file	*file;
	int		 rc;

	while (path.len > 0 && path.p[0] == '/') {
		path.p++;
		path.len--;
	}
	if (is_hidden(path) || path.len > QT_NET_TARGET_MAX) {
		qt_net_reply_status(req, 404);
		return;
	}
	if (path.len == 0 || path.p[path.len - 1] == '/') {
		path.len = (size_t)snprintf(index, sizeof(index),
		    "%.*sindex.html", (int)path.len, path.p);
		path.p = index;
	}
	rc = qt__net_cache_get(st, path.p, path.len, &file);
	if (rc == 0)
		reply_file(st, req, file);
	else if (rc == -EISDIR && path.p != index)
		redirect_to_folder(req);
	else if (rc == -ENOMEM || rc == -EMFILE || rc == -ENFILE || rc == -EIO)
		qt_net_reply_reject(req, 503, QT_NET_REJECT_busy);
	else
		qt_net_reply_status(req, 404);
}

void
qt_net_static_handle(struct qt_net_req *req, void *st)
{
	qt_net_static_reply(st, req, req->rest);
}
