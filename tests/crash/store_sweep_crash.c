/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SIGKILL at every instruction that matters of a put, a batch, a sync and the
 * change to the next log. The others go on at once: what was acknowledged is
 * there, the dead one's own operation is there whole or not at all, and the
 * same from the disk alone.
 */

#include <qt/base/clock.h>

#include "../../libcommon/store/store_priv.h"
#include "../unit/step.h"
#include "store_world.h"

#define SOON_MS	5000u		/* on a machine that does much else */

struct world {
	char		 dir[256], path[300];
	struct qt_store	*s;
	int		 ctl_fd, mem_fd;
};

static void
put(struct qt_store *s, uint32_t key, uint32_t count, size_t len,
    unsigned int flags, int is_del)
{
	uint32_t	keys[3] = { key, key + 1, key + 2 };
	struct qt_err	err = QT_ERR_INIT;

	if (world_op(s, is_del, keys, count, len, flags, &err) != 0)
		_exit(1);
}

static struct world *
world_with(int *fd, unsigned int puts, size_t len, unsigned int flags)
{
	struct world		*w = calloc(1, sizeof(*w));
	struct qt__stripe	*stripe;
	struct qt_seg		*seg;

	step_must(w != NULL, "calloc");
	if (world_trace != NULL)
		trace_free(world_trace);
	world_trace = trace_new(100, WORLD_KEYS);
	cut_folder(w->dir, sizeof(w->dir));
	snprintf(w->path, sizeof(w->path), "%s/s", w->dir);
	world_init(w->path, QT_STORE_SYNC);
	w->s = world_open(w->path);
	for (unsigned int i = 0; i < puts; i++)
		put(w->s, i % 6, 1, len, flags, 0);
	step_must(qt__super_get(w->s, &stripe, NULL) == 0, "super");
	seg = stripe->super->mems[0]->seg;
	w->mem_fd = qt_seg_dup_rdonly(seg);
	qt__super_release(stripe);
	w->ctl_fd = qt_seg_dup_rdonly(w->s->seg);
	fd[0] = w->ctl_fd;
	fd[1] = w->mem_fd;
	return w;
}

static void *
world_some(int *fd)
{
	return world_with(fd, 4, 100, 0);
}

static void *
world_waiting(int *fd)
{
	return world_with(fd, 4, 6000, QT_STORE_ASYNC_NOW);
}

/* The next one does not fit. */
static void *
world_full(int *fd)
{
	void	*w = world_with(fd, 16, 65000, QT_STORE_ASYNC_NOW);

	fd[1] = -1;	/* another one takes its place */
	return w;
}

static void
world_end(void *state)
{
	struct world	*w = state;

	qt_store_close(w->s, NULL);
	world_forget(w->path);
	close(w->mem_fd);
	close(w->ctl_fd);
	cut_remove(w->dir);
	free(w);
}

static const char *
check(void *state)
{
	struct world	*w = state;
	uint64_t	 begun = qt_clock_mono_ms();
	const char	*wrong = world_judge(w->s, NULL);

	if (wrong == NULL)
		wrong = world_use(w->s);
	if (wrong == NULL)
		wrong = world_judge(w->s, NULL);
	if (wrong == NULL && qt_clock_mono_ms() - begun > SOON_MS)
		wrong = "the others waited for long";
	/* Another one finds the same, and the disk holds it. */
	world_forget(w->path);
	if (wrong == NULL) {
		qt_store_close(w->s, NULL);
		w->s = NULL;
		wrong = world_look(w->path, NULL);
	}
	return wrong;
}

static void
op_put(void *state)
{
	struct world	*w = state;

	put(w->s, 1, 1, 40, QT_STORE_ASYNC_NOW, 0);
}

static void
op_sync(void *state)
{
	struct world	*w = state;

	put(w->s, 1, 1, 40, 0, 0);
}

static void
op_batch(void *state)
{
	struct world	*w = state;

	put(w->s, 1, 3, 40, QT_STORE_ASYNC_NOW, 0);
}

static void
op_del(void *state)
{
	struct world	*w = state;

	put(w->s, 1, 1, 0, QT_STORE_ASYNC_NOW, 1);
}

static void
op_only_sync(void *state)
{
	struct world	*w = state;

	if (qt_store_sync(w->s, 0, NULL) < 0)
		_exit(1);
	world_synced(qt_store_durable(w->s));
}

static void
op_full(void *state)
{
	struct world	*w = state;

	put(w->s, 7, 1, 65000, QT_STORE_ASYNC_NOW, 0);
}

int
main(void)
{
	const struct step_case	cases[] = {
		{ "put", world_some, NULL, op_put, check, world_end },
		{ "put and sync", world_some, NULL, op_sync, check, world_end },
		{ "a batch", world_some, NULL, op_batch, check, world_end },
		{ "delete", world_some, NULL, op_del, check, world_end },
		{ "sync", world_waiting, NULL, op_only_sync, check, world_end },
		{ "the next log", world_full, NULL, op_full, check, world_end },
	};

	return step_run(cases, sizeof(cases) / sizeof(cases[0]));
}
