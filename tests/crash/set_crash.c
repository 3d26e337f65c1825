/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SIGKILL at every instruction that matters of each change of a set. The member
 * that it was about is there or is not, before and after the sweep; the others
 * are untouched; and a survivor fills and empties the set three times.
 */

#include <errno.h>

#include <qt/shm/set.h>

#include "ground.h"

#define CAPACITY	12
#define COUNT		8
#define VICTIM		3
#define NEW		100

struct world {
	struct ground	g;
	struct qt_set	*s;
	int		is_cleared;
};

static void *
world_new(int *fd)
{
	struct world		*w = ground_new(sizeof(*w), 256u << 10, fd);
	struct qt_set_spec	 spec = { .key_max = 4, .capacity = CAPACITY };

	step_must(qt_set_create(w->g.seg, "s", &spec, NULL) == 0 &&
	    qt_set_open(w->g.seg, "s", NULL, &w->s, NULL) == 0, "set");
	for (int k = 1; k <= COUNT; k++)
		step_must(qt_set_add(w->s, &k, 4) == 0, "add");
	return w;
}

static void *
clearing(int *fd)
{
	struct world	*w = world_new(fd);

	w->is_cleared = 1;
	return w;
}

static void
world_end(void *state)
{
	struct world	*w = state;

	qt_set_close(w->s);
	ground_end(w);
}

/* How many are there; -1 when that is wrong. */
static int
members(struct world *w)
{
	int	k, count = 0, left = COUNT - 1;
	size_t	len = 0;

	while (qt_set_next(w->s, &k, &len) > 0) {
		count++;
		if (k != VICTIM && k != NEW && (k < 1 || k > COUNT))
			return -1;
		left -= k != VICTIM && k != NEW;
		if (qt_set_has(w->s, &k, 4) != 1)
			return -1;
	}
	return left != 0 && !w->is_cleared ? -1 : count;
}

static const char *
check_laps(struct world *w)
{
	int	k;

	for (int lap = 0; lap < 3; lap++) {
		for (k = 1; k <= CAPACITY; k++)
			if (qt_set_add(w->s, &k, 4) != 0)
				return "it is full too soon";
		if (qt_set_add(w->s, &k, 4) != -QT_EFULL)
			return "it is not full";
		if (qt_set_count(w->s) != CAPACITY)
			return "the count is not right";
		k = 1;
		if (qt_set_add(w->s, &k, 4) != -EEXIST ||
		    qt_set_del(w->s, &k, 4) != 0 ||
		    qt_set_clear(w->s) != CAPACITY - 1)
			return "not every member was deleted";
	}
	return NULL;
}

static const char *
check(void *state)
{
	struct world	*w = state;
	int		 before = members(w);
	const char	*wrong = check_sound(w);

	if (before < 0)
		return "a member came or went";
	if (wrong == NULL && members(w) != before)
		wrong = "the sweep changed a member";
	if (wrong == NULL && qt_set_count(w->s) != (uint64_t)before)
		wrong = "the count is not right";
	if (wrong == NULL && qt_set_clear(w->s) != before)
		wrong = "it cannot be cleared";
	if (wrong == NULL)
		wrong = check_laps(w);
	return wrong == NULL ? check_sound(w) : wrong;
}

static void
op_add(void *state)
{
	struct world	*w = state;
	int		 k = NEW;

	want(qt_set_add(w->s, &k, 4) == 0, 2);
}

static void
op_del(void *state)
{
	struct world	*w = state;
	int		 k = VICTIM;

	want(qt_set_del(w->s, &k, 4) == 0, 2);
}

static void
op_clear(void *state)
{
	struct world	*w = state;

	want(qt_set_clear(w->s) == COUNT, 2);
}

static void
op_count(void *state)
{
	struct world	*w = state;

	op_del(w);
	want(qt_set_count(w->s) == COUNT - 1, 3);
	op_add(w);
	want(qt_set_count(w->s) == COUNT, 4);
}

int
main(void)
{
	static const struct step_case	cases[] = {
		{ "add a member", world_new, join, op_add, check, world_end },
		{ "delete a member", world_new, join, op_del, check,
		    world_end },
		{ "delete, add and count", world_new, join, op_count, check,
		    world_end },
		{ "clear a set", clearing, join, op_clear, check, world_end },
	};

	return step_run(cases, sizeof(cases) / sizeof(cases[0]));
}
