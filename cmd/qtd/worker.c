/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A worker: one loop, one front end, one link to the session host. See
 * worker.h. It ends when the monitor does.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include <uv.h>

#include <qt/base/log.h>
#include <qt/base/prog.h>
#include <qt/net/tls.h>
#include <qt/net/work.h>

#include "conn.h"
#include "front.h"
#include "pulse.h"

#define SLOTS		16384	/* sessions viewed at once */
#define THREADS		2
#define JOBS_MAX	64
#define STOP_MS		1500	/* for clients to take leave */

static void
on_stop_late(uv_timer_t *timer)
{
	uv_stop(timer->loop);
}

static void
on_free_timer(uv_handle_t *handle)
{
	free(handle);
}

/* No client is left to wait for. */
static void
maybe_stop(struct worker *w)
{
	if (w->is_stopping && w->conns == NULL)
		uv_stop(w->loop);
}

static void
stop(struct worker *w)
{
	if (w->is_stopping)
		return;
	w->is_stopping = 1;
	qt_net_server_stop(w->server);
	conn_going_all(w);
	w->stop_timer = w->conns == NULL ? NULL :
	    calloc(1, sizeof(*w->stop_timer));
	if (w->stop_timer == NULL) {
		uv_stop(w->loop);
		return;
	}
	uv_timer_init(w->loop, w->stop_timer);
	uv_timer_start(w->stop_timer, on_stop_late, STOP_MS, 0);
}

void
worker_conn_closed(struct worker *w)
{
	maybe_stop(w);
}

static void
reload(struct worker *w)
{
	struct qt_err	err = QT_ERR_INIT;
	int		rc = 0;

	revoke_look(w);
	if (w->tls != NULL)
		rc = qt_net_tls_reload(w->tls, &err);
	if (rc < 0)
		qt_log(QT_LOG_WARN, "qtd", "%s: %s; the certificate before "
		    "stays", err.text, qt_strerror(rc));
	else
		qt_log(QT_LOG_INFO, "qtd", "loaded again");
}

static void
on_told(void *arg, const struct mon_message *m)
{
	struct worker	*w = arg;

	if (m->type == MON_STOP)
		stop(w);
	else if (m->type == MON_RELOAD)
		reload(w);
	else if (m->type == MON_LOGOUT && m->session.id != 0)
		conn_log_out_all(w, m->session.id);
}

/* The monitor was killed: make room for the next one. Clients come back. */
static void
on_monitor_gone(void *arg)
{
	struct worker	*w = arg;

	if (!w->is_stopping)
		qt_log(QT_LOG_WARN, "qtd", "the monitor is gone; worker %d "
		    "ends", (int)getpid());
	conn_going_all(w);
	uv_stop(w->loop);
}

static const struct mon_ops mon_ops = { on_told, on_monitor_gone };

static void
on_host_started(void *arg, const struct mon_message *m, int fd)
{
	(void)arg, (void)m, (void)fd;
}

static void
on_host_needed(void *arg)
{
	struct worker		*w = arg;
	struct mon_message	 m = { .type = MON_HOST };

	mon_ask(w->mon, &m, on_host_started, w);
}

static void
on_host_drained(void *arg)
{
	conn_resume_all(arg);
}

static void
on_host_lost(void *arg)
{
	struct worker	*w = arg;

	qt_net_count(&w->slot->host_lost, 1);
}

/* The most descriptors that we may have: a WebSocket is one. */
static void
raise_limit(void)
{
	struct rlimit	lim;

	if (getrlimit(RLIMIT_NOFILE, &lim) < 0)
		return;
	/* libwebsockets keeps two words for each that may be. */
	lim.rlim_cur = lim.rlim_max > 1048576 ? 1048576 : lim.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &lim);
}

static int
open_table(struct worker *w, const char *segment, struct qt_err *err)
{
	struct qt_seg_entry	e;
	int			rc;

	rc = qt_seg_open(segment, "qtd", QT_SEG_RDONLY, &w->seg, err);
	if (rc == 0)
		rc = qt_seg_entry_get(w->seg, "sessions", &e);
	if (rc == 0)
		rc = qt_net_sessions_attach_rdonly(qt_seg_at(w->seg, e.offset,
		    e.size), e.size, &w->sessions, err);
	return rc;
}

static int
open_host(struct worker *w, struct qt_err *err)
{
	struct host_conf	conf = { .loop = w->loop, .slots = SLOTS,
	    .need = on_host_needed, .drained = on_host_drained,
	    .lost = on_host_lost, .in_use = &w->slot->viewers, .arg = w };
	int			rc;

	rc = qt_path_in_runtime("screen.sock", w->screen_path, err);
	return rc < 0 ? rc : host_new(&conf, &w->host, err);
}

static int
open_all(struct worker *w, const struct worker_start *start,
    struct qt_err *err)
{
	int	rc;

	rc = mon_new(w->loop, start->mon_fd, &mon_ops, w, &w->mon);
	if (rc == 0)
		rc = open_table(w, start->segment, err);
	if (rc == 0)
		rc = open_host(w, err);
	if (rc == 0)
		rc = qt_net_work_new(w->loop, THREADS, JOBS_MAX, &w->work);
	if (rc == 0)
		rc = auth_open(w, err);
	if (rc == 0)
		rc = ws_bridge_new(w->loop, &conn_ops, QT_WIRE_IN_MAX,
		    w->slot, &w->ws, err);
	if (rc == 0)
		rc = pulse_new(w);
	if (rc == 0)
		rc = front_open(w, start, err);
	return rc;
}

/* Handles close on the loop, which turns until they have. */
static void
close_all(struct worker *w)
{
	conn_close_all(w, 1001);
	front_close(w);
	ws_bridge_free(w->ws);
	host_free(w->host);
	w->host = NULL;
	mon_free(w->mon);
	pulse_free(w);
	revoke_free(w);
	watch_free(w);
	if (w->stop_timer != NULL)
		uv_close((uv_handle_t *)w->stop_timer, on_free_timer);
}

int
worker_main(const struct worker_start *start)
{
	static struct worker	 w;
	static uv_loop_t	 loop;
	struct mon_message	 ready = { .type = MON_READY };
	struct qt_err		 err = QT_ERR_INIT;
	int			 rc;

	w.opt = start->opt;
	w.shared = start->shared;
	w.slot = &start->shared->worker[start->index];
	w.backoff = start->shared->backoff;
	w.loop = &loop;
	snprintf(w.owner, sizeof(w.owner), "%s", start->control_name);
	raise_limit();
	sandbox_prepare();
	rc = uv_loop_init(&loop);
	if (rc == 0)
		rc = open_all(&w, start, &err);
	if (rc < 0) {
		qt_warn("%s: %s", err.text, qt_strerror(rc));
		return QT_EXIT_SYS;
	}
	sandbox_enter(&w);
	mon_tell(w.mon, &ready);
	uv_run(&loop, UV_RUN_DEFAULT);
	close_all(&w);
	/* What is left goes with the process. */
	for (int i = 0; i < 100 && uv_run(&loop, UV_RUN_NOWAIT) != 0; i++)
		;
	return QT_EXIT_OK;
}
