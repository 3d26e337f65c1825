/* SPDX-License-Identifier: Apache-2.0 */
/* qt-session - terminal sessions that outlive every viewer; qt-session(1) */

#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "verbs.h"

int
main(int argc, char **argv)
{
	const struct qt_verb verbs[] = {
		attach_verb, capture_verb, events_verb, host_verb, info_verb,
		kill_verb, ls_verb, new_verb, record_verb, rename_verb,
		resize_verb, send_verb, stop_verb, upgrade_verb, wait_verb,
		{ NULL, NULL, NULL, NULL, NULL },
	};
	int	is_terminal = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);

	/* The host's own, not for people: in no list. */
	if (argc > 1 && strcmp(argv[1], screen_verb.name) == 0) {
		qt_prog_init("qt-session");
		return screen_main(argc - 1, argv + 1);
	}
	return qt_prog_run("qt-session", verbs,
	    is_terminal ? menu_main : NULL, argc, argv);
}
