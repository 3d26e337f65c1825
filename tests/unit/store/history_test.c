/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Histories of concurrent processes, checked for snapshot isolation.
 *
 * Each writes down what it did, when it began and ended (by one counter of all),
 * and what it saw. In the end the writes are put in the order of their versions,
 * and then each reader must have seen exactly what was there at its snapshot:
 * all of a batch or nothing; nothing that began later; everything that had ended
 * before, one's own writes among it; and of two who change what both have read,
 * one was told so.
 */

#include <sched.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "scan_world.h"

#define CLIENTS	4u
#define OPS	2000u
#define KEYS	8u
#define PAD	300u

enum kind { NONE, BATCH, CHANGE, SNAP, GET };

struct event {
	enum kind	kind;
	int		rc;
	uint64_t	begun, ended;
	uint64_t	version;	/* of its last record; of the snapshot */
	uint64_t	id;		/* the value that it wrote */
	uint32_t	puts, dels;	/* bit k: key k */
	uint32_t	key;		/* CHANGE, GET */
	uint64_t	seen[KEYS];	/* ids; 0: not there */
};

struct history {
	_Atomic uint64_t clock;
	struct event	events[CLIENTS][OPS];
};

struct client {
	struct history	*h;
	struct qt_store	*s;
	uint64_t	 random;
	uint32_t	 number;
};

/* --- A client ------------------------------------------------------------- */

static void
must(bool is_so, int code)
{
	if (!is_so)
		_exit(code);
}

static uint32_t
roll(struct client *c, uint32_t below)
{
	c->random = c->random * UINT64_C(6364136223846793005) + 1442695041;
	return (uint32_t)(c->random >> 33) % below;
}

static void
name(char out[8], uint32_t key)
{
	snprintf(out, 8, "key-%02u", key);
}

static uint64_t
id_of(const void *value, size_t len)
{
	uint64_t	id;

	must(len >= sizeof(id), 20);
	memcpy(&id, value, sizeof(id));
	return id;
}

static uint64_t
get(struct client *c, const struct qt_store_snap *snap, uint32_t key,
    uint64_t *version)
{
	struct qt_store_value	v;
	char			k[8];
	uint64_t		id = 0;
	int			rc;

	name(k, key);
	rc = qt_store_get(c->s, snap, &v, k, 6, NULL);
	must(rc == 0 || rc == -ENOENT, 21);
	*version = 0;
	if (rc == 0) {
		id = id_of(v.data, v.len);
		*version = v.version;
		qt_store_value_clear(&v);
	}
	return id;
}

static void
scan(struct client *c, const struct qt_store_snap *snap, struct event *e)
{
	struct qt_store_range	 r = { .prefix = "key-", .prefix_len = 4,
	    .is_reverse = (int)roll(c, 2) };
	struct qt_store_scan	*all;
	struct qt_store_item	 item;
	char			 k[8] = "";
	int			 rc;

	must(qt_store_scan_open(c->s, snap, &r, &all, NULL) == 0, 22);
	while ((rc = qt_store_scan_next(all, &item, NULL)) == 1) {
		memcpy(k, item.key, 6);
		e->seen[atoi(k + 4)] = id_of(item.value, item.value_len);
	}
	must(rc == 0, 23);
	qt_store_scan_close(all);
}

static void
look(struct client *c, struct event *e)
{
	struct qt_store_snap	*snap;
	uint64_t		 version;

	e->kind = SNAP;
	must(qt_store_snap_open(c->s, &snap, NULL) == 0, 24);
	e->version = qt_store_snap_version(snap);
	e->ended = atomic_fetch_add(&c->h->clock, 1);
	if (roll(c, 4) == 0)
		scan(c, snap, e);
	else
		for (uint32_t k = 0; k < KEYS; k++)
			e->seen[k] = get(c, snap, k, &version);
	qt_store_snap_close(snap);
}

static void
write_batch(struct client *c, struct event *e, uint64_t if_version)
{
	struct qt_store_put	puts[KEYS];
	char			keys[KEYS][8], value[PAD];
	size_t			n = 0;

	memset(value, 'v', sizeof(value));
	memcpy(value, &e->id, sizeof(e->id));
	for (uint32_t k = 0; k < KEYS; k++) {
		if (!((e->puts | e->dels) >> k & 1))
			continue;
		name(keys[k], k);
		puts[n] = (struct qt_store_put){ .key = keys[k], .key_len = 6,
		    .value = value, .value_len = 8 + roll(c, PAD - 8),
		    .if_version = if_version, .flags = e->kind == CHANGE ?
		    QT_STORE_IF_VERSION : 0 };
		if (e->dels >> k & 1)
			puts[n].flags |= QT_STORE_DEL;
		n++;
	}
	e->rc = qt_store_put_many(c->s, &e->version, NULL, puts, n, NULL);
	must(e->rc == 0 || (e->rc == -ENOENT && e->dels != 0) ||
	    (e->rc == -ESTALE && e->kind == CHANGE), 25);
}

static void
do_one(struct client *c, struct event *e, const struct event *before)
{
	uint32_t	what = roll(c, 100);
	uint64_t	version;

	e->id = (uint64_t)(c->number + 1) << 32 | (uint64_t)(e -
	    c->h->events[c->number]);
	e->begun = atomic_fetch_add(&c->h->clock, 1);
	if (before != NULL && before->kind < SNAP && before->rc == 0) {
		e->kind = GET;		/* one's own */
		e->key = (uint32_t)__builtin_ctz(before->puts | before->dels);
		e->seen[0] = get(c, NULL, e->key, &version);
	} else if (what < 40) {
		e->kind = BATCH;
		e->puts = 1 + roll(c, (1u << KEYS) - 1);
		if (what < 4)
			e->dels = e->puts & -e->puts;
		e->puts &= ~e->dels;
		write_batch(c, e, 0);
	} else if (what < 60) {
		e->kind = CHANGE;
		e->key = roll(c, KEYS);
		e->puts = 1u << e->key;
		e->seen[0] = get(c, NULL, e->key, &version);
		sched_yield();	/* so that somebody else is faster */
		write_batch(c, e, version);
	} else {
		look(c, e);
	}
	if (e->ended == 0)
		e->ended = atomic_fetch_add(&c->h->clock, 1);
	if (what == 99)
		must(qt_store_maintain(c->s, 1, NULL) >= 0, 26);
}

static void
be_a_client(const struct world *w, struct history *h, uint32_t number, int go)
{
	struct client	c = { .h = h, .random = number + 77,
	    .number = number };
	char		byte;

	c.s = world_open_as(w, QT_STORE_NO_THREADS);
	must(read(go, &byte, 1) == 0, 27);
	for (uint32_t i = 0; i < OPS; i++)
		do_one(&c, &h->events[number][i],
		    i > 0 ? &h->events[number][i - 1] : NULL);
	qt_store_close(c.s, NULL);
	_exit(0);
}

/* --- The check ------------------------------------------------------------ */

struct writes {
	const struct event	*at[CLIENTS * OPS];	/* by version */
	uint32_t		 count;
};

static int
by_version(const void *a, const void *b)
{
	const struct event	*x = *(const struct event *const *)a;
	const struct event	*y = *(const struct event *const *)b;

	return (x->version > y->version) - (x->version < y->version);
}

static void
collect(struct writes *w, const struct history *h)
{
	w->count = 0;
	for (uint32_t i = 0; i < CLIENTS * OPS; i++) {
		const struct event	*e = &h->events[i / OPS][i % OPS];

		if (e->kind < SNAP && e->rc == 0)
			w->at[w->count++] = e;
	}
	qsort(w->at, w->count, sizeof(w->at[0]), by_version);
}

static bool
has_key(const struct event *e, uint32_t key)
{
	return ((e->puts | e->dels) >> key & 1) != 0;
}

/* The last write of a key with a version less than end; NULL: none. */
static const struct event *
last_of(const struct writes *w, uint32_t key, uint64_t end)
{
	const struct event	*last = NULL;

	for (uint32_t i = 0; i < w->count && w->at[i]->version < end; i++)
		if (has_key(w->at[i], key))
			last = w->at[i];
	return last;
}

static uint64_t
value_of(const struct event *e, uint32_t key)
{
	return e != NULL && (e->puts >> key & 1) ? e->id : 0;
}

/* Whose versions are in the order of time. */
static void
check_writes(const struct writes *w)
{
	uint64_t	latest = 0;

	for (uint32_t i = w->count; i-- > 0;) {
		/* The first to end of all behind it. */
		if (latest != 0 && w->at[i]->begun > latest)
			fail_msg("version %llu began after a later one ended",
			    (unsigned long long)w->at[i]->version);
		if (latest == 0 || w->at[i]->ended < latest)
			latest = w->at[i]->ended;
		if (i > 0)
			assert_true(w->at[i - 1]->version <
			    w->at[i]->version);
	}
}

static void
check_snap(const struct writes *w, const struct event *e)
{
	for (uint32_t k = 0; k < KEYS; k++) {
		const struct event	*last = last_of(w, k, e->version + 1);

		if (e->seen[k] != value_of(last, k))
			fail_msg("snapshot %llu: key %u is of %llx, not %llx",
			    (unsigned long long)e->version, k,
			    (unsigned long long)e->seen[k],
			    (unsigned long long)value_of(last, k));
	}
	for (uint32_t i = 0; i < w->count; i++) {
		const struct event	*x = w->at[i];

		if (x->ended < e->begun && x->version > e->version)
			fail_msg("snapshot %llu misses what had ended before",
			    (unsigned long long)e->version);
		if (x->begun > e->ended && x->version <= e->version)
			fail_msg("snapshot %llu has what began later",
			    (unsigned long long)e->version);
	}
}

/* Who looks later sees no earlier moment. */
static void
check_next(const struct history *h, const struct event *e)
{
	uint64_t	version = e->version;

	if (e->kind == GET && e->seen[0] == 0)
		return;
	if (e->kind == GET)
		version = h->events[(e->seen[0] >> 32) - 1]
		    [(uint32_t)e->seen[0]].version;
	for (uint32_t i = 0; i < CLIENTS * OPS; i++) {
		const struct event	*x = &h->events[i / OPS][i % OPS];

		if (x->kind == SNAP && x->begun > e->ended &&
		    x->version < version)
			fail_msg("snapshot %llu is of before %llu, which was "
			    "seen already", (unsigned long long)x->version,
			    (unsigned long long)version);
	}
}

/* Some moment between begun and ended at which the key was so. */
static void
check_get(const struct writes *w, const struct event *e)
{
	const struct event	*now = NULL;
	bool			 is_found = e->seen[0] == 0;

	for (uint32_t i = 0; i < w->count; i++) {
		if (!has_key(w->at[i], e->key))
			continue;
		if (w->at[i]->begun > e->ended)
			break;
		/* It had ended, so nothing before it may be seen. */
		if (w->at[i]->ended < e->begun)
			is_found = false;
		now = w->at[i];
		if (value_of(now, e->key) == e->seen[0])
			is_found = true;
	}
	if (!is_found)
		fail_msg("key %u is of %llx, which was overwritten", e->key,
		    (unsigned long long)e->seen[0]);
}

static void
check_change(const struct writes *w, const struct event *e)
{
	if (e->rc == 0) {
		assert_true(value_of(last_of(w, e->key, e->version), e->key) ==
		    e->seen[0]);
		return;
	}
	/* Somebody was faster: after it was read, or while it was. */
	for (uint32_t i = 0; i < w->count; i++)
		if (has_key(w->at[i], e->key) && w->at[i]->ended > e->begun &&
		    w->at[i]->begun < e->ended)
			return;
	fail_msg("told of a change of key %u that nobody made", e->key);
}

QT_TEST(histories_of_concurrent_clients_are_snapshot_isolated)
{
	static struct writes	 writes;
	struct history		*h = mmap(NULL, sizeof(*h), PROT_READ |
	    PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct world		 w;
	pid_t			 pids[CLIENTS];
	uint32_t		 kinds[GET + 1] = { 0 };
	int			 go[2], status;

	(void)state;
	assert_true(h != MAP_FAILED);
	atomic_store(&h->clock, 1);
	scan_begin(&w, "1M");
	assert_int_equal(pipe(go), 0);
	for (uint32_t i = 0; i < CLIENTS; i++) {
		pids[i] = fork();
		assert_true(pids[i] >= 0);
		if (pids[i] != 0)
			continue;
		close(go[1]);
		be_a_client(&w, h, i, go[0]);
	}
	close(go[0]);
	close(go[1]);
	for (uint32_t i = 0; i < CLIENTS; i++) {
		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_int_equal(status, 0);
	}
	collect(&writes, h);
	check_writes(&writes);
	for (uint32_t i = 0; i < CLIENTS * OPS; i++) {
		const struct event	*e = &h->events[i / OPS][i % OPS];

		kinds[e->kind]++;
		if (e->kind == SNAP)
			check_snap(&writes, e);
		else if (e->kind == GET)
			check_get(&writes, e);
		else if (e->kind == CHANGE)
			check_change(&writes, e);
		if (e->kind >= SNAP)
			check_next(h, e);
	}
	assert_true(kinds[BATCH] > 100 && kinds[CHANGE] > 50 &&
	    kinds[SNAP] > 100 && kinds[GET] > 100);
	munmap(h, sizeof(*h));
	scan_end(&w);
}
