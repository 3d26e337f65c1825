/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_BENCH_ROWS_H
#define QT_BENCH_ROWS_H

#include <stdint.h>

#include <qt/base/prog.h>
#include <qt/session/client.h>

#include "report.h"
#include "world.h"

#define ROUNDS_MAX	16
#define ITEMS_MAX	10000000

/* How much to measure; options of the verbs. */
struct bench_opt {
	uint64_t	bytes;		/* of a flood */
	uint32_t	idle;		/* sessions, or WebSockets */
	uint32_t	rounds;		/* of whatever is repeated; medians */
	uint64_t	items;		/* of a round of `qt-bench shm` */
	const char	*dir;		/* of store, hist; NULL: as usual */
	const char	*commands;	/* of `qt-bench hist`; NULL: made up */
	int		is_quick;
	/* Said before the rows, or NULL. */
	void		(*before)(struct report *r,
			    const struct bench_opt *opt);
};

/* A verb's rows end with a NULL name. */
struct bench_row {
	const char	*name;
	void		(*run)(struct report *r, const struct bench_opt *opt);
};

#define BENCH_OPTS(what) {						\
	{ 'J', "json", NULL, "print one JSON array" },			\
	{ 'b', "bytes", "SIZE", "of each flood (default 200M)" },	\
	{ 'i', "idle", "N", "idle " what " (default 10000)" },		\
	{ 'r', "rounds", "N", "repeat, take medians (default 3)" },	\
	{ 0, NULL, NULL, NULL },					\
}
#define BENCH_DEFAULTS	{ .bytes = 200u << 20, .idle = 10000, .rounds = 3 }

/*
 * verb.c: reads those options, of which defaults says what is not given, and
 * runs the rows that are named, or all.
 */
int	bench_main(const struct qt_verb *verb, const struct bench_row *rows,
	    const struct bench_opt *defaults, uint32_t idle_max, int argc,
	    char **argv);

/* One row each; see the table in qt-bench(1). */
void	row_session_flow(struct report *r, const struct bench_opt *opt);
void	row_session_idle(struct report *r, const struct bench_opt *opt);
void	row_session_new(struct report *r, const struct bench_opt *opt);
void	row_session_stopped(struct report *r, const struct bench_opt *opt);
void	row_session_viewers(struct report *r, const struct bench_opt *opt);
void	row_ws_flow(struct report *r, const struct bench_opt *opt);
void	row_ws_echo(struct report *r, const struct bench_opt *opt);
void	row_ws_idle(struct report *r, const struct bench_opt *opt);

/*
 * flow.c: a flood of lines by some way, and by a bare pty in turns. once
 * returns bytes a second that arrived and adds those that were skipped.
 */
struct bench_flood {
	const char	*name;
	const char	*progress;
	double		 bound;		/* least ratio to the bare pty */
	double		(*once)(const struct world *w, uint64_t bytes,
			    uint64_t *skipped);
};
/* The world is started; this ends it. */
void	flood_row(struct report *r, const struct bench_opt *opt,
	    const struct bench_flood *flood, struct world *w);

/* A session that runs argv; dies when the host refuses. */
void	session_new(struct qt_client *c, char *const *argv,
	    struct qt_uuid *id);

/* A viewer of one session, in this process. */
struct viewer {
	struct qt_client	*client;
	struct qt_view		*view;
	uint64_t		 bytes, skipped;
};
void	viewer_open(struct viewer *v, const struct qt_uuid *id);
/* Reads until the session exits, or until bytes >= stop_at. */
void	viewer_run(struct viewer *v, uint64_t stop_at);
void	viewer_close(struct viewer *v);

int	double_compare(const void *a, const void *b);
double	median(double *values, uint32_t count);

#endif /* QT_BENCH_ROWS_H */
