/* SPDX-License-Identifier: Apache-2.0 */
/* qt-map - durable maps that any number of processes use at once; qt-map(1) */

#include <signal.h>
#include <stddef.h>

#include "map.h"
#include "verbs.h"

int
main(int argc, char **argv)
{
	const struct qt_verb verbs[] = {
		batch_verb, checkpoint_verb, clear_verb, compact_verb,
		count_verb, del_verb, get_verb, has_verb, init_verb, ls_verb,
		maintain_verb, put_verb, rm_verb, scan_verb, settings_verb,
		stat_verb, sync_verb, verify_verb,
		{ NULL, NULL, NULL, NULL, NULL },
	};

	/* A limit of file sizes (ulimit -f) is an error to be told. */
	signal(SIGXFSZ, SIG_IGN);
	qt_prog_options(map_options, map_option);
	return qt_prog_run("qt-map", verbs, NULL, argc, argv);
}
