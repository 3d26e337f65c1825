/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Processes that take turns as the producer and the consumer of one queue, and
 * are killed and stopped at random: who dies is replaced by whoever asks next.
 * Items are numbers that grow. A consumer sees each once, in order, whoever
 * pushed it and whoever popped the one before; what is missing in the end was
 * in the hands of who was killed.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <qt/shm/spsc.h>

#include "../unit/storm.h"

#define WORKERS		6		/* one half produces */
#define CAPACITY	16u
#define BATCH		5u
#define BOTH		(QT_SPSC_PRODUCER | QT_SPSC_CONSUMER)

/* Each word is written by who has the role; it survives the one who has. */
struct board {
	volatile uint64_t	begun, next;	/* numbers to push from */
	volatile uint64_t	in_doubt;	/* begun by who died */
	volatile uint64_t	taking;		/* about to be popped */
	volatile uint64_t	last, seen;	/* the newest; how many */
	volatile uint64_t	may_miss;	/* popped by who died */
	volatile uint64_t	user[2];	/* who works in the role now */
};

struct world {
	struct qt_seg	*seg;
	struct board	*board;
	struct qt_spsc	*q;		/* in a worker: with its role, or NULL */
	uint64_t	 me;
};

/* Alone in a role from the first of these to the second. */
static void
enter(struct world *w, int role)
{
	w->board->user[role] = w->me;
}

static void
leave(struct world *w, int role)
{
	storm_expect(w->board->user[role] == w->me, 10);
}

static ssize_t
push_some(struct world *w, uint64_t first, uint64_t count, unsigned int how)
{
	uint64_t	 n[BATCH];
	void		*at = n;
	ssize_t		 rc = (ssize_t)count;

	if (how % 3 == 0)
		rc = qt_spsc_loan(w->q, &at, count, QT_WAIT_NEVER);
	for (ssize_t i = 0; i < rc; i++)
		((uint64_t *)at)[i] = first + (uint64_t)i;
	if (rc > 0 && how % 3 == 0) {
		storm_expect(qt_spsc_publish(w->q, (size_t)rc) == 0, 21);
		return rc;
	}
	if (how % 3 == 1)
		rc = qt_spsc_push_n(w->q, n, count, QT_WAIT_NEVER);
	else if (how % 3 == 2)
		rc = qt_spsc_push(w->q, n, 8, QT_WAIT_NEVER) < 0 ? -QT_EFULL :
		    1;
	return rc;
}

static void
produce(struct world *w, unsigned int r)
{
	struct board	*b = w->board;
	uint64_t	 count = 1 + r / 4 % BATCH;
	ssize_t		 rc;

	enter(w, 0);
	/* Numbers that the one before may have pushed are not used again. */
	b->in_doubt += b->begun - b->next;
	b->next = b->begun;
	b->begun = b->next + count;
	rc = push_some(w, b->next, count, r / 32);
	storm_expect(rc > 0 || rc == -QT_EFULL, 22);
	if (rc > 0)
		b->next += (uint64_t)rc;
	b->begun = b->next;
	leave(w, 0);
}

static ssize_t
pop_some(struct world *w, uint64_t *n, size_t count, unsigned int how)
{
	const void	*at;
	ssize_t		 rc;

	if (how % 3 == 1)
		return qt_spsc_pop_n(w->q, n, count, QT_WAIT_NEVER);
	if (how % 3 == 2) {
		rc = qt_spsc_pop(w->q, n, 8, QT_WAIT_NEVER);
		return rc == 8 ? 1 : rc;
	}
	rc = qt_spsc_take(w->q, &at, NULL, count, QT_WAIT_NEVER);
	if (rc > 0) {
		memcpy(n, at, (size_t)rc * 8);
		storm_expect(qt_spsc_release(w->q, (size_t)rc) == 0, 31);
	}
	return rc;
}

/* How many came, or negative. */
static ssize_t
consume(struct world *w, unsigned int r)
{
	struct board	*b = w->board;
	uint64_t	 n[BATCH], last;
	ssize_t		 rc;

	enter(w, 1);
	b->may_miss += b->taking;
	b->taking = BATCH;
	rc = pop_some(w, n, 1 + r / 4 % BATCH, r / 32);
	storm_expect(rc > 0 || rc == -QT_EEMPTY, 32);
	last = b->last;
	for (ssize_t i = 0; i < rc; i++) {
		storm_expect(n[i] > last, 33);
		last = n[i];
	}
	if (rc > 0) {
		b->last = last;
		b->seen += (uint64_t)rc;
	}
	b->taking = 0;
	leave(w, 1);
	return rc;
}

static void
begin(void *arg, unsigned int worker)
{
	struct world	*w = arg;

	w->me = worker + 1;
	storm_expect(qt_seg_after_fork(w->seg, NULL) == 0, 40);
}

static void
turn(void *arg, unsigned int worker, unsigned int r, uint64_t n)
{
	struct world	*w = arg;
	unsigned int	 role = worker % 2 ? QT_SPSC_PRODUCER :
	    QT_SPSC_CONSUMER;
	int		 rc;

	(void)n;
	r >>= 4;
	if (w->q == NULL) {
		rc = qt_spsc_open(w->seg, "q", NULL, role, &w->q, NULL);
		storm_expect(rc == 0 || rc == -EBUSY, 41);
		return;
	}
	if (role == QT_SPSC_PRODUCER)
		produce(w, r / 64);
	else
		(void)consume(w, r / 64);
	if (r % 64 == 0) {
		qt_spsc_close(w->q);
		w->q = NULL;
	}
}

static void
laps(struct world *w)
{
	uint64_t	v;

	for (uint64_t lap = 0; lap < 3; lap++) {
		for (uint64_t i = 0; i < CAPACITY; i++)
			storm_must(qt_spsc_push(w->q, &i, 8, 0) == 0,
			    "it is full too soon");
		storm_must(qt_spsc_push(w->q, &lap, 8, 0) == -QT_EFULL,
		    "it is not full");
		for (uint64_t i = 0; i < CAPACITY; i++)
			storm_must(qt_spsc_pop(w->q, &v, 8, 0) == 8 && v == i,
			    "a wrong item in a lap");
	}
}

static void
check(struct world *w)
{
	struct board	*b = w->board;
	uint64_t	 missing;

	storm_must(qt_seg_sweep(w->seg) >= 0, "sweep");
	storm_must(qt_spsc_open(w->seg, "q", NULL, BOTH, &w->q, NULL) == 0,
	    "a dead one has its role still");
	while (consume(w, 1) > 0)
		;
	b->in_doubt += b->begun - b->next;
	missing = b->begun - 1 - b->seen;
	storm_must(missing <= b->in_doubt + b->may_miss, "items were lost");
	storm_must(b->last < b->begun, "an item that nobody pushed");
	laps(w);
	qt_spsc_close(w->q);
	w->q = NULL;
	storm_must(qt_obj_fsck(w->seg, 0, NULL, NULL) == 0, "fsck");
	qt_seg_close(w->seg);
}

static void
storm(const char *name, int kills)
{
	struct qt_seg_spec	spec = { .size = 1u << 20, .mode = 0600,
	    .group = (gid_t)-1, .participants = WORKERS + 2, .kind = "storm" };
	struct qt_spsc_spec	queue = { .dtype = "<u8",
	    .capacity = CAPACITY };
	struct world		w = { .board = storm_memory(
	    sizeof(struct board)) };
	struct storm		s = { .name = name, .workers = WORKERS,
	    .is_waiting = 1, .begin = begin, .turn = turn, .arg = &w };

	w.board->begun = w.board->next = 1;
	storm_must(qt_seg_create(NULL, &spec, &w.seg, NULL) == 0 &&
	    qt_spsc_create(w.seg, "q", &queue, NULL) == 0, "create");
	if (kills > 0)
		storm_run(&s, kills);
	else
		storm_calm(&s, 300000);
	check(&w);
	storm_must(kills > 0 || w.board->may_miss + w.board->in_doubt == 0,
	    "something is missing without a death");
	storm_must(w.board->seen > 0, "nothing came");
	storm_passed(&s, "each item once, in order");
}

int
main(void)
{
	storm_plan(2);
	storm("spsc storm", 400);
	storm("spsc calm", 0);
	return EXIT_SUCCESS;
}
