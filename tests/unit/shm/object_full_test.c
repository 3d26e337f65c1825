/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Objects on a file system without a page left: none is made, those that are
 * there go on, and when there is room again everything is as it was.
 */

#include <errno.h>

#include <qt/shm/array.h>
#include <qt/shm/barrier.h>
#include <qt/shm/cache.h>
#include <qt/shm/event.h>
#include <qt/shm/latch.h>
#include <qt/shm/map.h>
#include <qt/shm/mutex.h>
#include <qt/shm/object.h>
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

#include "../test.h"
#include "shm_test.h"
#include "small.h"

static int
make_array(struct qt_seg *seg, const char *name, struct qt_err *err)
{
	struct qt_array_spec	spec = { "<i8", { 4096 } };

	return qt_array_create(seg, name, &spec, err);
}

static int
make_value(struct qt_seg *seg, const char *name, struct qt_err *err)
{
	struct qt_value_spec	spec = { NULL, 3000, 0 };

	return qt_value_create(seg, name, &spec, err);
}

static int
make_map(struct qt_seg *seg, const char *name, struct qt_err *err)
{
	struct qt_map_spec	spec = { "<i8", "<i8", 0, 0, 100 };

	return qt_map_create(seg, name, &spec, err);
}

static int
make_set(struct qt_seg *seg, const char *name, struct qt_err *err)
{
	struct qt_set_spec	spec = { "<i8", 0, 100 };

	return qt_set_create(seg, name, &spec, err);
}

static int
make_skiplist(struct qt_seg *seg, const char *name, struct qt_err *err)
{
	struct qt_skiplist_spec	spec = { "<i8", "<i8", 0, 0, 100 };

	return qt_skiplist_create(seg, name, &spec, err);
}

static int
make_cache(struct qt_seg *seg, const char *name, struct qt_err *err)
{
	struct qt_cache_spec	spec = { 200u << 10, 16, 64, 0 };

	return qt_cache_create(seg, name, &spec, err);
}

static int
make_queue(struct qt_seg *seg, const char *name, struct qt_err *err)
{
	struct qt_queue_spec	spec = { "<i8", 100, 0, 0, 0 };

	return qt_queue_create(seg, name, &spec, err);
}

static int
make_spsc(struct qt_seg *seg, const char *name, struct qt_err *err)
{
	struct qt_spsc_spec	spec = { "<i8", 100, 0 };

	return qt_spsc_create(seg, name, &spec, err);
}

static int
make_stack(struct qt_seg *seg, const char *name, struct qt_err *err)
{
	struct qt_stack_spec	spec = { "<i8", 100, 0, 0 };

	return qt_stack_create(seg, name, &spec, err);
}

static int
make_pool(struct qt_seg *seg, const char *name, struct qt_err *err)
{
	struct qt_shm_pool_spec	spec = { .capacity = 100, .size = 64 };

	return qt_shm_pool_create(seg, name, &spec, err);
}

static int
make_semaphore(struct qt_seg *seg, const char *name, struct qt_err *err)
{
	struct qt_semaphore_spec	spec = { 1, 0, 0 };

	return qt_semaphore_create(seg, name, &spec, err);
}

static int
make_latch(struct qt_seg *seg, const char *name, struct qt_err *err)
{
	return qt_latch_create(seg, name, 1, err);
}

static int
make_barrier(struct qt_seg *seg, const char *name, struct qt_err *err)
{
	return qt_barrier_create(seg, name, 2, err);
}

static int
make_event(struct qt_seg *seg, const char *name, struct qt_err *err)
{
	return qt_event_create(seg, name, QT_EVENT_MANUAL, err);
}

static int
make_ring(struct qt_seg *seg, const char *name, struct qt_err *err)
{
	return qt_ring_make(seg, name, 256u << 10, err);
}

static const struct {
	const char	*name;
	int		(*make)(struct qt_seg *seg, const char *name,
			    struct qt_err *err);
} kinds[] = {
	{ "array", make_array }, { "value", make_value }, { "map", make_map },
	{ "set", make_set }, { "skiplist", make_skiplist },
	{ "cache", make_cache }, { "queue", make_queue },
	{ "spsc", make_spsc }, { "stack", make_stack }, { "pool", make_pool },
	{ "semaphore", make_semaphore }, { "latch", make_latch },
	{ "barrier", make_barrier }, { "event", make_event },
	{ "mutex", qt_mutex_create }, { "rwlock", qt_rwlock_create },
	{ "once", qt_once_create }, { "ring", make_ring },
};
#define KINDS	(sizeof(kinds) / sizeof(kinds[0]))

/* Takes every page that is left. */
static int
fill(const char *path)
{
	char	page[4096] = "x";
	int	fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);

	CHECK(fd >= 0);
	while (write(fd, page, sizeof(page)) > 0)
		;
	CHECK(errno == ENOSPC);
	close(fd);
	return 0;
}

static int
no_object(void *arg)
{
	struct qt_seg		*seg;
	struct qt_err		 err = QT_ERR_INIT;
	struct qt_seg_entry	 e;
	uint64_t		 used;
	uint32_t		 cursor;

	(void)arg;
	if (small_shm() != 0)
		return 77;
	CHECK(qt_seg_create("/one", &test_spec, &seg, NULL) == 0);
	for (size_t i = 0; i < KINDS; i++) {
		/* The first ones of the segment need memory of its map. */
		CHECK(fill("/dev/shm/fill") == 0);
		used = qt_seg_used(seg);
		for (int again = 0; again < 3; again++)
			CHECK(kinds[i].make(seg, kinds[i].name, &err) ==
			    -ENOSPC);
		CHECK(strstr(err.text, kinds[i].name) != NULL);
		CHECK(qt_seg_used(seg) == used);
		CHECK(qt_seg_entry_get(seg, kinds[i].name, &e) == -ENOENT);
		cursor = 0;
		CHECK(qt_seg_entry_next(seg, &cursor, &e) == 0);
		CHECK(qt_seg_fsck(seg, NULL) == 0);
		CHECK(qt_seg_sweep(seg) == 0);
		CHECK(unlink("/dev/shm/fill") == 0);
		CHECK(kinds[i].make(seg, kinds[i].name, NULL) == 0);
		CHECK(qt_obj_erase(seg, kinds[i].name, NULL) == 0);
		CHECK(qt_seg_fsck(seg, NULL) == 0);
	}
	qt_seg_close(seg);
	return 0;
}

QT_TEST(no_object_is_made_without_memory_and_each_is_when_there_is_some)
{
	(void)state;
	/* All types there are, or one was forgotten here. */
	assert_int_equal(KINDS, 1 + QT_TYPE_COUNT_ - QT_TYPE_ARRAY);
	run_small(no_object);
}

/* Whatever there is can be looked at, used and erased; that makes room. */
static int
erase_all(void *arg)
{
	struct qt_seg		*seg, *looks;
	struct qt_map		*map;
	struct qt_obj_stat	 st;
	struct qt_err		 err = QT_ERR_INIT;
	int64_t			 v;

	(void)arg;
	if (small_shm() != 0)
		return 77;
	CHECK(qt_seg_create("/one", &test_spec, &seg, NULL) == 0);
	for (size_t i = 0; i < KINDS; i++)
		CHECK(kinds[i].make(seg, kinds[i].name, NULL) == 0);
	CHECK(fill("/dev/shm/fill") == 0);
	CHECK(qt_map_open(seg, "map", NULL, NULL, &map, NULL) == 0);
	for (v = 0; v < 100; v++)
		CHECK(qt_map_put(map, &v, 8, &v, 8) >= 0);
	CHECK(qt_map_put(map, &v, 8, &v, 8) == -QT_EFULL);
	qt_map_close(map);
	/* Somebody else comes and goes, and one who only looks. */
	CHECK(qt_seg_open("/one", NULL, QT_SEG_RDONLY, &looks, NULL) == 0);
	for (size_t i = 0; i < KINDS; i++)
		CHECK(qt_obj_stat(looks, kinds[i].name, &st, &err) == 0);
	qt_seg_close(looks);
	CHECK(qt_seg_open("/one", NULL, QT_SEG_JOIN, &looks, NULL) == 0);
	for (size_t i = 0; i < KINDS; i++)
		CHECK(qt_obj_erase(looks, kinds[i].name, &err) == 0);
	qt_seg_close(looks);
	CHECK(qt_seg_fsck(seg, NULL) == 0);
	for (size_t i = 0; i < KINDS; i++)
		CHECK(kinds[i].make(seg, kinds[i].name, NULL) == 0);
	CHECK(qt_seg_fsck(seg, NULL) == 0);
	qt_seg_close(seg);
	return 0;
}

QT_TEST(what_is_there_is_used_and_erased_without_memory)
{
	(void)state;
	run_small(erase_all);
}
