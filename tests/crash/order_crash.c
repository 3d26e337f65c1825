/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SIGKILL at every instruction that matters of linking a memtable's records
 * into its list. What was ordered before stays so; then a survivor links the
 * rest, and has all of them once.
 */

#include <stdio.h>

#include "../unit/step.h"
#include "../unit/store/order_world.h"

#define BEFORE	9
#define MORE	12

struct ground {
	struct order_world	o;
	int			fd;
	int64_t			before;
};

static void
put_some(struct ground *g, unsigned int from, unsigned int count)
{
	char	key[16];

	for (unsigned int i = from; i < from + count; i++) {
		snprintf(key, sizeof(key), "key%03u", i * 37 % 17);
		step_must(order_put(g->o.m, key, 6), "put");
	}
}

static void *
fresh(int *fd)
{
	struct ground	*g = calloc(1, sizeof(*g));

	step_must(g != NULL && order_world_new(&g->o, 256 << 10), "memtable");
	put_some(g, 0, MORE);
	g->fd = qt_seg_dup_rdonly(g->o.m->seg);
	*fd = g->fd;
	return g;
}

static void *
linked(int *fd)
{
	struct ground	*g = calloc(1, sizeof(*g));

	step_must(g != NULL && order_world_new(&g->o, 256 << 10), "memtable");
	put_some(g, 0, BEFORE);
	step_must(order_all(&g->o) == 0, "link");
	g->before = BEFORE;
	put_some(g, BEFORE, MORE);
	g->fd = qt_seg_dup_rdonly(g->o.m->seg);
	*fd = g->fd;
	return g;
}

/* The victim is a user of its own. */
static void
begin(void *state)
{
	struct ground	*g = state;

	if (qt__user_open(&g->o.user, g->o.w->dir, 100, soon(), NULL) < 0)
		_exit(1);
}

static void
op_link(void *state)
{
	struct ground	*g = state;

	if (order_all(&g->o) < 0)
		_exit(2);
}

static int64_t
count_to(struct ground *g, uint64_t upto)
{
	struct qt__cursor	*c;
	int64_t			 n = qt__order_cursor(g->o.m, upto, &c);

	if (n == 0) {
		n = order_count(c);
		c->ops->close(c);
	}
	return n;
}

static const char *
check(void *state)
{
	struct ground	*g = state;
	uint64_t	 done = atomic_load(&g->o.m->head->ordered);
	uint64_t	 nodes;
	bool		 is_dead;
	int64_t		 n = count_to(g, done);

	if (n != g->before && n != g->before + MORE)
		return "what was ordered is not";
	if ((n == g->before) != (done != order_indexed(&g->o)))
		return "it is ordered, and does not say so";
	if (order_all(&g->o) < 0)
		return "nobody can link";
	if (count_to(g, order_indexed(&g->o)) != g->before + MORE)
		return "records are missing, or there twice";
	if (qt__lock_owner(&g->o.m->head->order, &g->o.user, &is_dead) != 0 &&
	    done != order_indexed(&g->o))
		return "the lock is not free";
	/* Lost is what one had claimed, at most. */
	nodes = atomic_load(&g->o.m->head->node_head);
	if (nodes > QT__ORDER_FIRST + 3 * MORE * 32)
		return "nodes were lost";
	put_some(g, 0, 5);
	if (order_all(&g->o) < 0 ||
	    count_to(g, order_indexed(&g->o)) != g->before + MORE + 5)
		return "no more can be linked";
	return NULL;
}

static void
clean(void *state)
{
	struct ground	*g = state;

	close(g->fd);
	order_world_free(&g->o);
	free(g);
}

int
main(void)
{
	static const struct step_case	cases[] = {
		{ "put the first records in order", fresh, begin, op_link,
		    check, clean },
		{ "put more between them", linked, begin, op_link, check,
		    clean },
	};

	return step_run(cases, sizeof(cases) / sizeof(cases[0]));
}
