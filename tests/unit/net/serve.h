/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_TEST_NET_SERVE_H
#define QT_TEST_NET_SERVE_H

/*
 * A real server on a loopback port, in a thread of its own, and raw sockets
 * to talk to it. Every wait has a deadline of 20 seconds.
 */

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>

#include <qt/net/request.h>
#include <qt/net/server.h>

#include "../test.h"

#define WAIT_MS 20000

struct serve {
	struct qt_net_conf	 conf;
	void			(*setup)(struct serve *sv);	/* in the thread */
	void			(*teardown)(struct serve *sv);
	void			*arg;
	struct qt_net_server	*server;
	struct qt_net_stats	 stats;
	uv_loop_t		 loop;
	uv_async_t		 stop;
	pthread_t		 thread;
	sem_t			 ready;
	unsigned int		 port;
	int			 is_done;
};

static inline void
serve_done(void *arg)
{
	((struct serve *)arg)->is_done = 1;
}

static inline void
serve_on_stop(uv_async_t *async)
{
	struct serve	*sv = async->data;

	if (sv->teardown != NULL)
		sv->teardown(sv);
	qt_net_server_free(sv->server, serve_done, sv);
	uv_close((uv_handle_t *)async, NULL);
}

static inline void *
serve_thread(void *arg)
{
	struct serve	*sv = arg;
	int		 fd;

	uv_loop_init(&sv->loop);
	uv_async_init(&sv->loop, &sv->stop, serve_on_stop);
	sv->stop.data = sv;
	sv->conf.stats = &sv->stats;
	assert_int_equal(qt_net_server_new(&sv->loop, &sv->conf, &sv->server,
	    NULL), 0);
	assert_int_equal(qt_net_bind("127.0.0.1", 0, 0, &fd, NULL), 0);
	sv->port = qt_net_bound_port(fd);
	assert_int_equal(qt_net_server_listen(sv->server, fd, NULL), 0);
	if (sv->setup != NULL)
		sv->setup(sv);
	sem_post(&sv->ready);
	uv_run(&sv->loop, UV_RUN_DEFAULT);
	assert_true(sv->is_done);
	assert_int_equal(uv_loop_close(&sv->loop), 0);
	return NULL;
}

static inline void
serve_start(struct serve *sv)
{
	sem_init(&sv->ready, 0, 0);
	assert_int_equal(pthread_create(&sv->thread, NULL, serve_thread, sv),
	    0);
	sem_wait(&sv->ready);
}

static inline void
serve_stop(struct serve *sv)
{
	uv_async_send(&sv->stop);
	pthread_join(sv->thread, NULL);
	sem_destroy(&sv->ready);
}

static inline void
serve_route(struct serve *sv, const char *path, unsigned int methods,
    unsigned int flags, size_t body_max,
    void (*handle)(struct qt_net_req *, void *), void *arg)
{
	struct qt_net_route	r = { path, methods, flags, body_max, handle,
	    arg };

	assert_int_equal(qt_net_server_route(sv->server, &r), 0);
}

static inline int
dial(unsigned int port)
{
	struct sockaddr_in	in = { .sin_family = AF_INET,
	    .sin_port = htons((uint16_t)port),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int			fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&in, sizeof(in)), 0);
	return fd;
}

static inline void
say(int fd, const char *text)
{
	size_t	len = strlen(text);

	assert_int_equal(send(fd, text, len, MSG_NOSIGNAL), (ssize_t)len);
}

/* More bytes into buf at *len; 0 at the end, -1 for a reset. */
static inline ssize_t
hear_some(int fd, char *buf, size_t size, size_t *len)
{
	struct pollfd	p = { .fd = fd, .events = POLLIN };
	ssize_t		n;

	assert_true(*len + 1 < size);
	assert_int_equal(poll(&p, 1, WAIT_MS), 1);
	n = recv(fd, buf + *len, size - 1 - *len, 0);
	if (n > 0)
		*len += (size_t)n;
	buf[*len] = '\0';
	return n;
}

/* Everything until the other side closes. The length. */
static inline size_t
hear_all(int fd, char *buf, size_t size)
{
	size_t	len = 0;

	while (hear_some(fd, buf, size, &len) > 0)
		continue;
	return len;
}

/*
 * One answer: head and the body that Content-Length names, at the start of
 * buf; what came after it is kept there too, *len is all. Returns its size.
 */
static inline size_t
hear_one(int fd, char *buf, size_t size, size_t *len, int has_body)
{
	char	*end, *cl;
	size_t	 want;

	buf[*len] = '\0';
	while ((end = strstr(buf, "\r\n\r\n")) == NULL)
		assert_true(hear_some(fd, buf, size, len) > 0);
	want = (size_t)(end + 4 - buf);
	cl = strstr(buf, "Content-Length: ");
	if (cl != NULL && cl < end && has_body)
		want += strtoul(cl + 16, NULL, 10);
	while (*len < want)
		assert_true(hear_some(fd, buf, size, len) > 0);
	return want;
}

/* Says it on a new connection, hears all, checks the status; the length. */
static inline size_t
ask(unsigned int port, const char *request, char *buf, size_t size)
{
	int	fd = dial(port);
	size_t	len;

	say(fd, request);
	shutdown(fd, SHUT_WR);
	len = hear_all(fd, buf, size);
	close(fd);
	return len;
}

#define assert_starts(text, prefix) do {				\
	if (strncmp(text, prefix, strlen(prefix)) != 0)			\
		fail_msg("'%.200s' does not begin with '%s'", text, prefix); \
} while (0)
#define assert_has(text, part) do {					\
	if (strstr(text, part) == NULL)					\
		fail_msg("'%.2000s' has no '%s'", text, part);		\
} while (0)
#define assert_has_not(text, part) do {					\
	if (strstr(text, part) != NULL)					\
		fail_msg("'%.2000s' has '%s'", text, part);		\
} while (0)

static inline uint64_t
counter(_Atomic uint64_t *c)
{
	return atomic_load(c);
}

/* Waits until the counter is from min to max. */
static inline void
await_between(_Atomic uint64_t *c, uint64_t min, uint64_t max)
{
	struct timespec	nap = { 0, 2000000 };
	uint64_t	now = 0;

	for (int i = 0; i < WAIT_MS / 2; i++) {
		now = atomic_load(c);
		if (now >= min && now <= max)
			return;
		nanosleep(&nap, NULL);
	}
	fail_msg("a counter stays at %llu", (unsigned long long)now);
}

/* Waits until the counter is at least n. */
static inline void
await_counter(_Atomic uint64_t *c, uint64_t n)
{
	await_between(c, n, UINT64_MAX);
}

#endif /* QT_TEST_NET_SERVE_H */
