/* SPDX-License-Identifier: Apache-2.0 */
/* Asking the screen service. See <qt/session/screen.h>. */

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <qt/base/clock.h>
#include <qt/base/path.h>
#include <qt/base/sys.h>
#include <qt/session/client.h>

#include "screen_priv.h"
#include "socket_priv.h"

int
qt_screen_begin_at(const char *socket_path,
    const struct qt_screen_request *req, struct qt_err *err)
{
	ssize_t	n;
	int	fd;

	fd = qt__socket_connect(socket_path, err);
	if (fd == -ENOENT || fd == -ECONNREFUSED) {
		if (qt_client_host_pid() != 0) {
			qt_err_set(err, "the session host has no screen "
			    "service at '%s': host.screen is 0, or the socket "
			    "was removed", socket_path);
			return fd;
		}
		fd = -QT_ENOHOST;
	}
	if (fd < 0) {
		qt_err_wrap(err, "ask for the screen");
		return fd;
	}
	n = qt_sys_send_fds(fd, req, sizeof(*req), NULL, 0, MSG_DONTWAIT);
	if (n < 0) {
		qt_err_set(err, "ask for the screen: send to '%s'",
		    socket_path);
		close(fd);
		return (int)n;
	}
	return fd;
}

int
qt_screen_begin(const struct qt_screen_request *req, struct qt_err *err)
{
	char	path[QT_PATH_SIZE];
	int	rc;

	rc = qt_path_in_runtime("screen.sock", path, err);
	return rc < 0 ? rc : qt_screen_begin_at(path, req, err);
}

/* The memfd's bytes, appended. */
static int
read_answer(int fd, const struct qt_screen_answer *a, struct qt_buf *out)
{
	struct stat	st;
	uint64_t	at = 0;
	ssize_t		n;

	if (a->len > QT_SCREEN_LEN_MAX || fstat(fd, &st) < 0 ||
	    (uint64_t)st.st_size < a->len)
		return -QT_EPROTO;
	if (qt_buf_reserve(out, (size_t)a->len) < 0)
		return -ENOMEM;
	while (at < a->len) {
		n = qt_sys_pread(fd, out->data + out->len + at,
		    (size_t)(a->len - at), (off_t)at);
		if (n <= 0) {
			out->data[out->len] = '\0';
			return n < 0 ? (int)n : -QT_EPROTO;
		}
		at += (uint64_t)n;
	}
	out->len += (size_t)a->len;
	out->data[out->len] = '\0';
	return 0;
}

int
qt_screen_finish(int sock, struct qt_screen_answer *answer,
    struct qt_buf *out, struct qt_err *err)
{
	size_t	nfds = 1;
	ssize_t	n;
	int	fd = -1, rc;

	n = qt_sys_recv_fds(sock, answer, sizeof(*answer), &fd, &nfds,
	    MSG_DONTWAIT);
	if (n == -EAGAIN)
		return -EAGAIN;
	if (n == 0)
		rc = -ECONNRESET;
	else if (n < 0)
		rc = (int)n;
	else if (n != (ssize_t)sizeof(*answer))
		rc = -QT_EPROTO;
	else if (answer->code < 0)
		rc = answer->code;
	else if (nfds != 1)
		rc = -QT_EPROTO;
	else
		rc = read_answer(fd, answer, out);
	if (nfds == 1 && fd >= 0)
		close(fd);
	if (rc < 0)
		qt_err_set(err, rc == -ENOENT ? "no such session" :
		    "the screen service's answer");
	return rc;
}

/* One try; -ECONNRESET when the service died over it. */
static int
ask(const struct qt_screen_request *req, uint64_t end_ms,
    struct qt_screen_answer *answer, struct qt_buf *out, struct qt_err *err)
{
	struct pollfd	p = { .events = POLLIN };
	uint64_t	now;
	int		rc;

	p.fd = qt_screen_begin(req, err);
	if (p.fd < 0)
		return p.fd;
	rc = -EAGAIN;
	while (rc == -EAGAIN && (now = qt_clock_mono_ms()) < end_ms) {
		if (poll(&p, 1, (int)(end_ms - now)) > 0)
			rc = qt_screen_finish(p.fd, answer, out, err);
	}
	close(p.fd);
	if (rc != -EAGAIN)
		return rc;
	qt_err_set(err, "the screen service does not answer");
	return -ETIMEDOUT;
}

int
qt_screen_get(const struct qt_screen_request *req, int timeout_ms,
    struct qt_screen_answer *answer, struct qt_buf *out, struct qt_err *err)
{
	uint64_t	end_ms = qt_clock_mono_ms() + (uint64_t)timeout_ms;
	int		rc;

	do {
		rc = ask(req, end_ms, answer, out, err);
		/* Its queue is full, or it died: the host starts another. */
		if (rc == -EAGAIN || rc == -ECONNRESET || rc == -EPIPE)
			(void)poll(NULL, 0, 10);
		else
			return rc;
	} while (qt_clock_mono_ms() < end_ms);
	qt_err_set(err, "the screen service does not answer");
	return -ETIMEDOUT;
}
