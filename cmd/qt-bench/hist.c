/* SPDX-License-Identifier: Apache-2.0 */
/* qt-bench hist - what the history promises, beside what people use for it */

#include <stdlib.h>
#include <string.h>

#include "hist_rows.h"
#include "verbs.h"

static int hist_main(int argc, char **argv);

static const struct qt_opt hist_opts[] = {
	{ 'J', "json", NULL, "print one JSON array" },
	{ 'c', "commands", "FILE", "made of these commands, one a line" },
	{ 'd', "dir", "DIR", "where data is kept (default $TMPDIR, or here)" },
	{ 'n', "items", "N", "events of the history (default 1000000)" },
	{ 'q', "quick", NULL, "20000 events, one round, short" },
	{ 'r', "rounds", "N", "repeat, take medians (default 3)" },
	{ 0, NULL, NULL, NULL },
};

const struct qt_verb hist_verb = {
	"hist", hist_main, "[ROW ...]",
	"rows: prompt pick keys search complete import rebuild", hist_opts
};

double
percentile(double *values, size_t count, double of)
{
	qsort(values, count, sizeof(*values), double_compare);
	return values[(size_t)((double)(count - 1) * of)];
}

static int
hist_main(int argc, char **argv)
{
	static const struct bench_row rows[] = {
		{ "prompt", row_hist_prompt },
		{ "pick", row_hist_pick },
		{ "keys", row_hist_keys },
		{ "search", row_hist_search },
		{ "complete", row_hist_complete },
		{ "import", row_hist_import },
		{ "rebuild", row_hist_rebuild },
		{ NULL, NULL },
	};
	static const struct bench_opt	opt = { .items = 1000000, .rounds = 3 };
	int				rc;

	rc = bench_main(&hist_verb, rows, &opt, 0, argc, argv);
	hist_leave();
	return rc;
}
