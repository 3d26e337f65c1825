/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows: the next result after a keystroke, as the picker has it: a finder that
 * has seen the query grow, and answers what there is now.
 */

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include <qt/hist/find.h>

#include "hist_rows.h"
#include "shm_rows.h"

#define FOUND	24u		/* as many as the picker asks for at first */
#define TIMES	25u		/* a round */

struct key_query {
	const char	*query, *name;
	double		 bound_ms;
};
static const struct key_query queries[] = {
	{ "", "next result: of nothing typed", 0.2 },
	{ "git", "next result: git", 2 },
	{ "git p", "next result: git p", 2 },
	{ "docker compose up", "next result: docker compose up", 2 },
	{ "zzznomatchzzz", "next result: one that nothing matches", 1 },
};
#define QUERIES	(sizeof(queries) / sizeof(queries[0]))

struct keys {
	uint32_t	rounds;
	struct {
		double		ms[ROUNDS_MAX];	/* of the last key */
		double		worst_ms;	/* of all keys, the median */
		uint32_t	worst_len;
		uint64_t	matched;
	} of[QUERIES];
};

static double
find(struct qt_hist_find *f, const char *query, size_t len, uint64_t *matched)
{
	static struct qt_hist_found	found[FOUND];
	struct qt_hist_finding		what = { .query = query, .len = len,
	    .found = found, .max = FOUND, .is_typing = true };
	struct qt_err			err = QT_ERR_INIT;
	uint64_t			start = cpu_ns();

	hist_must(qt_hist_find(f, &what, &err), "find", &err);
	*matched = what.matched;
	return (double)(cpu_ns() - start) / 1e6;
}

/* Types a query, key by key, again and again. */
static void
type(struct keys *k, size_t q, uint32_t round, struct qt_hist_index *ix)
{
	const char		*query = queries[q].query;
	size_t			 len = strlen(query);
	struct qt_hist_here	 here = { .now_us = UINT64_C(1730000000000000),
	    .home = "/home/user", .cwd = "/home/user/project-7",
	    .git = "/home/user/project-7", .host = "laptop" };
	struct qt_hist_find	*f;
	struct qt_err		 err = QT_ERR_INIT;
	double			 ms[64][TIMES], middle;

	for (uint32_t i = 0; i < TIMES; i++) {
		hist_must(qt_hist_find_new(&f, ix, NULL, &here, &err),
		    "make a finder", &err);
		/* A picker has shown the list before the first key. */
		for (size_t n = 0; n <= len; n++)
			ms[n][i] = find(f, query, n, &k->of[q].matched);
		qt_hist_find_free(f);
	}
	k->of[q].ms[round] = median(ms[len], TIMES);
	for (size_t n = 0; n <= len; n++) {
		middle = median(ms[n], TIMES);
		if (middle <= k->of[q].worst_ms)
			continue;
		k->of[q].worst_ms = middle;
		k->of[q].worst_len = (uint32_t)n;
	}
}

static void
type_all(void *arg)
{
	struct keys		*k = arg;
	struct qt_hist_index	*ix;
	struct qt_err		 err = QT_ERR_INIT;
	char			 path[QT_PATH_SIZE];

	hist_must(qt_hist_index_open(&ix, hist_path(HIST_STORE, path), &err),
	    "open the index", &err);
	for (uint32_t i = 0; i < k->rounds; i++)
		for (size_t q = 0; q < QUERIES; q++) {
			report_progress("%s: %u of %u", queries[q].name, i + 1,
			    k->rounds);
			type(k, q, i, ix);
		}
	report_progress("%s", "");
	qt_hist_index_close(ix);
}

void
row_hist_keys(struct report *r, const struct bench_opt *opt)
{
	struct keys	*k = shm_shared(sizeof(*k));
	char		 note[128];

	hist_make(opt);
	k->rounds = opt->rounds;
	hist_in_child(type_all, k);
	for (size_t q = 0; q < QUERIES; q++) {
		double	middle = median(k->of[q].ms, k->rounds);

		snprintf(note, sizeof(note), "%llu match; the slowest on the "
		    "way, with %u bytes: %.3f ms", (unsigned long long)k->of[q].matched,
		    k->of[q].worst_len, k->of[q].worst_ms);
		report_add(r, &(struct report_row){
			.name = queries[q].name, .unit = "ms", .ours = middle,
			.figure = middle, .figure_name = "ms",
			.rule = REPORT_AT_MOST, .bound = queries[q].bound_ms,
			.rounds = k->rounds, .low = k->of[q].ms[0],
			.high = k->of[q].ms[k->rounds - 1], .note = note });
	}
	munmap(k, sizeof(*k));
}
