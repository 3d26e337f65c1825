/* SPDX-License-Identifier: Apache-2.0 */
/* Text by terminal columns. See width.h. */

#include <stdio.h>
#include <string.h>

#include <utf8proc.h>

#include "width.h"

#define REPLACEMENT "\xef\xbf\xbd"	/* U+FFFD */
#define ELLIPSIS "\xe2\x80\xa6"		/* U+2026 */

size_t
width_next(const char *text, size_t len, int32_t *cp, int *columns)
{
	utf8proc_int32_t	c;
	utf8proc_ssize_t	n;

	n = utf8proc_iterate((const utf8proc_uint8_t *)text,
	    (utf8proc_ssize_t)len, &c);
	if (n < 1) {
		*cp = 0xfffd;
		*columns = 1;
		return 1;
	}
	*cp = c;
	*columns = c < 0x20 || (c >= 0x7f && c < 0xa0) ? 1 :
	    utf8proc_charwidth(c);
	return (size_t)n;
}

/* Appends one character as it is safe to show. */
static void
add_char(struct qt_buf *out, const char *text, size_t n, int32_t cp)
{
	if (cp < 0x20 || (cp >= 0x7f && cp < 0xa0))
		qt_buf_add(out, "?", 1);
	else if (cp == 0xfffd)
		qt_buf_add(out, REPLACEMENT, 3);
	else
		qt_buf_add(out, text, n);
}

static void
add_blanks(struct qt_buf *out, size_t count)
{
	while (count-- > 0)
		qt_buf_add(out, " ", 1);
}

size_t
width_text(const char *text)
{
	size_t	len = strlen(text), n, sum = 0;
	int32_t	cp;
	int	columns;

	for (; len > 0; text += n, len -= n) {
		n = width_next(text, len, &cp, &columns);
		sum += (size_t)columns;
	}
	return sum;
}

void
width_fit(struct qt_buf *out, const char *text, size_t columns)
{
	size_t	len = strlen(text), n, used = 0, room = columns;
	int32_t	cp;
	int	w, is_cut = width_text(text) > columns;

	if (columns == 0)
		return;
	if (is_cut)
		room--;
	for (; len > 0; text += n, len -= n) {
		n = width_next(text, len, &cp, &w);
		if (used + (size_t)w > room)
			break;
		add_char(out, text, n, cp);
		used += (size_t)w;
	}
	if (is_cut) {
		qt_buf_add(out, ELLIPSIS, 3);
		used++;
	}
	add_blanks(out, columns - used);
}

/*
 * Bytes of the escape sequence at line, which starts with ESC; *is_sgr when it
 * is one that only changes how text looks.
 */
static size_t
sequence_len(const char *line, size_t len, int *is_sgr)
{
	size_t	i;

	*is_sgr = 0;
	if (len < 2 || line[1] != '[')
		return len < 2 || (line[1] & 0x80) != 0 || line[1] < ' ' ?
		    1 : 2;
	for (i = 2; i < len; i++) {
		if (line[i] >= 0x40 && line[i] <= 0x7e) {
			*is_sgr = line[i] == 'm' &&
			    strspn(line + 2, "0123456789;:") == i - 2;
			return i + 1;
		}
		if (line[i] < 0x20 || line[i] > 0x7e)
			break;		/* unfinished: not worth keeping */
	}
	return i;
}

size_t
width_crop(struct qt_buf *out, const char *line, size_t len, size_t left,
    size_t columns)
{
	size_t	at = 0, used = 0, n, end = left + columns;
	int32_t	cp;
	int	w, is_sgr;

	for (; len > 0; line += n, len -= n) {
		if (*line == '\033') {
			n = sequence_len(line, len, &is_sgr);
			if (is_sgr)
				qt_buf_add(out, line, n);
			continue;
		}
		n = width_next(line, len, &cp, &w);
		if (at >= left && at + (size_t)w <= end) {
			add_char(out, line, n, cp);
			used = at + (size_t)w - left;
		} else if (at < end && at + (size_t)w > left) {
			/* half of it shows */
			add_blanks(out, columns - used < 1 ? 0 : 1);
			used += columns - used < 1 ? 0 : 1;
		}
		at += (size_t)w;
	}
	return used;
}

void
width_escape(struct qt_buf *out, const char *text)
{
	static const char	from[] = "\t\n\r\\", to[] = "tnr\\";
	const char		*p;

	for (; *text != '\0'; text++) {
		p = strchr(from, *text);
		if (p != NULL)
			qt_buf_addf(out, "\\%c", to[p - from]);
		else if ((unsigned char)*text < 0x20 || *text == 0x7f)
			qt_buf_addf(out, "\\x%02x", (unsigned char)*text);
		else
			qt_buf_add(out, text, 1);
	}
}

void
width_ago(char out[16], uint64_t now_ms, uint64_t then_ms)
{
	uint64_t	s = now_ms > then_ms ? (now_ms - then_ms) / 1000 : 0;

	if (then_ms == 0)
		snprintf(out, 16, "-");
	else if (s < 60)
		snprintf(out, 16, "%us", (unsigned int)s);
	else if (s < 3600)
		snprintf(out, 16, "%um", (unsigned int)(s / 60));
	else if (s < 48 * 3600)
		snprintf(out, 16, "%uh", (unsigned int)(s / 3600));
	else
		snprintf(out, 16, "%ud", (unsigned int)(s / 86400));
}

void
width_bytes(char out[24], uint64_t n)
{
	static const char	*const units[] = { "KB", "MB", "GB", "TB" };
	double			 v = (double)n / 1024;
	size_t			 i;

	if (n < 1024) {
		snprintf(out, 24, "%u B", (unsigned int)n);
		return;
	}
	for (i = 0; i + 1 < sizeof(units) / sizeof(units[0]) && v >= 1024; i++)
		v /= 1024;
	snprintf(out, 24, "%.1f %s", v, units[i]);
}
