/* SPDX-License-Identifier: Apache-2.0 */
/* qt-map verify - read all files, list all damage */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "map.h"
#include "verbs.h"

static const struct qt_opt opts[] = {
	{ 'v', "verbose", NULL, "also what is no damage; say how much" },
	{ 0, NULL, NULL, NULL },
};

const struct qt_verb verify_verb = {
	"verify", verify_main, "", "list all damage", opts,
};

/* What is no damage (a torn end of the log, say) only if that was asked for. */
static void
tell(void *arg, const char *what)
{
	const int	*is_verbose = arg;

	if (*is_verbose || strncmp(what, "note: ", 6) != 0)
		printf("%s\n", what);
}

int
verify_main(int argc, char **argv)
{
	struct qt_opts	 o = QT_OPTS_INIT(&verify_verb, argc, argv);
	struct qt_err	 err = QT_ERR_INIT;
	int		 rc, is_verbose = 0;

	while (qt_opts_next(&o) != 0)
		is_verbose = 1;
	if (o.index < argc)
		qt_usage(&verify_verb);
	rc = qt_store_verify(map_path(), tell, &is_verbose, &err);
	if (rc < 0)
		exit(map_warn_open(rc, &err));
	if (is_verbose)
		qt_warn(rc > 0 ? "%s: damaged in %d places" : "%s: sound",
		    map_text(), rc);
	return rc > 0 ? MAP_EXIT_CORRUPT : QT_EXIT_OK;
}
