/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any query against any commands: the first line is the query, each further one
 * a command. One by one and all at once they match the same, with the same
 * scores, in the right order; signatures never hide one; positions lie inside.
 * clang -fsanitize=fuzzer
 */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../libcommon/hist/match_priv.h"

#define COMMANDS_MAX	128u
#define BEST		3u

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(int is_true)
{
	if (!is_true)
		abort();
}

struct all {
	uint64_t		signatures[COMMANDS_MAX];
	uint32_t		offsets[COMMANDS_MAX], lens[COMMANDS_MAX];
	uint32_t		scores[COMMANDS_MAX];
	struct qt_hist_commands	commands;
	uint32_t		matched;
};

static void
split(struct all *a, const char *text, size_t size)
{
	uint32_t	n = 0;

	for (size_t at = 0; at < size && n < COMMANDS_MAX; n++) {
		const char	*end = memchr(text + at, '\n', size - at);
		size_t		 len = end == NULL ? size - at :
		    (size_t)(end - text) - at;

		a->offsets[n] = (uint32_t)at;
		a->lens[n] = (uint32_t)len;
		a->signatures[n] = qt_hist_match_signature(text + at, len);
		at += len + 1;
	}
	a->commands = (struct qt_hist_commands){ .arena = text,
	    .arena_len = size, .signatures = a->signatures,
	    .offsets = a->offsets, .lens = a->lens, .count = n };
}

static void
one_by_one(struct all *a, struct qt_hist_match *m)
{
	uint32_t			at[40];
	struct qt_hist_positions	p = { .at = at, .max = 40 };

	a->matched = 0;
	for (uint32_t i = 0; i < a->commands.count; i++) {
		const char	*text = a->commands.arena + a->offsets[i];

		a->scores[i] = qt_hist_match_one(m, text, a->lens[i], NULL);
		check(qt_hist_match_one(m, text, a->lens[i], &p) ==
		    a->scores[i]);
		check(a->scores[i] > 0 || p.count == 0);
		for (size_t k = 0; k < p.count; k++)
			check(at[k] < a->lens[i] &&
			    (k == 0 || at[k] > at[k - 1]));
		a->matched += a->scores[i] > 0;
		check(a->scores[i] == 0 || (m->needs & ~a->signatures[i]) ==
		    0);
	}
}

/* The best of those not yet taken: the highest, then the first. */
static uint32_t
next_best(const struct all *a, const uint8_t taken[COMMANDS_MAX])
{
	uint32_t	best = UINT32_MAX;

	for (uint32_t i = 0; i < a->commands.count; i++)
		if (!taken[i] && a->scores[i] > 0 && (best == UINT32_MAX ||
		    a->scores[i] > a->scores[best]))
			best = i;
	return best;
}

static void
at_once(const struct all *a, struct qt_hist_match *m)
{
	struct qt_hist_hit	hits[BEST];
	uint64_t		found[COMMANDS_MAX / 64];
	uint8_t			taken[COMMANDS_MAX] = { 0 };
	static const uint32_t	seeds[] = { 1, 2, 5, 11 };
	struct qt_hist_batch	b = { .hits = hits, .max = BEST,
	    .found = found, .seeds = seeds,
	    .seed_count = a->matched % 5 };

	check(qt_hist_match_batch(m, &a->commands, &b) == 0);
	check(b.matched == a->matched);
	check(b.count == (a->matched < BEST ? a->matched : BEST));
	for (uint32_t i = 0; i < a->commands.count; i++)
		check((found[i / 64] >> (i % 64) & 1) == (a->scores[i] > 0));
	for (uint32_t i = 0; i < b.count; i++) {
		uint32_t	best = next_best(a, taken);

		check(hits[i].index == best);
		check(hits[i].score == a->scores[best]);
		taken[best] = 1;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct qt_hist_query	q;
	static struct all		a;
	const struct qt_hist_here	here = { .now_us = 1, .cwd = "/",
	    .home = "/", .is_typing = true };
	struct qt_hist_match		*m;
	const uint8_t			*end = memchr(data, '\n', size);
	size_t				 len = end == NULL ? size :
	    (size_t)(end - data);
	char				*rest;

	if (qt_hist_query_parse(&q, (const char *)data, len, &here, NULL,
	    NULL) < 0 || qt_hist_match_new(&m, &q, NULL, NULL) < 0)
		return 0;
	/* In memory that ends where the last command does. */
	len = end == NULL ? 0 : size - len - 1;
	rest = malloc(len + 1);
	check(rest != NULL);
	if (len > 0)
		memcpy(rest, end + 1, len);
	rest = realloc(rest, len > 0 ? len : 1);
	split(&a, rest, len);
	one_by_one(&a, m);
	at_once(&a, m);
	qt_hist_match_free(m);
	free(rest);
	return 0;
}
