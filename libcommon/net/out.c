/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing. See conn_priv.h.
 *
 * An answer is handed over whole, and on almost every socket it leaves with
 * the one sendmsg(2) that it gets there and then: nothing is copied or kept.
 * What the socket does not take is kept: small pieces copied, cached bodies
 * and files by reference.
 */

#include <assert.h>
#include <errno.h>
#include <sys/sendfile.h>
#include <sys/socket.h>

#include "conn_priv.h"

#define FILE_TURN	(2u << 20)	/* bytes of a file in one turn */
#define IOV_MAX_HERE	8

void
qt__net_ref_put(struct qt__ref *ref)
{
	if (ref == NULL)
		return;
	assert(ref->count > 0);
	if (--ref->count == 0)
		ref->free(ref);
}

int
qt__net_out_is_empty(const struct qt__out *out)
{
	return out->buf.len == 0 && out->ref_len == 0 && out->file_len == 0;
}

static void
drop_ref(struct qt__out *out)
{
	struct qt__ref	*ref = out->ref;

	out->ref = NULL;
	out->ref_len = out->file_len = 0;
	qt__net_ref_put(ref);
}

void
qt__net_out_clear(struct qt__out *out)
{
	qt_buf_clear(&out->buf);
	out->buf_off = 0;
	drop_ref(out);
}

/* Bytes taken, 0 when the socket is full, or a negative code. */
static ssize_t
send_some(struct qt__conn *c, struct iovec *iov, int n, int flags)
{
	struct msghdr	msg = { .msg_iov = iov, .msg_iovlen = (size_t)n };
	ssize_t		sent;

	do {
		sent = sendmsg(c->fd, &msg, flags | MSG_NOSIGNAL);
	} while (sent < 0 && errno == EINTR);
	if (sent < 0)
		return errno == EAGAIN ? 0 : -errno;
	qt_net_count(&c->server->stats->bytes_out, (uint64_t)sent);
	if (c->req != NULL)
		c->req->sent += (uint64_t)sent;
	c->out.moved += (uint64_t)sent;
	return sent;
}

/* The reader must take something now and then, at some least rate. */
static void
watch_reader(struct qt__conn *c)
{
	struct qt_net_server	*s = c->server;
	uint64_t		 rate = s->conf.body_rate_min;

	qt__net_conn_deadline(c, c->out.since_ms + s->conf.write_timeout_ms +
	    (rate > 0 ? c->out.moved * 1000 / rate :
	    qt__net_now(s) - c->out.since_ms), QT_NET_REJECT_write_slow);
}

static void
start_waiting(struct qt__conn *c, int was_empty)
{
	if (was_empty) {
		c->out.since_ms = qt__net_now(c->server);
		c->out.moved = 0;
	}
	watch_reader(c);
	qt__net_conn_arm(c, UV_WRITABLE);
}

static int
keep(struct qt__conn *c, const struct iovec *iov, size_t sent)
{
	if (sent >= iov->iov_len)
		return 0;
	return qt_buf_add(&c->out.buf, (const char *)iov->iov_base + sent,
	    iov->iov_len - sent);
}

int
qt__net_out_send(struct qt__conn *c, struct iovec *iov, int n,
    struct qt__ref *ref)
{
	struct qt__out	*out = &c->out;
	int		 was_empty = qt__net_out_is_empty(out), rc = 0;
	ssize_t		 sent = 0;
	size_t		 left;

	assert(n > 0 && n <= IOV_MAX_HERE);
	assert(out->ref_len == 0 && out->file_len == 0);
	if (was_empty)
		sent = send_some(c, iov, n, 0);
	if (sent < 0) {
		qt__net_ref_put(ref);
		return (int)sent;
	}
	left = (size_t)sent;
	for (int i = 0; i < n; i++) {
		size_t	used = left < iov[i].iov_len ? left : iov[i].iov_len;

		left -= used;
		if (used == iov[i].iov_len)
			continue;
		if (ref == NULL || i < n - 1) {
			rc = keep(c, &iov[i], used);
			if (rc < 0)
				break;
			continue;
		}
		out->ref = ref;
		out->ref_p = (const char *)iov[i].iov_base + used;
		out->ref_len = iov[i].iov_len - used;
		ref = NULL;
	}
	qt__net_ref_put(ref);
	if (rc == 0 && !qt__net_out_is_empty(out))
		start_waiting(c, was_empty);
	return rc;
}

/* Part of the file, at most one turn's worth. 0 or negative. */
static int
flush_file(struct qt__conn *c)
{
	struct qt__out	*out = &c->out;
	size_t		 turn = FILE_TURN, want;
	ssize_t		 n;

	while (out->file_len > 0 && turn > 0) {
		want = out->file_len < turn ? (size_t)out->file_len : turn;
		n = sendfile(c->fd, out->file_fd, &out->file_at, want);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? 0 : -errno;
		if (n == 0)
			return -EIO;	/* the file became shorter */
		out->file_len -= (uint64_t)n;
		turn -= (size_t)n;
		out->moved += (uint64_t)n;
		qt_net_count(&c->server->stats->bytes_out, (uint64_t)n);
		if (c->req != NULL)
			c->req->sent += (uint64_t)n;
	}
	return 0;
}

int
qt__net_out_send_file(struct qt__conn *c, const char *head, size_t head_len,
    int fd, off_t at, uint64_t len, struct qt__ref *ref)
{
	struct iovec	iov = { (void *)head, head_len };
	ssize_t		sent;
	int		rc;

	assert(qt__net_out_is_empty(&c->out));
	c->out.since_ms = qt__net_now(c->server);
	c->out.moved = 0;
	c->out.ref = ref;
	c->out.file_fd = fd;
	c->out.file_at = at;
	c->out.file_len = len;
	sent = send_some(c, &iov, 1, len > 0 ? MSG_MORE : 0);
	if (sent < 0)
		return (int)sent;
	rc = keep(c, &iov, (size_t)sent);
	if (rc == 0 && c->out.buf.len == 0)
		rc = flush_file(c);
	if (rc < 0)
		return rc;
	if (qt__net_out_is_empty(&c->out)) {
		drop_ref(&c->out);
		return 0;
	}
	start_waiting(c, 0);
	return 0;
}

static int
flush_memory(struct qt__conn *c)
{
	struct qt__out	*out = &c->out;
	struct iovec	 iov[2] = {
		{ out->buf.data + out->buf_off, out->buf.len - out->buf_off },
		{ (void *)out->ref_p, out->ref_len },
	};
	size_t		 first = iov[0].iov_len, used;
	ssize_t		 n;

	if (first + out->ref_len == 0)
		return 0;
	n = first > 0 ?
	    send_some(c, iov, 2, out->file_len > 0 ? MSG_MORE : 0) :
	    send_some(c, iov + 1, 1, 0);
	if (n < 0)
		return (int)n;
	used = (size_t)n < first ? (size_t)n : first;
	out->buf_off += used;
	out->ref_p += (size_t)n - used;
	out->ref_len -= (size_t)n - used;
	if (out->buf_off == out->buf.len) {
		qt_buf_clear(&out->buf);
		out->buf_off = 0;
	} else if (out->buf_off >= QT__SCRATCH_SIZE) {
		qt_buf_drop(&out->buf, out->buf_off);
		out->buf_off = 0;
	}
	return 0;
}

int
qt__net_out_flush(struct qt__conn *c)
{
	struct qt__out	*out = &c->out;
	int		 rc;

	rc = flush_memory(c);
	if (rc == 0 && out->buf.len == 0 && out->ref_len == 0 &&
	    out->file_len > 0)
		rc = flush_file(c);
	if (rc < 0)
		return rc;
	if (qt__net_out_is_empty(out))
		drop_ref(out);
	else
		watch_reader(c);
	return 0;
}
