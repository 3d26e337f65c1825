/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SIGKILL at every instruction that matters of whoever takes a store's lock and
 * gives it back. The lock protects two numbers that are changed one after the
 * other: who gets it after the death is told that its owner died exactly when it
 * died between taking and giving back. Then it goes on as if nothing had
 * happened.
 */

#include <stdio.h>

#include "../unit/step.h"
#include "../unit/store/lock_world.h"

#define USERS	8u
#define OWNER	((1u << 21) - 1)
#define DIED	(1u << 21)

struct ground {
	struct world	*w;
	struct qt__user	 u;		/* the survivor */
	struct qt__user	 v;		/* the victim */
	pid_t		 waiter;
};

static void
want(int ok, int code)
{
	if (!ok)
		_exit(code);
}

static void
become(struct qt__user *u, struct world *w)
{
	want(qt__user_open(u, w->dir, USERS, soon(), NULL) == 0, 90);
}

/* --- The states ----------------------------------------------------------- */

static void *
lock_free(int *fd)
{
	struct ground	*g = calloc(1, sizeof(*g));

	step_must(g != NULL, "calloc");
	g->w = world_new();
	step_must(g->w != NULL, "world");
	step_must(qt__user_open(&g->u, g->w->dir, USERS, soon(), NULL) == 0,
	    "user");
	*fd = g->w->mem;
	return g;
}

static void *
lock_ours(int *fd)
{
	struct ground	*g = lock_free(fd);

	step_must(qt__lock_take(&g->w->lock, &g->u, soon(), NULL) == 0,
	    "take");
	return g;
}

/* Half a change, by somebody who then died. */
static int
half_a_change(struct world *w)
{
	static struct qt__user	u;

	become(&u, w);
	want(qt__lock_take(&w->lock, &u, soon(), NULL) == 0, 91);
	atomic_fetch_add(&w->a, 1);
	atomic_store(&w->step, u.id);
	return 0;
}

static void *
lock_of_the_dead(int *fd)
{
	struct ground	*g = lock_free(fd);
	pid_t		 pid = world_start(g->w, half_a_change);

	step_must(pid > 0 && world_await(g->w, 1), "who dies");
	world_kill(pid);
	return g;
}

static int
wait_and_tell(struct world *w)
{
	static struct qt__user	u;
	int			rc;

	become(&u, w);
	rc = qt__lock_take(&w->lock, &u, soon(), NULL);
	want(rc >= 0 && (rc == 1 || w->a == w->b), 92);
	w->b = atomic_load(&w->a);
	qt__lock_give(&w->lock, &u);
	atomic_store(&w->step, 10 + (uint32_t)rc);
	return 0;
}

static void
clean(void *state)
{
	struct ground	*g = state;

	if (g->waiter > 0)
		world_kill(g->waiter);
	qt__user_close(&g->u);
	world_free(g->w);
	free(g);
}

/* --- What the victim does ------------------------------------------------- */

static void
begin(void *state)
{
	struct ground	*g = state;

	become(&g->v, g->w);
}

static void
change(struct world *w)
{
	atomic_fetch_add(&w->a, 1);
	atomic_fetch_add(&w->b, 1);
}

static void
op_take_give(void *state)
{
	struct ground	*g = state;
	struct world	*w = g->w;

	for (int i = 0; i < 2; i++) {
		int	rc = qt__lock_take(&w->lock, &g->v, soon(), NULL);

		want(rc >= 0, 2);
		if (rc == 1)
			w->b = atomic_load(&w->a);
		change(w);
		qt__lock_give(&w->lock, &g->v);
	}
}

static void
op_give_up(void *state)
{
	struct ground	*g = state;

	/* Long enough to be starved. */
	want(qt__lock_take(&g->w->lock, &g->v, qt_clock_mono_ms() + 4, NULL) ==
	    -ETIMEDOUT, 2);
}

static void
op_try(void *state)
{
	struct ground	*g = state;

	want(qt__lock_take(&g->w->lock, &g->v, 0, NULL) == -EBUSY, 2);
}

/* It has the lock, and somebody waits for it who is starved. */
static void
begin_with_waiter(void *state)
{
	struct ground	*g = state;
	struct world	*w = g->w;

	begin(state);
	want(qt__lock_take(&w->lock, &g->v, soon(), NULL) == 0, 3);
	atomic_store(&w->step, 1);
	want(world_await_word(w, STARVED), 4);
}

static void
op_give(void *state)
{
	struct ground	*g = state;

	change(g->w);
	qt__lock_give(&g->w->lock, &g->v);
}

/* It becomes whom the dead one was. */
static void
begin_reborn(void *state)
{
	struct ground	*g = state;

	begin(state);
	atomic_store(&g->w->lock.word, g->v.id | STARVED | 1u << 23);
}

static void
op_disown(void *state)
{
	struct ground	*g = state;

	qt__lock_disown(&g->w->lock, &g->v);
	op_take_give(state);
}

static void
op_open_close(void *state)
{
	struct ground	*g = state;

	become(&g->v, g->w);
	op_take_give(state);
	qt__user_close(&g->v);
}

/* --- What is checked ------------------------------------------------------ */

static const char *
laps(struct ground *g)
{
	struct world	*w = g->w;
	struct qt__user	 all[USERS];
	uint32_t	 count;

	for (int i = 0; i < 3; i++) {
		if (qt__lock_take(&w->lock, &g->u, soon(), NULL) != 0)
			return "a lap: take";
		if (w->a != w->b)
			return "a lap: half a change";
		change(w);
		qt__lock_give(&w->lock, &g->u);
	}
	if (atomic_load(&w->lock.word) & (OWNER | DIED))
		return "a free lock has an owner, or is not put right";
	/* No dead one keeps a place. */
	for (unsigned int i = 1; i < USERS; i++)
		if (qt__user_open(&all[i], w->dir, USERS, soon(), NULL) < 0)
			return "a dead one has its id";
	if (qt__user_count(g->u.fd, &count) < 0 || count != USERS - 1)
		return "not as many users as there are";
	for (unsigned int i = 1; i < USERS; i++)
		qt__user_close(&all[i]);
	return NULL;
}

static const char *
check(void *state)
{
	struct ground	*g = state;
	struct world	*w = g->w;
	uint32_t	 word = atomic_load(&w->lock.word);
	int		 has_died = (word & (OWNER | DIED)) != 0;
	int		 rc = qt__lock_take(&w->lock, &g->u, soon(), NULL);

	if (rc < 0)
		return "it cannot be taken";
	if (rc != has_died)
		return "told of a death that was not, or not of one that was";
	if (rc == 0 && w->a != w->b)
		return "half a change, and nobody was told";
	w->b = atomic_load(&w->a);
	qt__lock_give(&w->lock, &g->u);
	return laps(g);
}

/* The survivor has it all the time. */
static const char *
check_ours(void *state)
{
	struct ground	*g = state;

	if (qt__lock_owner(&g->w->lock, &g->u, NULL) != g->u.id)
		return "it is no longer ours";
	qt__lock_give(&g->w->lock, &g->u);
	return laps(g);
}

static const char *
check_waiter(void *state)
{
	struct ground	*g = state;
	struct world	*w = g->w;

	if (!world_await(w, 10))
		return "the waiter does not get it";
	if ((atomic_load(&w->step) == 11) != (atomic_load(&w->lock.died) == 1))
		return "the waiter was not told right";
	world_kill(g->waiter);
	g->waiter = 0;
	return laps(g);
}

/* Begins to wait when the victim has it. */
static int
wait_for_victim(struct world *w)
{
	want(world_await(w, 1), 93);
	return wait_and_tell(w);
}

static void *
lock_with_waiter(int *fd)
{
	struct ground	*g = lock_free(fd);

	g->waiter = world_start(g->w, wait_for_victim);
	step_must(g->waiter > 0, "a waiter");
	return g;
}

static const struct step_case	cases[] = {
	{ "take and give", lock_free, begin, op_take_give, check, clean },
	{ "take from the dead", lock_of_the_dead, begin, op_take_give, check,
	    clean },
	{ "wait, starve and give up", lock_ours, begin, op_give_up, check_ours,
	    clean },
	{ "try", lock_ours, begin, op_try, check_ours, clean },
	{ "give to one that starves", lock_with_waiter, begin_with_waiter,
	    op_give, check_waiter, clean },
	{ "disown", lock_free, begin_reborn, op_disown, check, clean },
	{ "open and close", lock_of_the_dead, NULL, op_open_close, check,
	    clean },
};
#define CASES	(sizeof(cases) / sizeof(cases[0]))

int
main(void)
{
	return step_run(cases, CASES);
}
