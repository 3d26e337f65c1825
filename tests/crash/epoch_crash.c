/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SIGKILL at every instruction that matters of replacing a node and freeing the
 * old ones. Then a survivor sweeps, and every node is free but the current one,
 * which is whole. And the same for a sweeper who dies at it.
 */

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../unit/shm/cell.h"
#include "ground.h"

struct world {
	struct ground	g;
	struct cell	 c;
	uint32_t	 dead;		/* one who died before; 0: none */
};

static struct world *
world_with(int *fd, int puts)
{
	struct world		*w = ground_new(sizeof(*w), 256 << 10, fd);
	uint64_t		 at = 0;

	step_must(qt_seg_alloc(w->g.seg, CELL_SIZE, &at) == 0, "create");
	cell_open(&w->c, w->g.seg, at);
	for (int i = 0; i < puts; i++)
		step_must(cell_put(&w->c, 1) == 0, "put");
	return w;
}

static void *world_empty(int *fd) { return world_with(fd, 0); }
/* With lists that are old: the epochs have passed since. */
static void *
world_old(int *fd)
{
	struct world	*w = world_with(fd, 12);

	atomic_fetch_add(&w->c.epoch.area->epoch, 3);
	return w;
}

/*
 * Somebody died: its record has a list whose first node is not yet LIMBO, and
 * it had a node to retire, one to fill, and one to free.
 */
static void *
world_dead(int *fd)
{
	struct world		*w = world_with(fd, 4);
	struct cell		*c = &w->c;
	struct qt__epoch_guard	 g;
	uint32_t		 id;
	int			 pipes[2];
	pid_t			 pid;

	step_must(pipe(pipes) == 0, "pipe");
	pid = fork();
	step_must(pid >= 0, "fork");
	if (pid == 0) {
		uint64_t	ref;

		join(w);
		id = qt_seg_self(w->g.seg);
		if (qt__epoch_enter(&c->epoch, &g) < 0)
			_exit(1);
		/* On a list, and its word does not say so yet. */
		ref = cell_alloc(c);
		qt__epoch_push(&c->epoch, g.record, id, ref,
		    &c->node[ref - 1].limbo);
		atomic_store(&c->node[ref - 1].limbo.word, qt__owner(9, id,
		    QT__EPOCH_RETIRING));
		(void)cell_alloc(c);
		/* Off its list, and not yet free. */
		ref = cell_alloc(c);
		atomic_store(&c->node[ref - 1].limbo.word, qt__owner(9, id,
		    QT__EPOCH_FREEING));
		/* The current one, still linked. */
		ref = atomic_load(c->current);
		atomic_store(&c->node[ref - 1].limbo.word, qt__owner(9, id,
		    QT__EPOCH_RETIRING));
		_exit(write(pipes[1], &id, sizeof(id)) != sizeof(id));
	}
	step_must(read(pipes[0], &w->dead, sizeof(w->dead)) == sizeof(w->dead) &&
	    waitpid(pid, NULL, 0) == pid, "the first victim");
	close(pipes[0]);
	close(pipes[1]);
	return w;
}

static void
world_end(void *state)
{
	struct world	*w = state;

	ground_end(w);
}

/* All of one value, if there is one. */
static const char *
check_whole(struct cell *c)
{
	uint64_t	ref = atomic_load(c->current);

	for (uint64_t i = 0; ref != 0 && i < CELL_WORDS; i++)
		if (atomic_load(&c->node[ref - 1].data[i]) !=
		    atomic_load(&c->node[ref - 1].data[0]) + i)
			return "the current node is not whole";
	return NULL;
}

static const char *
check(void *state)
{
	struct world	*w = state;
	struct cell	*c = &w->c;
	struct qt__fsck	 f = { .left = 0 };

	for (uint32_t id = 1; id <= PARTICIPANTS; id++)
		if (id != qt_seg_self(w->g.seg) && !qt_seg_is_alive(w->g.seg, id))
			cell_sweep(c, id);
	if (check_whole(c) != NULL)
		return check_whole(c);
	for (uint64_t i = 0; i < 3 * CELL_NODES; i++) {
		int	rc = cell_put(c, i);

		if (rc == -QT_EFULL && qt__epoch_reclaim(&c->epoch) > 0)
			rc = cell_put(c, i);
		if (rc < 0)
			return "no node can be put any more";
		if (check_whole(c) != NULL)
			return check_whole(c);
	}
	qt__epoch_fsck(&c->epoch, &f);
	if (f.left != 0)
		return "fsck";
	(void)qt__epoch_reclaim(&c->epoch);
	return cell_count_free(c) != CELL_NODES - 1 ? "a node is lost" : NULL;
}

static void
op_put(void *state)
{
	struct world	*w = state;

	if (cell_put(&w->c, 100) < 0 || cell_put(&w->c, 200) < 0)
		_exit(1);
}

static void
op_reclaim(void *state)
{
	struct world	*w = state;

	if (qt__epoch_reclaim(&w->c.epoch) != 11 || cell_put(&w->c, 1) < 0)
		_exit(1);
}

/* Sweeping is done in the name of the dead, whoever does it. */
static void
op_sweep(void *state)
{
	struct world	*w = state;

	cell_sweep(&w->c, w->dead);
}

int
main(void)
{
	static const struct step_case	cases[] = {
		{ "put the first node", world_empty, join, op_put, check,
		    world_end },
		{ "replace a node, and free what is old", world_old, join,
		    op_put, check, world_end },
		{ "reclaim", world_old, join, op_reclaim, check, world_end },
		{ "sweep a dead one", world_dead, join, op_sweep, check,
		    world_end },
	};

	return step_run(cases, sizeof(cases) / sizeof(cases[0]));
}
