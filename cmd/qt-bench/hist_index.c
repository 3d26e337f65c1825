/* SPDX-License-Identifier: Apache-2.0 */
/* Rows: the index is made anew, its memory, and completion from it. */

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include <qt/base/clock.h>
#include <qt/hist/index.h>

#include "hist_rows.h"
#include "process.h"
#include "shm_rows.h"

#define REPEAT	200u		/* completions of a prefix */

static double
ms_since(uint64_t start_ns)
{
	return (double)(qt_clock_mono_ns() - start_ns) / 1e6;
}

/* --- Made anew ------------------------------------------------------------ */

struct rebuild {
	uint32_t		rounds;
	double			ms[ROUNDS_MAX], cpu_ms;
	double			more_ms;	/* for one event */
	struct qt_hist_index_stat stat;
};

static void
one_more(struct rebuild *b, struct qt_hist_db *db, struct qt_hist_index **ix,
    const char *path)
{
	struct qt_hist_event	e = { .id = UINT64_MAX,
	    .start_us = UINT64_C(1900000000000000), .text = { "true 1", 6 },
	    .cwd = { "/", 1 }, .root = { "", 0 }, .host = { "laptop", 6 },
	    .user = { "user", 4 }, .tty = { "", 0 }, .shell = { "bash", 4 },
	    .session = { "1-1", 3 }, .qt_session = { "", 0 } };
	struct qt_err		err = QT_ERR_INIT;
	uint64_t		start;

	hist_must(qt_hist_db_add(db, &e, 1, NULL, 0, &err), "add an event",
	    &err);
	start = qt_clock_mono_ns();
	hist_must(qt_hist_index_update(ix, db, path, NULL, &err),
	    "add to the index", &err);
	b->more_ms = ms_since(start);
}

static void
rebuild(void *arg)
{
	struct rebuild		*b = arg;
	struct qt_hist_db	*db;
	struct qt_hist_index	*ix = NULL;
	struct qt_err		 err = QT_ERR_INIT;
	char			 path[QT_PATH_SIZE];
	uint64_t		 start;
	clock_t			 cpu;

	hist_must(qt_hist_db_open(&db, hist_path(HIST_STORE, path), false,
	    &err), "open the history", &err);
	for (uint32_t i = 0; i < b->rounds; i++) {
		report_progress("the index is made: %u of %u", i + 1,
		    b->rounds);
		qt_hist_index_close(ix);
		ix = NULL;
		(void)qt_hist_index_remove(path);
		start = qt_clock_mono_ns();
		cpu = clock();
		hist_must(qt_hist_index_update(&ix, db, path, NULL, &err),
		    "make an index", &err);
		b->ms[i] = ms_since(start);
		b->cpu_ms = (double)(clock() - cpu) * 1e3 / CLOCKS_PER_SEC;
	}
	qt_hist_index_stat(ix, &b->stat);
	one_more(b, db, &ix, path);
	qt_hist_index_close(ix);
	hist_must(qt_hist_db_close(db, &err), "close the history", &err);
	report_progress("%s", "");
}

void
row_hist_rebuild(struct report *r, const struct bench_opt *opt)
{
	struct rebuild	*b = shm_shared(sizeof(*b));
	char		 note[128];
	double		 middle;

	hist_make(opt);
	b->rounds = opt->rounds;
	hist_in_child(rebuild, b);
	middle = median(b->ms, b->rounds);
	snprintf(note, sizeof(note), "%u events, %u commands; the last took "
	    "%.0f ms of a processor; one more event: %.3f ms", b->stat.events,
	    b->stat.commands, b->cpu_ms, b->more_ms);
	report_add(r, &(struct report_row){
		.name = "index, made of the store", .unit = "ms",
		.ours = middle, .figure = middle / 1e3, .figure_name = "s",
		.rule = REPORT_AT_MOST, .bound = 1, .rounds = b->rounds,
		.low = b->ms[0] / 1e3, .high = b->ms[b->rounds - 1] / 1e3,
		.note = note });
	report_add(r, &(struct report_row){
		.name = "index, memory", .unit = "MB",
		.ours = (double)b->stat.used / 1e6,
		.figure = (double)b->stat.used / 1e6, .figure_name = "MB",
		.rule = REPORT_AT_MOST, .bound = 150 });
	munmap(b, sizeof(*b));
}

/* --- Completion ----------------------------------------------------------- */

static const char *const prefixes[] = { "", "g", "git", "find .",
    "find . -type f -name", "docker", "zzznone" };
#define PREFIXES	(sizeof(prefixes) / sizeof(prefixes[0]))

struct complete {
	uint32_t	rounds;
	double		ms[ROUNDS_MAX];		/* the slowest prefix's median */
	double		open_ms[ROUNDS_MAX];	/* the first one, and to open it */
	const char	*which;
	uint32_t	found;
};

static void
complete(void *arg)
{
	static struct qt_hist_completion	out[20];
	struct complete			*c = arg;
	struct qt_hist_index		*ix;
	struct qt_err			 err = QT_ERR_INIT;
	char				 path[QT_PATH_SIZE];
	double				 ms[REPEAT], middle;
	uint64_t			 start;
	uint32_t			 n = 0;

	hist_path(HIST_STORE, path);
	for (uint32_t i = 0; i < c->rounds * PREFIXES; i++) {
		const char	*p = prefixes[i % PREFIXES];
		uint32_t	 round = i / PREFIXES;

		start = cpu_ns();
		hist_must(qt_hist_index_open(&ix, path, &err),
		    "open the index", &err);
		for (uint32_t k = 0; k < REPEAT; k++) {
			n = qt_hist_index_complete(ix, QT_HIST_COMMANDS, p,
			    strlen(p), out, 20);
			ms[k] = (double)(cpu_ns() - start) / 1e6;
			start = cpu_ns();
		}
		qt_hist_index_close(ix);
		if (ms[0] > c->open_ms[round])
			c->open_ms[round] = ms[0];
		middle = median(ms, REPEAT);
		if (middle > c->ms[round]) {
			c->ms[round] = middle;
			c->which = p;
			c->found = n;
		}
	}
}

#define PROCESSES	50u		/* a round */

static void
report_process(struct report *r, const struct bench_opt *opt)
{
	static const char	name[] = "  qt-hist complete, a process";
	char			ours[QT_PATH_SIZE], peer[QT_PATH_SIZE];
	char			*argv[] = { ours, (char *)"complete",
	    (char *)"-c", (char *)"git", NULL };
	char			*nothing[] = { peer, NULL };
	double			ms[ROUNDS_MAX], peer_ms[ROUNDS_MAX];
	double			a[PROCESSES], b[PROCESSES], middle;
	const char		*why_not = process_find_nothing(peer);

	if (!process_find(ours, "qt-hist"))
		why_not = "qt-hist is not beside qt-bench";
	if (why_not != NULL) {
		report_skip(r, name, why_not);
		return;
	}
	for (uint32_t i = 0; i < opt->rounds; i++) {
		for (uint32_t k = 0; k < PROCESSES; k++) {
			(void)process_run(argv, &a[k]);
			(void)process_run(nothing, &b[k]);
		}
		ms[i] = median(a, PROCESSES) / 1e6;
		peer_ms[i] = median(b, PROCESSES) / 1e6;
	}
	middle = median(ms, opt->rounds);
	report_add(r, &(struct report_row){
		.name = name, .unit = "ms", .ours = middle,
		.peer = median(peer_ms, opt->rounds),
		.peer_name = "a static program that does nothing",
		.figure = middle, .figure_name = "ms", .rule = REPORT_AT_MOST,
		.bound = 1, .rounds = opt->rounds, .low = ms[0],
		.high = ms[opt->rounds - 1] });
}

void
row_hist_complete(struct report *r, const struct bench_opt *opt)
{
	struct complete	*c = shm_shared(sizeof(*c));
	char		 note[128];
	double		 middle;

	hist_make(opt);
	c->rounds = opt->rounds;
	hist_in_child(complete, c);
	middle = median(c->ms, c->rounds);
	snprintf(note, sizeof(note), "the slowest of %zu prefixes: '%s', %u "
	    "found", PREFIXES, c->which, c->found);
	report_add(r, &(struct report_row){
		.name = "complete a prefix", .unit = "us",
		.ours = middle * 1e3, .figure = middle, .figure_name = "ms",
		.rule = REPORT_AT_MOST, .bound = 1, .rounds = c->rounds,
		.low = c->ms[0], .high = c->ms[c->rounds - 1], .note = note });
	middle = median(c->open_ms, c->rounds);
	report_add(r, &(struct report_row){
		.name = "  the first one, and to open the index",
		.unit = "us", .ours = middle * 1e3, .figure = middle,
		.figure_name = "ms", .rule = REPORT_AT_MOST, .bound = 1,
		.rounds = c->rounds, .low = c->open_ms[0],
		.high = c->open_ms[c->rounds - 1] });
	munmap(c, sizeof(*c));
	report_process(r, opt);
}
