/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many processes that lock, read, write, take permits and meet at a barrier,
 * and are killed and stopped at random. What the locks protect are pairs of
 * plain numbers in an array, changed one after the other: whoever is let in and
 * is not told that they are stale finds them equal, and nobody else changes
 * them meanwhile. Two that are never killed meet at the barrier too, and stay
 * in step. At the end every permit is back.
 */

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

#include <qt/shm/array.h>
#include <qt/shm/barrier.h>
#include <qt/shm/mutex.h>
#include <qt/shm/rwlock.h>
#include <qt/shm/semaphore.h>

#include "../unit/storm.h"

#define WORKERS		6
#define MARCHERS	2		/* are never killed */
#define PERMITS		3u
#define DEADLINE_MS	60000

struct world {
	struct qt_seg		*seg;
	struct qt_mutex		*mutex;
	struct qt_rwlock	*rwlock;
	struct qt_semaphore	*semaphore;
	struct qt_barrier	*barrier;
	struct qt_array		*array;
	/* Of the array: two pairs, then in which phase each marcher is. */
	uint64_t		*pair;
	_Atomic uint64_t	*phase;
	struct qt_barrier	*marcher;	/* in a marcher: its own */
};

static uint64_t
deadline(unsigned int r)
{
	if (r % 8 == 0)
		return QT_WAIT_NEVER;
	return r % 8 < 3 ? qt_wait_deadline(r / 8 % 6) : QT_WAIT_FOREVER;
}

static int
is_no(int rc)
{
	return rc == -EBUSY || rc == -ETIMEDOUT;
}

/* A pair that we may change: only we do, and others see all or nothing. */
static void
change(uint64_t *at, int is_stale, int code)
{
	volatile uint64_t	*pair = at;
	uint64_t		 n = pair[0];

	if (is_stale)
		pair[1] = n;
	storm_expect(pair[1] == n, code);
	pair[0] = n + 1;
	if (n % 16 == 0)
		sched_yield();
	pair[1] = n + 1;
	storm_expect(pair[0] == n + 1, code + 1);
}

static void
turn_mutex(struct world *w, unsigned int r)
{
	int	rc = qt_mutex_lock(w->mutex, deadline(r));

	if (is_no(rc))
		return;
	storm_expect(rc == 0 || rc == 1, 11);
	change(w->pair, rc, 12);
	if (rc == 1)
		storm_expect(qt_mutex_consistent(w->mutex) == 0, 14);
	storm_expect(qt_mutex_unlock(w->mutex) == 0, 15);
}

static void
turn_write(struct world *w, unsigned int r)
{
	int	rc = qt_rwlock_lock_write(w->rwlock, deadline(r));

	if (is_no(rc))
		return;
	storm_expect(rc == 0 || rc == 1, 21);
	change(w->pair + 2, rc, 22);
	if (rc == 1)
		storm_expect(qt_rwlock_consistent(w->rwlock) == 0, 24);
	storm_expect(qt_rwlock_unlock_write(w->rwlock) == 0, 25);
}

static void
turn_read(struct world *w, unsigned int r)
{
	volatile uint64_t	*pair = w->pair + 2;
	uint64_t		 n;
	int			 rc = qt_rwlock_lock_read(w->rwlock,
	    deadline(r));

	if (is_no(rc))
		return;
	storm_expect(rc == 0 || rc == 1, 31);
	n = pair[0];
	storm_expect(rc == 1 || pair[1] == n, 32);
	if (r / 64 % 4 == 0)
		sched_yield();
	storm_expect(pair[0] == n, 33);
	storm_expect(qt_rwlock_unlock_read(w->rwlock) == 0, 34);
}

static void
turn_semaphore(struct world *w, unsigned int r)
{
	int	rc = qt_semaphore_wait(w->semaphore, deadline(r));

	if (is_no(rc))
		return;
	storm_expect(rc == 0, 41);
	storm_expect(qt_semaphore_value(w->semaphore) < PERMITS, 42);
	if (r / 64 % 4 == 0)
		sched_yield();
	storm_expect(qt_semaphore_post(w->semaphore) == 0, 43);
}

/* Comes along for a few phases. */
static void
turn_barrier(struct world *w, unsigned int r)
{
	struct qt_barrier	*b;

	storm_expect(qt_barrier_open(w->seg, "barrier", &b, NULL) == 0, 51);
	for (unsigned int i = 0; i < r % 4; i++) {
		int	rc = qt_barrier_wait(b, qt_wait_deadline(20));

		if (rc == -QT_EFULL)
			break;
		storm_expect(rc >= 0 || rc == -EOWNERDEAD || is_no(rc), 52);
	}
	storm_expect(qt_barrier_leave(b) <= 0, 53);
	qt_barrier_close(b);
}

/* Whoever has passed phase n, the other one has come to it as well. */
static void
march(struct world *w, unsigned int me, uint64_t n)
{
	unsigned int	other = 1 - me;
	int		rc;

	atomic_store(&w->phase[me], n);
	do
		rc = qt_barrier_wait(w->marcher, QT_WAIT_FOREVER);
	while (rc == -EOWNERDEAD);
	storm_expect(rc >= 0, 73);
	storm_expect(atomic_load(&w->phase[other]) >= n, 74);
	storm_expect(atomic_load(&w->phase[other]) <= n + 1, 75);
}

/* Those who march have their places before others come. */
static void
begin(void *arg, unsigned int worker)
{
	struct world	*w = arg;

	storm_expect(qt_seg_after_fork(w->seg, NULL) == 0, 61);
	if (worker < WORKERS)
		return;
	storm_expect(qt_barrier_open(w->seg, "barrier", &w->marcher, NULL) == 0, 72);
	storm_expect(qt_barrier_join(w->marcher) == 0, 76);
}

static void
turn(void *arg, unsigned int worker, unsigned int r, uint64_t n)
{
	struct world	*w = arg;

	if (worker >= WORKERS) {
		march(w, worker - WORKERS, n);
		return;
	}
	switch (r >> 4 & 7) {
	case 0: case 1: case 2:
		turn_mutex(w, r >> 8);
		break;
	case 3:
		turn_write(w, r >> 8);
		break;
	case 4: case 5:
		turn_read(w, r >> 8);
		break;
	case 6:
		turn_semaphore(w, r >> 8);
		break;
	default:
		turn_barrier(w, r >> 8);
	}
}

static void
prepare(struct world *w)
{
	struct qt_seg_spec		 spec = { .size = 1 << 20,
	    .mode = 0600, .group = (gid_t)-1,
	    .participants = WORKERS + MARCHERS + 2, .kind = "storm" };
	struct qt_array_spec		 words = { .dtype = "<u8",
	    .shape = { 4 + MARCHERS } };
	struct qt_semaphore_spec	 permits = { .value = PERMITS,
	    .max = PERMITS, .flags = QT_SEMAPHORE_UNDO };
	struct qt_barrier		*b;

	storm_must(qt_seg_create(NULL, &spec, &w->seg, NULL) == 0, "create");
	storm_must(qt_array_create(w->seg, "words", &words, NULL) == 0 &&
	    qt_array_open(w->seg, "words", NULL, &w->array, NULL) == 0 &&
	    qt_mutex_create(w->seg, "mutex", NULL) == 0 &&
	    qt_mutex_open(w->seg, "mutex", &w->mutex, NULL) == 0 &&
	    qt_rwlock_create(w->seg, "rwlock", NULL) == 0 &&
	    qt_rwlock_open(w->seg, "rwlock", &w->rwlock, NULL) == 0 &&
	    qt_semaphore_create(w->seg, "permits", &permits, NULL) == 0 &&
	    qt_semaphore_open(w->seg, "permits", &w->semaphore, NULL) == 0 &&
	    qt_barrier_create(w->seg, "barrier", MARCHERS + 2, NULL) == 0,
	    "make objects");
	w->pair = qt_array_data(w->array);
	w->phase = (_Atomic uint64_t *)w->pair + 4;
	/* The marchers do not wait for those who may come along. */
	for (int i = 0; i < 2; i++) {
		storm_must(qt_barrier_open(w->seg, "barrier", &b, NULL) == 0 &&
		    qt_barrier_join(b) == 0 && qt_barrier_leave(b) == 0,
		    "barrier");
		qt_barrier_close(b);
	}
}

/* Everybody is dead. */
static void
check(struct world *w)
{
	int	rc;

	rc = qt_mutex_lock(w->mutex, qt_wait_deadline(DEADLINE_MS));
	storm_must(rc == 1 || (rc == 0 && w->pair[0] == w->pair[1]), "mutex");
	rc = qt_rwlock_lock_read(w->rwlock, qt_wait_deadline(DEADLINE_MS));
	storm_must(rc == 1 || (rc == 0 && w->pair[2] == w->pair[3]), "read");
	storm_must(qt_rwlock_unlock_read(w->rwlock) == 0, "unlock");
	storm_must(qt_rwlock_lock_write(w->rwlock, qt_wait_deadline(DEADLINE_MS)) ==
	    rc, "write");
	storm_must(qt_seg_sweep(w->seg) >= 0, "sweep");
	storm_must(qt_semaphore_value(w->semaphore) == PERMITS, "permits");
	storm_must(qt_obj_fsck(w->seg, 0, NULL, NULL) == 0, "fsck of objects");
	storm_must(qt_seg_fsck(w->seg, NULL) == 0, "fsck");
	printf("# %llu and %llu changes, %llu phases\n",
	    (unsigned long long)w->pair[0], (unsigned long long)w->pair[2],
	    (unsigned long long)w->phase[0]);
	qt_seg_close(w->seg);
}

int
main(void)
{
	struct world	w = { 0 };
	struct storm	s = { .name = "sync storm", .workers = WORKERS,
	    .steady = MARCHERS, .is_waiting = 1, .begin = begin, .turn = turn,
	    .arg = &w };

	storm_plan(1);
	prepare(&w);
	storm_run(&s, 500);
	check(&w);
	storm_passed(&s, "every lock is usable, and every permit is back");
	return EXIT_SUCCESS;
}
