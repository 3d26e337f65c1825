/* SPDX-License-Identifier: Apache-2.0 */
/* GET healthz, and GET metrics: Prometheus text about all workers. */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <qt/base/clock.h>
#include <qt/session/record.h>

#include "session.h"

void
health_get(struct qt_net_req *req, void *arg)
{
	struct worker	*w = arg;

	qt_net_reply_header(req, "Cache-Control", "no-store");
	if (host_is_connected(w->host) && !w->is_stopping)
		qt_net_reply(req, 200, "text/plain", "ok\n", 3);
	else
		qt_net_reply(req, 503, "text/plain", w->is_stopping ?
		    "stopping\n" : "no session host\n",
		    w->is_stopping ? 9 : 16);
}

static int
add_gauge(struct qt_buf *out, const char *name, const char *help,
    const char *type, uint64_t value)
{
	return qt_buf_addf(out, "# HELP %s %s\n# TYPE %s %s\n%s %" PRIu64 "\n",
	    name, help, name, type, name, value);
}

static int
is_gauge(const char *name)
{
	return strcmp(name, "ws_open") == 0 || strcmp(name, "viewers") == 0;
}

static int
add_counter(struct qt_buf *out, const char *name, const char *help,
    uint64_t value)
{
	char	full[80];

	snprintf(full, sizeof(full), "qtd_%s%s", name,
	    is_gauge(name) ? "" : "_total");
	return add_gauge(out, full, help, is_gauge(name) ? "gauge" :
	    "counter", value);
}

static uint64_t
sum(const struct shared *s, size_t offset)
{
	uint64_t	n = 0;

	for (uint32_t i = 0; i < s->count; i++)
		n += atomic_load((const _Atomic uint64_t *)(const void *)
		    ((const char *)&s->worker[i] + offset));
	return n;
}

static int
add_workers(const struct shared *s, struct qt_buf *out)
{
	struct qt_net_stats	all;
	uint64_t		starts = 0, up = 0;
	int			rc = 0;

	memset(&all, 0, sizeof(all));
	for (uint32_t i = 0; i < s->count; i++) {
		qt_net_stats_sum(&all, &s->worker[i].net);
		starts += atomic_load(&s->worker[i].starts);
		up += atomic_load(&s->worker[i].pid) != 0;
	}
	rc |= qt_net_stats_text(&all, "qtd_http", "", 1, out);
#define X(name, help)							\
	rc |= add_counter(out, #name, help,				\
	    sum(s, offsetof(struct shared_slot, name)));
	SHARED_COUNTER_MAP(X)
#undef X
	rc |= add_gauge(out, "qtd_workers", "worker processes", "gauge", up);
	rc |= add_gauge(out, "qtd_worker_starts_total",
	    "worker processes started", "counter", starts);
	rc |= add_gauge(out, "qtd_start_time_ms",
	    "when it was started, Unix milliseconds", "gauge",
	    atomic_load(&s->started_ms));
	return rc;
}

static int
add_host(const struct worker *w, struct qt_buf *out)
{
	struct qt_session_table	*t = session_table(w);
	struct qt_host_info	 info;
	int			 rc = 0;

	rc |= add_gauge(out, "qtd_host_up", "1 while the session host is there",
	    "gauge", t != NULL);
	if (t == NULL || qt_host_info(t, &info) < 0)
		return rc;
	rc |= add_gauge(out, "qtd_sessions", "sessions, ended ones too",
	    "gauge", info.sessions);
	rc |= add_gauge(out, "qtd_session_output_bytes_total",
	    "bytes that programs printed", "counter", info.output_bytes);
	rc |= add_gauge(out, "qtd_session_input_bytes_total",
	    "bytes that were typed", "counter", info.input_bytes);
	rc |= add_gauge(out, "qtd_sessions_created_total", "sessions made",
	    "counter", info.created);
	rc |= add_gauge(out, "qtd_sessions_exited_total", "sessions ended",
	    "counter", info.exited);
	return rc;
}

void
metrics_get(struct qt_net_req *req, void *arg)
{
	struct worker	*w = arg;
	struct qt_buf	 out = QT_BUF_INIT;

	if (add_workers(w->shared, &out) != 0 || add_host(w, &out) != 0)
		qt_net_reply_reject(req, 503, QT_NET_REJECT_busy);
	else
		qt_net_reply(req, 200, "text/plain; version=0.0.4; "
		    "charset=utf-8", out.data, out.len);
	qt_buf_clear(&out);
}
