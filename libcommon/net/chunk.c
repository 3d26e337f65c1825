/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The chunked coding. See chunk_priv.h. Extensions and trailers are read and
 * dropped; their length is bounded.
 */

#include <errno.h>

#include <qt/base/hex.h>

#include "chunk_priv.h"

#define LINE_MAX_HERE	4096

enum { SIZE, EXTENSION, SIZE_LF, DATA, DATA_CR, DATA_LF, TRAILER,
	TRAILER_LINE, TRAILER_LF, END_LF };

static int
size_byte(struct qt__chunks *c, char b)
{
	int	d = qt_hex_value(b);

	if (d >= 0) {
		if (c->count++ >= 15)
			return -EINVAL;
		c->left = c->left << 4 | (uint64_t)d;
		return 0;
	}
	if (c->count == 0)
		return -EINVAL;
	if (b == '\r')
		c->state = SIZE_LF;
	else if (b == ';' || b == ' ' || b == '\t')
		c->state = EXTENSION;
	else
		return -EINVAL;
	return 0;
}

/* One byte of framing. 1 at the end. */
static int
frame_byte(struct qt__chunks *c, char b)
{
	switch (c->state) {
	case SIZE:
		return size_byte(c, b);
	case EXTENSION:
		if (b == '\n' || c->count++ > LINE_MAX_HERE)
			return -EINVAL;
		if (b == '\r')
			c->state = SIZE_LF;
		return 0;
	case SIZE_LF:
		c->state = c->left > 0 ? DATA : TRAILER;
		c->count = 0;
		return b == '\n' ? 0 : -EINVAL;
	case DATA_CR:
		c->state = DATA_LF;
		return b == '\r' ? 0 : -EINVAL;
	case DATA_LF:
		c->state = SIZE;
		c->count = 0;
		return b == '\n' ? 0 : -EINVAL;
	case TRAILER:
		c->state = b == '\r' ? END_LF : TRAILER_LINE;
		return b == '\n' ? -EINVAL : 0;
	case TRAILER_LINE:
		if (b == '\n' || c->count++ > LINE_MAX_HERE)
			return -EINVAL;
		if (b == '\r')
			c->state = TRAILER_LF;
		return 0;
	case TRAILER_LF:
		c->state = TRAILER;
		return b == '\n' ? 0 : -EINVAL;
	default:	/* END_LF */
		return b == '\n' ? 1 : -EINVAL;
	}
}

int
qt__net_chunks_next(struct qt__chunks *c, const char *p, size_t len,
    size_t *used, const char **data, size_t *data_len)
{
	int	rc;

	*data_len = 0;
	for (*used = 0; *used < len;) {
		if (c->state != DATA) {
			rc = frame_byte(c, p[(*used)++]);
			if (rc != 0)
				return rc;
			continue;
		}
		*data = p + *used;
		*data_len = len - *used < c->left ? len - *used :
		    (size_t)c->left;
		c->left -= *data_len;
		*used += *data_len;
		if (c->left == 0)
			c->state = DATA_CR;
		return 0;
	}
	return 0;
}
