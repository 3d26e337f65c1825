/* SPDX-License-Identifier: Apache-2.0 */
/* Subjects of `qt-bench complexity`: structures in shared memory. growth.h */

#include <stdlib.h>

#include <qt/shm/map.h>
#include <qt/shm/queue.h>
#include <qt/shm/skiplist.h>
#include <qt/shm/stack.h>

#include "growth.h"
#include "shm_rows.h"

#define SPARE	(16u << 10)	/* entries that are put in and taken out */
#define SCAN	100

struct state {
	struct qt_seg		*seg;
	struct qt_map		*map;
	struct qt_skiplist	*list;
	struct qt_queue		*queue;
	struct qt_stack		*stack;
	uint64_t		 n;
};

/* A number for each of the first 2^40, in no order. */
static uint64_t
key_of(uint64_t i)
{
	uint64_t	x = i + 1;

	x = (x ^ x >> 31) * UINT64_C(0x7fb5d329728ea185);
	x = (x ^ x >> 27) * UINT64_C(0x81dadef4bc2dd44d);
	return x ^ x >> 33;
}

static uint64_t
some(const struct state *s, uint64_t i)
{
	return key_of(~i) % s->n;
}

static struct state *
state_new(uint64_t n, uint64_t entry_bytes)
{
	struct state	*s = calloc(1, sizeof(*s));

	if (s == NULL)
		qt_die(QT_EXIT_SYS, "out of memory");
	s->n = n;
	s->seg = shm_segment((n + SPARE) * entry_bytes + (4u << 20));
	return s;
}

static void
state_close(void *arg)
{
	struct state	*s = arg;

	qt_map_close(s->map);
	qt_skiplist_close(s->list);
	qt_queue_close(s->queue);
	qt_stack_close(s->stack);
	qt_seg_close(s->seg);
	free(s);
}

static void
expect(int is_right, const char *what)
{
	if (!is_right)
		qt_die(QT_EXIT_SYS, "%s: another answer than expected", what);
}

/* --- A map ---------------------------------------------------------------- */

static void *
map_open(uint64_t n)
{
	struct qt_map_spec	 spec = { .key_max = 8, .value_max = 8,
	    .capacity = n + SPARE };
	struct state		*s = state_new(n, 192);

	shm_must(qt_map_create(s->seg, "m", &spec, NULL), "make a map");
	shm_must(qt_map_open(s->seg, "m", NULL, NULL, &s->map, NULL),
	    "open a map");
	for (uint64_t i = 0; i < n; i++) {
		uint64_t	key = key_of(i);

		expect(qt_map_put(s->map, &key, 8, &i, 8) == 0, "map put");
	}
	return s;
}

static void
map_put(void *arg, uint64_t i)
{
	struct state	*s = arg;
	uint64_t	 key = key_of(s->n + i);

	expect(qt_map_put(s->map, &key, 8, &i, 8) == 0, "map put");
}

static void
map_get(void *arg, uint64_t i)
{
	struct state	*s = arg;
	uint64_t	 n = some(s, i), key = key_of(n), value;

	expect(qt_map_get(s->map, &key, 8, &value, 8) == 8 && value == n,
	    "map get");
}

static void
map_miss(void *arg, uint64_t i)
{
	struct state	*s = arg;
	uint64_t	 key = key_of((UINT64_C(1) << 39) + i);

	expect(qt_map_has(s->map, &key, 8) == 0, "map has");
}

static void
map_has(void *arg, uint64_t i)
{
	struct state	*s = arg;
	uint64_t	 key = key_of(some(s, i));

	expect(qt_map_has(s->map, &key, 8) == 1, "map has");
}

static void
map_count(void *arg, uint64_t i)
{
	struct state	*s = arg;

	(void)i;
	expect(qt_map_count(s->map) >= s->n, "map count");
}

static void
map_del(void *arg, uint64_t i)
{
	struct state	*s = arg;
	uint64_t	 key = key_of(s->n + i);

	expect(qt_map_del(s->map, &key, 8) == 0, "map del");
}

const struct growth_subject growth_map = {
	"map", 128, 0, map_open, state_close, (const struct growth_op[]){
		{ "put", FIT_1, map_put, 0, NULL },
		{ "get", FIT_1, map_get, 0, NULL },
		{ "has", FIT_1, map_has, 0, NULL },
		{ "miss", FIT_1, map_miss, 0, NULL },
		{ "count", FIT_1, map_count, 0, NULL },
		{ "del", FIT_1, map_del, 0, NULL },
		{ NULL, FIT_1, NULL, 0, NULL },
	}
};

/* --- A skiplist ----------------------------------------------------------- */

static void *
list_open(uint64_t n)
{
	struct qt_skiplist_spec	 spec = { .key_dtype = "<u8", .value_max = 8,
	    .capacity = n + SPARE };
	struct state		*s = state_new(n, 256);

	shm_must(qt_skiplist_create(s->seg, "l", &spec, NULL),
	    "make a skiplist");
	shm_must(qt_skiplist_open(s->seg, "l", NULL, NULL, &s->list, NULL),
	    "open a skiplist");
	for (uint64_t i = 0; i < n; i++) {
		uint64_t	key = key_of(i);

		expect(qt_skiplist_put(s->list, &key, 8, &i, 8) == 0,
		    "skiplist put");
	}
	return s;
}

static void
list_put(void *arg, uint64_t i)
{
	struct state	*s = arg;
	uint64_t	 key = key_of(s->n + i);

	expect(qt_skiplist_put(s->list, &key, 8, &i, 8) == 0, "skiplist put");
}

static void
list_get(void *arg, uint64_t i)
{
	struct state	*s = arg;
	uint64_t	 n = some(s, i), key = key_of(n), value;

	expect(qt_skiplist_get(s->list, &key, 8, &value, 8) == 8 &&
	    value == n, "skiplist get");
}

static void
list_miss(void *arg, uint64_t i)
{
	struct state	*s = arg;
	uint64_t	 key = key_of((UINT64_C(1) << 39) + i);

	expect(qt_skiplist_has(s->list, &key, 8) == 0, "skiplist has");
}

static void
list_scan(void *arg, uint64_t i)
{
	struct state	*s = arg;
	uint64_t	 key = key_of(some(s, i)), value;
	size_t		 key_len = 8, len;

	for (int k = 0; k < SCAN; k++)
		if (qt_skiplist_next(s->list, &key, &key_len, &value, 8,
		    &len) != 1)
			key_len = 0;
}

static void
list_del(void *arg, uint64_t i)
{
	struct state	*s = arg;
	uint64_t	 key = key_of(s->n + i);

	expect(qt_skiplist_del(s->list, &key, 8) == 0, "skiplist del");
}

const struct growth_subject growth_skiplist = {
	"skiplist", 128, 0, list_open, state_close, (const struct growth_op[]){
		{ "put", FIT_LOG, list_put, 0, NULL },
		{ "get", FIT_LOG, list_get, 0, NULL },
		{ "miss", FIT_LOG, list_miss, 0, NULL },
		{ "scan 100", FIT_LOG, list_scan, 0, NULL },
		{ "del", FIT_LOG, list_del, 0, NULL },
		{ NULL, FIT_1, NULL, 0, NULL },
	}
};

/* --- A queue and a stack -------------------------------------------------- */

static void *
queue_open(uint64_t n)
{
	struct qt_queue_spec	 spec = { .dtype = "<u8",
	    .capacity = n + SPARE };
	struct state		*s = state_new(n, 128);

	shm_must(qt_queue_create(s->seg, "q", &spec, NULL), "make a queue");
	shm_must(qt_queue_open(s->seg, "q", NULL, &s->queue, NULL),
	    "open a queue");
	for (uint64_t i = 0; i < n; i++)
		shm_must(qt_queue_push(s->queue, &i, 8, QT_WAIT_NEVER),
		    "push");
	return s;
}

static void
queue_push(void *arg, uint64_t i)
{
	shm_must(qt_queue_push(((struct state *)arg)->queue, &i, 8,
	    QT_WAIT_NEVER), "queue push");
}

static void
queue_pop(void *arg, uint64_t i)
{
	uint64_t	item;

	(void)i;
	expect(qt_queue_pop(((struct state *)arg)->queue, &item, 8,
	    QT_WAIT_NEVER) == 8, "queue pop");
}

const struct growth_subject growth_queue = {
	"queue", 16, 0, queue_open, state_close, (const struct growth_op[]){
		{ "push", FIT_1, queue_push, 0, NULL },
		{ "pop", FIT_1, queue_pop, 0, NULL },
		{ NULL, FIT_1, NULL, 0, NULL },
	}
};

static void *
stack_open(uint64_t n)
{
	struct qt_stack_spec	 spec = { .dtype = "<u8",
	    .capacity = n + SPARE };
	struct state		*s = state_new(n, 128);

	shm_must(qt_stack_create(s->seg, "s", &spec, NULL), "make a stack");
	shm_must(qt_stack_open(s->seg, "s", NULL, &s->stack, NULL),
	    "open a stack");
	for (uint64_t i = 0; i < n; i++)
		shm_must(qt_stack_push(s->stack, &i, 8, QT_WAIT_NEVER),
		    "push");
	return s;
}

static void
stack_push(void *arg, uint64_t i)
{
	shm_must(qt_stack_push(((struct state *)arg)->stack, &i, 8,
	    QT_WAIT_NEVER), "stack push");
}

static void
stack_pop(void *arg, uint64_t i)
{
	uint64_t	item;

	(void)i;
	expect(qt_stack_pop(((struct state *)arg)->stack, &item, 8,
	    QT_WAIT_NEVER) == 8, "stack pop");
}

const struct growth_subject growth_stack = {
	"stack", 16, 0, stack_open, state_close, (const struct growth_op[]){
		{ "push", FIT_1, stack_push, 0, NULL },
		{ "pop", FIT_1, stack_pop, 0, NULL },
		{ NULL, FIT_1, NULL, 0, NULL },
	}
};
