/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The history file of zsh. See <qt/hist/import.h>.
 *
 * A line is ": START:SECONDS;COMMAND" (EXTENDED_HISTORY) or COMMAND, mixed where
 * the option was changed; a COMMAND that begins with ":" has a backslash before
 * it, where there is no time. A newline of a command has a backslash before it; so
 * one that was typed with a backslash has two, and a command that ends in a
 * backslash has a space behind it, which is not its own. Older ones had no such
 * space: there, an even number of backslashes before a line that has a time is
 * an end, too.
 *
 * Bytes that are zsh's own tokens, 0x83 to 0xa2, are written as 0x83 and the
 * byte with its bit 0x20 turned over ("metafied"). Neither a newline nor a
 * backslash comes of that, so lines are found first.
 */

#include <errno.h>
#include <string.h>

#include "import_priv.h"

#define META	'\x83'

/* ": START:SECONDS;" at the begin of a line: how long it is, or 0. */
static size_t
head(const struct qt__line *line, uint64_t *start, uint64_t *took)
{
	const char	*p = line->data, *end = p + line->len;

	if (p == end || *p++ != ':')
		return 0;
	while (p < end && *p == ' ')
		p++;
	if (!qt__digits(&p, end, start) || p == end || *p++ != ':' ||
	    !qt__digits(&p, end, took) || p == end || *p++ != ';')
		return 0;
	return (size_t)(p - line->data);
}

bool
qt__zsh_is_head(const struct qt__line *line)
{
	uint64_t	start, took;

	return line->data[0] == ':' && head(line, &start, &took) > 0;
}

/* Does the command go on behind this line? */
static bool
goes_on(const struct qt_hist_import *i, const struct qt__line *line)
{
	struct qt__line	next;
	size_t		count = 0;

	while (count < line->len && line->data[line->len - 1 - count] == '\\')
		count++;
	if (count == 0 || line->is_torn || !qt__line_peek(i, &next))
		return false;
	return count % 2 == 1 || !qt__zsh_is_head(&next);
}

static int
add_plain(struct qt_buf *out, const char *data, size_t len)
{
	const char	*end = data + len, *meta;
	char		 c;

	while ((meta = memchr(data, META, (size_t)(end - data))) != NULL &&
	    meta + 1 < end) {
		c = (char)(meta[1] ^ 0x20);
		if (qt_buf_add(out, data, (size_t)(meta - data)) < 0 ||
		    qt_buf_add(out, &c, 1) < 0)
			return -ENOMEM;
		data = meta + 2;
	}
	return qt_buf_add(out, data, (size_t)(end - data));
}

/* A backslash and spaces at the end: one of them is zsh's. */
static size_t
without_space(const struct qt__line *line)
{
	size_t	n = line->len;

	while (n > 0 && line->data[n - 1] == ' ')
		n--;
	return line->len - (n < line->len && n > 0 &&
	    line->data[n - 1] == '\\');
}

int
qt__zsh_next(struct qt_hist_import *i, struct qt_hist_event *out,
    struct qt_err *err)
{
	struct qt__line	line;
	uint64_t	start, took;
	size_t		n;

	(void)err;
	if (!qt__line_next(i, &line))
		return 0;
	n = head(&line, &start, &took);
	if (n > 0) {
		out->start_us = qt__seconds(start);
		/* 0 is what most options leave there. */
		if (took > 0 && took < INT32_MAX)
			out->took_us = took * 1000000;
	} else if (qt__starts(line.data, line.len, "\\:")) {
		n = 1;
	}
	line.data += n;
	line.len -= n;
	qt_buf_reset(&i->text);
	while (goes_on(i, &line)) {
		if (add_plain(&i->text, line.data, line.len - 1) < 0 ||
		    qt_buf_add(&i->text, "\n", 1) < 0)
			return -ENOMEM;
		(void)qt__line_next(i, &line);
	}
	line.len = without_space(&line);
	if (add_plain(&i->text, line.data, line.len) < 0)
		return -ENOMEM;
	out->text = (struct qt_hist_bytes){ i->text.data, i->text.len };
	return 1;
}
