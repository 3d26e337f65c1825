/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SIGKILL at every instruction that matters of whoever does something once. It
 * changes two words one after the other: whoever comes after the death finds
 * it done, and the words equal, or does it.
 */

#include <qt/shm/once.h>

#include "sync_world.h"

static void *
once_new(int *fd)
{
	struct world	*w = world_new(fd);
	struct qt_once	*o = NULL;

	step_must(qt_once_create(w->g.seg, "o", NULL) == 0 &&
	    qt_once_open(w->g.seg, "o", &o, NULL) == 0, "once");
	w->it = o;
	return w;
}

static void
once_clean(void *state)
{
	struct world	*w = state;

	qt_once_close(w->it);
	world_end(w);
}

static int
init(void *arg)
{
	struct world	*w = arg;

	put_right(w);
	change(w);
	return 0;
}

static int
fail(void *arg)
{
	(void)arg;
	return -EIO;
}

static void
once_begin(struct world *w)
{
	want(qt_once_begin(w->it, soon()) == 1, 3);
	w->data[0]++;
}

static void
once_of_the_dead(void *state)
{
	join(state);
	die_after(state, once_begin);
}

static void
once_op(void *state)
{
	struct world	*w = state;

	want(qt_once_run(w->it, soon(), fail, NULL) == -EIO, 2);
	want(qt_once_run(w->it, soon(), init, w) == 0, 3);
}

/* The same in parts. */
static void
once_op_parts(void *state)
{
	struct world	*w = state;

	want(qt_once_begin(w->it, soon()) == 1, 2);
	want(qt_once_fail(w->it) == 0, 3);
	want(qt_once_begin(w->it, soon()) == 1, 4);
	want(init(w) == 0, 5);
	want(qt_once_done(w->it) == 0, 6);
	want(qt_once_begin(w->it, QT_WAIT_NEVER) == 0, 7);
}

static const char *
once_check(void *state)
{
	struct world	*w = state;

	for (int i = 0; i < 3; i++)
		if (qt_once_run(w->it, soon(), init, w) != 0)
			return "it cannot be done";
	if (!is_whole(w) || w->data[0] == 0)
		return "it is done and is not";
	if (!qt_once_is_done(w->it) || qt_once_owner(w->it) != 0)
		return "it is not done";
	return check_sound(w);
}

/* Sweeping alone is enough. */
static const char *
once_check_swept(void *state)
{
	const char	*wrong = check_sound(state);

	return wrong != NULL ? wrong : once_check(state);
}

int
main(void)
{
	static const struct step_case	cases[] = {
		{ "do something once", once_new, join, once_op, once_check,
		    once_clean },
		{ "begin and fail, begin and be done", once_new, join,
		    once_op_parts, once_check, once_clean },
		{ "do what a dead one began", once_new, once_of_the_dead,
		    once_op, once_check, once_clean },
		{ "sweep one who did it", once_new, once_of_the_dead, op_sweep,
		    once_check_swept, once_clean },
	};

	return step_run(cases, sizeof(cases) / sizeof(cases[0]));
}
