/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SIGKILL at every instruction that matters of each operation on a stack and on
 * a pool, and of who sweeps after a dead one. The survivor finds all items but,
 * at most, the victim's own, fills and empties it three times, and no chunk is
 * missing.
 */

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <qt/shm/pool.h>
#include <qt/shm/stack.h>

#include "ground.h"

#define SIZE		(80u << 10)
#define CAPACITY	4u
#define NEW		100u
#define SHORT_MS	5u

struct world {
	struct ground	g;
	struct qt_stack	*s;
	struct qt_shm_pool *p;
	uint64_t	 handle[CAPACITY];	/* blocks that are nobody's */
	uint64_t	 fill;		/* items, or blocks */
};

static int
push(struct qt_stack *s, uint64_t n)
{
	return qt_stack_push(s, &n, sizeof(n), QT_WAIT_NEVER);
}

static int64_t
pop(struct qt_stack *s)
{
	uint64_t	n;
	ssize_t		rc = qt_stack_pop(s, &n, sizeof(n), QT_WAIT_NEVER);

	return rc == sizeof(n) ? (int64_t)n : rc;
}

static struct world *
world_with(int *fd, uint64_t fill, unsigned int flags)
{
	struct qt_stack_spec	 stack = { .dtype = "<u8",
	    .capacity = CAPACITY, .flags = flags };
	struct qt_shm_pool_spec	 pool = { .size = 40, .capacity = CAPACITY };
	struct world		*w = ground_new(sizeof(*w), SIZE, fd);

	step_must(qt_stack_create(w->g.seg, "s", &stack, NULL) == 0, "stack");
	step_must(qt_stack_open(w->g.seg, "s", NULL, &w->s, NULL) == 0, "open");
	step_must(qt_shm_pool_create(w->g.seg, "p", &pool, NULL) == 0, "pool");
	step_must(qt_shm_pool_open(w->g.seg, "p", NULL, &w->p, NULL) == 0, "open");
	for (uint64_t n = 1; n <= fill; n++) {
		step_must(push(w->s, n) == 0, "fill");
		step_must(qt_shm_pool_alloc(w->p, &w->handle[n - 1],
		    QT_WAIT_NEVER) == 0 && qt_shm_pool_give(w->p,
		    w->handle[n - 1]) == 0, "block");
	}
	w->fill = fill;
	return w;
}

#define AGAIN QT_STACK_REDELIVER
static void *world_empty(int *fd) { return world_with(fd, 0, 0); }
static void *world_one(int *fd) { return world_with(fd, 1, 0); }
static void *world_some(int *fd) { return world_with(fd, 3, 0); }
static void *world_full(int *fd) { return world_with(fd, CAPACITY, 0); }
static void *world_again(int *fd) { return world_with(fd, 3, AGAIN); }

static void
world_end(void *state)
{
	struct world	*w = state;

	qt_stack_close(w->s);
	qt_shm_pool_close(w->p);
	ground_end(w);
}

/* --- What a survivor finds ------------------------------------------------ */

/* New items on top, in order; then fill, or one less, down to 1. */
static const char *
drain(struct world *w, uint64_t out, uint64_t in)
{
	int64_t		n = pop(w->s), last = INT64_MAX;
	uint64_t	count = 0;

	for (; n >= (int64_t)NEW; n = pop(w->s)) {
		if (n >= last || (uint64_t)n >= NEW + in)
			return "a wrong new item";
		last = n;
	}
	for (last = n; n > 0; n = pop(w->s), last--, count++)
		if (n != last)
			return "a wrong item";
	if (n != -QT_EEMPTY)
		return "it cannot be drained";
	return count + out < w->fill || count > w->fill ? "items were lost" :
	    NULL;
}

static const char *
check_laps(struct world *w)
{
	/* As often as there are chunks: each comes round. */
	for (uint64_t n = 0; n < 3 * (CAPACITY + 2 * PARTICIPANTS); n += CAPACITY) {
		for (uint64_t i = 0; i < CAPACITY; i++)
			if (push(w->s, n + i + 1) != 0)
				return "it is full too soon";
		if (push(w->s, 1) != -QT_EFULL)
			return "it is not full";
		for (uint64_t i = CAPACITY; i-- > 0;)
			if (pop(w->s) != (int64_t)(n + i + 1))
				return "a wrong item in a lap";
	}
	return NULL;
}

/* Nothing of the stack is in use when nothing is on it. */
static const char *
check_chunks(struct world *w)
{
	struct qt_obj_stat	 st;
	const unsigned char	*at;

	if (qt_obj_stat(w->g.seg, "s", &st, NULL) < 0)
		return "stat";
	/* qt-segment(5): chunks of 64 bytes from 640 on, free when state 0. */
	for (uint64_t o = 640; o + 64 <= st.size; o += 64) {
		at = qt_seg_at(w->g.seg, st.offset + o, 64);
		if (at[0] != 0 || at[1] != 0)
			return "a chunk was lost";
	}
	return NULL;
}

static const char *
check_stack(struct world *w, uint64_t out, uint64_t in)
{
	const char	*wrong = check_sound(w);

	if (wrong == NULL)
		wrong = drain(w, out, in);
	if (wrong == NULL)
		wrong = check_chunks(w);
	if (wrong == NULL)
		wrong = check_laps(w);
	return wrong == NULL ? check_sound(w) : wrong;
}

static const char *check_push(void *w) { return check_stack(w, 0, 2); }
static const char *check_pop(void *w) { return check_stack(w, 1, 0); }
static const char *check_pop2(void *w) { return check_stack(w, 2, 0); }
static const char *check_none(void *w) { return check_stack(w, 0, 0); }

/* Given blocks are there, but `out` at most; and `in` more at most. */
static const char *
check_pool(struct world *w, uint64_t out, uint64_t in)
{
	const char	*wrong = check_sound(w);
	uint64_t	 n = qt_shm_pool_count(w->p), h[CAPACITY + 1], k;

	if (wrong != NULL)
		return wrong;
	if (n + out < w->fill || n > w->fill + in)
		return "blocks were lost or kept";
	for (int lap = 0; lap < 3; lap++) {
		k = n;
		while (k <= CAPACITY && qt_shm_pool_alloc(w->p, &h[k],
		    QT_WAIT_NEVER) == 0)
			k++;
		if (k != CAPACITY)
			return "not all blocks can be had";
		while (k-- > n)
			if (qt_shm_pool_free(w->p, h[k]) < 0)
				return "a block cannot be freed";
	}
	return check_sound(w);
}

static const char *check_alloc(void *w) { return check_pool(w, 0, 0); }
static const char *check_give(void *w) { return check_pool(w, 0, 1); }
static const char *check_free(void *w) { return check_pool(w, 1, 0); }

/* --- Operations ----------------------------------------------------------- */

static void
op_push(void *state)
{
	struct world	*w = state;

	if (push(w->s, NEW) != (w->fill < CAPACITY ? 0 : -QT_EFULL))
		_exit(1);
}

static void
op_push_two(void *state)
{
	struct world	*w = state;

	if (push(w->s, NEW) < 0 || push(w->s, NEW + 1) != (w->fill + 1 <
	    CAPACITY ? 0 : -QT_EFULL))
		_exit(1);
}

static void
op_pop(void *state)
{
	struct world	*w = state;

	if (pop(w->s) != (w->fill > 0 ? (int64_t)w->fill : -QT_EEMPTY))
		_exit(1);
}

static void
op_pop_two(void *state)
{
	struct world	*w = state;

	op_pop(w);
	if (pop(w->s) != (int64_t)w->fill - 1)
		_exit(1);
}

/* The victim's own item, put on and taken off. */
static void
op_push_and_pop(void *state)
{
	struct world	*w = state;

	op_push(w);
	if (pop(w->s) != NEW)
		_exit(1);
}

static void
op_alloc_and_give(void *state)
{
	struct world	*w = state;
	uint64_t	 h;

	if (qt_shm_pool_alloc(w->p, &h, QT_WAIT_NEVER) < 0 ||
	    qt_shm_pool_give(w->p, h) < 0)
		_exit(1);
}

static void
op_alloc_and_free(void *state)
{
	struct world	*w = state;
	uint64_t	 h;

	if (qt_shm_pool_alloc(w->p, &h, QT_WAIT_NEVER) < 0 ||
	    qt_shm_pool_free(w->p, h) < 0)
		_exit(1);
}

static void
op_own_and_free(void *state)
{
	struct world	*w = state;

	if (qt_shm_pool_own(w->p, w->handle[0]) < 0 ||
	    qt_shm_pool_free(w->p, w->handle[0]) < 0)
		_exit(1);
}

/* With the last handle, what it owns is free: one was given, one is new. */
static void
op_close_pool(void *state)
{
	struct world	*w = state;
	uint64_t	 h;

	want(qt_shm_pool_own(w->p, w->handle[0]) == 0, 2);
	want(qt_shm_pool_alloc(w->p, &h, QT_WAIT_NEVER) == 0, 3);
	qt_shm_pool_close(w->p);
}

/* Who waits in vain gives up. */
static void
op_wait_for_block(void *state)
{
	struct world	*w = state;
	uint64_t	 h;

	want(qt_shm_pool_alloc(w->p, &h, qt_wait_deadline(SHORT_MS)) ==
	    -ETIMEDOUT, 2);
}

static void
op_wait(void *state)
{
	struct world	*w = state;
	uint64_t	 n = NEW, until = qt_wait_deadline(SHORT_MS);

	if (w->fill > 0)
		want(qt_stack_push(w->s, &n, 8, until) == -ETIMEDOUT, 2);
	else
		want(qt_stack_pop(w->s, &n, 8, until) == -ETIMEDOUT, 3);
}

/*
 * Who joins sweeps after one that died while it popped: stopped by a buffer
 * that cannot be written to, between taking and giving back.
 */
static struct world *
world_of_the_dead(int *fd, unsigned int flags)
{
	struct world	*w = world_with(fd, 3, flags);
	int		 status;
	pid_t		 pid = fork();

	if (pid == 0) {
		uint64_t	 h;
		void		*none = mmap(NULL, 4096, PROT_NONE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		join(w);
		if (none == MAP_FAILED ||
		    qt_shm_pool_alloc(w->p, &h, QT_WAIT_NEVER) < 0)
			_exit(1);
		(void)signal(SIGSEGV, SIG_DFL);
		(void)qt_stack_pop(w->s, none, 8, QT_WAIT_NEVER);
		_exit(1);
	}
	step_must(pid > 0 && waitpid(pid, &status, 0) == pid &&
	    WIFSIGNALED(status), "a dead one");
	return w;
}

static void *world_dead(int *fd) { return world_of_the_dead(fd, 0); }
static void *world_dead_again(int *fd) { return world_of_the_dead(fd, AGAIN); }

int
main(void)
{
	static const struct step_case	cases[] = {
#define CASE(name, world, begin, op, check) \
	{ name, world, begin, op, check, world_end }
		CASE("push onto none", world_empty, join, op_push, check_push),
		CASE("push two onto one", world_one, join, op_push_two,
		    check_push),
		CASE("push two onto some", world_some, join, op_push_two,
		    check_push),
		CASE("push onto a full one", world_full, join, op_push,
		    check_push),
		CASE("pop of none", world_empty, join, op_pop, check_pop),
		CASE("pop of one", world_one, join, op_pop, check_pop),
		CASE("pop two of some", world_some, join, op_pop_two,
		    check_pop2),
		CASE("pop of all", world_full, join, op_pop, check_pop),
		CASE("pop, delivered again", world_again, join, op_pop,
		    check_pop),
		CASE("push and pop", world_some, join, op_push_and_pop,
		    check_push),
		CASE("sweep after a dead one", world_dead, NULL, join,
		    check_pop),
		CASE("sweep after a dead one, delivered again",
		    world_dead_again, NULL, join, check_none),
		CASE("pool: alloc and free", world_some, join,
		    op_alloc_and_free, check_alloc),
		CASE("pool: alloc and give", world_some, join,
		    op_alloc_and_give, check_give),
		CASE("pool: own and free", world_some, join, op_own_and_free,
		    check_free),
		CASE("wait to push, and give up", world_full, join, op_wait,
		    check_none),
		CASE("wait to pop, and give up", world_empty, join, op_wait,
		    check_none),
		CASE("pool: wait, and give up", world_full, join,
		    op_wait_for_block, check_alloc),
		CASE("pool: close with blocks", world_some, join,
		    op_close_pool, check_free),
		CASE("pool: sweep after a dead one", world_dead, NULL, join,
		    check_alloc),
	};

	return step_run(cases, sizeof(cases) / sizeof(cases[0]));
}
