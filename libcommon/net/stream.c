/* SPDX-License-Identifier: Apache-2.0 */
/* Answers that come in pieces. See <qt/net/request.h>. */

#include <assert.h>
#include <errno.h>
#include <stdio.h>

#include "conn_priv.h"

int
qt_net_reply_begin(struct qt_net_req *req, int status, const char *type,
    int64_t len)
{
	struct qt__conn	*c = req->conn;
	struct iovec	 iov;
	int		 rc;

	assert(req->is_deferred && !req->is_begun && !req->is_ended);
	req->is_begun = 1;
	req->status = status;
	req->reply_left = len;
	if (len < 0 && !req->is_bodyless) {
		req->is_chunked = req->head.minor > 0;
		if (!req->is_chunked)
			req->is_close = 1;
	}
	iov.iov_len = qt__net_reply_head(req, status, type, len,
	    req->is_chunked);
	iov.iov_base = c->server->head;
	if (c->is_broken)
		return -EPIPE;
	rc = qt__net_out_send(c, &iov, 1, NULL);
	if (rc < 0) {
		qt__net_reply_broken(req);
		return -EPIPE;
	}
	return 0;
}

static size_t
waiting(const struct qt__out *out)
{
	return out->buf.len - out->buf_off;
}

/* 1 when the handler should wait for drain, else 0. */
static int
is_high(struct qt_net_req *req)
{
	if (waiting(&req->conn->out) >= QT_NET_OUT_HIGH)
		req->is_high = 1;
	return req->is_high;
}

int
qt_net_reply_write(struct qt_net_req *req, const void *data, size_t len)
{
	struct qt__conn	*c = req->conn;
	char		 size[24];
	struct iovec	 iov[3] = { { size, 0 }, { (void *)data, len },
	    { (void *)"\r\n", 2 } };
	int		 rc;

	assert(req->is_begun && !req->is_ended);
	if (c->is_broken)
		return -EPIPE;
	if (len == 0 || req->head.method == QT_NET_HEAD)
		return is_high(req);
	if (waiting(&c->out) + len > QT_NET_OUT_MAX) {
		qt__net_reply_broken(req);
		return -QT_EFULL;
	}
	if (req->reply_left >= 0) {
		assert((uint64_t)req->reply_left >= len);
		req->reply_left -= (int64_t)len;
	}
	if (req->is_chunked) {
		iov[0].iov_len = (size_t)snprintf(size, sizeof(size),
		    "%zx\r\n", len);
		rc = qt__net_out_send(c, iov, 3, NULL);
	} else {
		rc = qt__net_out_send(c, iov + 1, 1, NULL);
	}
	if (rc < 0) {
		qt__net_reply_broken(req);
		return -EPIPE;
	}
	return is_high(req);
}

void
qt_net_reply_on_drain(struct qt_net_req *req,
    void (*drain)(struct qt_net_req *req, void *arg), void *arg)
{
	req->drain = drain;
	req->drain_arg = arg;
}

void
qt_net_reply_end(struct qt_net_req *req)
{
	static const char	last[] = "0\r\n\r\n";
	struct iovec		iov = { (void *)last, sizeof(last) - 1 };

	assert(req->is_begun && !req->is_ended);
	if (req->reply_left > 0 && req->head.method != QT_NET_HEAD) {
		/* Promised more than came: only cutting it says so. */
		qt__net_reply_broken(req);
	} else if (req->is_chunked && req->head.method != QT_NET_HEAD &&
	    !req->conn->is_broken &&
	    qt__net_out_send(req->conn, &iov, 1, NULL) < 0) {
		qt__net_reply_broken(req);
	}
	qt__net_reply_ended(req, req->status);
}
