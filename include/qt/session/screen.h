/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_SESSION_SCREEN_H
#define QT_SESSION_SCREEN_H

#include <stddef.h>
#include <stdint.h>

#include <qt/base/buf.h>
#include <qt/base/err.h>
#include <qt/base/uuid.h>

/*
 * The screen service: one process a host ("qt-session screen", started by the
 * host, started again when it dies) that follows every ring as a read-only
 * reader, keeps each session's modes and safe points (scan.h), and draws a
 * screen with libvterm when somebody asks. Hostile output may kill it; that
 * costs a redraw.
 *
 * It listens on "screen.sock" in the runtime folder, a socket that the host
 * made and keeps, so that requests wait while the service restarts. One
 * SOCK_SEQPACKET request, one answer with a memfd of the bytes.
 */
enum qt_screen_form {
	QT_SCREEN_ANSI,		/* redraws it on a terminal: reset, modes,
				 * scrollback, screen, cursor */
	QT_SCREEN_TEXT,		/* lines of UTF-8, trailing blanks cut */
	QT_SCREEN_STYLED,	/* lines with SGR sequences, for capture -e */
	QT_SCREEN_JSON,		/* {cols, rows, cursor, lines: [...], ...} */
	QT_SCREEN_MODES,	/* the preamble at the oldest safe point */
};

struct qt_screen_request {
	struct qt_uuid	id;
	uint32_t	form;		/* enum qt_screen_form */
	uint32_t	scrollback;	/* lines above the screen, at most */
	uint64_t	min_offset;	/* the screen shows at least these bytes,
				 * but for an unfinished sequence; at most
				 * the head */
	uint32_t	flags;		/* QT_SCREEN_... */
	uint32_t	pad;
};

/* ANSI: leave the terminal's own scrollback even if this brings some. */
#define QT_SCREEN_KEEP	1u

struct qt_screen_answer {
	int32_t		code;		/* 0 or negative */
	uint16_t	cols, rows;
	uint64_t	offset;		/* the screen after exactly these bytes;
				 * the last safe point at or before the
				 * head, so streaming may go on from here.
				 * For MODES: of that safe point */
	uint64_t	len;		/* bytes in the memfd */
	uint32_t	cursor_col, cursor_row;
};

#define QT_SCREEN_LEN_MAX	(64u << 20)

/*
 * Blocking: asks and waits up to timeout_ms; appends the bytes to out, or
 * leaves it as it was. Asks again while the service is busy or restarts.
 * -ETIMEDOUT, -ENOENT (no such session, or no service: err says), -QT_ENOHOST,
 * -QT_EFULL (larger than QT_VT_CELLS_MAX), -ENOMEM, -QT_EPROTO.
 */
int	qt_screen_get(const struct qt_screen_request *req, int timeout_ms,
	    struct qt_screen_answer *answer, struct qt_buf *out,
	    struct qt_err *err);

/*
 * For event loops: returns a connected socket, the caller's, with the request
 * sent: poll it for POLLIN, then finish, and close it in any case. The path of
 * the socket is taken now, so a sandboxed process passes one with
 * qt_screen_begin_at. -EAGAIN when the service's queue is full.
 */
int	qt_screen_begin(const struct qt_screen_request *req, struct qt_err *err);
int	qt_screen_begin_at(const char *socket_path,
	    const struct qt_screen_request *req, struct qt_err *err);
/*
 * Takes the answer; appends the bytes to out, or leaves it as it was. -EAGAIN
 * when it has not come, -ECONNRESET when the service died over it (ask again);
 * else as qt_screen_get().
 */
int	qt_screen_finish(int sock, struct qt_screen_answer *answer,
	    struct qt_buf *out, struct qt_err *err);

/* The service itself; runs until its host closes the connection. */
int	qt_screen_serve(int listen_fd, struct qt_err *err);

#endif /* QT_SESSION_SCREEN_H */
