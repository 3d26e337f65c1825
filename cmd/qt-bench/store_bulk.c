/* SPDX-License-Identifier: Apache-2.0 */
/* Rows: more than fits into memory, and what it costs of the disk. */

#include "store_rows.h"

#define TIMES	10u	/* as many records as other rows; and overwritten */
#define RECORD	((double)WORK_KEY + WORK_VALUE)

/*
 * What settings allow: each log is a memtable, in which its index and its order
 * take room besides; and the cache. The rest is what a process has anyway.
 */
static double
memory_bound(const struct qt_store_settings *s)
{
	uint64_t	logs = s->wal_max > 2 * s->memtable_size ? s->wal_max :
	    2 * s->memtable_size;

	return ((double)logs * 2 + (double)s->cache_size) / 1e6 + 32;
}

void
row_store_bulk(struct report *r, const struct bench_opt *opt)
{
	struct qt_store_settings	s;
	struct work			w = { .kind = WORK_LOAD, .members = 1,
	    .records = TIMES * opt->items };
	struct racer			c[] = {
		{ .engine = OURS, .w = w, .is_to_the_end = 1 },
		{ .engine = "leveldb", .w = w, .is_to_the_end = 1 }
	};
	double				mb;

	qt_store_settings_init(&s);
	s.mode = QT_STORE_ASYNC;
	c[0].w.settings = &s;
	store_enter(opt);
	store_race(c, 2, "bulk load", opt);
	store_leave();
	mb = (double)c[0].last.memory / 1e6;
	store_race_row(r, opt, c, 1, &(struct turns_row){
		.name = "bulk load, 10 times the records",
		.peer_name = "LevelDB", .figure = TURNS_SPEEDS, .bound = 1 });
	report_add(r, &(struct report_row){
		.name = "bulk load: memory", .unit = "MB", .ours = mb,
		.peer = (double)c[1].last.memory / 1e6,
		.peer_name = c[1].why_not == NULL ? "LevelDB" : NULL,
		.figure = mb, .figure_name = "MB", .rule = REPORT_AT_MOST,
		.bound = memory_bound(&s) });
}

static void
amplify_row(struct report *r, const char *name, const uint64_t bytes[2],
    double of)
{
	report_add(r, &(struct report_row){ .name = name, .unit = "times",
		.ours = (double)bytes[0] / of, .peer = (double)bytes[1] / of,
		.peer_name = "LevelDB", .figure = (double)bytes[0] /
		    (double)(bytes[1] != 0 ? bytes[1] : 1),
		.figure_name = "ratio", .rule = REPORT_AT_MOST, .bound = 1 });
}

void
row_store_amplify(struct report *r, const struct bench_opt *opt)
{
	static const char		written[] = "bytes written by a byte put";
	static const char		kept[] = "bytes kept by a byte there";
	struct qt_store_settings	s;
	struct bench_opt		once = *opt;
	struct work			w = { .kind = WORK_OVERWRITE,
	    .members = 1, .records = opt->items, .ops = TIMES * opt->items };
	struct racer			c[] = { { .engine = OURS, .w = w },
	    { .engine = "leveldb", .w = w } };

	/* What is counted is the same each time. */
	once.rounds = 1;
	qt_store_settings_init(&s);
	s.mode = QT_STORE_ASYNC;
	c[0].w.settings = &s;
	store_enter(opt);
	store_race(c, 2, "overwritten", &once);
	store_leave();
	if (c[1].why_not != NULL) {
		report_skip(r, written, c[1].why_not);
		report_skip(r, kept, c[1].why_not);
		return;
	}
	amplify_row(r, written, (uint64_t [2]){ c[0].last.written,
	    c[1].last.written }, RECORD * (double)opt->items * (TIMES + 1));
	amplify_row(r, kept, (uint64_t [2]){ c[0].last.disk,
	    c[1].last.disk }, RECORD * (double)opt->items);
}
