/* SPDX-License-Identifier: Apache-2.0 */
/* qt-map scan - print records in the order of their keys */

#include <limits.h>

#include "map.h"
#include "range.h"
#include "show.h"
#include "verbs.h"

static const struct qt_opt opts[] = {
	RANGE_OPTIONS,
	{ 'r', "reverse", NULL, "the last key first" },
	{ 'l', "limit", "N", "so many at most" },
	{ 'k', "keys", NULL, "keys only" },
	{ 'v', "values", NULL, "values only" },
	{ '0', "null", NULL, "bytes as they are, each end is a NUL" },
	{ 'J', "json", NULL, "an object a line, with type and version" },
	{ 'B', "batch", NULL, "lines for 'batch', to fill another map" },
	{ 0, NULL, NULL, NULL },
};

static const struct map_pair pairs[] = {
	{ SHOW_KEY | SHOW_VALUE, "-k or -v" },
	{ SHOW_NUL | SHOW_JSON, "-0 or -J" },
	{ SHOW_COMMAND | SHOW_KEY, "-B or -k" },
	{ SHOW_COMMAND | SHOW_VALUE, "-B or -v" },
	{ SHOW_COMMAND | SHOW_NUL, "-B or -0" },
	{ SHOW_COMMAND | SHOW_JSON, "-B or -J" },
	{ 0, NULL },
};

const struct qt_verb scan_verb = {
	"scan", scan_main, "", "print keys and values in order", opts,
};

static void
run(struct qt_store *store, const struct qt_store_range *range, uint64_t left,
    unsigned int what)
{
	struct qt_store_scan	*scan;
	struct qt_store_item	 item;
	struct qt_err		 err = QT_ERR_INIT;
	int			 rc;

	rc = qt_store_scan_open(store, NULL, range, &scan, &err);
	if (rc < 0)
		map_die(NULL, rc, &err);
	for (; left > 0; left--) {
		rc = qt_store_scan_next(scan, &item, &err);
		if (rc <= 0)
			break;
		show_item(&item, what);
	}
	show_flush();
	qt_store_scan_close(scan);
	if (rc < 0)
		map_die(NULL, rc, &err);
}

int
scan_main(int argc, char **argv)
{
	struct qt_opts		o = QT_OPTS_INIT(&scan_verb, argc, argv);
	struct qt_store_range	range = { .prefix = NULL };
	uint64_t		limit = UINT64_MAX;
	unsigned int		what = 0;
	int			id;

	while ((id = qt_opts_next(&o)) != 0)
		if (id == 'r')
			range.is_reverse = 1;
		else if (id == 'l')
			limit = qt_opt_ulong("-l", o.value, 0, ULONG_MAX);
		else if (!range_option(&range, id, o.value))
			what |= id == 'k' ? SHOW_KEY : id == 'v' ? SHOW_VALUE :
			    id == '0' ? SHOW_NUL : id == 'B' ? SHOW_COMMAND :
			    SHOW_JSON;
	if (o.index < argc)
		qt_usage(&scan_verb);
	range_check(&range);
	map_check_pairs(pairs, what);
	if (!(what & (SHOW_KEY | SHOW_VALUE)))
		what |= SHOW_KEY | SHOW_VALUE;
	range.is_keys_only = !(what & SHOW_VALUE);
	run(map_open(MAP_READ), &range, limit, what);
	map_close();
	return QT_EXIT_OK;
}
