/* SPDX-License-Identifier: Apache-2.0 */
/* Row: the first opening after a reboot, when all records are in logs. */

#include <qt/base/clock.h>

#include "store_rows.h"

static double
recover_once(const struct bench_opt *opt, const char *path,
    const struct qt_store_settings *s)
{
	struct qt_store_options	 o = { .settings = s };
	struct qt_store		*store;
	struct qt_store_stat	 st;
	struct qt_err		 err = QT_ERR_INIT;
	uint64_t		 start;
	double			 ns;
	int			 rc;

	store_forget(path);
	start = qt_clock_mono_ns();
	rc = qt_store_open(path, &o, &store, &err);
	if (rc < 0)
		qt_die(QT_EXIT_SYS, "%s: %s", err.text, qt_strerror(rc));
	ns = (double)(qt_clock_mono_ns() - start);
	rc = qt_store_stat(store, &st, &err);
	if (rc < 0)
		qt_die(QT_EXIT_SYS, "%s: %s", err.text, qt_strerror(rc));
	if (st.memtable_records != opt->items)
		qt_die(QT_EXIT_SYS, "%llu of %llu records were recovered",
		    (unsigned long long)st.memtable_records,
		    (unsigned long long)opt->items);
	(void)qt_store_close(store, NULL);
	return ns;
}

void
row_store_recover(struct report *r, const struct bench_opt *opt)
{
	struct qt_store_settings	s;
	char				path[QT_PATH_SIZE];
	double				seconds[ROUNDS_MAX], middle;

	store_in_memory(&s, QT_STORE_ASYNC, opt->items);
	store_enter(opt);
	store_load(OURS, opt, &s);
	store_path(OURS, path);
	for (uint32_t i = 0; i < opt->rounds; i++) {
		report_progress("recovery: %u of %u", i + 1, opt->rounds);
		seconds[i] = recover_once(opt, path, &s) / 1e9;
	}
	report_progress("%s", "");
	store_leave();
	middle = median(seconds, opt->rounds);
	report_add(r, &(struct report_row){
		.name = "recovery of all from the log", .unit = "s",
		.ours = middle, .figure = middle, .figure_name = "s",
		.rule = REPORT_AT_MOST,
		.bound = (double)opt->items / 1e6, .rounds = opt->rounds,
		.low = seconds[0], .high = seconds[opt->rounds - 1] });
}
