/* SPDX-License-Identifier: Apache-2.0 */
/* Checks the heads of WebSocket frames. See frame.h. */

#include "frame.h"

#define FIN		0x80
#define RSV		0x70
#define MASK		0x80
#define PROTOCOL_ERROR	1002
#define NOT_UTF8	1007
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
	f->is_close = (f->head[0] & 0x0f) == CLOSE && len > 0;
	f->at = f->utf8_need = 0;
	return 0;
}

/* RFC 6455, 7.4: what may come over the wire. */
static int
is_close_code(unsigned int n)
{
	return (n >= 1000 && n <= 1003) || (n >= 1007 && n <= 1014) ||
	    (n >= 3000 && n <= 4999);
}

/* The next byte of a text; 0 when it may not be. */
static int
add_utf8(struct frame_check *f, uint8_t c)
{
	if (f->utf8_need > 0) {
		if (c < f->utf8_low || c > f->utf8_high)
			return 0;
		f->utf8_need--;
	} else if (c < 0x80) {
		return 1;
	} else if (c >= 0xc2 && c <= 0xf4) {
		f->utf8_need = c < 0xe0 ? 1 : c < 0xf0 ? 2 : 3;
		f->utf8_low = c == 0xe0 ? 0xa0 : c == 0xf0 ? 0x90 : 0x80;
		f->utf8_high = c == 0xed ? 0x9f : c == 0xf4 ? 0x8f : 0xbf;
		return 1;
	} else {
		return 0;
	}
	f->utf8_low = 0x80;
	f->utf8_high = 0xbf;
	return 1;
}

/* One byte of a close frame behind its head. */
static void
add_close(struct frame_check *f, uint8_t byte)
{
	unsigned int	n = f->at++;

	f->left--;
	if (n < 4) {
		f->mask[n] = byte;
		return;
	}
	byte ^= f->mask[n & 3];
	if (n == 4) {
		f->said = (uint16_t)(byte << 8);
	} else if (n == 5) {
		f->said |= byte;
		if (!is_close_code(f->said))
			f->code = PROTOCOL_ERROR;
	} else if (!add_utf8(f, byte)) {
		f->code = NOT_UTF8;
	}
	if (f->left == 0 && f->utf8_need > 0)
		f->code = NOT_UTF8;
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
		if (f->left > 0 && f->is_close) {
			add_close(f, p[at++]);
			continue;
		}
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
