/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The history file of fish: what looks like YAML, and is none. See
 * <qt/hist/import.h>.
 *
 *	- cmd: echo one\necho two
 *	  when: 1700000000
 *	  paths:
 *	    - folder/file
 *
 * Only "\\" and "\n" are escaped; they are undone in one pass, since undoing one
 * after the other makes a newline of a typed "\n". A last line without an end
 * is one that was being written.
 */

#include <errno.h>
#include <string.h>

#include "import_priv.h"

static int
unescape(struct qt_buf *out, const char *p, size_t len)
{
	const char	*end = p + len, *slash;

	while ((slash = memchr(p, '\\', (size_t)(end - p))) != NULL &&
	    slash + 1 < end) {
		bool	is_lf = slash[1] == 'n';
		size_t	n = (size_t)(slash - p);

		if (qt_buf_add(out, p, n) < 0 || qt_buf_add(out, is_lf ?
		    "\n" : "\\", 1) < 0)
			return -ENOMEM;
		p = slash + 1 + (is_lf || slash[1] == '\\');
	}
	return qt_buf_add(out, p, (size_t)(end - p));
}

/* "key: value", indented or not: the value; NULL: another key. */
static const char *
value_of(const struct qt__line *line, const char *key, size_t *len)
{
	const char	*p = line->data, *end = p + line->len;
	size_t		 n = strlen(key);

	while (p < end && *p == ' ')
		p++;
	if ((size_t)(end - p) < n || memcmp(p, key, n) != 0)
		return NULL;
	p += n;
	if (p < end && *p == ' ')
		p++;
	*len = (size_t)(end - p);
	return p;
}

static bool
is_passed_over(const struct qt__line *line)
{
	return line->len == 0 || line->data[0] == '%' ||
	    line->data[0] == '\0' || line->data[0] == '#' ||
	    qt__starts(line->data, line->len, "---") ||
	    qt__starts(line->data, line->len, "...");
}

static int
bad(const struct qt_hist_import *i, struct qt_err *err, const char *why)
{
	qt_err_set(err, "line %llu: %s", (unsigned long long)i->line, why);
	return -QT_EFORMAT;
}

/* What is indented below a command. */
static void
read_below(struct qt_hist_import *i, struct qt_hist_event *out)
{
	struct qt__line	line;
	const char	*p;
	uint64_t	seconds;
	size_t		len;

	while (qt__line_peek(i, &line) && line.len > 0 &&
	    line.data[0] == ' ' && !line.is_torn) {
		(void)qt__line_next(i, &line);
		p = value_of(&line, "when:", &len);
		if (p != NULL && qt__digits(&p, p + len, &seconds))
			out->start_us = qt__seconds(seconds);
	}
}

int
qt__fish_next(struct qt_hist_import *i, struct qt_hist_event *out,
    struct qt_err *err)
{
	struct qt__line	line;
	const char	*p;
	size_t		len;

	do {
		if (!qt__line_next(i, &line))
			return 0;
	} while (is_passed_over(&line));
	p = value_of(&line, "- cmd:", &len);
	if (line.is_torn)
		return bad(i, err, "it has no end");
	if (p == NULL)
		return bad(i, err, "neither a command nor of one");
	qt_buf_reset(&i->text);
	if (unescape(&i->text, p, len) < 0)
		return -ENOMEM;
	out->text = (struct qt_hist_bytes){ i->text.data, i->text.len };
	read_below(i, out);
	return 1;
}
