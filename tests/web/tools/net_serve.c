/* SPDX-License-Identifier: Apache-2.0 */
/*
 * net_serve DIR [PORT]: a folder, served by <qt/net> alone on one loop, for
 * load generators. Prints the port, ends on SIGTERM or SIGINT.
 */

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <uv.h>

#include <qt/base/err.h>
#include <qt/net/static.h>
#include <qt/net/work.h>

struct tool {
	uv_loop_t		 loop;
	uv_signal_t		 signals[2];
	struct qt_net_server	*server;
	struct qt_net_static	*st;
	struct qt_net_work	*work;
};

static void
on_signal(uv_signal_t *sig, int signum)
{
	struct tool	*t = sig->data;

	(void)signum;
	for (int i = 0; i < 2; i++)
		uv_close((uv_handle_t *)&t->signals[i], NULL);
	qt_net_static_free(t->st);
	qt_net_work_free(t->work);
	qt_net_server_free(t->server, NULL, NULL);
}

static int
start(struct tool *t, const char *dir, unsigned int port, struct qt_err *err)
{
	struct qt_net_conf		conf = QT_NET_CONF_INIT;
	struct qt_net_static_conf	files = QT_NET_STATIC_CONF_INIT;
	struct qt_net_route		route = { "/*", QT_NET_METHOD(GET), 0,
	    0, qt_net_static_handle, NULL };
	int				fd, rc;

	rc = qt_net_server_new(&t->loop, &conf, &t->server, err);
	if (rc == 0)
		rc = qt_net_work_new(&t->loop, 1, 64, &t->work);
	if (rc == 0)
		rc = qt_net_static_new(t->server, dir, &files, t->work, &t->st,
		    err);
	route.arg = t->st;
	if (rc == 0)
		rc = qt_net_server_route(t->server, &route);
	if (rc == 0)
		rc = qt_net_bind("127.0.0.1", port, 0, &fd, err);
	if (rc < 0)
		return rc;
	printf("%u\n", qt_net_bound_port(fd));
	fflush(stdout);
	return qt_net_server_listen(t->server, fd, err);
}

int
main(int argc, char **argv)
{
	static const int	numbers[2] = { SIGTERM, SIGINT };
	static struct tool	t;
	struct qt_err		err = QT_ERR_INIT;
	int			rc;

	if (argc < 2) {
		fprintf(stderr, "usage: net_serve DIR [PORT]\n");
		return 2;
	}
	uv_loop_init(&t.loop);
	rc = start(&t, argv[1], argc > 2 ? (unsigned int)atoi(argv[2]) : 0,
	    &err);
	if (rc < 0) {
		fprintf(stderr, "net_serve: %s: %s\n", err.text,
		    qt_strerror(rc));
		return 3;
	}
	for (int i = 0; i < 2; i++) {
		uv_signal_init(&t.loop, &t.signals[i]);
		t.signals[i].data = &t;
		uv_signal_start(&t.signals[i], on_signal, numbers[i]);
	}
	uv_run(&t.loop, UV_RUN_DEFAULT);
	return 0;
}
