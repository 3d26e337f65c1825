/* SPDX-License-Identifier: Apache-2.0 */
/* qt-bench ws - what qtd promises to WebSocket clients, measured */

#include "rows.h"
#include "verbs.h"

#define IDLE_MAX	19000	/* ports of one loopback address are not many more */

static int ws_main(int argc, char **argv);

static const struct qt_opt ws_opts[] = BENCH_OPTS("WebSockets");

const struct qt_verb ws_verb = {
	"ws", ws_main, "[ROW ...]", "rows: flow echo idle", ws_opts
};

static int
ws_main(int argc, char **argv)
{
	static const struct bench_row rows[] = {
		{ "flow", row_ws_flow },
		{ "echo", row_ws_echo },
		{ "idle", row_ws_idle },
		{ NULL, NULL },
	};
	static const struct bench_opt	opt = BENCH_DEFAULTS;

	return bench_main(&ws_verb, rows, &opt, IDLE_MAX, argc, argv);
}
