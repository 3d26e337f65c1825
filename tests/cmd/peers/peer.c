/* SPDX-License-Identifier: Apache-2.0 */
/* A C program among others of other languages: see ../languages.bats. */

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <qt/shm/array.h>
#include <qt/shm/barrier.h>
#include <qt/shm/cache.h>
#include <qt/shm/event.h>
#include <qt/shm/latch.h>
#include <qt/shm/map.h>
#include <qt/shm/mutex.h>
#include <qt/shm/once.h>
#include <qt/shm/pool.h>
#include <qt/shm/queue.h>
#include <qt/shm/ring.h>
#include <qt/shm/rwlock.h>
#include <qt/shm/semaphore.h>
#include <qt/shm/set.h>
#include <qt/shm/skiplist.h>
#include <qt/shm/spsc.h>
#include <qt/shm/stack.h>
#include <qt/shm/value.h>

struct pair {
	int32_t	x;
	double	y;
};
#define PAIR	"[('x','<i4'),('','|V4'),('y','<f8')]"

static struct qt_err	err;

static int64_t
must(int64_t rc, const char *what)
{
	if (rc >= 0)
		return rc;
	fprintf(stderr, "peer: %s: %s: %s\n", what, err.text,
	    qt_strerror((int)rc));
	exit(3);
}

/* Opens NAME as TYPE *h, does what follows, and closes it. */
#define WITH(type, name, ...)						\
	struct qt_##type	*h;					\
	must(qt_##type##_open(seg, name, __VA_ARGS__ &h, &err), name);

static void
write_items(struct qt_seg *seg)
{
	static const int64_t	ten[] = { 10, 20, 30 };
	static const double	half[] = { 0.5, 1.5 };
	struct qt_queue		*q;
	struct qt_spsc		*p;
	struct qt_stack		*s;

	must(qt_queue_create(seg, "queue", &(struct qt_queue_spec){
	    .dtype = "<i8", .capacity = 8 }, &err), "queue");
	must(qt_queue_open(seg, "queue", "<i8", &q, &err), "queue");
	for (int i = 0; i < 3; i++)
		must(qt_queue_push(q, &ten[i], 8, QT_WAIT_NEVER), "queue");
	qt_queue_close(q);
	must(qt_spsc_create(seg, "spsc", &(struct qt_spsc_spec){
	    .dtype = "<f8", .capacity = 8 }, &err), "spsc");
	must(qt_spsc_open(seg, "spsc", "<f8", QT_SPSC_PRODUCER, &p, &err),
	    "spsc");
	must(qt_spsc_push_n(p, half, 2, QT_WAIT_NEVER), "spsc");
	qt_spsc_close(p);
	must(qt_stack_create(seg, "stack", &(struct qt_stack_spec){
	    .capacity = 8, .item_max = 16 }, &err), "stack");
	must(qt_stack_open(seg, "stack", NULL, &s, &err), "stack");
	must(qt_stack_push(s, "one", 3, QT_WAIT_NEVER), "stack");
	must(qt_stack_push(s, "two", 3, QT_WAIT_NEVER), "stack");
	qt_stack_close(s);
}

static void
write_keys(struct qt_seg *seg)
{
	static const int64_t	one = 1, two = 2;
	static const int32_t	three = 3, minus = -1;
	struct qt_map		*m;
	struct qt_set		*s;
	struct qt_skiplist	*l;
	struct qt_cache		*c;

	must(qt_map_create(seg, "map", &(struct qt_map_spec){
	    .dtype = "<i8", .key_max = 16, .capacity = 8 }, &err), "map");
	must(qt_map_open(seg, "map", NULL, "<i8", &m, &err), "map");
	must(qt_map_put(m, "a", 1, &one, 8), "map");
	must(qt_map_put(m, "b", 1, &two, 8), "map");
	qt_map_close(m);
	must(qt_set_create(seg, "set", &(struct qt_set_spec){ .key_max = 16,
	    .capacity = 8 }, &err), "set");
	must(qt_set_open(seg, "set", NULL, &s, &err), "set");
	must(qt_set_add(s, "x", 1), "set");
	must(qt_set_add(s, "y", 1), "set");
	qt_set_close(s);
	must(qt_skiplist_create(seg, "skiplist", &(struct qt_skiplist_spec){
	    .key_dtype = "<i4", .value_max = 16, .capacity = 8 }, &err),
	    "skiplist");
	must(qt_skiplist_open(seg, "skiplist", "<i4", NULL, &l, &err),
	    "skiplist");
	must(qt_skiplist_put(l, &three, 4, "three", 5), "skiplist");
	must(qt_skiplist_put(l, &minus, 4, "minus", 5), "skiplist");
	qt_skiplist_close(l);
	must(qt_cache_create(seg, "cache", &(struct qt_cache_spec){
	    .bytes = 256u << 10, .key_max = 16, .value_max = 16 }, &err),
	    "cache");
	must(qt_cache_open(seg, "cache", &c, &err), "cache");
	must(qt_cache_put(c, "k", 1, "v", 1, qt_wait_deadline(0), 0), "cache");
	qt_cache_close(c);
}

static void
write_memory(struct qt_seg *seg)
{
	static const int32_t	four[] = { 1, -2, 3, 4 };
	static const struct pair pair = { 7, 0.25 };
	struct qt_array		*a;
	struct qt_value		*v;
	struct qt_shm_pool	*p;
	struct qt_ring		*r;
	struct qt_ring_writer	*w;
	uint64_t		 block;

	must(qt_array_create(seg, "array", &(struct qt_array_spec){
	    .dtype = "<i4", .shape = { 4 } }, &err), "array");
	must(qt_array_open(seg, "array", "<i4", &a, &err), "array");
	must(qt_array_put(a, 0, 4, four), "array");
	qt_array_close(a);
	must(qt_value_create(seg, "value", &(struct qt_value_spec){
	    .dtype = PAIR }, &err), "value");
	must(qt_value_open(seg, "value", PAIR, &v, &err), "value");
	must(qt_value_put(v, &pair, sizeof(pair), NULL), "value");
	qt_value_close(v);
	must(qt_shm_pool_create(seg, "pool", &(struct qt_shm_pool_spec){
	    .dtype = "<i8", .capacity = 4 }, &err), "pool");
	must(qt_shm_pool_open(seg, "pool", "<i8", &p, &err), "pool");
	must(qt_shm_pool_alloc(p, &block, QT_WAIT_NEVER), "pool");
	*(int64_t *)qt_shm_pool_get(p, block) = 99;
	must(qt_shm_pool_give(p, block), "pool");
	qt_shm_pool_close(p);
	must(qt_ring_make(seg, "ring", QT_RING_LIMIT_MIN, &err), "ring");
	must(qt_ring_open(seg, "ring", &r, &err), "ring");
	must(qt_ring_writer(r, &w, &err), "ring");
	must(qt_ring_write(w, "hello\n", 6), "ring");
	qt_ring_writer_close(w);
	qt_ring_close(r);
}

static void
write_sync(struct qt_seg *seg)
{
	struct qt_latch	*l;
	struct qt_event	*e;
	struct qt_once	*o;

	must(qt_mutex_create(seg, "mutex", &err), "mutex");
	must(qt_rwlock_create(seg, "rwlock", &err), "rwlock");
	must(qt_semaphore_create(seg, "semaphore",
	    &(struct qt_semaphore_spec){ .value = 3 }, &err), "semaphore");
	must(qt_barrier_create(seg, "barrier", 2, &err), "barrier");
	must(qt_latch_create(seg, "latch", 3, &err), "latch");
	must(qt_latch_open(seg, "latch", &l, &err), "latch");
	must(qt_latch_down(l, 1), "latch");
	qt_latch_close(l);
	must(qt_event_create(seg, "event", QT_EVENT_MANUAL, &err), "event");
	must(qt_event_open(seg, "event", &e, &err), "event");
	must(qt_event_set(e), "event");
	qt_event_close(e);
	must(qt_once_create(seg, "once", &err), "once");
	must(qt_once_open(seg, "once", &o, &err), "once");
	must(qt_once_begin(o, QT_WAIT_NEVER), "once");
	must(qt_once_done(o), "once");
	qt_once_close(o);
}

static void
read_array(struct qt_seg *seg)
{
	int32_t	v;

	WITH(array, "array", "<i4",)
	for (uint64_t i = 0; i < qt_array_count(h); i++) {
		must(qt_array_get(h, i, 1, &v), "array");
		printf(" %d", v);
	}
	qt_array_close(h);
}

static void
read_queue(struct qt_seg *seg)
{
	int64_t	v;

	WITH(queue, "queue", "<i8",)
	for (uint64_t i = 0; qt_queue_peek(h, i, &v, sizeof(v)) > 0; i++)
		printf(" %lld", (long long)v);
	qt_queue_close(h);
}

static void
read_spsc(struct qt_seg *seg)
{
	double	v;

	WITH(spsc, "spsc", "<f8", QT_SPSC_LOOK,)
	for (uint64_t i = 0; qt_spsc_peek(h, i, &v, sizeof(v)) > 0; i++)
		printf(" %g", v);
	qt_spsc_close(h);
}

static void
read_stack(struct qt_seg *seg)
{
	char	v[16];
	ssize_t	n;

	WITH(stack, "stack", NULL,)
	for (uint64_t i = 0; (n = qt_stack_peek(h, i, v, sizeof(v))) > 0; i++)
		printf(" %.*s", (int)n, v);
	qt_stack_close(h);
}

static void
read_map(struct qt_seg *seg)
{
	int64_t	v;

	WITH(map, "map", NULL, "<i8",)
	for (const char *key = "ab"; *key != '\0'; key++) {
		must(qt_map_get(h, key, 1, &v, sizeof(v)), "map");
		printf(" %c=%lld", *key, (long long)v);
	}
	qt_map_close(h);
}

static void
read_set(struct qt_seg *seg)
{
	WITH(set, "set", NULL,)
	for (const char *key = "abxyz"; *key != '\0'; key++)
		if (must(qt_set_has(h, key, 1), "set") == 1)
			printf(" %c", *key);
	qt_set_close(h);
}

static void
read_skiplist(struct qt_seg *seg)
{
	int32_t	key;
	size_t	key_len = 0, len;
	char	v[16];

	WITH(skiplist, "skiplist", "<i4", NULL,)
	while (qt_skiplist_next(h, &key, &key_len, v, sizeof(v), &len) == 1)
		printf(" %d=%.*s", key, (int)len, v);
	qt_skiplist_close(h);
}

static void
read_cache(struct qt_seg *seg)
{
	char	v[16];

	WITH(cache, "cache",)
	printf(" k=%.*s", (int)must(qt_cache_get(h, "k", 1, v, sizeof(v),
	    qt_wait_deadline(0)), "cache"), v);
	qt_cache_close(h);
}

static void
read_value(struct qt_seg *seg)
{
	struct pair	v;

	WITH(value, "value", PAIR,)
	must(qt_value_get(h, &v, sizeof(v), NULL), "value");
	printf(" [%d, %g]", v.x, v.y);
	qt_value_close(h);
}

static void
read_pool(struct qt_seg *seg)
{
	struct qt_shm_pool	*h;
	uint64_t		 block;
	uint32_t		 cursor = 0;

	must(qt_shm_pool_open(seg, "pool", "<i8", &h, &err), "pool");
	while (qt_shm_pool_next(h, &cursor, &block) == 1)
		printf(" %lld", *(long long *)qt_shm_pool_get(h, block));
	qt_shm_pool_close(h);
}

static void
read_ring(struct qt_seg *seg)
{
	struct qt_ring_reader	*r;
	char			 v[16];
	ssize_t			 n;

	WITH(ring, "ring",)
	must(qt_ring_reader(h, &r, &err), "ring");
	n = must(qt_ring_read(r, 0, v, sizeof(v)), "ring");
	printf(" %.*s", (int)n - 1, v);
	qt_ring_reader_close(r);
	qt_ring_close(h);
}

static void
read_mutex(struct qt_seg *seg)
{
	WITH(mutex, "mutex",)
	printf(must(qt_mutex_lock(h, qt_wait_deadline(60000)), "mutex") == 1 ?
	    " stale" : " free");
	must(qt_mutex_unlock(h), "mutex");
	qt_mutex_close(h);
}

static void
read_rwlock(struct qt_seg *seg)
{
	WITH(rwlock, "rwlock",)
	must(qt_rwlock_lock_write(h, qt_wait_deadline(60000)), "rwlock");
	printf(" free");
	must(qt_rwlock_unlock_write(h), "rwlock");
	qt_rwlock_close(h);
}

static void
read_semaphore(struct qt_seg *seg)
{
	WITH(semaphore, "semaphore",)
	printf(" %u", qt_semaphore_value(h));
	qt_semaphore_close(h);
}

static void
read_latch(struct qt_seg *seg)
{
	WITH(latch, "latch",)
	printf(" %llu", (unsigned long long)qt_latch_count(h));
	qt_latch_close(h);
}

static void
read_barrier(struct qt_seg *seg)
{
	WITH(barrier, "barrier",)
	printf(" %u", qt_barrier_parties(h));
	qt_barrier_close(h);
}

static void
read_event(struct qt_seg *seg)
{
	WITH(event, "event",)
	printf(" %d", qt_event_is_set(h));
	qt_event_close(h);
}

static void
read_once(struct qt_seg *seg)
{
	WITH(once, "once",)
	printf(" %d", qt_once_is_done(h));
	qt_once_close(h);
}

static const struct {
	const char	*name;
	void		(*read)(struct qt_seg *seg);
} kinds[] = {
	{ "array", read_array }, { "barrier", read_barrier },
	{ "cache", read_cache }, { "event", read_event },
	{ "latch", read_latch }, { "map", read_map },
	{ "mutex", read_mutex }, { "once", read_once },
	{ "pool", read_pool }, { "queue", read_queue },
	{ "ring", read_ring }, { "rwlock", read_rwlock },
	{ "semaphore", read_semaphore }, { "set", read_set },
	{ "skiplist", read_skiplist }, { "spsc", read_spsc },
	{ "stack", read_stack }, { "value", read_value },
};

static void
read_all(struct qt_seg *seg)
{
	struct qt_seg_entry	e;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (qt_seg_entry_get(seg, kinds[i].name, &e) < 0)
			continue;
		printf("%s", kinds[i].name);
		kinds[i].read(seg);
		printf("\n");
	}
}

/* Takes the mutex, and dies. */
static void
die(struct qt_seg *seg)
{
	WITH(mutex, "mutex",)
	must(qt_mutex_lock(h, qt_wait_deadline(60000)), "mutex");
	raise(SIGKILL);
}

int
main(int argc, char **argv)
{
	struct qt_seg	*seg;

	if (argc != 3)
		return 2;
	must(qt_seg_open(argv[2], NULL, QT_SEG_JOIN, &seg, &err), "segment");
	if (strcmp(argv[1], "write") == 0) {
		write_items(seg);
		write_keys(seg);
		write_memory(seg);
		write_sync(seg);
	} else if (strcmp(argv[1], "read") == 0) {
		read_all(seg);
	} else {
		die(seg);
	}
	qt_seg_close(seg);
	return 0;
}
