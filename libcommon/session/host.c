/* SPDX-License-Identifier: Apache-2.0 */
/* The session host: its loop. See <qt/session/host.h> and "host_priv.h". */

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <qt/base/log.h>

#include "host_priv.h"

int
qt_host_opt_init(struct qt_host_opt *opt, const struct qt_conf *conf,
    struct qt_err *err)
{
	static const char *const	known[] = {
		"host.spare", "host.keep", "host.connections", "host.screen",
		"session.scrollback", "session.term", NULL,
	};
	const char	*term = qt_conf_str(conf, "session.term",
	    "xterm-256color");
	unsigned long	 spare, keep, conns, size, screen;
	int		 rc;

	*opt = (struct qt_host_opt){ .state_fd = -1 };
	if (conf != NULL &&
	    ((rc = qt_conf_check(conf, "host", known, err)) < 0 ||
	    (rc = qt_conf_check(conf, "session", known, err)) < 0))
		return rc;
	if ((rc = qt_conf_ulong(conf, "host.spare", 0, 0, QT_HOST_SPARE_MAX,
	    &spare, err)) < 0 ||
	    (rc = qt_conf_ulong(conf, "host.keep", 1000, 0, QT_HOST_KEEP_MAX,
	    &keep, err)) < 0 ||
	    (rc = qt_conf_ulong(conf, "host.connections", 4096, 8,
	    QT_HOST_CONNECTIONS_MAX, &conns, err)) < 0 ||
	    (rc = qt_conf_ulong(conf, "host.screen", 1, 0, 1, &screen,
	    err)) < 0 ||
	    (rc = qt_conf_ulong(conf, "session.scrollback",
	    QT_RING_LIMIT_DEFAULT, QT_RING_LIMIT_MIN, QT_RING_LIMIT_MAX, &size,
	    err)) < 0)
		return rc;
	if (term[0] == '\0' || strlen(term) >= sizeof(opt->term)) {
		qt_err_set(err, "session.term '%s'", term);
		return -EINVAL;
	}
	snprintf(opt->term, sizeof(opt->term), "%s", term);
	opt->spare = (uint32_t)spare;
	opt->keep = (uint32_t)keep;
	opt->connections = (uint32_t)conns;
	opt->scrollback = (uint32_t)size;
	opt->has_screen = (int)screen;
	return 0;
}

static void
on_child(uv_signal_t *signal, int number)
{
	(void)number;
	qt__host_reap(signal->data);
}

static void
on_stop(uv_signal_t *signal, int number)
{
	struct qt__host	*h = signal->data;

	qt_log(QT_LOG_INFO, QT__MODULE, "signal %d: stopping", number);
	qt__host_stop(h);
}

static void
on_turn(uv_prepare_t *prepare)
{
	struct qt__host	*h = prepare->data;

	h->loops++;
}

static int
start_handles(struct qt__host *h)
{
	uv_loop_t	*l = &h->loop;
	int		 rc;

	if ((rc = uv_timer_init(l, &h->bell_timer)) < 0 ||
	    (rc = uv_timer_init(l, &h->hup_timer)) < 0 ||
	    (rc = uv_timer_init(l, &h->stop_timer)) < 0 ||
	    (rc = uv_timer_init(l, &h->spare_timer)) < 0 ||
	    (rc = uv_timer_init(l, &h->listen_timer)) < 0 ||
	    (rc = uv_timer_init(l, &h->screen.timer)) < 0 ||
	    (rc = uv_timer_init(l, &h->watch.timer)) < 0 ||
	    (rc = uv_prepare_init(l, &h->prepare)) < 0 ||
	    (rc = uv_signal_init(l, &h->sigchld)) < 0 ||
	    (rc = uv_signal_init(l, &h->sigterm)) < 0 ||
	    (rc = uv_signal_init(l, &h->sigint)) < 0)
		return rc;
	h->bell_timer.data = h->hup_timer.data = h->stop_timer.data = h;
	h->listen_timer.data = h->watch.timer.data = h;
	h->spare_timer.data = h->screen.timer.data = h->prepare.data = h;
	h->sigchld.data = h->sigterm.data = h->sigint.data = h;
	if ((rc = uv_prepare_start(&h->prepare, on_turn)) < 0 ||
	    (rc = uv_signal_start(&h->sigchld, on_child, SIGCHLD)) < 0 ||
	    (rc = uv_signal_start(&h->sigterm, on_stop, SIGTERM)) < 0)
		return rc;
	return uv_signal_start(&h->sigint, on_stop, SIGINT);
}

static void
close_one(uv_handle_t *handle, void *arg)
{
	(void)arg;
	if (!uv_is_closing(handle))
		uv_close(handle, NULL);
}

/*
 * Connections and sessions go by their own close; then the rest of the loop's
 * handles, which are parts of the host itself.
 */
static void
close_all(struct qt__host *h)
{
	for (uint32_t i = 0; i < h->conn_slots; i++) {
		if (h->conns[i] != NULL)
			qt__conn_close(h->conns[i]);
	}
	for (uint32_t i = 0; i < h->session_slots; i++) {
		if (h->sessions[i] != NULL)
			qt__session_free(h->sessions[i]);
	}
	uv_walk(&h->loop, close_one, NULL);
	(void)uv_run(&h->loop, UV_RUN_DEFAULT);
	(void)uv_loop_close(&h->loop);
}

static int
begin(struct qt__host *h, struct qt_err *err)
{
	int	rc;

	h->packet = malloc(QT_CONTROL_SIZE_MAX);
	if (h->packet == NULL)
		return -ENOMEM;
	rc = start_handles(h);
	if (rc < 0) {
		qt_err_set(err, "start the event loop");
		return rc;
	}
	rc = qt__host_begin(h, err);
	if (rc < 0)
		return rc;
	if (h->opt.spare > 0)
		(void)uv_timer_start(&h->spare_timer, qt__spare_fill, 0, 0);
	qt__screen_begin(h);
	qt__watch_begin(h);
	qt__notify("READY=1");
	return h->opt.on_ready != NULL ? h->opt.on_ready(h->opt.ctx) : 0;
}

int
qt_host_run(const struct qt_host_opt *opt, struct qt_err *err)
{
	struct qt__host	*h = calloc(1, sizeof(*h));
	int		 rc;

	if (h == NULL)
		return -ENOMEM;
	h->opt = *opt;
	h->lock_fd = h->listen_fd = h->reserve_fd = -1;
	h->screen.listen_fd = -1;
	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGXFSZ, SIG_IGN);	/* a log that is full ends nothing */
	(void)signal(SIGHUP, SIG_IGN);
	rc = uv_loop_init(&h->loop);
	if (rc < 0) {
		free(h);
		return rc;
	}
	rc = begin(h, err);
	if (rc == 0)
		(void)uv_run(&h->loop, UV_RUN_DEFAULT);
	qt__notify("STOPPING=1");
	qt__screen_end(h);
	close_all(h);
	qt__host_end(h);
	qt_buf_clear(&h->out);
	free(h->upgrade_program);
	free(h->sessions);
	free(h->conns);
	free(h->packet);
	free(h);
	return rc;
}
