/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The power is cut while stores are made, written to by several processes, and
 * maintained: each opens again, is sound, and holds a prefix of its history
 * with everything in it that was acknowledged.
 */

#include <signal.h>

#include "cut_case.h"
#include "store_world.h"

static char	store_path[300];

static const char *
in(const char *dir, const char *name)
{
	snprintf(store_path, sizeof(store_path), "%s/%s", dir, name);
	return store_path;
}

/* Several processes at once, each with its handle, which end like that. */
static void
work_to(int end, const char *path, unsigned int workers,
    void (*fn)(struct qt_store *s, unsigned int worker))
{
	int	status;

	fflush(stdout);
	for (unsigned int i = 0; i < workers; i++) {
		pid_t	pid = fork();

		must(pid >= 0, "fork");
		if (pid == 0) {
			struct qt_store	*s = world_open(path);

			fn(s, i);
			_exit(qt_store_close(s, NULL) < 0);
		}
	}
	while (wait(&status) > 0)
		must(status == end, "a worker ended otherwise");
}

static void
work(const char *path, unsigned int workers,
    void (*fn)(struct qt_store *s, unsigned int worker))
{
	work_to(0, path, workers, fn);
}

static void
put(struct qt_store *s, uint32_t key, size_t len, unsigned int flags)
{
	struct qt_err	err = QT_ERR_INIT;

	world_must(world_op(s, 0, &key, 1, len, flags, &err) == 0, "put",
	    &err);
}

static void
put_some(struct qt_store *s, unsigned int worker, unsigned int count,
    size_t len, unsigned int flags)
{
	for (unsigned int i = 0; i < count; i++) {
		uint32_t	keys[3] = { (worker * 5 + i) % WORLD_KEYS,
		    (worker * 5 + i + 3) % WORLD_KEYS,
		    (worker * 5 + i + 7) % WORLD_KEYS };
		struct qt_err	err = QT_ERR_INIT;
		int		rc = 0;

		if (i % 4 == 2)
			rc = world_op(s, 0, keys, 3, len / 2, flags, &err);
		else if (i % 4 == 3)
			rc = world_op(s, 1, keys, 1, 0, flags, &err);
		else
			put(s, keys[0], len, flags);
		world_must(rc == 0 || rc == -ENOENT, "put", &err);
	}
}

/* --- What is done --------------------------------------------------------- */

static void
begin(const char *dir)
{
	if (world_trace != NULL)
		trace_free(world_trace);
	world_trace = trace_new(1000, WORLD_KEYS);
	world_init(in(dir, "s"), QT_STORE_SYNC);
}

static void
op_init(const char *dir)
{
	world_init(in(dir, "s"), QT_STORE_SYNC);
	cut_mark(CUT_DONE, 0);
}

static void
put_small(struct qt_store *s, unsigned int worker)
{
	put_some(s, worker, 12, 60 + worker * 700, 0);
}

static void
op_puts(const char *dir)
{
	work(in(dir, "s"), 3, put_small);
	world_forget(in(dir, "s"));
}

static void
put_large(struct qt_store *s, unsigned int worker)
{
	put_some(s, worker, 24, 60000, 0);
}

static void
op_rotate(const char *dir)
{
	work(in(dir, "s"), 2, put_large);
	world_forget(in(dir, "s"));
}

/* Values in files of their own, which go when they are overwritten. */
static void
put_files(struct qt_store *s, unsigned int worker)
{
	struct qt_err	err = QT_ERR_INIT;

	for (unsigned int i = 0; i < 3; i++) {
		put_some(s, worker, 4, 265000, 0);
		world_must(qt_store_compact(s, &err) == 0, "compact", &err);
	}
}

static void
op_files(const char *dir)
{
	work(in(dir, "s"), 1, put_files);
	world_forget(in(dir, "s"));
}

static void
put_async(struct qt_store *s, unsigned int worker)
{
	struct qt_err	err = QT_ERR_INIT;

	for (int i = 0; i < 6; i++) {
		uint64_t	durable;

		put_some(s, worker, 8, 30000, QT_STORE_ASYNC_NOW);
		if (i % 2 == 0)
			continue;
		world_must(qt_store_sync(s, 0, &err) == 0, "sync", &err);
		durable = qt_store_durable(s);
		world_synced(durable);
	}
}

static void
op_async(const char *dir)
{
	work(in(dir, "s"), 1, put_async);
	world_forget(in(dir, "s"));
}

/* A sync of the disk fails: what it was for must not have been acknowledged. */
static void
put_failing(struct qt_store *s, unsigned int worker)
{
	struct qt_err	err = QT_ERR_INIT;

	(void)worker;
	for (uint32_t i = 0; i < 10; i++) {
		uint32_t	key = i % WORLD_KEYS;

		if (i % 3 == 2)
			qt_sys_fault(QT_SYS_FSYNC, 1, EIO);
		if (i == 8)
			qt_sys_fault(QT_SYS_PWRITE, 1, ENOSPC);
		(void)world_op(s, 0, &key, 1, 3000, 0, &err);
	}
}

static void
op_failing(const char *dir)
{
	work(in(dir, "s"), 1, put_failing);
	world_forget(in(dir, "s"));
}

static void
put_visible(struct qt_store *s, unsigned int worker)
{
	put_some(s, worker, 10, 3000, QT_STORE_ASYNC_NOW);
	qt_sys_fault(QT_SYS_FSYNC, 1, QT_SYS_KILL);
	put(s, 0, 100, 0);	/* dies when it is written and not synced */
}

static void
see_all(struct qt_store *s, unsigned int worker)
{
	/* What recovery shows is durable; what it does not is gone. */
	for (size_t n = 1; n < atomic_load(&world_trace->next); n++) {
		uint64_t	version = world_trace->op[n].version;

		if (version > qt_store_durable(s))
			trace_refused(world_trace, n);
		else if (version != 0)
			cut_mark(CUT_DONE, n);
	}
	put_some(s, worker, 6, 3000, 0);
}

/* The shared memory goes and the files stay as they are, then it is opened. */
static void
op_recover(const char *dir)
{
	work(in(dir, "s"), 1, put_small);
	work_to(SIGKILL, in(dir, "s"), 1, put_visible);
	work(in(dir, "s"), 1, put_large);
	work_to(SIGKILL, in(dir, "s"), 1, put_visible);
	world_forget(in(dir, "s"));
	work(in(dir, "s"), 1, see_all);
	world_forget(in(dir, "s"));
}

static void
must_do(int rc, const char *what, const struct qt_err *err)
{
	world_must(rc >= 0, what, err);
}

/* Flushes, merges and a big value that is replaced, while others write. */
static void
put_and_maintain(struct qt_store *s, unsigned int worker)
{
	struct qt_err	err = QT_ERR_INIT;

	for (int i = 0; i < 3; i++) {
		put_some(s, worker, 6, 900, i == 1 ? QT_STORE_ASYNC_NOW : 0);
		if (worker == 0)
			put(s, 3, 270000 + (size_t)i, 0);
		must_do(i < 2 ? qt_store_checkpoint(s, NULL, &err) :
		    qt_store_compact(s, &err), "maintain", &err);
	}
}

static void
op_maintain(const char *dir)
{
	work(in(dir, "s"), 2, put_and_maintain);
	world_forget(in(dir, "s"));
}

/* Logs that were other logs' files. */
static void
put_recycled(struct qt_store *s, unsigned int worker)
{
	struct qt_err	err = QT_ERR_INIT;

	for (int i = 0; i < 3; i++) {
		put_some(s, worker, 20, 60000, i % 2 ? QT_STORE_ASYNC_NOW : 0);
		must_do(qt_store_maintain(s, 60000, &err), "maintain", &err);
	}
}

static void
op_recycle(const char *dir)
{
	work(in(dir, "s"), 1, put_recycled);
	world_forget(in(dir, "s"));
}

static void
put_and_clear(struct qt_store *s, unsigned int worker)
{
	struct qt_err	err = QT_ERR_INIT;

	for (int i = 0; i < 3; i++) {
		put_some(s, worker, 4, 500, i == 1 ? QT_STORE_ASYNC_NOW : 0);
		if (i == 1)
			must_do(qt_store_checkpoint(s, NULL, &err),
			    "checkpoint", &err);
		must_do(world_clear(s, &err), "clear", &err);
	}
	put_some(s, worker, 3, 500, 0);
}

static void
op_clear(const char *dir)
{
	work(in(dir, "s"), 1, put_and_clear);
	world_forget(in(dir, "s"));
}

#define COPIED	5000u		/* a mark that is no operation */

static void
put_and_copy(struct qt_store *s, unsigned int worker)
{
	struct qt_err	err = QT_ERR_INIT;
	char		path[320];

	put_some(s, worker, 5, 700, QT_STORE_ASYNC_NOW);
	put(s, 2, 270000, 0);
	snprintf(path, sizeof(path), "%s/../copy", store_path);
	must_do(qt_store_checkpoint(s, path, &err), "copy", &err);
	cut_mark(CUT_DONE, COPIED);
	put_some(s, worker, 3, 700, 0);
}

static void
op_copy(const char *dir)
{
	work(in(dir, "s"), 1, put_and_copy);
	world_forget(in(dir, "s"));
}

/* --- What is there afterwards --------------------------------------------- */

static const char *
check_init(void *arg, const char *dir, const struct cut_at *at)
{
	struct qt_store_settings	 set;
	struct qt_err			 err = QT_ERR_INIT;
	const char			*path = in(dir, "s"), *wrong;
	int				 rc;

	(void)arg;
	if (world_trace == NULL)
		world_trace = trace_new(10, WORLD_KEYS);
	if (at->count > 0)
		return world_look(path, NULL);
	/* There is one, or one can be made. */
	world_settings(&set, QT_STORE_SYNC);
	rc = qt_store_init(path, &set, &err);
	if (rc < 0 && rc != -EEXIST)
		return world_say("init", rc, &err);
	wrong = world_look(path, NULL);
	return wrong;
}

static const char *
check_in(const char *path, const struct cut_at *at)
{
	unsigned char	state[1001] = { 0 };

	for (size_t i = 0; i < at->count; i++) {
		const struct cut_mark	*m = &at->marks[i];

		if (m->value == 0 || m->value > 1000)
			continue;
		if (m->what == CUT_DONE)
			state[m->value] = TRACE_DONE;
		else if (state[m->value] != TRACE_DONE)
			state[m->value] = TRACE_BEGUN;
	}
	for (size_t i = 1; i < 1001; i++)
		if (atomic_load(&world_trace->op[i].state) == TRACE_REFUSED)
			state[i] = TRACE_REFUSED;
	return world_look(path, state);
}

static const char *
check(void *arg, const char *dir, const struct cut_at *at)
{
	(void)arg;
	return check_in(in(dir, "s"), at);
}

/* A copy that was told to be made is there, with all that was before it. */
static const char *
check_copy(void *arg, const char *dir, const struct cut_at *at)
{
	struct cut_at	before = { at->record, at->marks, 0 };
	const char	*wrong = NULL;

	while (before.count < at->count &&
	    at->marks[before.count].value != COPIED)
		before.count++;
	if (before.count < at->count)
		wrong = check_in(in(dir, "copy"), &before);
	return wrong != NULL ? wrong : check(arg, dir, at);
}

int
main(void)
{
	const struct cut_case	cases[] = {
		{ .name = "a store is made", .op = op_init,
		    .check = { .check = check_init, .singles = 4,
			.randoms = 2, .max = 200 } },
		{ .name = "three processes commit", .begin = begin,
		    .op = op_puts, .check = { .check = check, .singles = 3,
			.randoms = 2, .max = 400 } },
		{ .name = "the same, torn in sectors", .begin = begin,
		    .op = op_puts, .unit = 512, .check = { .check = check,
			.singles = 3, .randoms = 4, .max = 400 } },
		{ .name = "logs are rotated", .begin = begin,
		    .op = op_rotate, .check = { .check = check, .singles = 2,
			.randoms = 2, .max = 300 } },
		{ .name = "values have files of their own", .begin = begin,
		    .op = op_files, .check = { .check = check, .singles = 1,
			.randoms = 2, .max = 60 } },
		{ .name = "asynchronous, with syncs", .begin = begin,
		    .op = op_async, .check = { .check = check, .singles = 3,
			.randoms = 6, .max = 300 } },
		{ .name = "shared memory is lost, and made again",
		    .begin = begin, .op = op_recover, .check = { .check = check,
			.singles = 2, .randoms = 4, .max = 300 } },
		{ .name = "the disk fails a sync, and a write", .begin = begin,
		    .op = op_failing, .check = { .check = check, .singles = 4,
			.randoms = 4, .max = 300 } },
		{ .name = "two processes maintain", .begin = begin,
		    .op = op_maintain, .check = { .check = check,
			.singles = 2, .randoms = 2, .max = 200 } },
		{ .name = "logs in files that were others'", .begin = begin,
		    .op = op_recycle, .check = { .check = check,
			.singles = 2, .randoms = 2, .max = 150 } },
		{ .name = "all is cleared", .begin = begin, .op = op_clear,
		    .check = { .check = check, .singles = 2, .randoms = 3,
			.max = 200 } },
		{ .name = "a copy is made", .begin = begin, .op = op_copy,
		    .check = { .check = check_copy, .singles = 2,
			.randoms = 3, .max = 200 } },
	};

	return cut_all(cases, sizeof(cases) / sizeof(cases[0]));
}
