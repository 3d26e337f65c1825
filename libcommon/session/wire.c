/* SPDX-License-Identifier: Apache-2.0 */
/* The head of a qt.1 frame. See <qt/session/wire.h>. */

#include <qt/base/err.h>
#include <qt/session/wire.h>

static void
put(uint8_t *out, uint64_t n, int bytes)
{
	for (int i = 0; i < bytes; i++)
		out[i] = (uint8_t)(n >> 8 * i);
}

static uint64_t
get(const uint8_t *p, int bytes)
{
	uint64_t	n = 0;

	for (int i = bytes - 1; i >= 0; i--)
		n = n << 8 | p[i];
	return n;
}

void
qt_wire_pack(const struct qt_wire_head *h, uint8_t *out)
{
	out[0] = h->type;
	out[1] = h->flags;
	put(out + 2, h->channel, 2);
	put(out + 4, h->arg, 4);
	put(out + 8, h->offset, 8);
}

int
qt_wire_unpack(const void *data, size_t len, struct qt_wire_head *out)
{
	const uint8_t	*p = data;

	if (len < QT_WIRE_HEAD_SIZE)
		return -QT_EPROTO;
	out->type = p[0];
	out->flags = p[1];
	out->channel = (uint16_t)get(p + 2, 2);
	out->arg = (uint32_t)get(p + 4, 4);
	out->offset = get(p + 8, 8);
	return 0;
}
