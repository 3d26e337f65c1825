/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Row: the picker, from the start of its process to the last command in its list
 * on a terminal.
 */

#include <qt/base/clock.h>

#include "hist_rows.h"
#include "process.h"

#define TIMES	30u		/* a round */

static double
paint_ms(char *const *argv)
{
	struct hist_pty	p;
	uint64_t	start = qt_clock_mono_ns();
	double		ms;

	hist_pty_open(&p, argv);
	if (hist_pty_wait(&p, HIST_LAST) < 0) {
		hist_pty_close(&p);
		return -1;
	}
	ms = (double)(qt_clock_mono_ns() - start) / 1e6;
	hist_pty_close(&p);
	return ms;
}

void
row_hist_pick(struct report *r, const struct bench_opt *opt)
{
	static const char	name[] = "picker, first paint, a process";
	char			ours[QT_PATH_SIZE];
	char			*argv[] = { ours, (char *)"pick", NULL };
	double			ms[ROUNDS_MAX], a[TIMES], middle;

	hist_make(opt);
	if (!process_find(ours, "qt-hist")) {
		report_skip(r, name, "qt-hist is not beside qt-bench");
		return;
	}
	for (uint32_t i = 0; i < opt->rounds; i++) {
		report_progress("picker: %u of %u", i + 1, opt->rounds);
		for (uint32_t k = 0; k < TIMES; k++)
			if ((a[k] = paint_ms(argv)) < 0) {
				report_cannot(r, name, "the last command was "
				    "not painted");
				return;
			}
		ms[i] = median(a, TIMES);
	}
	report_progress("%s", "");
	middle = median(ms, opt->rounds);
	report_add(r, &(struct report_row){
		.name = name, .unit = "ms", .ours = middle, .figure = middle,
		.figure_name = "ms", .rule = REPORT_AT_MOST, .bound = 10,
		.rounds = opt->rounds, .low = ms[0],
		.high = ms[opt->rounds - 1] });
}
