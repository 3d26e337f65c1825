/* SPDX-License-Identifier: Apache-2.0 */
/* qt-hist complete - what begins so, by how often and how lately it was run */

#include <stdlib.h>
#include <string.h>

#include <qt/base/text.h>

#include "complete.h"
#include "freshen.h"
#include "history.h"
#include "verbs.h"

static const struct qt_opt options[] = {
	{ 'w', "words", NULL, "words of commands, between blanks (default)" },
	{ 'c', "commands", NULL, "whole commands" },
	{ 'l', "limit", "N", "at most N, up to 256 (32)" },
	{ '0', "null", NULL, "as they are, each ends in a NUL" },
	{ 0, NULL, NULL, NULL },
};

const struct qt_verb complete_verb = {
	"complete", complete_main, "PREFIX",
	"print words or commands that begin so, the best one first", options,
};

struct qt_hist_index *
complete_index(void)
{
	struct qt_hist_index	*ix = history_index_now();

	if (ix != NULL)
		return ix;
	history_close(history_open_index(&ix));
	if (ix == NULL)
		exit(QT_EXIT_SYS);
	return ix;
}

void
complete_print(const struct qt_hist_bytes *text, bool is_null)
{
	static struct qt_buf	out;	/* kept: of many in a row */

	qt_buf_reset(&out);
	if (is_null) {
		(void)qt_buf_add(&out, text->data, text->len);
		(void)qt_buf_add(&out, "", 1);
	} else {
		qt_text_escape(&out, text->data, text->len);
		(void)qt_buf_add(&out, "\n", 1);
	}
	qt_prog_write(out.data, out.len);
}

int
complete_main(int argc, char **argv)
{
	struct qt_opts			 o = QT_OPTS_INIT(&complete_verb, argc,
	    argv);
	enum qt_hist_complete		 of = QT_HIST_WORDS;
	struct qt_hist_completion	*c;
	struct qt_hist_index		*ix;
	uint32_t			 limit = 32, n;
	bool				 is_null = false;
	int				 id;

	while ((id = qt_opts_next(&o)) != 0) {
		if (id == 'l')
			limit = (uint32_t)qt_opt_ulong("-l", o.value, 1,
			    QT_HIST_COMPLETE_MAX);
		else if (id == '0')
			is_null = true;
		else
			of = id == 'w' ? QT_HIST_WORDS : QT_HIST_COMMANDS;
	}
	if (o.index + 1 != argc)
		qt_usage(&complete_verb);
	c = calloc(limit, sizeof(*c));
	if (c == NULL)
		qt_die(QT_EXIT_SYS, "out of memory");
	ix = complete_index();
	n = qt_hist_index_complete(ix, of, argv[o.index],
	    strlen(argv[o.index]), c, limit);
	for (uint32_t i = 0; i < n; i++)
		complete_print(&c[i].text, is_null);
	freshen();
	qt_hist_index_close(ix);
	free(c);
	return n > 0 ? QT_EXIT_OK : QT_EXIT_NO;
}
