/* SPDX-License-Identifier: Apache-2.0 */
/* A client's packets: sent, received, and asked with. See client.h. */

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <qt/base/clock.h>
#include <qt/base/sys.h>

#include "client_priv.h"

#define KEPT_MAX (1u << 20)	/* bytes of packets set aside */

static int
send_out(struct qt_client *c)
{
	ssize_t	n = qt_sys_send_fds(c->fd, c->out.data, c->out.len, NULL, 0,
	    MSG_DONTWAIT);

	return n < 0 ? (int)n : 0;
}

int
qt_client_send(struct qt_client *c, enum qt_control_type type, uint32_t tag,
    uint32_t channel, const void *body, size_t len)
{
	int	rc;

	qt_buf_reset(&c->out);
	rc = qt_control_pack(&c->out, type, tag, channel, body, len);
	return rc < 0 ? rc : send_out(c);
}

/* One packet from the socket into c->in: 1, 0, or negative. */
static int
receive(struct qt_client *c, int *fds, size_t *nfds)
{
	size_t	none = 0;
	ssize_t	n;
	int	rc;

	qt_buf_reset(&c->in);
	rc = qt_buf_reserve(&c->in, QT_CONTROL_SIZE_MAX);
	if (rc < 0)
		return rc;
	n = qt_sys_recv_fds(c->fd, c->in.data, QT_CONTROL_SIZE_MAX, fds,
	    nfds != NULL ? nfds : &none, MSG_DONTWAIT);
	if (n == -EAGAIN)
		return 0;
	if (n == 0)
		return -ECONNRESET;
	if (n < 0)
		return (int)n;
	c->in.len = (size_t)n;
	return 1;
}

/* The oldest packet that was set aside, into c->in. */
static int
take_kept(struct qt_client *c)
{
	struct qt_control_head	head;
	size_t			len;

	if (c->kept_at == c->kept.len)
		return 0;
	memcpy(&head, c->kept.data + c->kept_at, sizeof(head));
	len = sizeof(head) + head.len;
	qt_buf_reset(&c->in);
	if (qt_buf_add(&c->in, c->kept.data + c->kept_at, len) < 0)
		return -ENOMEM;
	c->kept_at += len;
	if (c->kept_at == c->kept.len) {
		qt_buf_reset(&c->kept);
		c->kept_at = 0;
	}
	return 1;
}

int
qt_client_recv(struct qt_client *c, struct qt_control_head *head,
    const void **body)
{
	int	rc = take_kept(c);

	if (rc == 0)
		rc = receive(c, NULL, NULL);
	if (rc <= 0)
		return rc;
	rc = qt_control_unpack(c->in.data, c->in.len, head, body);
	return rc < 0 ? rc : 1;
}

/* Waits for the socket. 0, or -ETIMEDOUT naming the host. */
static int
wait_until(struct qt_client *c, short events, uint64_t end, struct qt_err *err)
{
	struct pollfd	p = { .fd = c->fd, .events = events };
	uint64_t	now = qt_clock_mono_ms();
	int		n;

	do {
		n = now < end ? poll(&p, 1, (int)(end - now)) : 0;
		now = qt_clock_mono_ms();
	} while (n < 0 && errno == EINTR);
	if (n > 0)
		return 0;
	if (n < 0)
		return -errno;
	qt_err_set(err, "the session host (process %ld) does not answer",
	    qt_client_host_pid());
	return -ETIMEDOUT;
}

/* An ERROR answer becomes its code and text. */
static int
error_of(const struct qt_control_head *head, const void *body,
    struct qt_err *err)
{
	int32_t	code;

	if (head->len < sizeof(code))
		return -QT_EPROTO;
	memcpy(&code, body, sizeof(code));
	qt_err_set(err, "%.*s", (int)(head->len - sizeof(code)),
	    (const char *)body + sizeof(code));
	return code < 0 ? (int)code : -QT_EPROTO;
}

static int
keep(struct qt_client *c)
{
	if (c->kept.len + c->in.len > KEPT_MAX)
		return -QT_EPROTO;
	return qt_buf_add(&c->kept, c->in.data, c->in.len);
}

/* Receives until the packet with this tag; others are kept. */
static int
await(struct qt_client *c, uint32_t tag, uint64_t end, int *fds, size_t *nfds,
    struct qt_control_head *head, const void **body, struct qt_err *err)
{
	size_t	room = nfds != NULL ? *nfds : 0;
	int	rc;

	for (;;) {
		if (nfds != NULL)
			*nfds = room;
		rc = receive(c, fds, nfds);
		if (rc == 0) {
			rc = wait_until(c, POLLIN, end, err);
			if (rc < 0)
				return rc;
			continue;
		}
		if (rc == -ECONNRESET)
			qt_err_set(err, "the session host closed the "
			    "connection");
		if (rc > 0)
			rc = qt_control_unpack(c->in.data, c->in.len, head,
			    body);
		if (rc < 0)
			return rc;
		/* Tag 0: it refuses the whole connection. */
		if (head->tag == tag ||
		    (head->tag == 0 && head->type == QT_MSG_ERROR))
			return 0;
		rc = keep(c);
		if (rc < 0)
			return rc;
	}
}

/* c->out holds the request. */
static int
ask(struct qt_client *c, uint32_t tag, enum qt_control_type answer, void *out,
    size_t out_size, int *fds, size_t *nfds, struct qt_err *err)
{
	uint64_t		end = qt_clock_mono_ms() + QT__CALL_MS;
	struct qt_control_head	head;
	const void		*body;
	int			rc;

	while ((rc = send_out(c)) == -EAGAIN) {
		rc = wait_until(c, POLLOUT, end, err);
		if (rc < 0)
			return rc;
	}
	/* It may have said why before it closed. */
	if (rc < 0 && rc != -EPIPE && rc != -ECONNRESET)
		return rc;
	rc = await(c, tag, end, fds, nfds, &head, &body, err);
	if (rc < 0)
		return rc;
	if (head.type == QT_MSG_ERROR)
		return error_of(&head, body, err);
	if (head.type != answer || head.len < out_size)
		return -QT_EPROTO;
	if (out_size > 0)
		memcpy(out, body, out_size);
	return 0;
}

static uint32_t
next_tag(struct qt_client *c)
{
	if (++c->last_tag == 0)
		c->last_tag = 1;
	/* Calls count in the upper half; programs choose from the lower. */
	return c->last_tag | 0x80000000u;
}

int
qt__client_ask(struct qt_client *c, enum qt_control_type type,
    uint32_t channel, const void *body, size_t len,
    enum qt_control_type answer, void *out, size_t out_size, int *fds,
    size_t *nfds, struct qt_err *err)
{
	uint32_t	tag = next_tag(c);
	int		rc;

	qt_buf_reset(&c->out);
	rc = qt_control_pack(&c->out, type, tag, channel, body, len);
	if (rc < 0) {
		qt_err_set(err, "a request of %zu bytes", len);
		return rc;
	}
	return ask(c, tag, answer, out, out_size, fds, nfds, err);
}

int
qt_client_call(struct qt_client *c, enum qt_control_type type,
    uint32_t channel, const void *body, size_t len,
    enum qt_control_type answer, void *out, size_t out_size,
    struct qt_err *err)
{
	return qt__client_ask(c, type, channel, body, len, answer, out,
	    out_size, NULL, NULL, err);
}

int
qt_client_new(struct qt_client *c, const struct qt_client_new *spec,
    struct qt_uuid *id, struct qt_err *err)
{
	uint32_t	tag = next_tag(c);
	int		rc;

	qt_buf_reset(&c->out);
	rc = qt_control_pack_new(&c->out, tag, &spec->opt, spec->name,
	    spec->owner, spec->cwd, spec->argv, spec->env);
	if (rc == -EMSGSIZE)
		qt_err_set(err, "command and environment together are over "
		    "%u bytes", QT_CONTROL_SIZE_MAX);
	return rc < 0 ? rc : ask(c, tag, QT_MSG_CREATED, id, sizeof(*id), NULL,
	    NULL, err);
}

int
qt_client_attach(struct qt_client *c, const struct qt_control_attach *req,
    struct qt_control_attached *out, struct qt_err *err)
{
	return qt_client_call(c, QT_MSG_ATTACH, 0, req, sizeof(*req),
	    QT_MSG_ATTACHED, out, sizeof(*out), err);
}

int
qt_client_kill(struct qt_client *c, const struct qt_uuid *id, int sig,
    struct qt_err *err)
{
	struct {
		struct qt_uuid	id;
		uint32_t	sig;
	}	body = { *id, (uint32_t)sig };

	return qt_client_call(c, QT_MSG_KILL, 0, &body, sizeof(body),
	    QT_MSG_OK, NULL, 0, err);
}

int
qt_client_rename(struct qt_client *c, const struct qt_uuid *id,
    const char *name, struct qt_err *err)
{
	char	body[sizeof(*id) + QT_SESSION_NAME_SIZE];
	size_t	len = strnlen(name, QT_SESSION_NAME_SIZE);

	memcpy(body, id, sizeof(*id));
	memcpy(body + sizeof(*id), name, len);
	return qt_client_call(c, QT_MSG_RENAME, 0, body, sizeof(*id) + len,
	    QT_MSG_OK, NULL, 0, err);
}
