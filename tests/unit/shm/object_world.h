/* SPDX-License-Identifier: Apache-2.0 */
#ifndef QT_SHM_OBJECT_WORLD_H
#define QT_SHM_OBJECT_WORLD_H

/* A segment with one object of each type, for what is true of all of them. */

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
#include <qt/shm/rwlock.h>
#include <qt/shm/semaphore.h>
#include <qt/shm/set.h>
#include <qt/shm/skiplist.h>
#include <qt/shm/spsc.h>
#include <qt/shm/stack.h>
#include <qt/shm/value.h>
#include <qt/shm/wait.h>

#include "shm_test.h"

/* One of each, open, and much of it held by who made it. */
struct world {
	struct qt_seg		*seg;
	struct qt_array		*array;
	struct qt_queue		*queue;
	struct qt_spsc		*spsc;
	struct qt_stack		*stack;
	struct qt_map		*map;
	struct qt_set		*set;
	struct qt_shm_pool	*pool;
	struct qt_value		*value;
	struct qt_semaphore	*sem;
	struct qt_mutex		*mutex;
	struct qt_rwlock	*rw, *rw2;
	struct qt_latch		*latch;
	struct qt_barrier	*barrier;
	struct qt_event		*event;
	struct qt_once		*once;
	struct qt_skiplist	*list;
	struct qt_cache		*cache;
	struct qt_queue_item	 lent, taken;
	void			*room;
	uint64_t		 block;
};

/* A call that has to work. */
#define MAKE(call)	assert_int_equal(call, 0)

static void
make_items(struct world *w)
{
	struct qt_array_spec	 as = { .dtype = "<i8", .shape = { 4 } };
	struct qt_queue_spec	 qs = { .item_max = 8, .capacity = 8 };
	struct qt_spsc_spec	 ss = { .item_max = 8, .capacity = 8 };
	struct qt_stack_spec	 ts = { .item_max = 8, .capacity = 8 };
	struct qt_shm_pool_spec	 ps = { .size = 8, .capacity = 8 };
	struct qt_value_spec	 vs = { .size = 8 };
	struct qt_seg		*s = w->seg;

	MAKE(qt_array_create(s, "array", &as, NULL));
	MAKE(qt_array_open(s, "array", NULL, &w->array, NULL));
	MAKE(qt_queue_create(s, "queue", &qs, NULL));
	MAKE(qt_queue_open(s, "queue", NULL, &w->queue, NULL));
	MAKE(qt_spsc_create(s, "spsc", &ss, NULL));
	MAKE(qt_spsc_open(s, "spsc", NULL, QT_SPSC_PRODUCER |
	    QT_SPSC_CONSUMER, &w->spsc, NULL));
	MAKE(qt_stack_create(s, "stack", &ts, NULL));
	MAKE(qt_stack_open(s, "stack", NULL, &w->stack, NULL));
	MAKE(qt_shm_pool_create(s, "pool", &ps, NULL));
	MAKE(qt_shm_pool_open(s, "pool", NULL, &w->pool, NULL));
	MAKE(qt_value_create(s, "value", &vs, NULL));
	MAKE(qt_value_open(s, "value", NULL, &w->value, NULL));
}

static void
make_keys(struct world *w)
{
	struct qt_map_spec	 ms = { .key_max = 8, .value_max = 8,
	    .capacity = 8 };
	struct qt_set_spec	 es = { .key_max = 8, .capacity = 8 };
	struct qt_skiplist_spec	 ls = { .key_max = 8, .value_max = 8,
	    .capacity = 8 };
	struct qt_cache_spec	 cs = { .bytes = 64 << 10, .key_max = 8,
	    .value_max = 64 };
	struct qt_seg		*s = w->seg;

	MAKE(qt_map_create(s, "map", &ms, NULL));
	MAKE(qt_map_open(s, "map", NULL, NULL, &w->map, NULL));
	MAKE(qt_set_create(s, "set", &es, NULL));
	MAKE(qt_set_open(s, "set", NULL, &w->set, NULL));
	MAKE(qt_skiplist_create(s, "list", &ls, NULL));
	MAKE(qt_skiplist_open(s, "list", NULL, NULL, &w->list, NULL));
	MAKE(qt_cache_create(s, "cache", &cs, NULL));
	MAKE(qt_cache_open(s, "cache", &w->cache, NULL));
}

static void
make_locks(struct world *w)
{
	struct qt_semaphore_spec	 ps = { .value = 2, .max = 4,
	    .flags = QT_SEMAPHORE_UNDO };
	struct qt_seg			*s = w->seg;

	MAKE(qt_semaphore_create(s, "sem", &ps, NULL));
	MAKE(qt_semaphore_open(s, "sem", &w->sem, NULL));
	MAKE(qt_mutex_create(s, "mutex", NULL));
	MAKE(qt_mutex_open(s, "mutex", &w->mutex, NULL));
	MAKE(qt_rwlock_create(s, "rw", NULL));
	MAKE(qt_rwlock_open(s, "rw", &w->rw, NULL));
	MAKE(qt_rwlock_create(s, "rw2", NULL));
	MAKE(qt_rwlock_open(s, "rw2", &w->rw2, NULL));
	MAKE(qt_latch_create(s, "latch", 3, NULL));
	MAKE(qt_latch_open(s, "latch", &w->latch, NULL));
	MAKE(qt_barrier_create(s, "barrier", 2, NULL));
	MAKE(qt_barrier_open(s, "barrier", &w->barrier, NULL));
	MAKE(qt_event_create(s, "event", 0, NULL));
	MAKE(qt_event_open(s, "event", &w->event, NULL));
	MAKE(qt_once_create(s, "once", NULL));
	MAKE(qt_once_open(s, "once", &w->once, NULL));
}

/* Something in each, and held what can be held. */
static void
hold(struct world *w)
{
	MAKE(qt_queue_push(w->queue, "a", 1, QT_WAIT_NEVER));
	MAKE(qt_queue_push(w->queue, "b", 1, QT_WAIT_NEVER));
	MAKE(qt_queue_loan(w->queue, &w->lent, QT_WAIT_NEVER));
	memcpy(w->lent.data, "c", 1);
	MAKE(qt_queue_take(w->queue, &w->taken, QT_WAIT_NEVER));
	MAKE(qt_spsc_push(w->spsc, "a", 1, QT_WAIT_NEVER));
	assert_int_equal(qt_spsc_loan(w->spsc, &w->room, 1, QT_WAIT_NEVER),
	    1);
	MAKE(qt_stack_push(w->stack, "a", 1, QT_WAIT_NEVER));
	MAKE(qt_shm_pool_alloc(w->pool, &w->block, QT_WAIT_NEVER));
	MAKE(qt_map_put(w->map, "k", 1, "v", 1));
	assert_true(qt_set_add(w->set, "k", 1) >= 0);
	MAKE(qt_skiplist_put(w->list, "k", 1, "v", 1));
	MAKE(qt_cache_put(w->cache, "k", 1, "v", 1, 1, 0));
	MAKE(qt_semaphore_trywait(w->sem));
	MAKE(qt_mutex_trylock(w->mutex));
	MAKE(qt_rwlock_lock_write(w->rw, QT_WAIT_NEVER));
	MAKE(qt_rwlock_lock_read(w->rw2, QT_WAIT_NEVER));
	assert_true(qt_barrier_join(w->barrier) >= 0);
	assert_true(qt_once_begin(w->once, QT_WAIT_NEVER) >= 0);
}

static void
world_open(struct world *w, uint32_t participants)
{
	struct qt_seg_spec	spec = test_spec;

	memset(w, 0, sizeof(*w));
	spec.participants = participants;
	assert_int_equal(qt_seg_create(NULL, &spec, &w->seg, NULL), 0);
	make_items(w);
	make_keys(w);
	make_locks(w);
	hold(w);
}

/* Closes every handle; what is held goes with the last one. */
static void
close_all(struct world *w)
{
	qt_array_close(w->array);
	qt_queue_close(w->queue);
	qt_spsc_close(w->spsc);
	qt_stack_close(w->stack);
	qt_map_close(w->map);
	qt_set_close(w->set);
	qt_shm_pool_close(w->pool);
	qt_value_close(w->value);
	qt_semaphore_close(w->sem);
	qt_mutex_close(w->mutex);
	qt_rwlock_close(w->rw);
	qt_rwlock_close(w->rw2);
	qt_latch_close(w->latch);
	qt_barrier_close(w->barrier);
	qt_event_close(w->event);
	qt_once_close(w->once);
	qt_skiplist_close(w->list);
	qt_cache_close(w->cache);
	qt_seg_close(w->seg);
}

/* The holder goes on with all that it held, as if there had been no child. */
static void
holder_goes_on(struct world *w)
{
	char	out[8];

	MAKE(qt_queue_release(w->queue, &w->taken));
	MAKE(qt_queue_publish(w->queue, &w->lent, 1));
	assert_int_equal(qt_queue_pop(w->queue, out, 8, QT_WAIT_NEVER), 1);
	assert_int_equal(out[0], 'b');
	assert_int_equal(qt_queue_pop(w->queue, out, 8, QT_WAIT_NEVER), 1);
	assert_int_equal(out[0], 'c');
	assert_int_equal(qt_queue_pop(w->queue, out, 8, QT_WAIT_NEVER),
	    -QT_EEMPTY);
	memcpy(w->room, "b", 1);
	MAKE(qt_spsc_publish(w->spsc, 1));
	assert_int_equal(qt_spsc_pop(w->spsc, out, 8, QT_WAIT_NEVER), 1);
	assert_int_equal(qt_spsc_pop(w->spsc, out, 8, QT_WAIT_NEVER), 1);
	assert_int_equal(out[0], 'b');
	MAKE(qt_shm_pool_free(w->pool, w->block));
	MAKE(qt_semaphore_post(w->sem));
	assert_int_equal(qt_semaphore_value(w->sem), 2);
	MAKE(qt_mutex_unlock(w->mutex));
	MAKE(qt_rwlock_unlock_write(w->rw));
	MAKE(qt_rwlock_unlock_read(w->rw2));
	MAKE(qt_once_done(w->once));
	assert_int_equal(qt_map_get(w->map, "k", 1, out, 8), 1);
	assert_int_equal(qt_latch_count(w->latch), 3);
	assert_int_equal(qt_obj_fsck(w->seg, 0, NULL, NULL), 0);
	assert_int_equal(qt_seg_fsck(w->seg, NULL), 0);
}

#endif /* QT_SHM_OBJECT_WORLD_H */
