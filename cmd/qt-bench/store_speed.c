/* SPDX-License-Identifier: Apache-2.0 */
/* Rows: puts and gets of the store, beside other engines. */

#include "store_rows.h"

#define TEAM	16u

void
row_store_get(struct report *r, const struct bench_opt *opt)
{
	struct qt_store_settings	s;
	struct work			w = { .kind = WORK_GET, .members = 1,
	    .records = opt->items, .settings = &s,
	    .seconds = store_seconds(opt) };
	struct racer			one[] = {
		{ .engine = OURS, .w = w }, { .engine = "lmdb", .w = w }
	};
	struct racer			two[] = { { .engine = OURS, .w = w } };

	two[0].w.members = 2;
	two[0].w.ops = 4 * opt->items;
	one[0].w.ops = 4 * opt->items;
	store_in_memory(&s, QT_STORE_ASYNC, opt->items);
	store_enter(opt);
	store_load(OURS, opt, &s);
	store_load("lmdb", opt, NULL);
	store_race(one, 2, "get", opt);
	store_race(two, 1, "get, two threads", opt);
	store_leave();
	store_race_row(r, opt, one, 1, &(struct turns_row){
		.name = "get, in memory", .peer_name = "LMDB",
		.figure = TURNS_SPEEDS, .bound = 5 });
	store_race_row(r, opt, two, 0, &(struct turns_row){
		.name = "get, in memory, two threads",
		.figure = TURNS_RATE, .bound = 5 });
}

static void
put_rows(struct report *r, const struct bench_opt *opt,
    const struct racer *memory, const struct racer *async)
{
	store_race_row(r, opt, memory, 0, &(struct turns_row){
		.name = "put, mode memory", .figure = TURNS_RATE,
		.bound = 2.5 });
	store_race_row(r, opt, async, 0, &(struct turns_row){
		.name = "put, mode async", .figure = TURNS_RATE,
		.bound = 2 });
	store_race_row(r, opt, async, 1, &(struct turns_row){
		.name = "put, mode async, with its log",
		.peer_name = "Tkrzw's hash, without a log",
		.figure = TURNS_SPEEDS, .bound = 1.5 });
}

void
row_store_put(struct report *r, const struct bench_opt *opt)
{
	struct qt_store_settings	m, a;
	struct work			w = { .kind = WORK_LOAD, .members = 1,
	    .records = opt->items };
	struct racer			memory[] = {
		{ .engine = OURS, .w = w }
	};
	struct racer			async[] = {
		{ .engine = OURS, .w = w }, { .engine = "tkrzw", .w = w }
	};

	store_in_memory(&m, QT_STORE_MEMORY, opt->items);
	store_in_memory(&a, QT_STORE_ASYNC, opt->items);
	memory[0].w.settings = &m;
	async[0].w.settings = &a;
	store_enter(opt);
	store_race(memory, 1, "put, mode memory", opt);
	store_race(async, 2, "put, mode async", opt);
	store_leave();
	put_rows(r, opt, memory, async);
}

void
row_store_sync(struct report *r, const struct bench_opt *opt)
{
	struct work	w = { .kind = WORK_LOAD, .members = 1, .is_sync = 1,
	    .records = opt->items, .seconds = store_seconds(opt) };
	struct racer	c[] = { { .engine = OURS, .w = w },
	    { .engine = "leveldb", .w = w }, { .engine = "append", .w = w } };

	store_enter(opt);
	store_race(c, 3, "put, synced", opt);
	store_leave();
	store_race_row(r, opt, c, 1, &(struct turns_row){
		.name = "put, synced, one writer", .peer_name = "LevelDB",
		.figure = TURNS_SPEEDS, .bound = 1 });
	store_race_row(r, opt, c, 2, &(struct turns_row){
		.name = "put, synced, one writer",
		.peer_name = "bare append and fdatasync",
		.figure = TURNS_SPEEDS, .bound = 0.8 });
}

void
row_store_team(struct report *r, const struct bench_opt *opt)
{
	struct work	w = { .kind = WORK_LOAD, .members = TEAM, .is_sync = 1,
	    .records = opt->items, .seconds = store_seconds(opt) };
	struct racer	c[] = { { .engine = OURS, .w = w },
	    { .engine = "rocksdb", .w = w } };

	c[0].w.is_processes = 1;
	store_enter(opt);
	store_race(c, 2, "put, synced, 16 writers", opt);
	store_leave();
	store_race_row(r, opt, c, 1, &(struct turns_row){
		.name = "put, synced, 16 processes",
		.peer_name = "RocksDB, 16 threads",
		.figure = TURNS_SPEEDS, .bound = 2 });
}

void
row_store_mixed(struct report *r, const struct bench_opt *opt)
{
	struct qt_store_settings	s;
	struct work			w = { .kind = WORK_MIXED, .members = 1,
	    .records = opt->items, .settings = &s,
	    .seconds = store_seconds(opt) };
	struct racer			c[] = { { .engine = OURS, .w = w },
	    { .engine = "tkrzw", .w = w } };
	const char			*peer = store_why_not("tkrzw") == NULL ?
	    "Tkrzw's hash, without a log" : NULL;

	/* Room for what is overwritten, too. */
	store_in_memory(&s, QT_STORE_ASYNC, 2 * opt->items);
	store_enter(opt);
	store_load(OURS, opt, &s);
	store_load("tkrzw", opt, NULL);
	store_race(c, 2, "mixed", opt);
	store_leave();
	store_race_row(r, opt, c, peer != NULL, &(struct turns_row){
		.name = "get and put in turns, async", .peer_name = peer,
		.figure = TURNS_RATE, .bound = 1.5 });
}
