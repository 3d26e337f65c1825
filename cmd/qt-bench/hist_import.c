/* SPDX-License-Identifier: Apache-2.0 */
/* Row: qt-hist import as a whole process, and its memory. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <qt/base/clock.h>
#include <qt/hist/index.h>

#include "hist_rows.h"
#include "process.h"
#include "store_rows.h"

struct import {
	double	s[ROUNDS_MAX], cpu_s[ROUNDS_MAX], mb[ROUNDS_MAX];
};

static void
forget(const char *folder)
{
	char	path[QT_PATH_SIZE];

	(void)qt_hist_index_remove(hist_path("import/store", path));
	store_remove(path);
	store_remove(folder);
}

static double
seconds(const struct timeval *t)
{
	return (double)t->tv_sec + (double)t->tv_usec / 1e6;
}

/* Into a history that is not there yet. */
static void
import_once(struct import *m, uint32_t round, const char *program)
{
	char		folder[QT_PATH_SIZE], file[QT_PATH_SIZE];
	char		own[QT_PATH_SIZE];
	char		*argv[] = { (char *)(uintptr_t)program,
	    (char *)"import", (char *)"-f", (char *)"bash", file, NULL };
	struct rusage	use;
	uint64_t	start;
	int		status;
	pid_t		pid;

	hist_path(HIST_FILE, file);
	if (mkdir(hist_path("import", folder), 0700) < 0)
		qt_die(QT_EXIT_SYS, "make '%s': %s", folder, strerror(errno));
	setenv("QT_HIST", folder, 1);
	start = qt_clock_mono_ns();
	pid = proc_start(argv, NULL);
	while (wait4(pid, &status, 0, &use) < 0)
		if (errno != EINTR)
			qt_die(QT_EXIT_SYS, "wait: %s", strerror(errno));
	m->s[round] = (double)(qt_clock_mono_ns() - start) / 1e9;
	if (status != 0)
		qt_die(QT_EXIT_SYS, "qt-hist import: status %d", status);
	m->cpu_s[round] = seconds(&use.ru_utime) + seconds(&use.ru_stime);
	m->mb[round] = (double)use.ru_maxrss * 1024 / 1e6;
	forget(folder);
	setenv("QT_HIST", hist_path("hist", own), 1);
}

void
row_hist_import(struct report *r, const struct bench_opt *opt)
{
	static struct import	m;
	char			program[QT_PATH_SIZE], note[64];
	double			middle, memory;

	hist_make(opt);
	if (!process_find(program, "qt-hist")) {
		report_skip(r, "import of bash's history", "qt-hist is not "
		    "beside qt-bench");
		return;
	}
	for (uint32_t i = 0; i < opt->rounds; i++) {
		report_progress("import: %u of %u", i + 1, opt->rounds);
		import_once(&m, i, program);
	}
	report_progress("%s", "");
	middle = median(m.s, opt->rounds);
	memory = median(m.mb, opt->rounds);
	snprintf(note, sizeof(note), "%llu lines; %.2f s of a processor",
	    (unsigned long long)opt->items, median(m.cpu_s, opt->rounds));
	report_add(r, &(struct report_row){
		.name = "import of bash's history", .unit = "s",
		.ours = middle, .figure = middle, .figure_name = "s",
		.rule = REPORT_AT_MOST, .bound = 3, .rounds = opt->rounds,
		.low = m.s[0], .high = m.s[opt->rounds - 1], .note = note });
	report_add(r, &(struct report_row){
		.name = "  its memory", .unit = "MB", .ours = memory,
		.figure = memory, .figure_name = "MB", .rule = REPORT_AT_MOST,
		.bound = 300, .rounds = opt->rounds, .low = m.mb[0],
		.high = m.mb[opt->rounds - 1] });
}
