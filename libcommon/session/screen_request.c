/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Those who ask the screen service. Each connection brings one request and
 * takes one answer; a bounded number is open at a time, the rest waits in the
 * socket's queue. Nobody is waited for: who connects and says nothing is
 * dropped after a while, and an answer that does not fit is not sent again.
 *
 * When accept(2) fails, out of descriptors, the socket would stay readable and
 * the loop spin: it rests until one of ours is closed or a moment has passed.
 */

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <qt/base/log.h>
#include <qt/base/sys.h>

#include "screen_priv.h"

#define REST_MS	100u

void
qt__requests_init(struct qt__requests *r, int listen_fd, qt__answer_fn *fn,
    void *ctx)
{
	uint32_t	i;

	memset(r, 0, sizeof(*r));
	r->listen_fd = listen_fd;
	r->fn = fn;
	r->ctx = ctx;
	for (i = 0; i < QT__REQUESTS_MAX; i++)
		r->request[i].fd = -1;
}

/* The folder's owner and root may ask. */
static int
is_allowed(int fd)
{
	struct ucred	cred;
	socklen_t	size = sizeof(cred);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &size) == 0 &&
	    (cred.uid == geteuid() || cred.uid == 0);
}

static void
end(struct qt__requests *r, uint32_t i)
{
	close(r->request[i].fd);
	r->request[i].fd = -1;
	r->count--;
	r->rest_ms = 0;
}

int
qt__requests_has_room(const struct qt__requests *r, uint64_t now_ms)
{
	return r->count < QT__REQUESTS_MAX && now_ms >= r->rest_ms;
}

void
qt__requests_accept(struct qt__requests *r, uint64_t now_ms)
{
	uint32_t	i = 0;
	int		fd;

	while (qt__requests_has_room(r, now_ms)) {
		fd = qt_sys_accept(r->listen_fd);
		if (fd == -ECONNABORTED)
			continue;
		if (fd < 0) {
			if (fd != -EAGAIN)
				r->rest_ms = now_ms + REST_MS;
			return;
		}
		if (!is_allowed(fd)) {
			close(fd);
			continue;
		}
		while (r->request[i].fd >= 0)
			i++;
		r->request[i].fd = fd;
		r->request[i].since_ms = now_ms;
		r->count++;
	}
}

static void
send_answer(int fd, struct qt_screen_answer *a, const struct qt_buf *text)
{
	int	memfd = -1, rc = 0;
	size_t	nfds = 0;

	a->len = a->code < 0 ? 0 : text->len;
	if (a->code == 0) {
		memfd = qt_sys_memfd("qt-screen", 0, 0);
		rc = memfd;
		if (rc >= 0)
			rc = qt_sys_write_all(memfd, text->data, text->len);
		if (rc >= 0)
			nfds = 1;
	}
	if (rc < 0) {
		a->code = rc;
		a->len = 0;
	}
	(void)qt_sys_send_fds(fd, a, sizeof(*a), &memfd, nfds, MSG_DONTWAIT);
	if (memfd >= 0)
		close(memfd);
}

void
qt__requests_read(struct qt__requests *r, uint32_t i)
{
	struct qt_screen_request	req;
	struct qt_screen_answer		a;
	struct qt_buf			text = QT_BUF_INIT;
	size_t				none = 0;
	ssize_t				n;

	memset(&a, 0, sizeof(a));
	n = qt_sys_recv_fds(r->request[i].fd, &req, sizeof(req), NULL, &none,
	    MSG_DONTWAIT);
	if (n == -EAGAIN)
		return;
	if (n == (ssize_t)sizeof(req)) {
		a.code = r->fn(r->ctx, &req, &a, &text);
		send_answer(r->request[i].fd, &a, &text);
	} else if (n > 0) {
		a.code = -QT_EPROTO;
		send_answer(r->request[i].fd, &a, &text);
	}
	qt_buf_clear(&text);
	end(r, i);
}

int
qt__requests_expire(struct qt__requests *r, uint64_t now_ms)
{
	int		wait = -1, left;
	uint32_t	i;

	if (now_ms < r->rest_ms)
		wait = (int)(r->rest_ms - now_ms);
	for (i = 0; i < QT__REQUESTS_MAX && r->count > 0; i++) {
		if (r->request[i].fd < 0)
			continue;
		if (now_ms - r->request[i].since_ms >= QT__REQUEST_MS) {
			end(r, i);
			continue;
		}
		left = (int)(r->request[i].since_ms + QT__REQUEST_MS - now_ms);
		if (wait < 0 || left < wait)
			wait = left;
	}
	return wait;
}

void
qt__requests_close(struct qt__requests *r)
{
	uint32_t	i;

	for (i = 0; i < QT__REQUESTS_MAX; i++)
		if (r->request[i].fd >= 0)
			end(r, i);
}
