/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ConsoleHost_history.txt of PSReadLine. See <qt/hist/import.h>. Lines, ended by
 * LF or, on Windows, by CR LF; a newline of a command has a backtick before it.
 */

#include <errno.h>

#include "import_priv.h"

/* Without what ends it. true: the command goes on behind it. */
static bool
cut(const struct qt_hist_import *i, struct qt__line *line)
{
	if (i->is_crlf && line->len > 0 && line->data[line->len - 1] == '\r')
		line->len--;
	if (line->is_torn || line->len == 0 ||
	    line->data[line->len - 1] != '`')
		return false;
	line->len--;
	return true;
}

int
qt__powershell_next(struct qt_hist_import *i, struct qt_hist_event *out,
    struct qt_err *err)
{
	struct qt__line	line;
	bool		goes_on = true;

	(void)err;
	if (!qt__line_next(i, &line))
		return 0;
	qt_buf_reset(&i->text);
	while (goes_on) {
		goes_on = cut(i, &line);
		if (qt_buf_add(&i->text, line.data, line.len) < 0 ||
		    (goes_on && qt_buf_add(&i->text, "\n", 1) < 0))
			return -ENOMEM;
		if (goes_on && !qt__line_next(i, &line))
			break;
	}
	out->text = (struct qt_hist_bytes){ i->text.data, i->text.len };
	return 1;
}
