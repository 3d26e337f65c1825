/* SPDX-License-Identifier: Apache-2.0 */
/* <qt/net/proxy.h>: what passes, what does not, and tunnels. */

#include <fcntl.h>

#include <qt/net/proxy.h>

#include "serve.h"

static char	buf[12 << 20];

/*
 * A back end: takes one connection at a time, keeps the head that it got,
 * reads body_len more, says answer (answer_len bytes), and, when it echoes,
 * sends back what comes until the end.
 */
struct backend {
	pthread_t	 thread;
	int		 fd;
	unsigned int	 port;
	const char	*answer;
	size_t		 answer_len;
	size_t		 body_len;
	int		 is_echo;
	int		 rounds;
	char		 head[16384];
	size_t		 got;		/* body bytes */
};

static void
echo_all(int fd)
{
	static char	echo[65536];
	ssize_t		n;

	while ((n = recv(fd, echo, sizeof(echo), 0)) > 0) {
		for (ssize_t at = 0, m; at < n; at += m) {
			m = send(fd, echo + at, (size_t)(n - at),
			    MSG_NOSIGNAL);
			if (m <= 0)
				return;
		}
	}
}

static void
serve_one(struct backend *b, int fd)
{
	size_t	len = 0, at = 0;
	ssize_t	n;
	char	*end = NULL;

	while (end == NULL && (n = recv(fd, b->head + len,
	    sizeof(b->head) - 1 - len, 0)) > 0) {
		len += (size_t)n;
		b->head[len] = '\0';
		end = strstr(b->head, "\r\n\r\n");
	}
	if (end == NULL)
		return;
	b->got = len - (size_t)(end + 4 - b->head);
	while (b->got < b->body_len) {
		static char	sink[65536];

		n = recv(fd, sink, sizeof(sink), 0);
		if (n <= 0)
			return;
		b->got += (size_t)n;
	}
	while (at < b->answer_len) {
		n = send(fd, b->answer + at, b->answer_len - at,
		    MSG_NOSIGNAL);
		if (n <= 0)
			return;
		at += (size_t)n;
	}
	if (b->is_echo)
		echo_all(fd);
}

static void *
backend_main(void *arg)
{
	struct backend	*b = arg;

	for (int i = 0; i < b->rounds; i++) {
		int	fd = accept(b->fd, NULL, NULL);

		if (fd < 0)
			break;
		serve_one(b, fd);
		close(fd);
	}
	return NULL;
}

static void
setup(struct serve *sv)
{
	struct qt_net_proxy	*px;
	struct qt_net_proxy_conf conf = QT_NET_PROXY_CONF_INIT;
	struct backend		*b = sv->arg;
	char			 where[64];
	unsigned int		 all = QT_NET_METHOD(GET) |
	    QT_NET_METHOD(POST) | QT_NET_METHOD(PUT);

	snprintf(where, sizeof(where), "127.0.0.1:%u", b->port);
	conf.backend = where;
	conf.strip = "/app";
	conf.strip_cookie = "qtd";
	conf.read_timeout_ms = 300;
	assert_int_equal(qt_net_proxy_new(sv->server, &conf, &px, NULL), 0);
	serve_route(sv, "/app/*", all, QT_NET_STREAM, 64 << 20,
	    qt_net_proxy_handle, px);
	sv->arg = px;
}

static void
start(struct serve *sv, struct backend *b, const char *answer)
{
	if (b->answer == NULL) {
		b->answer = answer;
		b->answer_len = strlen(answer);
	}
	if (b->rounds == 0)
		b->rounds = 1;
	assert_int_equal(qt_net_bind("127.0.0.1", 0, 0, &b->fd, NULL), 0);
	fcntl(b->fd, F_SETFL, 0);
	b->port = qt_net_bound_port(b->fd);
	assert_int_equal(pthread_create(&b->thread, NULL, backend_main, b),
	    0);
	*sv = (struct serve){ .conf = QT_NET_CONF_INIT, .arg = b,
	    .setup = setup };
	serve_start(sv);
}

static void
finish(struct serve *sv, struct backend *b)
{
	shutdown(b->fd, SHUT_RDWR);
	pthread_join(b->thread, NULL);
	close(b->fd);
	serve_stop(sv);
	qt_net_proxy_free(sv->arg);
}

#define H " HTTP/1.1\r\nHost: front\r\n"

QT_TEST(heads_are_made_anew_both_ways)
{
	struct serve	sv;
	struct backend	b = { 0 };

	(void)state;
	start(&sv, &b, "HTTP/1.1 200 Fine\r\nContent-Length: 2\r\nX-B: 1\r\n"
	    "Connection: x-hop\r\nX-Hop: 1\r\nKeep-Alive: 5\r\n"
	    "Set-Cookie: qtd=stolen\r\nSet-Cookie: a=b\r\n\r\nok");
	ask(sv.port, "GET /app/x%20y?q=1" H "Cookie: a=1; qtd=secret; b=2\r\n"
	    "X-Forwarded-For: 6.6.6.6\r\nTE: trailers\r\nX-Me: 1\r\n"
	    "Connection: keep-alive, X-Private\r\nX-Private: 1\r\n\r\n", buf,
	    sizeof(buf));
	assert_starts(buf, "HTTP/1.1 200 OK\r\n");
	assert_has(buf, "X-B: 1\r\n");
	assert_has(buf, "Set-Cookie: a=b\r\n");
	assert_has(buf, "\r\n\r\nok");
	assert_has_not(buf, "X-Hop");
	assert_has_not(buf, "stolen");
	assert_has_not(buf, "Content-Security-Policy");
	finish(&sv, &b);
	assert_starts(b.head, "GET /x%20y?q=1 HTTP/1.1\r\nHost: 127.0.0.1:");
	assert_has(b.head, "X-Forwarded-For: 127.0.0.1\r\n");
	assert_has(b.head, "X-Forwarded-Host: front\r\n");
	assert_has(b.head, "Cookie: a=1; b=2\r\n");
	assert_has(b.head, "X-Me: 1\r\n");
	assert_has(b.head, "Connection: close\r\n");
	assert_has_not(b.head, "6.6.6.6");
	assert_has_not(b.head, "secret");
	assert_has_not(b.head, "X-Private");
	assert_has_not(b.head, "TE:");
}

QT_TEST(bodies_that_are_chunked_or_end_by_closing_pass)
{
	struct serve	sv;
	struct backend	b = { 0 }, c = { 0 };

	(void)state;
	start(&sv, &b, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
	    "5;x=y\r\nhello\r\n6\r\n world\r\n0\r\nT: 1\r\n\r\n");
	ask(sv.port, "GET /app/" H "\r\n", buf, sizeof(buf));
	finish(&sv, &b);
	assert_has(buf, "Transfer-Encoding: chunked\r\n");
	assert_has(buf, "hello");
	assert_has(buf, " world");
	start(&sv, &c, "HTTP/1.0 200 OK\r\nContent-Type: text/x\r\n\r\nlast");
	ask(sv.port, "GET /app/" H "\r\n", buf, sizeof(buf));
	finish(&sv, &c);
	assert_has(buf, "Content-Type: text/x\r\n");
	assert_has(buf, "4\r\nlast\r\n0\r\n\r\n");
}

QT_TEST(a_large_body_goes_up_and_a_large_answer_comes_down)
{
	static char	answer[8 << 20], body[3 << 20];
	struct serve	sv;
	struct backend	b = { 0 };
	size_t		head, len;
	char		text[128];
	int		fd;

	(void)state;
	head = (size_t)snprintf(answer, sizeof(answer),
	    "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n",
	    sizeof(answer) - 100);
	memset(answer + head, 'z', sizeof(answer) - 100);
	memset(body, 'b', sizeof(body) - 1);
	b.answer = answer;
	b.answer_len = head + sizeof(answer) - 100;
	b.body_len = sizeof(body) - 1;
	start(&sv, &b, NULL);
	fd = dial(sv.port);
	snprintf(text, sizeof(text), "POST /app/up" H
	    "Content-Length: %zu\r\n\r\n", sizeof(body) - 1);
	say(fd, text);
	say(fd, body);
	len = 0;
	head = hear_one(fd, buf, sizeof(buf), &len, 1);
	close(fd);
	finish(&sv, &b);
	assert_int_equal(b.got, sizeof(body) - 1);
	assert_true(head > sizeof(answer) - 100);
	assert_memory_equal(buf + head - (sizeof(answer) - 100),
	    answer + (b.answer_len - (sizeof(answer) - 100)),
	    sizeof(answer) - 100);
}

QT_TEST(answers_that_make_no_sense_are_502)
{
	static const char *const	bad[] = {
		"rubbish\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n"
		"Transfer-Encoding: chunked\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n"
		"Content-Length: 2\r\n\r\nxx",
		"HTTP/1.1 200 OK\r\nContent-Length: +1\r\n\r\nx",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nx",
		"HTTP/1.1 200 OK\r\nA : b\r\n\r\n",
		"HTTP/1.1 200 OK\nA: b\n\n",
		"HTTP/1.1 101 Switching Protocols\r\n\r\n",
		"",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct serve	sv;
		struct backend	b = { 0 };

		start(&sv, &b, bad[i]);
		ask(sv.port, "GET /app/" H "\r\n", buf, sizeof(buf));
		assert_starts(buf, "HTTP/1.1 502 ");
		finish(&sv, &b);
	}
}

QT_TEST(a_body_cut_short_cuts_the_answer)
{
	struct serve	sv;
	struct backend	b = { 0 };
	size_t		len = 0;
	int		fd;

	(void)state;
	start(&sv, &b, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
	fd = dial(sv.port);
	say(fd, "GET /app/" H "\r\n");
	while (hear_some(fd, buf, sizeof(buf), &len) > 0)
		continue;
	close(fd);
	assert_has(buf, "Content-Length: 10\r\n");
	assert_has(buf, "\r\n\r\nhalf");
	assert_int_equal(counter(&sv.stats.proxy_errors), 1);
	finish(&sv, &b);
}

QT_TEST(a_back_end_that_is_not_there_or_silent_is_502_or_504)
{
	struct serve	sv;
	struct backend	b = { .is_echo = 1 };

	(void)state;
	start(&sv, &b, "HTTP/1.1 100 Continue\r\n\r\n");
	ask(sv.port, "GET /app/" H "\r\n", buf, sizeof(buf));
	assert_starts(buf, "HTTP/1.1 504 ");
	shutdown(b.fd, SHUT_RDWR);
	ask(sv.port, "GET /app/" H "\r\n", buf, sizeof(buf));
	assert_starts(buf, "HTTP/1.1 502 ");
	finish(&sv, &b);
}

#define KEY "dGhlIHNhbXBsZSBub25jZQ=="
#define WS "Upgrade: websocket\r\nConnection: Upgrade\r\n"		\
	"Sec-WebSocket-Key: " KEY "\r\nSec-WebSocket-Version: 13\r\n"
#define SWITCH "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n" \
	"Connection: Upgrade\r\nSec-WebSocket-Accept: "

QT_TEST(a_websocket_is_tunnelled_after_the_right_101)
{
	struct serve	sv;
	struct backend	b = { .is_echo = 1 };
	size_t		len = 0;
	int		fd;

	(void)state;
	start(&sv, &b, SWITCH "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
	    "X-Not-Passed: 1\r\n\r\nfirst");
	fd = dial(sv.port);
	say(fd, "GET /app/ws" H WS "Origin: http://front\r\n\r\nearly");
	while (strstr(buf, "firstearly") == NULL)
		assert_true(hear_some(fd, buf, sizeof(buf), &len) > 0);
	assert_starts(buf, "HTTP/1.1 101 Switching Protocols\r\n");
	assert_has(buf, "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
	    "\r\n");
	assert_has_not(buf, "X-Not-Passed");
	say(fd, "more");
	while (strstr(buf, "firstearlymore") == NULL)
		assert_true(hear_some(fd, buf, sizeof(buf), &len) > 0);
	/* Half-close: what was said before it still comes back. */
	say(fd, "bye");
	shutdown(fd, SHUT_WR);
	while (hear_some(fd, buf, sizeof(buf), &len) > 0)
		continue;
	assert_has(buf, "firstearlymorebye");
	close(fd);
	assert_int_equal(counter(&sv.stats.tunnels), 1);
	finish(&sv, &b);
	assert_has(b.head, "Connection: Upgrade\r\n");
	assert_has(b.head, "Sec-WebSocket-Key: " KEY "\r\n");
}

QT_TEST(a_wrong_accept_value_opens_no_tunnel)
{
	struct serve	sv;
	struct backend	b = { .is_echo = 1 };

	(void)state;
	start(&sv, &b, SWITCH "AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n\r\n");
	ask(sv.port, "GET /app/ws" H WS "\r\n", buf, sizeof(buf));
	assert_starts(buf, "HTTP/1.1 502 ");
	assert_int_equal(counter(&sv.stats.tunnels), 0);
	finish(&sv, &b);
}

struct flood {
	int	fd;
	size_t	total;
};

static void *
flood(void *arg)
{
	struct flood	*f = arg;
	static char	 data[1 << 20];

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (char)(i * 31 >> 3);
	for (size_t at = 0; at < f->total;) {
		size_t	off = at % sizeof(data);
		ssize_t	n = send(f->fd, data + off, sizeof(data) - off,
		    MSG_NOSIGNAL);

		if (n <= 0)
			break;
		at += (size_t)n;
	}
	shutdown(f->fd, SHUT_WR);
	return NULL;
}

/* 64 MiB there and back: it has to arrive whole, and by splice. */
QT_TEST(a_stream_is_spliced_and_arrives_whole)
{
	struct serve	sv;
	struct backend	b = { .is_echo = 1 };
	struct flood	f;
	pthread_t	thread;
	size_t		len = 0, head, at = 0;
	int		fd;

	(void)state;
	start(&sv, &b, SWITCH "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n");
	fd = dial(sv.port);
	say(fd, "GET /app/ws" H WS "\r\n");
	head = hear_one(fd, buf, sizeof(buf), &len, 0);
	assert_int_equal(len, head);
	f = (struct flood){ fd, 64u << 20 };
	assert_int_equal(pthread_create(&thread, NULL, flood, &f), 0);
	for (;;) {
		ssize_t	n;

		len = 0;
		n = hear_some(fd, buf, 1 << 20, &len);
		if (n <= 0)
			break;
		for (size_t i = 0; i < len; i++, at++) {
			if (buf[i] != (char)((at % (1u << 20)) * 31 >> 3))
				fail_msg("wrong byte at %zu", at);
		}
	}
	pthread_join(thread, NULL);
	assert_true(at >= f.total);
	assert_true(counter(&sv.stats.spliced) > 0);
	close(fd);
	finish(&sv, &b);
}
