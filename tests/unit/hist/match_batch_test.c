/* SPDX-License-Identifier: Apache-2.0 */
/* Matching many commands at once: libcommon/hist/match_batch.c. */

#include "../test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <qt/hist/match.h>

#define COUNT	3000u
#define WORDS	((COUNT + 63) / 64)

static char		arena[COUNT * 160];
static uint64_t		signatures[COUNT], keep[WORDS], found[WORDS];
static uint32_t		offsets[COUNT], lens[COUNT], priors[COUNT];
static uint32_t		scores[COUNT];
static struct qt_hist_commands	commands = { .arena = arena,
    .signatures = signatures, .offsets = offsets, .lens = lens };

static uint32_t
next_random(uint64_t *seed)
{
	*seed = *seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
	return (uint32_t)(*seed >> 33);
}

/* Words in many orders, some of the commands longer than a block. */
static void
fill(void)
{
	static const char *const words[] = { "git", "push", "digit", "-g", "it",
	    "gi", "fooGit", "/usr/bin/git", "g_i_t", "docker", "up", "compose",
	    "GIT", "tig", "a\x7fgit", "a\tp", "find . -name '*.c'" };
	uint64_t		 seed = 42;
	size_t			 at = 0, begin;

	for (uint32_t i = 0; i < COUNT; i++) {
		begin = at;
		for (uint32_t n = next_random(&seed) % 9; n > 0; n--)
			at += (size_t)sprintf(arena + at, "%s%s",
			    at == begin ? "" : " ",
			    words[next_random(&seed) % 17]);
		offsets[i] = (uint32_t)begin;
		lens[i] = (uint32_t)(at - begin);
		signatures[i] = qt_hist_match_signature(arena + begin,
		    lens[i]);
		priors[i] = next_random(&seed) % 4;
	}
	commands.arena_len = at;
	commands.count = COUNT;
}

static struct qt_hist_match *
match_of(const char *query)
{
	static struct qt_hist_query	q;
	const struct qt_hist_here	here = { .now_us = 1 };
	struct qt_hist_match		*m;

	assert_int_equal(qt_hist_query_parse(&q, query, strlen(query), &here,
	    NULL, NULL), 0);
	assert_int_equal(qt_hist_match_new(&m, &q, NULL, NULL), 0);
	return m;
}

static bool
is_kept(uint32_t i)
{
	return (keep[i / 64] >> (i % 64) & 1) != 0;
}

/* What comes next behind a hit, of those that match: the slow way. */
static uint32_t
behind(uint32_t hit)
{
	uint32_t	best = UINT32_MAX;

	for (uint32_t i = 0; i < COUNT; i++) {
		uint64_t	key = (uint64_t)scores[i] << 40 |
		    (uint64_t)priors[i] << 32 | (COUNT - i);
		uint64_t	last = hit == UINT32_MAX ? UINT64_MAX :
		    (uint64_t)scores[hit] << 40 |
		    (uint64_t)priors[hit] << 32 | (COUNT - hit);
		uint64_t	so_far = best == UINT32_MAX ? 0 :
		    (uint64_t)scores[best] << 40 |
		    (uint64_t)priors[best] << 32 | (COUNT - best);

		if (scores[i] > 0 && key < last && key > so_far)
			best = i;
	}
	return best;
}

/* Some that are looked at first, whoever they are; the last is not there. */
static uint32_t
draw_seeds(uint32_t seeds[QT_HIST_SEEDS], uint32_t count)
{
	static uint64_t	seed = 7;

	for (uint32_t i = 0; i < count; i++)
		seeds[i] = (i == 0 ? 0 : seeds[i - 1] + 1) +
		    next_random(&seed) % 40;
	return count;
}

/* m is freed. */
static void
check_match(struct qt_hist_match *m, const char *query, uint32_t max,
    uint32_t seed_count)
{
	struct qt_hist_hit	hits[64];
	uint32_t		seeds[QT_HIST_SEEDS];
	struct qt_hist_batch	b = { .hits = hits, .max = max, .keep = keep,
	    .found = found, .seeds = seeds,
	    .seed_count = draw_seeds(seeds, seed_count) };
	uint64_t		matched = 0;
	uint32_t		next = UINT32_MAX;

	for (uint32_t i = 0; i < COUNT; i++) {
		scores[i] = is_kept(i) ? qt_hist_match_one(m,
		    arena + offsets[i], lens[i], NULL) : 0;
		matched += scores[i] > 0;
	}
	assert_int_equal(qt_hist_match_batch(m, &commands, &b), 0);
	assert_int_equal(b.matched, matched);
	assert_int_equal(b.count, matched < max ? matched : max);
	for (uint32_t i = 0; i < COUNT; i++)
		assert_int_equal(found[i / 64] >> (i % 64) & 1, scores[i] > 0);
	for (uint32_t i = 0; i < b.count; i++) {
		next = behind(next);
		if (hits[i].index != next || hits[i].score != scores[next])
			fail_msg("'%s', hit %u: command %u of %u, not %u of %u",
			    query, i, hits[i].index, hits[i].score, next,
			    scores[next]);
	}
	qt_hist_match_free(m);
}

static void
check(const char *query, uint32_t max)
{
	check_match(match_of(query), query, max, 0);
	check_match(match_of(query), query, max, 5);
	check_match(match_of(query), query, max, QT_HIST_SEEDS);
}

QT_TEST(the_best_are_those_that_match_best_one_by_one)
{
	static const char *const queries[] = { "", "g", "git", "git p", "gip",
	    "docker compose up", "gg", "Git", "'git", "^git", "git$", "!git",
	    "git | up", "git !up", "^gi | 'tig p", "re:g.t", "nothing",
	    "ti ip", "usr", "re:x|g 'git" };

	(void)state;
	fill();
	commands.priors = priors;
	memset(keep, 0xff, sizeof(keep));
	for (size_t i = 0; i < sizeof(queries) / sizeof(queries[0]); i++)
		check(queries[i], i % 3 == 1 ? 1 : 40);
	check("git", 0);
	for (size_t i = 0; i < WORDS; i++)
		keep[i] = UINT64_C(0xf0f00000cccc0001);
	for (size_t i = 0; i < 4; i++)
		check(queries[i], 40);
}

QT_TEST(who_types_on_finds_the_same)
{
	static const char *const queries[][2] = { { "gi", "git" },
	    { "git", "git p" }, { "git p", "git pu" }, { "g", "g i t" },
	    { "tig a", "tig a" }, { "'git", "'git up" }, { "Gi", "Gi p" },
	    { "gip", "gip doc up" }, { "zz", "zzz" } };

	(void)state;
	fill();
	commands.priors = priors;
	for (size_t i = 0; i < sizeof(queries) / sizeof(queries[0]); i++) {
		struct qt_hist_match	*before = match_of(queries[i][0]);
		struct qt_hist_match	*m = match_of(queries[i][1]);
		struct qt_hist_batch	 b = { .found = keep };

		assert_true(qt_hist_match_narrows(m, before));
		assert_int_equal(qt_hist_match_batch(before, &commands, &b),
		    0);
		qt_hist_match_go_on(m, before);
		qt_hist_match_free(before);
		check_match(m, queries[i][1], 40, 5);
	}
}

static bool
is_over(void *arg)
{
	return ++*(int *)arg > 1;
}

QT_TEST(who_is_no_longer_wanted_stops)
{
	struct qt_hist_match	*m = match_of("git");
	int			 asked = 0;
	struct qt_hist_batch	 b = { .found = found, .is_over = is_over,
	    .arg = &asked };

	(void)state;
	fill();
	memset(found, 0xff, sizeof(found));
	assert_int_equal(qt_hist_match_batch(m, &commands, &b), -ECANCELED);
	assert_int_equal(asked, 2);
	assert_true(b.matched > 0);
	assert_int_equal(found[WORDS - 1], 0);
	qt_hist_match_free(m);
}

QT_TEST(what_is_not_in_the_arena_does_not_match)
{
	struct qt_hist_match	*m = match_of("");
	struct qt_hist_batch	 b = { .max = 0 };

	(void)state;
	fill();
	offsets[1] = UINT32_MAX;
	offsets[2] = (uint32_t)commands.arena_len + 1;
	lens[3] = UINT32_MAX;
	assert_int_equal(qt_hist_match_batch(m, &commands, &b), 0);
	assert_int_equal(b.matched, COUNT - 3);
	qt_hist_match_free(m);
}
