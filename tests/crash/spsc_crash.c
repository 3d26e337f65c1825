/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SIGKILL at every instruction that matters of a producer and of a consumer,
 * with the taking and giving back of the role. The survivor becomes both, finds
 * every item that was published and not released, and does three laps.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <qt/shm/spsc.h>

#include "ground.h"

#define SIZE		(64u << 10)
#define CAPACITY	5u
#define NEW		100u
#define SHORT_MS	5u
#define BOTH		(QT_SPSC_PRODUCER | QT_SPSC_CONSUMER)

struct world {
	struct ground	g;
	struct qt_spsc	*q;
	uint64_t	 fill;
	int		 is_bytes;	/* items of any length */
};

static int
push(struct qt_spsc *q, uint64_t n)
{
	return qt_spsc_push(q, &n, sizeof(n), QT_WAIT_NEVER);
}

static int64_t
pop(struct qt_spsc *q)
{
	uint64_t	n;
	ssize_t		rc = qt_spsc_pop(q, &n, sizeof(n), QT_WAIT_NEVER);

	return rc == sizeof(n) ? (int64_t)n : rc;
}

static struct world *
world_with(int *fd, uint64_t fill, int is_bytes)
{
	struct qt_spsc_spec	 queue = { .dtype = is_bytes ? NULL : "<u8",
	    .item_max = 24, .capacity = CAPACITY };
	struct world		*w = ground_new(sizeof(*w), SIZE, fd);

	step_must(qt_spsc_create(w->g.seg, "q", &queue, NULL) == 0, "spsc");
	step_must(qt_spsc_open(w->g.seg, "q", NULL, BOTH, &w->q, NULL) == 0, "open");
	for (unsigned int i = 0; i < 6; i++)
		step_must(push(w->q, 1) == 0 && pop(w->q) == 1, "turn");
	for (uint64_t n = 1; n <= fill; n++)
		step_must(push(w->q, n) == 0, "fill");
	qt_spsc_close(w->q);
	w->q = NULL;
	w->fill = fill;
	w->is_bytes = is_bytes;
	return w;
}

static void *world_empty(int *fd) { return world_with(fd, 0, 0); }
static void *world_some(int *fd) { return world_with(fd, 3, 0); }
static void *world_bytes(int *fd) { return world_with(fd, 3, 1); }
static void *world_full(int *fd) { return world_with(fd, CAPACITY, 0); }

static void
world_end(void *state)
{
	struct world	*w = state;

	ground_end(w);
}

/* Items first to fill are there, or all but the first out; and up to in more. */
static const char *
drain(struct world *w, uint64_t out, uint64_t in)
{
	int64_t		n = pop(w->q);
	uint64_t	next = n > 0 && n < (int64_t)NEW ? (uint64_t)n :
	    w->fill + 1;

	if (next > out + 1 && next <= w->fill)
		return "an item was lost";
	if (next > w->fill && w->fill > out)
		return "all items were lost";
	for (; n > 0 && n < (int64_t)NEW; n = pop(w->q), next++)
		if ((uint64_t)n != next)
			return "a wrong item";
	if (next != w->fill + 1)
		return "an item was lost at the end";
	for (next = NEW; n > 0; n = pop(w->q), next++)
		if ((uint64_t)n != next || next >= NEW + in)
			return "a wrong new item";
	return n == -QT_EEMPTY ? NULL : "it cannot be drained";
}

static const char *
check(struct world *w, uint64_t out, uint64_t in)
{
	const char	*wrong;

	if (qt_seg_sweep(w->g.seg) < 0 || qt_obj_fsck(w->g.seg, 0, NULL, NULL))
		return "it is not sound";
	if (qt_spsc_open(w->g.seg, "q", NULL, BOTH, &w->q, NULL) < 0)
		return "the dead one has its role still";
	wrong = drain(w, out, in);
	for (uint64_t n = 0; wrong == NULL && n < 3 * 8; n += CAPACITY) {
		for (uint64_t i = 0; i < CAPACITY; i++)
			if (push(w->q, n + i + 1) != 0)
				wrong = "it is full too soon";
		if (push(w->q, 1) != -QT_EFULL)
			wrong = "it is not full";
		for (uint64_t i = 0; i < CAPACITY; i++)
			if (pop(w->q) != (int64_t)(n + i + 1))
				wrong = "a wrong item in a lap";
	}
	qt_spsc_close(w->q);
	return wrong;
}

static const char *check_none(void *w) { return check(w, 0, 0); }
static const char *check_push(void *w) { return check(w, 0, 1); }
static const char *check_push_n(void *w) { return check(w, 0, 3); }
static const char *check_pop(void *w) { return check(w, 1, 0); }
static const char *check_pop_n(void *w) { return check(w, 3, 0); }

static void
be(struct world *w, unsigned int role)
{
	if (qt_spsc_open(w->g.seg, "q", NULL, role, &w->q, NULL) < 0)
		_exit(1);
}

static void
op_push(void *state)
{
	struct world	*w = state;

	be(w, QT_SPSC_PRODUCER);
	if (push(w->q, NEW) != (w->fill < CAPACITY ? 0 : -QT_EFULL))
		_exit(1);
	qt_spsc_close(w->q);
}

static void
op_pop(void *state)
{
	struct world	*w = state;

	be(w, QT_SPSC_CONSUMER);
	if (pop(w->q) != (w->fill > 0 ? 1 : -QT_EEMPTY))
		_exit(1);
	qt_spsc_close(w->q);
}

/* Over the end of the row: 6 + 3 + ... of 8. */
static void
op_push_n(void *state)
{
	struct world	*w = state;
	uint64_t	 n[3] = { NEW, NEW + 1, NEW + 2 };

	be(w, QT_SPSC_PRODUCER);
	if (qt_spsc_push_n(w->q, n, 3, QT_WAIT_NEVER) < 1)
		_exit(1);
}

static void
op_pop_n(void *state)
{
	struct world	*w = state;
	uint64_t	 n[3];

	be(w, QT_SPSC_CONSUMER);
	if (qt_spsc_pop_n(w->q, n, 3, QT_WAIT_NEVER) != 3)
		_exit(1);
}

static void
op_loan(void *state)
{
	struct world	*w = state;
	void		*at;
	uint64_t	 n = NEW;

	be(w, QT_SPSC_PRODUCER);
	if (qt_spsc_loan(w->q, &at, 1, QT_WAIT_NEVER) != 1)
		_exit(1);
	memcpy(at, &n, 8);
	if (qt_spsc_publish(w->q, w->is_bytes ? 8 : 1) < 0)
		_exit(1);
}

static void
op_take(void *state)
{
	struct world	*w = state;
	const void	*at;

	be(w, QT_SPSC_CONSUMER);
	if (qt_spsc_take(w->q, &at, NULL, 1, QT_WAIT_NEVER) != 1 ||
	    qt_spsc_release(w->q, 1) < 0)
		_exit(1);
}

/* Who waits in vain gives up. */
static void
op_wait(void *state)
{
	struct world	*w = state;
	uint64_t	 n = NEW, until = qt_wait_deadline(SHORT_MS);

	if (w->fill > 0) {
		be(w, QT_SPSC_PRODUCER);
		want(qt_spsc_push(w->q, &n, 8, until) == -ETIMEDOUT, 2);
	} else {
		be(w, QT_SPSC_CONSUMER);
		want(qt_spsc_pop(w->q, &n, 8, until) == -ETIMEDOUT, 3);
	}
}

int
main(void)
{
	static const struct step_case	cases[] = {
#define CASE(name, world, op, check) \
	{ name, world, join, op, check, world_end }
		CASE("produce into none", world_empty, op_push, check_push),
		CASE("produce into some", world_some, op_push, check_push),
		CASE("produce into a full one", world_full, op_push,
		    check_push),
		CASE("consume of none", world_empty, op_pop, check_pop),
		CASE("consume of some", world_some, op_pop, check_pop),
		CASE("consume of all", world_full, op_pop, check_pop),
		CASE("produce many", world_some, op_push_n, check_push_n),
		CASE("consume many", world_some, op_pop_n, check_pop_n),
		CASE("loan and publish", world_some, op_loan, check_push),
		CASE("take and release", world_some, op_take, check_pop),
		CASE("produce bytes", world_bytes, op_push, check_push),
		CASE("consume bytes", world_bytes, op_pop, check_pop),
		CASE("loan and publish bytes", world_bytes, op_loan,
		    check_push),
		CASE("take and release bytes", world_bytes, op_take,
		    check_pop),
		CASE("wait to produce, and give up", world_full, op_wait,
		    check_none),
		CASE("wait to consume, and give up", world_empty, op_wait,
		    check_none),
	};

	return step_run(cases, sizeof(cases) / sizeof(cases[0]));
}
