/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QTD_CONN_H
#define QTD_CONN_H

#include <stdint.h>

#include <qt/net/request.h>
#include <qt/session/wire.h>

#include "worker.h"

/*
 * One WebSocket and what speaks on it: "qt.1" (qt1.c) or "tty" (tty.c). An
 * idle one costs this struct; the rest is made when it is needed.
 */
struct call;
struct channel;
struct queue;
struct tty;

struct conn {
	struct worker	*worker;
	struct ws	*ws;
	struct conn	*prev, *next;
	struct user	 user;
	uint64_t	 cookie_id;	/* web session, to close at logout; 0 */
	struct channel	**channels;	/* qt.1: by position */
	uint16_t	 channel_count, channel_cap;
	struct call	*calls;		/* qt.1: CALLs under way */
	uint8_t		 is_watching;	/* wants SESSIONS frames */
	uint8_t		 is_stale;	/* has not got the newest list */
	uint8_t		 is_paused;	/* not read: the host is full */
	uint8_t		 turn;		/* whose output goes first */
	struct tty	*tty;		/* tty: its one session */
	char		*query;		/* tty: of the address, with -a */
	/* pulse.c */
	struct conn	*due_prev, *due_next;
	struct queue	*queue;
	uint64_t	 due_ms;
};

extern const struct ws_ops conn_ops;

/*
 * Takes an upgraded connection; see ws_adopt. Its descriptor is taken in any
 * case. A user with the role NONE has yet to say who it is (tty only).
 */
int	conn_adopt(struct worker *w, const struct user *user,
	    uint64_t cookie_id, const struct qt_net_upgrade *up,
	    struct qt_net_str query);
/* Whoever holds it has to log in again. */
void	conn_log_out(struct conn *c);
/* Every connection of a web session. */
void	conn_log_out_all(struct worker *w, uint64_t cookie_id);
/* Closes them all. */
void	conn_close_all(struct worker *w, unsigned int code);

/* Tells every client to come again soon, and closes: the server ends. */
void	conn_going_all(struct worker *w);
/* Input went to the host: while too much of it waits, c is not read. */
void	conn_input_taken(struct conn *c);
/* It has gone: all are read again. */
void	conn_resume_all(struct worker *w);

/* qt1.c */
void	qt1_open(struct conn *c);
void	qt1_message(struct conn *c, const void *data, size_t len,
	    int is_binary);
void	qt1_writable(struct conn *c);
void	qt1_closed(struct conn *c);
/* Sends a frame with a JSON (or any) payload. 0 or -EPIPE. */
int	qt1_send(struct conn *c, const struct qt_wire_head *head,
	    const void *payload, size_t len);

/* qt1_call.c: CALL frames */
void	qt1_call(struct conn *c, uint32_t tag, const void *json, size_t len);
void	qt1_calls_end(struct conn *c);
/* Sessions in a list: the newest so many. */
#define QT1_LIST_MAX 1000

/* watch.c: the session list, pushed on change */
void	watch_changed(struct conn *c);
void	watch_free(struct worker *w);

/* tty.c */
void	tty_open(struct conn *c);
void	tty_message(struct conn *c, const void *data, size_t len,
	    int is_binary);
void	tty_writable(struct conn *c);
void	tty_closed(struct conn *c);

#endif /* QTD_CONN_H */
