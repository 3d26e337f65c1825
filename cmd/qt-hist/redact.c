/* SPDX-License-Identifier: Apache-2.0 */
/* qt-hist redact - secrets out of what is in the history */

#include <stdio.h>

#include <qt/base/prog.h>

#include "forget.h"
#include "verbs.h"

static const struct qt_opt options[] = {
	{ 'n', "dry-run", NULL, "only show what it would be then" },
	{ 'f', "force", NULL, "do not ask" },
	{ 'r', "rules", NULL, "only list the rules that are in force" },
	{ 0, NULL, NULL, NULL },
};

const struct qt_verb redact_verb = {
	"redact", redact_main, "",
	"take secrets out of commands that are there", options,
};

static int
list_rules(struct qt_hist_redact *r)
{
	size_t		 cursor = 0;
	const char	*name;
	bool		 is_users;

	while (qt_hist_redact_next(r, &cursor, &name, &is_users) == 1) {
		struct qt_buf	line = QT_BUF_INIT;

		(void)qt_buf_addf(&line, "%s%s\n", name,
		    is_users ? "\tyours" : "");
		qt_prog_write(line.data, line.len);
		qt_buf_clear(&line);
	}
	return QT_EXIT_OK;
}

int
redact_main(int argc, char **argv)
{
	struct qt_opts			 o = QT_OPTS_INIT(&redact_verb, argc,
	    argv);
	struct qt_hist_redacting	 r = { NULL, QT_BUF_INIT };
	struct forget			 f = { .what = "redact",
	    .judge = qt_hist_redact_judge, .arg = &r };
	struct qt_hist_db		*db;
	bool				 is_list = false;
	int				 id, rc;

	while ((id = qt_opts_next(&o)) != 0) {
		if (id == 'n')
			f.is_dry = true;
		else if (id == 'f')
			f.is_forced = true;
		else
			is_list = true;
	}
	if (o.index < argc)
		qt_usage(&redact_verb);
	r.redact = history_redact();
	if (is_list)
		return list_rules(r.redact);
	db = history_open();
	/* Asked for: also where new ones are kept as they are. */
	if (qt_hist_redact_mode(r.redact) == QT_HIST_KEEP)
		qt_hist_redact_set_mode(r.redact, QT_HIST_REDACT);
	rc = forget(db, &f);
	qt_buf_clear(&r.hold);
	history_close(db);
	return rc;
}
