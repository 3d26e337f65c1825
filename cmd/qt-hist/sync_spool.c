/* SPDX-License-Identifier: Apache-2.0 */
/* qt-hist sync-spool - take in what shells wrote, and nothing else */

#include <errno.h>

#include "history.h"
#include "verbs.h"

static const struct qt_opt options[] = {
	{ 'i', "index", NULL, "and make the index, where there is none" },
	{ 'd', "drop-index", NULL,
	    "only take the index out of memory; a search makes it again" },
	{ 0, NULL, NULL, NULL },
};

const struct qt_verb sync_spool_verb = {
	"sync-spool", sync_spool_main, "",
	"take in what shells wrote; every other verb does so, too", options,
};

static int
drop(void)
{
	struct qt_err	err = QT_ERR_INIT;
	int		rc = history_index_drop(&err);

	if (rc < 0 && rc != -ENOENT)
		qt_die(history_code(rc), "%s: %s", err.text, qt_strerror(rc));
	return rc < 0 ? QT_EXIT_NO : QT_EXIT_OK;
}

static int
take_in(bool wants_index)
{
	struct qt_hist_index	*ix = NULL;
	struct qt_hist_db	*db = wants_index ? history_open_index(&ix) :
				    history_open();
	bool			 has_index = ix != NULL;

	qt_hist_index_close(ix);
	history_close(db);
	return wants_index && !has_index ? QT_EXIT_SYS : QT_EXIT_OK;
}

int
sync_spool_main(int argc, char **argv)
{
	struct qt_opts	o = QT_OPTS_INIT(&sync_spool_verb, argc, argv);
	bool		wants_index = false, drops = false;
	int		id;

	while ((id = qt_opts_next(&o)) != 0)
		*(id == 'i' ? &wants_index : &drops) = true;
	if (o.index < argc || (wants_index && drops))
		qt_usage(&sync_spool_verb);
	return drops ? drop() : take_in(wants_index);
}
