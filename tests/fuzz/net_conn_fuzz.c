/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A whole connection: any bytes, in any pieces, over a socket pair to a real
 * server with routes of every kind. It must answer or close, and what it
 * answers must begin like an answer.
 */

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#include <qt/net/request.h>
#include <qt/net/server.h>

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uv_loop_t		 loop;
static struct qt_net_server	*server;

static void
reply(struct qt_net_req *req, void *arg)
{
	struct qt_net_str	body = qt_net_req_body(req);

	(void)arg;
	qt_net_reply(req, 200, "text/plain", body.p, body.len);
}

static void
stream(struct qt_net_req *req, void *arg)
{
	(void)arg;
	qt_net_req_defer(req, NULL, NULL);
	if (qt_net_reply_begin(req, 200, "text/plain", -1) < 0)
		return;
	qt_net_reply_write(req, "abc", 3);
	qt_net_reply_end(req);
}

static void
on_body(struct qt_net_req *req, const void *p, size_t len, void *arg)
{
	(void)p;
	(void)arg;
	if (len == 0)
		qt_net_reply_status(req, 200);
}

static void
upload(struct qt_net_req *req, void *arg)
{
	(void)arg;
	qt_net_req_defer(req, NULL, NULL);
	qt_net_req_on_body(req, on_body, NULL);
}

static void
take(struct qt_net_req *req, void *arg)
{
	struct qt_net_upgrade	up;

	(void)arg;
	if (qt_net_req_take(req, &up) < 0)
		abort();
	close(up.fd);
}

static void
start(void)
{
	struct qt_net_conf	conf = QT_NET_CONF_INIT;
	unsigned int		any = QT_NET_METHOD(GET) | QT_NET_METHOD(POST);
	const struct qt_net_route routes[] = {
		{ "/", any, 0, 1000, reply, NULL },
		{ "/s*", any, 0, 0, stream, NULL },
		{ "/u", any, QT_NET_STREAM, 5000, upload, NULL },
		{ "/w", any, QT_NET_WS, 0, take, NULL },
	};

	uv_loop_init(&loop);
	if (qt_net_server_new(&loop, &conf, &server, NULL) < 0)
		abort();
	for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
		if (qt_net_server_route(server, &routes[i]) < 0)
			abort();
	}
}

/* Turns the loop until nothing happens any more; swallows the answers. */
static void
turn(int fd, int *first)
{
	char	buf[65536];
	ssize_t	n;

	for (int i = 0; i < 4; i++) {
		uv_run(&loop, UV_RUN_NOWAIT);
		while ((n = recv(fd, buf, sizeof(buf), MSG_DONTWAIT)) > 0) {
			if (*first && (n < 9 ||
			    memcmp(buf, "HTTP/1.1 ", 9) != 0))
				abort();
			*first = 0;
			i = 0;
		}
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct qt_net_addr	addr = { .family = 0 };
	struct qt_net_stats	*st;
	int			fds[2], first = 1;

	if (server == NULL)
		start();
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0,
	    fds) < 0)
		abort();
	st = qt_net_server_stats(server);
	if (qt_net_server_adopt(server, fds[0], &addr, 0) < 0)
		abort();
	/* A piece is as long as its first byte says. */
	while (size > 1) {
		size_t	len = 1 + (size_t)data[0] * 4;

		data++;
		size--;
		if (len > size)
			len = size;
		if (send(fds[1], data, len, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
			break;
		data += len;
		size -= len;
		turn(fds[1], &first);
	}
	shutdown(fds[1], SHUT_WR);
	turn(fds[1], &first);
	close(fds[1]);
	turn(-1, &first);
	if (atomic_load(&st->conns) != 0)
		abort();
	return 0;
}
