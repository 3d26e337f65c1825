/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_HIST_SUGGEST_H
#define QT_HIST_SUGGEST_H
/*
 * What is likely to be run next, by what was.
 *
 *	first	what followed the last command before, more so in this folder
 *	then	with a prefix: what was run in this folder
 *	then	with a prefix: all others, by how often and how lately
 *
 * Within each of the three the number of times counts, then the score of
 * <qt/hist/index.h>. What was never found when it was run last (status 127), and
 * never did well, is not suggested: somebody mistyped it.
 *
 * The work is bounded, whatever the history holds.
 */
#include <qt/hist/index.h>

#define QT_HIST_SUGGEST_MAX	64u

struct qt_hist_suggest {
	const char	*prefix;	/* of the command; bytes */
	size_t		 len;		/* 0: any, of what followed */
	const char	*cwd;		/* NULL: not known */
	uint32_t	 after;		/* what ran last, or QT_HIST_NONE */
};
/*
 * The best max commands of the index, the best first; max is at most
 * QT_HIST_SUGGEST_MAX. Returns how many. A prefix that is the whole command is
 * not answered by itself.
 */
uint32_t qt_hist_suggest(const struct qt_hist_index *ix,
	    const struct qt_hist_suggest *what, uint32_t *out, uint32_t max);

/*
 * The last command of a session that ended, or QT_HIST_NONE; session NULL: of
 * all.
 */
uint32_t qt_hist_suggest_after(const struct qt_hist_index *ix,
	    const char *session);

#endif /* QT_HIST_SUGGEST_H */
