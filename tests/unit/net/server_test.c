/* SPDX-License-Identifier: Apache-2.0 */
/* <qt/net/server.h>, request.h: a real server, asked by raw sockets. */

#include <qt/base/json.h>

#include "serve.h"

static char	buf[1 << 20];

static void
hello(struct qt_net_req *req, void *arg)
{
	(void)arg;
	qt_net_reply(req, 200, "text/plain", "hello\n", 6);
}

static void
echo(struct qt_net_req *req, void *arg)
{
	struct qt_net_str	body = qt_net_req_body(req);

	(void)arg;
	qt_net_reply(req, 200, "text/plain", body.p, body.len);
}

static void
silent(struct qt_net_req *req, void *arg)
{
	(void)req;
	(void)arg;
}

static void
show(struct qt_net_req *req, void *arg)
{
	struct qt_net_str	path = qt_net_req_path(req);
	struct qt_net_str	rest = qt_net_req_rest(req);

	(void)arg;
	qt_net_reply_text(req, 200, "path=%.*s rest=%.*s", (int)path.len,
	    path.p, (int)rest.len, rest.p);
}

/* Sends "piece N\n" ten times, then ends. */
static void
pieces(struct qt_net_req *req, void *arg)
{
	char	text[32];

	(void)arg;
	qt_net_req_defer(req, NULL, NULL);
	assert_int_equal(qt_net_reply_begin(req, 200, "text/plain", -1), 0);
	for (int i = 0; i < 10; i++) {
		snprintf(text, sizeof(text), "piece %d\n", i);
		qt_net_reply_write(req, text, strlen(text));
	}
	qt_net_reply_end(req);
}

static void
json(struct qt_net_req *req, void *arg)
{
	struct qt_buf	out = QT_BUF_INIT;
	struct qt_json	j = QT_JSON_INIT(&out);

	(void)arg;
	qt_json_object(&j, NULL);
	qt_json_int(&j, "n", 42);
	qt_json_end(&j);
	qt_net_reply_json(req, 200, &out);
}

struct later {
	uv_timer_t		 timer;
	struct qt_net_req	*req;
};

static void
later_closed(uv_handle_t *h)
{
	free(h->data);
}

static void
later_fire(uv_timer_t *t)
{
	struct later	*l = t->data;

	if (l->req != NULL)
		qt_net_reply(l->req, 200, "text/plain", "late\n", 5);
	uv_close((uv_handle_t *)t, later_closed);
}

static void
later_gone(void *arg)
{
	((struct later *)arg)->req = NULL;
}

static void
later(struct qt_net_req *req, void *arg)
{
	struct later	*l = calloc(1, sizeof(*l));

	(void)arg;
	l->req = req;
	l->timer.data = l;
	uv_timer_init(qt_net_server_loop(qt_net_req_server(req)), &l->timer);
	uv_timer_start(&l->timer, later_fire, 30, 0);
	qt_net_req_defer(req, later_gone, l);
}

/* Takes the WebSocket, sends the head and the rest it got, and closes. */
static void
take(struct qt_net_req *req, void *arg)
{
	struct qt_net_upgrade	up;

	(void)arg;
	assert_int_equal(qt_net_req_take(req, &up), 0);
	assert_int_equal(send(up.fd, up.head.p, up.head.len, 0),
	    (ssize_t)up.head.len);
	if (up.rest.len > 0)
		assert_int_equal(send(up.fd, up.rest.p, up.rest.len, 0),
		    (ssize_t)up.rest.len);
	close(up.fd);
}

static int
authorize(struct qt_net_req *req, void *arg)
{
	struct qt_net_str	cookie;

	(void)arg;
	if (!qt_net_req_cookie(req, "who", &cookie))
		return -1;
	qt_net_req_set_user(req, "ann", 1, 7);
	return 0;
}

static void
who(struct qt_net_req *req, void *arg)
{
	char	addr[QT_NET_ADDR_TEXT_SIZE];

	(void)arg;
	qt_net_addr_text(qt_net_req_addr(req), addr);
	qt_net_reply_text(req, 200, "%s secure=%d", addr,
	    qt_net_req_is_secure(req));
}

static void
setup(struct serve *sv)
{
	unsigned int	get = QT_NET_METHOD(GET), post = QT_NET_METHOD(POST);

	serve_route(sv, "/hello", get, 0, 0, hello, NULL);
	serve_route(sv, "/echo", post, 0, 1 << 19, echo, NULL);
	serve_route(sv, "/silent", get, 0, 0, silent, NULL);
	serve_route(sv, "/show/*", get, 0, 0, show, NULL);
	serve_route(sv, "/pieces", get, 0, 0, pieces, NULL);
	serve_route(sv, "/json", get, 0, 0, json, NULL);
	serve_route(sv, "/later", get | post, 0, 100, later, NULL);
	serve_route(sv, "/ws", get, QT_NET_WS, 0, take, NULL);
	serve_route(sv, "/who", get, 0, 0, who, NULL);
	serve_route(sv, "/secret", get, QT_NET_AUTH, 0, hello, NULL);
}

static void
start(struct serve *sv)
{
	sv->setup = setup;
	sv->conf.authorize = authorize;
	serve_start(sv);
}

#define SERVE(sv) struct serve sv = { .conf = QT_NET_CONF_INIT }; start(&sv)
#define H " HTTP/1.1\r\nHost: a\r\n"

QT_TEST(a_handler_answers_and_the_connection_stays_open)
{
	char	small[4096];
	size_t	len = 0, one;
	int	fd;

	SERVE(sv);
	(void)state;
	fd = dial(sv.port);
	for (int i = 0; i < 3; i++) {
		say(fd, "GET /hello" H "\r\n");
		len = 0;
		one = hear_one(fd, small, sizeof(small), &len, 1);
		assert_int_equal(one, len);
		assert_starts(small, "HTTP/1.1 200 OK\r\nDate: ");
		assert_has(small, "X-Content-Type-Options: nosniff\r\n");
		assert_has(small, "Content-Security-Policy: ");
		assert_has(small, "\r\n\r\nhello\n");
	}
	close(fd);
	assert_int_equal(counter(&sv.stats.requests), 3);
	assert_int_equal(counter(&sv.stats.accepted), 1);
	serve_stop(&sv);
}

QT_TEST(a_pipeline_is_answered_in_order)
{
	size_t	len = 0, one;
	int	fd;

	SERVE(sv);
	(void)state;
	fd = dial(sv.port);
	say(fd, "GET /show/1" H "\r\nGET /later" H "\r\n"
	    "POST /echo" H "Content-Length: 3\r\n\r\nabcGET /show/2" H "\r\n");
	for (int i = 0; i < 4; i++) {
		one = hear_one(fd, buf, sizeof(buf), &len, 1);
		buf[one - 1] = '\0';
		assert_has(buf, i == 0 ? "rest=1" : i == 1 ? "late" :
		    i == 2 ? "ab" : "rest=2");
		memmove(buf, buf + one, len - one);
		len -= one;
	}
	assert_int_equal(len, 0);
	close(fd);
	serve_stop(&sv);
}

QT_TEST(head_has_the_length_and_no_body)
{
	SERVE(sv);
	(void)state;
	ask(sv.port, "HEAD /hello" H "\r\n", buf, sizeof(buf));
	assert_starts(buf, "HTTP/1.1 200 OK\r\n");
	assert_has(buf, "Content-Length: 6\r\n");
	assert_has_not(buf, "hello");
	serve_stop(&sv);
}

QT_TEST(wrong_paths_and_methods_are_404_and_405_with_allow)
{
	SERVE(sv);
	(void)state;
	ask(sv.port, "GET /none" H "\r\n", buf, sizeof(buf));
	assert_starts(buf, "HTTP/1.1 404 ");
	ask(sv.port, "DELETE /later" H "\r\n", buf, sizeof(buf));
	assert_starts(buf, "HTTP/1.1 405 ");
	assert_has(buf, "Allow: OPTIONS, GET, HEAD, POST\r\n");
	ask(sv.port, "OPTIONS /echo" H "\r\n", buf, sizeof(buf));
	assert_starts(buf, "HTTP/1.1 204 ");
	assert_has_not(buf, "Content-Length");
	ask(sv.port, "OPTIONS *" H "\r\n", buf, sizeof(buf));
	assert_starts(buf, "HTTP/1.1 204 ");
	ask(sv.port, "GET /silent" H "\r\n", buf, sizeof(buf));
	assert_starts(buf, "HTTP/1.1 500 ");
	assert_int_equal(counter(&sv.stats.rejects[QT_NET_REJECT_handler]), 1);
	serve_stop(&sv);
}

QT_TEST(paths_are_decoded_once_and_never_climb)
{
	static const char *const	bad[] = { "/../x", "/show/../hello",
	    "/show/%2e%2e/hello", "/%", "/%zz", "/a%00b", "/a%2fb", "/a%5cb",
	    "/show/..", "/./hello" };
	char				req[128];

	SERVE(sv);
	(void)state;
	ask(sv.port, "GET /show/a%20b%2541//c" H "\r\n", buf, sizeof(buf));
	assert_has(buf, "path=/show/a b%41/c rest=a b%41/c");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		snprintf(req, sizeof(req), "GET %s" H "\r\n", bad[i]);
		ask(sv.port, req, buf, sizeof(buf));
		assert_starts(buf, "HTTP/1.1 400 ");
	}
	assert_int_equal(counter(&sv.stats.rejects[QT_NET_REJECT_path]),
	    sizeof(bad) / sizeof(bad[0]));
	serve_stop(&sv);
}

QT_TEST(a_body_is_collected_up_to_its_limit)
{
	static char	big[300000];
	char		head[128];
	size_t		len = 0, one;
	int		fd;

	SERVE(sv);
	(void)state;
	memset(big, 'x', sizeof(big) - 1);
	fd = dial(sv.port);
	snprintf(head, sizeof(head), "POST /echo" H
	    "Content-Length: %zu\r\n\r\n", sizeof(big) - 1);
	say(fd, head);
	say(fd, big);
	one = hear_one(fd, buf, sizeof(buf), &len, 1);
	assert_memory_equal(buf + one - (sizeof(big) - 1), big,
	    sizeof(big) - 1);
	close(fd);
	ask(sv.port, "POST /echo" H "Content-Length: 600000\r\n\r\nxx", buf,
	    sizeof(buf));
	assert_starts(buf, "HTTP/1.1 413 ");
	assert_has(buf, "Connection: close\r\n");
	ask(sv.port, "GET /hello" H "Content-Length: 1\r\n\r\nx", buf,
	    sizeof(buf));
	assert_starts(buf, "HTTP/1.1 413 ");
	serve_stop(&sv);
}

QT_TEST(expect_100_is_answered_before_the_body)
{
	size_t	len = 0, one;
	int	fd;

	SERVE(sv);
	(void)state;
	fd = dial(sv.port);
	say(fd, "POST /echo" H "Content-Length: 2\r\n"
	    "Expect: 100-continue\r\n\r\n");
	one = hear_one(fd, buf, sizeof(buf), &len, 1);
	assert_int_equal(one, len);
	assert_string_equal(buf, "HTTP/1.1 100 Continue\r\n\r\n");
	say(fd, "ok");
	len = 0;
	hear_one(fd, buf, sizeof(buf), &len, 1);
	assert_has(buf, "\r\n\r\nok");
	close(fd);
	ask(sv.port, "POST /echo" H "Content-Length: 2\r\nExpect: tea\r\n\r\n",
	    buf, sizeof(buf));
	assert_starts(buf, "HTTP/1.1 417 ");
	serve_stop(&sv);
}

QT_TEST(streams_are_chunked_for_1_1_and_end_by_closing_for_1_0)
{
	size_t	len;

	SERVE(sv);
	(void)state;
	ask(sv.port, "GET /pieces" H "\r\n", buf, sizeof(buf));
	assert_has(buf, "Transfer-Encoding: chunked\r\n");
	assert_has(buf, "\r\n\r\n8\r\npiece 0\n\r\n8\r\npiece 1\n\r\n");
	len = strlen(buf);
	assert_string_equal(buf + len - 5, "0\r\n\r\n");
	ask(sv.port, "GET /pieces HTTP/1.0\r\n\r\n", buf, sizeof(buf));
	assert_has(buf, "\r\n\r\npiece 0\npiece 1\n");
	assert_has_not(buf, "chunked");
	assert_has(buf, "Connection: close\r\n");
	serve_stop(&sv);
}

QT_TEST(json_is_not_to_be_stored)
{
	SERVE(sv);
	(void)state;
	ask(sv.port, "GET /json" H "\r\n", buf, sizeof(buf));
	assert_has(buf, "Content-Type: application/json\r\n");
	assert_has(buf, "Cache-Control: no-store\r\n");
	assert_has(buf, "\r\n\r\n{\"n\":42}");
	serve_stop(&sv);
}

QT_TEST(a_client_that_leaves_early_is_told_to_the_handler)
{
	struct linger	hard = { 1, 0 };
	int		fd;

	SERVE(sv);
	(void)state;
	fd = dial(sv.port);
	say(fd, "GET /later" H "\r\n");
	await_counter(&sv.stats.requests, 1);
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
	close(fd);
	/* A half-closed client still gets its late answer. */
	ask(sv.port, "GET /later" H "\r\n", buf, sizeof(buf));
	assert_has(buf, "late\n");
	serve_stop(&sv);
}

#define WS "Upgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n"	\
	"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"		\
	"Sec-WebSocket-Version: 13\r\n"

QT_TEST(an_upgrade_is_handed_over_with_a_canonical_head)
{
	SERVE(sv);
	(void)state;
	ask(sv.port, "GET /ws?x=1" H WS "Cookie: secret=1\r\nX-Odd: 1\r\n"
	    "Sec-WebSocket-Protocol: tty\r\n"
	    "Sec-WebSocket-Extensions: permessage-deflate\r\n"
	    "Origin: http://a\r\n\r\nFRAME", buf, sizeof(buf));
	assert_string_equal(buf, "GET /ws?x=1 HTTP/1.1\r\nHost: a\r\n"
	    "Upgrade: websocket\r\nConnection: Upgrade\r\n"
	    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
	    "Sec-WebSocket-Version: 13\r\nOrigin: http://a\r\n"
	    "Sec-WebSocket-Protocol: tty\r\n\r\nFRAME");
	assert_int_equal(counter(&sv.stats.upgrades), 1);
	serve_stop(&sv);
}

QT_TEST(upgrades_that_are_not_right_are_refused)
{
	static const struct {
		const char	*status, *request;
	} cases[] = {
		{ "426", "GET /ws" H "\r\n" },
		{ "426", "GET /ws" H "Upgrade: h2c\r\nConnection: Upgrade, "
		    "HTTP2-Settings\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n" },
		{ "426", "GET /ws" H "Upgrade: websocket\r\nConnection: upgrade"
		    "\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
		    "Sec-WebSocket-Version: 7\r\n\r\n" },
		{ "400", "GET /ws" H "Upgrade: websocket\r\nConnection: upgrade"
		    "\r\nSec-WebSocket-Key: short\r\n"
		    "Sec-WebSocket-Version: 13\r\n\r\n" },
		{ "400", "GET /ws" H WS "Upgrade: websocket\r\n\r\n" },
		{ "403", "GET /ws" H WS "Origin: http://evil\r\n\r\n" },
		{ "403", "GET /ws" H WS "Origin: https://a\r\n\r\n" },
		{ "403", "GET /ws" H WS "Origin: null\r\n\r\n" },
		{ "413", "GET /ws" H WS "Content-Length: 4\r\n\r\nabcd" },
		{ "405", "POST /ws" H WS "\r\n" },
		{ "426", "GET /ws HTTP/1.0\r\nHost: a\r\n" WS "\r\n" },
	};

	SERVE(sv);
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		ask(sv.port, cases[i].request, buf, sizeof(buf));
		if (strncmp(buf + 9, cases[i].status, 3) != 0)
			fail_msg("case %zu: '%.40s'", i, buf);
	}
	assert_int_equal(counter(&sv.stats.upgrades), 0);
	serve_stop(&sv);
}

QT_TEST(authorize_decides_before_the_handler)
{
	SERVE(sv);
	(void)state;
	ask(sv.port, "GET /secret" H "\r\n", buf, sizeof(buf));
	assert_starts(buf, "HTTP/1.1 403 ");
	ask(sv.port, "GET /secret" H "Cookie: a=b; who=ann\r\n\r\n", buf,
	    sizeof(buf));
	assert_starts(buf, "HTTP/1.1 200 ");
	ask(sv.port, "GET /secret" H "Cookie: who=ann; who=bob\r\n\r\n", buf,
	    sizeof(buf));
	assert_starts(buf, "HTTP/1.1 403 ");
	serve_stop(&sv);
}

QT_TEST(posts_from_other_pages_are_refused)
{
	SERVE(sv);
	(void)state;
	ask(sv.port, "POST /echo" H "Origin: http://a\r\n"
	    "Content-Length: 2\r\n\r\nok", buf, sizeof(buf));
	assert_starts(buf, "HTTP/1.1 200 ");
	ask(sv.port, "POST /echo" H "Origin: http://a:81\r\n"
	    "Content-Length: 2\r\n\r\nok", buf, sizeof(buf));
	assert_starts(buf, "HTTP/1.1 403 ");
	ask(sv.port, "POST /echo" H "Referer: http://b/x\r\n"
	    "Content-Length: 2\r\n\r\nok", buf, sizeof(buf));
	assert_starts(buf, "HTTP/1.1 403 ");
	ask(sv.port, "POST /echo" H "Sec-Fetch-Site: cross-site\r\n"
	    "Content-Length: 2\r\n\r\nok", buf, sizeof(buf));
	assert_starts(buf, "HTTP/1.1 403 ");
	assert_int_equal(counter(&sv.stats.rejects[QT_NET_REJECT_origin]), 3);
	serve_stop(&sv);
}

QT_TEST(a_proxy_in_front_is_believed_only_when_told_to)
{
	static const char	text[] = "GET /who" H "X-Forwarded-For: "
	    "6.6.6.6, 192.0.2.9\r\nX-Forwarded-Proto: https\r\n\r\n";
	struct serve		told = { .conf = QT_NET_CONF_INIT };

	SERVE(sv);
	(void)state;
	ask(sv.port, text, buf, sizeof(buf));
	assert_has(buf, "127.0.0.1 secure=0");
	serve_stop(&sv);
	told.conf.trust_forwarded = 1;
	start(&told);
	ask(told.port, text, buf, sizeof(buf));
	assert_has(buf, "192.0.2.9 secure=1");
	ask(told.port, "GET /who" H "X-Forwarded-For: x\r\n\r\n", buf,
	    sizeof(buf));
	assert_has(buf, "127.0.0.1 secure=0");
	serve_stop(&told);
}
