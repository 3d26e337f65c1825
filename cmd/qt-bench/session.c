/* SPDX-License-Identifier: Apache-2.0 */
/* qt-bench session - what the session host promises, measured */

#include "rows.h"
#include "verbs.h"

#define IDLE_MAX	60000

static int session_main(int argc, char **argv);

static const struct qt_opt session_opts[] = BENCH_OPTS("sessions");

const struct qt_verb session_verb = {
	"session", session_main, "[ROW ...]",
	"rows: flow idle new stopped viewers", session_opts
};

static int
session_main(int argc, char **argv)
{
	static const struct bench_row rows[] = {
		{ "flow", row_session_flow },
		{ "new", row_session_new },
		{ "stopped", row_session_stopped },
		{ "viewers", row_session_viewers },
		{ "idle", row_session_idle },
		{ NULL, NULL },
	};
	static const struct bench_opt	opt = BENCH_DEFAULTS;

	return bench_main(&session_verb, rows, &opt, IDLE_MAX, argc, argv);
}
