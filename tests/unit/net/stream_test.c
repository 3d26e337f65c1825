/* SPDX-License-Identifier: Apache-2.0 */
/* Bodies and answers in pieces, stopping, leaving: <qt/net/request.h>. */

#include "serve.h"

#define PIECES	400
#define PIECE	65536

static char			 buf[1 << 20];
static struct qt_net_req	*held;		/* the loop's thread */
static _Atomic uint64_t		 holding, left, paused, drained;

/* Writes PIECES pieces, as fast as the client takes them. */
struct pump {
	int	sent;
};

static void
pump_more(struct qt_net_req *req, void *arg)
{
	static char	data[PIECE];
	struct pump	*p = arg;
	int		 rc = 0;

	while (p->sent < PIECES && rc == 0) {
		memset(data, 'a' + p->sent % 26, sizeof(data));
		p->sent++;
		rc = qt_net_reply_write(req, data, sizeof(data));
		assert_true(rc >= 0);
	}
	if (rc > 0) {
		atomic_fetch_add(&drained, 1);
		return;
	}
	free(p);
	qt_net_reply_end(req);
}

static void
pump(struct qt_net_req *req, void *arg)
{
	struct pump	*p = calloc(1, sizeof(*p));

	(void)arg;
	qt_net_req_defer(req, NULL, NULL);
	qt_net_reply_on_drain(req, pump_more, p);
	assert_int_equal(qt_net_reply_begin(req, 200, "text/plain",
	    (int64_t)PIECES * PIECE), 0);
	pump_more(req, p);
}

/* Counts the body, with a rest in the middle. */
struct count {
	uv_timer_t		 timer;
	struct qt_net_req	*req;
	size_t			 total;
	int			 rested;
};

static void
count_closed(uv_handle_t *h)
{
	free(h->data);
}

static void
go_on(uv_timer_t *t)
{
	qt_net_req_resume(((struct count *)t->data)->req);
}

static void
count_body(struct qt_net_req *req, const void *p, size_t len, void *arg)
{
	struct count	*c = arg;

	(void)p;
	c->total += len;
	if (len == 0) {
		qt_net_reply_text(req, 200, "%zu bytes", c->total);
		uv_close((uv_handle_t *)&c->timer, count_closed);
	} else if (c->total > 100000 && !c->rested) {
		c->rested = 1;
		qt_net_req_pause(req);
		atomic_fetch_add(&paused, 1);
		uv_timer_start(&c->timer, go_on, 20, 0);
	}
}

static void
count(struct qt_net_req *req, void *arg)
{
	struct count	*c = calloc(1, sizeof(*c));

	(void)arg;
	c->req = req;
	c->timer.data = c;
	uv_timer_init(qt_net_server_loop(qt_net_req_server(req)), &c->timer);
	qt_net_req_defer(req, NULL, NULL);
	qt_net_req_on_body(req, count_body, c);
}

static void
gone(void *arg)
{
	(void)arg;
	held = NULL;
	atomic_fetch_add(&left, 1);
}

static void
hold(struct qt_net_req *req, void *arg)
{
	(void)arg;
	held = req;
	qt_net_req_defer(req, gone, NULL);
	atomic_fetch_add(&holding, 1);
}

/* Streams for ever to somebody who has left. */
static void
spout(struct qt_net_req *req, void *arg)
{
	static char	data[PIECE];

	(void)arg;
	qt_net_req_defer(req, gone, NULL);
	assert_int_equal(qt_net_reply_begin(req, 200, NULL, -1), 0);
	while (qt_net_reply_write(req, data, sizeof(data)) >= 0)
		continue;
}

static void
setup(struct serve *sv)
{
	unsigned int	get = QT_NET_METHOD(GET), post = QT_NET_METHOD(POST);

	atomic_store(&holding, 0);
	atomic_store(&left, 0);
	serve_route(sv, "/pump", get, 0, 0, pump, NULL);
	serve_route(sv, "/count", post, QT_NET_STREAM, 4 << 20, count, NULL);
	serve_route(sv, "/hold", get, 0, 0, hold, NULL);
	serve_route(sv, "/spout", get, 0, 0, spout, NULL);
}

#define SERVE(sv)							\
	struct serve sv = { .conf = QT_NET_CONF_INIT, .setup = setup };	\
	serve_start(&sv)
#define H " HTTP/1.1\r\nHost: a\r\n"

QT_TEST(a_stream_waits_for_its_reader_and_arrives_whole)
{
	size_t	len = 0, head, at = 0;
	ssize_t	n;
	int	fd;

	SERVE(sv);
	(void)state;
	fd = dial(sv.port);
	say(fd, "GET /pump" H "Connection: close\r\n\r\n");
	await_counter(&drained, 1);	/* it filled up before we read */
	head = hear_one(fd, buf, sizeof(buf), &len, 0);
	for (size_t i = head; i < len; i++, at++)
		assert_int_equal(buf[i], 'a' + (int)(at / PIECE % 26));
	for (;;) {
		len = 0;
		n = hear_some(fd, buf, sizeof(buf), &len);
		if (n <= 0)
			break;
		for (size_t i = 0; i < len; i++, at++) {
			if (buf[i] != 'a' + (int)(at / PIECE % 26))
				fail_msg("wrong byte at %zu", at);
		}
	}
	assert_int_equal(at, (size_t)PIECES * PIECE);
	close(fd);
	serve_stop(&sv);
}

QT_TEST(a_streamed_body_can_be_paused)
{
	static char	body[3 << 20];
	char		text[128];
	int		fd;

	SERVE(sv);
	(void)state;
	memset(body, 'x', sizeof(body) - 1);
	fd = dial(sv.port);
	snprintf(text, sizeof(text), "POST /count" H "Connection: close\r\n"
	    "Content-Length: %zu\r\n\r\n", sizeof(body) - 1);
	say(fd, text);
	say(fd, body);
	hear_all(fd, buf, sizeof(buf));
	snprintf(text, sizeof(text), "\r\n\r\n%zu bytes\n", sizeof(body) - 1);
	assert_has(buf, text);
	assert_int_equal(counter(&paused), 1);
	close(fd);
	serve_stop(&sv);
}

QT_TEST(a_writer_without_a_reader_is_cut_at_the_bound)
{
	int	fd;

	SERVE(sv);
	(void)state;
	fd = dial(sv.port);
	say(fd, "GET /spout" H "\r\n");
	await_counter(&left, 1);
	close(fd);
	serve_stop(&sv);
}

QT_TEST(freeing_a_server_tells_who_still_waits)
{
	int	fd;

	SERVE(sv);
	(void)state;
	fd = dial(sv.port);
	say(fd, "GET /hold" H "\r\n");
	await_counter(&holding, 1);
	serve_stop(&sv);
	assert_int_equal(counter(&left), 1);
	close(fd);
}

struct stopper {
	uv_async_t	 async;
	struct serve	*sv;
};

static void
on_stopper(uv_async_t *async)
{
	struct stopper	*s = async->data;

	qt_net_server_stop(s->sv->server);
	if (held != NULL)
		qt_net_reply(held, 200, "text/plain", "last\n", 5);
	uv_close((uv_handle_t *)async, NULL);
}

static struct stopper	stopper;

static void
setup_stop(struct serve *sv)
{
	setup(sv);
	stopper.sv = sv;
	uv_async_init(&sv->loop, &stopper.async, on_stopper);
	stopper.async.data = &stopper;
}

QT_TEST(a_stopping_server_finishes_what_it_has)
{
	struct serve		sv = { .conf = QT_NET_CONF_INIT,
	    .setup = setup_stop };
	struct sockaddr_in	in = { .sin_family = AF_INET,
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int			busy, idle, fd;

	(void)state;
	serve_start(&sv);
	idle = dial(sv.port);
	busy = dial(sv.port);
	say(busy, "GET /hold" H "\r\n");
	await_counter(&holding, 1);
	uv_async_send(&stopper.async);
	hear_all(busy, buf, sizeof(buf));
	assert_starts(buf, "HTTP/1.1 200 ");
	assert_has(buf, "Connection: close\r\n");
	assert_has(buf, "last\n");
	assert_int_equal(hear_all(idle, buf, sizeof(buf)), 0);
	fd = socket(AF_INET, SOCK_STREAM, 0);
	in.sin_port = htons((uint16_t)sv.port);
	assert_int_equal(connect(fd, (struct sockaddr *)&in, sizeof(in)), -1);
	close(fd);
	close(busy);
	close(idle);
	serve_stop(&sv);
}
