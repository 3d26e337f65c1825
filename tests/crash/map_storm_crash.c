/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Processes that put, replace, delete and add in one map, and are killed and
 * stopped at random (keyed_storm.h). All of them add to common sums, and read
 * each other's values, which are never torn.
 */

#include <qt/shm/map.h>

#define KEYED(verb)	qt_map_##verb
#define KEYED_TYPE	qt_map
#include "keyed_storm.h"

static void
add(struct world *w, struct desk *d, uint32_t sum)
{
	struct key	k = { .worker = WORKERS, .number = sum };

	storm_expect(qt_map_add(w->m, &k, sizeof(k), 1, NULL) == 0, 24);
	atomic_fetch_add(&d->added[sum], 1);
}

static void
check_sums(struct world *w)
{
	for (uint32_t i = 0; i < SUMS; i++) {
		struct key	k = { .worker = WORKERS, .number = i };
		uint64_t	sum = 0, want = 0;

		(void)qt_map_get(w->m, &k, sizeof(k), &sum, 8);
		for (int j = 0; j < WORKERS; j++)
			want += atomic_load(&w->desk[j].added[i]);
		/* Each one killed may have added one that it did not note. */
		storm_must(sum >= want && sum <= want + w->kills,
		    "an addition is lost or doubled");
	}
}

static void
turn(void *arg, unsigned int worker, unsigned int r, uint64_t n)
{
	struct world	*w = arg;

	if (r >> 20 & 7)
		turn_key(w, worker, r, n);
	else
		add(w, &w->desk[worker], (r >> 4) % SUMS);
}

int
main(void)
{
	struct qt_map_spec	map = { .key_max = sizeof(struct key),
	    .value_max = 32, .capacity = WORKERS * KEYS + SUMS };
	struct world		w = { 0 };
	struct storm		s = { .name = "map storm", .workers = WORKERS,
	    .begin = begin, .turn = turn, .arg = &w };

	storm_plan(1);
	prepare(&w);
	storm_must(qt_map_create(w.seg, "m", &map, NULL) == 0 &&
	    qt_map_open(w.seg, "m", NULL, NULL, &w.m, NULL) == 0, "map");
	storm_run(&s, 300);
	w.kills = s.kills;
	storm_must(qt_seg_sweep(w.seg) >= 0, "sweep");
	check_sums(&w);
	check(&w);
	qt_map_close(w.m);
	qt_seg_close(w.seg);
	storm_passed(&s, "every entry is as its worker left it");
	return EXIT_SUCCESS;
}
