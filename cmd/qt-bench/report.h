/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_BENCH_REPORT_H
#define QT_BENCH_REPORT_H

#include <stdint.h>
#include <stdio.h>

/*
 * Results: one row a promise, each a figure beside the peer or limit that it
 * is held against in the same run. The table goes to stdout as rows arrive;
 * with -J it is one JSON array at the end.
 */
enum report_rule {
	REPORT_AT_LEAST,	/* figure >= bound */
	REPORT_AT_MOST,		/* figure <= bound */
};

struct report_row {
	const char	*name;
	const char	*unit;		/* of ours and peer's */
	double		 ours, peer;	/* peer 0: none */
	const char	*peer_name;
	double		 figure;	/* what the bound applies to */
	const char	*figure_name;	/* "ratio", "p50 ms", ... */
	enum report_rule rule;
	double		 bound;
	const char	*note;		/* or NULL */
	uint32_t	 rounds;	/* figure is the median of; 0: not said */
	double		 low, high;	/* the figures of those rounds */
};

struct report {
	int	is_json;
	int	count, missed, skipped;
};

void	report_start(struct report *r, int is_json);
void	report_add(struct report *r, const struct report_row *row);
/* A row that could not be measured here, and why. Counts as missed. */
void	report_cannot(struct report *r, const char *name, const char *why);
/* A row that has no peer here, and why. Not missed. */
void	report_skip(struct report *r, const char *name, const char *why);
/* Something that is no row and has no verdict. */
void	report_say(struct report *r, const char *name, const char *what);
/* QT_EXIT_OK when every bound was reached, else QT_EXIT_NO. */
int	report_end(struct report *r);

/* Progress on stderr when it is a terminal. */
void	report_progress(const char *fmt, ...)
	    __attribute__((format(printf, 1, 2)));

#endif /* QT_BENCH_REPORT_H */
