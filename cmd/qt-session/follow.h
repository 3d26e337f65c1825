/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_SESSION_FOLLOW_H
#define QT_SESSION_FOLLOW_H

#include <poll.h>
#include <stddef.h>
#include <stdint.h>

#include <qt/session/client.h>
#include <qt/session/view.h>

#include "find.h"

/*
 * A session followed live: the connection, the attachment, the view and the
 * sleep between two pieces. attach, record and wait are loops around it:
 *
 *	for (;;) {
 *		while (follow_next() gives a piece that is not IDLE)
 *			use it;
 *		follow_sleep(); poll(); follow_wake();
 *	}
 *
 * A host that is upgraded, or that comes back, is connected to again and the
 * view goes on at its byte; f->is_down says that this is being tried.
 */
#define FOLLOW_FDS 3

/* May rewrite the screen's answer before it is shown. */
typedef void follow_redraw_fn(struct qt_buf *data);

struct follow {
	struct world		 w;
	struct qt_session	 session;	/* as of the last piece */
	struct qt_control_attach req;
	struct qt_view_opt	 opt;
	enum qt_role		 role;
	struct qt_view		*view;
	int			 is_attached;
	int			 is_down;
	uint64_t		 down_ms;	/* since when */
	uint64_t		 moved_ms;	/* when bytes last came */
	uint32_t		 wait_ms;	/* a redraw may be due then */

	int			 screen_fd;	/* a request under way, or -1 */
	uint64_t		 screen_end_ms;
	uint32_t		 screen_flags;	/* QT_SCREEN_... to ask with */
	follow_redraw_fn	*redraw;
	struct qt_buf		 screen;
};

/*
 * Follows w->session's stream; takes over *w. A session that has ended is
 * shown from its ring without attaching. opt.id and req.id are filled in.
 */
int	follow_open(struct follow *f, struct world *w,
	    const struct qt_session *session,
	    const struct qt_control_attach *req,
	    const struct qt_view_opt *opt, struct qt_err *err);
void	follow_close(struct follow *f);
/* Drops the position: the next pieces redraw the screen. */
int	follow_restart(struct follow *f, struct qt_err *err);

/*
 * The next piece. Never SNAPSHOT: that is answered here. 0, or negative when
 * nothing can follow.
 */
int	follow_next(struct follow *f, size_t size_max,
	    struct qt_view_piece *out);
/* Fills FOLLOW_FDS entries; returns the longest wait in ms, -1 for ever. */
int	follow_sleep(struct follow *f, struct pollfd *fds);
/*
 * After poll(2). Host messages stay in the client for the caller. 0,
 * -QT_EGONE when the session was lost together with its host, -ECANCELED when
 * somebody sent this viewer away.
 */
int	follow_wake(struct follow *f, const struct pollfd *fds);
/* The caller saw the connection break: start to connect again. */
void	follow_down(struct follow *f);

/* Whether this viewer leads: typed last, answers terminal queries. */
int	follow_is_lead(const struct follow *f);

#endif /* QT_SESSION_FOLLOW_H */
