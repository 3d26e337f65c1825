/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_BENCH_FIT_H
#define QT_BENCH_FIT_H

#include <stddef.h>

/*
 * How fast something grows with n, from measurements.
 *
 * For each class f the cost is taken to be a + b f(n), a and b >= 0, fitted by
 * least squares of the residuals relative to what was measured; the error of
 * a class is their root mean square. The answer is the slowest-growing class
 * that is not clearly worse than the best one: at most FIT_SLACK times its
 * error and FIT_GRAIN more.
 *
 * Time also grows because what is read lies in slower and slower memory. With
 * memory[i], what one read takes among as much data as at n[i], the cost is
 * a + b f(n) + c f(n) memory(n): each of the steps may hold a read.
 */
enum fit_class { FIT_1, FIT_LOG, FIT_N, FIT_NLOG, FIT_N2, FIT_COUNT_ };

#define FIT_SLACK	1.5
#define FIT_GRAIN	0.02
#define FIT_TERMS	3u
#define FIT_POINTS_MIN	3u

struct fit {
	enum fit_class	class;
	double		error[FIT_COUNT_];	/* relative: 0.05 is 5 % */
	double		terms[FIT_COUNT_][FIT_TERMS];	/* a, b, c */
};

/*
 * n > 1 and cost > 0, count of each; memory may be NULL. 0, or -1 for fewer
 * than FIT_POINTS_MIN points or for numbers that are none of those.
 */
int	fit_growth(struct fit *out, const double *n, const double *cost,
	    const double *memory, size_t count);
/* What the class f of a fit says for n. */
double	fit_at(const struct fit *fit, enum fit_class f, double n,
	    double memory);
const char *fit_name(enum fit_class f);		/* "O(log n)" */

#endif /* QT_BENCH_FIT_H */
