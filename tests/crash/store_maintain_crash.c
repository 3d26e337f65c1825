/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SIGKILL at every shared store, lock and system call of what takes longer:
 * memtables into runs, runs into one, clearing, copying, the next log. The others
 * go on, also with what was half done, and nothing that nobody needs stays behind.
 */

#include "../unit/traces.h"
#include "store_ground.h"

#define SECRET	"correct-horse-battery-staple"
#define LIMIT	24u		/* kills of each, when there is little time */

static int
maintain(struct qt_store *s)
{
	return qt_store_checkpoint(s, NULL, NULL);
}

/* --- Worlds --------------------------------------------------------------- */

/* Something in a run, and something newer in the memtable. */
static struct ground *
one_run(void)
{
	struct ground	*g = ground_new(6, 100, QT_STORE_ASYNC_NOW);

	step_must(maintain(g->s) == 0, "checkpoint");
	ground_put(g, 1, 3, 40, QT_STORE_ASYNC_NOW, 0);
	ground_put(g, 4, 1, 0, QT_STORE_ASYNC_NOW, 1);
	return g;
}

static void *
world_flush(int *fd)
{
	struct ground	*g = one_run();

	(void)fd;
	ground_watch(g);
	return g;
}

static void *
world_merge(int *fd)
{
	struct ground	*g = one_run();

	(void)fd;
	step_must(maintain(g->s) == 0, "checkpoint");
	ground_put(g, 7, 1, 100, 0, 0);
	step_must(maintain(g->s) == 0, "checkpoint");
	ground_watch(g);
	return g;
}

/* In a run, in the log that was emptied then, and deleted. */
static void *
world_secret(int *fd)
{
	struct ground		*g = ground_new(0, 0, 0);
	struct qt_store_put	 p = { .key = "~", .key_len = 1,
	    .value = SECRET, .value_len = sizeof(SECRET) };

	(void)fd;
	step_must(qt_store_put(g->s, NULL, &p, NULL) == 0, "put");
	step_must(maintain(g->s) == 0, "checkpoint");
	ground_put(g, 1, 3, 40, QT_STORE_ASYNC_NOW, 0);
	p.flags = QT_STORE_DEL;
	step_must(qt_store_put(g->s, NULL, &p, NULL) == 0, "del");
	ground_watch(g);
	return g;
}

/* The next put does not fit. */
static void *
world_full(int *fd)
{
	struct ground	*g = ground_new(16, 65000, QT_STORE_ASYNC_NOW);

	(void)fd;
	ground_watch(g);
	return g;
}

/* The same, and a log that was emptied waits for it. */
static void *
world_spare(int *fd)
{
	struct ground	*g = one_run();

	(void)fd;
	step_must(maintain(g->s) == 0, "checkpoint");
	for (unsigned int i = 0; i < 16; i++)
		ground_put(g, i % 6, 1, 65000, QT_STORE_ASYNC_NOW, 0);
	ground_watch(g);
	return g;
}

/* A value that is a file is replaced by another. */
static void *
world_big(int *fd)
{
	struct ground	*g = ground_new(0, 0, 0);

	(void)fd;
	ground_put(g, 1, 1, 270000, QT_STORE_ASYNC_NOW, 0);
	step_must(maintain(g->s) == 0, "checkpoint");
	ground_put(g, 1, 1, 280000, QT_STORE_ASYNC_NOW, 0);
	ground_watch(g);
	return g;
}

/* --- What is done --------------------------------------------------------- */

static void
op_flush(void *state)
{
	struct ground	*g = state;

	if (maintain(g->s) < 0)
		_exit(1);
}

static void
op_compact(void *state)
{
	struct ground	*g = state;

	if (qt_store_compact(g->s, NULL) < 0)
		_exit(1);
}

static void
op_purge(void *state)
{
	struct ground	*g = state;

	if (qt_store_purge(g->s, NULL) < 0)
		_exit(1);
}

static void
op_clear(void *state)
{
	struct ground	*g = state;

	if (world_clear(g->s, NULL) < 0)
		_exit(1);
}

static void
op_copy(void *state)
{
	struct ground	*g = state;
	char		 path[320];

	snprintf(path, sizeof(path), "%s/copy", g->dir);
	if (qt_store_checkpoint(g->s, path, NULL) < 0)
		_exit(1);
}

static void
op_full(void *state)
{
	ground_put(state, 7, 1, 65000, QT_STORE_ASYNC_NOW, 0);
}

/* --- Afterwards ----------------------------------------------------------- */

/* All or nothing. */
static const char *
check_clear(void *state)
{
	struct ground		*g = state;
	struct trace_item	 found[WORLD_KEYS];
	const char		*wrong = world_find(g->s, found);
	unsigned int		 count = 0;

	for (uint32_t k = 0; k < WORLD_KEYS; k++)
		count += found[k].op != 0;
	if (wrong == NULL && count != 0 && count != 5)
		wrong = "a part is cleared";
	return wrong != NULL ? wrong : ground_check_kept(state);
}

/* Who does it again finds everything. */
static const char *
check_purge(void *state)
{
	struct ground	*g = state;
	struct qt_err	 err = QT_ERR_INIT;
	const char	*wrong = ground_go_on(g);
	int		 rc;

	if (wrong != NULL)
		return wrong;
	rc = qt_store_purge(g->s, &err);
	if (rc != 0)
		return world_say("purge", rc, &err);
	if (traces_in_folder(g->path, "", SECRET) != 0 ||
	    traces_in_folder("/dev/shm", g->s->name +
	    (g->s->name[0] == '/'), SECRET) != 0)
		return "what was purged is there";
	return ground_check_kept(state);
}

/* There is no copy, or it can be removed, and opened when it is one. */
static const char *
check_copy(void *state)
{
	const struct qt_store_options	 o = {
		.flags = QT_STORE_NO_THREADS };
	struct ground			*g = state;
	struct qt_err			 err = QT_ERR_INIT;
	struct qt_store			*s;
	char				 path[320];
	const char			*wrong = NULL;
	int				 rc;

	snprintf(path, sizeof(path), "%s/copy", g->dir);
	rc = qt_store_open(path, &o, &s, &err);
	if (rc == 0) {
		struct trace_item	found[WORLD_KEYS];

		wrong = world_find(s, found);
		qt_store_close(s, NULL);
		rc = qt_store_remove(path, &err);
		if (wrong == NULL && rc < 0)
			wrong = world_say("remove the copy", rc, &err);
	} else if (rc != -ENOENT && rc != -QT_EFORMAT) {
		wrong = world_say("open the copy", rc, &err);
	}
	return wrong != NULL ? wrong : ground_check_kept(state);
}

int
main(void)
{
	const struct step_case	cases[] = {
		{ "memtables into runs", world_flush, NULL, op_flush,
		    ground_check_kept, ground_free },
		{ "runs into one", world_merge, NULL, op_compact,
		    ground_check_kept, ground_free },
		{ "clear", world_flush, NULL, op_clear, check_clear,
		    ground_free },
		{ "purge", world_secret, NULL, op_purge, check_purge,
		    ground_free },
		{ "copy", world_flush, NULL, op_copy, check_copy, ground_free },
		{ "the next log", world_full, NULL, op_full, ground_check,
		    ground_free },
		{ "a log that was another's", world_spare, NULL, op_full,
		    ground_check_kept, ground_free },
		{ "values in files into runs", world_big, NULL, op_compact,
		    ground_check_kept, ground_free },
	};

	step_limit(LIMIT);
	return step_run_long(cases, sizeof(cases) / sizeof(cases[0]));
}
