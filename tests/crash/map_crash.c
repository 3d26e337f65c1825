/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SIGKILL at every instruction that matters of each change of a map. The entry
 * that it was about is then as before or as after, and stays so; the others are
 * untouched; and a survivor fills, replaces and empties the map three times,
 * with as many entries as ever.
 */

#include <qt/shm/map.h>

#include "../../libcommon/shm/map_priv.h"

#define CAPACITY	12
#define KEYED(verb)	qt_map_##verb
#define KEYED_TYPE	qt_map
#define KEYED_NODES	hash
#include "keyed_sweep.h"

static struct qt_map *
keyed_new(struct qt_seg *seg)
{
	struct qt_map_spec	 spec = { .key_max = 4, .value_max = 8,
	    .capacity = CAPACITY };
	struct qt_map		*m = NULL;

	step_must(qt_map_create(seg, "m", &spec, NULL) == 0 &&
	    qt_map_open(seg, "m", NULL, NULL, &m, NULL) == 0, "map");
	m->hash.key = (struct qt_hash_key){ { 1, 2 } };
	return m;
}

static void
keyed_before_put(struct qt_map *m, int64_t key)
{
	(void)m;
	(void)key;
}

static void
keyed_before_op(struct qt_map *m)
{
	(void)m;
}

static void
op_put_old(void *state)
{
	struct world	*w = state;
	int64_t		 v = w->after;

	if (qt_map_put_old(w->m, &victim, 4, &v, 8) != 0)
		_exit(1);
}

static void
op_cas(void *state)
{
	struct world	*w = state;
	int64_t		 v = w->after, old = w->before;

	if (qt_map_cas(w->m, &victim, 4, &old, 8, &v, 8) != 1)
		_exit(1);
}

static void
op_add(void *state)
{
	struct world	*w = state;

	if (qt_map_add(w->m, &victim, 4, w->after -
	    (w->before < 0 ? 0 : w->before), NULL) != 0)
		_exit(1);
}

int
main(void)
{
	static const struct step_case	cases[] = {
		KEYED_CASES,
		{ "put_old", old_key, begin, op_put_old, check, world_end },
		{ "put_old where it is full", full, begin, op_put_old,
		    check_unswept, world_end },
		{ "cas", old_key, begin, op_cas, check, world_end },
		{ "add to a new key", new_key, begin, op_add, check,
		    world_end },
		{ "add to an old key", old_key, begin, op_add, check_unswept,
		    world_end },
	};

	return step_run(cases, sizeof(cases) / sizeof(cases[0]));
}
