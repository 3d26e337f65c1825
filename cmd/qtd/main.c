/* SPDX-License-Identifier: Apache-2.0 */
/* qtd - your terminals in a browser; qtd(8) */

#include <stdio.h>
#include <string.h>

#include <qt/base/prog.h>

#include "monitor.h"
#include "verbs.h"

/* "qtd link" and "qtd user ..."; everything else is options and a command. */
static const struct qt_verb *const verbs[] = { &link_verb, &user_verb, NULL };

int
main(int argc, char **argv)
{
	static struct options	o;

	qt_prog_init("qtd");
	for (size_t i = 0; argc > 1 && verbs[i] != NULL; i++) {
		if (strcmp(argv[1], verbs[i]->name) == 0)
			return verbs[i]->main(argc - 1, argv + 1);
	}
	options_parse(&o, argc, argv);
	return monitor_run(&o);
}
