/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which class of growth measurements belong to. See fit.h.
 *
 * Least squares with coefficients that must not be negative: of at most three
 * terms there are at most seven sets to be the positive ones. Each is solved
 * by the normal equations, and the best whose solution is positive is taken.
 */

#include <float.h>
#include <math.h>
#include <string.h>

#include "fit.h"

static double
growth(enum fit_class f, double n)
{
	switch (f) {
	case FIT_LOG:	return log2(n);
	case FIT_N:	return n;
	case FIT_NLOG:	return n * log2(n);
	case FIT_N2:	return n * n;
	default:	return 1;
	}
}

const char *
fit_name(enum fit_class f)
{
	static const char *const names[] = {
		"O(1)", "O(log n)", "O(n)", "O(n log n)", "O(n^2)"
	};

	return names[f];
}

static void
terms_at(enum fit_class f, double n, double memory, double out[FIT_TERMS])
{
	out[0] = 1;
	out[1] = f == FIT_1 ? 0 : growth(f, n);	/* would be the first again */
	out[2] = growth(f, n) * memory;
}

double
fit_at(const struct fit *fit, enum fit_class f, double n, double memory)
{
	double	terms[FIT_TERMS], sum = 0;

	terms_at(f, n, memory, terms);
	for (size_t i = 0; i < FIT_TERMS; i++)
		sum += fit->terms[f][i] * terms[i];
	return sum;
}

/* The measurements of one fit. */
struct points {
	const double	*n, *cost, *memory;
	size_t		 count;
};

static double
memory_at(const struct points *p, size_t i)
{
	return p->memory != NULL ? p->memory[i] : 0;
}

static double
error_of(const struct fit *fit, enum fit_class f, const struct points *p)
{
	double	sum = 0;

	for (size_t i = 0; i < p->count; i++) {
		double	r = fit_at(fit, f, p->n[i], memory_at(p, i)) /
		    p->cost[i] - 1;

		sum += r * r;
	}
	return sqrt(sum / (double)p->count);
}

/* Gauss; 0 when there is no single solution. */
static int
solve(double a[FIT_TERMS][FIT_TERMS + 1], size_t size, double x[FIT_TERMS])
{
	for (size_t i = 0; i < size; i++) {
		if (fabs(a[i][i]) < 1e-12)
			return 0;
		for (size_t j = 0; j < size; j++) {
			double	k = a[j][i] / a[i][i];

			for (size_t c = i; j != i && c <= size; c++)
				a[j][c] -= k * a[i][c];
		}
	}
	for (size_t i = 0; i < size; i++)
		x[i] = a[i][size] / a[i][i];
	return 1;
}

/*
 * The normal equations of the terms in set, each scaled so that it is 1 at
 * most: n^2 beside 1 would leave nothing of a double.
 */
static int
solve_set(double out[FIT_TERMS], enum fit_class f, unsigned int set,
    const struct points *p)
{
	double	a[FIT_TERMS][FIT_TERMS + 1], x[FIT_TERMS];
	double	scale[FIT_TERMS] = { 0 }, row[FIT_TERMS];
	size_t	which[FIT_TERMS], size = 0;

	memset(a, 0, sizeof(a));
	memset(out, 0, FIT_TERMS * sizeof(*out));
	for (size_t i = 0; i < FIT_TERMS; i++)
		if (set >> i & 1)
			which[size++] = i;
	for (size_t i = 0; i < p->count; i++) {
		terms_at(f, p->n[i], memory_at(p, i), row);
		for (size_t t = 0; t < FIT_TERMS; t++)
			scale[t] = fmax(scale[t], row[t] / p->cost[i]);
	}
	for (size_t t = 0; t < size; t++)
		if (scale[which[t]] <= 0)
			return 0;
	for (size_t i = 0; i < p->count; i++) {
		terms_at(f, p->n[i], memory_at(p, i), row);
		for (size_t r = 0; r < size; r++) {
			double	left = row[which[r]] / p->cost[i] /
			    scale[which[r]];

			for (size_t c = 0; c < size; c++)
				a[r][c] += left * row[which[c]] / p->cost[i] /
				    scale[which[c]];
			a[r][size] += left;
		}
	}
	if (!solve(a, size, x))
		return 0;
	for (size_t t = 0; t < size; t++) {
		if (x[t] < 0)
			return 0;
		out[which[t]] = x[t] / scale[which[t]];
	}
	return 1;
}

static void
fit_class(struct fit *fit, enum fit_class f, const struct points *p)
{
	struct fit	best, now;

	best.error[f] = DBL_MAX;
	for (unsigned int set = 1; set < 1u << FIT_TERMS; set++) {
		if (!solve_set(now.terms[f], f, set, p))
			continue;
		now.error[f] = error_of(&now, f, p);
		if (now.error[f] < best.error[f])
			best = now;
	}
	fit->error[f] = best.error[f];
	memcpy(fit->terms[f], best.terms[f], sizeof(best.terms[f]));
}

int
fit_growth(struct fit *out, const double *n, const double *cost,
    const double *memory, size_t count)
{
	struct points	p = { .n = n, .cost = cost, .memory = memory,
	    .count = count };
	double		best = DBL_MAX;
	int		f;

	if (count < FIT_POINTS_MIN)
		return -1;
	for (size_t i = 0; i < count; i++)
		if (!(n[i] > 1) || !(cost[i] > 0) || !isfinite(cost[i]))
			return -1;
	memset(out, 0, sizeof(*out));
	for (f = 0; f < FIT_COUNT_; f++) {
		fit_class(out, (enum fit_class)f, &p);
		best = fmin(best, out->error[f]);
	}
	for (f = 0; out->error[f] > best * FIT_SLACK + FIT_GRAIN; f++)
		;
	out->class = (enum fit_class)f;
	return 0;
}
