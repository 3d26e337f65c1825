/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Processes that put, get, touch and delete in one cache that is too small for
 * them, and are killed and stopped at random. Each has keys of its own, and
 * says in memory beside the cache what it is about to put: so what is found
 * there is that, what was there before, or nothing. Values are never torn nor
 * of another key, and at the end every unit is there to be used.
 */

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <qt/shm/cache.h>

#include "../unit/storm.h"

#define WORKERS		5
#define KEYS		40		/* of each */
#define LEN_MAX		900

/* A worker's desk, beside the cache; it survives the worker. */
struct desk {
	uint32_t	now[KEYS];	/* what was put last; 0: deleted */
	uint32_t	next[KEYS];	/* what is about to be */
};

struct world {
	struct qt_seg	*seg;
	struct qt_cache	*c;
	struct desk	*desk;
};

struct key {
	uint32_t	worker, number;
};

static uint32_t
len_of(uint32_t number)
{
	return 8 + number % 7 * number % (LEN_MAX - 8);
}

/* A value of that number: itself, its key, and bytes made from both. */
static void
fill(unsigned char *value, struct key k, uint32_t number)
{
	memcpy(value, &number, 4);
	for (uint32_t i = 4; i < len_of(number); i++)
		value[i] = (unsigned char)(number * 7 + k.worker * 31 +
		    k.number * 3 + i);
}

/* A value's number, 0 when the key is not there. */
static uint32_t
look(const struct world *w, struct key k, int code)
{
	unsigned char	value[LEN_MAX], want[LEN_MAX];
	uint32_t	number;
	ssize_t		len = qt_cache_get(w->c, &k, sizeof(k), value,
	    sizeof(value), 100);

	if (len == -ENOENT)
		return 0;
	storm_expect(len >= 8 && len <= LEN_MAX, code);
	memcpy(&number, value, 4);
	storm_expect(number != 0 && len == len_of(number), code + 1);
	fill(want, k, number);
	storm_expect(memcmp(value, want, (size_t)len) == 0, code + 2);
	return number;
}

static void
change(struct world *w, struct desk *d, struct key k, uint32_t to)
{
	unsigned char	value[LEN_MAX];
	int		rc;

	/* The stores are the test's own; a kill splits them at worst. */
	d->next[k.number] = to;
	atomic_signal_fence(memory_order_seq_cst);
	if (to == 0) {
		rc = qt_cache_del(w->c, &k, sizeof(k));
		storm_expect(rc == 0 || rc == -ENOENT, 21);
	} else {
		fill(value, k, to);
		rc = qt_cache_put(w->c, &k, sizeof(k), value, len_of(to), 100,
		    to % 5 == 0 ? 10 : 0);
		storm_expect(rc >= 0 || rc == -QT_EFULL, 22);
		/* What was refused has not replaced what was there. */
		if (rc < 0)
			to = d->next[k.number] = d->now[k.number];
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
		uint32_t	v = look(w, k, 31);

		storm_expect(v == 0 || v == d->now[i] || v == d->next[i], 34);
		d->now[i] = d->next[i] = v;
	}
}

static void
begin(void *arg, unsigned int worker)
{
	struct world	*w = arg;

	storm_expect(qt_seg_after_fork(w->seg, NULL) == 0, 40);
	take_over(w, worker);
}

static void
turn(void *arg, unsigned int worker, unsigned int r, uint64_t n)
{
	struct world	*w = arg;
	struct desk	*d = &w->desk[worker];
	struct key	 k = { .worker = worker, .number = (r >> 4) % KEYS };
	uint32_t	 v, number = (uint32_t)n;

	if (r % 16 < 6)
		change(w, d, k, number << 8 | (r >> 16 & 0xfe) | 1);
	else if (r % 16 < 7)
		change(w, d, k, 0);
	else if (r % 16 < 8)
		(void)qt_cache_touch(w->c, &k, sizeof(k), 100, r >> 20);
	else if (r % 16 < 12) {
		v = look(w, k, 51);
		storm_expect(v == 0 || v == d->now[k.number], 54);
	} else {
		k.worker = (r >> 12) % WORKERS;
		(void)look(w, k, 55);
	}
}

/* Every unit can be used: one entry a unit, until one has to go. */
static uint64_t
fill_up(struct world *w)
{
	struct qt_cache_counts	n;
	uint64_t		before, i = 0;

	qt_cache_counts(w->c, &n);
	before = n.evictions;
	do {
		storm_must(qt_cache_put(w->c, &i, 8, "", 0, 0, 0) == 0,
		    "put");
		i++;
		qt_cache_counts(w->c, &n);
	} while (n.evictions == before);
	storm_must(qt_cache_clear(w->c) == (int64_t)i - 1, "clear");
	return i;
}

static void
check(struct world *w, uint64_t room)
{
	struct key	k;
	size_t		len = 0;
	uint64_t	count = 0;

	storm_must(qt_seg_sweep(w->seg) >= 0, "sweep");
	for (uint32_t i = 0; i < WORKERS; i++)
		take_over(w, i);
	while (qt_cache_next(w->c, &k, &len, NULL, 0, NULL, 0) > 0) {
		storm_must(len == sizeof(k) && k.worker < WORKERS &&
		    k.number < KEYS, "a strange key");
		count++;
	}
	storm_must(qt_cache_count(w->c) == count, "the count is wrong");
	storm_must(qt_obj_fsck(w->seg, 0, NULL, NULL) == 0,
	    "it is not sound");
	storm_must(qt_cache_clear(w->c) == (int64_t)count, "clear");
	storm_must(fill_up(w) == room, "space is lost");
}

int
main(void)
{
	struct qt_seg_spec	spec = { .size = 1u << 20, .mode = 0600,
	    .group = (gid_t)-1, .participants = WORKERS + 3, .kind = "crash" };
	struct qt_cache_spec	cache = { .bytes = 60000, .unit = 128,
	    .key_max = sizeof(struct key), .value_max = LEN_MAX };
	struct world		w = { 0 };
	struct storm		s = { .name = "cache storm",
	    .workers = WORKERS, .begin = begin, .turn = turn, .arg = &w };
	uint64_t		room;

	storm_plan(1);
	w.desk = storm_memory(sizeof(*w.desk) * WORKERS);
	storm_must(qt_seg_create(NULL, &spec, &w.seg, NULL) == 0, "segment");
	storm_must(qt_cache_create(w.seg, "c", &cache, NULL) == 0, "cache");
	storm_must(qt_cache_open(w.seg, "c", &w.c, NULL) == 0, "open");
	room = fill_up(&w);
	storm_run(&s, 300);
	check(&w, room);
	qt_cache_close(w.c);
	qt_seg_close(w.seg);
	storm_passed(&s, "no torn value, and no unit is lost");
	return EXIT_SUCCESS;
}
