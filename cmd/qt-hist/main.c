/* SPDX-License-Identifier: Apache-2.0 */
/* qt-hist - every command remembered, found in a keystroke; qt-hist(1) */

#include <stddef.h>

#include "verbs.h"

int
main(int argc, char **argv)
{
	const struct qt_verb verbs[] = {
		init_verb, list_verb, import_verb, export_verb,
		sync_spool_verb,
		{ NULL, NULL, NULL, NULL, NULL },
	};

	return qt_prog_run("qt-hist", verbs, NULL, argc, argv);
}
