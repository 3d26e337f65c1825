/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Processes that write to one store, maintain it and scan it, and are killed
 * and stopped at random. Each moment that a scan sees is a prefix of the
 * history with all that had been acknowledged before; what is there in the end
 * is one, by the memory that they shared and by the disk. Who writes reads what
 * he wrote, or what somebody wrote after it. Copies that are made meanwhile are
 * a moment of the store, too.
 */

#include "../unit/storm.h"
#include "store_world.h"

#define OPS		400000u
#define KILLS		60
#define MAINTAINERS	2u	/* the first ones */
#define SCANNERS	2u	/* behind them */
#define LIVE		(STORM_WORKERS - 1)
#define SCAN_OPS	60000u	/* judging them all takes longer and longer */

struct round {
	const char	*name;
	enum qt_store_mode mode;
	uint32_t	 level;
	size_t		 large;		/* bytes of every 16th value */
};

struct world {
	const struct round *round;
	char		 dir[256], path[300];
	struct qt_store	*s;		/* a worker's own */
	unsigned char	*state;		/* of each operation, when a scan began */
};

static void
say(const char *what, const char *wrong)
{
	printf("# %s: %s\n", what, wrong);
	fflush(stdout);
}

static void
expect(int rc, int code, const char *what, const struct qt_err *err)
{
	if (rc < 0)
		say(what, err->text);
	storm_expect(rc >= 0, code);
}

static void
begin(void *arg, unsigned int worker)
{
	struct world			*w = arg;
	/* Some have a thread that syncs and maintains. Not who clears: he asks
	   his handle what it did. */
	const struct qt_store_options	 o = {
		.flags = worker % 3 != 0 || worker == LIVE ?
		    QT_STORE_NO_THREADS : 0 };
	struct qt_err			 err = QT_ERR_INIT;

	expect(qt_store_open(w->path, &o, &w->s, &err), 10, "open", &err);
}

/* --- Writers -------------------------------------------------------------- */

/* A key that was written as this version is not older now. */
static void
read_back(struct world *w, uint32_t k, uint64_t version, int is_del)
{
	struct qt_store_value	v = QT_STORE_VALUE_INIT;
	struct qt_err		err = QT_ERR_INIT;
	char			key[16];
	int			rc;

	world_key(key, k);
	rc = qt_store_get(w->s, NULL, &v, key, strlen(key), &err);
	if (rc == -ENOENT)
		return;
	expect(rc, 20, "get", &err);
	storm_expect(v.version >= version, 21);
	storm_expect(!is_del || v.version > version, 22);
	storm_expect(world_parse(v.data, v.len) != 0, 23);
	qt_store_value_clear(&v);
}

static void
turn_write(struct world *w, unsigned int worker, unsigned int r, uint64_t n)
{
	uint32_t	 keys[3] = { r % WORLD_KEYS, r / 12 % WORLD_KEYS,
	    worker };
	uint32_t	 count = keys[0] != keys[1] && keys[1] != worker &&
	    keys[0] != worker && n % 8 == 0 ? 3 : 1;
	int		 is_del = r % 7 == 0 && count == 1, rc;
	struct qt_err	 err = QT_ERR_INIT;
	size_t		 op;

	rc = world_op(w->s, is_del, keys, count,
	    r % 16 == 5 ? w->round->large : r % 200,
	    n % 4 == 3 ? 0 : QT_STORE_ASYNC_NOW, &err);
	if (rc == -ENOENT && is_del)
		return;
	expect(rc, 30, "put", &err);
	if (n % 4 != 0)
		return;
	op = world_last_op;
	read_back(w, keys[count - 1], atomic_load(&world_trace->op[op].version),
	    is_del);
}

/* --- Readers -------------------------------------------------------------- */

/* What is done now has to be in what is looked at from now on. */
static void
note(struct world *w)
{
	size_t	next = atomic_load(&world_trace->next);

	if (w->state == NULL)
		w->state = malloc(OPS + 1);
	storm_expect(w->state != NULL, 40);
	memset(w->state, TRACE_BEGUN, OPS + 1);
	for (size_t n = 1; n < next; n++) {
		uint32_t	state = atomic_load(&world_trace->op[n].state);

		if (state != TRACE_NOT)
			w->state[n] = (unsigned char)state;
	}
}

/* By who holds nothing up, and may be told so. */
static const char *
scan_rdonly(struct world *w, struct trace_item *found, int is_reverse)
{
	const struct qt_store_options	 o = { .flags = QT_STORE_RDONLY };
	struct qt_err			 err = QT_ERR_INIT;
	struct qt_store			*s;
	const char			*wrong;

	expect(qt_store_open(w->path, &o, &s, &err), 42, "open", &err);
	wrong = world_scan(s, found, is_reverse);
	expect(qt_store_close(s, &err), 43, "close", &err);
	return wrong;
}

static void
turn_scan(struct world *w, unsigned int r)
{
	struct trace_item	 found[WORLD_KEYS];
	const char		*wrong;

	if (atomic_load(&world_trace->next) > SCAN_OPS)
		return;
	note(w);
	if (r & 2)
		wrong = scan_rdonly(w, found, (int)(r & 1));
	else
		wrong = world_scan(w->s, found, (int)(r & 1));
	if (wrong != NULL && strstr(wrong, "changed meanwhile") != NULL &&
	    (r & 2))
		return;
	if (wrong == NULL)
		wrong = trace_judge(world_trace, found, w->state);
	if (wrong != NULL)
		say("scan", wrong);
	storm_expect(wrong == NULL, 41);
}

/* A copy is a store that holds a moment of this one. */
static void
copy(struct world *w)
{
	struct trace_item	 found[WORLD_KEYS];
	struct qt_err		 err = QT_ERR_INIT;
	struct qt_store		*s;
	const char		*wrong;
	char			 path[320];

	snprintf(path, sizeof(path), "%s/copy", w->dir);
	note(w);
	expect(qt_store_checkpoint(w->s, path, &err), 50, "copy", &err);
	s = world_open(path);
	wrong = world_find(s, found);
	if (wrong == NULL)
		wrong = trace_judge(world_trace, found, w->state);
	if (wrong != NULL)
		say("copy", wrong);
	storm_expect(wrong == NULL, 51);
	expect(qt_store_close(s, &err), 52, "close the copy", &err);
	expect(qt_store_remove(path, &err), 53, "remove the copy", &err);
}

/* --- Maintenance ---------------------------------------------------------- */

static void
turn_maintain(struct world *w, unsigned int r)
{
	struct qt_err	err = QT_ERR_INIT;

	if (r % 16 == 0)
		expect(qt_store_compact(w->s, &err), 60, "compact", &err);
	else if (r % 16 == 1)
		expect(qt_store_checkpoint(w->s, NULL, &err), 61,
		    "checkpoint", &err);
	else
		expect(qt_store_maintain(w->s, r % 8, &err), 62, "maintain",
		    &err);
}

/*
 * Only by who is not killed: of which version it is, so which puts were before
 * it, is known to who did it.
 */
static void
clear(struct world *w)
{
	struct qt_err	err = QT_ERR_INIT;

	expect(world_clear(w->s, &err), 70, "clear", &err);
}

static void
turn(void *arg, unsigned int worker, unsigned int r, uint64_t n)
{
	struct world	*w = arg;

	if (atomic_load(&world_trace->next) < OPS - STORM_WORKERS)
		turn_write(w, worker, r >> 3, n);
	if (worker < MAINTAINERS)
		turn_maintain(w, r >> 8);
	else if (worker < MAINTAINERS + SCANNERS)
		turn_scan(w, r);
	else if (worker == LIVE && r % 64 == 1)
		clear(w);
	else if (worker == LIVE && r % 64 == 2)
		copy(w);
}

/* What was done must have been done. */
static void
tell(struct world *w)
{
	struct qt_err		err = QT_ERR_INIT;
	struct qt_store_stat	st;

	w->s = world_open(w->path);
	world_must(qt_store_stat(w->s, &st, &err) == 0, "stat", &err);
	printf("# %zu operations, %llu flushes, %llu merges, %llu scans\n",
	    atomic_load(&world_trace->next), (unsigned long long)st.flushes,
	    (unsigned long long)st.compactions, (unsigned long long)st.scans);
	world_must(st.flushes > 0, "nothing was flushed", NULL);
	world_must(qt_store_close(w->s, &err) == 0, "close", &err);
}

static void
make(struct world *w)
{
	struct qt_store_settings	set;
	struct qt_err			err = QT_ERR_INIT;

	world_settings(&set, w->round->mode);
	set.level = w->round->level;
	world_must(qt_store_init(w->path, &set, &err) == 0, "init", &err);
}

static void
blow(const struct round *r)
{
	struct world	w = { .round = r };
	struct storm	s = { .name = r->name, .workers = LIVE, .steady = 1,
	    .is_waiting = 1, .begin = begin, .turn = turn, .arg = &w };
	const char	*wrong;

	world_trace = trace_new(OPS, WORLD_KEYS);
	place_new(w.dir, sizeof(w.dir));
	snprintf(w.path, sizeof(w.path), "%s/s", w.dir);
	make(&w);
	storm_run(&s, KILLS);
	tell(&w);
	wrong = world_look(w.path, NULL);
	world_forget(w.path);
	if (wrong == NULL)
		place_remove(w.dir);
	trace_free(world_trace);
	storm_must(wrong == NULL, wrong != NULL ? wrong : "");
	storm_passed(&s, "a prefix of the history is there");
}

int
main(void)
{
	const struct round	rounds[] = {
		{ "small values", QT_STORE_SYNC, 0, 1000 },
		{ "larger ones, deflated", QT_STORE_ASYNC, 6, 20000 },
		{ "some in files of their own", QT_STORE_HYBRID, 1, 270000 },
	};
	const size_t		count = sizeof(rounds) / sizeof(rounds[0]);

	storm_plan((int)count);
	for (size_t i = 0; i < count; i++)
		blow(&rounds[i]);
	return 0;
}
