/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QTD_VIEWER_H
#define QTD_VIEWER_H

#include <stdint.h>

#include <qt/session/view.h>

#include "host.h"

/*
 * One viewer of one session on a worker: a bell slot, a view, and the rules of
 * when to look again. It knows nothing of WebSockets; qt1.c and tty.c give it
 * ops.
 *
 *	attach ─► streaming ─┬─► idle (bell armed)
 *	            ▲        ├─► flooded (looks again after 1 ms)
 *	            │        ├─► full (until viewer_resume)
 *	            └────────┴─► asking the screen
 *
 * When the host's connection is lost the viewer keeps its position and goes
 * on from there when it is back.
 */
struct viewer;
struct uv_loop_s;

struct viewer_ops {
	/* 1 while a piece of up to 64 KiB may be delivered. */
	int	(*can_take)(struct viewer *v);
	/* Attached: once, and again after each reconnection (is_again). */
	void	(*attached)(struct viewer *v, const struct qt_session *s,
		    int is_again);
	/*
	 * A piece: SIZE, DATA, SKIPPED, STATE, EXIT or GONE; the last two are
	 * the last. May call viewer_close.
	 */
	void	(*piece)(struct viewer *v, const struct qt_view_piece *piece);
	/* It cannot be viewed (any more). May call viewer_close. */
	void	(*failed)(struct viewer *v, int code, const char *text);
	/* Input that viewer_input took was refused after all. */
	void	(*refused)(struct viewer *v, int code, const char *text);
};

struct viewer_conf {
	struct uv_loop_s	*loop;
	struct host		*host;
	const char		*screen_path;	/* of screen.sock; borrowed */
	const struct viewer_ops	*ops;
	struct qt_uuid		 id;
	enum qt_role		 role;
	uint16_t		 cols, rows;
	uint32_t		 scrollback;
	uint64_t		 offset;	/* ~0: no position */
	uint32_t		 generation;
	uint64_t		 lag_max;	/* 0: the whole ring */
	void			*user;
};

/* Begins to attach. 0, -QT_EFULL, -ENOMEM, -QT_ENOHOST. */
int	viewer_open(const struct viewer_conf *conf, struct viewer **out);
/* No call comes after it; safe inside one. NULL is fine. */
void	viewer_close(struct viewer *v);

void	*viewer_user(const struct viewer *v);
/* What ops.can_take said no to may be had now. */
void	viewer_resume(struct viewer *v);
/* -EAGAIN: too much waits for the host; see host_is_full(). */
int	viewer_input(struct viewer *v, const void *data, size_t len);
void	viewer_resize(struct viewer *v, uint16_t cols, uint16_t rows);
void	viewer_take_lead(struct viewer *v);
enum qt_role viewer_role(const struct viewer *v);
int	viewer_is_lead(const struct viewer *v);
/* The record now, or NULL. Borrowed until the next call of any viewer. */
const struct qt_session *viewer_session(const struct viewer *v);
uint32_t viewer_generation(const struct viewer *v);

#endif /* QTD_VIEWER_H */
