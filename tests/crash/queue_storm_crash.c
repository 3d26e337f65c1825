/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Processes that push to and pop from a queue (or stack), killed and stopped at
 * random. Each item has a number, each process writes down what it pushes before
 * it does and what it popped after it did. In the end, when all is drained:
 *
 *	- nothing came out twice (but redelivered items, that far);
 *	- what is missing was in the hands of who was killed: one item a kill;
 *	- without kills, everything came out once;
 *	- the items of one producer came in their order (queues).
 */

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <qt/shm/queue.h>
#include <qt/shm/stack.h>

#include "../unit/storm.h"

#define WORKERS		6
#define ITEMS		(1u << 24)	/* numbers at most */
#define LIVES		65536u		/* processes */
#define CAPACITY	64u

/* What all know; it survives them. */
struct board {
	_Atomic uint64_t	next;		/* number to push */
	_Atomic uint8_t		pushed[ITEMS];	/* 1 begun, 2 done */
	_Atomic uint8_t		popped[ITEMS];	/* how often */
	uint16_t		by[ITEMS];	/* who pushed it: life's number */
	_Atomic uint64_t	disorder;
	_Atomic uint32_t	lives;
};

struct world {
	struct qt_seg	*seg;
	struct qt_queue	*queue;		/* or */
	struct qt_stack	*stack;
	struct board	*board;
	uint16_t	 life;		/* in a worker: its number, */
	uint64_t	 last[LIVES];	/* and the newest item of each life */
};

static int
push(struct world *w, uint64_t n, unsigned int how)
{
	struct qt_queue_item	item;
	int			rc;

	if (w->stack != NULL)
		return qt_stack_push(w->stack, &n, 8, QT_WAIT_NEVER);
	if (how % 3 != 0)
		return qt_queue_push(w->queue, &n, 8, QT_WAIT_NEVER);
	rc = qt_queue_loan(w->queue, &item, QT_WAIT_NEVER);
	if (rc == 0) {
		memcpy(item.data, &n, 8);
		rc = qt_queue_publish(w->queue, &item, 8);
	}
	return rc;
}

static int
pop(struct world *w, uint64_t *n, unsigned int how)
{
	struct qt_queue_item	item;
	ssize_t			rc;

	if (w->stack != NULL)
		rc = qt_stack_pop(w->stack, n, 8, QT_WAIT_NEVER);
	else if (how % 3 != 0)
		rc = qt_queue_pop(w->queue, n, 8, QT_WAIT_NEVER);
	else
		rc = qt_queue_take(w->queue, &item, QT_WAIT_NEVER);
	if (w->queue != NULL && how % 3 == 0 && rc == 0) {
		memcpy(n, item.data, 8);
		rc = qt_queue_release(w->queue, &item);
	}
	return rc < 0 ? (int)rc : 0;
}

static void
turn_push(struct world *w, unsigned int r)
{
	struct board	*b = w->board;
	uint64_t	 n = atomic_fetch_add(&b->next, 1);
	int		 rc;

	if (n >= ITEMS)
		return;
	b->by[n] = w->life;
	atomic_store(&b->pushed[n], 1);
	rc = push(w, n, r);
	storm_expect(rc == 0 || rc == -QT_EFULL, 11);
	atomic_store(&b->pushed[n], rc == 0 ? 2 : 0);
}

static void
turn_pop(struct world *w, unsigned int r)
{
	struct board	*b = w->board;
	uint64_t	 n;
	int		 rc = pop(w, &n, r);

	storm_expect(rc == 0 || rc == -QT_EEMPTY, 21);
	if (rc < 0)
		return;
	storm_expect(n < ITEMS && atomic_load(&b->pushed[n]) != 0, 22);
	atomic_fetch_add(&b->popped[n], 1);
	if (w->last[b->by[n]] > n)
		atomic_fetch_add(&b->disorder, 1);
	w->last[b->by[n]] = n;
}

static void
begin(void *arg, unsigned int worker)
{
	struct world	*w = arg;

	(void)worker;
	w->life = (uint16_t)atomic_fetch_add(&w->board->lives, 1);
	storm_expect(qt_seg_after_fork(w->seg, NULL) == 0, 40);
}

static void
turn(void *arg, unsigned int worker, unsigned int r, uint64_t n)
{
	(void)n;
	r >>= 4;
	/* Some produce more, some consume more. */
	if (r % 8 < worker + 1)
		turn_push(arg, r / 8);
	else
		turn_pop(arg, r / 8);
}

static void
prepare(struct world *w, int is_stack, unsigned int flags)
{
	struct qt_seg_spec	spec = { .size = 1u << 20, .mode = 0600,
	    .group = (gid_t)-1, .participants = WORKERS + 2, .kind = "storm" };
	struct qt_queue_spec	queue = { .item_max = 8, .capacity = CAPACITY,
	    .flags = flags };
	struct qt_stack_spec	stack = { .item_max = 8, .capacity = CAPACITY,
	    .flags = flags };

	memset(w, 0, sizeof(*w));
	storm_must(qt_seg_create(NULL, &spec, &w->seg, NULL) == 0, "create");
	if (is_stack)
		storm_must(qt_stack_create(w->seg, "s", &stack, NULL) == 0 &&
		    qt_stack_open(w->seg, "s", NULL, &w->stack, NULL) == 0,
		    "stack");
	else
		storm_must(qt_queue_create(w->seg, "q", &queue, NULL) == 0 &&
		    qt_queue_open(w->seg, "q", NULL, &w->queue, NULL) == 0,
		    "queue");
	w->board = storm_memory(sizeof(*w->board));
}

/* Drained by us, after a sweep; then the books are compared. */
static void
check(struct world *w, uint64_t kills, int is_again)
{
	struct board	*b = w->board;
	uint64_t	 n, lost = 0, twice = 0, out = 0;
	uint64_t	 end = atomic_load(&b->next);
	int		 rc;

	storm_must(qt_seg_sweep(w->seg) >= 0, "sweep");
	storm_must(qt_obj_fsck(w->seg, 0, NULL, NULL) == 0, "fsck");
	while ((rc = pop(w, &n, 1)) == 0) {
		storm_must(n < ITEMS && atomic_load(&b->pushed[n]) != 0,
		    "an item that nobody pushed");
		atomic_fetch_add(&b->popped[n], 1);
	}
	storm_must(rc == -QT_EEMPTY, "it cannot be drained");
	for (n = 0; n < end && n < ITEMS; n++) {
		unsigned int	times = atomic_load(&b->popped[n]);

		out += times > 0;
		twice += times > 1 ? times - 1 : 0;
		lost += times == 0 && atomic_load(&b->pushed[n]) == 2;
		storm_must(times == 0 || atomic_load(&b->pushed[n]) != 0,
		    "an item that was refused came out");
	}
	printf("# %llu items out, %llu kills, %llu lost, %llu twice\n",
	    (unsigned long long)out, (unsigned long long)kills,
	    (unsigned long long)lost, (unsigned long long)twice);
	storm_must(lost <= kills, "items were lost");
	storm_must(twice <= (is_again ? kills : 0), "items came twice");
	storm_must(w->stack != NULL || is_again || atomic_load(&b->disorder) == 0,
	    "items overtook each other");
	/* It is as new: full at its capacity, then empty. */
	for (n = 0; n < CAPACITY; n++)
		storm_must(push(w, n, 1) == 0, "it is full too soon");
	storm_must(push(w, n, 1) == -QT_EFULL, "it is not full");
	for (n = 0; n < CAPACITY; n++)
		storm_must(pop(w, &end, 1) == 0, "it is empty too soon");
	storm_must(qt_obj_fsck(w->seg, 0, NULL, NULL) == 0, "fsck");
	qt_queue_close(w->queue);
	qt_stack_close(w->stack);
	qt_seg_close(w->seg);
	munmap(w->board, sizeof(*b));
}

static void
storm(const char *name, int is_stack, unsigned int flags, int kills)
{
	static struct world	w;
	struct storm		s = { .name = name, .workers = WORKERS,
	    .begin = begin, .turn = turn, .arg = &w };

	prepare(&w, is_stack, flags);
	if (kills > 0)
		storm_run(&s, kills);
	else
		storm_calm(&s, 200000);
	check(&w, s.kills, flags != 0);
	storm_passed(&s, kills > 0 ? "nothing but the victims' own is lost" :
	    "without deaths everything comes out once");
}

int
main(void)
{
	storm_plan(6);
	storm("a queue", 0, 0, 300);
	storm("a queue that delivers again", 0, QT_QUEUE_REDELIVER, 300);
	storm("a stack", 1, 0, 300);
	storm("a stack that delivers again", 1, QT_STACK_REDELIVER, 300);
	storm("a queue", 0, 0, 0);
	storm("a stack", 1, 0, 0);
	return EXIT_SUCCESS;
}
