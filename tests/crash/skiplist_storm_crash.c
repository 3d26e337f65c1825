/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Processes that put, replace and delete in one skip list, and are killed and
 * stopped at random. Each has keys of its own, and says in memory beside the
 * list what it is about to make of them: so whoever follows a killed one knows
 * the two states that a key may be in. All of them read each other's values,
 * which are never torn, and go through the whole list, which is always in
 * order.
 */

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include <qt/shm/skiplist.h>

#include "../unit/storm.h"

#define WORKERS		5
#define KEYS		12		/* of each */

/* A worker's desk, beside the list; it survives the worker. */
struct desk {
	uint64_t	 now[KEYS];	/* what is there; 0: nothing */
	uint64_t	 next[KEYS];	/* what is about to be there */
};

struct world {
	struct qt_seg	*seg;
	struct qt_skiplist *m;
	struct desk	*desk;
};

struct key {
	uint32_t	worker, number;
};

/* A value's number, 0 when the key is not there. */
static uint64_t
look(const struct world *w, struct key k, int code)
{
	uint64_t	v[4];
	ssize_t		len = qt_skiplist_get(w->m, &k, sizeof(k), v, sizeof(v));

	if (len == -ENOENT)
		return 0;
	storm_expect(len == sizeof(v) && v[0] != 0 && v[1] == ~v[0] &&
	    v[2] == k.worker && v[3] == k.number, code);
	return v[0];
}

static void
change(struct world *w, struct desk *d, struct key k, uint64_t to)
{
	uint64_t	v[4] = { to, ~to, k.worker, k.number };
	uint64_t	was = d->now[k.number];
	int		rc;

	/* The stores are the test's own; a kill splits them at worst. */
	d->next[k.number] = to;
	atomic_signal_fence(memory_order_seq_cst);
	if (to == 0) {
		rc = qt_skiplist_del(w->m, &k, sizeof(k));
		storm_expect(rc == (was == 0 ? -ENOENT : 0), 21);
	} else if (was == 0) {
		rc = qt_skiplist_put_new(w->m, &k, sizeof(k), v, sizeof(v));
		storm_expect(rc == 0, 22);
	} else {
		rc = qt_skiplist_put(w->m, &k, sizeof(k), v, sizeof(v));
		storm_expect(rc == 1, 23);
	}
	atomic_signal_fence(memory_order_seq_cst);
	d->now[k.number] = to;
}

/* What the one before was about to do is done or not. */
static void
take_over(struct world *w, uint32_t worker)
{
	struct desk	*d = &w->desk[worker];

	for (uint32_t i = 0; i < KEYS; i++) {
		struct key	k = { .worker = worker, .number = i };
		uint64_t	v = look(w, k, 31);

		storm_expect(v == d->now[i] || v == d->next[i], 32);
		d->now[i] = d->next[i] = v;
	}
}

/* All of it, in order; of what is ours each is seen once. */
static void
go_through(struct world *w, uint32_t worker, bool is_back)
{
	struct desk	*d = &w->desk[worker];
	struct key	 k, last = { 0, 0 };
	size_t		 len = 0;
	uint32_t	 own = 0, want = 0;

	while ((is_back ? qt_skiplist_prev : qt_skiplist_next)(w->m, &k, &len,
	    NULL, 0, NULL) > 0) {
		int	order = qt_skiplist_compare(w->m, &last, sizeof(last),
		    &k, sizeof(k));

		storm_expect(len == sizeof(k), 61);
		storm_expect((last.worker == 0 && last.number == 0) ||
		    (is_back ? order > 0 : order < 0), 62);
		storm_expect(k.worker != worker || d->now[k.number] != 0, 63);
		own += k.worker == worker;
		last = k;
	}
	for (uint32_t i = 0; i < KEYS; i++)
		want += d->now[i] != 0;
	storm_expect(own == want, 64);
}

static void
turn(struct world *w, uint32_t worker, unsigned int r, uint64_t number)
{
	struct desk	*d = &w->desk[worker];
	struct key	 k = { .worker = worker, .number = (r >> 4) % KEYS };

	if (r % 16 < 7)
		change(w, d, k, number << 16 | (r >> 8 & 0xff) << 8 | 1);
	else if (r % 16 < 10)
		change(w, d, k, 0);
	else if (r % 16 < 11)
		go_through(w, worker, r & 16);
	else if (r % 16 < 13)
		storm_expect(look(w, k, 51) == d->now[k.number], 52);
	else {
		k.worker = (r >> 12) % WORKERS;
		(void)look(w, k, 53);
	}
}

static void
work(void *arg, unsigned int worker, unsigned int seed,
    _Atomic uint64_t *done)
{
	struct world	*w = arg;

	storm_expect(qt_seg_after_fork(w->seg, NULL) == 0, 40);
	take_over(w, worker);
	for (uint64_t n = 1;; n++) {
		turn(w, worker, (unsigned int)rand_r(&seed), n);
		atomic_fetch_add(done, 1);
	}
}

static void
check(struct world *w)
{
	struct key	k;
	size_t		len = 0;
	uint64_t	count = 0;
	int64_t		v = 0;

	storm_must(qt_seg_sweep(w->seg) >= 0, "sweep");
	for (uint32_t i = 0; i < WORKERS; i++)
		take_over(w, i);
	while (qt_skiplist_next(w->m, &k, &len, NULL, 0, NULL) > 0) {
		storm_must(len == sizeof(k) && k.worker < WORKERS &&
		    w->desk[k.worker].now[k.number] != 0, "a strange key");
		count++;
	}
	storm_must(qt_skiplist_count(w->m) == count, "the count is wrong");
	storm_must(qt_obj_fsck(w->seg, 0, NULL, NULL) == 0, "it is not sound");
	storm_must(qt_skiplist_clear(w->m) == (int64_t)count, "clear");
	count = qt_skiplist_capacity(w->m);
	for (uint64_t i = 0; i < count; i++)
		storm_must(qt_skiplist_put(w->m, &i, 8, &v, 8) == 0, "space is lost");
}

int
main(void)
{
	struct qt_seg_spec	spec = { .size = 1u << 20, .mode = 0600,
	    .group = (gid_t)-1, .participants = WORKERS + 3, .kind = "crash" };
	struct qt_skiplist_spec	list = { .key_max = sizeof(struct key),
	    .value_max = 32, .capacity = WORKERS * KEYS };
	struct world		w = { 0 };
	struct storm		s = { .name = "skiplist storm", .workers = WORKERS,
	    .work = work, .arg = &w };

	printf("1..1\n");
	w.desk = storm_memory(sizeof(*w.desk) * WORKERS);
	storm_must(qt_seg_create(NULL, &spec, &w.seg, NULL) == 0, "segment");
	storm_must(qt_skiplist_create(w.seg, "m", &list, NULL) == 0, "list");
	storm_must(qt_skiplist_open(w.seg, "m", NULL, NULL, &w.m, NULL) == 0,
	    "open");
	storm_run(&s, 300);
	check(&w);
	qt_skiplist_close(w.m);
	qt_seg_close(w.seg);
	printf("ok 1 - skiplist storm: %llu turns, %llu killed\n",
	    (unsigned long long)s.turns, (unsigned long long)s.kills);
	return EXIT_SUCCESS;
}
