/* SPDX-License-Identifier: Apache-2.0 */
/* qt-map count - how many keys there are */

#include <inttypes.h>
#include <stdio.h>

#include "map.h"
#include "range.h"
#include "verbs.h"

static const struct qt_opt opts[] = {
	RANGE_OPTIONS,
	{ 0, NULL, NULL, NULL },
};

const struct qt_verb count_verb = {
	"count", count_main, "", "print how many keys there are", opts,
};

int
count_main(int argc, char **argv)
{
	struct qt_opts		o = QT_OPTS_INIT(&count_verb, argc, argv);
	struct qt_store_range	range = { .prefix = NULL };
	struct qt_err		err = QT_ERR_INIT;
	uint64_t		count;
	int			id, rc;

	while ((id = qt_opts_next(&o)) != 0)
		(void)range_option(&range, id, o.value);
	if (o.index < argc)
		qt_usage(&count_verb);
	range_check(&range);
	rc = range_count(map_open(MAP_READ), &range, &count, &err);
	if (rc < 0)
		map_die(NULL, rc, &err);
	printf("%" PRIu64 "\n", count);
	map_close();
	return QT_EXIT_OK;
}
