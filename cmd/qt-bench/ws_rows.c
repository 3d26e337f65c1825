/* SPDX-License-Identifier: Apache-2.0 */
/* Rows: flood, echo and idle memory of WebSockets through qtd. */

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <qt/base/prog.h>
#include <qt/base/sys.h>

#include "rows.h"
#include "wsclient.h"

#define BUF_SIZE	(1u << 20)
#define ACK_BYTES	(64u << 10)
#define ECHO_KEYS	2000
#define ECHO_WARMUP	100
#define ECHO_IDLE	1000	/* idle sessions beside it */

/* Opens a session on channel 1 and waits until the server says so. */
static void
open_channel(struct wsclient *ws, const char *json)
{
	struct qt_wire_head	 h = { .type = QT_WIRE_OPEN, .channel = 1,
	    .offset = UINT64_MAX };
	const uint8_t		*p;
	size_t			 len;

	wsclient_send(ws, &h, json, strlen(json));
	do {
		wsclient_next(ws, &h, &p, &len);
		if (h.type == QT_WIRE_ERROR)
			qt_die(QT_EXIT_SYS, "open: %.*s", (int)len, p);
	} while (h.type != QT_WIRE_OPENED);
}

static double
flood_once(const struct world *w, uint64_t bytes, uint64_t *skipped)
{
	char			 program[QT_PATH_SIZE], json[QT_PATH_SIZE + 128];
	struct wsclient		 ws;
	struct qt_wire_head	 h, ack = { .type = QT_WIRE_ACK, .channel = 1 };
	const uint8_t		*p;
	uint64_t		 got = 0, acked = 0;
	size_t			 len;
	double			 start;

	qt_path_program("qt-bench", program);
	snprintf(json, sizeof(json), "{\"new\":{\"command\":[\"%s\",\"lines\","
	    "\"%llu\"]},\"cols\":80,\"rows\":24}", program,
	    (unsigned long long)bytes);
	wsclient_open(&ws, w->port, BUF_SIZE);
	start = now_s();
	open_channel(&ws, json);
	for (;;) {
		wsclient_next(&ws, &h, &p, &len);
		if (h.type == QT_WIRE_EXIT)
			break;
		if (h.type == QT_WIRE_SKIPPED)
			*skipped += strtoull((const char *)p +
			    strcspn((const char *)p, "0123456789"), NULL, 10);
		if (h.type != QT_WIRE_DATA)
			continue;
		if ((h.flags & QT_WIRE_REPLAY) == 0)
			got += len;
		ack.offset += len;
		if (ack.offset - acked >= ACK_BYTES) {
			acked = ack.offset;
			wsclient_send(&ws, &ack, NULL, 0);
		}
	}
	wsclient_close(&ws);
	return (double)got / (now_s() - start);
}

void
row_ws_flow(struct report *r, const struct bench_opt *opt)
{
	static const struct bench_flood	flood = {
		.name = "lines, pty to a WebSocket", .bound = 0.7,
		.progress = "flood through qtd", .once = flood_once,
	};
	struct world			w;

	world_start(&w);
	world_start_qtd(&w);
	flood_row(r, opt, &flood, &w);
}

/*
 * One key, and the byte that comes back for it: the line discipline's echo
 * for cat, which makes the session's output reach end. All keys fit the 4,095
 * bytes of one canonical line. Seconds.
 */
static double
echo_once(struct wsclient *ws, uint64_t end)
{
	struct qt_wire_head	 h = { .type = QT_WIRE_INPUT, .channel = 1 };
	const uint8_t		*p;
	size_t			 len;
	double			 start = now_s();

	wsclient_send(ws, &h, "x", 1);
	do {
		wsclient_next(ws, &h, &p, &len);
	} while (h.type != QT_WIRE_DATA || h.offset < end);
	if (h.offset > end)
		qt_die(QT_EXIT_SYS, "more came back than was typed");
	return now_s() - start;
}

static void
idle_sessions(uint32_t count)
{
	char			*argv[] = { (char *)"/bin/sleep",
	    (char *)"86400", NULL };
	struct qt_err		 err = QT_ERR_INIT;
	struct qt_client	*c;
	struct qt_uuid		 id;

	if (qt_client_open(0, QT_ROLE_OWNER, 0, &c, &err) < 0)
		qt_die(QT_EXIT_SYS, "%s", err.text);
	for (uint32_t i = 0; i < count; i++)
		session_new(c, argv, &id);
	qt_client_close(c);
}

void
row_ws_echo(struct report *r, const struct bench_opt *opt)
{
	static double	ms[ECHO_KEYS];
	struct wsclient	ws;
	struct world	w;

	(void)opt;
	world_start(&w);
	world_start_qtd(&w);
	report_progress("%d idle sessions", ECHO_IDLE);
	idle_sessions(ECHO_IDLE);
	wsclient_open(&ws, w.port, BUF_SIZE);
	open_channel(&ws, "{\"new\":{\"command\":[\"/bin/cat\"]},"
	    "\"cols\":80,\"rows\":24}");
	for (int i = 0; i < ECHO_WARMUP + ECHO_KEYS; i++) {
		double	s = echo_once(&ws, (uint64_t)i + 1);

		if (i >= ECHO_WARMUP)
			ms[i - ECHO_WARMUP] = s * 1e3;
	}
	wsclient_close(&ws);
	world_end(&w);
	report_progress("%s", "");
	qsort(ms, ECHO_KEYS, sizeof(ms[0]), double_compare);
	report_add(r, &(struct report_row){
		.name = "key echo, 1,000 idle sessions", .unit = "ms",
		.ours = ms[ECHO_KEYS / 2], .figure = ms[ECHO_KEYS / 2],
		.figure_name = "p50 ms", .rule = REPORT_AT_MOST,
		.bound = 0.25 });
	report_add(r, &(struct report_row){
		.name = "key echo, 1,000 idle sessions", .unit = "ms",
		.ours = ms[ECHO_KEYS * 99 / 100],
		.figure = ms[ECHO_KEYS * 99 / 100], .figure_name = "p99 ms",
		.rule = REPORT_AT_MOST, .bound = 1.0 });
}

void
row_ws_idle(struct report *r, const struct bench_opt *opt)
{
	struct rlimit	 lim;
	struct wsclient	*ws = calloc(opt->idle, sizeof(*ws));
	struct world	 w;
	uint64_t	 before, after;
	char		 note[96];

	if (ws == NULL)
		qt_die(QT_EXIT_SYS, "out of memory");
	getrlimit(RLIMIT_NOFILE, &lim);
	lim.rlim_cur = lim.rlim_max;
	setrlimit(RLIMIT_NOFILE, &lim);
	world_start(&w);
	world_start_qtd(&w);
	/* The first one waits until the worker has set itself up. */
	wsclient_open(&ws[0], w.port, 0);
	before = proc_rss(w.worker);
	for (uint32_t i = 1; i < opt->idle; i++) {
		if (i % 500 == 0)
			report_progress("WebSockets: %u of %u", i, opt->idle);
		wsclient_open(&ws[i], w.port, 0);
	}
	after = proc_rss(w.worker);
	for (uint32_t i = 0; i < opt->idle; i++)
		wsclient_close(&ws[i]);
	world_end(&w);
	free(ws);
	report_progress("%s", "");
	snprintf(note, sizeof(note), "worker %.1f MB before, %.1f MB with %u",
	    (double)before / 1e6, (double)after / 1e6, opt->idle);
	report_add(r, &(struct report_row){
		.name = "idle WebSockets on one worker", .unit = "MB",
		.ours = (double)(after - before) / 1e6,
		.figure = (double)(after - before) / 1024 / opt->idle,
		.figure_name = "KB each", .rule = REPORT_AT_MOST, .bound = 6,
		.note = note });
}
