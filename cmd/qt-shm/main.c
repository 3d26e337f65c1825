/* SPDX-License-Identifier: Apache-2.0 */
/* qt-shm - structures in shared memory, for the shell; qt-shm(1) */

#include <stddef.h>

#include "verbs.h"

int
main(int argc, char **argv)
{
	const struct qt_verb verbs[] = {
		add_verb, cas_verb, create_verb, del_verb, dump_verb,
		export_verb, fsck_verb, gc_verb, get_verb, import_verb,
		lock_verb, ls_verb, new_verb,
		peek_verb, pop_verb, push_verb, put_verb, rm_verb, stat_verb,
		wait_verb, watch_verb, who_verb,
		{ NULL, NULL, NULL, NULL, NULL },
	};

	return qt_prog_run("qt-shm", verbs, NULL, argc, argv);
}
