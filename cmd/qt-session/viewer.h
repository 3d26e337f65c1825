/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_SESSION_VIEWER_H
#define QT_SESSION_VIEWER_H

#include <stdint.h>

#include <qt/session/client.h>

#include "find.h"
#include "follow.h"
#include "input.h"
#include "keys.h"
#include "mirror.h"
#include "term.h"

/*
 * A session on the user's own terminal: what attach and new do.
 *
 * When the terminal has the session's size, the program's bytes go to it as
 * they are, so everything works that works without us: scrollback, images,
 * links. When the sizes differ (a read-only viewer, a fixed size, somebody
 * else leads) the same bytes would be nonsense, so the screen service's
 * picture is drawn instead, cut to what fits (mirror.h).
 */
struct viewer_opt {
	enum qt_role		 role;
	const char		*key;		/* detach key, NULL: Ctrl-\ */
	uint32_t		 scrollback;	/* lines, with the first screen */
};

#define VIEWER_OPT_INIT { QT_ROLE_OWNER, NULL, 1000 }

struct viewer {
	const struct viewer_opt	*opt;
	struct term		 term;
	struct follow		 f;
	struct input		 in;
	struct mirror		 mirror;
	struct detach_key	 key;
	int			 sig_fd;
	int			 is_drawn;	/* a first screen was shown */
	int			 needs_reset;	/* before the next bytes */
	int			 is_size_due;	/* our size is to be sent */
	int			 is_idle;
	uint64_t		 fit_ms;	/* decide raw or mirror then */
	uint64_t		 skipped;	/* bytes, since the last redraw */
	uint64_t		 skipped_all;
	int			 is_done;
	int			 code;		/* exit code, once done */
	char			 words[256];	/* last words, once done */
};

/*
 * Shows the session until it ends or the user detaches; takes over *w and
 * returns the exit code of qt-session(1). The terminal is given back as it
 * was. Exits when the terminal cannot be used.
 */
int	viewer_run(struct world *w, const struct qt_session *session,
	    const struct viewer_opt *opt);

/* Exits 2 when key, or NULL, names no key that could detach. */
void	viewer_check_key(const char *key);
/* Exits 3 when a viewer was started inside a session without --nest. */
void	viewer_check_nesting(int may_nest);
/* Exits 3 when stdin or stdout is no terminal; tells the size. */
void	viewer_check_terminal(uint16_t *cols, uint16_t *rows);

/* viewer_draw.c: pulls pieces and shows them. 0 or negative. */
int	viewer_show(struct viewer *v);
/* Raw or mirror, by the sizes as they are now. */
int	viewer_fit(struct viewer *v);
/* A follow_redraw_fn. */
void	viewer_redraw(struct qt_buf *data);
void	viewer_end(struct viewer *v, int code, const char *fmt, ...)
	    __attribute__((format(printf, 3, 4)));

#endif /* QT_SESSION_VIEWER_H */
