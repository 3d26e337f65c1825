/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_SESSION_VIEW_H
#define QT_SESSION_VIEW_H

#include <stddef.h>
#include <stdint.h>

#include <qt/base/buf.h>
#include <qt/base/err.h>
#include <qt/session/record.h>
#include <qt/session/screen.h>

/*
 * A view: what one viewer of one session must be shown next. Pull-based and
 * free of I/O and of waiting; `qt-session attach`, qtd's worker and the
 * recorder are loops around it.
 *
 *	attach ──► resume? ── yes ──────────────────────────► stream
 *	             │ no                                       │ lag > limit,
 *	             └► size ► snapshot at offset S ► stream from S  or lapped
 *	                   ^                                    │
 *	                   └──────── "skipped N bytes" ◄────────┤ too fast for
 *	                                             │          │ snapshots
 *	        snapshot, painted over ◄─ calm ── stream from the
 *	                                          newest lines
 *
 * Rules: a resize always comes before content of that size. Replayed bytes
 * and the live bytes of a viewer that is not the lead pass qt_filter, so that
 * exactly one terminal answers a query. A slow viewer skips; nothing is kept
 * for it but this struct. A session whose whole output is still in the ring
 * and small is simply replayed: no snapshot then.
 *
 * A flood may lap the ring faster than a screen can be drawn. The viewer then
 * goes on with the newest lines, on a screen that need not be right, and as
 * soon as the output is calm the right one is painted over it, once. So a
 * viewer is shown all that it has time for, and ends with the right screen.
 *
 * A view is one thread's at a time. An idle one costs some 300 bytes: buffers
 * are there only between a piece and the next call.
 */
enum qt_view_kind {
	QT_VIEW_IDLE,		/* nothing now: sleep until the bell, but no
				 * longer than wait_ms if that is not 0 */
	QT_VIEW_SIZE,		/* cols, rows */
	QT_VIEW_SNAPSHOT,	/* ask the screen (see req), then
				 * qt_view_snapshot() or qt_view_no_snapshot() */
	QT_VIEW_DATA,		/* bytes from offset on */
	QT_VIEW_SKIPPED,	/* count bytes were left out before offset; a
				 * redraw follows, now or when it is calm */
	QT_VIEW_STATE,		/* record changed: lead, title, name, policy */
	QT_VIEW_EXIT,		/* reached the end: exit_status is final, -1
				 * when the session was lost with its host */
	QT_VIEW_GONE,		/* the record was reused or removed */
};

struct qt_view_piece {
	enum qt_view_kind kind;
	uint16_t	cols, rows;
	uint64_t	offset;		/* of the first byte in the session */
	uint64_t	count;		/* session bytes that data stands for;
				 * 0 for a part of a redraw */
	const void	*data;		/* borrowed until the next call */
	size_t		len;		/* differs from count when filtered */
	int32_t		exit_status;
	uint32_t	wait_ms;	/* IDLE: when a redraw may be due */
	uint8_t		is_first;	/* DATA: a redraw begins */
	uint8_t		is_repaint;	/* DATA: of a redraw in place: what
				 * scrolled away stays */
	struct qt_screen_request req;
};

struct qt_view_opt {
	struct qt_uuid	id;
	uint64_t	offset;		/* resume here; ~0: no position yet */
	uint32_t	generation;	/* of that position */
	uint32_t	scrollback;	/* lines wanted with a snapshot */
	uint64_t	lag_max;	/* skip beyond this; 0: half the ring,
				 * at least 256 KiB */
	int		is_recorder;	/* never skip by lag, never filter */
};

struct qt_view;

/* table and seg are borrowed. -ENOENT, -ENOMEM, -QT_ECORRUPT. */
int	qt_view_open(struct qt_session_table *table, const struct qt_seg *seg,
	    const struct qt_view_opt *opt, struct qt_view **out,
	    struct qt_err *err);
void	qt_view_close(struct qt_view *v);

/* Whether this viewer is the lead now; starts as 0. */
void	qt_view_set_lead(struct qt_view *v, int is_lead);

/*
 * The next piece, at most size_max bytes of data; size_max is 2 KiB or more
 * (a filter may let go of all it held at once). Calling it commits the last
 * piece as delivered. After SNAPSHOT it is IDLE until the answer is
 * there; after EXIT and GONE nothing else comes. 0, -ENOMEM, -QT_ECORRUPT.
 */
int	qt_view_next(struct qt_view *v, size_t size_max,
	    struct qt_view_piece *out);
/* The screen's answer: the next piece is DATA of the redraw, then stream. */
int	qt_view_snapshot(struct qt_view *v, const struct qt_screen_answer *a,
	    const void *data, size_t len);
/* The screen did not answer: go on with the bytes in the ring. */
int	qt_view_no_snapshot(struct qt_view *v);

/*
 * Delivered up to here; ~0 while a redraw is due or under way, since from
 * there nobody could go on to the right screen.
 */
uint64_t qt_view_offset(const struct qt_view *v);
/* Where to arm the bell to be woken by the next byte: this + 1. */
uint64_t qt_view_position(const struct qt_view *v);
/*
 * The record as it is now; NULL when it is gone. Borrowed until the next call
 * for any view of this thread.
 */
const struct qt_session *qt_view_session(const struct qt_view *v);

#endif /* QT_SESSION_VIEW_H */
