/* SPDX-License-Identifier: Apache-2.0 */
/* Checks the heads of WebSocket frames. See frame.h. */

#include "frame.h"

#define FIN		0x80
#define RSV		0x70
#define MASK		0x80
#define PROTOCOL_ERROR	1002
#define TOO_LONG	1009

enum { CONTINUATION = 0, TEXT = 1, BINARY = 2, CLOSE = 8, PING = 9, PONG = 10 };

/* The head's first byte: 0 or a close code. */
static uint16_t
check_first(const struct frame_check *f)
{
	uint8_t	opcode = f->head[0] & 0x0f;

	if ((f->head[0] & RSV) != 0)
		return PROTOCOL_ERROR;
	switch (opcode) {
	case CONTINUATION:
		return f->in_message ? 0 : PROTOCOL_ERROR;
	case TEXT: case BINARY:
		return f->in_message ? PROTOCOL_ERROR : 0;
	case CLOSE: case PING: case PONG:
		return (f->head[0] & FIN) != 0 ? 0 : PROTOCOL_ERROR;
	default:
		return PROTOCOL_ERROR;
	}
}

/* And its second, which says how long the head is. */
static uint16_t
check_second(struct frame_check *f)
{
	uint8_t	len = f->head[1] & 0x7f;

	if ((f->head[1] & MASK) == 0)
		return PROTOCOL_ERROR;
	if ((f->head[0] & 0x08) != 0 && len > 125)
		return PROTOCOL_ERROR;
	if (f->head[0] == (FIN | CLOSE) && len == 1)
		return PROTOCOL_ERROR;
	f->need = len == 126 ? 4 : len == 127 ? 10 : 2;
	return 0;
}

/* The whole length, which must be written in the fewest bytes. */
static uint16_t
check_length(struct frame_check *f)
{
	uint64_t	len = f->head[1] & 0x7f;
	int		is_control = (f->head[0] & 0x08) != 0;

	if (f->need > 2) {
		len = 0;
		for (int i = 2; i < f->need; i++)
			len = len << 8 | f->head[i];
		if (len >> 63 != 0 || len < (f->need == 4 ? 126u : 65536u))
			return PROTOCOL_ERROR;
	}
	if (!is_control) {
		if (len > f->max || f->message + len > f->max)
			return TOO_LONG;
		f->in_message = (f->head[0] & FIN) == 0;
		f->message = f->in_message ? f->message + len : 0;
	}
	f->left = len + 4;	/* the mask's key comes first */
	return 0;
}

/* One byte of a head. */
static void
add(struct frame_check *f, uint8_t byte)
{
	f->head[f->have++] = byte;
	if (f->have == 1) {
		f->need = 2;
		f->code = check_first(f);
		return;
	}
	if (f->have == 2)
		f->code = check_second(f);
	if (f->code == 0 && f->have == f->need) {
		f->code = check_length(f);
		f->have = 0;
	}
}

size_t
frame_feed(struct frame_check *f, const uint8_t *p, size_t len)
{
	size_t	at = 0, begin = 0;

	while (at < len && f->code == 0) {
		if (f->left > 0) {
			size_t	n = len - at < f->left ? len - at :
			    (size_t)f->left;

			f->left -= n;
			at += n;
			continue;
		}
		if (f->have == 0)
			begin = at;
		add(f, p[at++]);
	}
	return f->code == 0 ? len : begin;
}
