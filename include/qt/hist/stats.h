/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_HIST_STATS_H
#define QT_HIST_STATS_H
/*
 * Figures of a history: how much was run, what, when, where, and how it ended.
 * Of what is in the index's ring, in a time that grows with it: about 0.1 s for a
 * million commands.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <qt/base/err.h>
#include <qt/hist/index.h>
#include <qt/hist/query.h>

/* --- Periods -------------------------------------------------------------- */

struct qt_hist_period {
	uint64_t	from_us, to_us;		/* [from, to) */
};
/*
 *	today yesterday week month year	this one, from its beginning; a week
 *					begins on Monday
 *	monday ...			the last one, that day
 *	90m 12h 30d 2w			up to now
 *	2026 2026-11 2026-11-21		that one
 *	FROM..TO			times as after: and before: of
 *					qt-query(7) have them; either may be
 *					empty
 *
 * 0, or -EINVAL. Pure but for here->zone_s.
 */
int	qt_hist_period_parse(struct qt_hist_period *out, const char *text,
	    const struct qt_hist_here *here);

/* --- Programs ------------------------------------------------------------- */

#define QT_HIST_PROGRAM_MAX	128u

/*
 * What a command runs: the first word, without the folder of an absolute path,
 * and the subcommand where the program is known to have them ("git push"). Before
 * it, assignments, and sudo, env, time and their like with their options, are
 * passed over. Only the first command of a line counts. Returns how many bytes, 0
 * for none; what is longer is cut. Pure.
 */
size_t	qt_hist_program(char out[QT_HIST_PROGRAM_MAX], const char *text,
	    size_t len);

/* --- Figures -------------------------------------------------------------- */

struct qt_hist_tally {
	uint64_t	runs;
	uint64_t	ended;		/* whose status is known */
	uint64_t	failed;		/* of those: not 0 */
	uint64_t	took_us;	/* of those that are known */
};
struct qt_hist_stats_row {
	struct qt_hist_bytes	name;	/* borrowed */
	struct qt_hist_tally	n;
};
enum qt_hist_stats_of {
	QT_HIST_STATS_COMMANDS, QT_HIST_STATS_PROGRAMS, QT_HIST_STATS_FOLDERS,
	QT_HIST_STATS_LISTS
};
struct qt_hist_stats {
	struct qt_hist_tally	 all;
	uint64_t		 first_us, last_us;	/* 0: not known */
	uint32_t		 sessions, days;	/* with commands */
	struct qt_hist_tally	 hour[24], weekday[7];	/* Monday first */
	/* Each that was run, most often first. Folders: those that are known. */
	struct qt_hist_stats_row *list[QT_HIST_STATS_LISTS];
	uint32_t		 count[QT_HIST_STATS_LISTS];
	bool			 is_cut;	/* older ones left the ring */
	char			*names_;	/* what rows of programs borrow */
};
#define QT_HIST_STATS_INIT { 0 }

/*
 * Of the events that began in a period; those whose time is not known count in a
 * period that begins at 0. *out is initialized, and the caller's to clear. Rows
 * borrow from the index. zone_s: as in struct qt_hist_here. 0 or -ENOMEM.
 */
int	qt_hist_stats_make(struct qt_hist_stats *out,
	    const struct qt_hist_index *ix,
	    const struct qt_hist_period *period,
	    int32_t (*zone_s)(int64_t unix_s), struct qt_err *err);
void	qt_hist_stats_clear(struct qt_hist_stats *s);

#endif /* QT_HIST_STATS_H */
