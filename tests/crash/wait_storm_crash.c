/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Processes that count latches down, set events, do things once, take the only
 * permit there is, and are killed and stopped at random; and one that is never
 * killed, which has to get on with it.
 *
 *	latch		is counted down by what was counted, and by one more at
 *			most for each victim; opened by one
 *	event		automatic: who got it are no more than those who set it
 *	once		done by one at a time, and when it is done, no more
 *	semaphore	whoever has the permit has it alone; it is back when its
 *			holder is dead
 */

#include <errno.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <qt/shm/event.h>
#include <qt/shm/latch.h>
#include <qt/shm/once.h>
#include <qt/shm/semaphore.h>

#include "../unit/storm.h"

#define WORKERS		5
#define STEADY		WORKERS		/* its number */
#define ONCES		30u
#define LATCH		(UINT64_C(1) << 40)

/* What is certain; it survives the worker. */
struct desk {
	uint64_t	counted, got, took;
	uint64_t	begun;		/* sets, before they are done */
};

/* Words that one at a time may change, one after the other. */
struct pair {
	volatile uint64_t	first, second;
};

struct board {
	struct pair	once[ONCES], permit;
	_Atomic uint32_t lives, done;	/* onces */
};

struct world {
	struct qt_seg		*seg;
	struct qt_latch		*latch;
	struct qt_event		*event, *manual;
	struct qt_semaphore	*permit;
	struct qt_once		*once[ONCES];
	struct board		*board;
	struct desk		*desk;
	unsigned int		 at;	/* the once that is being done */
	unsigned int		 luck;
};

static int
is_no(int rc)
{
	return rc == -EBUSY || rc == -ETIMEDOUT;
}

/*
 * Alone; else the two differ for somebody. A death leaves half a change. Now
 * and then others have their turn in the middle of it.
 */
static void
change(struct pair *p, uint64_t with, unsigned int times, int code)
{
	for (unsigned int i = 0; i < times; i++) {
		p->first = with + i;
		if (i == 5)
			sched_yield();
		p->second = with + i;
		storm_expect(p->first == with + i && p->second == with + i,
		    code);
	}
}

static uint64_t
deadline(unsigned int r)
{
	return r % 4 == 0 ? QT_WAIT_NEVER : qt_wait_deadline(r % 8);
}

static void
turn_latch(struct world *w, struct desk *d, unsigned int r)
{
	if (r % 4 == 0) {
		storm_expect(is_no(qt_latch_wait(w->latch, deadline(r / 4))),
		    11);
		return;
	}
	storm_expect(qt_latch_down(w->latch, 1) == 0, 12);
	d->counted++;
}

static void
turn_event(struct world *w, struct desk *d, unsigned int r)
{
	int	rc;

	if (r % 2 == 0) {
		d->begun++;
		storm_expect(qt_event_set(w->event) == 0, 21);
		storm_expect(qt_event_set(w->manual) == 0, 22);
		return;
	}
	if (r % 16 == 1)
		storm_expect(qt_event_reset(w->manual) == 0, 23);
	rc = qt_event_wait(w->event, deadline(r / 16));
	storm_expect(rc == 0 || is_no(rc), 24);
	d->got += rc == 0;
}

/* Of many who try, and of whom some die and some fail, one does it. */
static int
init(void *arg)
{
	struct world	*w = arg;
	struct pair	*p = &w->board->once[w->at];

	storm_expect(p->second != UINT64_MAX, 31);
	change(p, (uint64_t)getpid() << 32 | w->luck, w->luck / 8 % 16, 32);
	/* Not before so many have lived, that each one sees deaths. */
	if (w->luck % 4 != 0 ||
	    atomic_load(&w->board->lives) < WORKERS + 8 * w->at)
		return -EIO;
	return 0;
}

static void
turn_once(struct world *w, unsigned int r)
{
	uint32_t	at = atomic_load(&w->board->done);
	int		rc;

	if (at == ONCES)
		return;
	w->at = at;
	w->luck = r;
	rc = qt_once_run(w->once[at], qt_wait_deadline(r % 8), init, w);
	storm_expect(rc == 0 || rc == -EIO || is_no(rc), 33);
	if (rc != 0)
		return;
	storm_expect(qt_once_is_done(w->once[at]), 34);
	/* From here on it would be wrong to do it again. */
	w->board->once[at].second = UINT64_MAX;
	(void)atomic_compare_exchange_strong(&w->board->done, &at, at + 1);
}

static void
turn_permit(struct world *w, struct desk *d, unsigned int r, uint64_t with)
{
	int	rc = qt_semaphore_wait(w->permit, deadline(r));

	storm_expect(rc == 0 || is_no(rc), 41);
	if (rc < 0)
		return;
	change(&w->board->permit, with, r / 16 % 16, 42);
	storm_expect(qt_semaphore_value(w->permit) == 0, 43);
	storm_expect(qt_semaphore_post(w->permit) == 0, 44);
	d->took++;
}

/* For each of these somebody comes, whoever else dies. */
static void
turn_steady(struct world *w, uint64_t n)
{
	int	rc = qt_event_wait(w->event, QT_WAIT_FOREVER);

	storm_expect(rc == 0, 61);
	w->desk[STEADY].got++;
	storm_expect(qt_event_wait(w->manual, QT_WAIT_FOREVER) == 0, 62);
	rc = qt_semaphore_wait(w->permit, QT_WAIT_FOREVER);
	storm_expect(rc == 0, 63);
	change(&w->board->permit, n << 8, 4, 64);
	storm_expect(qt_semaphore_post(w->permit) == 0, 65);
	turn_once(w, (unsigned int)n);
}

static void
begin(void *arg, unsigned int worker)
{
	struct world	*w = arg;

	(void)worker;
	storm_expect(qt_seg_after_fork(w->seg, NULL) == 0, 70);
	atomic_fetch_add(&w->board->lives, 1);
}

static void
turn(void *arg, unsigned int worker, unsigned int r, uint64_t n)
{
	struct world	*w = arg;
	struct desk	*d = &w->desk[worker];

	if (worker == STEADY) {
		turn_steady(w, n);
		return;
	}
	switch (r / 16 % 4) {
	case 0:
		turn_latch(w, d, r / 64);
		break;
	case 1:
		turn_event(w, d, r / 64);
		break;
	case 2:
		turn_once(w, r / 64);
		break;
	default:
		turn_permit(w, d, r / 64, n << 16 | worker << 8);
	}
}

static void
check_latch(struct world *w, uint64_t counted, uint64_t kills)
{
	uint64_t	down = LATCH - qt_latch_count(w->latch);

	storm_must(down >= counted && down <= counted + kills,
	    "a latch has counted wrong");
	storm_must(qt_latch_down(w->latch, LATCH - down) == 1 &&
	    qt_latch_wait(w->latch, QT_WAIT_NEVER) == 0 &&
	    qt_latch_down(w->latch, 1) == -ERANGE, "it does not open");
}

static void
check(struct world *w, uint64_t kills)
{
	struct desk	all = { 0 };

	for (unsigned int i = 0; i <= STEADY; i++) {
		all.counted += w->desk[i].counted;
		all.begun += w->desk[i].begun;
		all.got += w->desk[i].got;
		all.took += w->desk[i].took;
	}
	storm_must(all.counted > 0 && all.got > 0 && all.took > 0,
	    "nothing was done");
	check_latch(w, all.counted, kills);
	storm_must(all.got <= all.begun, "an event came that nobody set");
	(void)qt_event_reset(w->event);
	storm_must(qt_event_wait(w->event, 0) == -EBUSY &&
	    qt_event_set(w->event) == 0 && qt_event_wait(w->event, 0) == 0 &&
	    qt_event_wait(w->event, 0) == -EBUSY, "an event is not one");
	storm_must(qt_seg_sweep(w->seg) >= 0, "sweep");
	storm_must(qt_semaphore_value(w->permit) == 1, "a permit is lost");
	w->luck = 0;
	atomic_store(&w->board->lives, UINT32_MAX);
	for (w->at = 0; w->at < ONCES; w->at++)
		storm_must(qt_once_run(w->once[w->at], 0, init, w) == 0,
		    "it cannot be done");
	storm_must(qt_obj_fsck(w->seg, 0, NULL, NULL) == 0, "fsck");
	printf("# %u of %u were done once\n", w->board->done, ONCES);
	qt_seg_close(w->seg);
}

static void
prepare(struct world *w)
{
	struct qt_seg_spec		spec = { .size = 2u << 20,
	    .mode = 0600, .group = (gid_t)-1, .participants = WORKERS + 3,
	    .kind = "storm" };
	struct qt_semaphore_spec	one = { .value = 1, .max = 1,
	    .flags = QT_SEMAPHORE_UNDO };
	char				name[16];

	w->board = storm_memory(sizeof(*w->board));
	w->desk = storm_memory(sizeof(*w->desk) * (STEADY + 1));
	storm_must(qt_seg_create(NULL, &spec, &w->seg, NULL) == 0 &&
	    qt_latch_create(w->seg, "l", LATCH, NULL) == 0 &&
	    qt_latch_open(w->seg, "l", &w->latch, NULL) == 0 &&
	    qt_event_create(w->seg, "e", QT_EVENT_AUTO, NULL) == 0 &&
	    qt_event_open(w->seg, "e", &w->event, NULL) == 0 &&
	    qt_event_create(w->seg, "m", QT_EVENT_MANUAL, NULL) == 0 &&
	    qt_event_open(w->seg, "m", &w->manual, NULL) == 0 &&
	    qt_semaphore_create(w->seg, "s", &one, NULL) == 0 &&
	    qt_semaphore_open(w->seg, "s", &w->permit, NULL) == 0, "create");
	for (unsigned int i = 0; i < ONCES; i++) {
		snprintf(name, sizeof(name), "once %u", i);
		storm_must(qt_once_create(w->seg, name, NULL) == 0 &&
		    qt_once_open(w->seg, name, &w->once[i], NULL) == 0,
		    "once");
	}
}

int
main(void)
{
	struct world	w = { 0 };
	struct storm	s = { .name = "storm of those who wait",
	    .workers = WORKERS, .steady = 1, .is_waiting = 1, .begin = begin,
	    .turn = turn, .arg = &w };

	storm_plan(1);
	prepare(&w);
	storm_run(&s, 400);
	check(&w, s.kills);
	storm_passed(&s, "no more than the victims' own is missing");
	return EXIT_SUCCESS;
}
