/* SPDX-License-Identifier: Apache-2.0 */
/* Limits of <qt/net/server.h>: each is met, answered and counted. */

#include <qt/base/sys.h>

#include "../../../libcommon/net/limit_priv.h"
#include "serve.h"

static char	buf[1 << 20];

static void
hello(struct qt_net_req *req, void *arg)
{
	(void)arg;
	qt_net_reply(req, 200, "text/plain", "hello\n", 6);
}

static void
fat(struct qt_net_req *req, void *arg)
{
	static char	data[8 << 20];

	(void)arg;
	qt_net_reply(req, 200, "text/plain", data, sizeof(data));
}

static void
setup(struct serve *sv)
{
	unsigned int	any = QT_NET_METHOD(GET) | QT_NET_METHOD(POST);

	serve_route(sv, "/", any, 0, 100000, hello, NULL);
	serve_route(sv, "/fat", any, 0, 0, fat, NULL);
}

static void
start(struct serve *sv)
{
	sv->conf.limit_local = 1;
	sv->setup = setup;
	serve_start(sv);
}

#define H " HTTP/1.1\r\nHost: a\r\n"
#define REJECTS(sv, name) counter(&(sv).stats.rejects[QT_NET_REJECT_##name])

static void
conf_default(struct serve *sv)
{
	*sv = (struct serve){ .conf = QT_NET_CONF_INIT };
}

QT_TEST(a_dripping_head_is_cut_at_its_deadline)
{
	struct serve	sv;
	struct timespec	nap = { 0, 10000000 };
	size_t		len = 0;
	int		fd;

	(void)state;
	conf_default(&sv);
	sv.conf.head_timeout_ms = 150;
	start(&sv);
	fd = dial(sv.port);
	say(fd, "GET / HTTP/1.1\r\nHost: a\r\nX: ");
	/* Drips on: the deadline is absolute, so it makes no difference. */
	for (int i = 0; i < 500; i++) {
		if (send(fd, "x", 1, MSG_NOSIGNAL) < 0 ||
		    REJECTS(sv, head_timeout) > 0)
			break;
		nanosleep(&nap, NULL);
	}
	hear_some(fd, buf, sizeof(buf), &len);
	assert_starts(buf, "HTTP/1.1 408 ");
	assert_int_equal(REJECTS(sv, head_timeout), 1);
	close(fd);
	/* Nothing at all is cut as well, without an answer. */
	fd = dial(sv.port);
	assert_int_equal(hear_all(fd, buf, sizeof(buf)), 0);
	assert_int_equal(REJECTS(sv, head_timeout), 2);
	close(fd);
	serve_stop(&sv);
}

QT_TEST(an_idle_connection_is_closed)
{
	struct serve	sv;
	size_t		len = 0;
	int		fd;

	(void)state;
	conf_default(&sv);
	sv.conf.idle_timeout_ms = 100;
	start(&sv);
	fd = dial(sv.port);
	say(fd, "GET /" H "\r\n");
	hear_one(fd, buf, sizeof(buf), &len, 1);
	len = 0;
	assert_int_equal(hear_some(fd, buf, sizeof(buf), &len), 0);
	assert_int_equal(REJECTS(sv, idle_timeout), 1);
	close(fd);
	serve_stop(&sv);
}

QT_TEST(a_second_request_that_drips_is_cut_too)
{
	struct serve	sv;
	size_t		len = 0;
	int		fd;

	(void)state;
	conf_default(&sv);
	sv.conf.head_timeout_ms = 100;
	start(&sv);
	fd = dial(sv.port);
	say(fd, "GET /" H "\r\n");
	hear_one(fd, buf, sizeof(buf), &len, 1);
	say(fd, "GET /");
	len = hear_all(fd, buf, sizeof(buf));
	assert_starts(buf, "HTTP/1.1 408 ");
	close(fd);
	serve_stop(&sv);
}

QT_TEST(a_body_below_the_least_rate_is_cut)
{
	struct serve	sv;
	int		fd;

	(void)state;
	conf_default(&sv);
	/* 5 s of grace: the rate is what makes this test wait, once. */
	sv.conf.body_rate_min = 1000000;
	start(&sv);
	fd = dial(sv.port);
	say(fd, "POST /" H "Content-Length: 90000\r\n\r\nabc");
	hear_all(fd, buf, sizeof(buf));
	assert_starts(buf, "HTTP/1.1 408 ");
	assert_int_equal(REJECTS(sv, body_slow), 1);
	close(fd);
	serve_stop(&sv);
}

QT_TEST(a_reader_that_takes_nothing_is_cut)
{
	struct serve	sv;
	int		fd, small = 4096;

	(void)state;
	conf_default(&sv);
	sv.conf.write_timeout_ms = 150;
	sv.conf.body_rate_min = 1 << 30;
	start(&sv);
	fd = dial(sv.port);
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	say(fd, "GET /fat" H "\r\n");
	await_counter(&sv.stats.rejects[QT_NET_REJECT_write_slow], 1);
	close(fd);
	serve_stop(&sv);
}

QT_TEST(an_address_may_have_only_so_many_connections)
{
	struct serve	sv;
	int		fds[5];
	size_t		len = 0;

	(void)state;
	conf_default(&sv);
	sv.conf.addr_conns_max = 3;
	start(&sv);
	for (int i = 0; i < 3; i++) {
		fds[i] = dial(sv.port);
		say(fds[i], "GET /" H "\r\n");
		len = 0;
		hear_one(fds[i], buf, sizeof(buf), &len, 1);
	}
	fds[3] = dial(sv.port);
	hear_all(fds[3], buf, sizeof(buf));
	assert_starts(buf, "HTTP/1.1 503 ");
	assert_int_equal(REJECTS(sv, addr_conns_max), 1);
	close(fds[3]);
	/* One leaves, one may come. */
	close(fds[0]);
	await_between(&sv.stats.conns, 0, 2);
	ask(sv.port, "GET /" H "\r\n", buf, sizeof(buf));
	assert_starts(buf, "HTTP/1.1 200 ");
	close(fds[1]);
	close(fds[2]);
	serve_stop(&sv);
}

QT_TEST(an_address_that_connects_too_fast_waits)
{
	struct serve	sv;

	(void)state;
	conf_default(&sv);
	sv.conf.accept_rate = 1;
	sv.conf.accept_burst = 5;
	start(&sv);
	for (int i = 0; i < 5; i++) {
		ask(sv.port, "GET /" H "Connection: close\r\n\r\n", buf,
		    sizeof(buf));
		assert_starts(buf, "HTTP/1.1 200 ");
	}
	for (int i = 0; i < 20 && REJECTS(sv, accept_rate) == 0; i++)
		close(dial(sv.port));
	await_counter(&sv.stats.rejects[QT_NET_REJECT_accept_rate], 1);
	serve_stop(&sv);
}

QT_TEST(all_connections_together_are_bounded)
{
	struct serve	sv;
	int		a, b;
	size_t		len = 0;

	(void)state;
	conf_default(&sv);
	sv.conf.conns_max = 1;
	start(&sv);
	a = dial(sv.port);
	say(a, "GET /" H "\r\n");
	hear_one(a, buf, sizeof(buf), &len, 1);
	b = dial(sv.port);
	hear_all(b, buf, sizeof(buf));
	assert_starts(buf, "HTTP/1.1 503 ");
	assert_int_equal(REJECTS(sv, conns_max), 1);
	close(a);
	close(b);
	serve_stop(&sv);
}

/* accept(2) says EMFILE once: the spare is used, the server goes on. */
QT_TEST(running_out_of_descriptors_is_survived)
{
	struct serve	sv;

	(void)state;
	conf_default(&sv);
	start(&sv);
	qt_sys_fault(QT_SYS_ACCEPT, 1, EMFILE);
	close(dial(sv.port));
	await_counter(&sv.stats.rejects[QT_NET_REJECT_emfile], 1);
	qt_sys_fault(QT_SYS_ACCEPT, 0, 0);
	ask(sv.port, "GET /" H "\r\n", buf, sizeof(buf));
	assert_starts(buf, "HTTP/1.1 200 ");
	serve_stop(&sv);
}

QT_TEST(smuggled_requests_are_never_answered)
{
	static const char *const	cases[] = {
		"POST /" H "Content-Length: 6\r\nTransfer-Encoding: chunked"
		    "\r\n\r\n0\r\n\r\nGET /fat" H "\r\n",
		"POST /" H "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
		    "GET /fat" H "\r\n",
		"POST /" H "Content-Length: 0\r\nContent-Length: 30\r\n\r\n"
		    "GET /fat" H "\r\n",
		"GET /" H "Content-Length : 30\r\n\r\nGET /fat" H "\r\n",
		"GET / HTTP/1.1\r\nHost: a\r\n X: y\r\n\r\nGET /fat" H "\r\n",
		"GET / HTTP/1.1\nHost: a\n\nGET /fat" H "\r\n",
	};
	struct serve	sv;

	(void)state;
	conf_default(&sv);
	start(&sv);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		ask(sv.port, cases[i], buf, sizeof(buf));
		assert_starts(buf, i < 2 ? "HTTP/1.1 501 " : "HTTP/1.1 400 ");
		assert_has(buf, "Connection: close\r\n");
		if (strstr(buf + 9, "HTTP/1.1") != NULL)
			fail_msg("case %zu got a second answer", i);
	}
	assert_int_equal(counter(&sv.stats.requests),
	    sizeof(cases) / sizeof(cases[0]));
	serve_stop(&sv);
}

QT_TEST(the_bucket_refills_and_a_v6_64_is_one_address)
{
	struct qt__limit	*l;
	struct qt_net_addr	 a = { .family = 6 }, b = { .family = 6 },
	    c = { .family = 6 };

	(void)state;
	a.b[0] = b.b[0] = c.b[0] = 0x20;
	b.b[15] = 9;		/* the same /64 */
	c.b[7] = 9;		/* another */
	assert_int_equal(qt__net_limit_new(2, 3, 4, &l), 0);
	assert_int_equal(qt__net_limit_open(l, &a, 1000), 0);
	assert_int_equal(qt__net_limit_open(l, &b, 1000), 0);
	assert_int_equal(qt__net_limit_open(l, &a, 1000), 0);
	assert_int_equal(qt__net_limit_open(l, &b, 1000), -EAGAIN);
	assert_int_equal(qt__net_limit_open(l, &c, 1000), 0);
	assert_int_equal(qt__net_limit_open(l, &b, 1499), -EAGAIN);
	assert_int_equal(qt__net_limit_open(l, &b, 1500), 0);
	assert_int_equal(qt__net_limit_open(l, &b, 9999), -EMFILE);
	qt__net_limit_close(l, &a);
	assert_int_equal(qt__net_limit_open(l, &b, 9999), 0);
	qt__net_limit_free(l);
}

QT_TEST(counters_are_prometheus_text)
{
	struct qt_net_stats	stats = { 0 }, sum = { 0 };
	struct qt_buf		out = QT_BUF_INIT;

	(void)state;
	qt_net_count(&stats.requests, 41);
	qt_net_count(&stats.rejects[QT_NET_REJECT_fold], 2);
	qt_net_stats_sum(&sum, &stats);
	qt_net_stats_sum(&sum, &stats);
	assert_int_equal(qt_net_stats_text(&sum, "qtd", "worker=\"0\"", 1,
	    &out), 0);
	assert_has(out.data, "# TYPE qtd_requests counter\n");
	assert_has(out.data, "# TYPE qtd_conns gauge\n");
	assert_has(out.data, "qtd_requests{worker=\"0\"} 82\n");
	assert_has(out.data,
	    "qtd_rejects{worker=\"0\",reason=\"fold\"} 4\n");
	qt_buf_clear(&out);
}
