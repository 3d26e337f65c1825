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

/* --- Bounds --------------------------------------------------------------- */

/*
 * What a term's byte may add where it does not follow the one before it: a place
 * at the start of a word, behind a delimiter, any other; all less the gap. Two
 * times that, but for the gap, is what the first byte may add.
 */
#define AT_WORD		10u
#define AT_BORDER	9u
#define AT_ANY		7u

/* Where places are of a block, and of the byte before it. */
struct borders {
	uint64_t	word, border;
	uint64_t	low, name;	/* of the last byte: to go on with */
};

static inline void
borders_of(struct borders *p, const struct qt__block *b)
{
	uint64_t	low = qt__block_low(b), name = qt__block_name(b);

	p->word = low << 1 | p->low;
	p->border = ~(name << 1 | p->name);
	p->low = low >> 63;
	p->name = name >> 63;
}

static inline uint32_t
most_at(uint64_t here, const struct borders *p)
{
	return (here & p->word) != 0 ? AT_WORD :
	    (here & p->border) != 0 ? AT_BORDER : here != 0 ? AT_ANY : 0;
}

/* A sum of all bytes, each the most that it may add; follows: those that can
   follow the one before. With no run of all of them there is a gap. */
static inline uint32_t
sum_of(const struct qt__term *t, const uint8_t at[QT_HIST_FUZZY_MAX],
    uint64_t follows)
{
	uint32_t	sum = t->len * QT__MATCH_BYTE + 2 * at[0];
	bool		is_run = true;

	for (uint32_t i = 1; i < t->len; i++) {
		bool	is = (follows >> i & 1) != 0;

		sum += is ? QT__MATCH_RUN : at[i] - QT__MATCH_GAP;
		is_run &= is;
	}
	return is_run ? sum - QT__MATCH_GAP : sum;
}

static inline uint32_t
bound_bits(const struct qt__term *t, const struct qt__block *b, uint64_t low,
    const uint64_t bits[QT_HIST_FUZZY_MAX], uint32_t want, bool *is_exact)
{
	struct borders	p = { .low = 1 };
	uint32_t	most = qt__term_highest(t);
	uint8_t		at[QT_HIST_FUZZY_MAX];
	uint64_t	run = bits[0], follows = 0, word = low << 1 | 1;

	for (uint32_t i = 1; i < t->len && run != 0; i++)
		run &= bits[i] >> i;
	/* A blank itself has no bonus; its term is rare. */
	*is_exact = (run & word) != 0 && t->text[0] > ' ';
	if (*is_exact)
		return most;
	if ((bits[0] & word) == 0)
		most -= 2;
	if (run != 0)
		return most;
	most -= QT__MATCH_GAP;
	if (most < want)
		return most;
	borders_of(&p, b);
	at[0] = (uint8_t)most_at(bits[0], &p);
	for (uint32_t i = 1; i < t->len; i++) {
		at[i] = (uint8_t)most_at(bits[i], &p);
		if ((bits[i] & bits[i - 1] << 1) != 0)
			follows |= UINT64_C(1) << i;
	}
	return sum_of(t, at, follows);
}

/* The same of a longer one, in which there is no run. */
static uint32_t
bound_blocks(const struct qt__term *t, const struct qt__text *x)
{
	struct borders		p = { .low = 1 };
	struct qt__block	b;
	uint8_t			at[QT_HIST_FUZZY_MAX] = { 0 };
	uint64_t		follows = 0, before, here, ends = 0;

	for (size_t from = 0; from < x->len; from += QT__BLOCK) {
		uint64_t	valid = qt__bits_below(x->len - from), end = 0;

		qt__block_at(&b, x->text, from, x->len, x->room, !t->is_case);
		borders_of(&p, &b);
		before = 0;
		for (uint32_t i = 0; i < t->len; i++) {
			uint32_t	most;

			here = qt__block_find(&b, t->text[i]) & valid;
			most = most_at(here, &p);
			if (most > at[i])
				at[i] = (uint8_t)most;
			/* Also behind the last byte of the block before. */
			if (i > 0 && (here & (before << 1 |
			    (ends >> (i - 1) & 1))) != 0)
				follows |= UINT64_C(1) << i;
			end |= (here >> 63) << i;
			before = here;
		}
		ends = end;
	}
	return sum_of(t, at, follows);
}

/*
 * As bound_bits(): a run at the start of a word is the best that there is. Only
 * where all of it counts.
 */
static uint32_t
bound_long(const struct qt__term *t, const struct qt__text *x, uint32_t want,
    bool *is_exact)
{
	uint32_t	most = qt__term_highest(t), way[QT_HIST_FUZZY_MAX];
	size_t		at;

	*is_exact = false;
	if (qt__find_run(t, x, false, &at)) {
		if (at + t->len > QT_HIST_SCORED)
			return most;
		*is_exact = qt__match_bonus(x->text, at) == QT__MATCH_RUN;
		return *is_exact ? most : most - 2;
	}
	if (!(t->is_known && x->len <= QT_HIST_SCORED)) {
		if (t->len == 1 || !qt__fuzzy_first(t, x, way))
			return 0;
		if (way[t->len - 1] >= QT_HIST_SCORED)
			return most;
	}
	most -= QT__MATCH_GAP;
	return x->len > QT_HIST_SCORED || most < want ? most :
	    bound_blocks(t, x);
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
    uint32_t want, bool *is_exact)
{
	uint64_t		bits[QT_HIST_FUZZY_MAX];
	struct qt__block	b;

	*is_exact = true;
	if (x->len < t->len)
		return 0;
	if (x->len > QT__BLOCK)
		return bound_long(t, x, want, is_exact);
	qt__block_at(&b, x->text, 0, x->len, x->room, !t->is_case);
	return find_bits(t, &b, qt__bits_below(x->len), bits) ?
	    bound_bits(t, &b, qt__block_low(&b), bits, want, is_exact) : 0;
}

uint32_t
qt__fuzzy_bound_all(struct qt_hist_match *m, const struct qt__text *x,
    bool *is_exact)
{
	uint64_t		bits[QT_HIST_FUZZY_MAX], low = 0;
	uint64_t		valid = qt__bits_below(x->len);
	uint32_t		sum = m->highest;
	struct qt__block	b;
	bool			is_short = x->len <= QT__BLOCK;

	*is_exact = true;
	if (x->len == 0)
		return 0;
	if (is_short) {
		qt__block_at(&b, x->text, 0, x->len, x->room, true);
		low = qt__block_low(&b);
	}
	/* The sum begins with the most of all; each term takes its own away. */
	for (uint32_t k = 0; k < m->count; k++) {
		const struct qt__term	*t = &m->terms[k];
		uint32_t		 most = qt__term_highest(t), bound;
		uint32_t		 want;
		bool			 is = true;

		sum -= most;
		want = m->worst > sum ? m->worst - sum : 0;
		if (!is_short)
			bound = bound_long(t, x, want, &is);
		else
			bound = find_bits(t, &b, valid, bits) ?
			    bound_bits(t, &b, low, bits, want, &is) : 0;
		if (bound == 0)
			return 0;
		m->exact[k] = is ? bound : 0;
		*is_exact &= is;
		sum += bound;
	}
	return sum;
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

	for (; count > 0 && t->is_known; t++, count--)
		continue;
	if (count == 0)
		return true;
	if (x->len > QT__BLOCK || x->len == 0) {
		for (uint32_t k = 0; k < count; k++)
			if (!t[k].is_known && !qt__fuzzy_has(&t[k], x))
				return false;
		return true;
	}
	qt__block_at(&b, x->text, 0, x->len, x->room, true);
	for (uint32_t k = 0; k < count; k++) {
		if (t[k].is_known)
			continue;
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
