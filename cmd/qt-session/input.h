/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_SESSION_INPUT_H
#define QT_SESSION_INPUT_H

#include <stddef.h>
#include <stdint.h>

#include <qt/base/buf.h>
#include <qt/session/client.h>

/*
 * What was typed, on its way to the session: nothing lost, nothing out of
 * order, whatever the host refuses.
 *
 *	stdin ──► pending ──► one SEND in flight ──► host's bounded queue
 *
 * The queue of a session is bounded, and the host refuses what does not fit.
 * So one piece at a time is sent, by the message that is answered, and kept
 * until the answer; a refused piece is sent again a little later. Meanwhile
 * at most INPUT_PENDING_MAX bytes are taken from stdin: a paste into a
 * program that does not read stops there, as on a terminal.
 */
#define INPUT_PENDING_MAX	(64u << 10)
#define INPUT_PIECE_MAX		(16u << 10)

struct input {
	struct qt_uuid	id;
	struct qt_buf	pending;
	size_t		in_flight;	/* the first bytes of pending */
	uint32_t	tag;
	uint64_t	retry_ms;	/* 0, or not before this time */
	int		is_blocked;	/* the control socket is full */
};

void	input_init(struct input *in, const struct qt_uuid *id);
void	input_clear(struct input *in);
/* The connection is new: what was not answered is sent again. */
void	input_restart(struct input *in);

/* Room for more; 0 means do not read stdin now. */
size_t	input_room(const struct input *in);
int	input_add(struct input *in, const void *data, size_t len);
/* Sends what may go. 0, or negative when the connection is broken. */
int	input_push(struct input *in, struct qt_client *c);
/*
 * Looks at a message from the host: 1 when it was an answer to our input, 0
 * when not, negative when the session takes no input at all.
 */
int	input_answer(struct input *in, const struct qt_control_head *head,
	    const void *body);
/* Milliseconds until input_push() should run again, -1: none is due. */
int	input_timeout(const struct input *in);
static inline int
input_is_empty(const struct input *in)
{
	return in->pending.len == 0;
}

#endif /* QT_SESSION_INPUT_H */
