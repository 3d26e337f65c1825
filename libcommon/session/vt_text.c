/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text on its way to libvterm: whole characters with all that combines with
 * them, in one call each. libvterm joins a combining character that comes in a
 * call of its own only sometimes (never in the last column), and then the
 * screen would depend on how the bytes were split. So the last character is
 * held until it is known what follows it; reading the screen flushes it.
 *
 * Even in one call ASCII is decoded by itself, so a letter that has something
 * combined with it is given as a stand-in of private use (vt_width.c).
 */

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "vt_priv.h"

void
qt__vt_write(struct qt_vt *vt, const void *p, size_t len)
{
	if (len > 0)
		(void)vterm_input_write(vt->vt, p, len);
}

void
qt__vt_writef(struct qt_vt *vt, const char *fmt, ...)
{
	char	text[128];
	va_list	ap;
	int	n;

	va_start(ap, fmt);
	n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (n > 0 && (size_t)n < sizeof(text))
		qt__vt_write(vt, text, (size_t)n);
}

void
qt__vt_flush(struct qt_vt *vt)
{
	uint8_t	text[4];

	if (vt->cluster_len == 0 || vt->is_written)
		return;
	if (vt->cluster_len > 1 && vt->cluster[0] < 0x80) {
		size_t	n = qt__utf8_put(text,
			    QT__VT_LETTER + vt->cluster[0]);

		memmove(vt->cluster + n, vt->cluster + 1,
		    vt->cluster_len - 1u);
		memcpy(vt->cluster, text, n);
		vt->cluster_len = (uint8_t)(vt->cluster_len + n - 1);
	}
	qt__vt_write(vt, vt->cluster, vt->cluster_len);
	vt->is_written = 1;
	vt->is_text = 1;
}

/* Something else begins: nothing combines with the cluster any more. */
static void
end_cluster(struct qt_vt *vt)
{
	qt__vt_flush(vt);
	vt->is_written = 1;
}

static int
is_printable(uint8_t c)
{
	return c >= 0x20 && c != 0x7f;
}

/* ASCII and layout controls; the last character becomes the cluster. */
static void
ascii(struct qt_vt *vt, const uint8_t *p, size_t len)
{
	size_t	n = len;

	end_cluster(vt);
	if (is_printable(p[len - 1]))
		n--;
	qt__vt_write(vt, p, n);
	if (n > 0)
		vt->is_text = is_printable(p[n - 1]);
	if (n < len) {
		vt->cluster[0] = p[n];
		vt->cluster_len = vt->cluster_chars = 1;
		vt->is_written = 0;
	} else {
		vt->cluster_len = 0;
	}
}

static void
one_char(struct qt_vt *vt, uint32_t c)
{
	uint8_t	text[4];
	size_t	n = qt__utf8_put(text, qt__vt_encode(vt, c));
	int	width = qt__vt_width(c);

	if (width > vt->cols)	/* libvterm would write beyond the row */
		return;
	if (width == 0) {
		if (vt->cluster_len == 0 ||
		    vt->cluster_chars >= VTERM_MAX_CHARS_PER_CELL)
			return;
		if (vt->is_written) {	/* the screen was read in between */
			if (!qt__vt_is_wrap_pending(vt))
				qt__vt_write(vt, text, n);
			return;
		}
		memcpy(vt->cluster + vt->cluster_len, text, n);
		vt->cluster_len = (uint8_t)(vt->cluster_len + n);
		vt->cluster_chars++;
		return;
	}
	end_cluster(vt);
	memcpy(vt->cluster, text, n);
	vt->cluster_len = (uint8_t)n;
	vt->cluster_chars = 1;
	vt->is_written = 0;
}

/* The character that was cut off, with what came now; bytes used of p. */
static size_t
complete(struct qt_vt *vt, const uint8_t *p, size_t len)
{
	uint8_t		text[4];
	size_t		n = 4u - vt->part_len < len ? 4u - vt->part_len : len;
	uint32_t	c;
	int		rc;

	memcpy(text, vt->part, vt->part_len);
	memcpy(text + vt->part_len, p, n);
	rc = qt__utf8_get(text, vt->part_len + n, &c);
	if (rc < 0) {
		memcpy(vt->part, text, vt->part_len + n);
		vt->part_len = (uint8_t)(vt->part_len + n);
		return n;
	}
	if (rc == 0) {	/* as in decode(): the first byte is left out */
		n = vt->part_len - 1u;
		memmove(vt->part, vt->part + 1, n);
		vt->part_len = (uint8_t)n;
		while (vt->part_len > 0 && (vt->part[0] & 0xc0) == 0x80) {
			vt->part_len--;
			memmove(vt->part, vt->part + 1, vt->part_len);
		}
		return 0;
	}
	one_char(vt, c);
	n = (size_t)rc - vt->part_len;
	vt->part_len = 0;
	return n;
}

void
qt__vt_text(struct qt_vt *vt, const uint8_t *p, size_t len)
{
	size_t		i = 0, n;
	uint32_t	c;
	int		rc;

	while (i < len) {
		if (vt->part_len > 0) {
			i += complete(vt, p + i, len - i);
			continue;
		}
		for (n = i; n < len && p[n] < 0x80; n++)
			continue;
		if (n > i) {
			ascii(vt, p + i, n - i);
			i = n;
			continue;
		}
		rc = qt__utf8_get(p + i, len - i, &c);
		if (rc < 0) {
			vt->part_len = (uint8_t)(len - i);
			memcpy(vt->part, p + i, vt->part_len);
			return;
		}
		if (rc > 0)
			one_char(vt, c);
		i += rc > 0 ? (size_t)rc : 1;
	}
}

void
qt__vt_repeat(struct qt_vt *vt, uint32_t count)
{
	uint32_t	max = 4u * vt->cols;	/* more is an attack on time */

	qt__vt_flush(vt);
	if (vt->cluster_len == 0)
		return;
	for (count = count < max ? count : max; count > 0; count--)
		qt__vt_write(vt, vt->cluster, vt->cluster_len);
	vt->is_text = 1;
}
