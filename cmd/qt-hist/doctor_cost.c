/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the hooks cost a prompt. See doctor_run.h.
 *
 * Two shells, one with the hooks and nothing else, one without, take turns at
 * some prompts. The least that each took counts: what else the machine does only
 * adds to it. How far its least two are apart is how far they can be trusted;
 * where the difference of the two shells is less than that, nothing is said of
 * it but this.
 */

#include <stdio.h>

#include "doctor_run.h"

#define SLOW_US		1000	/* of our hooks, a prompt */
#define PROMPTS_MIN	5u
#define PROMPTS_MAX	50u
#define ROUND_US	100000u	/* as many prompts as fit into it */
#define ROUNDS		5u

#define TRY_AGAIN	"try again when the machine is not busy"

struct timed {
	struct doctor_run	run;
	bool			is_there;
	unsigned int		count;	/* prompts of the next round */
	uint64_t		least, second;	/* us a prompt; UINT64_MAX: none */
};

static void
start(struct timed *t, struct doctor *d, enum doctor_how how)
{
	struct qt_err	err = QT_ERR_INIT;

	t->is_there = doctor_run_start(&t->run, d, how, &err) == 0 &&
	    t->run.has_begun;
	t->count = PROMPTS_MIN;
	t->least = t->second = UINT64_MAX;
}

/* false: it did not come to its end. */
static bool
time_round(struct timed *t)
{
	uint64_t	us = t->is_there ?
			    doctor_run_prompt_us(&t->run, t->count) : 0;

	if (us == 0)
		return false;
	if (us < t->least) {
		t->second = t->least;
		t->least = us;
	} else if (us < t->second) {
		t->second = us;
	}
	t->count = PROMPTS_MIN + (unsigned int)(ROUND_US / us);
	t->count = t->count > PROMPTS_MAX ? PROMPTS_MAX : t->count;
	return true;
}

/* --- What is said of it --------------------------------------------------- */

struct figures {
	int64_t	with, without, user;	/* us a prompt */
	int64_t	cost, varies;		/* with - without, give or take */
};

static int64_t
larger(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static struct figures
compare(const struct timed *with, const struct timed *without, uint64_t user)
{
	struct figures	f = { .with = (int64_t)with->least,
			    .without = (int64_t)without->least,
			    .user = (int64_t)user };

	f.cost = f.with - f.without;
	f.varies = larger((int64_t)(with->second - with->least),
	    (int64_t)(without->second - without->least));
	/* Neither do hooks make a prompt faster, nor is one with startup files,
	   which load them, done before they are: it varies by that, at least. */
	f.varies = larger(f.varies, -f.cost);
	if (f.cost > f.user)
		f.varies = larger(f.varies, f.cost);
	return f;
}

/* Where a prompt takes milliseconds anyway, nobody feels a part of it. */
static bool
is_slow(const struct figures *f, int64_t cost)
{
	return cost > SLOW_US && cost > f->without / 2;
}

static void
say(struct doctor *d, const struct figures *f)
{
	double	cost_ms = (double)f->cost / 1e3;
	double	varies_ms = (double)f->varies / 1e3;
	bool	is_well = !is_slow(f, f->cost + f->varies);
	bool	is_ill = is_slow(f, f->cost - f->varies);
	char	head[96];

	if (f->cost > f->varies && (is_well || is_ill))
		snprintf(head, sizeof(head), "the hooks take %.3f ms of a "
		    "prompt, give or take %.3f%s", cost_ms, varies_ms,
		    is_ill ? ", which is slow" : "");
	else if (is_well)
		snprintf(head, sizeof(head), "the hooks take too little of a "
		    "prompt to be told, as it varies by %.3f ms", varies_ms);
	else
		snprintf(head, sizeof(head), "it could not be measured, as "
		    "prompts vary by %.3f ms", varies_ms);
	doctor_say(d, is_well ? DOCTOR_OK : DOCTOR_WARN, "cost", is_well ?
	    NULL : TRY_AGAIN, "%s: %.3f ms with them, %.3f without; with your "
	    "startup files one takes %.3f ms", head, (double)f->with / 1e3,
	    (double)f->without / 1e3, (double)f->user / 1e3);
}

void
doctor_cost(struct doctor *d, uint64_t user_us)
{
	struct timed	with, without;
	struct figures	f;
	unsigned int	rounds = 0;

	start(&without, d, DOCTOR_NONE);
	start(&with, d, DOCTOR_HOOKS);
	while (rounds < ROUNDS && time_round(&without) && time_round(&with))
		rounds++;
	doctor_run_end(&with.run);
	doctor_run_end(&without.run);
	if (user_us == 0 || rounds < 2) {
		doctor_say(d, DOCTOR_WARN, "cost", TRY_AGAIN,
		    "it could not be measured in time");
		return;
	}
	f = compare(&with, &without, user_us);
	say(d, &f);
}
