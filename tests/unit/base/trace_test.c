/* SPDX-License-Identifier: Apache-2.0 */
/* The prefix oracle of ../trace.h finds what cannot have come about. */

#include <string.h>

#include "../test.h"
#include "../trace.h"

#define KEYS 4

static struct trace		*t;
static struct trace_item	found[KEYS];

/* An operation on one key, done (or only visible, or only begun). */
static size_t
put(uint32_t key, uint64_t version, int how)
{
	size_t	n = trace_begin(t, 0, &key, 1);

	if (how == 2)
		trace_done(t, n, version);
	else if (how == 1)
		trace_visible(t, n, version);
	return n;
}

static size_t
del(uint32_t key, uint64_t version, int how)
{
	size_t	n = trace_begin(t, 1, &key, 1);

	if (how == 2)
		trace_done(t, n, version);
	else if (how == 1)
		trace_visible(t, n, version);
	return n;
}

static void
find(uint32_t key, size_t op, uint64_t version)
{
	found[key] = (struct trace_item){ op, version };
}

static void
start(void)
{
	t = trace_new(20, KEYS);
	memset(found, 0, sizeof(found));
}

static void
is(int good)
{
	const char	*wrong = trace_judge(t, found, NULL);

	if (good)
		assert_null(wrong);
	else
		assert_non_null(wrong);
}

QT_TEST(what_was_done_must_be_there)
{
	size_t	a, b;

	(void)state;
	start();
	is(1);
	a = put(0, 10, 2);
	is(0);
	find(0, a, 10);
	is(1);
	b = put(0, 20, 2);
	is(0);
	find(0, b, 20);
	is(1);
	find(0, b, 10);		/* not its version */
	is(0);
	find(0, 9, 20);		/* nobody's */
	is(0);
	find(0, b, 20);
	find(1, a, 10);		/* another's key */
	is(0);
	trace_free(t);
}

QT_TEST(what_was_visible_may_be_lost_from_the_end_only)
{
	size_t	a, b, c;

	(void)state;
	start();
	a = put(0, 10, 1);
	b = put(1, 20, 1);
	c = put(0, 30, 1);
	is(1);
	find(1, b, 20);		/* without a: a hole */
	is(0);
	find(0, a, 10);
	is(1);
	find(0, c, 30);
	is(1);
	find(1, 0, 0);
	is(0);
	find(0, a, 10);
	is(1);
	trace_free(t);
}

QT_TEST(a_killed_operation_may_be_there_or_not_and_a_refused_one_not)
{
	size_t	a, b;

	(void)state;
	start();
	a = put(0, 10, 2);
	b = put(0, 0, 0);
	find(0, a, 10);
	is(1);
	find(0, b, 15);
	is(1);
	find(0, b, 5);		/* older than what it replaced */
	is(0);
	find(0, b, 15);
	trace_refused(t, b);
	is(0);
	trace_free(t);
}

QT_TEST(deletions_count_as_what_was_written)
{
	size_t	a, b;

	(void)state;
	start();
	a = put(0, 10, 2);
	b = put(1, 20, 2);
	find(0, a, 10);
	find(1, b, 20);
	(void)del(0, 30, 1);
	is(1);
	find(0, 0, 0);
	is(1);			/* the deletion got through */
	find(1, 0, 0);
	is(0);
	find(1, b, 20);
	(void)del(1, 40, 2);
	is(0);
	find(1, 0, 0);
	is(1);
	find(0, a, 10);		/* deleted before what is done */
	is(0);
	a = put(2, 50, 2);
	find(0, 0, 0);
	find(2, a, 50);
	is(1);
	find(2, 0, 0);
	is(0);
	(void)del(2, 0, 0);	/* was killed */
	is(1);
	trace_free(t);
}

QT_TEST(several_at_once_are_there_together)
{
	uint32_t	keys[2] = { 0, 1 };
	size_t		a, b;

	(void)state;
	start();
	a = trace_begin(t, 0, keys, 2);
	is(1);
	find(0, a, 10);
	is(0);
	find(1, a, 20);
	is(1);
	b = trace_begin(t, 0, keys, 2);
	find(0, b, 30);
	is(0);
	find(1, b, 40);
	is(1);
	trace_visible(t, b, 40);
	is(1);
	trace_visible(t, b, 35);
	is(0);
	trace_free(t);
}

QT_TEST(the_past_is_judged_by_what_held_then)
{
	unsigned char	then[8] = { 0 };
	size_t		a, b;

	(void)state;
	start();
	a = put(0, 10, 2);
	b = put(0, 20, 2);
	find(0, a, 10);
	is(0);
	then[a] = TRACE_DONE;
	assert_null(trace_judge(t, found, then));
	then[b] = TRACE_BEGUN;
	assert_null(trace_judge(t, found, then));
	find(0, b, 20);
	assert_null(trace_judge(t, found, then));
	then[b] = TRACE_NOT;
	assert_non_null(trace_judge(t, found, then));
	trace_free(t);
}

QT_TEST(a_full_trace_takes_no_more)
{
	(void)state;
	start();
	for (int i = 0; i < 20; i++)
		assert_int_equal(put(0, 0, 0), i + 1);
	assert_int_equal(trace_begin(t, 0, &(uint32_t){ 0 }, 1), 0);
	is(1);
	trace_free(t);
}
