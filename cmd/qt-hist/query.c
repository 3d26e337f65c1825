/* SPDX-License-Identifier: Apache-2.0 */
/* Queries on the command line. See query.h. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <qt/base/prog.h>
#include <qt/base/text.h>

#include "query.h"

void
query_join(struct qt_buf *out, char **operands, int count)
{
	int	rc = qt_buf_add(out, "", 0);

	for (int i = 0; i < count && rc == 0; i++) {
		if (i > 0)
			rc = qt_buf_add(out, " ", 1);
		if (rc == 0)
			rc = qt_buf_add(out, operands[i],
			    strlen(operands[i]));
	}
	if (rc < 0)
		qt_die(QT_EXIT_SYS, "%s", qt_strerror(rc));
}

/* Escapes a part of the query, and returns how wide it is. */
static size_t
add_part(struct qt_buf *out, const struct qt_buf *query, size_t from,
    size_t to)
{
	size_t	before = out->len;

	qt_text_escape(out, query->data + from, to - from);
	return qt_text_width(out->data + before, out->len - before);
}

void
query_die(const struct qt_buf *query, const struct qt_hist_mistake *mistake)
{
	struct qt_buf	line = QT_BUF_INIT;
	size_t		from = mistake->at < query->len ? mistake->at :
	    query->len;
	size_t		to = mistake->len < query->len - from ?
	    from + mistake->len : query->len;
	size_t		width, marks;

	width = add_part(&line, query, 0, from);
	marks = add_part(&line, query, from, to);
	(void)add_part(&line, query, to, query->len);
	qt_warn("the query does not parse at byte %u: expected %s",
	    mistake->at + 1, mistake->expected);
	if (line.len > 0) {
		fprintf(stderr, "    %.*s\n    %*s", (int)line.len,
		    line.data, (int)width, "");
		do {
			fputc('^', stderr);
		} while (marks-- > 1);
		fputc('\n', stderr);
	}
	fputs("    see qt-query(7)\n", stderr);
	exit(QT_EXIT_USAGE);
}

enum qt_hist_scope
query_scope(const char *option, const char *value)
{
	for (int i = 0; i < QT_HIST_SCOPES; i++)
		if (strcmp(value, qt_hist_scope_name((enum qt_hist_scope)i)) ==
		    0)
			return (enum qt_hist_scope)i;
	qt_die(QT_EXIT_USAGE, "%s: '%s' is none of all, host, session, folder,"
	    " repository", option, value);
}

enum qt_hist_order
query_order(const char *option, const char *value)
{
	if (strcmp(value, "best") == 0)
		return QT_HIST_BEST;
	if (strcmp(value, "latest") == 0)
		return QT_HIST_LATEST;
	qt_die(QT_EXIT_USAGE, "%s: '%s' is neither best nor latest", option,
	    value);
}
