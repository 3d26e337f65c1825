/* SPDX-License-Identifier: Apache-2.0 */
/* qt-bench store - what the store promises, beside other engines */

#include "store_rows.h"
#include "verbs.h"

static int store_main(int argc, char **argv);

static const struct qt_opt store_opts[] = {
	{ 'J', "json", NULL, "print one JSON array" },
	{ 'd', "dir", "DIR", "where data is kept (default $TMPDIR, or here)" },
	{ 'n', "items", "N", "records (default 1000000)" },
	{ 'q', "quick", NULL, "20000 records, one round, short" },
	{ 'r', "rounds", "N", "repeat, take medians (default 3)" },
	{ 0, NULL, NULL, NULL },
};

const struct qt_verb store_verb = {
	"store", store_main, "[ROW ...]",
	"rows: get put sync team mixed runs scan process shells recover bulk "
	"amplify", store_opts
};

/* Not a measurement: what the others stand on. */
static void
row_place(struct report *r, const struct bench_opt *opt)
{
	int		is_memory;
	const char	*type = store_file_system(opt, &is_memory);

	report_say(r, "file system", type);
	if (is_memory)
		report_say(r, "", "rows that sync say nothing about a disk; "
		    "see -d");
}

static int
store_main(int argc, char **argv)
{
	static const struct bench_row rows[] = {
		{ "get", row_store_get },
		{ "put", row_store_put },
		{ "sync", row_store_sync },
		{ "team", row_store_team },
		{ "mixed", row_store_mixed },
		{ "runs", row_store_runs },
		{ "scan", row_store_scan },
		{ "process", row_store_process },
		{ "shells", row_store_shells },
		{ "recover", row_store_recover },
		{ "bulk", row_store_bulk },
		{ "amplify", row_store_amplify },
		{ NULL, NULL },
	};
	static const struct bench_opt	opt = { .items = 1000000, .rounds = 3,
	    .before = row_place };

	return bench_main(&store_verb, rows, &opt, 0, argc, argv);
}
