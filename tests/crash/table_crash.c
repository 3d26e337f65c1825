/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SIGKILL at every instruction that matters of the session table's changes.
 * Then readers find every record whole, either as it was or as it should be,
 * and the next host adopts the table and goes on.
 */

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "../unit/session/table_world.h"
#include "../unit/step.h"

struct world {
	struct qt_seg		*seg;
	struct qt__table	*table;
	struct qt_session	 a, b, fresh;
	uint32_t		 records;
	int			 fd;
};

static struct world *
world_new(int *fd, uint32_t extra)
{
	struct qt_seg_spec	 spec = table_spec;
	struct world		*w = calloc(1, sizeof(*w));
	struct qt_session	 s;

	step_must(w != NULL, "calloc");
	spec.size = 1u << 20;
	step_must(qt_seg_create(NULL, &spec, &w->seg, NULL) == 0, "segment");
	step_must(qt__table_create(w->seg, &w->table, NULL) == 0, "table");
	w->a = table_record("alpha", "one");
	w->b = table_record("beta", "one");
	w->fresh = table_record("gamma", "one");
	step_must(qt__table_add(w->table, &w->a) == 0, "add");
	step_must(qt__table_add(w->table, &w->b) == 0, "add");
	for (uint32_t i = 0; i < extra; i++) {
		s = table_record("", "two");
		step_must(qt__table_add(w->table, &s) == 0, "add");
	}
	w->records = 2 + extra;
	w->fd = qt_seg_dup_rdonly(w->seg);
	*fd = w->fd;
	return w;
}

static void *world_two(int *fd) { return world_new(fd, 0); }
/* The next record needs a block of its own. */
static void *world_block(int *fd) { return world_new(fd, 62); }

/* Half of an index's places were used: the next record makes a larger one. */
static void *
world_index(int *fd)
{
	struct world		*w = world_new(fd, 0);
	struct qt_session	 s;

	for (int i = 0; i < 510; i++) {
		s = table_record("", "two");
		step_must(qt__table_add(w->table, &s) == 0, "add");
		qt__table_del(w->table, s.slot);
	}
	return w;
}

static void
world_end(void *state)
{
	struct world	*w = state;

	close(w->fd);
	qt__table_close(w->table);
	qt_seg_close(w->seg);
	free(w);
}

/* In the parent the old writer's memory is stale: a new host adopts. */
static const char *
check(void *state)
{
	struct world		*w = state;
	struct qt_session	 s, got;
	const char		*wrong = table_check(w->seg);
	static struct qt_err	 err;
	struct qt__table	*t;
	int			 rc;

	if (wrong != NULL)
		return wrong;
	rc = qt__table_adopt(w->seg, &t, &err);
	if (rc < 0) {
		qt_err_wrap(&err, "adopt the table: %s", qt_strerror(rc));
		return err.text;
	}
	if (t->records + 1 < w->records || t->records > w->records + 1)
		wrong = "records came or went";
	if (wrong == NULL)
		wrong = table_check(w->seg);
	s = table_record("delta", "one");
	if (wrong == NULL && (qt__table_add(t, &s) < 0 ||
	    qt__table_find_name(t, "delta", &got) < 0 || got.slot != s.slot))
		wrong = "the next host cannot add";
	qt__table_del(t, s.slot);
	if (wrong == NULL)
		wrong = table_check(w->seg);
	if (wrong == NULL && qt_seg_fsck(w->seg, NULL) < 0)
		wrong = "fsck";
	qt__table_close(t);
	return wrong;
}

static void
join(void *state)
{
	struct world	*w = state;

	if (qt_seg_after_fork(w->seg, NULL) < 0)
		_exit(1);
}

static void
op_put(void *state)
{
	struct world	*w = state;

	w->a.cols = 132;
	memset(w->a.title, 'x', 100);
	if (qt__table_put(w->table, &w->a) < 0)
		_exit(1);
}

static void
op_rename(void *state)
{
	struct world	*w = state;

	memcpy(w->a.name, "omega", 6);
	if (qt__table_put(w->table, &w->a) < 0)
		_exit(1);
}

static void
op_add(void *state)
{
	struct world	*w = state;

	if (qt__table_add(w->table, &w->fresh) < 0)
		_exit(1);
}

static void
op_del(void *state)
{
	struct world	*w = state;

	qt__table_del(w->table, w->b.slot);
}

static void
op_owner(void *state)
{
	struct world	*w = state;

	memcpy(w->b.owner, "three", 6);
	if (qt__table_set_owner(w->table, &w->b) < 0)
		_exit(1);
}

static void
op_adopt(void *state)
{
	struct world		*w = state;
	struct qt__table	*t;

	if (qt__table_adopt(w->seg, &t, NULL) < 0)
		_exit(1);
}

int
main(void)
{
	static const struct step_case	cases[] = {
		{ "change a record", world_two, join, op_put, check, world_end },
		{ "rename", world_two, join, op_rename, check, world_end },
		{ "add", world_two, join, op_add, check, world_end },
		{ "add with a new block", world_block, join, op_add, check,
		    world_end },
		{ "add with new indexes", world_index, join, op_add, check,
		    world_end },
		{ "drop", world_two, join, op_del, check, world_end },
		{ "change the owner", world_two, join, op_owner, check,
		    world_end },
		{ "adopt", world_two, join, op_adopt, check, world_end },
	};

	return step_run(cases, sizeof(cases) / sizeof(cases[0]));
}
