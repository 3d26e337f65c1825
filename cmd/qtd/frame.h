/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QTD_FRAME_H
#define QTD_FRAME_H

#include <stddef.h>
#include <stdint.h>

/*
 * A look at the heads of WebSocket frames (RFC 6455, 5.2) as they come, before
 * libwebsockets sees them: what it lets pass although it may not (a frame
 * without a mask), or answers without a close code, is refused here.
 *
 *	socket -> recv() in unmasked.c -> frame_feed -> libwebsockets
 *
 * Pure: payloads are skipped but for those of close frames, whose code and text
 * are checked; nothing is copied or allocated.
 */
struct frame_check {
	uint64_t	left;		/* of the payload (and its mask) */
	uint64_t	message;	/* payload bytes of the message so far */
	uint64_t	max;		/* longest message */
	uint16_t	code;		/* close code; 0: all is well */
	uint8_t		have, need;	/* bytes of the head */
	uint8_t		head[14];
	uint8_t		in_message;	/* a fragment has come, its end has not */
	/* of a close frame, whose payload is looked at too */
	uint8_t		is_close, at;	/* bytes of mask and payload so far */
	uint8_t		mask[4];
	uint8_t		utf8_need, utf8_low, utf8_high;
	uint16_t	said;		/* its code */
};

/*
 * Returns how many of the len bytes may be passed on: all of them, or those
 * before a frame that may not be. Then code is 1002, 1007 or 1009,
 * for good.
 */
size_t	frame_feed(struct frame_check *f, const uint8_t *p, size_t len);

#endif /* QTD_FRAME_H */
