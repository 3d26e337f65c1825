/* SPDX-License-Identifier: Apache-2.0 */
/* qt-map verify - read all files, list all damage, save what is sound */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "map.h"
#include "verbs.h"

enum { OPT_SALVAGE = 256 };

static const struct qt_opt opts[] = {
	{ 'v', "verbose", NULL, "also what is no damage; say how much" },
	{ OPT_SALVAGE, "salvage", "DIR", "make a new map of what is sound" },
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

static void
tell_lost(void *arg, const char *what)
{
	*(int *)arg = 1;
	printf("%s\n", what);
}

static int
salvage(const char *dest)
{
	struct qt_err	err = QT_ERR_INIT;
	uint64_t	count = 0;
	int		rc, is_lost = 0;

	rc = qt_store_salvage(map_path(), dest, &count, tell_lost, &is_lost,
	    &err);
	if (rc == -EEXIST)
		map_die_there(dest);
	if (rc < 0)
		exit(map_warn_open(rc, &err));
	qt_warn("%s: %" PRIu64 " records copied to '%s'", map_text(), count,
	    dest);
	return is_lost ? MAP_EXIT_CORRUPT : QT_EXIT_OK;
}

int
verify_main(int argc, char **argv)
{
	struct qt_opts	 o = QT_OPTS_INIT(&verify_verb, argc, argv);
	struct qt_err	 err = QT_ERR_INIT;
	const char	*dest = NULL;
	int		 id, rc, is_verbose = 0;

	while ((id = qt_opts_next(&o)) != 0)
		if (id == 'v')
			is_verbose = 1;
		else
			dest = o.value;
	if (o.index < argc)
		qt_usage(&verify_verb);
	if (dest != NULL)
		return salvage(dest);
	rc = qt_store_verify(map_path(), tell, &is_verbose, &err);
	if (rc < 0)
		exit(map_warn_open(rc, &err));
	if (is_verbose)
		qt_warn(rc > 0 ? "%s: damaged in %d places" : "%s: sound",
		    map_text(), rc);
	return rc > 0 ? MAP_EXIT_CORRUPT : QT_EXIT_OK;
}
