/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Terminal output as plain text. See strip.h.
 *
 *	GROUND --ESC--> ESCAPE --[--> CSI --final--> GROUND
 *	                  |  \--]PX^_--> STRING --BEL, ESC \--> GROUND
 *	                  \--0x20-0x2f--> INTER --final--> GROUND
 *
 * CAN and SUB end any sequence; ESC begins a new one.
 */

#include "strip.h"

enum { GROUND, ESCAPE, INTER, CSI, STRING };

static int
after_escape(unsigned char c)
{
	switch (c) {
	case '[':
		return CSI;
	case ']': case 'P': case 'X': case '^': case '_':
		return STRING;
	default:
		return c >= 0x20 && c <= 0x2f ? INTER : GROUND;
	}
}

/* The state after a byte inside a sequence. */
static int
inside(int state, unsigned char c)
{
	if (c == 0x1b)
		return ESCAPE;
	if (c == 0x18 || c == 0x1a)
		return GROUND;
	switch (state) {
	case ESCAPE:
		return c < 0x20 ? ESCAPE : after_escape(c);
	case INTER:
		return c >= 0x30 && c < 0x80 ? GROUND : INTER;
	case CSI:
		return c >= 0x40 && c < 0x80 ? GROUND : CSI;
	default:
		return c == 0x07 ? GROUND : STRING;
	}
}

int
strip_feed(struct strip *s, const void *data, size_t len, struct qt_buf *out)
{
	const unsigned char	*p = data, *end = p + len;
	const unsigned char	*text = NULL;
	int			 rc = 0;

	for (; p < end && rc == 0; p++) {
		if (s->state == GROUND &&
		    ((*p >= 0x20 && *p != 0x7f) || *p == '\n' || *p == '\t')) {
			if (text == NULL)
				text = p;
			continue;
		}
		if (text != NULL)
			rc = qt_buf_add(out, text, (size_t)(p - text));
		text = NULL;
		if (s->state != GROUND)
			s->state = inside(s->state, *p);
		else if (*p == 0x1b)
			s->state = ESCAPE;
	}
	if (text != NULL && rc == 0)
		rc = qt_buf_add(out, text, (size_t)(end - text));
	return rc;
}
