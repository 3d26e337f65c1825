/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_SESSION_WIRE_H
#define QT_SESSION_WIRE_H

#include <stddef.h>
#include <stdint.h>

/*
 * The WebSocket subprotocol "qt.1": many sessions on one connection. For
 * people, and with examples: qt-proto(7). The page (cmd/qtd/web/wire.js)
 * speaks the other end.
 *
 * One binary message is one frame: this head, then the payload to the
 * message's end. Numbers are little-endian.
 *
 *	OFFSET	SIZE	DESCRIPTION
 *	0	1	type
 *	1	1	flags
 *	2	2	channel: chosen by the client at OPEN, 1 to 65535; 0 is
 *			the connection itself
 *	4	4	arg, by type
 *	8	8	offset, by type
 *
 * A frame with an unknown type is ignored by a client and closes the
 * connection (1002) at the server. A text message closes it (1003), one
 * longer than QT_WIRE_IN_MAX too (1009).
 */
#define QT_WIRE_HEAD_SIZE	16
#define QT_WIRE_LOGGED_OUT	4001	/* close code: a login is needed */
#define QT_WIRE_IN_MAX		(64u << 10)	/* client to server */
#define QT_WIRE_OUT_MAX		(64u << 10)	/* server to client, DATA */
#define QT_WIRE_CHANNELS_MAX	64		/* open on one connection */

struct qt_wire_head {
	uint8_t		type, flags;
	uint16_t	channel;
	uint32_t	arg;
	uint64_t	offset;
};

enum qt_wire_type {
	/* client to server */
	QT_WIRE_OPEN = 1,	/* JSON, see below; offset: resume position or ~0,
				 * arg: generation of that position */
	QT_WIRE_INPUT = 2,	/* bytes to type */
	QT_WIRE_RESIZE = 3,	/* arg: cols << 16 | rows */
	QT_WIRE_ACK = 4,	/* offset: payload bytes of DATA parsed since
				 * OPENED, redraws too; at least each 64 KiB */
	QT_WIRE_CLOSE = 5,	/* stop viewing this channel */
	QT_WIRE_LEAD = 6,	/* make me the one who answers and decides size */
	QT_WIRE_CALL = 7,	/* channel 0: JSON {op, ...}; arg: tag */
	QT_WIRE_PING = 8,	/* arg: echoed in PONG */
	/* server to client */
	QT_WIRE_HELLO = 64,	/* channel 0, first: JSON {version, user, role,
				 * readonly, host, command?, limits} */
	QT_WIRE_OPENED = 65,	/* JSON {id, name, role, cols, rows, policy, title,
				 * state ...}; arg: generation, offset: as OPEN
				 * asked; a redraw comes when it cannot be had */
	QT_WIRE_SIZE = 66,	/* arg: cols << 16 | rows; before its content */
	QT_WIRE_DATA = 67,	/* offset: after this frame; bytes. flags: REPLAY,
				 * RESET. A redraw stands for no bytes; only
				 * its last frame is under 16 KiB */
	QT_WIRE_SKIPPED = 68,	/* JSON {bytes}; offset: after them */
	QT_WIRE_STATE = 69,	/* JSON {name, title, lead, viewers, policy} */
	QT_WIRE_EXIT = 70,	/* arg: wait status (exit code, or 128 + signal);
				 * offset: the end. The channel is closed. */
	QT_WIRE_ERROR = 71,	/* JSON {code, text}; arg: tag of a CALL, else 0.
				 * On a channel: that channel is closed unless
				 * flags has SOFT */
	QT_WIRE_SESSIONS = 72,	/* channel 0: JSON list of sessions, on change */
	QT_WIRE_RESULT = 73,	/* JSON; arg: tag of its CALL */
	QT_WIRE_PONG = 74,
	QT_WIRE_GOING = 75,	/* the server restarts: connect again at once */
};

#define QT_WIRE_REPLAY	1u	/* DATA: redraw or replay; queries were removed */
#define QT_WIRE_RESET	2u	/* DATA: reset the terminal first */
#define QT_WIRE_SOFT	4u	/* ERROR: the channel lives on */

/*
 * OPEN's JSON: {"session": "NAME or ID"} to view one, or
 * {"new": {"name"?, "command"?: [..], "cwd"?, "policy"?}} to make one; both
 * with "cols", "rows", "readonly"?, "scrollback"? (lines).
 * CALL's JSON: {"op": "list" | "new" | "kill" {id, signal?} | "rename" {id,
 * name} | "resize" {id, cols, rows, policy?} | "forget" {id} | "watch" {on}}.
 */

/* Writes the head; out has room for QT_WIRE_HEAD_SIZE. */
void	qt_wire_pack(const struct qt_wire_head *h, uint8_t *out);
/* 0, or -QT_EPROTO when len is under the head's size. */
int	qt_wire_unpack(const void *data, size_t len, struct qt_wire_head *out);

#endif /* QT_SESSION_WIRE_H */
