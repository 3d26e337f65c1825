/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_HIST_WATCH_H
#define QT_HIST_WATCH_H
/*
 * Waiting for a history to change: spools that shells write to, the store's log
 * that others write to, watched by inotify(7). Where that is not to be had, it
 * is looked at each second.
 *
 *	watch_open(&w);
 *	do {
 *		watch_renew(&w);
 *		look, and tell what came
 *	} while (watch_wait(&w, ...) > 0);
 *	watch_close(&w);
 */
#include <stdbool.h>

struct watch {
	int	fd;		/* -1: there is no inotify */
	bool	is_due;		/* a second look, as the first saw nothing */
};

/* From here on SIGINT, SIGTERM and SIGHUP end waiting, not the program. */
void	watch_open(struct watch *w);
void	watch_close(struct watch *w);
/* Before each look: folders may be other ones now. Ends the program, or not. */
void	watch_renew(struct watch *w);
/*
 * 1: something may have changed; what comes in a moment's time is waited for,
 * too. 0: a signal. -EPIPE: nobody reads standard output any more. A look that
 * told nothing is repeated once after a moment, as somebody else may have been
 * about to take in what was there.
 */
int	watch_wait(struct watch *w, bool has_told);

#endif /* QT_HIST_WATCH_H */
