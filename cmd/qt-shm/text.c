/* SPDX-License-Identifier: Apache-2.0 */
/* Text in fields and on terminals. See text.h. */

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include <qt/base/hex.h>
#include <qt/base/utf8.h>

#include "text.h"

static const char	letters[] = "\t\n\r\\", names[] = "tnr\\";

void
text_escape(struct qt_buf *out, const char *text, size_t len)
{
	size_t	n;
	int	is_valid;

	for (; len > 0; text += n, len -= n) {
		const char	*p = memchr(letters, *text, 4);

		n = qt_utf8_next(text, len, &is_valid);
		if (p != NULL)
			qt_buf_addf(out, "\\%c", names[p - letters]);
		else if (is_valid && !qt_utf8_is_control(text, n))
			qt_buf_add(out, text, n);
		else
			for (size_t i = 0; i < n; i++)
				qt_buf_addf(out, "\\x%02x",
				    (unsigned char)text[i]);
	}
}

int
text_unescape(char *text, size_t *len)
{
	size_t		 at = 0, end = *len;
	const char	*p;

	for (size_t i = 0; i < end; i++) {
		if (text[i] != '\\') {
			text[at++] = text[i];
			continue;
		}
		if (++i == end)
			return -EINVAL;
		if (text[i] == 'x' && end - i > 2 &&
		    qt_hex_value(text[i + 1]) >= 0 &&
		    qt_hex_value(text[i + 2]) >= 0) {
			text[at++] = (char)(qt_hex_value(text[i + 1]) << 4 |
			    qt_hex_value(text[i + 2]));
			i += 2;
			continue;
		}
		p = memchr(names, text[i], 4);
		if (p == NULL)
			return -EINVAL;
		text[at++] = letters[p - names];
	}
	*len = at;
	return 0;
}

size_t
text_width(const char *text, size_t len)
{
	size_t	count = 0;

	for (size_t i = 0; i < len; i++)
		count += ((unsigned char)text[i] & 0xc0) != 0x80;
	return count;
}

void
text_bytes(struct qt_buf *out, uint64_t n)
{
	static const char	unit[] = "KMGTP";
	double			v = (double)n;
	int			i = -1;

	for (; v >= 1023.95 && i < 4; i++)
		v /= 1024;
	if (i < 0)
		qt_buf_addf(out, "%" PRIu64 " B", n);
	else
		qt_buf_addf(out, "%.1f %cB", v, unit[i]);
}

void
text_ago(struct qt_buf *out, uint64_t now_ms, uint64_t then_ms)
{
	uint64_t	s = now_ms > then_ms ? (now_ms - then_ms) / 1000 : 0;

	if (s < 60)
		qt_buf_addf(out, "%" PRIu64 "s ago", s);
	else if (s < 3600)
		qt_buf_addf(out, "%" PRIu64 "m ago", s / 60);
	else if (s < 86400)
		qt_buf_addf(out, "%" PRIu64 "h ago", s / 3600);
	else
		qt_buf_addf(out, "%" PRIu64 "d ago", s / 86400);
}
