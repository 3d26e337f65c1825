/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SIGKILL at every instruction that matters of each operation on a queue, at
 * several fill levels, and of who sweeps after a dead one. Then a survivor
 * finds all items but, at most, the victim's own, does three laps, and has
 * every chunk back.
 */

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <qt/shm/queue.h>

#include "ground.h"

#define SIZE		(80u << 10)
#define CAPACITY	6u
#define LOANS		3u
#define NEW		100u	/* items that the victim pushes: from here on */
#define SEEN		256u
#define SHORT_MS	5u

struct world {
	struct ground	g;
	struct qt_queue	*q;
	struct qt_queue_item item;
	uint64_t	 fill;		/* items 1 to fill are in it */
	int		 is_again;	/* it delivers again */
};

static int
push(struct qt_queue *q, uint64_t n)
{
	return qt_queue_push(q, &n, sizeof(n), QT_WAIT_NEVER);
}

static int64_t
pop(struct qt_queue *q)
{
	uint64_t	n;
	ssize_t		rc = qt_queue_pop(q, &n, sizeof(n), QT_WAIT_NEVER);

	return rc == sizeof(n) ? (int64_t)n : rc;
}

/* turns: items that went through before, so that it begins anywhere. */
static struct world *
world_with(int *fd, uint64_t fill, unsigned int turns, unsigned int flags)
{
	struct qt_queue_spec	 queue = { .dtype = "<u8",
	    .capacity = CAPACITY, .loans = LOANS, .flags = flags };
	struct world		*w = ground_new(sizeof(*w), SIZE, fd);

	step_must(qt_queue_create(w->g.seg, "q", &queue, NULL) == 0, "queue");
	step_must(qt_queue_open(w->g.seg, "q", NULL, &w->q, NULL) == 0, "open");
	for (unsigned int i = 0; i < turns; i++)
		step_must(push(w->q, 1) == 0 && pop(w->q) == 1, "turn");
	for (uint64_t n = 1; n <= fill; n++)
		step_must(push(w->q, n) == 0, "fill");
	w->fill = fill;
	w->is_again = flags != 0;
	return w;
}

#define AGAIN QT_QUEUE_REDELIVER
static void *world_empty(int *fd) { return world_with(fd, 0, 0, 0); }
static void *world_one(int *fd) { return world_with(fd, 1, 63, 0); }
static void *world_some(int *fd) { return world_with(fd, 4, 62, 0); }
static void *world_full(int *fd) { return world_with(fd, 6, 70, 0); }
static void *world_again(int *fd) { return world_with(fd, 4, 61, AGAIN); }

/* Somebody waits, or so its flag says. */
static void *
world_waiting(int *fd)
{
	struct world	*w = world_with(fd, 0, 3, 0);
	uint64_t	 n;

	step_must(qt_queue_pop(w->q, &n, 8, qt_wait_deadline(1)) == -ETIMEDOUT,
	    "wait");
	return w;
}

/* One is dead that had taken item 1, and had another on loan. */
static struct world *
world_of_the_dead(int *fd, unsigned int flags)
{
	struct world	*w = world_with(fd, 4, 60, flags);
	int		 status;
	pid_t		 pid = fork();

	if (pid == 0) {
		struct qt_queue_item	item;

		if (qt_seg_after_fork(w->g.seg, NULL) < 0 ||
		    qt_queue_take(w->q, &item, QT_WAIT_NEVER) < 0 ||
		    qt_queue_loan(w->q, &item, QT_WAIT_NEVER) < 0)
			_exit(1);
		raise(SIGKILL);
	}
	step_must(pid > 0 && waitpid(pid, &status, 0) == pid &&
	    WIFSIGNALED(status), "a dead one");
	return w;
}

static void *world_dead(int *fd) { return world_of_the_dead(fd, 0); }
static void *world_dead_again(int *fd) { return world_of_the_dead(fd, AGAIN); }

static void
world_end(void *state)
{
	struct world	*w = state;

	qt_queue_close(w->q);
	ground_end(w);
}

/* --- What a survivor finds ------------------------------------------------ */

/* All out: how often each was seen. 0, or a negative code. */
static int
drain(struct world *w, unsigned int *seen)
{
	int64_t	n;

	memset(seen, 0, SEEN * sizeof(*seen));
	while ((n = pop(w->q)) > 0 && n < (int64_t)SEEN)
		seen[n]++;
	return n == -QT_EEMPTY ? 0 : -1;
}

/* Every chunk can be had: none leaked. */
static const char *
check_chunks(struct world *w)
{
	struct qt_queue_item	item[CAPACITY + LOANS + 1];
	unsigned int		n = 0;

	while (n < CAPACITY + LOANS + 1 &&
	    qt_queue_loan(w->q, &item[n], QT_WAIT_NEVER) == 0)
		n++;
	for (unsigned int i = 0; i < n; i++)
		if (qt_queue_cancel(w->q, &item[i]) < 0)
			return "a loan cannot be cancelled";
	return n == CAPACITY + LOANS ? NULL : "chunks were lost";
}

static const char *
check_laps(struct world *w)
{
	for (uint64_t n = 0; n < 3 * 64; n += CAPACITY) {
		for (uint64_t i = 0; i < CAPACITY; i++)
			if (push(w->q, n + i + 1) != 0)
				return "it is full too soon";
		if (push(w->q, 1) != -QT_EFULL)
			return "it is not full";
		for (uint64_t i = 0; i < CAPACITY; i++)
			if (pop(w->q) != (int64_t)(n + i + 1))
				return "a wrong item";
		if (pop(w->q) != -QT_EEMPTY)
			return "it is not empty";
	}
	return NULL;
}

/* Items 1 to fill but the first `out`, which may be gone; new ones may be there. */
static const char *
check(struct world *w, uint64_t out, uint64_t in)
{
	unsigned int	seen[SEEN];
	const char	*wrong;

	if (qt_seg_sweep(w->g.seg) < 0 || qt_seg_fsck(w->g.seg, NULL) < 0)
		return "the segment is not sound";
	if (qt_obj_fsck(w->g.seg, 0, NULL, NULL) != 0)
		return "fsck of the queue";
	if (drain(w, seen) < 0)
		return "it cannot be drained";
	for (uint64_t n = 1; n < SEEN; n++) {
		if (seen[n] > 1)
			return "an item came twice";
		if (n <= w->fill && n > out && seen[n] == 0)
			return "an item was lost";
		if (n > w->fill && seen[n] != 0 && (n < NEW || n >= NEW + in))
			return "an item that nobody pushed";
		/* In their order: each only with all before it. */
		if (n > NEW && seen[n] > seen[n - 1])
			return "an item overtook another";
	}
	wrong = check_chunks(w);
	if (wrong == NULL)
		wrong = check_laps(w);
	if (wrong == NULL && qt_obj_fsck(w->g.seg, 0, NULL, NULL) != 0)
		wrong = "fsck afterwards";
	return wrong;
}

static const char *check_push(void *w) { return check(w, 0, 1); }
static const char *check_pushv(void *w) { return check(w, 0, 3); }
static const char *check_pop(void *w) { return check(w, 1, 0); }
static const char *check_popv(void *w) { return check(w, 3, 0); }
/* Nothing was released, so nothing may be missing. */
static const char *check_none(void *w) { return check(w, 0, 0); }

/* --- Operations ----------------------------------------------------------- */

static void
op_push(void *state)
{
	struct world	*w = state;

	if (push(w->q, NEW) != (w->fill < CAPACITY ? 0 : -QT_EFULL))
		_exit(1);
}

static void
op_pop(void *state)
{
	struct world	*w = state;

	if (pop(w->q) != (w->fill > 0 ? 1 : -QT_EEMPTY))
		_exit(1);
}

/* Who waits in vain gives up. */
static void
op_wait_to_push(void *state)
{
	struct world	*w = state;
	uint64_t	 n = NEW;

	want(qt_queue_push(w->q, &n, 8, qt_wait_deadline(SHORT_MS)) ==
	    -ETIMEDOUT, 2);
}

static void
op_wait_to_pop(void *state)
{
	struct world	*w = state;
	uint64_t	 n;

	want(qt_queue_pop(w->q, &n, 8, qt_wait_deadline(SHORT_MS)) ==
	    -ETIMEDOUT, 2);
}

static void
op_pushv(void *state)
{
	struct world	*w = state;
	uint64_t	 n[3] = { NEW, NEW + 1, NEW + 2 };
	struct iovec	 v[3] = { { &n[0], 8 }, { &n[1], 8 }, { &n[2], 8 } };

	if (qt_queue_pushv(w->q, v, 3, QT_WAIT_NEVER) < 1)
		_exit(1);
}

static void
op_popv(void *state)
{
	struct world	*w = state;
	uint64_t	 n[3];
	struct iovec	 v[3] = { { &n[0], 8 }, { &n[1], 8 }, { &n[2], 8 } };

	if (qt_queue_popv(w->q, v, 3, QT_WAIT_NEVER) < 1)
		_exit(1);
}

static void
op_publish(void *state)
{
	struct world	*w = state;
	uint64_t	 n = NEW;

	if (qt_queue_loan(w->q, &w->item, QT_WAIT_NEVER) < 0)
		_exit(1);
	memcpy(w->item.data, &n, 8);
	if (qt_queue_publish(w->q, &w->item, 8) < 0)
		_exit(1);
}

static void
op_cancel(void *state)
{
	struct world	*w = state;

	if (qt_queue_loan(w->q, &w->item, QT_WAIT_NEVER) < 0 ||
	    qt_queue_cancel(w->q, &w->item) < 0)
		_exit(1);
}

static void
op_release(void *state)
{
	struct world	*w = state;

	if (qt_queue_take(w->q, &w->item, QT_WAIT_NEVER) < 0 ||
	    qt_queue_release(w->q, &w->item) < 0)
		_exit(1);
}

static void
begin_taken(void *state)
{
	struct world	*w = state;

	join(w);
	if (qt_queue_take(w->q, &w->item, QT_WAIT_NEVER) < 0)
		_exit(1);
}

static void
op_requeue(void *state)
{
	struct world	*w = state;

	if (qt_queue_requeue(w->q, &w->item) < 0)
		_exit(1);
}

/* Leaves with an item taken and one on loan. */
static void
op_close(void *state)
{
	struct world	*w = state;

	if (qt_queue_loan(w->q, &w->item, QT_WAIT_NEVER) < 0)
		_exit(1);
	qt_queue_close(w->q);
}

int
main(void)
{
	static const struct step_case	cases[] = {
#define CASE(name, world, begin, op, check) \
	{ name, world, begin, op, check, world_end }
		CASE("push to none", world_empty, join, op_push, check_push),
		CASE("push to one", world_one, join, op_push, check_push),
		CASE("push to some", world_some, join, op_push, check_push),
		CASE("push to a full one", world_full, join, op_push,
		    check_push),
		CASE("push where somebody waits", world_waiting, join, op_push,
		    check_push),
		CASE("pop of none", world_empty, join, op_pop, check_pop),
		CASE("pop of one", world_one, join, op_pop, check_pop),
		CASE("pop of some", world_some, join, op_pop, check_pop),
		CASE("pop of all", world_full, join, op_pop, check_pop),
		CASE("pop, delivered again", world_again, join, op_pop,
		    check_pop),
		CASE("wait to push, and give up", world_full, join,
		    op_wait_to_push, check_none),
		CASE("wait to pop, and give up", world_empty, join,
		    op_wait_to_pop, check_none),
		CASE("push of many to none", world_empty, join, op_pushv,
		    check_pushv),
		CASE("pop of many of all", world_full, join, op_popv,
		    check_popv),
		CASE("push of many", world_some, join, op_pushv, check_pushv),
		CASE("pop of many", world_some, join, op_popv, check_popv),
		CASE("loan and publish", world_some, join, op_publish,
		    check_push),
		CASE("loan and cancel", world_some, join, op_cancel,
		    check_none),
		CASE("take and release", world_some, join, op_release,
		    check_pop),
		CASE("take and release, delivered again", world_again, join,
		    op_release, check_pop),
		CASE("requeue", world_some, begin_taken, op_requeue,
		    check_pop),
		CASE("requeue, delivered again", world_again, begin_taken,
		    op_requeue, check_none),
		CASE("close with items", world_some, begin_taken, op_close,
		    check_pop),
		CASE("close with items, delivered again", world_again,
		    begin_taken, op_close, check_none),
		CASE("sweep after a dead one", world_dead, NULL, join,
		    check_pop),
		CASE("sweep after a dead one, delivered again",
		    world_dead_again, NULL, join, check_none),
	};

	return step_run(cases, sizeof(cases) / sizeof(cases[0]));
}
