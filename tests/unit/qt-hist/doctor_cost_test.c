/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What "qt-hist doctor" says of the cost of a prompt: cmd/qt-hist/doctor_cost.c,
 * with shells whose prompts take what a test wants.
 */

#include "../test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../../cmd/qt-hist/doctor_run.h"

#define ROUNDS	5u

/* What each of the two shells takes, us, in each round; 0: it hangs. */
static uint64_t		us[2][ROUNDS];
static unsigned int	rounds[2];
static char		order[4 * ROUNDS];	/* whose turn it was: - or + */
static unsigned int	counts[2][ROUNDS];
static bool		is_missing;	/* the one with the hooks */
static int		running;

static enum doctor_result	result;
static unsigned int		lines;
static char			why[512];
static bool			has_mend;

/* --- In place of the other parts ------------------------------------------ */

int
doctor_run_start(struct doctor_run *r, struct doctor *d, enum doctor_how how,
    struct qt_err *err)
{
	(void)err;
	assert_int_not_equal(how, DOCTOR_USER);
	memset(r, 0, sizeof(*r));
	r->d = d;
	r->how = how;
	r->has_begun = how == DOCTOR_NONE || !is_missing;
	running++;
	return 0;
}

uint64_t
doctor_run_prompt_us(struct doctor_run *r, unsigned int count)
{
	int	with = r->how == DOCTOR_HOOKS;

	assert_true(r->has_begun);
	assert_true(rounds[with] < ROUNDS);
	strcat(order, with ? "+" : "-");
	counts[with][rounds[with]] = count;
	return us[with][rounds[with]++];
}

void
doctor_run_end(struct doctor_run *r)
{
	(void)r;
	running--;
}

void
doctor_say(struct doctor *d, enum doctor_result r, const char *what,
    const char *mend, const char *fmt, ...)
{
	va_list	ap;

	(void)d;
	assert_string_equal(what, "cost");
	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	result = r;
	has_mend = mend != NULL;
	lines++;
}

/* --- The tests ------------------------------------------------------------ */

static void
ask(uint64_t user_us)
{
	struct doctor	d = { .name = "bash" };

	memset(rounds, 0, sizeof(rounds));
	memset(counts, 0, sizeof(counts));
	order[0] = '\0';
	lines = 0;
	doctor_cost(&d, user_us);
	assert_int_equal(lines, 1);
	assert_int_equal(running, 0);
	assert_int_equal(has_mend, result != DOCTOR_OK);
	assert_int_not_equal(result, DOCTOR_FAIL);
}

/* Every round takes so long: and the second one's least is so much more. */
static void
set(uint64_t without, uint64_t with, uint64_t varies)
{
	is_missing = false;
	for (unsigned int i = 0; i < ROUNDS; i++) {
		us[0][i] = without + (i == 2 ? 0 : varies);
		us[1][i] = with + (i == 3 ? 0 : varies);
	}
}

static void
expect(enum doctor_result want, const char *text)
{
	assert_string_equal(why, text);
	assert_int_equal(result, want);
}

QT_TEST(what_the_hooks_take_is_the_difference_of_two_shells)
{
	(void)state;
	set(60, 100, 3);
	ask(250);
	expect(DOCTOR_OK, "the hooks take 0.040 ms of a prompt, give or take "
	    "0.003: 0.100 ms with them, 0.060 without; with your startup files "
	    "one takes 0.250 ms");
}

QT_TEST(the_two_take_turns_at_as_many_prompts_as_fit_into_a_round)
{
	(void)state;
	set(10000, 20000, 0);
	ask(50000);
	assert_string_equal(order, "-+-+-+-+-+");
	assert_int_equal(counts[0][0], 5);
	assert_int_equal(counts[0][1], 15);
	assert_int_equal(counts[1][1], 10);
	set(1, 2, 0);
	ask(4);
	assert_int_equal(counts[1][1], 50);
}

QT_TEST(one_round_that_was_disturbed_changes_nothing)
{
	(void)state;
	set(60, 100, 3);
	us[0][1] = 900000;
	us[1][0] = 700000;
	ask(250);
	assert_int_equal(result, DOCTOR_OK);
	assert_non_null(strstr(why, "take 0.040 ms of a prompt, give or take "
	    "0.003: "));
}

QT_TEST(hooks_that_seem_to_make_it_faster_are_lost_in_noise)
{
	(void)state;
	set(140, 100, 3);
	ask(250);
	expect(DOCTOR_OK, "the hooks take too little of a prompt to be told, as "
	    "it varies by 0.040 ms: 0.100 ms with them, 0.140 without; with "
	    "your startup files one takes 0.250 ms");
	set(100, 100, 0);
	ask(250);
	assert_non_null(strstr(why, "too little"));
	set(9000, 9010, 300);
	ask(9500);
	assert_int_equal(result, DOCTOR_OK);
	assert_non_null(strstr(why, "too little"));
}

QT_TEST(they_never_take_more_than_all_of_a_prompt)
{
	(void)state;
	set(20, 320, 5);
	ask(250);
	expect(DOCTOR_OK, "the hooks take too little of a prompt to be told, as "
	    "it varies by 0.300 ms: 0.320 ms with them, 0.020 without; with "
	    "your startup files one takes 0.250 ms");
}

QT_TEST(what_is_slow_is_told_only_when_it_is_certain)
{
	(void)state;
	set(100, 3100, 200);
	ask(5000);
	expect(DOCTOR_WARN, "the hooks take 3.000 ms of a prompt, give or take "
	    "0.200, which is slow: 3.100 ms with them, 0.100 without; with your "
	    "startup files one takes 5.000 ms");
	set(100, 3100, 2500);
	ask(5000);
	expect(DOCTOR_WARN, "it could not be measured, as prompts vary by 2.500 "
	    "ms: 3.100 ms with them, 0.100 without; with your startup files one "
	    "takes 5.000 ms");
	/* So much on top of ten times that is not felt. */
	set(30000, 33000, 200);
	ask(50000);
	assert_int_equal(result, DOCTOR_OK);
	assert_non_null(strstr(why, "take 3.000 ms of a prompt, give or"));
}

QT_TEST(what_did_not_come_to_its_end_is_not_measured)
{
	static const char	in_time[] = "it could not be measured in time";

	(void)state;
	set(60, 100, 3);
	ask(0);
	expect(DOCTOR_WARN, in_time);
	is_missing = true;
	ask(250);
	expect(DOCTOR_WARN, in_time);
	set(60, 100, 3);
	us[1][1] = 0;
	ask(250);
	expect(DOCTOR_WARN, in_time);
	/* What there was before is enough. */
	set(60, 100, 3);
	us[0][2] = 0;
	ask(250);
	assert_int_equal(result, DOCTOR_OK);
}

/* Some microseconds, more often few than many. */
static uint64_t
draw(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return 1 + (*seed >> 20) % (UINT64_C(1) << (*seed >> 8) % 24);
}

QT_TEST(whatever_is_measured_it_does_not_contradict_itself)
{
	uint64_t	seed = 88172645463325252;
	double		cost, varies, with, without, user;
	const char	*figures;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		for (unsigned int k = 0; k < 2 * ROUNDS; k++)
			us[k % 2][k / 2] = draw(&seed);
		ask(draw(&seed));
		assert_null(strchr(why, '-'));
		figures = strstr(why, ": ");
		assert_non_null(figures);
		assert_int_equal(sscanf(figures, ": %lf ms with them, %lf "
		    "without; with your startup files one takes %lf ms", &with,
		    &without, &user), 3);
		if (sscanf(why, "the hooks take %lf ms of a prompt, give or "
		    "take %lf", &cost, &varies) != 2)
			continue;
		assert_true(cost > varies);
		assert_true(cost <= user);
		assert_true(cost - (with - without) < 1e-6 &&
		    (with - without) - cost < 1e-6);
		assert_int_equal(result == DOCTOR_WARN, strstr(why,
		    ", which is slow: ") != NULL);
	}
}
