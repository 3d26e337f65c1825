/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Processes that put, replace and delete in one skip list, and are killed and
 * stopped at random (keyed_storm.h). All of them read each other's values, which
 * are never torn, and go through the whole list, which is always in order.
 */

#include <stdbool.h>

#include <qt/shm/skiplist.h>

#define KEYED(verb)	qt_skiplist_##verb
#define KEYED_TYPE	qt_skiplist
#include "keyed_storm.h"

/* All of it, in order; of what is ours each is seen once. */
static void
go_through(struct world *w, uint32_t worker, bool is_back)
{
	struct desk	*d = &w->desk[worker];
	struct key	 k, last = { 0, 0 };
	size_t		 len = 0;
	uint32_t	 own = 0, want = 0;

	while ((is_back ? qt_skiplist_prev : qt_skiplist_next)(w->m, &k, &len,
	    NULL, 0, NULL) > 0) {
		int	order = qt_skiplist_compare(w->m, &last, sizeof(last),
		    &k, sizeof(k));

		storm_expect(len == sizeof(k), 61);
		storm_expect((last.worker == 0 && last.number == 0) ||
		    (is_back ? order > 0 : order < 0), 62);
		storm_expect(k.worker != worker || d->now[k.number] != 0, 63);
		own += k.worker == worker;
		last = k;
	}
	for (uint32_t i = 0; i < KEYS; i++)
		want += d->now[i] != 0;
	storm_expect(own == want, 64);
}

static void
turn(void *arg, unsigned int worker, unsigned int r, uint64_t n)
{
	struct world	*w = arg;

	if (r >> 20 & 15)
		turn_key(w, worker, r, n);
	else
		go_through(w, worker, r & 16);
}

int
main(void)
{
	struct qt_skiplist_spec	list = { .key_max = sizeof(struct key),
	    .value_max = 32, .capacity = WORKERS * KEYS };
	struct world		w = { 0 };
	struct storm		s = { .name = "skiplist storm",
	    .workers = WORKERS, .begin = begin, .turn = turn, .arg = &w };

	storm_plan(1);
	prepare(&w);
	storm_must(qt_skiplist_create(w.seg, "m", &list, NULL) == 0 &&
	    qt_skiplist_open(w.seg, "m", NULL, NULL, &w.m, NULL) == 0, "list");
	storm_run(&s, 300);
	storm_must(qt_seg_sweep(w.seg) >= 0, "sweep");
	check(&w);
	qt_skiplist_close(w.m);
	qt_seg_close(w.seg);
	storm_passed(&s, "every entry is as its worker left it, in order");
	return EXIT_SUCCESS;
}
