/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A sweeper is held after every instruction while others go on with the very
 * thing that it is looking at: what it had read may no longer be so. Nothing
 * may be lost by that, and nothing may be there twice. See ../unit/held.h.
 *
 * Where it matters another sweeper was killed before it, just when what it had
 * put back was there already and did not say so yet.
 */

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <qt/shm/map.h>

#include "../../libcommon/shm/map_priv.h"
#include "../../libcommon/shm/queue_priv.h"
#include "../../libcommon/shm/skiplist_priv.h"
#include "../../libcommon/shm/stack_priv.h"
#include "../unit/held.h"
#include "../unit/step.h"

#define SIZE		(160u << 10)
#define SLOTS		6u
#define CAPACITY	4u

struct world {
	struct held_world	 held;
	struct qt_queue		*queue;
	struct qt_stack		*stack;
	struct qt_map		*map;
	struct qt_skiplist	*list;
};

/* --- Structures ------------------------------------------------------------ */

static struct held_world *
world_new(void)
{
	struct qt_seg_spec	 spec = { .size = SIZE, .mode = 0600,
	    .group = (gid_t)-1, .participants = SLOTS, .entries = 8,
	    .kind = "crash" };
	struct qt_queue_spec	 queue = { .dtype = "<u8",
	    .capacity = CAPACITY, .flags = QT_QUEUE_REDELIVER };
	struct qt_stack_spec	 stack = { .dtype = "<u8",
	    .capacity = CAPACITY, .flags = QT_STACK_REDELIVER };
	struct qt_map_spec	 map = { .key_dtype = "<u8", .dtype = "<u8",
	    .capacity = CAPACITY };
	struct qt_skiplist_spec	 list = { .key_dtype = "<u8", .dtype = "<u8",
	    .capacity = CAPACITY };
	struct world		*w = calloc(1, sizeof(*w));

	step_must(w != NULL, "calloc");
	step_must(qt_seg_create(NULL, &spec, &w->held.seg, NULL) == 0, "segment");
	step_must(qt_queue_create(w->held.seg, "q", &queue, NULL) == 0 &&
	    qt_queue_open(w->held.seg, "q", NULL, &w->queue, NULL) == 0, "queue");
	step_must(qt_stack_create(w->held.seg, "s", &stack, NULL) == 0 &&
	    qt_stack_open(w->held.seg, "s", NULL, &w->stack, NULL) == 0, "stack");
	step_must(qt_map_create(w->held.seg, "m", &map, NULL) == 0 &&
	    qt_map_open(w->held.seg, "m", NULL, NULL, &w->map, NULL) == 0, "map");
	step_must(qt_skiplist_create(w->held.seg, "l", &list, NULL) == 0 &&
	    qt_skiplist_open(w->held.seg, "l", NULL, NULL, &w->list, NULL) == 0,
	    "skip list");
	return &w->held;
}

static void
world_free(struct held_world *h)
{
	struct world	*w = (struct world *)h;
	qt_queue_close(w->queue);
	qt_stack_close(w->stack);
	qt_map_close(w->map);
	qt_skiplist_close(w->list);
	qt_seg_close(w->held.seg);
	free(w);
}

static const char *
check_sound(struct world *w)
{
	if (qt_seg_sweep(w->held.seg) < 0 || qt_seg_fsck(w->held.seg, NULL) < 0)
		return "the segment is not sound";
	return qt_obj_fsck(w->held.seg, 0, NULL, NULL) != 0 ? "fsck" : NULL;
}

static bool
has_chunk(const struct qt__chunks *cs, uint32_t state)
{
	for (uint32_t i = 0; i < cs->count; i++)
		if (qt__owner_state(atomic_load(&qt__chunk_at(cs, i)->word)) ==
		    state)
			return true;
	return false;
}

/* --- Queue ------------------------------------------------------------------ */

static void
queue_push(struct world *w, uint64_t n)
{
	if (qt_queue_push(w->queue, &n, sizeof(n), QT_WAIT_NEVER) != 0)
		_exit(97);
}

static int64_t
queue_pop(struct world *w)
{
	uint64_t	n;
	ssize_t		rc = qt_queue_pop(w->queue, &n, sizeof(n),
	    QT_WAIT_NEVER);

	return rc == sizeof(n) ? (int64_t)n : rc;
}

static void
queue_victim(struct held_world *h)
{
	struct world	*w = (struct world *)h;
	struct qt_queue_item	item;

	queue_push(w, 1);
	if (qt_queue_take(w->queue, &item, QT_WAIT_NEVER) != 0)
		_exit(97);
	raise(SIGSTOP);
}

static bool
queue_is_taken(struct held_world *h)
{
	struct world	*w = (struct world *)h;
	return has_chunk(&w->queue->chunks, QT__CHUNK_TAKEN);
}

static bool
queue_is_again(struct held_world *h)
{
	struct world	*w = (struct world *)h;
	return has_chunk(&w->queue->chunks, QT__CHUNK_AGAIN) &&
	    qt_queue_count(w->queue) == 1;
}

/* The chunk that came free last is the one that is used next. */
static void
queue_others(struct held_world *h)
{
	struct world	*w = (struct world *)h;
	if (queue_pop(w) != 1)
		_exit(96);
	queue_push(w, 2);
}

static const char *
queue_check(struct held_world *h)
{
	struct world	*w = (struct world *)h;
	const char	*wrong = check_sound(w);

	if (wrong != NULL)
		return wrong;
	if (queue_pop(w) != 2)
		return "an item was lost";
	if (queue_pop(w) != -QT_EEMPTY)
		return "an item is there twice";
	for (uint64_t n = 0; n < 100; n++) {
		uint64_t	v = n + 1;

		if (qt_queue_push(w->queue, &v, sizeof(v), QT_WAIT_NEVER) != 0 ||
		    queue_pop(w) != (int64_t)v)
			return "it is damaged";
	}
	return check_sound(w);
}

/* --- Stack ------------------------------------------------------------------ */

static void
stack_push(struct world *w, uint64_t n)
{
	if (qt_stack_push(w->stack, &n, sizeof(n), QT_WAIT_NEVER) != 0)
		_exit(97);
}

static int64_t
stack_pop(struct world *w)
{
	uint64_t	n;
	ssize_t		rc = qt_stack_pop(w->stack, &n, sizeof(n),
	    QT_WAIT_NEVER);

	return rc == sizeof(n) ? (int64_t)n : rc;
}

static void
stack_victim(struct held_world *h)
{
	struct world	*w = (struct world *)h;
	stack_push(w, 1);
	(void)stack_pop(w);
}

static bool
stack_is_taken(struct held_world *h)
{
	struct world	*w = (struct world *)h;
	return has_chunk(&w->stack->chunks, QT__CHUNK_TAKEN);
}

static bool
stack_is_again(struct held_world *h)
{
	struct world	*w = (struct world *)h;
	return has_chunk(&w->stack->chunks, QT__CHUNK_AGAIN) &&
	    qt_stack_count(w->stack) == 1;
}

static void
stack_others(struct held_world *h)
{
	struct world	*w = (struct world *)h;
	stack_push(w, 2);
}

static const char *
stack_is_down_from(struct world *w, int64_t n)
{
	const char	*wrong = check_sound(w);

	if (wrong != NULL)
		return wrong;
	for (; n > 0; n--)
		if (stack_pop(w) != n)
			return "an item was lost";
	return stack_pop(w) != -QT_EEMPTY ? "an item is there twice" :
	    check_sound(w);
}

static const char *
stack_check(struct held_world *h)
{
	struct world	*w = (struct world *)h;
	return stack_is_down_from(w, 2);
}

static void
stack_others_use_it(struct held_world *h)
{
	struct world	*w = (struct world *)h;
	if (stack_pop(w) != 1)
		_exit(96);
	stack_push(w, 1);
	stack_push(w, 2);
	stack_push(w, 3);
}

static const char *
stack_check_3(struct held_world *h)
{
	struct world	*w = (struct world *)h;
	return stack_is_down_from(w, 3);
}

/* --- Map, skip list ---------------------------------------------------------- */

#define KEY(n)		(&(uint64_t){ n }), sizeof(uint64_t)

static void
map_put(struct world *w, uint64_t n)
{
	if (qt_map_put(w->map, KEY(n), KEY(n)) != 0)
		_exit(97);
}

static void
map_victim(struct held_world *h)
{
	struct world	*w = (struct world *)h;
	map_put(w, 100);
}

static bool
is_owned(const struct qt__hash *t)
{
	for (uint32_t at = 1; at <= t->node_count; at++)
		if (qt__owner_state(atomic_load(&qt__hash_node(t, at)->word)) ==
		    QT__NODE_OWNED)
			return true;
	return false;
}

static bool
map_is_linked(struct held_world *h)
{
	struct world	*w = (struct world *)h;
	return is_owned(&w->map->hash) && qt_map_has(w->map, KEY(100)) == 1;
}

/* In a small map some of them are in its bucket, and one in its node. */
static void
map_others(struct held_world *h)
{
	struct world	*w = (struct world *)h;
	if (qt_map_del(w->map, KEY(100)) != 0)
		_exit(96);
	for (uint64_t n = 1; n <= CAPACITY; n++)
		map_put(w, n);
}

static const char *
map_check(struct held_world *h)
{
	struct world	*w = (struct world *)h;
	const char	*wrong = check_sound(w);
	uint64_t	 v;

	if (wrong != NULL)
		return wrong;
	for (uint64_t n = 1; n <= CAPACITY; n++)
		if (qt_map_get(w->map, KEY(n), &v, sizeof(v)) != sizeof(v) ||
		    v != n)
			return "an entry was lost";
	if (qt_map_has(w->map, KEY(100)) != 0 ||
	    qt_map_count(w->map) != CAPACITY)
		return "it has another count";
	return NULL;
}

/* It is counted and in no list; then its node is free and it still counts. */
static bool
map_is_counted(struct held_world *h)
{
	struct world	*w = (struct world *)h;
	return is_owned(&w->map->hash) && (uint32_t)qt__obj_counted(
	    &w->map->obj, QT__HASH_COUNT) == 1 &&
	    qt_map_has(w->map, KEY(100)) == 0;
}

static bool
map_is_swept(struct held_world *h)
{
	struct world	*w = (struct world *)h;
	return !is_owned(&w->map->hash);
}

static const char *
map_check_room(struct held_world *h)
{
	struct world	*w = (struct world *)h;
	const char	*wrong = check_sound(w);

	for (uint64_t n = 1; n <= CAPACITY && wrong == NULL; n++)
		if (qt_map_put(w->map, KEY(n), KEY(n)) != 0)
			wrong = "it is full too soon";
	return wrong == NULL && qt_map_count(w->map) != CAPACITY ?
	    "it has another count" : wrong;
}

static void
nothing(struct held_world *h)
{
	(void)h;
}

static void
list_put(struct world *w, uint64_t n)
{
	if (qt_skiplist_put(w->list, KEY(n), KEY(n)) != 0)
		_exit(97);
}

static void
list_victim(struct held_world *h)
{
	struct world	*w = (struct world *)h;
	list_put(w, 2);
}

static bool
list_is_linked(struct held_world *h)
{
	struct world	*w = (struct world *)h;
	return is_owned(&w->list->nodes) &&
	    qt_skiplist_has(w->list, KEY(2)) == 1;
}

static void
list_others(struct held_world *h)
{
	struct world	*w = (struct world *)h;
	if (qt_skiplist_del(w->list, KEY(2)) != 0)
		_exit(96);
	/* It may count until the sweeper that is held goes on. */
	for (uint64_t n = 1; n < CAPACITY; n++)
		list_put(w, n);
}

static const char *
list_check(struct held_world *h)
{
	struct world	*w = (struct world *)h;
	const char	*wrong = check_sound(w);
	uint64_t	 v;

	if (wrong != NULL)
		return wrong;
	for (uint64_t n = 1; n < CAPACITY; n++)
		if (qt_skiplist_get(w->list, KEY(n), &v, sizeof(v)) !=
		    sizeof(v) || v != n)
			return "an entry was lost";
	return qt_skiplist_count(w->list) != CAPACITY - 1 ? "it has another count" :
	    NULL;
}

int
main(int argc, char **argv)
{
	static const struct held_case	cases[] = {
		{ "a queue's item that comes again", world_new,
		    (void (*)(void))qt__queue_sweep, queue_victim,
		    queue_is_taken, queue_is_again, queue_others,
		    queue_check, world_free, 0 },
		{ "a stack's item that comes again, below another", world_new,
		    (void (*)(void))qt__stack_sweep, stack_victim,
		    stack_is_taken, stack_is_again, stack_others,
		    stack_check, world_free, 0 },
		{ "a stack's item that comes again, in use again", world_new,
		    (void (*)(void))qt__stack_sweep, stack_victim,
		    stack_is_taken, stack_is_again, stack_others_use_it,
		    stack_check_3, world_free, 0 },
		{ "a map's entry whose maker died", world_new,
		    (void (*)(void))qt__hash_sweep, map_victim,
		    map_is_linked, NULL, map_others,
		    map_check, world_free, 0 },
		{ "a map whose count two left in doubt", world_new,
		    (void (*)(void))qt__hash_sweep, map_victim,
		    map_is_counted, map_is_swept, nothing,
		    map_check_room, world_free, 3 },
		{ "a skip list's entry whose maker died", world_new,
		    (void (*)(void))qt__skip_sweep, list_victim,
		    list_is_linked, NULL, list_others,
		    list_check, world_free, 0 },
	};
	size_t	count = sizeof(cases) / sizeof(cases[0]);
	int	failed = 0;

	printf("1..%zu\n", count);
	for (size_t i = argc > 1 ? strtoul(argv[1], NULL, 10) : 0; i < count;
	    i++)
		failed |= held_sweep(&cases[i], (int)i + 1);
	return failed;
}
