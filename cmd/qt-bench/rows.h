/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_BENCH_ROWS_H
#define QT_BENCH_ROWS_H

#include <stdint.h>

#include <qt/session/client.h>

#include "report.h"

/* How much to measure; options of `qt-bench session` and `qt-bench ws`. */
struct bench_opt {
	uint64_t	bytes;		/* of a flood */
	uint32_t	idle;		/* sessions, or WebSockets */
	uint32_t	rounds;		/* of whatever is repeated; medians */
};

/* One row each; see the table in qt-bench(1). */
void	row_session_flow(struct report *r, const struct bench_opt *opt);
void	row_session_idle(struct report *r, const struct bench_opt *opt);
void	row_session_new(struct report *r, const struct bench_opt *opt);
void	row_session_stopped(struct report *r, const struct bench_opt *opt);
void	row_session_viewers(struct report *r, const struct bench_opt *opt);
void	row_ws_flow(struct report *r, const struct bench_opt *opt);
void	row_ws_echo(struct report *r, const struct bench_opt *opt);
void	row_ws_idle(struct report *r, const struct bench_opt *opt);

/* Bytes a second of `qt-bench lines` through a pty that we read: the limit. */
double	bare_pty(uint64_t bytes);

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
