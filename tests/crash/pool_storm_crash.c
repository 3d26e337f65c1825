/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Processes that take blocks of one pool, keep some, pass others on by a board
 * beside it, and are killed and stopped at random. Nobody's block is another's
 * as well: what was written into it stays until it is freed, and then its
 * handle leads nowhere. In the end every block is free, or given and on the
 * board.
 */

#include <errno.h>
#include <stdlib.h>

#include <qt/shm/pool.h>

#include "../unit/storm.h"

#define WORKERS		6
#define CAPACITY	24u
#define KEEPS		5u
#define PLACES		8u
#define WORDS		4u

struct world {
	struct qt_seg		*seg;
	struct qt_shm_pool	*p;
	_Atomic uint64_t	*board;		/* handles of given blocks */
	uint64_t		 own[KEEPS];	/* in a worker */
	uint64_t		 mark[KEEPS];
};

static void
mark(struct world *w, uint64_t handle, uint64_t with, int code)
{
	volatile uint64_t	*at = qt_shm_pool_get(w->p, handle);

	storm_expect(at != NULL, code);
	for (unsigned int i = 0; i < WORDS; i++)
		at[i] = with + i;
}

static void
is_marked(struct world *w, uint64_t handle, uint64_t with, int code)
{
	volatile uint64_t	*at = qt_shm_pool_get(w->p, handle);

	storm_expect(at != NULL, code);
	for (unsigned int i = 0; i < WORDS; i++)
		storm_expect(at[i] == with + i, code + 1);
}

static void
free_ours(struct world *w, uint64_t handle, int code)
{
	storm_expect(qt_shm_pool_free(w->p, handle) == 0, code);
	storm_expect(qt_shm_pool_get(w->p, handle) == NULL, code + 1);
	storm_expect(qt_shm_pool_free(w->p, handle) == -QT_EGONE, code + 2);
}

/* Keeps a block for a while, or frees it. */
static void
turn_own(struct world *w, unsigned int k, uint64_t with)
{
	int	rc;

	if (w->own[k] != QT_POOL_NONE) {
		is_marked(w, w->own[k], w->mark[k], 11);
		free_ours(w, w->own[k], 13);
		w->own[k] = QT_POOL_NONE;
		return;
	}
	rc = qt_shm_pool_alloc(w->p, &w->own[k], QT_WAIT_NEVER);
	storm_expect(rc == 0 || rc == -QT_EFULL, 16);
	if (rc < 0) {
		w->own[k] = QT_POOL_NONE;
		return;
	}
	w->mark[k] = with;
	mark(w, w->own[k], with, 17);
}

/* What is given away is on the board first, or a death would leave it there. */
static void
turn_give(struct world *w, unsigned int k, _Atomic uint64_t *place)
{
	uint64_t	none = QT_POOL_NONE, h = w->own[k];

	if (h == QT_POOL_NONE)
		return;
	is_marked(w, h, w->mark[k], 21);
	mark(w, h, h, 23);
	w->own[k] = QT_POOL_NONE;
	if (!atomic_compare_exchange_strong(place, &none, h)) {
		free_ours(w, h, 24);
		return;
	}
	storm_expect(qt_shm_pool_give(w->p, h) == 0, 27);
}

/* Of those who find it on the board one gets it. */
static void
turn_take(struct world *w, _Atomic uint64_t *place)
{
	uint64_t	h = atomic_load(place), is = h;
	int		rc;

	if (h == QT_POOL_NONE)
		return;
	rc = qt_shm_pool_own(w->p, h);
	storm_expect(rc == 0 || rc == -QT_EGONE || rc == -EPERM, 31);
	if (rc == -EPERM)	/* not yet given, or another was faster */
		return;
	(void)atomic_compare_exchange_strong(place, &is, QT_POOL_NONE);
	if (rc < 0)
		return;
	is_marked(w, h, h, 32);
	free_ours(w, h, 34);
}

static void
begin(void *arg, unsigned int worker)
{
	struct world	*w = arg;

	(void)worker;
	storm_expect(qt_seg_after_fork(w->seg, NULL) == 0, 40);
}

static void
turn(void *arg, unsigned int worker, unsigned int r, uint64_t n)
{
	struct world		*w = arg;
	_Atomic uint64_t	*place = &w->board[r / 128 % PLACES];
	unsigned int		 k = r / 16 % 8 % KEEPS;

	if (r % 8 < 4)
		turn_own(w, k, n << 16 | worker << 8);
	else if (r % 8 < 6)
		turn_give(w, k, place);
	else
		turn_take(w, place);
}

/* By close, which gives back what one owns. */
static void
leave(void *arg, unsigned int worker)
{
	struct world	*w = arg;

	(void)worker;
	qt_shm_pool_close(w->p);
}

static void
check(struct world *w)
{
	uint64_t	h, all[CAPACITY];
	uint32_t	cursor = 0;

	storm_must(qt_seg_sweep(w->seg) >= 0, "sweep");
	storm_must(qt_obj_fsck(w->seg, 0, NULL, NULL) == 0, "fsck");
	while (qt_shm_pool_next(w->p, &cursor, &h) == 1) {
		unsigned int	places = 0;

		storm_must(qt_shm_pool_owner(w->p, h) == 0,
		    "a block is owned by a dead one");
		for (unsigned int i = 0; i < PLACES; i++)
			places += atomic_load(&w->board[i]) == h;
		storm_must(places == 1, "a block that nobody can find");
		storm_must(qt_shm_pool_free(w->p, h) == 0, "free");
	}
	storm_must(qt_shm_pool_count(w->p) == 0, "the count is wrong");
	for (int lap = 0; lap < 3; lap++) {
		for (unsigned int i = 0; i < CAPACITY; i++) {
			storm_must(qt_shm_pool_alloc(w->p, &all[i], 0) == 0,
			    "a block is lost");
			for (unsigned int j = 0; j < i; j++)
				storm_must(all[j] != all[i], "a block twice");
		}
		storm_must(qt_shm_pool_alloc(w->p, &h, 0) == -QT_EFULL,
		    "one block too many");
		for (unsigned int i = 0; i < CAPACITY; i++)
			storm_must(qt_shm_pool_free(w->p, all[i]) == 0,
			    "free");
	}
	qt_shm_pool_close(w->p);
	qt_seg_close(w->seg);
}

static void
storm(const char *name, int kills)
{
	struct qt_seg_spec	spec = { .size = 1u << 20, .mode = 0600,
	    .group = (gid_t)-1, .participants = WORKERS + 2, .kind = "storm" };
	struct qt_shm_pool_spec	pool = { .size = WORDS * 8,
	    .capacity = CAPACITY };
	struct world		w = { .board = storm_memory(PLACES * 8) };
	struct storm		s = { .name = name, .workers = WORKERS,
	    .begin = begin, .turn = turn, .leave = leave, .arg = &w };

	storm_must(qt_seg_create(NULL, &spec, &w.seg, NULL) == 0 &&
	    qt_shm_pool_create(w.seg, "p", &pool, NULL) == 0 &&
	    qt_shm_pool_open(w.seg, "p", NULL, &w.p, NULL) == 0, "create");
	if (kills > 0)
		storm_run(&s, kills);
	else
		storm_calm(&s, 200000);
	check(&w);
	storm_passed(&s, "no block is another's, and none is lost");
}

int
main(void)
{
	storm_plan(2);
	storm("pool storm", 300);
	storm("pool calm", 0);
	return EXIT_SUCCESS;
}
