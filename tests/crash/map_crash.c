/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SIGKILL at every instruction that matters of each change of a map. The entry
 * that it was about is then as before or as after, and stays so; the others are
 * untouched; and a survivor fills, replaces and empties the map three times,
 * with as many entries as ever.
 */

#include <signal.h>
#include <sys/wait.h>

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

/*
 * Somebody died, and marked the victim's node and did not take it out of its
 * list. After joining, which sweeps.
 */
static void
begin_marked(void *state)
{
	struct world	*w = state;
	struct qt__hash	*t = &w->m->hash;
	struct qt__key	 key = qt__hash_key(t, &victim, 4);
	struct qt__pos	 pos = { .at = 0 };
	pid_t		 pid;

	begin(w);
	pid = fork();
	if (pid == 0) {
		join(w);
		raise(SIGKILL);
	}
	want(waitpid(pid, NULL, 0) == pid, 2);
	want(qt__hash_find(t, &key, false, &pos) == 0 && pos.is_match, 3);
	atomic_store(&qt__hash_node(t, pos.at)->next, qt__link_after(pos.next,
	    QT__MARK_DELETED, qt__link_index(pos.next)));
}

static void
op_sweep(void *state)
{
	struct world	*w = state;

	if (qt_seg_sweep(w->g.seg) != 1)
		_exit(1);
}

/* Nobody reads before the sweep: who does may take out what is marked. */
static const char *
check_swept(void *state)
{
	struct world	*w = state;

	if (qt_seg_sweep(w->g.seg) < 0)
		return "the dead cannot be swept";
	if (qt_obj_fsck(w->g.seg, 0, NULL, NULL) != 0)
		return "it is not sound";
	return value_of(w, victim) != -1 ? "the entry is back" : check(w);
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
		{ "sweep what a dead one marked", going, begin_marked,
		    op_sweep, check_swept, world_end },
	};

	return step_run(cases, sizeof(cases) / sizeof(cases[0]));
}
