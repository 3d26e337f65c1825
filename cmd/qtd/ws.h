/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QTD_WS_H
#define QTD_WS_H

#include <stddef.h>
#include <stdint.h>

#include <qt/base/err.h>

/*
 * The bridge to libwebsockets, which does the framing of RFC 6455 and nothing
 * else: connections come from our front end, after a validated GET upgrade
 * without a body, as a head that we wrote. No timers, no extensions, no HTTP
 * in libwebsockets; the libuv loop is ours.
 *
 *	front end --fd, head--> ws_adopt --> open, message ..., closed
 *
 * All calls are on the loop's thread.
 */
struct ws;
struct ws_bridge;
struct uv_loop_s;

/* Bytes that a frame's sender leaves free before its payload. */
#define WS_PRE 16

struct ws_ops {
	/* The handshake is done: subprotocol as agreed ("qt.1", "tty"). */
	void	(*open)(struct ws *ws, const char *protocol);
	/* A whole message; data is borrowed. */
	void	(*message)(struct ws *ws, const void *data, size_t len,
		    int is_binary);
	/* The socket takes more, after ws_want_write(). */
	void	(*writable)(struct ws *ws);
	/* The last call for this ws. Never comes without ws_adopt's 0. */
	void	(*closed)(struct ws *ws);
};

struct shared_slot;

/* count is where everything is counted. */
int	ws_bridge_new(struct uv_loop_s *loop, const struct ws_ops *ops,
	    size_t message_max, struct shared_slot *count,
	    struct ws_bridge **out, struct qt_err *err);
/* Closes every connection; needs turns of the loop before it may be run out. */
void	ws_bridge_free(struct ws_bridge *b);

/*
 * Takes fd, success or not. head is a canonical upgrade head, rest what the
 * client sent behind it; user is the caller's, see ws_user(). 0, with *out set
 * before open() can be called; both that and closed() may come from inside
 * this call. Negative: then closed() is not called.
 */
int	ws_adopt(struct ws_bridge *b, int fd, const char *head, size_t head_len,
	    const char *rest, size_t rest_len, void *user, struct ws **out);

void	*ws_user(const struct ws *ws);
/*
 * Sends one message of len bytes at data; WS_PRE bytes before data are
 * scratch and get overwritten. Only while ws_can_write(), which is so until a
 * write did not fit whole. 0, or -EPIPE when the connection is going.
 */
int	ws_send(struct ws *ws, void *data, size_t len, int is_binary);
int	ws_can_write(struct ws *ws);
/* Asks for one writable() call. */
void	ws_want_write(struct ws *ws);
/* Starts the close handshake; reason may be NULL. closed() follows later. */
void	ws_close(struct ws *ws, unsigned int code, const char *reason);
/* Ends it without a word: the other side is not there. closed() follows. */
void	ws_drop(struct ws *ws);
/* Reads no more from it, or goes on. */
void	ws_pause(struct ws *ws, int is_paused);
/* Sends a ping. Returns how many went before without a sign of life. */
int	ws_ping(struct ws *ws);

#endif /* QTD_WS_H */
