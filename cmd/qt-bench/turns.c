/* SPDX-License-Identifier: Apache-2.0 */
/* Rounds that take turns with a peer's, and their medians. See shm_rows.h. */

#include <stdlib.h>
#include <string.h>

#include "shm_rows.h"

void
turns_run(struct turns *t, const struct contest *c,
    const struct bench_opt *opt)
{
	memset(t, 0, sizeof(*t));
	t->count = opt->rounds < ROUNDS_MAX ? opt->rounds : ROUNDS_MAX;
	for (uint32_t i = 0; i < t->count; i++) {
		report_progress("%s: %u of %u", c->what, i + 1, t->count);
		/* Who comes first changes, too. */
		if (i % 2 != 0 && c->peer != NULL)
			t->peer[i] = c->peer(c->arg);
		t->ours[i] = c->ours(c->arg);
		if (i % 2 == 0 && c->peer != NULL)
			t->peer[i] = c->peer(c->arg);
	}
	report_progress("%s", "");
}

static double
figure_of(enum turns_figure figure, double ours, double peer)
{
	switch (figure) {
	case TURNS_RATE:	return 1e3 / ours;
	case TURNS_TIMES:	return ours / peer;
	case TURNS_SPEEDS:	return peer / ours;
	default:		return ours;
	}
}

void
turns_report(struct report *r, const struct turns *t,
    const struct turns_row *row)
{
	static const char *const names[] = { "ns", "M/s", "ratio", "ratio" };
	double			 ours[ROUNDS_MAX], peer[ROUNDS_MAX];
	double			 figure[ROUNDS_MAX];
	uint32_t		 n = t->count;
	int			 is_rate = row->figure == TURNS_RATE;

	for (uint32_t i = 0; i < n; i++) {
		ours[i] = is_rate ? 1e3 / t->ours[i] : t->ours[i];
		peer[i] = is_rate ? 1e3 / t->peer[i] : t->peer[i];
		figure[i] = figure_of(row->figure, t->ours[i], t->peer[i]);
	}
	report_add(r, &(struct report_row){
		.name = row->name, .unit = is_rate ? "M/s" : "ns",
		.ours = median(ours, n), .peer = median(peer, n),
		.peer_name = row->peer_name, .figure = median(figure, n),
		.figure_name = names[row->figure], .rounds = n,
		.low = figure[0], .high = figure[n - 1],
		.rule = is_rate || row->figure == TURNS_SPEEDS ?
		    REPORT_AT_LEAST : REPORT_AT_MOST,
		.bound = row->bound, .note = row->note });
}
