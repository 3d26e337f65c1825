/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_BENCH_HIST_ROWS_H
#define QT_BENCH_HIST_ROWS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <qt/base/path.h>
#include <qt/hist/db.h>

#include "rows.h"

/* What the rows of `qt-bench hist` share. */

/* One row of the table in qt-bench(1) each, or more. */
void	row_hist_prompt(struct report *r, const struct bench_opt *opt);
void	row_hist_pick(struct report *r, const struct bench_opt *opt);
void	row_hist_keys(struct report *r, const struct bench_opt *opt);
void	row_hist_search(struct report *r, const struct bench_opt *opt);
void	row_hist_complete(struct report *r, const struct bench_opt *opt);
void	row_hist_import(struct report *r, const struct bench_opt *opt);
void	row_hist_rebuild(struct report *r, const struct bench_opt *opt);

/* --- hist_lines.c, hist_data.c: commands, and when and where they ran ------ */

/* xorshift64* (S. Vigna, 2016); below > 0. */
uint64_t hist_draw(uint64_t *state, uint64_t below);

/* A command line such as people type, made up. */
#define HIST_LINE_SIZE	256
void	hist_line(char line[HIST_LINE_SIZE], uint64_t *state);

/*
 * Commands with ranks, from 0: the command of rank k is drawn by Zipf's law, in
 * proportion to 1 / (k + 1), but each once at least. They are the lines of a
 * file, or are made up; more of them are made by replacing a word of one by
 * another's. The same numbers, the same file: the same commands.
 */
struct hist_data {
	char		**commands;
	double		 *sums;
	size_t		  distinct;
	uint64_t	  events;
	uint64_t	  state;
};
void	hist_data_start(struct hist_data *d, const char *file,
	    uint64_t events);
void	hist_data_clear(struct hist_data *d);
/* That of the next event, number i of all. */
const char *hist_data_command(struct hist_data *d, uint64_t i);
/* All of it. What it borrows from is d's, and static until as many calls later. */
#define HIST_DATA_BATCH	4096u
#define HIST_LAST	"true the last of all"	/* the last one's command */
void	hist_data_event(struct hist_data *d, uint64_t i,
	    struct qt_hist_event *e);

/* --- hist_place.c: the world that the rows are measured in ---------------- */

/*
 * A folder as store_enter()'s, in it a history and a runtime folder, to which
 * QT_HIST and QT_RUNTIME_DIR point. All of it is gone after hist_leave(), and
 * when the program ends by a signal that it can catch. It may be entered again
 * and again.
 */
void	hist_enter(const struct bench_opt *opt);
void	hist_leave(void);
/* A file in it, or a folder. */
const char *hist_path(const char *name, char out[QT_PATH_SIZE]);

/*
 * The history, with its index: opt->items events, made when it is asked for the
 * first time.
 */
void	hist_make(const struct bench_opt *opt);
/* The folder of its store; and a file with all its commands, a line each. */
#define HIST_STORE	"hist/store"
#define HIST_FILE	"history"

/* Runs it in a process of its own, which leaves no memory behind here. */
void	hist_in_child(void (*run)(void *arg), void *arg);
/* Ends the program, when rc is negative. */
void	hist_must(int rc, const char *what, const struct qt_err *err);

/* --- hist_pty.c: programs in a terminal ----------------------------------- */

struct hist_pty {
	pid_t	pid;
	int	fd;
};
/* argv[0] is looked for in PATH. */
void	hist_pty_open(struct hist_pty *p, char *const *argv);
void	hist_pty_send(const struct hist_pty *p, const char *text);
/* Reads until it shows text: 0; -1 when it ended, or showed none in 10 s. */
int	hist_pty_wait(const struct hist_pty *p, const char *text);
void	hist_pty_close(struct hist_pty *p);

/* --- hist.c --------------------------------------------------------------- */

/* The values are sorted. of: 0.999, say. */
double	percentile(double *values, size_t count, double of);

#endif /* QT_BENCH_HIST_ROWS_H */
