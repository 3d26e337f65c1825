/* SPDX-License-Identifier: Apache-2.0 */
/* Row: a new detached session as a whole process, beside dtach -n. */

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <qt/base/prog.h>

#include "rows.h"
#include "world.h"

#define RUNS	200

static int
has_dtach(void)
{
	return system("command -v dtach >/dev/null 2>&1") == 0;
}

static double
run_once(char *const *argv)
{
	double	start = now_s();
	pid_t	pid = proc_start(argv, NULL);

	proc_wait(pid, argv[0]);
	return now_s() - start;
}

void
row_session_new(struct report *r, const struct bench_opt *opt)
{
	static const char	name[] = "new detached session, a process";
	char			program[QT_PATH_SIZE], sock[128];
	char			*ours[] = { program, (char *)"new", (char *)"-d",
	    (char *)"--", (char *)"/bin/true", NULL };
	char			*peer[] = { (char *)"dtach", (char *)"-n", sock,
	    (char *)"/bin/true", NULL };
	double			a[RUNS], b[RUNS];
	struct world		w;

	(void)opt;
	if (!has_dtach()) {
		report_cannot(r, name, "dtach is not installed");
		return;
	}
	world_start(&w);
	qt_path_program("qt-session", program);
	for (int i = 0; i < RUNS; i++) {
		if (i % 20 == 0)
			report_progress("new session: %d of %d", i, RUNS);
		snprintf(sock, sizeof(sock), "%s/dtach.%d", w.dir, i);
		a[i] = run_once(ours);
		b[i] = run_once(peer);
	}
	world_end(&w);
	report_progress("%s", "");
	report_add(r, &(struct report_row){
		.name = name, .unit = "ms", .ours = median(a, RUNS) * 1e3,
		.peer = median(b, RUNS) * 1e3, .peer_name = "dtach -n",
		.figure = median(a, RUNS) / median(b, RUNS),
		.figure_name = "ratio", .rule = REPORT_AT_MOST, .bound = 1.0 });
}
