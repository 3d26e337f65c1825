/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Processes that put values and change the elements of an array, and are killed
 * and stopped at random. Values and elements are never torn, sequence numbers
 * never go back; and what was added is there, each time once, but for one
 * addition that each victim may have done and not written down.
 */

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

#include <qt/shm/array.h>
#include <qt/shm/value.h>

#include "../unit/storm.h"

#define WORKERS		6
#define WORDS		20u		/* of a value */
#define SUMS		4u		/* elements that all add to, */
#define COUNTER		SUMS		/* one that all swap, */
#define MARKS		(SUMS + 1)	/* and some that all overwrite */
#define ELEMENTS	32u

/* What is certain; it survives the worker. */
struct desk {
	uint64_t	added[SUMS], swapped, put_if;
};

struct world {
	struct qt_seg	*seg;
	struct qt_array	*array;
	struct qt_value	*value;		/* all put it */
	struct qt_value	*counter;	/* a number that is counted up */
	struct desk	*desk;
	uint64_t	 last_seq;	/* in a worker */
};

static void
turn_array(struct world *w, struct desk *d, unsigned int r, uint64_t n)
{
	uint64_t	at = r % SUMS;
	int64_t		v;

	if (r / 16 % 2) {
		storm_expect(qt_array_add(w->array, at, 1, &v) == 0 && v >= 0,
		    11);
		d->added[at]++;
		return;
	}
	storm_expect(qt_array_get(w->array, COUNTER, 1, &v) == 0, 12);
	(void)n;
	if (qt_array_cas(w->array, COUNTER, &v, v + 1) == 1)
		d->swapped++;
}

/* An element says twice what it is: high and low half. */
static int64_t
mark(uint64_t n)
{
	uint32_t	low = (uint32_t)n;

	return (int64_t)((uint64_t)~low << 32 | low);
}

static void
turn_marks(struct world *w, unsigned int r, uint64_t n)
{
	int64_t		v[ELEMENTS];
	uint64_t	at = MARKS + r % (ELEMENTS - MARKS);
	uint64_t	count = 1 + r / 64 % (ELEMENTS - at);

	if (r / 32 % 4 == 0) {
		v[0] = mark(n);
		storm_expect(qt_array_fill(w->array, at, count, v) == 0, 21);
	} else if (r / 32 % 4 == 1) {
		for (uint64_t i = 0; i < count; i++)
			v[i] = mark(n + i);
		storm_expect(qt_array_put(w->array, at, count, v) == 0, 22);
	} else {
		storm_expect(qt_array_get(w->array, at, count, v) == 0, 23);
		for (uint64_t i = 0; i < count; i++)
			storm_expect(v[i] == mark((uint64_t)v[i]), 24);
	}
}

static void
turn_value(struct world *w, uint64_t n)
{
	uint64_t	v[WORDS], seq;
	ssize_t		len = qt_value_get(w->value, v, sizeof(v), &seq);
	int		rc;

	storm_expect(len == sizeof(v), 31);
	storm_expect(seq >= w->last_seq, 32);
	for (unsigned int i = 1; i < WORDS; i++)
		storm_expect(v[i] == v[0] + i, 33);
	for (unsigned int i = 0; i < WORDS; i++)
		v[i] = n + i;
	rc = qt_value_put(w->value, v, sizeof(v), &w->last_seq);
	storm_expect(rc == 0 || rc == -EBUSY, 34);
	if (rc < 0)
		w->last_seq = seq;
	else
		storm_expect(w->last_seq > seq, 35);
}

/* Each one adds one to what it has seen, if that is still there. */
static void
turn_counter(struct world *w, struct desk *d)
{
	uint64_t	v, seq;
	int		rc;

	storm_expect(qt_value_get(w->counter, &v, 8, &seq) == 8, 41);
	v++;
	rc = qt_value_put_if(w->counter, &v, 8, &seq);
	storm_expect(rc == 0 || rc == 1 || rc == -EBUSY, 42);
	if (rc == 1)
		d->put_if++;
}

static void
begin(void *arg, unsigned int worker)
{
	struct world	*w = arg;

	(void)worker;
	storm_expect(qt_seg_after_fork(w->seg, NULL) == 0, 50);
}

static void
turn(void *arg, unsigned int worker, unsigned int r, uint64_t n)
{
	struct world	*w = arg;
	struct desk	*d = &w->desk[worker];

	switch (r / 16 % 4) {
	case 0:
		turn_array(w, d, r / 64, n);
		break;
	case 1:
		turn_marks(w, r / 64, n);
		break;
	case 2:
		turn_value(w, n);
		break;
	default:
		turn_counter(w, d);
	}
}

/* Above what was written down: what victims had done just then. */
static uint64_t
excess(uint64_t is, uint64_t noted)
{
	storm_must(is >= noted, "an addition is lost");
	return is - noted;
}

static void
check(struct world *w, uint64_t kills)
{
	struct desk	all = { 0 };
	int64_t		v[ELEMENTS];
	uint64_t	n, over = 0;

	storm_must(qt_seg_sweep(w->seg) >= 0, "sweep");
	storm_must(qt_obj_fsck(w->seg, 0, NULL, NULL) == 0, "fsck");
	for (unsigned int i = 0; i < WORKERS; i++) {
		for (unsigned int k = 0; k < SUMS; k++)
			all.added[k] += w->desk[i].added[k];
		all.swapped += w->desk[i].swapped;
		all.put_if += w->desk[i].put_if;
	}
	storm_must(qt_array_get(w->array, 0, ELEMENTS, v) == 0, "get");
	for (unsigned int k = 0; k < SUMS; k++)
		over += excess((uint64_t)v[k], all.added[k]);
	over += excess((uint64_t)v[COUNTER], all.swapped);
	for (unsigned int k = MARKS; k < ELEMENTS; k++)
		storm_must(v[k] == mark((uint64_t)v[k]), "a torn element");
	storm_must(qt_value_get(w->counter, &n, 8, NULL) == 8, "counter");
	over += excess(n, all.put_if);
	storm_must(over <= kills, "an addition is there twice");
	storm_must(all.swapped > 0 && all.put_if > 0 && all.added[0] > 0,
	    "nothing was done");
	for (uint64_t i = 0; i < 64; i++) {
		turn_value(w, i);
		storm_must(qt_value_put(w->counter, &i, 8, NULL) == 0,
		    "a buffer is lost");
	}
	qt_array_close(w->array);
	qt_value_close(w->value);
	qt_value_close(w->counter);
	qt_seg_close(w->seg);
}

static void
storm(const char *name, int kills)
{
	struct qt_seg_spec	spec = { .size = 1u << 20, .mode = 0600,
	    .group = (gid_t)-1, .participants = WORKERS + 2, .kind = "storm" };
	struct qt_array_spec	array = { .dtype = "<i8",
	    .shape = { ELEMENTS } };
	struct qt_value_spec	value = { .size = WORDS * 8 };
	struct qt_value_spec	counter = { .size = 8, .writers = WORKERS };
	struct world		w = { .desk = storm_memory(
	    sizeof(struct desk) * WORKERS) };
	struct storm		s = { .name = name, .workers = WORKERS,
	    .begin = begin, .turn = turn, .arg = &w };
	int64_t			v = mark(0);
	uint64_t		words[WORDS];

	for (unsigned int i = 0; i < WORDS; i++)
		words[i] = i;
	storm_must(qt_seg_create(NULL, &spec, &w.seg, NULL) == 0 &&
	    qt_array_create(w.seg, "a", &array, NULL) == 0 &&
	    qt_array_open(w.seg, "a", NULL, &w.array, NULL) == 0 &&
	    qt_array_fill(w.array, MARKS, ELEMENTS - MARKS, &v) == 0 &&
	    qt_value_create(w.seg, "v", &value, NULL) == 0 &&
	    qt_value_open(w.seg, "v", NULL, &w.value, NULL) == 0 &&
	    qt_value_put(w.value, words, sizeof(words), NULL) == 0 &&
	    qt_value_create(w.seg, "n", &counter, NULL) == 0 &&
	    qt_value_open(w.seg, "n", NULL, &w.counter, NULL) == 0 &&
	    qt_value_put(w.counter, words, 8, NULL) == 0, "create");
	if (kills > 0)
		storm_run(&s, kills);
	else
		storm_calm(&s, 300000);
	check(&w, s.kills);
	storm_passed(&s, "nothing is torn, and every addition is there once");
}

int
main(void)
{
	storm_plan(2);
	storm("array and value storm", 300);
	storm("array and value calm", 0);
	return EXIT_SUCCESS;
}
