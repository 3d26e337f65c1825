/* SPDX-License-Identifier: Apache-2.0 */
/* Subjects of `qt-bench complexity`: a store, in memory and in runs. growth.h */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <qt/base/path.h>
#include <qt/base/prog.h>
#include <qt/store/store.h>

#include "growth.h"
#include "work.h"

#define SPARE	(UINT64_C(64) << 10)	/* records that are put besides */
#define SCAN	10
#define VALUE	8u
#define FRAME	64u			/* bytes of a record in a memtable */
#define LEAST	4096u			/* records, half of what the least index
					   of a memtable has words for */

struct state {
	struct qt_store	*store;
	uint64_t	 n;
	char		 dir[QT_PATH_SIZE], path[QT_PATH_SIZE + 8];
};

static void
must(int rc, const char *what, const struct qt_err *err)
{
	if (rc < 0)
		qt_die(QT_EXIT_SYS, "%s: %s: %s", what, err->text,
		    qt_strerror(rc));
}

static void
put(struct state *s, uint64_t record)
{
	unsigned char		key[WORK_KEY];
	struct qt_store_put	p = { .key = key, .key_len = WORK_KEY,
	    .value = &record, .value_len = VALUE };
	struct qt_err		err = QT_ERR_INIT;

	work_key(record, key);
	must(qt_store_put(s->store, NULL, &p, &err), "put", &err);
}

static int
get(struct state *s, uint64_t record)
{
	unsigned char		key[WORK_KEY];
	struct qt_store_value	v;
	int			rc, is_right;

	work_key(record, key);
	rc = qt_store_get(s->store, NULL, &v, key, WORK_KEY, NULL);
	is_right = rc == 0 && v.len == VALUE &&
	    memcmp(v.data, &record, VALUE) == 0;
	qt_store_value_clear(&v);
	return is_right;
}

static void
expect(int is_right, const char *what)
{
	if (!is_right)
		qt_die(QT_EXIT_SYS, "%s: another answer than expected", what);
}

/* One of the n, in no order. */
static uint64_t
some(const struct state *s, uint64_t i)
{
	uint64_t	random = UINT64_C(0x853c49e6748fea9b) + i;

	return (work_random(&random) >> 32) * s->n >> 32;
}

/* With so many records of n. */
static void *
state_open(uint64_t now, uint64_t n, enum qt_store_mode mode)
{
	const char			*tmp = getenv("TMPDIR");
	struct qt_store_settings	 set;
	struct qt_store_options		 o = { .flags = QT_STORE_NO_THREADS };
	struct state			*s = calloc(1, sizeof(*s));
	struct qt_err			 err = QT_ERR_INIT;

	if (s == NULL)
		qt_die(QT_EXIT_SYS, "out of memory");
	s->n = n;
	snprintf(s->dir, sizeof(s->dir), "%s/qt-bench-XXXXXX",
	    tmp != NULL && *tmp != '\0' ? tmp : "/tmp");
	if (mkdtemp(s->dir) == NULL)
		qt_die(QT_EXIT_SYS, "make a folder '%s': %s", s->dir,
		    strerror(errno));
	snprintf(s->path, sizeof(s->path), "%s/store", s->dir);
	qt_store_settings_init(&set);
	set.mode = mode;
	if (mode == QT_STORE_MEMORY)
		set.memtable_size = (n + SPARE) * FRAME;
	if (set.wal_max < 2 * set.memtable_size)
		set.wal_max = 2 * set.memtable_size;
	must(qt_store_init(s->path, &set, &err), "make", &err);
	must(qt_store_open(s->path, &o, &s->store, &err), "open", &err);
	for (uint64_t i = 0; i < now; i++)
		put(s, i);
	return s;
}

static void
state_close(void *arg)
{
	struct state	*s = arg;

	(void)qt_store_close(s->store, NULL);
	(void)qt_store_remove(s->path, NULL);
	(void)rmdir(s->dir);
	free(s);
}

static void
store_put(void *arg, uint64_t i)
{
	struct state	*s = arg;

	put(s, s->n + i);
}

static void
store_get(void *arg, uint64_t i)
{
	expect(get(arg, some(arg, i)), "get");
}

static void
store_miss(void *arg, uint64_t i)
{
	expect(!get(arg, (UINT64_C(1) << 40) + i), "get of what is not there");
}

/* From a key that is there, some records in order. */
static void
store_scan(void *arg, uint64_t i)
{
	struct state		*s = arg;
	unsigned char		 key[WORK_KEY];
	struct qt_store_range	 r = { .from = key, .from_len = WORK_KEY };
	struct qt_store_scan	*scan;
	struct qt_store_item	 item;
	struct qt_err		 err = QT_ERR_INIT;
	int			 rc = 1;

	work_key(some(s, i), key);
	must(qt_store_scan_open(s->store, NULL, &r, &scan, &err), "scan",
	    &err);
	for (int k = 0; k < SCAN && rc == 1; k++)
		rc = qt_store_scan_next(scan, &item, &err);
	must(rc, "scan", &err);
	qt_store_scan_close(scan);
}

static void *
memory_open(uint64_t n)
{
	struct state	*s = state_open(n, n, QT_STORE_MEMORY);

	/* Puts them in order, which puts do not. */
	store_scan(s, 0);
	return s;
}

/* No records yet: each time they are put before. */
static void *
flush_open(uint64_t n)
{
	return state_open(0, n, QT_STORE_MEMORY);
}

static void
fill_memtable(void *arg, uint64_t i)
{
	struct state	*s = arg;
	struct qt_err	 err = QT_ERR_INIT;

	(void)i;
	must(qt_store_clear(s->store, &err), "clear", &err);
	for (uint64_t k = 0; k < s->n; k++)
		put(s, k);
}

/* A memtable into a run: its records are put in order, and written. */
static void
flush_all(void *arg, uint64_t i)
{
	struct state	*s = arg;
	struct qt_err	 err = QT_ERR_INIT;

	(void)i;
	must(qt_store_checkpoint(s->store, NULL, &err), "checkpoint", &err);
}

static void *
runs_open(uint64_t n)
{
	struct state	*s = state_open(n, n, QT_STORE_ASYNC);
	struct qt_err	 err = QT_ERR_INIT;

	must(qt_store_checkpoint(s->store, NULL, &err), "checkpoint", &err);
	must(qt_store_compact(s->store, &err), "compact", &err);
	/* The first time that a block is read its checksum is compared. */
	for (uint64_t i = 0; i < n; i++)
		expect(get(s, i), "get");
	return s;
}

/* All runs into one: one with one record, and one with the others. */
static void
runs_compact(void *arg, uint64_t i)
{
	struct state	*s = arg;
	struct qt_err	 err = QT_ERR_INIT;

	put(s, some(s, i));
	must(qt_store_checkpoint(s->store, NULL, &err), "checkpoint", &err);
	must(qt_store_compact(s->store, &err), "compact", &err);
}

const struct growth_subject growth_store = {
	"store", FRAME + 16, LEAST, memory_open, state_close,
	(const struct growth_op[]){
		{ "put", FIT_1, store_put, 0, NULL },
		{ "get", FIT_1, store_get, 0, NULL },
		{ "miss", FIT_1, store_miss, 0, NULL },
		{ "scan 10", FIT_LOG, store_scan, 0, NULL },
		{ NULL, FIT_1, NULL, 0, NULL },
	}
};

const struct growth_subject growth_runs = {
	"runs", 40, 0, runs_open, state_close, (const struct growth_op[]){
		{ "get", FIT_LOG, store_get, 0, NULL },
		{ "miss", FIT_LOG, store_miss, 0, NULL },
		{ "scan 10", FIT_LOG, store_scan, 0, NULL },
		{ NULL, FIT_1, NULL, 0, NULL },
	}
};

const struct growth_subject growth_flush = {
	"flush", FRAME + 16, 0, flush_open, state_close,
	(const struct growth_op[]){
		{ "of all", FIT_NLOG, flush_all, 1, fill_memtable },
		{ NULL, FIT_1, NULL, 0, NULL },
	}
};

/* Apart: what it writes has not been read before. */
const struct growth_subject growth_compaction = {
	"compaction", 40, 0, runs_open, state_close,
	(const struct growth_op[]){
		{ "of all", FIT_N, runs_compact, 1, NULL },
		{ NULL, FIT_1, NULL, 0, NULL },
	}
};
