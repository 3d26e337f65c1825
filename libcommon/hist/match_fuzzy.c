/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The best way to find a term's bytes in order. Weights are in <qt/hist/match.h>.
 *
 *	M[i][p]	the best score of the first i + 1 bytes, the last one at p
 *	M[i][p] = 16 + max(M[i-1][p-1] + 10,
 *		max over q < p-1 of M[i-1][q] - gap(p-1-q) + bonus(p))
 *
 * A gap costs what is linear in its length, so the inner maximum is one number
 * that loses 1 a step: a row is one pass. Only places where the byte is have a
 * value, and none is before the leftmost way to find the term.
 *
 * Most commands are no longer than 64 bytes: there a row is the set bits of a
 * word (of 64 comparisons at once); of longer ones it is a list of places. A
 * bound tells for most that they cannot be among the best, before any row. Only
 * who wants positions needs all the rows, to go back from the end.
 */

#include <assert.h>

#include "match_block_priv.h"
#include "match_priv.h"

#define LOW	(-(INT32_C(1) << 24))	/* below any sum, and may be summed */

static uint8_t
byte_at(const struct qt__term *t, const struct qt__text *x, size_t at)
{
	return t->is_case ? x->text[at] : qt__fold[x->text[at]];
}

/* --- Up to 64 bytes ------------------------------------------------------- */

/*
 * Where each of the term's bytes is, and the leftmost way to find them all.
 * false: there is none.
 */
static inline bool
find_bits(const struct qt__term *t, const struct qt__block *b, uint64_t valid,
    uint64_t bits[QT_HIST_FUZZY_MAX])
{
	uint64_t	rest = valid, here;

	for (uint32_t i = 0; i < t->len; i++) {
		bits[i] = qt__block_find(b, t->text[i]) & valid;
		here = bits[i] & rest;
		if (here == 0)
			return false;
		/* From behind its lowest bit. */
		rest &= ~(here ^ (here - 1));
	}
	return true;
}

static uint32_t
score_bits(const struct qt__term *t, const struct qt__text *x,
    uint64_t bits[QT_HIST_FUZZY_MAX])
{
	int32_t		a[QT__BLOCK], b[QT__BLOCK];
	int32_t		*before = a, *row = b, *swap, best = LOW;
	uint64_t	old, now;

	for (now = bits[0]; now != 0; now &= now - 1) {
		int	p = __builtin_ctzll(now);

		row[p] = (int32_t)(QT__MATCH_BYTE +
		    2 * qt__match_bonus(x->text, (size_t)p));
	}
	for (uint32_t i = 1; i < t->len; i++) {
		int32_t	open = LOW;	/* M[q] + q, of q < p - 1 */

		swap = before, before = row, row = swap;
		old = bits[i - 1];
		/* Behind the first of the row before. */
		bits[i] &= ~(old ^ (old - 1));
		for (now = bits[i]; now != 0; now &= now - 1) {
			int	p = __builtin_ctzll(now), q = p;
			int32_t	run = LOW, gap = LOW;

			for (; old != 0; old &= old - 1) {
				q = __builtin_ctzll(old);
				if (q >= p - 1)
					break;
				if (before[q] + q > open)
					open = before[q] + q;
			}
			if ((bits[i - 1] >> (p - 1) & 1) != 0)
				run = before[p - 1] + (int32_t)QT__MATCH_RUN;
			if (open > LOW)
				gap = open - p - 1 +
				    (int32_t)qt__match_bonus(x->text, (size_t)p);
			row[p] = (run > gap ? run : gap) +
			    (int32_t)QT__MATCH_BYTE;
		}
	}
	for (now = bits[t->len - 1]; now != 0; now &= now - 1)
		if (row[__builtin_ctzll(now)] > best)
			best = row[__builtin_ctzll(now)];
	return best > 1 ? (uint32_t)best : 1;
}

static inline uint32_t
bound_bits(const struct qt__term *t, const struct qt__block *b,
    const uint64_t bits[QT_HIST_FUZZY_MAX], bool *is_exact)
{
	uint64_t	run = bits[0], word;
	uint32_t	most = qt__term_highest(t);

	word = qt__block_low(b) << 1 | 1;
	for (uint32_t i = 1; i < t->len && run != 0; i++)
		run &= bits[i] >> i;
	/* A blank itself has no bonus; its term is rare. */
	*is_exact = (run & word) != 0 && t->text[0] > ' ';
	if (*is_exact)
		return most;
	if ((bits[0] & word) == 0)
		most -= 2;
	return run == 0 ? most - QT__MATCH_GAP : most;
}

/* --- Longer ones ---------------------------------------------------------- */

/* The leftmost way: the place of each byte. Blocks of 64 at once. */
static bool
find_first(const struct qt__term *t, const struct qt__text *x,
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

/* As score_bits(), of the first QT_HIST_SCORED bytes. */
static uint32_t
score_long(struct qt__scratch *s, const struct qt__term *t,
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

/* What a given way is worth. */
static uint32_t
score_way(const struct qt__term *t, const struct qt__text *x,
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

static uint32_t
score_rows(struct qt__scratch *s, const struct qt__term *t,
    const struct qt__text *x, const uint32_t *first,
    uint32_t way[QT_HIST_FUZZY_MAX])
{
	uint32_t	last[QT_HIST_FUZZY_MAX], n = t->len - 1, p, best;
	size_t		end = x->len < QT_HIST_SCORED ? x->len :
	    QT_HIST_SCORED;

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

/*
 * As bound_bits(): a run at the start of a word is the best that there is. Only
 * where all of it counts.
 */
static uint32_t
bound_run(const struct qt__term *t, const struct qt__text *x,
    const uint32_t *first, bool *is_exact)
{
	uint32_t	most = qt__term_highest(t);
	size_t		at;

	*is_exact = false;
	if (first[t->len - 1] >= QT_HIST_SCORED)
		return most;
	if (!qt__find_run(t, x, false, &at))
		return most - (t->len > 1 ? QT__MATCH_GAP : 0);
	if (at + t->len > QT_HIST_SCORED)
		return most;
	*is_exact = qt__match_bonus(x->text, at) == QT__MATCH_RUN;
	return *is_exact ? most : most - 2;
}

/* --- Both ----------------------------------------------------------------- */

uint32_t
qt__fuzzy_score(struct qt__scratch *s, const struct qt__term *t,
    const struct qt__text *x, struct qt_hist_positions *positions)
{
	uint64_t		bits[QT_HIST_FUZZY_MAX];
	uint32_t		way[QT_HIST_FUZZY_MAX];
	uint32_t		score;
	struct qt__block	b;

	assert(t->len > 0 && t->len <= QT_HIST_FUZZY_MAX);
	if (x->len < t->len)
		return 0;
	if (x->len <= QT__BLOCK && positions == NULL) {
		qt__block_at(&b, x->text, 0, x->len, x->room, !t->is_case);
		return find_bits(t, &b, qt__bits_below(x->len), bits) ?
		    score_bits(t, x, bits) : 0;
	}
	if (!find_first(t, x, way))
		return 0;
	if (way[t->len - 1] >= QT_HIST_SCORED)
		score = score_way(t, x, way);
	else if (positions == NULL)
		score = score_long(s, t, x, way);
	else
		score = score_rows(s, t, x, way, way);
	for (uint32_t i = 0; positions != NULL && i < t->len; i++)
		qt__positions_add(positions, way[i]);
	return score;
}

uint32_t
qt__fuzzy_bound(const struct qt__term *t, const struct qt__text *x,
    bool *is_exact)
{
	uint64_t		bits[QT_HIST_FUZZY_MAX];
	uint32_t		way[QT_HIST_FUZZY_MAX];
	struct qt__block	b;

	*is_exact = true;
	if (x->len < t->len)
		return 0;
	if (x->len <= QT__BLOCK) {
		qt__block_at(&b, x->text, 0, x->len, x->room, !t->is_case);
		return find_bits(t, &b, qt__bits_below(x->len), bits) ?
		    bound_bits(t, &b, bits, is_exact) : 0;
	}
	if (!find_first(t, x, way))
		return 0;
	return bound_run(t, x, way, is_exact);
}

bool
qt__fuzzy_has(const struct qt__term *t, const struct qt__text *x)
{
	uint32_t	way[QT_HIST_FUZZY_MAX];

	return x->len >= t->len && find_first(t, x, way);
}

bool
qt__fuzzy_has_all(const struct qt__term *t, uint32_t count,
    const struct qt__text *x)
{
	struct qt__block	b;
	uint64_t		valid = qt__bits_below(x->len), rest, here;

	if (x->len > QT__BLOCK || x->len == 0) {
		for (uint32_t k = 0; k < count; k++)
			if (!qt__fuzzy_has(&t[k], x))
				return false;
		return true;
	}
	qt__block_at(&b, x->text, 0, x->len, x->room, true);
	for (uint32_t k = 0; k < count; k++) {
		rest = valid;
		for (uint32_t i = 0; i < t[k].len; i++) {
			here = qt__block_find(&b, t[k].text[i]) & rest;
			if (here == 0)
				return false;
			rest &= ~(here ^ (here - 1));
		}
	}
	return true;
}
