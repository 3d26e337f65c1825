/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many processes that take one lock of a store, and are killed and stopped at
 * random; and go and come again, with so few ids that each is soon somebody
 * else's. What the lock protects are two plain numbers, changed one after the
 * other: whoever gets it and is not told of a death finds them equal, and nobody
 * else changes them meanwhile. At the end they are as many as were changed.
 */

#include <stdio.h>

#include "../unit/storm.h"
#include "../unit/store/lock_world.h"

#define WORKERS	6u
#define USERS	(WORKERS + 1)

struct shared {
	struct world		*w;
	struct qt__user		 u;	/* a worker's own */
	_Atomic uint64_t	*count;	/* changes that were made */
};

static void
come(struct shared *s)
{
	storm_expect(qt__user_open(&s->u, s->w->dir, USERS, soon(), NULL) ==
	    0, 10);
	qt__lock_disown(&s->w->lock, &s->u);
}

static void
begin(void *arg, unsigned int worker)
{
	struct shared	*s = arg;

	(void)worker;
	/* Of another one's, before it was forked: nobody's. */
	storm_expect(s->u.fd == -1, 9);
	come(s);
}

static uint64_t
deadline(unsigned int r)
{
	if (r % 8 == 0)
		return 0;
	return r % 8 < 3 ? qt_clock_mono_ms() + r / 8 % 6 : UINT64_MAX;
}

static void
change(struct shared *s, bool has_died, unsigned int r)
{
	struct world	*w = s->w;
	uint64_t	 n = atomic_load(&w->a);

	if (has_died)
		atomic_store(&w->b, n);
	storm_expect(atomic_load(&w->b) == n, 12);
	atomic_store(&w->a, n + 1);
	if (r % 16 == 0)
		sched_yield();
	atomic_store(&w->b, n + 1);
	storm_expect(atomic_load(&w->a) == n + 1, 13);
	atomic_fetch_add(s->count, 1);
}

static void
turn(void *arg, unsigned int worker, unsigned int r, uint64_t n)
{
	struct shared	*s = arg;
	int		 rc;

	(void)worker;
	(void)n;
	if (r % 32 == 1) {
		qt__user_close(&s->u);
		come(s);
	}
	rc = qt__lock_take(&s->w->lock, &s->u, deadline(r >> 5), NULL);
	if (rc == -EBUSY || rc == -ETIMEDOUT)
		return;
	storm_expect(rc == 0 || rc == 1, 11);
	change(s, rc == 1, r >> 16);
	qt__lock_give(&s->w->lock, &s->u);
}

int
main(void)
{
	struct shared	s = { .u = QT__USER_INIT };
	struct storm	storm = { .name = "a lock of a store",
	    .workers = WORKERS, .steady = 1, .is_waiting = 1, .begin = begin,
	    .turn = turn, .arg = &s };
	uint64_t	lost;

	storm_plan(1);
	s.w = world_new();
	storm_must(s.w != NULL, "world");
	s.count = storm_memory(sizeof(*s.count));
	storm_run(&storm, 400);
	storm_must(qt__user_open(&s.u, s.w->dir, USERS, soon(), NULL) == 0,
	    "a place for one more");
	storm_must(qt__lock_take(&s.w->lock, &s.u, soon(), NULL) >= 0,
	    "it cannot be taken");
	/* Each death may have come between a change and its counting. */
	lost = s.w->a - *s.count;
	storm_must(lost <= storm.kills, "changes were lost or counted twice");
	qt__lock_give(&s.w->lock, &s.u);
	qt__user_close(&s.u);
	printf("# %llu owners died\n", (unsigned long long)s.w->lock.died);
	world_free(s.w);
	storm_passed(&storm, "nobody is let in who should not, all is counted");
	return 0;
}
