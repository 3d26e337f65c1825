/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Processes that publish blocks of one pool on a board, replace and retire
 * those of others, and read what is there, and are killed and stopped at
 * random. What a reader got is whole and stays so until it leaves, whoever
 * retires it meanwhile. In the end every block is free, or on the board.
 */

#include <errno.h>
#include <stdlib.h>

#include <qt/shm/pool.h>

#include "../unit/storm.h"

#define WORKERS		6
#define PLACES		4u
#define CAPACITY	24u
#define WORDS		8u
#define LOOKS		3u	/* at a block, by a reader */

struct world {
	struct qt_seg		*seg;
	struct qt_shm_pool	*p;
	_Atomic uint64_t	*board;		/* handles of given blocks */
};

/* A block's content says its handle, so no other use of it looks alike. */
static uint64_t
word_of(uint64_t handle, unsigned int i)
{
	return handle * UINT64_C(0x9e3779b97f4a7c15) + i;
}

static void
read_it(struct world *w, const _Atomic uint64_t *place)
{
	struct qt_shm_pool_guard	 g;
	uint64_t			 h;
	const volatile uint64_t		*at;

	storm_expect(qt_shm_pool_enter(w->p, &g) == 0, 11);
	h = atomic_load(place);
	at = qt_shm_pool_get(w->p, h);
	/* Whether it is on the board still, or not. */
	for (unsigned int n = 0; at != NULL && n < LOOKS; n++)
		for (unsigned int i = 0; i < WORDS; i++)
			storm_expect(at[i] == word_of(h, i), 12);
	qt_shm_pool_leave(&g);
}

/* What is on the board is retired, and then taken off: none is ever lost. */
static void
retire(struct world *w, _Atomic uint64_t *place)
{
	uint64_t	h = atomic_load(place);
	int		rc;

	if (h == QT_POOL_NONE)
		return;
	rc = qt_shm_pool_retire(w->p, h);
	storm_expect(rc == 0 || rc == -QT_EGONE || rc == -EPERM, 21);
	if (rc == -EPERM)	/* not yet given */
		return;
	storm_expect(qt_shm_pool_get(w->p, h) == NULL, 22);
	storm_expect(qt_shm_pool_retire(w->p, h) == -QT_EGONE, 23);
	(void)atomic_compare_exchange_strong(place, &h, QT_POOL_NONE);
}

/* On the board first, and given then; who dies between leaves an orphan. */
static void
replace(struct world *w, _Atomic uint64_t *place)
{
	uint64_t		 h, none = QT_POOL_NONE;
	volatile uint64_t	*at;
	int			 rc;

	retire(w, place);
	rc = qt_shm_pool_alloc(w->p, &h, QT_WAIT_NEVER);
	storm_expect(rc == 0 || rc == -QT_EFULL, 31);
	if (rc < 0)
		return;
	at = qt_shm_pool_get(w->p, h);
	storm_expect(at != NULL, 32);
	for (unsigned int i = 0; i < WORDS; i++)
		at[i] = word_of(h, i);
	if (atomic_compare_exchange_strong(place, &none, h))
		storm_expect(qt_shm_pool_give(w->p, h) == 0, 33);
	else
		storm_expect(qt_shm_pool_retire(w->p, h) == 0, 34);
}

/* One's own, which nobody else has seen. */
static void
use_own(struct world *w)
{
	uint64_t		 h;
	volatile uint64_t	*at;
	int			 rc = qt_shm_pool_alloc(w->p, &h,
	    QT_WAIT_NEVER);

	storm_expect(rc == 0 || rc == -QT_EFULL, 41);
	if (rc < 0)
		return;
	at = qt_shm_pool_get(w->p, h);
	for (unsigned int i = 0; i < WORDS; i++)
		at[i] = h + i;
	for (unsigned int i = 0; i < WORDS; i++)
		storm_expect(at[i] == h + i, 42);
	storm_expect(qt_shm_pool_retire(w->p, h) == 0, 43);
}

static void
begin(void *arg, unsigned int worker)
{
	struct world	*w = arg;

	(void)worker;
	storm_expect(qt_seg_after_fork(w->seg, NULL) == 0, 50);
}

static void
turn(void *arg, unsigned int worker, unsigned int r, uint64_t n)
{
	struct world		*w = arg;
	_Atomic uint64_t	*place = &w->board[r / 16 % PLACES];

	(void)worker;
	(void)n;
	if (r % 8 < 4)
		read_it(w, place);
	else if (r % 8 < 7)
		replace(w, place);
	else
		use_own(w);
}

static void
leave(void *arg, unsigned int worker)
{
	struct world	*w = arg;

	(void)worker;
	qt_shm_pool_close(w->p);
}

/* What is left is on the board. */
static void
empty(struct world *w)
{
	uint64_t	h;
	uint32_t	cursor = 0;

	while (qt_shm_pool_next(w->p, &cursor, &h) == 1) {
		unsigned int	places = 0;

		storm_must(qt_shm_pool_owner(w->p, h) == 0,
		    "a block is owned by a dead one");
		for (unsigned int i = 0; i < PLACES; i++)
			places += atomic_load(&w->board[i]) == h;
		storm_must(places == 1, "a block that nobody can find");
		storm_must(qt_shm_pool_retire(w->p, h) == 0, "retire");
	}
	storm_must(qt_shm_pool_count(w->p) == 0, "the count is wrong");
}

static void
check(struct world *w)
{
	uint64_t	h, all[CAPACITY];

	storm_must(qt_seg_sweep(w->seg) >= 0, "sweep");
	storm_must(qt_obj_fsck(w->seg, 0, NULL, NULL) == 0, "fsck");
	empty(w);
	for (int lap = 0; lap < 3; lap++) {
		for (unsigned int i = 0; i < CAPACITY; i++) {
			storm_must(qt_shm_pool_alloc(w->p, &all[i],
			    QT_WAIT_NEVER) == 0, "a block is lost");
			for (unsigned int j = 0; j < i; j++)
				storm_must(all[j] != all[i], "a block twice");
		}
		storm_must(qt_shm_pool_alloc(w->p, &h, QT_WAIT_NEVER) ==
		    -QT_EFULL, "one block too many");
		for (unsigned int i = 0; i < CAPACITY; i++)
			storm_must(qt_shm_pool_retire(w->p, all[i]) == 0,
			    "retire");
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
	    .capacity = CAPACITY, .flags = QT_POOL_EPOCHS };
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
	storm_passed(&s, "what is read stays, and no block is lost");
}

int
main(void)
{
	storm_plan(2);
	storm("epoch storm", 300);
	storm("epoch calm", 0);
	return EXIT_SUCCESS;
}
