/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The history file of bash. See <qt/hist/import.h>.
 *
 * Without times, a line is a command. With them (HISTTIMEFORMAT was set) a line
 * "#SECONDS" begins one, which has all lines up to the next such line: one of
 * several lines, or a here document, whose last line is empty then. A comment
 * that somebody typed, "#1 the first", is no time: times are digits only, nine
 * of them or more (since 1973). ble.sh writes what has several lines as one,
 * eval -- $'...'.
 */

#include <errno.h>
#include <string.h>

#include "import_priv.h"

#define EVAL	"eval -- $'"

bool
qt__bash_is_time(const struct qt__line *line, uint64_t *seconds)
{
	const char	*p = line->data + 1, *end = line->data + line->len;

	return line->len >= 10 && line->data[0] == '#' &&
	    qt__digits(&p, end, seconds) && p == end;
}

/* ble.sh's, whole: what it stands for. */
static int
expand(struct qt_hist_import *i, struct qt_hist_bytes *text)
{
	size_t	n = strlen(EVAL);
	int	rc;

	if (text->len <= n || text->data[text->len - 1] != '\'' ||
	    !qt__starts(text->data, text->len, EVAL))
		return 0;
	qt_buf_reset(&i->text);
	rc = qt__unquote(&i->text, text->data + n, text->len - n - 1);
	if (rc == 0)
		*text = (struct qt_hist_bytes){ i->text.data, i->text.len };
	return rc == -EINVAL ? 0 : rc;
}

int
qt__bash_next(struct qt_hist_import *i, struct qt_hist_event *out,
    struct qt_err *err)
{
	struct qt__line	line;
	uint64_t	seconds;
	bool		is_timed = false;

	(void)err;
	if (!qt__line_next(i, &line))
		return 0;
	/* Of several times in a row the last one counts. */
	while (qt__bash_is_time(&line, &seconds)) {
		is_timed = true;
		out->start_us = qt__seconds(seconds);
		if (!qt__line_next(i, &line))
			return 0;
	}
	out->text = (struct qt_hist_bytes){ line.data, line.len };
	while (is_timed && qt__line_peek(i, &line) &&
	    !qt__bash_is_time(&line, &seconds)) {
		(void)qt__line_next(i, &line);
		out->text.len = (size_t)(line.data + line.len -
		    out->text.data);
	}
	return expand(i, &out->text) < 0 ? -ENOMEM : 1;
}

/* --- $'...' --------------------------------------------------------------- */

static int
hex(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ?
	    c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Up to max digits of a base, from *at. */
static int
number(const char *text, size_t len, size_t *at, int base, int max,
    uint32_t *out)
{
	int	n = 0;

	*out = 0;
	for (; n < max && *at < len; n++, (*at)++) {
		int	digit = hex(text[*at]);

		if (digit < 0 || digit >= base)
			break;
		*out = *out * (uint32_t)base + (uint32_t)digit;
	}
	return n > 0 ? 0 : -EINVAL;
}

static int
add_utf8(struct qt_buf *out, uint32_t c)
{
	char	b[4];
	size_t	n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;

	if (c > 0x10ffff)
		return -EINVAL;
	for (size_t i = n; i-- > 1; c >>= 6)
		b[i] = (char)(0x80 | (c & 0x3f));
	b[0] = (char)(n == 1 ? c : (0xf00u >> n & 0xff) | c);
	return qt_buf_add(out, b, n);
}

/* What follows a backslash, at *at. */
static int
escape(struct qt_buf *out, const char *text, size_t len, size_t *at)
{
	static const char	from[] = "abeEfnrtv\\'\"?";
	static const char	to[] = "\a\b\033\033\f\n\r\t\v\\'\"?";
	const char		*found;
	uint32_t		 n;
	char			 c = text[*at];

	found = c == '\0' ? NULL : strchr(from, c);
	if (found != NULL) {
		(*at)++;
		return qt_buf_add(out, &to[found - from], 1);
	}
	if (c == 'u' || c == 'U') {
		(*at)++;
		return number(text, len, at, 16, c == 'u' ? 4 : 8, &n) < 0 ?
		    -EINVAL : add_utf8(out, n);
	}
	if (c == 'c' && *at + 1 < len) {
		c = text[*at + 1] & 0x1f;
		*at += 2;
		return qt_buf_add(out, &c, 1);
	}
	if (c == 'x')
		(*at)++;
	if (number(text, len, at, c == 'x' ? 16 : 8, c == 'x' ? 2 : 3, &n) < 0)
		return -EINVAL;
	c = (char)n;
	return qt_buf_add(out, &c, 1);
}

int
qt__unquote(struct qt_buf *out, const char *text, size_t len)
{
	int	rc = 0;

	for (size_t at = 0; at < len && rc == 0;) {
		size_t	from = at;

		while (at < len && text[at] != '\\' && text[at] != '\'')
			at++;
		rc = qt_buf_add(out, text + from, at - from);
		if (rc < 0 || at == len)
			break;
		if (text[at] == '\'' || at + 1 == len)
			return -EINVAL;
		at++;
		rc = escape(out, text, len, &at);
	}
	return rc;
}
