/* SPDX-License-Identifier: Apache-2.0 */
/* qt-session - terminal sessions that outlive every viewer; qt-session(1) */

#include <stddef.h>

#include "verbs.h"

int
main(int argc, char **argv)
{
	const struct qt_verb verbs[] = {
		/* name_verb rows, in alphabetical order */
		host_verb,
		screen_verb,	/* not for people: last */
		{ NULL, NULL, NULL, NULL, NULL },
	};

	return qt_prog_run("qt-session", verbs, NULL, argc, argv);
}
