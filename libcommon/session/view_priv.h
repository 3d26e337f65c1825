/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_SESSION_VIEW_PRIV_H
#define QT_SESSION_VIEW_PRIV_H

/*
 * What view.c (the order of pieces), view_read.c (their bytes) and view_lap.c
 * (where a viewer goes on that was too slow) share.
 */

#include <qt/session/scan.h>
#include <qt/session/view.h>
#include <qt/shm/ring.h>

enum qt__view_phase {
	QT__VIEW_START,
	QT__VIEW_ASK,		/* SNAPSHOT is due */
	QT__VIEW_WAIT,		/* for the screen's answer */
	QT__VIEW_SKIP,		/* SKIPPED is due */
	QT__VIEW_REDRAW,	/* SIZE, then the bytes of the redraw */
	QT__VIEW_STREAM,
	QT__VIEW_EXITED,
	QT__VIEW_LOST,		/* GONE was said */
};

struct qt_view {
	struct qt_session_table	*table;
	struct qt_ring_reader	*ring;
	struct qt_uuid		 id;
	uint32_t		 slot, generation;
	uint64_t		 lag_max;
	uint32_t		 scrollback;
	uint8_t			 phase;		/* enum qt__view_phase */
	uint8_t			 is_recorder, is_lead;
	uint8_t			 has_size;	/* the viewer knows a size */
	uint8_t			 has_skipped;	/* not told yet */
	uint8_t			 is_rough;	/* its screen need not be right */
	uint8_t			 is_cut;	/* the stream goes on elsewhere */
	uint8_t			 is_repaint;	/* the redraw asked for */
	uint16_t		 cols, rows;	/* last SIZE */
	uint64_t		 size_seq;	/* the record's, as told */
	uint32_t		 state_sum;	/* of what STATE tells about */
	uint64_t		 asked_ms;	/* last SNAPSHOT */
	uint64_t		 raw_ms;	/* no SNAPSHOT for a lap before */
	uint64_t		 calm_ms;	/* calm then if head stays at: */
	uint64_t		 calm_from;

	uint64_t		 done;		/* delivered and committed */
	uint64_t		 next;		/* done after the last piece */
	uint64_t		 pos;		/* read from the ring up to here */
	uint64_t		 from;		/* where a skip began */
	uint64_t		 replay_end;	/* queries before it: answered */

	struct qt_filter	*filter;	/* while it may hold something */
	struct qt_buf		 out;		/* of the last piece */
	struct qt_buf		 redraw;
	size_t			 redrawn;	/* of redraw */
	uint64_t		 redraw_offset;
	uint16_t		 redraw_cols, redraw_rows;
};

/*
 * Reads the next piece of the stream, bytes before limit only. 1 with a
 * piece, 0 when nothing came, -QT_ELAPPED, -ENOMEM, -QT_ECORRUPT.
 */
int	qt__view_read(struct qt_view *v, uint64_t limit, size_t size_max,
	    struct qt_view_piece *out);
/*
 * The first line start from pos on, or else the first sequence or character:
 * where bytes make sense without those before.
 */
uint64_t qt__view_sync(struct qt_view *v, uint64_t pos);
/* Goes on at pos, in ground state. */
void	qt__view_jump(struct qt_view *v, uint64_t pos);
/* Puts the filter into a stream that went unfiltered. 0 or -ENOMEM. */
int	qt__view_prime(struct qt_view *v);
void	qt__view_release(struct qt_view *v);

/* The screen answered or did not: may a lap ask it again, and when? */
void	qt__view_answered(struct qt_view *v);
int	qt__view_may_ask(const struct qt_view *v);
/* Where a viewer that was lapped goes on. Older screens are of no use. */
uint64_t qt__view_newest(const struct qt_view *v);
/* Goes on near pos without a redraw; the next piece is SKIPPED. */
void	qt__view_go_rough(struct qt_view *v, uint64_t pos);
/* For a viewer at the head: 1, or 0 with the time to ask again. */
int	qt__view_is_calm(struct qt_view *v, uint32_t *wait_ms);
/* There is no screen now to paint over a rough one. */
void	qt__view_put_off(struct qt_view *v);

#endif /* QT_SESSION_VIEW_PRIV_H */
