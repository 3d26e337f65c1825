/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Life of a request, and what a handler may ask it. See <qt/net/request.h>.
 *
 * A request is a buffer and everything that is known about what is in it.
 * Requests are pooled by the server, last used first, so a busy loop works in
 * the same few cached kilobytes; an idle connection has none.
 */

#include <stdlib.h>

#include "conn_priv.h"

#define FREE_MAX 64	/* kept for reuse */

/* All but head and in[], which the parser fills. */
static void
req_init(struct qt_net_req *req, struct qt__conn *c)
{
	memset(req, 0, offsetof(struct qt_net_req, head));
	req->conn = c;
	req->reply_left = -1;
}

struct qt_net_req *
qt__net_req_new(struct qt__conn *c)
{
	struct qt_net_server	*s = c->server;
	struct qt_net_req	*req = s->free_reqs;

	if (req != NULL) {
		s->free_reqs = req->next;
		s->nfree_reqs--;
	} else {
		req = malloc(sizeof(*req));
		if (req == NULL)
			return NULL;
	}
	req_init(req, c);
	return req;
}

static void
req_clear(struct qt_net_req *req)
{
	free(req->path_copy);
	qt_buf_clear(&req->body);
	qt_buf_clear(&req->extra);
}

void
qt__net_req_free(struct qt_net_server *s, struct qt_net_req *req)
{
	if (req == NULL)
		return;
	req_clear(req);
	if (s->nfree_reqs >= FREE_MAX) {
		free(req);
		return;
	}
	req->next = s->free_reqs;
	s->free_reqs = req;
	s->nfree_reqs++;
}

void
qt__net_req_next(struct qt_net_req *req)
{
	size_t	left = req->in_len - req->head_len;

	req_clear(req);
	if (left > 0)
		memmove(req->in, req->in + req->head_len, left);
	req_init(req, req->conn);
	req->in_len = left;
}

const struct qt_net_head *
qt_net_req_head(const struct qt_net_req *req)
{
	return &req->head;
}

struct qt_net_str
qt_net_req_path(const struct qt_net_req *req)
{
	return req->path;
}

struct qt_net_str
qt_net_req_rest(const struct qt_net_req *req)
{
	return req->rest;
}

struct qt_net_str
qt_net_req_query(const struct qt_net_req *req)
{
	return req->head.query;
}

struct qt_net_str
qt_net_req_header(const struct qt_net_req *req, enum qt_net_header_id id)
{
	return qt_net_head_get(&req->head, id);
}

int
qt_net_req_cookie(const struct qt_net_req *req, const char *name,
    struct qt_net_str *value)
{
	struct qt_net_str	one;
	int			found = 0;

	/* HTTP/1.1 allows one Cookie header; h2 gateways may send several. */
	*value = (struct qt_net_str){ NULL, 0 };
	for (size_t i = 0; i < req->head.nheaders; i++) {
		if (req->head.headers[i].id != QT_NET_H_COOKIE ||
		    !qt_net_cookie_get(req->head.headers[i].value, name, &one))
			continue;
		if (found++)
			return 0;
		*value = one;
	}
	return found;
}

struct qt_net_str
qt_net_req_body(const struct qt_net_req *req)
{
	return (struct qt_net_str){ req->body.data, req->body.len };
}

const struct qt_net_addr *
qt_net_req_addr(const struct qt_net_req *req)
{
	return req->has_addr ? &req->addr : &req->conn->addr;
}

int
qt_net_req_is_secure(const struct qt_net_req *req)
{
	return req->conn->is_secure || req->is_secure;
}

struct qt_net_server *
qt_net_req_server(const struct qt_net_req *req)
{
	return req->conn->server;
}

void
qt_net_req_set_user(struct qt_net_req *req, const char *name,
    unsigned int role, uint64_t id)
{
	size_t	len = strnlen(name, QT_NET_USER_MAX);

	memcpy(req->user.name, name, len);
	req->user.name[len] = '\0';
	req->user.role = role;
	req->user.id = id;
	req->has_user = 1;
}

const struct qt_net_user *
qt_net_req_user(const struct qt_net_req *req)
{
	return req->has_user ? &req->user : NULL;
}

void
qt_net_req_defer(struct qt_net_req *req, void (*gone)(void *arg), void *arg)
{
	req->is_deferred = 1;
	req->gone = gone;
	req->gone_arg = arg;
}

void
qt_net_req_on_body(struct qt_net_req *req,
    void (*data)(struct qt_net_req *req, const void *p, size_t len, void *arg),
    void *arg)
{
	req->data = data;
	req->data_arg = arg;
}

void
qt_net_req_pause(struct qt_net_req *req)
{
	req->is_paused = 1;
}

void
qt_net_req_resume(struct qt_net_req *req)
{
	if (!req->is_paused)
		return;
	req->is_paused = 0;
	if (!req->conn->is_working)
		qt__net_conn_work(req->conn);
}
