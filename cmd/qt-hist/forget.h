/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_HIST_FORGET_H
#define QT_HIST_FORGET_H
/*
 * What delete, redact and prune have in common: shown, or asked about and done.
 */
#include <qt/hist/erase.h>

#include "history.h"

struct forget {
	const char	*what;		/* "erase", as the question says it */
	qt_hist_judge	*judge;
	void		*arg;
	void		(*restart)(void *arg);	/* before each look; or NULL */
	unsigned int	 flags;		/* QT_HIST_ERASE_REVERSE */
	bool		 is_dry, is_forced;
	/* Told of each event that goes or changes, before it does; or NULL. */
	void		(*tell)(void *arg, const struct qt_hist_event *e);
};
/*
 * Returns the exit code: 1 when there is nothing, or the answer was no. With
 * is_dry prints what it would be, each a line.
 */
int	forget(struct qt_hist_db *db, const struct forget *f);

/* Commands that are to leave a shell's own file. */
struct histfile {
	struct qt_hist_redact	*redact;	/* it has them with secrets */
	struct qt_buf		 heap;
	struct histfile_text {
		size_t	at, len;
	}			*texts;
	size_t			 count;
	bool			 is_sorted;
};
/* 0 or -ENOMEM. */
int	histfile_add(struct histfile *h, const struct qt_hist_bytes *text);
/*
 * Rewrites a file of bash, zsh or fish without them, all else byte for byte: a
 * new file takes its place. *count: entries. 0 or negative; -EAGAIN: shells kept
 * writing to it.
 */
int	histfile_forget(struct histfile *h, const char *path, uint64_t *count,
	    struct qt_err *err);
/* All that is left of data without them, appended. 0 or -ENOMEM. Pure. */
int	histfile_filter(struct histfile *h, struct qt_buf *out,
	    const char *data, size_t len, uint64_t *count);
void	histfile_clear(struct histfile *h);

#endif /* QT_HIST_FORGET_H */
