/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SIGKILL at every instruction that matters of writing to an array: each element
 * is the old one or the new one, in the order in which they were written.
 */

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <qt/shm/array.h>

#include "ground.h"

#define COUNT	12
#define OLD	INT64_C(0x1111111111111111)
#define NEW	INT64_C(0x2222222222222222)

struct world {
	struct ground	g;
	struct qt_array	*a;
};

static void *
world_new(int *fd)
{
	struct qt_array_spec	 spec = { .dtype = "i8", .shape = { COUNT } };
	struct world		*w = ground_new(sizeof(*w),
	    256u << 10, fd);
	int64_t			 v = OLD;

	step_must(qt_array_create(w->g.seg, "a", &spec, NULL) == 0 &&
	    qt_array_open(w->g.seg, "a", NULL, &w->a, NULL) == 0 &&
	    qt_array_fill(w->a, 0, COUNT, &v) == 0, "create");
	return w;
}

static void
world_end(void *state)
{
	struct world	*w = state;

	qt_array_close(w->a);
	ground_end(w);
}

static const char *
check(void *state)
{
	struct world	*w = state;
	int64_t		 v[COUNT];
	int		 has_old = 0;

	if (qt_array_get(w->a, 0, COUNT, v) < 0)
		return "it cannot be read";
	for (int i = 0; i < COUNT; i++) {
		if (v[i] != OLD && v[i] != NEW)
			return "half an element";
		if (v[i] == NEW && has_old)
			return "an element out of order";
		has_old |= v[i] == OLD;
	}
	if (qt_seg_sweep(w->g.seg) < 0 || qt_obj_fsck(w->g.seg, 0, NULL, NULL) != 0)
		return "fsck";
	return NULL;
}

static void
op_put(void *state)
{
	struct world	*w = state;
	int64_t		 v[COUNT];

	for (int i = 0; i < COUNT; i++)
		v[i] = NEW;
	if (qt_array_put(w->a, 0, COUNT, v) < 0)
		_exit(1);
}

static void
op_fill(void *state)
{
	struct world	*w = state;
	int64_t		 v = NEW;

	if (qt_array_fill(w->a, 0, COUNT, &v) < 0)
		_exit(1);
}

static void
op_add_and_cas(void *state)
{
	struct world	*w = state;

	for (uint64_t i = 0; i < COUNT; i++) {
		int64_t	v = OLD;

		if (i % 2 == 0 ? qt_array_add(w->a, i, NEW - OLD, NULL) < 0 :
		    qt_array_cas(w->a, i, &v, NEW) != 1)
			_exit(1);
	}
}

int
main(void)
{
	static const struct step_case	cases[] = {
		{ "put elements", world_new, join, op_put, check, world_end },
		{ "fill an array", world_new, join, op_fill, check,
		    world_end },
		{ "add, and compare and swap", world_new, join,
		    op_add_and_cas, check, world_end },
	};

	return step_run(cases, sizeof(cases) / sizeof(cases[0]));
}
