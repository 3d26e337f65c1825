/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_SESSION_SCREEN_PRIV_H
#define QT_SESSION_SCREEN_PRIV_H

/*
 * What the files of the screen service share.
 *
 *	screen_serve.c    the loop: host, bells, requests
 *	screen_session.c  who is followed how eagerly, and what is told of it
 *	screen_request.c  those who ask for screens
 *	screen_follow.c   one session: scanning, modes, safe points, sizes
 *	screen_draw.c     its screen at an offset, from the nearest safe point
 *	screen_reply.c    the answers to terminal queries
 *	screen_client.c   asking
 */

#include <stddef.h>

#include <qt/session/client.h>
#include <qt/session/record.h>
#include <qt/session/scan.h>
#include <qt/session/screen.h>
#include <qt/session/vt.h>
#include <qt/shm/ring.h>

#define QT__POINTS_MAX		64u
#define QT__POINT_STEP		(16u << 10)
#define QT__SIZES_MAX		8u
#define QT__DRAW_BUDGET		(1u << 20)	/* bytes parsed for a screen */
#if defined(__SANITIZE_THREAD__)	/* which multiplies what parsing takes */
#define QT__DRAW_MS		20000u
#else
#define QT__DRAW_MS		2000u	/* of processor time */
#endif
#define QT__DRAW_LINES		2000u		/* of scrollback, unless asked */
#define QT__DRAWN_MAX		32u		/* screens kept */
#define QT__DRAWN_BYTES_MAX	(64u << 20)
#define QT__SCAN_BUDGET		(256u << 10)	/* of a session, a loop turn */
#define QT__QUERY_AGE_MS	2000u

/* An offset where the scanner was in ground state, and the modes there. */
struct qt__point {
	uint64_t	offset;
	/* A struct qt_modes but for its title: a session has one title. */
	unsigned char	modes[offsetof(struct qt_modes, title)];
};
_Static_assert(sizeof(struct qt_modes) == offsetof(struct qt_modes, title) +
    sizeof(((struct qt_modes *)0)->title), "the title comes last");

struct qt__size {
	uint64_t	offset;		/* from here on */
	uint16_t	cols, rows;
};

struct qt__follow {
	struct qt_uuid		 id;
	uint32_t		 slot, generation;
	uint64_t		 ring_limit;
	struct qt_ring_reader	*ring;
	uint64_t		 pos;		/* scanned up to */
	uint64_t		 live_from;	/* queries before: not ours */
	struct qt_scan		*scan;		/* NULL: ground state */
	struct qt_modes		 modes;
	uint8_t			 is_lost;	/* pos is somewhere in between */
	uint8_t			 size_count;
	uint64_t		 size_seq;
	struct qt__size		 size[QT__SIZES_MAX];
	struct qt__point	*point;		/* oldest first */
	uint32_t		 points, points_size;

	struct qt_vt		*vt;		/* the screen, when drawn */
	uint64_t		 vt_offset;	/* at these bytes */
	uint64_t		 vt_fed;	/* bytes it was fed in all */
	uint32_t		 vt_lines;
	uint64_t		 slow_ms;	/* when drawing took too long */
	struct qt__follow	*newer, *older;	/* drawn ones, by use */

	/* the loop's */
	uint32_t		 channel;
	uint8_t			 is_attached, is_napping;
	uint64_t		 title_ms;	/* when it was published last */
	uint64_t		 kept_ms;	/* when its screen was brought
						 * up to date unasked */
	uint64_t		 wake_ms;	/* end of the nap */
	uint64_t		 replied_ms;	/* second of the replies counted */
	uint32_t		 replies;
	struct qt__follow	*nap_next;
};

/* A query came in; offset is behind its last byte. */
typedef void qt__query_fn(void *ctx, struct qt__follow *f,
	    const struct qt_scan_seq *seq, uint64_t offset);

int	qt__follow_open(struct qt_session_table *table,
	    const struct qt_seg *seg, const struct qt_session *s,
	    struct qt__follow **out, struct qt_err *err);
void	qt__follow_close(struct qt__follow *f);
/* Takes note of a new size in the record. */
void	qt__follow_size(struct qt__follow *f, const struct qt_session *s);
/*
 * Scans up to budget bytes; fn gets the queries that are not older than
 * live_from. 1 when more is there, 0 when caught up, -QT_ECORRUPT, -ENOMEM.
 */
int	qt__follow_scan(struct qt__follow *f, size_t budget, qt__query_fn *fn,
	    void *ctx);
/* The modes at a point, with the title of now. */
void	qt__point_modes(const struct qt__follow *f, const struct qt__point *p,
	    struct qt_modes *out);
/* The oldest point at or after offset; NULL when there is none. */
const struct qt__point *qt__follow_point(const struct qt__follow *f,
	    uint64_t offset);

/* Screens that are drawn, bounded by count and bytes. */
struct qt__drawn {
	struct qt__follow	*newest, *oldest;
	uint32_t		 count;
};
/*
 * Draws f's screen after exactly target bytes (at most the head), with room
 * for so many lines of scrollback. 0, -QT_EFULL when it is too large,
 * -QT_ELAPPED, -ENOMEM, -ETIMEDOUT: parsing took more than QT__DRAW_MS, and
 * for some seconds it is not tried again.
 */
int	qt__draw(struct qt__drawn *d, struct qt__follow *f, uint64_t target,
	    uint32_t lines);
void	qt__draw_drop(struct qt__drawn *d, struct qt__follow *f);
/* Answers one request from f; form MODES too. 0 or negative, also in a. */
int	qt__draw_answer(struct qt__drawn *d, struct qt__follow *f,
	    const struct qt_screen_request *req, struct qt_screen_answer *a,
	    struct qt_buf *out);

/*
 * Appends the answer to a query, or nothing. is_cursor says that the answer
 * needs the cursor; call again with it. col and row count from 0.
 */
struct qt__cursor {
	int		is_known;
	uint32_t	col, row;
};
int	qt__screen_reply(const struct qt_scan_seq *seq,
	    const struct qt_modes *modes, const struct qt__cursor *cursor,
	    int *is_cursor, struct qt_buf *out);

/* Requests. The owner polls the descriptors and calls when they are ready. */
#define QT__REQUESTS_MAX	64u
#define QT__REQUEST_MS		5000u

struct qt__request {
	int		fd;		/* -1: free */
	uint64_t	since_ms;
};
/* Finds the session's answer. */
typedef int qt__answer_fn(void *ctx, const struct qt_screen_request *req,
	    struct qt_screen_answer *a, struct qt_buf *out);

struct qt__requests {
	int			listen_fd;
	struct qt__request	request[QT__REQUESTS_MAX];
	uint32_t		count;
	uint64_t		rest_ms;	/* nobody is accepted before */
	qt__answer_fn		*fn;
	void			*ctx;
};
void	qt__requests_init(struct qt__requests *r, int listen_fd,
	    qt__answer_fn *fn, void *ctx);
void	qt__requests_accept(struct qt__requests *r, uint64_t now_ms);
/* Whether the socket is worth looking at. */
int	qt__requests_has_room(const struct qt__requests *r, uint64_t now_ms);
/* Request i is readable. */
void	qt__requests_read(struct qt__requests *r, uint32_t i);
/*
 * Ends those that said nothing for too long; ms until the next of them, or
 * until a rest of the socket is over, or -1.
 */
int	qt__requests_expire(struct qt__requests *r, uint64_t now_ms);
void	qt__requests_close(struct qt__requests *r);

struct qt__service {
	struct qt_client	*client;
	uint32_t		 slots;		/* bell slots we have */
	struct qt__follow	**channel;	/* slots of them */
	uint32_t		 used;		/* channels below were used */
	struct qt__follow	**record;	/* by slot of the record */
	uint32_t		 records;
	struct qt__follow	*napping;
	uint64_t		 created;	/* host's counter, as last seen */
	uint32_t		 hint;		/* slot of the next new record */
	uint32_t		 pending;	/* requests without answer */
	int			 is_behind;	/* more are to be followed */
	int			 is_short;	/* more sessions than slots */
	struct qt__drawn	 drawn;
	struct qt__requests	 requests;
};

#define QT__PENDING_MAX	64u
#define QT__TAG_ATTACH	0x40000000u

/* screen_serve.c: begins with so many bell slots. */
int	qt__screen_serve(int listen_fd, uint32_t slots, struct qt_err *err);

/* screen_session.c */
void	qt__service_look(struct qt__service *s, struct qt__follow *f);
/* is_over: the host has ended the attachment. */
void	qt__service_forget(struct qt__service *s, struct qt__follow *f,
	    int is_over);
/* Follows so many new sessions, by looking where they are likely to be. */
void	qt__service_look_for(struct qt__service *s, uint64_t count);
/* Follows every session that is not followed yet. */
void	qt__service_look_around(struct qt__service *s);
/* Looks at those whose nap is over; ms until the next, or -1. */
int	qt__service_end_naps(struct qt__service *s);

#endif /* QT_SESSION_SCREEN_PRIV_H */
