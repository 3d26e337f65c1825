/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SIGKILL at every shared store, lock and system call of who puts a value that
 * gets a file of its own. The value is there whole, or what was there before;
 * what was acknowledged is there; and a file that no record names goes with the
 * next maintenance. All of them, as there are few: between two of them nothing
 * changes that others see.
 */

#include "../../libcommon/store/super_priv.h"
#include "store_ground.h"

#define LARGE	270000u		/* more than a quarter of the memtable */

/* Also the log's image and its index, whose stores the others see. */
static struct ground *
watch(struct ground *g)
{
	struct qt__stripe	*stripe;
	const struct qt__mem	*m;

	ground_watch(g);
	step_must(qt__super_get(g->s, &stripe, NULL) == 0, "super");
	m = stripe->super->mems[0];
	step_watch(m->log, m->log_size);
	step_watch(m->index, QT__INDEX_FIRST);
	qt__super_release(stripe);
	return g;
}

static void *
world_none(int *fd)
{
	(void)fd;
	return watch(ground_new(3, 100, QT_STORE_ASYNC_NOW));
}

/* One in a run, and one that has taken its place since. */
static void *
world_some(int *fd)
{
	struct ground	*g = ground_new(0, 0, 0);

	(void)fd;
	ground_put(g, 1, 1, LARGE, QT_STORE_ASYNC_NOW, 0);
	step_must(qt_store_checkpoint(g->s, NULL, NULL) == 0, "checkpoint");
	ground_put(g, 1, 1, LARGE + 1000, QT_STORE_ASYNC_NOW, 0);
	return watch(g);
}

static void
op_put(void *state)
{
	ground_put(state, 1, 1, LARGE + 5, 0, 0);
}

static void
op_async(void *state)
{
	ground_put(state, 1, 1, LARGE + 5, QT_STORE_ASYNC_NOW, 0);
}

static void
op_batch(void *state)
{
	ground_put(state, 1, 3, LARGE + 5, 0, 0);
}

static void
op_del(void *state)
{
	ground_put(state, 1, 1, 0, 0, 1);
}

/* The disk fails it behind its last byte: what was begun is undone. */
static void
op_fail(void *state)
{
	struct ground	*g = state;
	uint32_t	 key = 1;

	qt_sys_fault(QT_SYS_FSYNC, 1, EIO);
	if (world_op(g->s, 0, &key, 1, LARGE + 5, 0, NULL) != -EIO)
		_exit(1);
}

int
main(void)
{
	const struct step_case	cases[] = {
		{ "a first value", world_none, NULL, op_put,
		    ground_check_kept, ground_free },
		{ "in place of another", world_some, NULL, op_put,
		    ground_check_kept, ground_free },
		{ "asynchronously", world_some, NULL, op_async,
		    ground_check_kept, ground_free },
		{ "three at once", world_some, NULL, op_batch,
		    ground_check_kept, ground_free },
		{ "deleted", world_some, NULL, op_del,
		    ground_check_kept, ground_free },
		{ "failed by the disk", world_some, NULL, op_fail,
		    ground_check_kept, ground_free },
	};

	return step_run_long(cases, sizeof(cases) / sizeof(cases[0]));
}
