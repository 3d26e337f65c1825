/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Prints what the compiler makes of the structs and numbers that the Python
 * module knows by heart: "struct . SIZE", "struct.field OFFSET SIZE", "NAME
 * VALUE". tests/cmd/python/test_abi.py compares.
 */

#include <stddef.h>
#include <stdio.h>

#include <qt/shm/array.h>
#include <qt/shm/cache.h>
#include <qt/shm/epoch.h>
#include <qt/shm/event.h>
#include <qt/shm/map.h>
#include <qt/shm/object.h>
#include <qt/shm/pool.h>
#include <qt/shm/queue.h>
#include <qt/shm/ring.h>
#include <qt/shm/semaphore.h>
#include <qt/shm/set.h>
#include <qt/shm/skiplist.h>
#include <qt/shm/spsc.h>
#include <qt/shm/stack.h>
#include <qt/shm/value.h>

#define S(type)		printf("%s %zu\n", #type, sizeof(struct type));
#define F(type, field)	printf("%s.%s %zu %zu\n", #type, #field,	\
	    offsetof(struct type, field), sizeof(((struct type *)0)->field));
#define N(name)		printf("%s %ld\n", #name, (long)(name));

static void
segments(void)
{
	S(qt_err) F(qt_err, text)
	S(qt_seg_spec) F(qt_seg_spec, size) F(qt_seg_spec, entries)
	F(qt_seg_spec, participants) F(qt_seg_spec, extents)
	F(qt_seg_spec, mode) F(qt_seg_spec, group) F(qt_seg_spec, kind)
	F(qt_seg_spec, flags) F(qt_seg_spec, node)
	S(qt_seg_entry) F(qt_seg_entry, name) F(qt_seg_entry, dtype)
	F(qt_seg_entry, type) F(qt_seg_entry, generation)
	F(qt_seg_entry, shape) F(qt_seg_entry, offset) F(qt_seg_entry, size)
	S(qt_seg_participant) F(qt_seg_participant, id)
	F(qt_seg_participant, generation) F(qt_seg_participant, pid)
	F(qt_seg_participant, started) F(qt_seg_participant, joined_ms)
	F(qt_seg_participant, name)
	S(qt_obj_stat) F(qt_obj_stat, name) F(qt_obj_stat, type_name)
	F(qt_obj_stat, type) F(qt_obj_stat, flags) F(qt_obj_stat, id)
	F(qt_obj_stat, made_ms) F(qt_obj_stat, dtype)
	F(qt_obj_stat, key_dtype) F(qt_obj_stat, elem_size)
	F(qt_obj_stat, key_size) F(qt_obj_stat, capacity)
	F(qt_obj_stat, count) F(qt_obj_stat, shape) F(qt_obj_stat, offset)
	F(qt_obj_stat, size) F(qt_obj_stat, data_offset)
	F(qt_obj_stat, is_open) F(qt_obj_stat, has_waiters)
	F(qt_obj_stat, number) F(qt_obj_stat, number_count)
}

static void
specs(void)
{
	S(qt_array_spec) F(qt_array_spec, dtype) F(qt_array_spec, shape)
	S(qt_value_spec) F(qt_value_spec, dtype) F(qt_value_spec, size)
	F(qt_value_spec, writers)
	S(qt_queue_spec) F(qt_queue_spec, dtype) F(qt_queue_spec, capacity)
	F(qt_queue_spec, item_max) F(qt_queue_spec, flags)
	F(qt_queue_spec, loans)
	S(qt_queue_item) F(qt_queue_item, data) F(qt_queue_item, len)
	F(qt_queue_item, size) F(qt_queue_item, index)
	F(qt_queue_item, generation)
	S(qt_spsc_spec) F(qt_spsc_spec, dtype) F(qt_spsc_spec, capacity)
	F(qt_spsc_spec, item_max)
	S(qt_stack_spec) F(qt_stack_spec, dtype) F(qt_stack_spec, capacity)
	F(qt_stack_spec, item_max) F(qt_stack_spec, flags)
	S(qt_stack_cursor) F(qt_stack_cursor, which) F(qt_stack_cursor, top)
	F(qt_stack_cursor, chunk)
	S(qt_shm_pool_spec) F(qt_shm_pool_spec, dtype)
	F(qt_shm_pool_spec, capacity) F(qt_shm_pool_spec, size)
	F(qt_shm_pool_spec, flags)
	S(qt_shm_pool_guard) F(qt_shm_pool_guard, pool)
	F(qt_shm_pool_guard, pin) F(qt_shm_pool_guard, record)
	S(qt_map_spec) F(qt_map_spec, key_dtype) F(qt_map_spec, dtype)
	F(qt_map_spec, key_max) F(qt_map_spec, value_max)
	F(qt_map_spec, capacity)
	S(qt_set_spec) F(qt_set_spec, dtype) F(qt_set_spec, key_max)
	F(qt_set_spec, capacity)
	S(qt_semaphore_spec) F(qt_semaphore_spec, value)
	F(qt_semaphore_spec, max) F(qt_semaphore_spec, flags)
	S(qt_skiplist_spec) F(qt_skiplist_spec, key_dtype)
	F(qt_skiplist_spec, dtype) F(qt_skiplist_spec, key_max)
	F(qt_skiplist_spec, value_max) F(qt_skiplist_spec, capacity)
	S(qt_cache_spec) F(qt_cache_spec, bytes) F(qt_cache_spec, key_max)
	F(qt_cache_spec, value_max) F(qt_cache_spec, unit)
}

static void
seen(void)
{
	S(qt_cache_counts) F(qt_cache_counts, hits)
	F(qt_cache_counts, misses) F(qt_cache_counts, puts)
	F(qt_cache_counts, evictions) F(qt_cache_counts, expired)
	F(qt_cache_counts, refused)
	S(qt_epoch_pin) F(qt_epoch_pin, participant) F(qt_epoch_pin, epoch)
	F(qt_epoch_pin, behind) F(qt_epoch_pin, limbo)
}

static void
numbers(void)
{
	N(QT_ERR_FIRST) N(QT_SEG_JOIN) N(QT_SEG_RDONLY)
	N(QT_SEG_HUGE) N(QT_SEG_ON_NODE)
	N(QT_QUEUE_REDELIVER) N(QT_STACK_REDELIVER) N(QT_POOL_EPOCHS)
	N(QT_SPSC_LOOK) N(QT_SPSC_PRODUCER) N(QT_SPSC_CONSUMER)
	N(QT_SEMAPHORE_UNDO) N(QT_EVENT_MANUAL) N(QT_EVENT_AUTO)
	N(QT_RING_LIMIT_DEFAULT) N(QT_OBJ_FSCK_REPAIR)
	N(QT_SEEK_FIRST) N(QT_SEEK_LAST) N(QT_SEEK_FROM) N(QT_SEEK_AFTER)
	N(QT_SEEK_TO) N(QT_SEEK_BEFORE)
	N(QT_EFORMAT) N(QT_EVERSION) N(QT_ECORRUPT) N(QT_ELAPPED) N(QT_EGONE)
	N(QT_EFULL)
	N(QT_EEMPTY)
}

int
main(void)
{
	segments();
	specs();
	seen();
	numbers();
	return 0;
}
