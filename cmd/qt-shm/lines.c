/* SPDX-License-Identifier: Apache-2.0 */
/* Items from standard input. See lines.h. */

#include <string.h>
#include <unistd.h>

#include <qt/base/err.h>
#include <qt/base/prog.h>
#include <qt/base/sys.h>

#include "lines.h"

#define READ_SIZE	65536

/* 1 when a whole one is there; *skip is how much of it is its end. */
static int
has_one(const struct lines *l, size_t *len, size_t *skip)
{
	const char	*p = l->buf.data + l->at, *end = NULL;
	size_t		 left = l->buf.len - l->at;

	*skip = 0;
	if (l->size > 0) {
		*len = left < l->size ? left : l->size;
		return left >= l->size || (l->is_end && left > 0);
	}
	if (left > 0)
		end = memchr(p, l->end, left);
	*len = end != NULL ? (size_t)(end - p) : left;
	*skip = end != NULL;
	return end != NULL || (l->is_end && left > 0);
}

static void
fill(struct lines *l)
{
	ssize_t	n;

	qt_buf_drop(&l->buf, l->at);
	l->at = 0;
	if (l->buf.len > LINE_MAX_SIZE)
		qt_die(QT_EXIT_SYS, "standard input: an item of more than %u "
		    "bytes", LINE_MAX_SIZE);
	/* What is there doubles, so a long one is looked through few times. */
	if (qt_buf_reserve(&l->buf, l->buf.len > READ_SIZE ? l->buf.len :
	    READ_SIZE) < 0)
		qt_die(QT_EXIT_SYS, "standard input: no memory for an item");
	n = qt_sys_read(STDIN_FILENO, l->buf.data + l->buf.len,
	    l->buf.cap - l->buf.len);
	if (n < 0)
		qt_die(QT_EXIT_SYS, "standard input: %s", qt_strerror((int)n));
	l->buf.len += (size_t)n;
	l->buf.data[l->buf.len] = '\0';
	l->is_end = n == 0;
}

int
lines_next(struct lines *l, int is_ready, char **item, size_t *len)
{
	size_t	skip;

	while (!has_one(l, len, &skip)) {
		if (l->is_end)
			return 0;
		if (is_ready)
			return -1;
		fill(l);
	}
	*item = l->buf.data + l->at;
	l->at += *len + skip;
	return 1;
}

void
lines_clear(struct lines *l)
{
	qt_buf_clear(&l->buf);
}
