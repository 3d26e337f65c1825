/* SPDX-License-Identifier: Apache-2.0 */
/* qt-hist - every command remembered, found in a keystroke; qt-hist(1) */

#include <stddef.h>
#include <sys/stat.h>

#include "verbs.h"

int
main(int argc, char **argv)
{
	const struct qt_verb verbs[] = {
		complete_verb,
		delete_verb,
		doctor_verb,
		export_verb,
		import_verb,
		init_verb,
		list_verb,
		pick_verb,
		prune_verb,
		redact_verb,
		search_verb,
		stats_verb,
		suggest_verb,
		sync_spool_verb,
		tag_verb,
		tail_verb,
		{ NULL, NULL, NULL, NULL, NULL },
	};

	/* Whatever it makes is the user's alone, also what is in folders. */
	(void)umask(077);
	return qt_prog_run("qt-hist", verbs, NULL, argc, argv);
}
