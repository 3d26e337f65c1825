/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The terms of a query against one command: groups, signatures. The contract is
 * in <qt/hist/match.h>.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "match_priv.h"

/* --- Signatures ----------------------------------------------------------- */

/* A bit for each letter and digit and what is usual in commands; the rest share
   the last one. */
#define REST	63u

static unsigned int
bit_of(uint8_t c)
{
	static const char	usual[] = " -./_\"'$|=:*\\{}()[],;><&~+%";
	const char		*p;

	_Static_assert(sizeof(usual) - 1 + 36 <= REST, "bits");
	c = qt__fold[c];
	if (c >= 'a' && c <= 'z')
		return c - 'a';
	if (c >= '0' && c <= '9')
		return 26u + c - '0';
	p = c == '\0' ? NULL : strchr(usual, c);
	return p == NULL ? REST : 36u + (unsigned int)(p - usual);
}

uint64_t
qt_hist_match_signature(const void *text, size_t len)
{
	const uint8_t	*p = text;
	uint64_t	 set[4] = { 0 }, signature = 0;

	/* The set of bytes first: a command has few that differ. */
	for (size_t i = 0; i < len; i++)
		set[p[i] >> 6] |= UINT64_C(1) << (p[i] & 63);
	for (unsigned int i = 0; i < 4; i++)
		for (; set[i] != 0; set[i] &= set[i] - 1)
			signature |= UINT64_C(1) << bit_of((uint8_t)(i * 64 +
			    (unsigned int)__builtin_ctzll(set[i])));
	return signature;
}

/* All groups; of a group what all its terms need. */
static uint64_t
needs_of(const struct qt_hist_match *m)
{
	uint64_t	all = 0, group = 0;

	for (uint32_t i = 0; i < m->count; i++) {
		const struct qt__term	*t = &m->terms[i];
		uint64_t		 one = t->is_negated ? 0 : t->needs;

		if (t->is_or) {
			group &= one;
		} else {
			all |= group;
			group = one;
		}
	}
	return all | group;
}

/* Likewise: of a group its best term. */
static uint32_t
highest_of(const struct qt_hist_match *m)
{
	uint64_t	all = 0, group = 0;

	for (uint32_t i = 0; i < m->count; i++) {
		const struct qt__term	*t = &m->terms[i];
		uint64_t		 one;

		one = t->is_negated ? 0 : qt__term_highest(t);
		if (!t->is_or) {
			all += group;
			group = 0;
		}
		if (one > group)
			group = one;
	}
	all += group;
	return all == 0 ? 1 : (uint32_t)all;
}

/* --- Life ----------------------------------------------------------------- */

static int
add_pattern(struct qt__term *t, const struct qt_hist_term *from,
    const char *text, struct qt_hist_mistake *mistake, struct qt_err *err)
{
	char	why[128];
	size_t	at;
	int	rc;

	rc = qt__pattern_new(&t->pattern, text, from->len, from->is_case, &at,
	    why);
	if (rc == -EINVAL) {
		if (mistake != NULL) {
			mistake->at = from->at;
			mistake->len = from->at_len;
			snprintf(mistake->expected, sizeof(mistake->expected),
			    "%s", why);
		}
		if (err != NULL)
			qt_err_set(err, "query: at byte %u: expected %s (at its"
			    " byte %zu)", from->at + 1, why, at + 1);
	}
	return rc;
}

static int
add_term(struct qt_hist_match *m, const struct qt_hist_query *q, uint32_t i,
    struct qt_hist_mistake *mistake, struct qt_err *err)
{
	const struct qt_hist_term	*from = &q->terms[i];
	struct qt__term			*t = &m->terms[i];
	char				*text = m->bytes + from->text;

	*t = (struct qt__term){ .kind = from->kind, .is_or = from->is_or,
	    .is_negated = from->is_negated, .is_case = from->is_case,
	    .len = from->len, .text = (const uint8_t *)text };
	m->is_plain &= !t->is_or && !t->is_negated;
	m->is_fuzzy &= m->is_plain && !t->is_case && t->kind == QT_HIST_FUZZY;
	m->count++;
	if (t->kind == QT_HIST_REGEX) {
		m->has_pattern = true;
		return add_pattern(t, from, text, mistake, err);
	}
	for (uint32_t k = 0; k < t->len && !t->is_case; k++)
		text[k] = (char)qt__fold[(uint8_t)text[k]];
	t->needs = qt_hist_match_signature(t->text, t->len);
	return 0;
}

int
qt_hist_match_new(struct qt_hist_match **out, const struct qt_hist_query *q,
    struct qt_hist_mistake *mistake, struct qt_err *err)
{
	struct qt_hist_match	*m;
	int			 rc = 0;

	*out = NULL;
	m = malloc(sizeof(*m));
	if (m == NULL)
		return -ENOMEM;
	m->count = 0;
	m->gave_up = 0;
	m->worst = 0;
	m->has_pattern = false;
	m->is_plain = m->is_fuzzy = true;
	memcpy(m->bytes, q->bytes, q->used);
	for (uint32_t i = 0; rc == 0 && i < q->term_count; i++)
		rc = add_term(m, q, i, mistake, err);
	if (rc < 0) {
		qt_hist_match_free(m);
		return rc;
	}
	m->needs = needs_of(m);
	m->highest = highest_of(m);
	*out = m;
	return 0;
}

void
qt_hist_match_free(struct qt_hist_match *m)
{
	if (m == NULL)
		return;
	for (uint32_t i = 0; i < m->count; i++)
		qt__pattern_free(m->terms[i].pattern);
	free(m);
}

/* --- One query behind another --------------------------------------------- */

/* A word of more bytes. What has a run of bytes has them in order, too. */
static bool
term_narrows(const struct qt__term *t, const struct qt__term *before)
{
	bool	is_kind = t->kind == before->kind ||
	    (t->kind == QT_HIST_EXACT && before->kind == QT_HIST_FUZZY);

	if (!is_kind || t->kind > QT_HIST_PREFIX || t->len < before->len ||
	    (before->is_case && !t->is_case))
		return false;
	for (uint32_t i = 0; i < before->len; i++)
		if ((before->is_case ? t->text[i] : qt__fold[t->text[i]]) !=
		    before->text[i])
			return false;
	return true;
}

bool
qt_hist_match_narrows(const struct qt_hist_match *m,
    const struct qt_hist_match *before)
{
	_Static_assert(QT_HIST_FUZZY < QT_HIST_PREFIX &&
	    QT_HIST_EXACT < QT_HIST_PREFIX, "the others end where they do");

	if (!m->is_plain || !before->is_plain || m->count < before->count)
		return false;
	for (uint32_t i = 0; i < before->count; i++)
		if (!term_narrows(&m->terms[i], &before->terms[i]))
			return false;
	return true;
}

void
qt_hist_match_go_on(struct qt_hist_match *m,
    const struct qt_hist_match *before)
{
	for (uint32_t i = 0; i < before->count; i++)
		m->terms[i].is_known = m->terms[i].len ==
		    before->terms[i].len &&
		    m->terms[i].kind == before->terms[i].kind &&
		    m->terms[i].is_case == before->terms[i].is_case;
}

/* --- One command ---------------------------------------------------------- */

void
qt__positions_add(struct qt_hist_positions *p, size_t at)
{
	size_t	i = p->count;

	while (i > 0 && p->at[i - 1] > at)
		i--;
	if ((i > 0 && p->at[i - 1] == at) || p->count == p->max)
		return;
	memmove(p->at + i + 1, p->at + i, (p->count - i) * sizeof(*p->at));
	p->at[i] = (uint32_t)at;
	p->count++;
}

/* What is asked of a command. */
enum ask { HAS, BOUND, SCORE, SCORE_BOUND };

static uint32_t
ask_term(struct qt_hist_match *m, const struct qt__term *t,
    const struct qt__text *x, enum ask ask,
    struct qt_hist_positions *positions, bool *is_exact)
{
	bool		is = true;
	uint32_t	score;

	if ((t->needs & ~x->signature) != 0)
		return 0;
	if (ask == HAS || t->is_negated)
		return qt__term_has(m, t, x);
	if (ask == SCORE_BOUND && m->exact[t - m->terms] > 0)
		return m->exact[t - m->terms];
	if (ask != BOUND)
		return qt__term_score(m, t, x, positions);
	score = qt__term_bound(m, t, x, &is);
	m->exact[t - m->terms] = is ? score : 0;
	*is_exact &= is;
	return score;
}

/* Groups one by one: the best of each is summed. */
static uint32_t
each_group(struct qt_hist_match *m, const struct qt__text *x, enum ask ask,
    struct qt_hist_positions *positions, bool *is_exact)
{
	uint64_t	sum = 0;
	uint32_t	i = 0;

	while (i < m->count) {
		uint32_t	best = 0;
		bool		has = false;

		do {
			const struct qt__term	*t = &m->terms[i];
			uint64_t		 gave_up = m->gave_up;
			uint32_t		 score;

			score = ask_term(m, t, x, ask, positions, is_exact);
			/* Who gave up knows nothing, not even "not". */
			has |= (score == 0) == t->is_negated &&
			    m->gave_up == gave_up;
			if (!t->is_negated && score > best)
				best = score;
		} while (++i < m->count && m->terms[i].is_or);
		if (!has)
			return 0;
		sum += best;
	}
	if (sum > UINT32_MAX)
		sum = UINT32_MAX;
	return sum == 0 ? 1 : (uint32_t)sum;
}

uint32_t
qt__match_score(struct qt_hist_match *m, const struct qt__text *x,
    struct qt_hist_positions *positions)
{
	return each_group(m, x, SCORE, positions, NULL);
}

uint32_t
qt__match_bound(struct qt_hist_match *m, const struct qt__text *x,
    bool *is_exact)
{
	*is_exact = true;
	m->exact[0] = 0;
	if (m->is_fuzzy && m->count > 0)
		return qt__fuzzy_bound_all(m, x, is_exact);
	if (m->is_plain && m->count == 1)
		return qt__term_bound(m, &m->terms[0], x, is_exact);
	return each_group(m, x, BOUND, NULL, is_exact);
}

uint32_t
qt__match_score_bound(struct qt_hist_match *m, const struct qt__text *x)
{
	return each_group(m, x, SCORE_BOUND, NULL, NULL);
}

bool
qt__match_has(struct qt_hist_match *m, const struct qt__text *x)
{
	if (m->count == 0)
		return true;
	if (m->is_fuzzy)
		return qt__fuzzy_has_all(m->terms, m->count, x);
	if (m->is_plain && m->count == 1)
		return qt__term_has(m, &m->terms[0], x);
	return each_group(m, x, HAS, NULL, NULL) > 0;
}

uint32_t
qt_hist_match_one(struct qt_hist_match *m, const void *text, size_t len,
    struct qt_hist_positions *positions)
{
	struct qt__text	x = { .text = len == 0 ? (const void *)"" : text,
	    .len = len, .room = len, .signature = UINT64_MAX };
	uint32_t	score;

	if (positions != NULL)
		positions->count = 0;
	score = qt__match_score(m, &x, positions);
	if (score == 0 && positions != NULL)
		positions->count = 0;
	return score;
}
