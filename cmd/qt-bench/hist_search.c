/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows: qt-hist search and complete as whole processes, beside what else finds a
 * command among as many: fzf and grep in the file of all, a line each; sqlite3
 * in a table of the distinct ones with an index by when they ran last.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hist_rows.h"
#include "process.h"

#define OURS_TIMES	10u	/* a round; of peers one is enough */

static const char *const queries[] = { "git p", "docker compose up",
    "find name txt" };
#define QUERIES	(sizeof(queries) / sizeof(queries[0]))

struct search {
	char	ours[QT_PATH_SIZE], lines[QT_PATH_SIZE], table[QT_PATH_SIZE];
	int	has_fzf, has_sqlite;
	/* Medians of a round, ms. */
	double	own[QUERIES][ROUNDS_MAX], fzf[QUERIES][ROUNDS_MAX];
	double	grep[ROUNDS_MAX], sqlite[QUERIES][ROUNDS_MAX];
};

static int
has(const char *program)
{
	char	line[64];

	snprintf(line, sizeof(line), "command -v %s >/dev/null 2>&1", program);
	return system(line) == 0;
}

/* A peer may find nothing. */
static double
ms_of(char *const *argv, const char *in)
{
	double	ns;
	int	status = process_run_from(argv, in, &ns);

	if (status > 1)
		qt_die(QT_EXIT_SYS, "%s: status %d", argv[0], status);
	return ns / 1e6;
}

static double
run_ours(const struct search *s, const char *query)
{
	char	*argv[] = { (char *)(uintptr_t)s->ours, (char *)"search",
	    (char *)"--", (char *)(uintptr_t)query, NULL };
	double	ms[OURS_TIMES];

	for (uint32_t i = 0; i < OURS_TIMES; i++)
		ms[i] = ms_of(argv, "/dev/null");
	return median(ms, OURS_TIMES);
}

static double
run_fzf(const struct search *s, const char *query)
{
	char	*argv[] = { (char *)"fzf", (char *)"--filter",
	    (char *)(uintptr_t)query, NULL };

	return ms_of(argv, s->lines);
}

/* It stops at the first line that matches where it writes to /dev/null. */
static double
run_grep(const struct search *s)
{
	char	*argv[] = { (char *)"sh", (char *)"-c",
	    (char *)"grep -F git \"$0\" | cat", (char *)(uintptr_t)s->lines,
	    NULL };

	return ms_of(argv, "/dev/null");
}

/* --- A table -------------------------------------------------------------- */

/* Bytes of a query, each a word of its own between blanks. */
static void
sql_of(char sql[512], const char *query)
{
	char	words[64], *word, *save;
	size_t	len;

	snprintf(words, sizeof(words), "%s", query);
	snprintf(sql, 512, "select text from commands where 1");
	for (word = strtok_r(words, " ", &save); word != NULL;
	    word = strtok_r(NULL, " ", &save)) {
		len = strlen(sql);
		snprintf(sql + len, 512 - len, " and text like '%%%s%%'",
		    word);
	}
	len = strlen(sql);
	snprintf(sql + len, 512 - len, " order by last desc limit 100;");
}

static double
run_sqlite(const struct search *s, const char *query)
{
	char	sql[512];
	char	*argv[] = { (char *)"sqlite3", (char *)"-init",
	    (char *)"/dev/null", (char *)(uintptr_t)s->table, sql, NULL };

	sql_of(sql, query);
	return ms_of(argv, "/dev/null");
}

static void
make_table(const struct search *s)
{
	char	script[QT_PATH_SIZE + 512], path[QT_PATH_SIZE];
	char	*argv[] = { (char *)"sqlite3", (char *)"-init", (char *)
	    "/dev/null", (char *)(uintptr_t)s->table, NULL };
	FILE	*f = fopen(hist_path("table.sql", path), "we");

	report_progress("%s", "a table of sqlite3 is made");
	snprintf(script, sizeof(script), ".mode ascii\n.separator \"\\037\" "
	    "\"\\n\"\ncreate table runs(text);\n.import '%s' runs\n"
	    "create table commands as select text, max(rowid) last, count(*) "
	    "count from runs group by text;\n"
	    "create index commands_last on commands(last);\n", s->lines);
	if (f == NULL || fputs(script, f) < 0 || fclose(f) != 0)
		qt_die(QT_EXIT_SYS, "make '%s': %s", path, strerror(errno));
	if (ms_of(argv, path) < 0 || access(s->table, R_OK) < 0)
		qt_die(QT_EXIT_SYS, "sqlite3 made no '%s'", s->table);
}

/* --- The rows ------------------------------------------------------------- */

static void
run_round(struct search *s, uint32_t round)
{
	for (size_t q = 0; q < QUERIES; q++) {
		s->own[q][round] = run_ours(s, queries[q]);
		if (s->has_fzf)
			s->fzf[q][round] = run_fzf(s, queries[q]);
		if (s->has_sqlite)
			s->sqlite[q][round] = run_sqlite(s, queries[q]);
	}
	s->grep[round] = run_grep(s);
}

static void
report_query(struct report *r, struct search *s, size_t q, uint32_t rounds)
{
	double	ratio[ROUNDS_MAX], ours;
	char	name[64], note[128] = "";
	int	len = 0;

	for (uint32_t i = 0; i < rounds && s->has_fzf; i++)
		ratio[i] = s->fzf[q][i] / s->own[q][i];
	ours = median(s->own[q], rounds);
	if (s->has_sqlite)
		len = snprintf(note, sizeof(note), "sqlite3: %.1f ms; ",
		    median(s->sqlite[q], rounds));
	snprintf(note + len, sizeof(note) - (size_t)len,
	    "grep -F git: %.1f ms", median(s->grep, rounds));
	snprintf(name, sizeof(name), "search %s, a process", queries[q]);
	report_add(r, &(struct report_row){
		.name = name, .unit = "ms", .ours = ours, .figure = ours,
		.figure_name = "ms", .rule = REPORT_AT_MOST, .bound = 20,
		.rounds = rounds, .low = s->own[q][0],
		.high = s->own[q][rounds - 1], .note = note });
	if (!s->has_fzf) {
		report_skip(r, "  against fzf --filter", "fzf is not here");
		return;
	}
	report_add(r, &(struct report_row){
		.name = "  against fzf --filter", .unit = "ms", .ours = ours,
		.peer = median(s->fzf[q], rounds), .peer_name = "fzf --filter",
		.figure = median(ratio, rounds), .figure_name = "ratio",
		.rule = REPORT_AT_LEAST, .bound = 20, .rounds = rounds,
		.low = ratio[0], .high = ratio[rounds - 1] });
}

void
row_hist_search(struct report *r, const struct bench_opt *opt)
{
	static struct search	s;

	if (!process_find(s.ours, "qt-hist")) {
		report_skip(r, "search, a process", "qt-hist is not beside "
		    "qt-bench");
		return;
	}
	hist_make(opt);
	hist_path(HIST_FILE, s.lines);
	hist_path("table.db", s.table);
	s.has_fzf = has("fzf");
	s.has_sqlite = has("sqlite3");
	if (s.has_sqlite)
		make_table(&s);
	(void)run_ours(&s, queries[0]);		/* takes in what there is */
	for (uint32_t i = 0; i < opt->rounds; i++) {
		report_progress("search: %u of %u", i + 1, opt->rounds);
		run_round(&s, i);
	}
	report_progress("%s", "");
	for (size_t q = 0; q < QUERIES; q++)
		report_query(r, &s, q, opt->rounds);
	if (!s.has_sqlite)
		report_skip(r, "search, beside sqlite3", "sqlite3 is not here");
}
