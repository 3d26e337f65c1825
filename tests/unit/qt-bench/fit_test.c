/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of cmd/qt-bench/fit.h: classes of growth told apart, noise or not. */

#include <math.h>
#include <stdint.h>

#include "../../../cmd/qt-bench/fit.h"
#include "../test.h"

#define POINTS	9u	/* 10^3 to 10^7 by half decades */
#define SEEDS	200u

static double	n[POINTS], cost[POINTS], memory[POINTS];

static void
sizes(void)
{
	for (size_t i = 0; i < POINTS; i++)
		n[i] = pow(10, 3 + (double)i / 2);
}

/* Between -1 and 1. */
static double
noise(uint64_t *state)
{
	*state = *state * UINT64_C(6364136223846793005) + 1442695040888963407u;
	return (double)(int64_t)(*state >> 11) / (double)(1ll << 52) - 1;
}

static double
f_of(enum fit_class f, double x)
{
	const double	values[] = { 1, log2(x), x, x * log2(x), x * x };

	return values[f];
}

/* How many seeds out of SEEDS give another class than the true one. */
static unsigned int
wrong(enum fit_class f, double fixed, double by, size_t count)
{
	unsigned int	bad = 0;
	struct fit	fit;

	sizes();
	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		uint64_t	dice = seed * 7919;

		for (size_t i = 0; i < count; i++)
			cost[i] = (fixed * f_of(f, n[0]) + 3 * f_of(f, n[i])) *
			    (1 + by * noise(&dice));
		assert_int_equal(fit_growth(&fit, n, cost, NULL, count), 0);
		bad += fit.class != f;
	}
	return bad;
}

QT_TEST(each_class_is_told_without_noise)
{
	(void)state;
	for (int f = 0; f < FIT_COUNT_; f++) {
		assert_int_equal(wrong((enum fit_class)f, 0, 0, POINTS), 0);
		assert_int_equal(wrong((enum fit_class)f, 2, 0, POINTS), 0);
	}
}

QT_TEST(each_class_is_told_with_noise_of_five_percent)
{
	(void)state;
	for (int f = 0; f < FIT_COUNT_; f++) {
		assert_in_range(wrong((enum fit_class)f, 0, 0.05, POINTS), 0,
		    SEEDS / 100);
		assert_in_range(wrong((enum fit_class)f, 0, 0.05, 7), 0,
		    SEEDS / 50);
	}
}

QT_TEST(a_fixed_cost_does_not_hide_a_linear_one)
{
	(void)state;
	assert_in_range(wrong(FIT_N, 50, 0.05, POINTS), 0, SEEDS / 50);
	assert_in_range(wrong(FIT_N2, 50, 0.05, POINTS), 0, SEEDS / 50);
}

QT_TEST(the_error_is_the_noise_and_the_terms_are_those_of_the_data)
{
	struct fit	fit;

	(void)state;
	sizes();
	for (size_t i = 0; i < POINTS; i++)
		cost[i] = 100 + 7 * log2(n[i]);
	assert_int_equal(fit_growth(&fit, n, cost, NULL, POINTS), 0);
	assert_int_equal(fit.class, FIT_LOG);
	assert_true(fit.error[FIT_LOG] < 1e-6);
	assert_true(fit.error[FIT_1] > 0.1);
	assert_true(fabs(fit.terms[FIT_LOG][0] - 100) < 0.01);
	assert_true(fabs(fit.terms[FIT_LOG][1] - 7) < 0.01);
	assert_true(fabs(fit_at(&fit, FIT_LOG, 4096, 0) - 184) < 0.01);
	for (size_t i = 0; i < POINTS; i++)
		cost[i] = i % 2 ? 110 : 90;
	assert_int_equal(fit_growth(&fit, n, cost, NULL, POINTS), 0);
	assert_int_equal(fit.class, FIT_1);
	assert_true(fit.error[FIT_1] > 0.09 && fit.error[FIT_1] < 0.11);
}

QT_TEST(what_grows_as_memory_does_is_constant_when_memory_is_known)
{
	(void)state;
	/* Nanoseconds of a read, from the first cache to the slow end. */
	static const double	reads[POINTS] = { 2, 4, 5, 20, 25, 60, 95, 105,
	    115 };
	struct fit		fit;
	uint64_t		dice = 1;

	sizes();
	for (size_t i = 0; i < POINTS; i++) {
		memory[i] = reads[i];
		cost[i] = (40 + 2 * reads[i]) * (1 + 0.03 * noise(&dice));
	}
	assert_int_equal(fit_growth(&fit, n, cost, NULL, POINTS), 0);
	assert_true(fit.error[FIT_1] > 0.3);
	assert_int_equal(fit_growth(&fit, n, cost, memory, POINTS), 0);
	assert_int_equal(fit.class, FIT_1);
	assert_true(fit.error[FIT_1] < 0.05);
	/* A tree's steps hold a read each: that does not become constant. */
	for (size_t i = 0; i < POINTS; i++)
		cost[i] = log2(n[i]) * (20 + 0.5 * reads[i]);
	assert_int_equal(fit_growth(&fit, n, cost, memory, POINTS), 0);
	assert_int_equal(fit.class, FIT_LOG);
}

QT_TEST(too_few_points_and_numbers_that_are_none_are_refused)
{
	struct fit	fit;

	(void)state;
	sizes();
	for (size_t i = 0; i < POINTS; i++)
		cost[i] = 1;
	assert_int_equal(fit_growth(&fit, n, cost, NULL, 2), -1);
	assert_int_equal(fit_growth(&fit, n, cost, NULL, 3), 0);
	cost[1] = 0;
	assert_int_equal(fit_growth(&fit, n, cost, NULL, 3), -1);
	cost[1] = NAN;
	assert_int_equal(fit_growth(&fit, n, cost, NULL, 3), -1);
	cost[1] = 1;
	n[2] = 1;
	assert_int_equal(fit_growth(&fit, n, cost, NULL, 3), -1);
}

QT_TEST(classes_have_the_names_that_people_use)
{
	(void)state;
	assert_string_equal(fit_name(FIT_1), "O(1)");
	assert_string_equal(fit_name(FIT_NLOG), "O(n log n)");
}
