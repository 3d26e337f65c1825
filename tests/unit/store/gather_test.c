/* SPDX-License-Identifier: Apache-2.0 */
/* When a round of group commit begins: libcommon/store/gather.c. */

#include "../test.h"

#include <qt/base/clock.h>

#include "../../../libcommon/store/gather_priv.h"

#define NOBODY		UINT64_MAX
#define HOUR_NS		UINT64_C(3600000000000)

/* As if the last round had ended just now, after a sync of 4 seconds. */
static void
hold_the_clock(struct qt__gather *g)
{
	atomic_store(&g->ended_ns, qt_clock_mono_ns());
	atomic_store(&g->sync_ns, UINT32_MAX);
}

static void
arrive(struct qt__gather *g, unsigned int count)
{
	while (count-- > 0)
		qt__gather_arrive(g);
}

/* A round of so many, who are not back yet. */
static void
round_of(struct qt__gather *g, unsigned int count, uint32_t round)
{
	arrive(g, count);
	qt__gather_end(g, qt__gather_begin(g, round));
	hold_the_clock(g);
}

QT_TEST(one_writer_never_waits)
{
	struct qt__gather	g = { 0 };

	(void)state;
	for (uint32_t round = 0; round < 10; round++) {
		qt__gather_arrive(&g);
		assert_int_equal(qt__gather_wait(&g, round), 0);
		qt__gather_end(&g, qt__gather_begin(&g, round));
		hold_the_clock(&g);
	}
}

QT_TEST(the_first_guards_and_the_last_leads)
{
	struct qt__gather	g = { 0 };
	uint64_t		wait;

	(void)state;
	round_of(&g, 3, 0);
	qt__gather_arrive(&g);
	wait = qt__gather_wait(&g, 1);
	assert_true(wait > 0 && wait <= UINT32_MAX);
	qt__gather_arrive(&g);
	assert_true(qt__gather_wait(&g, 1) == NOBODY);
	qt__gather_arrive(&g);
	assert_int_equal(qt__gather_wait(&g, 1), 0);
	/* The same for two who came while a round was under way. */
	arrive(&g, 2);
	qt__gather_begin(&g, 1);
	arrive(&g, 2);
	qt__gather_end(&g, qt_clock_mono_ns());
	hold_the_clock(&g);
	assert_true(qt__gather_wait(&g, 2) != 0);
	assert_true(qt__gather_wait(&g, 2) == NOBODY);
	arrive(&g, 4);
	assert_true(qt__gather_wait(&g, 2) == NOBODY);
	arrive(&g, 1);
	assert_int_equal(qt__gather_wait(&g, 2), 0);
}

QT_TEST(a_burst_that_is_over_is_not_waited_for)
{
	struct qt__gather	g = { 0 };

	(void)state;
	round_of(&g, 16, 0);
	qt__gather_arrive(&g);
	atomic_store(&g.ended_ns, qt_clock_mono_ns() - UINT32_MAX);
	assert_int_equal(qt__gather_wait(&g, 1), 0);
	/* A clock that is behind the one of who led. */
	atomic_store(&g.ended_ns, qt_clock_mono_ns() + HOUR_NS);
	assert_int_equal(qt__gather_wait(&g, 1), 0);
}

QT_TEST(a_wait_is_as_long_as_a_sync_and_ten_ms_at_most)
{
	struct qt__gather	g = { 0 };

	(void)state;
	qt__gather_end(&g, qt_clock_mono_ns() - HOUR_NS);
	assert_int_equal(atomic_load(&g.sync_ns), 10000000);
	qt__gather_end(&g, qt_clock_mono_ns());
	assert_true(atomic_load(&g.sync_ns) < 10000000);
}

/* Rounds that begin at once, until somebody waits. */
static unsigned int
rounds_until_a_wait(struct qt__gather *g, uint32_t *round)
{
	unsigned int	n = 0;

	for (;; n++) {
		(*round)++;
		qt__gather_arrive(g);
		if (qt__gather_wait(g, *round) != 0)
			return n;
		qt__gather_end(g, qt__gather_begin(g, *round));
		atomic_fetch_add(&g->target, 1);	/* who never comes */
		hold_the_clock(g);
	}
}

QT_TEST(who_waited_in_vain_does_so_ever_less)
{
	static const unsigned int	skipped[] = { 0, 1, 3, 7, 15, 31, 63,
	    63 };
	struct qt__gather		g = { 0 };
	uint32_t			round = 0;

	(void)state;
	round_of(&g, 2, round);
	for (size_t i = 0; i < sizeof(skipped) / sizeof(skipped[0]); i++) {
		assert_int_equal(rounds_until_a_wait(&g, &round), skipped[i]);
		/* The time is over. */
		qt__gather_end(&g, qt__gather_begin(&g, round));
		atomic_fetch_add(&g.target, 1);
		hold_the_clock(&g);
	}
	/* They are back, so it was worth while. */
	assert_int_equal(rounds_until_a_wait(&g, &round), 63);
	arrive(&g, 100);
	qt__gather_end(&g, qt__gather_begin(&g, round));
	hold_the_clock(&g);
	assert_int_equal(atomic_load(&g.penalty), 0);
	assert_int_equal(rounds_until_a_wait(&g, &round), 0);
}
