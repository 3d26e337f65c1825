/* SPDX-License-Identifier: Apache-2.0 */
/* qt-map maintain - do what is due, for a timer */

#include <stdlib.h>

#include <qt/base/clock.h>

#include "map.h"
#include "maps.h"
#include "verbs.h"

#define BUDGET_MS	60000
#define PIECE_MS	1000
#define DAY_MS		86400000ul

static const struct qt_opt opts[] = {
	{ 'b', "budget", "DURATION", "no longer than that (1m)" },
	{ 'a', "all", NULL, "all maps that have names" },
	{ 0, NULL, NULL, NULL },
};

const struct qt_verb maintain_verb = {
	"maintain", maintain_main, "", "do what is due, for a timer", opts,
};

/* The exit status: 1 when more is due. */
static int
maintain(uint64_t deadline_ms)
{
	struct qt_store	*store;
	struct qt_err	 err = QT_ERR_INIT;
	uint64_t	 now = qt_clock_mono_ms(), left;
	int		 rc = map_try(&store, 0);

	if (rc != QT_EXIT_OK)
		return rc;
	rc = 1;
	while (rc == 1 && now < deadline_ms) {
		left = deadline_ms - now;
		rc = qt_store_maintain(store,
		    left < PIECE_MS ? (uint32_t)left : PIECE_MS, &err);
		now = qt_clock_mono_ms();
	}
	map_close();
	return rc < 0 ? map_warn(NULL, rc, &err) : rc;
}

int
maintain_main(int argc, char **argv)
{
	struct qt_opts	  o = QT_OPTS_INIT(&maintain_verb, argc, argv);
	uint64_t	  budget = BUDGET_MS;
	char		**names;
	size_t		  count;
	int		  id, is_all = 0, rc, status = 0;

	while ((id = qt_opts_next(&o)) != 0)
		if (id == 'a')
			is_all = 1;
		else
			budget = qt_opt_ms("--budget", o.value, DAY_MS);
	if (o.index < argc)
		qt_usage(&maintain_verb);
	budget += qt_clock_mono_ms();
	if (!is_all)
		return maintain(budget);
	map_check_select("--all");
	count = maps_list(&names);
	for (size_t i = 0; i < count; i++) {
		map_select(names[i]);
		rc = maintain(budget);
		status = rc > status ? rc : status;
		free(names[i]);
	}
	free(names);
	return status;
}
