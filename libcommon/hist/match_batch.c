/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The best of many commands. See <qt/hist/match.h>.
 *
 *	signature | matches, bound | above the worst of the best? | score
 *
 * Most commands end at the first step. The best are soon as good as can be (a
 * run at the start of a word); then the others are only counted, but those of
 * which more was run lately. The best are a heap, the worst of them on top.
 */

#include <errno.h>
#include <stdlib.h>

#include "match_priv.h"

#define ASK_EACH	1024u		/* commands between is_over() */
#define ASK_PATTERN	64u
#define GIVE_UP_MAX	256u		/* commands, a batch */

struct run {
	struct qt_hist_match		*m;
	const struct qt_hist_commands	*c;
	struct qt_hist_batch		*b;
	uint32_t			 seeds, seed;	/* so many; the next */
	bool				 has[QT_HIST_SEEDS];	/* matched */
};

/* Whether a comes behind b. */
static inline bool
is_worse(const struct qt_hist_commands *c, const struct qt_hist_hit *a,
    const struct qt_hist_hit *b)
{
	if (a->score != b->score)
		return a->score < b->score;
	if (c->priors != NULL && c->priors[a->index] != c->priors[b->index])
		return c->priors[a->index] < c->priors[b->index];
	return a->index > b->index;
}

static void
sift_down(const struct qt_hist_commands *c, struct qt_hist_hit *h,
    uint32_t count, uint32_t at)
{
	struct qt_hist_hit	moved = h[at];

	for (;;) {
		uint64_t	child = (uint64_t)at * 2 + 1;

		if (child >= count)
			break;
		if (child + 1 < count && is_worse(c, &h[child + 1], &h[child]))
			child++;
		if (!is_worse(c, &h[child], &moved))
			break;
		h[at] = h[child];
		at = (uint32_t)child;
	}
	h[at] = moved;
}

static void
sift_up(const struct qt_hist_commands *c, struct qt_hist_hit *h, uint32_t at)
{
	struct qt_hist_hit	moved = h[at];

	while (at > 0 && is_worse(c, &moved, &h[(at - 1) / 2])) {
		h[at] = h[(at - 1) / 2];
		at = (at - 1) / 2;
	}
	h[at] = moved;
}

static bool
is_among_the_best(const struct run *r, const struct qt_hist_hit *hit)
{
	return r->b->count < r->b->max || (r->b->max > 0 &&
	    is_worse(r->c, &r->b->hits[0], hit));
}

static void
add(const struct run *r, const struct qt_hist_hit *hit)
{
	struct qt_hist_batch	*b = r->b;

	if (b->count < b->max) {
		b->hits[b->count] = *hit;
		sift_up(r->c, b->hits, b->count++);
	} else {
		b->hits[0] = *hit;
		sift_down(r->c, b->hits, b->count, 0);
	}
	if (b->count == b->max)
		r->m->worst = b->hits[0].score;
}

/* The worst goes to the end, again and again: a heap sort in place. */
static void
sort(const struct run *r)
{
	struct qt_hist_hit	*h = r->b->hits, worst;

	for (uint32_t n = r->b->count; n > 1; n--) {
		worst = h[0];
		h[0] = h[n - 1];
		h[n - 1] = worst;
		sift_down(r->c, h, n - 1, 0);
	}
}

static inline bool
look_at(const struct run *r, uint32_t i)
{
	struct qt_hist_hit	hit = { .index = i, .score = r->m->highest };
	size_t			offset = r->c->offsets[i];
	struct qt__text		x;
	bool			is_exact;

	if (offset > r->c->arena_len ||
	    r->c->lens[i] > r->c->arena_len - offset)
		return false;
	x.text = (const uint8_t *)r->c->arena + offset;
	x.len = r->c->lens[i];
	x.room = r->c->arena_len - offset;
	x.signature = r->c->signatures[i];
	if (!is_among_the_best(r, &hit)) {
		if (!qt__match_has(r->m, &x))
			return false;
		r->b->matched++;
		return true;
	}
	hit.score = qt__match_bound(r->m, &x, &is_exact);
	if (hit.score == 0)
		return false;
	r->b->matched++;
	if (!is_among_the_best(r, &hit))
		return true;
	if (!is_exact) {
		hit.score = qt__match_score_bound(r->m, &x);
		if (!is_among_the_best(r, &hit))
			return true;
	}
	add(r, &hit);
	return true;
}

static bool
is_kept(const struct run *r, uint32_t i)
{
	return (r->m->needs & ~r->c->signatures[i]) == 0 &&
	    (r->b->keep == NULL || (r->b->keep[i / 64] >> (i % 64) & 1) != 0);
}

static void
look_at_seeds(struct run *r)
{
	const struct qt_hist_batch	*b = r->b;

	r->seeds = b->seed_count < QT_HIST_SEEDS ? b->seed_count :
	    QT_HIST_SEEDS;
	for (uint32_t i = 0; i < r->seeds; i++) {
		/* Not ascending, or not there: from here on there are none. */
		if (b->seeds[i] >= r->c->count ||
		    (i > 0 && b->seeds[i] <= b->seeds[i - 1])) {
			r->seeds = i;
			break;
		}
		r->has[i] = is_kept(r, b->seeds[i]) && look_at(r, b->seeds[i]);
	}
}

/* Bits of a word's seeds, and which of them matched. */
static uint64_t
seeds_of(struct run *r, uint32_t first, uint64_t *found)
{
	uint64_t	all = 0;

	for (; r->seed < r->seeds &&
	    r->b->seeds[r->seed] - first < 64; r->seed++) {
		uint64_t	bit = UINT64_C(1) << (r->b->seeds[r->seed] - first);

		all |= bit;
		if (r->has[r->seed])
			*found |= bit;
	}
	return all;
}

/* One word of the sets: 64 commands. */
static void
look_at_word(struct run *r, uint32_t first)
{
	const struct qt_hist_commands	*c = r->c;
	uint64_t			 needs = r->m->needs, bits = 0, found = 0;
	uint32_t			 n = c->count - first;

	n = n < 64 ? n : 64;
	if (r->b->keep != NULL && r->b->keep[first / 64] == 0)
		n = 0;
	for (uint32_t k = 0; k < n; k++)
		bits |= (uint64_t)((needs & ~c->signatures[first + k]) == 0)
		    << k;
	if (r->b->keep != NULL)
		bits &= r->b->keep[first / 64];
	bits &= ~seeds_of(r, first, &found);
	for (; bits != 0; bits &= bits - 1) {
		uint32_t	k = (uint32_t)__builtin_ctzll(bits);

		if (look_at(r, first + k))
			found |= UINT64_C(1) << k;
	}
	if (r->b->found != NULL)
		r->b->found[first / 64] = found;
}

int
qt_hist_match_batch(struct qt_hist_match *m,
    const struct qt_hist_commands *commands, struct qt_hist_batch *batch)
{
	struct run	r = { .m = m, .c = commands, .b = batch };
	uint32_t	each = m->has_pattern ? ASK_PATTERN : ASK_EACH;
	int		rc = 0;

	batch->count = 0;
	batch->matched = batch->gave_up = 0;
	m->gave_up = 0;
	m->worst = 0;
	look_at_seeds(&r);
	for (uint64_t at = 0; at < commands->count; at += 64) {
		if (rc == 0 && batch->is_over != NULL && at % each == 0 &&
		    batch->is_over(batch->arg))
			rc = -ECANCELED;
		if (rc == 0 && m->gave_up > GIVE_UP_MAX)
			rc = -E2BIG;
		if (rc == 0)
			look_at_word(&r, (uint32_t)at);
		else if (batch->found != NULL)
			batch->found[at / 64] = 0;
		else
			break;
	}
	batch->gave_up = m->gave_up;
	sort(&r);
	return rc;
}
