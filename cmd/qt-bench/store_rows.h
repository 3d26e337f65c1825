/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_BENCH_STORE_ROWS_H
#define QT_BENCH_STORE_ROWS_H

#include <qt/base/path.h>
#include <qt/store/store.h>

#include "rows.h"
#include "shm_rows.h"
#include "work.h"

/* What the rows of `qt-bench store` share. */

/* One row of the table in qt-bench(1) each, or two. */
void	row_store_get(struct report *r, const struct bench_opt *opt);
void	row_store_put(struct report *r, const struct bench_opt *opt);
void	row_store_sync(struct report *r, const struct bench_opt *opt);
void	row_store_team(struct report *r, const struct bench_opt *opt);
void	row_store_mixed(struct report *r, const struct bench_opt *opt);
void	row_store_runs(struct report *r, const struct bench_opt *opt);
void	row_store_scan(struct report *r, const struct bench_opt *opt);
void	row_store_process(struct report *r, const struct bench_opt *opt);
void	row_store_shells(struct report *r, const struct bench_opt *opt);
void	row_store_recover(struct report *r, const struct bench_opt *opt);
void	row_store_bulk(struct report *r, const struct bench_opt *opt);
void	row_store_amplify(struct report *r, const struct bench_opt *opt);

/* store_engine.c: ours; the settings of its work are qt_store_settings. */
extern const struct work_engine store_engine;
#define OURS	"qt"

/* So that all records are in memory, whatever their number. */
void	store_in_memory(struct qt_store_settings *s, enum qt_store_mode mode,
	    uint64_t records);

/*
 * store_place.c: a folder of the row, under the one of -d; everything in it,
 * and the shared memory of stores in it, is gone after store_leave(), and when
 * the program ends by a signal that it can catch.
 */
void	store_enter(const struct bench_opt *opt);
void	store_leave(void);
/* The folder of an engine, in that of the row. */
const char *store_path(const char *engine, char out[QT_PATH_SIZE]);
/* Removes such a folder, and a store's memory with it. */
void	store_remove(const char *path);
/*
 * As after a reboot: nothing of the store is in memory. Nobody may have it
 * open. Of a folder that is no store nothing is done.
 */
void	store_forget(const char *path);
/* "ext4"; whether it is kept in memory anyway. */
const char *store_file_system(const struct bench_opt *opt, int *is_memory);

/*
 * store_race.c: engines that do the same work in turns, each run in a process
 * of its own: ours in a child, a peer's program by its command line.
 */
#define RACERS	4u
struct racer {
	const char	*engine;
	struct work	 w;		/* dir is set by store_race() */
	int		 is_to_the_end;	/* until all is durable and closed */
	const char	*why_not;	/* there is no such peer here, or NULL */
	double		 ns[ROUNDS_MAX];	/* an operation */
	struct work_result last;
};
/* Dies when it fails. Returns 0, or -1 when there is no such peer. */
int	store_work(const char *engine, const struct work *w,
	    struct work_result *out);
/* Whether it could be run. NULL, or why not. */
const char *store_why_not(const char *engine);
/* What is done for some time only. */
double	store_seconds(const struct bench_opt *opt);
/* Loads what is read later: not a measurement. */
void	store_load(const char *engine, const struct bench_opt *opt,
	    const void *settings);
/* As many rounds; a load is into a new folder, others use what is there. */
void	store_race(struct racer *racers, size_t count, const char *what,
	    const struct bench_opt *opt);
/* racers[0] beside racers[i], or alone for 0; skipped without the peer. */
void	store_race_row(struct report *r, const struct bench_opt *opt,
	    const struct racer *racers, size_t i, const struct turns_row *row);

#endif /* QT_BENCH_STORE_ROWS_H */
