/* SPDX-License-Identifier: Apache-2.0 */
/* qt-hist suggest - what is likely to be run next */

#include <stdlib.h>
#include <string.h>

#include <qt/hist/suggest.h>

#include "complete.h"
#include "freshen.h"
#include "history.h"
#include "verbs.h"

static const struct qt_opt options[] = {
	{ 'p', "prefix", "TEXT", "that begins so" },
	{ 'a', "after", "CMD", "after this command, at once: as the index is; "
	    "else after the last one of this session" },
	{ 'l', "limit", "N", "at most N, up to 64 (1)" },
	{ '0', "null", NULL, "as they are, each ends in a NUL" },
	{ 0, NULL, NULL, NULL },
};

const struct qt_verb suggest_verb = {
	"suggest", suggest_main, "",
	"print what is likely to be run next, the best one first", options,
};

/* Up to date: the last command may be a moment old. */
static struct qt_hist_index *
fresh_index(void)
{
	struct qt_hist_index	*ix;

	history_close(history_open_index(&ix));
	if (ix == NULL)
		exit(QT_EXIT_SYS);
	return ix;
}

static struct qt_hist_index *
open_index(struct qt_hist_suggest *what, const char *after)
{
	struct qt_hist_index	*ix = after == NULL ? fresh_index() :
	    complete_index();

	what->after = after == NULL ?
	    qt_hist_suggest_after(ix, history_here()->session) :
	    qt_hist_index_find(ix, after, strlen(after));
	return ix;
}

int
suggest_main(int argc, char **argv)
{
	struct qt_opts			 o = QT_OPTS_INIT(&suggest_verb, argc,
	    argv);
	struct qt_hist_suggest		 what = { .prefix = "",
	    .cwd = history_here()->cwd };
	uint32_t			 of[QT_HIST_SUGGEST_MAX];
	struct qt_hist_index_view	 view;
	struct qt_hist_bytes		 text;
	struct qt_hist_index		*ix;
	const char			*after = NULL;
	uint32_t			 limit = 1, n;
	bool				 is_null = false;
	int				 id;

	while ((id = qt_opts_next(&o)) != 0) {
		if (id == 'p')
			what.prefix = o.value;
		else if (id == 'a')
			after = o.value;
		else if (id == 'l')
			limit = (uint32_t)qt_opt_ulong("-l", o.value, 1,
			    QT_HIST_SUGGEST_MAX);
		else
			is_null = true;
	}
	if (o.index < argc)
		qt_usage(&suggest_verb);
	what.len = strlen(what.prefix);
	ix = open_index(&what, after);
	n = qt_hist_suggest(ix, &what, of, limit);
	qt_hist_index_view(ix, &view);
	for (uint32_t i = 0; i < n; i++) {
		text = qt_hist_index_text(&view, of[i]);
		complete_print(&text, is_null);
	}
	if (after != NULL)
		freshen();
	qt_hist_index_close(ix);
	return n > 0 ? QT_EXIT_OK : QT_EXIT_NO;
}
