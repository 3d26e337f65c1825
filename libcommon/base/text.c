/* SPDX-License-Identifier: Apache-2.0 */
/* Text in fields and on terminals. See <qt/base/text.h>. */

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include <qt/base/hex.h>
#include <qt/base/text.h>
#include <qt/base/utf8.h>

static const char	letters[] = "\t\n\r\\", names[] = "tnr\\";

/* How much stands for itself, and is one byte a character: nearly all. */
static size_t
plain(const char *text, size_t len)
{
	size_t	n = 0;

	while (n < len && text[n] >= ' ' && text[n] < 0x7f && text[n] != '\\')
		n++;
	return n;
}

void
qt_text_escape(struct qt_buf *out, const char *text, size_t len)
{
	size_t	n;
	int	is_valid;

	for (; len > 0; text += n, len -= n) {
		const char	*p = memchr(letters, *text, 4);

		n = plain(text, len);
		if (n > 0) {
			qt_buf_add(out, text, n);
			continue;
		}
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

/*
 * What the backslash at text[*i] stands for; *i is then at its last byte. also
 * are bytes that stand for themselves behind it. -EINVAL.
 */
static int
escaped(const char *text, size_t len, size_t *i, const char *also)
{
	const char	*p;
	size_t		 at = ++*i;

	if (at >= len)
		return -EINVAL;
	if (text[at] == 'x' && len - at > 2 && qt_hex_value(text[at + 1]) >= 0 &&
	    qt_hex_value(text[at + 2]) >= 0) {
		*i += 2;
		return qt_hex_value(text[at + 1]) << 4 |
		    qt_hex_value(text[at + 2]);
	}
	p = memchr(names, text[at], 4);
	if (p != NULL)
		return letters[p - names];
	p = memchr(also, text[at], strlen(also));
	return p != NULL ? *p : -EINVAL;
}

int
qt_text_unescape(char *text, size_t *len)
{
	size_t	at = 0;
	int	c;

	for (size_t i = 0; i < *len; i++) {
		c = (unsigned char)text[i];
		if (c == '\\')
			c = escaped(text, *len, &i, "");
		if (c == -EINVAL)
			return c;
		text[at++] = (char)c;
	}
	*len = at;
	return 0;
}

int
qt_text_word(char **text, size_t *len, char **word, size_t *word_len)
{
	char	*p = *text, *out;
	size_t	 i = 0, end = *len;
	int	 is_quoted = 0, c;

	while (i < end && (p[i] == ' ' || p[i] == '\t'))
		i++;
	if (i == end)
		return 0;
	*word = out = p + i;
	for (; i < end && (is_quoted || (p[i] != ' ' && p[i] != '\t')); i++) {
		c = (unsigned char)p[i];
		if (c == '"') {
			is_quoted = !is_quoted;
			continue;
		}
		if (c == '\\')
			c = escaped(p, end, &i, "\" ");
		if (c == -EINVAL)
			return c;
		*out++ = (char)c;
	}
	*word_len = (size_t)(out - *word);
	*text += i;
	*len -= i;
	return is_quoted ? -EINVAL : 1;
}

size_t
qt_text_width(const char *text, size_t len)
{
	size_t	count = 0;

	for (size_t i = 0; i < len; i++)
		count += ((unsigned char)text[i] & 0xc0) != 0x80;
	return count;
}

void
qt_text_bytes(struct qt_buf *out, uint64_t n)
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
qt_text_ago(struct qt_buf *out, uint64_t now_ms, uint64_t then_ms)
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

/* The digits that text begins with. *end is what follows them. */
static int
parse_digits(const char *text, uint64_t *out, const char **end)
{
	uint64_t	n = 0, digit;

	if (*text < '0' || *text > '9')
		return -EINVAL;
	for (; *text >= '0' && *text <= '9'; text++) {
		digit = (uint64_t)(*text - '0');
		if (n > (UINT64_MAX - digit) / 10)
			return -EINVAL;
		n = n * 10 + digit;
	}
	*out = n;
	*end = text;
	return 0;
}

static int
multiply(uint64_t n, uint64_t unit, uint64_t *out)
{
	if (n > UINT64_MAX / unit)
		return -EINVAL;
	*out = n * unit;
	return 0;
}

int
qt_text_parse_bytes(const char *text, uint64_t *out)
{
	static const char	 units[] = "KkMmGgTt";
	const char		*end, *unit;
	uint64_t		 n;

	if (parse_digits(text, &n, &end) < 0)
		return -EINVAL;
	if (*end == '\0')
		return multiply(n, 1, out);
	unit = strchr(units, *end);
	if (unit == NULL || end[1] != '\0')
		return -EINVAL;
	return multiply(n, UINT64_C(1) << ((unit - units) / 2 + 1) * 10, out);
}

int
qt_text_parse_ms(const char *text, uint64_t *out)
{
	static const struct {
		const char	*name;
		uint64_t	 ms;
	} units[] = {
		{ "ms", 1 }, { "s", 1000 }, { "m", 60000 }, { "h", 3600000 },
		{ "d", 86400000 },
	};
	const char	*end;
	uint64_t	 n;

	if (parse_digits(text, &n, &end) < 0)
		return -EINVAL;
	if (*end == '\0' && n == 0)
		return multiply(n, 1, out);
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (strcmp(end, units[i].name) == 0)
			return multiply(n, units[i].ms, out);
	}
	return -EINVAL;
}
