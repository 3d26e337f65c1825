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
 * word (of 64 comparisons at once); of longer ones it is a list of places
 * (match_long.c). A bound tells for most that they cannot be among the best,
 * before any row. Only who wants positions needs all the rows, to go back from
 * the end.
 */

#include <assert.h>

#include "match_block_priv.h"
#include "match_priv.h"

#define LOW	QT__MATCH_LOW

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

/* --- Any length ----------------------------------------------------------------- */

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
	if (!qt__fuzzy_first(t, x, way))
		return 0;
	if (way[t->len - 1] >= QT_HIST_SCORED)
		score = qt__fuzzy_way(t, x, way);
	else if (positions == NULL)
		score = qt__fuzzy_long(s, t, x, way);
	else
		score = qt__fuzzy_rows(s, t, x, way, way);
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
	if (!qt__fuzzy_first(t, x, way))
		return 0;
	return bound_run(t, x, way, is_exact);
}

bool
qt__fuzzy_has(const struct qt__term *t, const struct qt__text *x)
{
	uint32_t	way[QT_HIST_FUZZY_MAX];

	return x->len >= t->len && qt__fuzzy_first(t, x, way);
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
