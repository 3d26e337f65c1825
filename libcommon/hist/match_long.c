/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzzy matching in commands of any length, and where positions are wanted: by
 * lists of places, or by rows of bytes. match_fuzzy.c has the idea.
 */

#include <assert.h>

#include "match_block_priv.h"
#include "match_priv.h"

#define LOW	QT__MATCH_LOW

static uint8_t
byte_at(const struct qt__term *t, const struct qt__text *x, size_t at)
{
	return t->is_case ? x->text[at] : qt__fold[x->text[at]];
}

bool
qt__fuzzy_first(const struct qt__term *t, const struct qt__text *x,
    uint32_t first[QT_HIST_FUZZY_MAX])
{
	struct qt__block	b;
	uint32_t		i = 0;

	for (size_t at = 0; at < x->len; at += QT__BLOCK) {
		size_t		n = x->len - at;
		uint64_t	rest, here;

		qt__block_at(&b, x->text, at, x->len, x->room, !t->is_case);
		rest = qt__bits_below(n);
		while ((here = qt__block_find(&b, t->text[i]) & rest) != 0) {
			first[i] = (uint32_t)at +
			    (uint32_t)__builtin_ctzll(here);
			rest &= ~(here ^ (here - 1));
			if (++i == t->len)
				return true;
		}
	}
	return false;
}

/* Where a byte of the term is, from a place on. */
static void
find_places(const struct qt__term *t, const struct qt__text *x, uint32_t i,
    uint32_t from, uint32_t end, struct qt__places *out)
{
	struct qt__block	b;

	out->count = 0;
	for (; from < end; from += QT__BLOCK) {
		uint64_t	m;

		qt__block_at(&b, x->text, from, x->len, x->room, !t->is_case);
		m = qt__block_find(&b, t->text[i]) & qt__bits_below(end - from);
		for (; m != 0; m &= m - 1)
			out->at[out->count++] = from +
			    (uint32_t)__builtin_ctzll(m);
	}
}

/* A row over the places of the byte before. Each has one of them before it. */
static void
score_places(const struct qt__text *x, const struct qt__places *before,
    struct qt__places *row)
{
	int32_t		open = LOW;	/* M[q] + q, of q < p - 1 */
	uint32_t	j = 0;

	for (uint32_t i = 0; i < row->count; i++) {
		uint32_t	p = row->at[i];
		int32_t		run = LOW, gap = LOW;

		for (; j < before->count && before->at[j] + 1 < p; j++)
			if (before->score[j] + (int32_t)before->at[j] > open)
				open = before->score[j] +
				    (int32_t)before->at[j];
		if (j < before->count && before->at[j] + 1 == p)
			run = before->score[j] + (int32_t)QT__MATCH_RUN;
		if (open > LOW)
			gap = open - (int32_t)p - 1 +
			    (int32_t)qt__match_bonus(x->text, p);
		row->score[i] = (run > gap ? run : gap) +
		    (int32_t)QT__MATCH_BYTE;
	}
}

uint32_t
qt__fuzzy_long(struct qt__scratch *s, const struct qt__term *t,
    const struct qt__text *x, const uint32_t *first)
{
	struct qt__places	*before = &s->places[0], *row = &s->places[1];
	struct qt__places	*swap;
	uint32_t		end = x->len < QT_HIST_SCORED ?
	    (uint32_t)x->len : QT_HIST_SCORED;
	int32_t			best = 1;

	find_places(t, x, 0, first[0], end, row);
	for (uint32_t i = 0; i < row->count; i++)
		row->score[i] = (int32_t)(QT__MATCH_BYTE +
		    2 * qt__match_bonus(x->text, row->at[i]));
	for (uint32_t i = 1; i < t->len; i++) {
		swap = before, before = row, row = swap;
		find_places(t, x, i, first[i], end, row);
		score_places(x, before, row);
	}
	for (uint32_t i = 0; i < row->count; i++)
		if (row->score[i] > best)
			best = row->score[i];
	return (uint32_t)best;
}

/* The rightmost way within the first end bytes, where there is one. */
static void
find_last(const struct qt__term *t, const struct qt__text *x, size_t end,
    uint32_t last[QT_HIST_FUZZY_MAX])
{
	for (uint32_t i = t->len; i > 0; i--) {
		do {
			assert(end > 0);
			end--;
		} while (byte_at(t, x, end) != t->text[i - 1]);
		last[i - 1] = (uint32_t)end;
	}
}

uint32_t
qt__fuzzy_way(const struct qt__term *t, const struct qt__text *x,
    const uint32_t *way)
{
	int64_t	score = QT__MATCH_BYTE + 2 * qt__match_bonus(x->text, way[0]);

	for (uint32_t i = 1; i < t->len; i++) {
		score += QT__MATCH_BYTE;
		if (way[i] == way[i - 1] + 1)
			score += QT__MATCH_RUN;
		else
			score += (int64_t)qt__match_bonus(x->text, way[i]) -
			    QT__MATCH_GAP - QT__MATCH_MORE *
			    (way[i] - way[i - 1] - 2);
	}
	return score > 1 ? (uint32_t)score : 1;
}

/*
 * One row over the one before it, in place: cells[p] is that of byte i - 1 until
 * p + 1 was computed. from[p]: 1, it goes on from p - 1; 2, from behind a gap;
 * 4, that gap begins behind p - 2.
 */
static void
next_row(struct qt__scratch *s, const struct qt__term *t,
    const struct qt__text *x, uint32_t i, const uint32_t *first,
    const uint32_t *last)
{
	int32_t		*cells = s->row, open = LOW;
	int32_t		two = LOW, one = LOW, now, run, gap;
	uint8_t		*from = s->from[i];
	uint32_t	p = first[i - 1];

	/* two, one: of byte i - 1 at p - 2 and p - 1. */
	for (; p <= last[i]; p++) {
		now = p <= last[i - 1] ? cells[p] : LOW;
		from[p] = 0;
		open -= (int32_t)QT__MATCH_MORE;
		if (two > LOW && two - (int32_t)QT__MATCH_GAP >= open) {
			open = two - (int32_t)QT__MATCH_GAP;
			from[p] = 4;
		}
		cells[p] = LOW;
		if (p >= first[i] && byte_at(t, x, p) == t->text[i]) {
			run = one > LOW ? one + (int32_t)QT__MATCH_RUN : LOW;
			gap = open > LOW / 2 ? open +
			    (int32_t)qt__match_bonus(x->text, p) : LOW;
			from[p] |= run >= gap ? 1 : 2;
			cells[p] = (run >= gap ? run : gap) +
			    (int32_t)QT__MATCH_BYTE;
		}
		two = one;
		one = now;
	}
}

/* The way that ends at p, from its end. */
static void
walk_back(const struct qt__scratch *s, const struct qt__term *t, uint32_t p,
    uint32_t way[QT_HIST_FUZZY_MAX])
{
	for (uint32_t i = t->len - 1; i > 0; i--) {
		way[i] = p;
		if ((s->from[i][p] & 1) != 0) {
			p--;
			continue;
		}
		while ((s->from[i][p] & 4) == 0)
			p--;
		p -= 2;
	}
	way[0] = p;
}

uint32_t
qt__fuzzy_rows(struct qt__scratch *s, const struct qt__term *t,
    const struct qt__text *x, const uint32_t *first,
    uint32_t way[QT_HIST_FUZZY_MAX])
{
	uint32_t	last[QT_HIST_FUZZY_MAX], n = t->len - 1, p, best;
	size_t		end = x->len < QT_HIST_SCORED ? x->len :
	    QT_HIST_SCORED;

	assert(t->len > 0);
	find_last(t, x, end, last);
	for (p = first[0]; p <= last[0]; p++)
		s->row[p] = byte_at(t, x, p) != t->text[0] ? LOW :
		    (int32_t)(QT__MATCH_BYTE +
		    2 * qt__match_bonus(x->text, p));
	for (uint32_t i = 1; i <= n; i++)
		next_row(s, t, x, i, first, last);
	best = last[n];
	for (p = first[n]; p <= last[n]; p++)
		if (s->row[p] > s->row[best])
			best = p;
	walk_back(s, t, best, way);
	return s->row[best] > 1 ? (uint32_t)s->row[best] : 1;
}
