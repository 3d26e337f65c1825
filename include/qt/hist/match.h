/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_HIST_MATCH_H
#define QT_HIST_MATCH_H
/*
 * The words of a query against the text of commands: whether they match, how
 * well, and where.
 *
 * Commands are bytes: any are allowed, nothing has to be UTF-8, and positions are
 * those of bytes. Case is that of ASCII letters only. A term with a capital in it
 * distinguishes case, others do not.
 *
 * Fuzzy: the term's bytes, in this order, with anything between. Of all ways to
 * find them the best one counts, by the affine gaps of Gotoh (J. Mol. Biol. 162,
 * 1982) and Smith-Waterman, with the weights and bonuses of fzf's FuzzyMatchV2
 * (junegunn/fzf, src/algo/algo.go):
 *
 *	16	each byte of the term
 *	-3	a gap, and -1 for each byte of it but the first
 *	10	a byte at the start of the command or behind a blank
 *		(a control counts as one; blanks themselves have no bonus)
 *	9	behind one of / , : ; |
 *	8	behind any other that is no letter or digit: - _ . = ...
 *	7	a capital behind a small letter, a digit behind a letter
 *	10	a byte that follows the one before it; the bonus above does
 *		not count then
 *	x 2	the bonus of the term's first byte
 *
 * fzf carries the bonus of a run's first byte along the run; here each byte of a
 * run has the highest one: so a run is never worth less than its bytes apart, and
 * the best way is found exactly, in time and memory that are bounded. A score is
 * at least 1. In text behind the first QT_HIST_SCORED bytes any way counts.
 *
 * Exact, prefix, suffix: as fuzzy, without gaps. A pattern: 26 a byte of what it
 * matched, of 64 at most. Of alternatives the best, of all groups the sum;
 * negated terms are worth nothing.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <qt/base/err.h>
#include <qt/hist/query.h>

#define QT_HIST_SCORED	4096u

struct qt_hist_match;

/*
 * The terms of q, ready to match; q may go then. 0, -ENOMEM, or -EINVAL for a
 * pattern that PCRE2 does not take: *mistake (may be NULL) is its place in the
 * query. A match is used by one thread at a time. NULL is fine for free.
 */
int	qt_hist_match_new(struct qt_hist_match **out,
	    const struct qt_hist_query *q, struct qt_hist_mistake *mistake,
	    struct qt_err *err);
void	qt_hist_match_free(struct qt_hist_match *m);

/*
 * Whether all that m matches is known to match before, too, of which m's query
 * goes on: more bytes of its words, and more words.
 */
bool	qt_hist_match_narrows(const struct qt_hist_match *m,
	    const struct qt_hist_match *before);
/*
 * Of two of which that is so: from now on qt_hist_match_batch() is asked about
 * commands alone that before has found (keep), so what they have in common is
 * not looked for again.
 */
void	qt_hist_match_go_on(struct qt_hist_match *m,
	    const struct qt_hist_match *before);

/* Where it matched. */
struct qt_hist_positions {
	uint32_t	*at;		/* caller's: offsets, ascending */
	size_t		 max, count;	/* those beyond max are left out */
};

/*
 * One command. Returns its score, 0 when it does not match; a query without
 * terms matches all with 1. positions (may be NULL) are the bytes that matched.
 */
uint32_t qt_hist_match_one(struct qt_hist_match *m, const void *text,
	    size_t len, struct qt_hist_positions *positions);

/*
 * The set of characters of a command, case folded, as bits; rare ones share one.
 * A command that lacks one that a query needs is passed over by this alone.
 */
uint64_t qt_hist_match_signature(const void *text, size_t len);

/* --- Many ----------------------------------------------------------------- */

/* Arrays side by side, of count; borrowed. Texts lie in arena. */
struct qt_hist_commands {
	const char	*arena;
	size_t		 arena_len;
	const uint64_t	*signatures;
	const uint32_t	*offsets, *lens;	/* outside the arena: no match */
	const uint32_t	*priors;	/* of equal scores the higher comes first,
					   then the lower index; or NULL */
	uint32_t	 count;
};
struct qt_hist_hit {
	uint32_t	index, score;
};
#define QT_HIST_SEEDS	256u
struct qt_hist_batch {
	struct qt_hist_hit *hits;	/* caller's: the best, the best first */
	uint32_t	 max, count;	/* room; how many there are */
	uint64_t	 matched;	/* of all */
	uint64_t	 gave_up;	/* a pattern took too long: no match */
	/* Commands that may well be among the best, ascending: looked at first, so
	   that others need less of a look. At most QT_HIST_SEEDS. */
	const uint32_t	*seeds;
	uint32_t	 seed_count;
	/* A bit a command, 64 a word, (count + 63) / 64 words; or NULL. Only those
	   in keep are looked at; found is set to those that match. May be one. */
	const uint64_t	*keep;
	uint64_t	*found;
	/* Asked now and then; true: no longer wanted. NULL: it is. */
	bool		(*is_over)(void *arg);
	void		*arg;
};
/*
 * Looks at all commands, allocates nothing, and scores only what may come among
 * the best. 0; -ECANCELED when is_over said so, and what was found until then is
 * there. -E2BIG: a pattern gave up on too many commands, likewise.
 */
int	qt_hist_match_batch(struct qt_hist_match *m,
	    const struct qt_hist_commands *commands,
	    struct qt_hist_batch *batch);

#endif /* QT_HIST_MATCH_H */
