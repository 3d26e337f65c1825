/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SIGKILL at every instruction that matters of a put, a batch and a sync. The
 * others go on at once: what was acknowledged is there, the dead one's own
 * operation is there whole or not at all, and the same from the disk alone.
 */

#include "../../libcommon/store/super_priv.h"
#include "store_ground.h"

/* Also what is in the memtable: these are short. */
static struct ground *
look_at_all(struct ground *g, int *fd)
{
	static int		 was[2] = { -1, -1 };
	struct qt__stripe	*stripe;

	for (int i = 0; i < 2; i++)
		if (was[i] >= 0)
			close(was[i]);
	step_must(qt__super_get(g->s, &stripe, NULL) == 0, "super");
	fd[0] = was[0] = qt_seg_dup_rdonly(g->s->seg);
	fd[1] = was[1] = qt_seg_dup_rdonly(stripe->super->mems[0]->seg);
	qt__super_release(stripe);
	return g;
}

static void *
world_some(int *fd)
{
	return look_at_all(ground_new(4, 100, 0), fd);
}

static void *
world_waiting(int *fd)
{
	return look_at_all(ground_new(4, 6000, QT_STORE_ASYNC_NOW), fd);
}

static void
op_put(void *state)
{
	ground_put(state, 1, 1, 40, QT_STORE_ASYNC_NOW, 0);
}

static void
op_sync(void *state)
{
	ground_put(state, 1, 1, 40, 0, 0);
}

static void
op_batch(void *state)
{
	ground_put(state, 1, 3, 40, QT_STORE_ASYNC_NOW, 0);
}

static void
op_del(void *state)
{
	ground_put(state, 1, 1, 0, QT_STORE_ASYNC_NOW, 1);
}

static void
op_only_sync(void *state)
{
	struct ground	*g = state;

	if (qt_store_sync(g->s, 0, NULL) < 0)
		_exit(1);
	world_synced(qt_store_durable(g->s));
}

int
main(void)
{
	const struct step_case	cases[] = {
		{ "put", world_some, NULL, op_put, ground_check,
		    ground_free },
		{ "put and sync", world_some, NULL, op_sync, ground_check,
		    ground_free },
		{ "a batch", world_some, NULL, op_batch, ground_check,
		    ground_free },
		{ "delete", world_some, NULL, op_del, ground_check,
		    ground_free },
		{ "sync", world_waiting, NULL, op_only_sync, ground_check,
		    ground_free },
	};

	return step_run(cases, sizeof(cases) / sizeof(cases[0]));
}
