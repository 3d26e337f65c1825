/* SPDX-License-Identifier: Apache-2.0 */
/* Matching commands: libcommon/hist/match*.c, against a model. */

#include "../test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../../libcommon/hist/match_priv.h"

static const struct qt_hist_here	here = { .now_us = 1 };

static struct qt_hist_match *
match_of(const char *query)
{
	struct qt_hist_query	*q = malloc(sizeof(*q));
	struct qt_hist_match	*m;

	assert_non_null(q);
	assert_int_equal(qt_hist_query_parse(q, query, strlen(query), &here,
	    NULL, NULL), 0);
	assert_int_equal(qt_hist_match_new(&m, q, NULL, NULL), 0);
	free(q);
	return m;
}

/* --- The model: every way to find a term, one by one ----------------------- */

static int
kind_of(int c)
{
	if (c <= ' ')
		return 0;
	if (strchr("/,:;|", c) != NULL)
		return 1;
	if (c >= '0' && c <= '9')
		return 5;
	if (c >= 'A' && c <= 'Z')
		return 4;
	return (c >= 'a' && c <= 'z') || c >= 128 ? 3 : 2;
}

static int
bonus_of(const unsigned char *text, size_t at)
{
	static const int	behind[] = { 10, 9, 8 };
	int			c = kind_of(text[at]);
	int			before = at == 0 ? 0 : kind_of(text[at - 1]);

	if (c == 0)
		return 0;
	if (before == 0)
		return 10;
	if (c < 3)
		return 0;
	if (before < 3)
		return behind[before];
	if (c == 4)
		return before == 3 ? 7 : 0;
	return c == 5 && before != 5 ? 7 : 0;
}

static int
is_same(int c, int want, int is_case)
{
	return c == want || (!is_case && c >= 'A' && c <= 'Z' &&
	    c + 32 == want);
}

#define NO_WAY	(-1000000)

/* The best of all ways to find the rest of a term from a place on; the byte
   before it is at last. */
static int
best_way(const unsigned char *text, size_t len, const char *term, int is_case,
    size_t from, size_t last, int is_first)
{
	int	best = NO_WAY;

	if (*term == '\0')
		return 0;
	for (size_t p = from; p < len; p++) {
		int	score, rest;

		if (!is_same(text[p], (unsigned char)*term, is_case))
			continue;
		rest = best_way(text, len, term + 1, is_case, p + 1, p, 0);
		if (rest == NO_WAY)
			continue;
		score = 16 + rest;
		if (is_first)
			score += 2 * bonus_of(text, p);
		else if (p == last + 1)
			score += 10;
		else
			score += bonus_of(text, p) - 3 - (int)(p - last - 2);
		if (score > best)
			best = score;
	}
	return best;
}

static uint32_t
model(const unsigned char *text, size_t len, const char *term)
{
	int	is_case = 0, best;

	for (const char *c = term; *c != '\0'; c++)
		is_case |= *c >= 'A' && *c <= 'Z';
	best = best_way(text, len, term, is_case, 0, 0, 1);
	return best == NO_WAY ? 0 : best < 1 ? 1 : (uint32_t)best;
}

/* What the positions that were given are worth. */
static uint32_t
worth(const unsigned char *text, const struct qt_hist_positions *p)
{
	int	score = 16 + 2 * bonus_of(text, p->at[0]);

	for (size_t i = 1; i < p->count; i++)
		score += 16 + (p->at[i] == p->at[i - 1] + 1 ? 10 :
		    bonus_of(text, p->at[i]) - 3 -
		    (int)(p->at[i] - p->at[i - 1] - 2));
	return score < 1 ? 1 : (uint32_t)score;
}

static void
check(struct qt_hist_match *m, const char *term, const void *text, size_t len)
{
	uint32_t			at[64];
	struct qt_hist_positions	p = { .at = at, .max = 64 };
	uint32_t			want = model(text, len, term);

	if (qt_hist_match_one(m, text, len, NULL) != want ||
	    qt_hist_match_one(m, text, len, &p) != want)
		fail_msg("'%s' in '%.*s': %u, with positions %u, not %u", term,
		    (int)len, (const char *)text,
		    qt_hist_match_one(m, text, len, NULL),
		    qt_hist_match_one(m, text, len, &p), want);
	assert_int_equal(p.count, want == 0 ? 0 : strlen(term));
	if (want == 0)
		return;
	assert_int_equal(worth(text, &p), want);
	assert_int_equal(m->needs & ~qt_hist_match_signature(text, len), 0);
}

/* All words of an alphabet: counts in its base. 0 at the end. */
static int
next_word(char *word, size_t len, const char *alphabet)
{
	size_t	base = strlen(alphabet);

	for (size_t i = 0; i < len; i++) {
		size_t	digit = (size_t)(strchr(alphabet, word[i]) - alphabet);

		word[i] = alphabet[(digit + 1) % base];
		if (digit + 1 < base)
			return 1;
	}
	return 0;
}

QT_TEST(a_signature_has_the_bits_of_all_that_is_in_a_text)
{
	uint64_t	text = qt_hist_match_signature("Git Push \xc3\xa9", 11);
	uint64_t	query = qt_hist_match_signature("gIt\xc3\x89", 5);

	(void)state;
	assert_true((query & ~text) == 0);
	assert_true((qt_hist_match_signature("x", 1) & ~text) != 0);
	assert_true((qt_hist_match_signature("0", 1) & ~text) != 0);
	assert_true(qt_hist_match_signature("", 0) == 0);
	for (int i = 0; i < 256; i++) {
		char	c = (char)i;

		assert_true(qt_hist_match_signature(&c, 1) != 0);
	}
}

QT_TEST(a_fuzzy_score_is_that_of_the_best_of_all_ways)
{
	static const char *const terms[] = { "a", "b", "A", "ab", "ab", "aa",
	    "a/", "aB", "aa", "a1", "aba", "b1a", "abb", "aba", "abab", "bab" };
	char	text[7];

	(void)state;
	for (size_t i = 0; i < sizeof(terms) / sizeof(terms[0]); i++) {
		struct qt_hist_match	*m = match_of(terms[i]);

		for (size_t len = 0; len <= 6; len++) {
			memset(text, 'a', len);
			do
				check(m, terms[i], text, len);
			while (next_word(text, len, i % 2 == 0 ? "abA/" :
			    "aB 1"));
		}
		qt_hist_match_free(m);
	}
}

QT_TEST(every_byte_before_a_place_has_its_bonus)
{
	static const char *const terms[] = { "x", "X", "7", "-", "\xc3" };
	char	text[2];

	(void)state;
	for (size_t i = 0; i < sizeof(terms) / sizeof(terms[0]); i++) {
		struct qt_hist_match	*m = match_of(terms[i]);

		text[1] = terms[i][0];
		for (int c = 0; c < 256; c++) {
			text[0] = (char)c;
			check(m, terms[i], text, 2);
		}
		qt_hist_match_free(m);
	}
}

static uint32_t
next_random(uint64_t *seed)
{
	*seed = *seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
	return (uint32_t)(*seed >> 33);
}

QT_TEST(scores_of_long_commands_are_as_exact)
{
	static const char	alphabet[] = "abcAB/-_. \n9\x7f";
	char			text[300], term[5];
	uint64_t		seed = 7;

	(void)state;
	for (int round = 0; round < 400; round++) {
		struct qt_hist_match	*m;
		size_t			 len = 30 + next_random(&seed) % 270;
		size_t			 n = 1 + next_random(&seed) % 3;

		/* Sparse, so that gaps are long. */
		for (size_t i = 0; i < len; i++)
			text[i] = next_random(&seed) % 12 > 0 ? '=' :
			    alphabet[next_random(&seed) % 13];
		for (size_t i = 0; i < n; i++)
			term[i] = "abcB9"[next_random(&seed) % 5];
		term[n] = '\0';
		m = match_of(term);
		check(m, term, text, len);
		qt_hist_match_free(m);
	}
}

/* --- What a query finds --------------------------------------------------- */

static uint32_t
score(const char *query, const char *text)
{
	struct qt_hist_match	*m = match_of(query);
	uint32_t		 n = qt_hist_match_one(m, text, strlen(text),
	    NULL);

	qt_hist_match_free(m);
	return n;
}

QT_TEST(words_match_as_they_are_written)
{
	static const struct { const char *query, *text; int is; } cases[] = {
		{ "", "", 1 }, { "", "ls", 1 }, { "gco", "git checkout", 1 },
		{ "ocg", "git checkout", 0 }, { "'gco", "git checkout", 0 },
		{ "'check", "git checkout", 1 }, { "^git", "git log", 1 },
		{ "^git", "legit", 0 }, { "log$", "git log", 1 },
		{ "log$", "git log -p", 0 }, { "^git\\ log$", "git log", 1 },
		{ "^git$", "git log", 0 }, { "!log", "git log", 0 },
		{ "!log", "git show", 1 }, { "!lg", "git log", 1 },
		{ "git !log !show", "git diff", 1 }, { "git !log", "git log", 0 },
		{ "log | diff", "git diff", 1 }, { "log | diff", "git show", 0 },
		{ "git log | diff | show -p", "git show -p", 1 },
		{ "git log | diff", "svn diff", 0 },
		{ "log | !git", "svn co", 1 }, { "log | !git", "git co", 0 },
		{ "\"t l\"", "git log", 1 }, { "\"t  l\"", "git log", 0 },
		{ "!\"t l\"", "git log", 0 }, { "Git", "git", 0 },
		{ "Git", "Git", 1 }, { "git", "GIT", 1 }, { "'GIT", "git", 0 },
		{ "^git", "GIT x", 1 }, { "re:^g.t", "git", 1 },
		{ "re:\"g t$\"", "log t", 1 }, { "re:^it", "git", 0 },
		{ "re:GIT", "git", 0 }, { "re:git\\S", "GIT!", 1 },
		{ "!re:^g", "git", 0 }, { "!re:^g", "svn", 1 },
		{ "re:\\d{3} !404", "get 404", 0 }, { "\xff", "a\xff", 1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if ((score(cases[i].query, cases[i].text) > 0) != cases[i].is)
			fail_msg("'%s' in '%s'", cases[i].query, cases[i].text);
}

QT_TEST(a_query_that_goes_on_finds_no_more)
{
	static const struct { const char *query, *before; int is; } cases[] = {
		{ "git", "", 1 }, { "git", "gi", 1 }, { "git", "git", 1 },
		{ "git p", "git", 1 }, { "gi p", "git", 0 }, { "gi", "git", 0 },
		{ "gitk p", "git", 1 }, { "p git", "git", 0 },
		{ "Git", "git", 1 }, { "git", "Git", 0 }, { "GitK", "Git", 1 },
		{ "gITk", "Gi", 0 }, { "'git", "'gi", 1 }, { "'git", "gi", 1 },
		{ "git", "'gi", 0 }, { "^git", "^gi", 1 }, { "^git", "gi", 0 },
		{ "git$", "it$", 0 }, { "git$ x", "git$", 0 },
		{ "^git$", "^git", 0 }, { "!git", "!gi", 0 },
		{ "a !git", "a", 0 }, { "a !git", "a !gi", 0 },
		{ "a | b", "a", 0 }, { "a b | c", "a", 0 }, { "a", "a | b", 0 },
		{ "re:ab", "re:a", 0 }, { "a re:b", "a", 1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct qt_hist_match	*m = match_of(cases[i].query);
		struct qt_hist_match	*before = match_of(cases[i].before);

		if (qt_hist_match_narrows(m, before) != cases[i].is)
			fail_msg("'%s' after '%s'", cases[i].query,
			    cases[i].before);
		qt_hist_match_free(m);
		qt_hist_match_free(before);
	}
}

QT_TEST(what_people_mean_comes_first)
{
	static const struct { const char *query, *better, *worse; } cases[] = {
		{ "git", "git log", "digit" }, { "git", "/usr/bin/git", "digit" },
		{ "git", "a git", "/git" }, { "git", "/git", "-git" },
		{ "gco", "git checkout", "gxcxo" },
		{ "gl", "git log", "give all" }, { "fb", "fooBar", "foobar" },
		{ "git", "git", "g i t" }, { "up", "docker up", "dump" },
		{ "^git", "git", "" }, { "'log", "git log", "catalog" },
		{ "log$", "a log", "catalog" }, { "lo | git", "git", "lo" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (score(cases[i].query, cases[i].better) <=
		    score(cases[i].query, cases[i].worse))
			fail_msg("'%s': '%s' before '%s'", cases[i].query,
			    cases[i].better, cases[i].worse);
}

static void
expect_positions(const char *query, const void *text, size_t len,
    const char *want)
{
	uint32_t			at[32];
	struct qt_hist_positions	p = { .at = at, .max = 32 };
	struct qt_hist_match		*m = match_of(query);
	char				 said[256] = "";

	qt_hist_match_one(m, text, len, &p);
	for (size_t i = 0; i < p.count; i++)
		snprintf(said + strlen(said), sizeof(said) - strlen(said),
		    "%s%u", i == 0 ? "" : " ", at[i]);
	qt_hist_match_free(m);
	assert_string_equal(said, want);
}

QT_TEST(positions_are_those_of_all_terms)
{
	(void)state;
	expect_positions("gl", "git log", 7, "0 4");
	expect_positions("'git log", "git log", 7, "0 1 2 4 5 6");
	expect_positions("log git", "git log", 7, "0 1 2 4 5 6");
	expect_positions("it git", "git", 3, "0 1 2");
	expect_positions("re:o.$ !x", "git log", 7, "5 6");
	expect_positions("svn", "git log", 7, "");
	expect_positions("git svn", "git log", 7, "");
	expect_positions("'b", "\0\0b\0", 4, "2");
	expect_positions("'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
	    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 40,
	    "0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 "
	    "25 26 27 28 29 30 31");
}

/* A run over the end of a block, behind what is scored, at the very end. */
QT_TEST(runs_are_found_anywhere)
{
	size_t	len = 10000;
	char	*text = malloc(len);

	(void)state;
	assert_non_null(text);
	for (size_t at = 0; at < len - 4; at += at < 300 || at > len - 80 ?
	    1 : 997) {
		struct qt_hist_match		*exact = match_of("'nEEd");
		struct qt_hist_match		*fuzzy = match_of("need");
		uint32_t			 p[8];
		struct qt_hist_positions	 pos = { .at = p, .max = 8 };

		memset(text, 'n', len);
		memcpy(text + at, "nEEd", 4);
		assert_true(qt_hist_match_one(exact, text, at + 4, &pos) > 0);
		assert_true(pos.count == 4 && p[0] == at && p[3] == at + 3);
		assert_int_equal(qt_hist_match_one(exact, text, at + 3, NULL),
		    0);
		assert_true(qt_hist_match_one(fuzzy, text, len, &pos) > 0);
		assert_true(pos.count == 4 && p[3] == at + 3);
		assert_int_equal(qt_hist_match_one(fuzzy, text, at + 3, NULL),
		    0);
		qt_hist_match_free(exact);
		qt_hist_match_free(fuzzy);
	}
	free(text);
}

/* --- Patterns ------------------------------------------------------------- */

QT_TEST(a_pattern_that_does_not_compile_is_shown)
{
	struct qt_hist_query	*q = malloc(sizeof(*q));
	struct qt_hist_match	*m;
	struct qt_hist_mistake	 mistake;
	struct qt_err		 err = QT_ERR_INIT;

	(void)state;
	assert_non_null(q);
	assert_int_equal(qt_hist_query_parse(q, "ls re:a(b", 9, &here, NULL,
	    NULL), 0);
	assert_int_equal(qt_hist_match_new(&m, q, &mistake, &err), -EINVAL);
	assert_null(m);
	assert_int_equal(mistake.at, 3);
	assert_int_equal(mistake.len, 6);
	assert_non_null(strstr(mistake.expected, "parenthesis"));
	assert_non_null(strstr(err.text, "parenthesis"));
	free(q);
}

QT_TEST(a_hostile_pattern_gives_up)
{
	struct qt_hist_match	*m = match_of("re:^(a+)+$");
	struct qt_hist_match	*not = match_of("!re:^(a+)+$");
	char			 text[64];
	uint64_t		 signature[1000];
	uint32_t		 offsets[1000], lens[1000];
	struct qt_hist_commands	 c = { .arena = text, .arena_len = 64,
	    .signatures = signature, .offsets = offsets, .lens = lens,
	    .count = 1000 };
	struct qt_hist_batch	 b = { .max = 0 };

	(void)state;
	memset(text, 'a', sizeof(text));
	text[63] = 'b';
	for (size_t i = 0; i < 1000; i++) {
		signature[i] = UINT64_MAX;
		offsets[i] = 0;
		lens[i] = 64;
	}
	assert_int_equal(qt_hist_match_one(m, text, 64, NULL), 0);
	assert_int_equal(qt_hist_match_one(not, text, 64, NULL), 0);
	assert_true(qt_hist_match_one(m, text, 63, NULL) > 0);
	assert_int_equal(qt_hist_match_batch(m, &c, &b), -E2BIG);
	assert_int_equal(b.matched, 0);
	assert_true(b.gave_up > 1 && b.gave_up < 1000);
	qt_hist_match_free(m);
	qt_hist_match_free(not);
}
