/* SPDX-License-Identifier: Apache-2.0 */
/* Rows: what is read from runs, which the page cache holds. */

#include "store_rows.h"

/* Loaded, all in one run, nothing in memory but in the page cache. */
static void
load_runs(const struct bench_opt *opt, struct qt_store_settings *s)
{
	struct qt_store_options	 o = { .flags = QT_STORE_NO_THREADS,
	    .settings = s };
	struct qt_store		*store;
	struct qt_err		 err = QT_ERR_INIT;
	char			 path[QT_PATH_SIZE];
	int			 rc;

	qt_store_settings_init(s);
	s->mode = QT_STORE_ASYNC;
	s->level = 0;
	store_load(OURS, opt, s);
	report_progress("%s is compacted", OURS);
	rc = qt_store_open(store_path(OURS, path), &o, &store, &err);
	if (rc == 0) {
		rc = qt_store_checkpoint(store, NULL, &err);
		if (rc == 0)
			rc = qt_store_compact(store, &err);
		(void)qt_store_close(store, NULL);
	}
	if (rc < 0)
		qt_die(QT_EXIT_SYS, "compact: %s: %s", err.text,
		    qt_strerror(rc));
}

void
row_store_runs(struct report *r, const struct bench_opt *opt)
{
	struct qt_store_settings	s;
	struct work			w = { .kind = WORK_GET, .members = 1,
	    .records = opt->items, .ops = 4 * opt->items, .settings = &s,
	    .seconds = store_seconds(opt) };
	struct racer			c[] = { { .engine = OURS, .w = w },
	    { .engine = "lmdb", .w = w } };

	store_enter(opt);
	load_runs(opt, &s);
	store_load("lmdb", opt, NULL);
	store_race(c, 2, "get, from runs", opt);
	store_leave();
	store_race_row(r, opt, c, 1, &(struct turns_row){
		.name = "get, from runs in page cache", .peer_name = "LMDB",
		.figure = TURNS_SPEEDS, .bound = 1.5 });
}

void
row_store_scan(struct report *r, const struct bench_opt *opt)
{
	struct qt_store_settings	s;
	struct work			w = { .kind = WORK_SCAN, .members = 1,
	    .records = opt->items, .settings = &s,
	    .seconds = store_seconds(opt), .ops = opt->items };
	struct racer			runs[] = { { .engine = OURS, .w = w },
	    { .engine = "lmdb", .w = w } };
	struct racer			memory[] = { { .engine = OURS, .w = w } };
	const char			*peer = store_why_not("lmdb") == NULL ?
	    "LMDB" : NULL;

	store_enter(opt);
	load_runs(opt, &s);
	store_load("lmdb", opt, NULL);
	store_race(runs, 2, "scan, of runs", opt);
	store_remove(store_path(OURS, (char [QT_PATH_SIZE]){ 0 }));
	store_in_memory(&s, QT_STORE_ASYNC, opt->items);
	store_load(OURS, opt, &s);
	store_race(memory, 1, "scan, of a memtable", opt);
	store_leave();
	store_race_row(r, opt, runs, peer != NULL, &(struct turns_row){
		.name = "scan forward, runs", .peer_name = peer,
		.figure = TURNS_RATE, .bound = 5 });
	store_race_row(r, opt, memory, 0, &(struct turns_row){
		.name = "scan forward, in memory",
		.figure = TURNS_RATE, .bound = 5 });
}
