/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One term in one command: runs of bytes at any place, at the beginning, at the
 * end; and what a place is worth. Weights are in <qt/hist/match.h>.
 */

#include <string.h>

#include "match_block_priv.h"
#include "match_priv.h"

#define PATTERN_MAX	64u		/* bytes of a match that count */

#define R4(n)	(n), (n) + 1, (n) + 2, (n) + 3
#define R16(n)	R4(n), R4((n) + 4), R4((n) + 8), R4((n) + 12)
#define R64(n)	R16(n), R16((n) + 16), R16((n) + 32), R16((n) + 48)

const uint8_t	qt__fold[256] = {
	R64(0), '@', 'a', 'b', 'c', R4('d'), R4('h'), R4('l'), R4('p'),
	R4('t'), 'x', 'y', 'z', '[', '\\', ']', '^', '_', R16(96), R16(112),
	R64(128), R64(192)
};

/* 0 blank or control, 1 delimiter, 2 other, 3 small letter, 4 capital, 5 digit;
   bytes from 128 on are letters of some alphabet. */
#define E4(c)	c, c, c, c
#define E16(c)	E4(c), E4(c), E4(c), E4(c)
const uint8_t	qt__class[256] = {
	E16(0), E16(0),
	0, 2, 2, 2, E4(2), E4(2), 1, 2, 2, 1,		/* , / */
	E4(5), E4(5), 5, 5, 1, 1, E4(2),		/* : ; */
	2, 4, 4, 4, E4(4), E4(4), E4(4),
	E4(4), E4(4), 4, 4, 4, 2, E4(2),
	2, 3, 3, 3, E4(3), E4(3), E4(3),
	E4(3), E4(3), 3, 3, 3, 2, 1, 2, 2, 2,		/* | */
	E16(3), E16(3), E16(3), E16(3), E16(3), E16(3), E16(3), E16(3)
};

/* By the class before a byte, and its own. */
const uint8_t	qt__bonus[6][6] = {
	{ 0, 10, 10, 10, 10, 10 },
	{ 0, 0, 0, 9, 9, 9 },
	{ 0, 0, 0, 8, 8, 8 },
	{ 0, 0, 0, 0, 7, 7 },
	{ 0, 0, 0, 0, 0, 7 },
	{ 0, 0, 0, 0, 0, 0 },
};

/* Of a run of len bytes at a place. */
static uint32_t
run_score(const uint8_t *text, size_t at, size_t len)
{
	return (uint32_t)len * (QT__MATCH_BYTE + QT__MATCH_RUN) -
	    QT__MATCH_RUN + 2 * qt__match_bonus(text, at);
}

/* --- Runs ----------------------------------------------------------------- */

/* Whether the term is at a place that has room for it. */
static bool
is_at(const struct qt__term *t, const struct qt__text *x, size_t at)
{
	const uint8_t	*p = x->text + at;

	if (t->is_case)
		return memcmp(p, t->text, t->len) == 0;
	for (uint32_t i = 0; i < t->len; i++)
		if (qt__fold[p[i]] != t->text[i])
			return false;
	return true;
}

/* The bits of a block where the first two bytes are, as far as it shows. */
static inline uint64_t
candidates(const struct qt__term *t, const struct qt__block *b)
{
	uint64_t	m = qt__block_find(b, t->text[0]);

	if (t->len > 1)
		m &= qt__block_find(b, t->text[1]) >> 1 |
		    UINT64_C(1) << (QT__BLOCK - 1);
	return m;
}

bool
qt__find_run(const struct qt__term *t, const struct qt__text *x, bool is_any,
    size_t *out)
{
	struct qt__block	b;
	uint32_t		best = 0;
	bool			has = false;
	size_t			ends;

	if (x->len < t->len)
		return false;
	ends = x->len - t->len + 1;
	for (size_t at = 0; at < ends; at += QT__BLOCK) {
		uint64_t	m;

		if (has && at >= QT_HIST_SCORED)
			break;
		qt__block_at(&b, x->text, at, x->len, x->room, !t->is_case);
		m = candidates(t, &b) & qt__bits_below(ends - at);
		for (; m != 0; m &= m - 1) {
			size_t		p = at + (size_t)__builtin_ctzll(m);
			uint32_t	bonus;

			if (!is_at(t, x, p))
				continue;
			bonus = qt__match_bonus(x->text, p);
			if (!has || bonus > best) {
				has = true;
				best = bonus;
				*out = p;
			}
			if (is_any || best == QT__MATCH_RUN)
				return true;
		}
	}
	return has;
}

static bool
find(const struct qt__term *t, const struct qt__text *x, bool is_any,
    size_t *at)
{
	if (t->kind == QT_HIST_EXACT || t->kind == QT_HIST_FUZZY)
		return qt__find_run(t, x, is_any, at);
	if (x->len < t->len || (t->kind == QT_HIST_WHOLE && x->len != t->len))
		return false;
	*at = t->kind == QT_HIST_SUFFIX ? x->len - t->len : 0;
	return is_at(t, x, *at);
}

static uint32_t
pattern_score(struct qt_hist_match *m, const struct qt__term *t,
    const struct qt__text *x, struct qt_hist_positions *positions)
{
	size_t	from, to, n;
	int	rc;

	rc = qt__pattern_match(t->pattern, x->text, x->len, &from, &to);
	if (rc < 0)
		m->gave_up++;
	if (rc <= 0)
		return 0;
	for (size_t i = from; positions != NULL && i < to &&
	    positions->count < positions->max; i++)
		qt__positions_add(positions, i);
	n = to - from > PATTERN_MAX ? PATTERN_MAX : to - from;
	return n == 0 ? 1 : (uint32_t)n * (QT__MATCH_BYTE + QT__MATCH_RUN);
}

/* --- Any ------------------------------------------------------------------ */

uint32_t
qt__term_score(struct qt_hist_match *m, const struct qt__term *t,
    const struct qt__text *x, struct qt_hist_positions *positions)
{
	size_t	at = 0;

	if (t->kind == QT_HIST_FUZZY)
		return qt__fuzzy_score(&m->scratch, t, x, positions);
	if (t->kind == QT_HIST_REGEX)
		return pattern_score(m, t, x, positions);
	if (!find(t, x, false, &at))
		return 0;
	for (uint32_t i = 0; positions != NULL && i < t->len; i++)
		qt__positions_add(positions, at + i);
	return run_score(x->text, at, t->len);
}

uint32_t
qt__term_bound(struct qt_hist_match *m, const struct qt__term *t,
    const struct qt__text *x, bool *is_exact)
{
	if (t->kind == QT_HIST_FUZZY)
		return qt__fuzzy_bound(t, x, 0, is_exact);
	*is_exact = true;
	return qt__term_score(m, t, x, NULL);
}

bool
qt__term_has(struct qt_hist_match *m, const struct qt__term *t,
    const struct qt__text *x)
{
	size_t	at;

	if (t->kind == QT_HIST_FUZZY)
		return qt__fuzzy_has(t, x);
	if (t->kind == QT_HIST_REGEX)
		return pattern_score(m, t, x, NULL) > 0;
	return find(t, x, true, &at);
}

uint32_t
qt__term_highest(const struct qt__term *t)
{
	if (t->kind == QT_HIST_REGEX)
		return PATTERN_MAX * (QT__MATCH_BYTE + QT__MATCH_RUN);
	return t->len * (QT__MATCH_BYTE + QT__MATCH_RUN) + QT__MATCH_RUN;
}
