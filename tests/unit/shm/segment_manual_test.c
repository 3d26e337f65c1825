/* SPDX-License-Identifier: Apache-2.0 */
/* qt-segment(5) says of every byte what the code does. See "manual.h". */

#include "../../../libcommon/shm/epoch_priv.h"
#include "../../../libcommon/shm/cache_priv.h"
#include "../../../libcommon/shm/hash_priv.h"
#include "../../../libcommon/shm/object_priv.h"
#include "../../../libcommon/shm/ring_priv.h"
#include "../../../libcommon/shm/skiplist_priv.h"

#include "../manual.h"
#include "../test.h"

#define PAGE "qt-segment.5"
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define HEAD(field) MANUAL_FIELD(struct qt__seg_head, field)
#define SLOT(field) MANUAL_FIELD(struct qt__seg_slot, field)
#define ROW(field) MANUAL_FIELD(struct qt__seg_row, field)
#define MAP(field) MANUAL_FIELD(struct qt__page, field)
#define OBJ(field) MANUAL_FIELD(struct qt__obj_head, field)
#define CACHE(field) MANUAL_FIELD(struct qt__cache_words, field)
#define SKIP(field) MANUAL_FIELD(struct qt__skip_words, field)
#define NODE(field) MANUAL_FIELD(struct qt__node, field)
#define RING(field) MANUAL_FIELD(struct qt__ring, field)
/* The allocator's words lie behind the header. */
#define CTL(field) { sizeof(struct qt__seg_head) +			\
	offsetof(struct qt__seg_ctl, field),				\
	sizeof(((struct qt__seg_ctl *)NULL)->field) }

QT_TEST(the_manual_has_the_header_byte_by_byte)
{
	static const struct manual_row head[] = {
		HEAD(magic), HEAD(major), HEAD(minor), HEAD(order),
		HEAD(word_size), HEAD(head_size), HEAD(kind), HEAD(size),
		HEAD(id), HEAD(boot_id), HEAD(need), HEAD(need_write),
		HEAD(optional), HEAD(page_size), HEAD(block_size),
		HEAD(slot_offset), HEAD(slot_count), HEAD(slot_size),
		HEAD(entry_offset), HEAD(entry_count), HEAD(entry_size),
		HEAD(ready_offset), HEAD(map_offset), HEAD(page_count),
		HEAD(map_entry_size), HEAD(data_offset), HEAD(extent_limit),
		HEAD(ctl_offset), HEAD(made_ms), HEAD(maker_uid),
		HEAD(maker_pid), HEAD(node), HEAD(crc),
	};
	static const struct manual_row ctl[] = {
		CTL(lock), CTL(serial), CTL(used_pages), CTL(used_extents),
		CTL(blocks), CTL(give_offset), CTL(give_len), CTL(takeovers),
		CTL(sweeps), CTL(class_bits), CTL(class_first), CTL(log_len),
		CTL(log),
	};

	(void)state;
	manual_has_table(PAGE, "Header", 0, head, COUNT(head));
	manual_has_table(PAGE, "Header", 1, ctl, COUNT(ctl));
	assert_memory_equal(QT__SEG_MAGIC, "QTSEGMT\n", 8);
	manual_says(PAGE, "This page describes version 1.2 of the format.");
	assert_int_equal(QT__SEG_MAJOR * 10 + QT__SEG_MINOR, 12);
}

QT_TEST(the_manual_has_participants_entries_and_pages)
{
	static const struct manual_row slot[] = {
		SLOT(word), SLOT(pid), SLOT(started), SLOT(epoch),
		SLOT(intent), SLOT(joined_ms), SLOT(name),
	};
	static const struct manual_row row[] = {
		ROW(word), ROW(hash), ROW(type), ROW(offset), ROW(size),
		ROW(shape), ROW(dtype), ROW(made_ms), ROW(name),
	};
	static const struct manual_row map[] = {
		MAP(pages), MAP(prev), MAP(next), MAP(owner), MAP(state),
		MAP(mask),
	};

	(void)state;
	manual_has_table(PAGE, "Participants", 0, slot, COUNT(slot));
	manual_has_table(PAGE, "Entries", 0, row, COUNT(row));
	manual_has_table(PAGE, "Page map", 0, map, COUNT(map));
	manual_says(PAGE, "type: 0 none, 1 raw, 2 ring, 3 table");
	assert_int_equal(QT_TYPE_TABLE, 3);
	manual_says(PAGE, "0 nothing, 1 first of a free extent, 2 last of one, "
	    "3 first of one in use, 4 a page of blocks");
	assert_int_equal(QT__PAGE_BLOCKS, 4);
}

QT_TEST(the_manual_has_the_head_of_objects)
{
	static const struct manual_row head[] = {
		OBJ(magic), OBJ(type), OBJ(flags), OBJ(id),
		MANUAL_SPAN(struct qt__obj_head, elem_size, key_size),
		OBJ(capacity), OBJ(size), OBJ(made_ms), OBJ(shape),
		OBJ(param), OBJ(crc), OBJ(erased), OBJ(bell), OBJ(wait),
		OBJ(stat), OBJ(dtype), OBJ(key_dtype),
	};

	static const struct manual_row record[] = {
		MANUAL_FIELD(struct qt__epoch_record, pin),
		MANUAL_FIELD(struct qt__epoch_record, limbo),
		MANUAL_FIELD(struct qt__epoch_record, tag),
	};

	(void)state;
	manual_has_table(PAGE, "Objects", 0, head, COUNT(head));
	manual_has_table(PAGE, "Epochs", 0, record, COUNT(record));
	assert_int_equal(QT__EPOCH_FREEING, 0xfff3);
	assert_memory_equal(QT__OBJ_MAGIC, "QTOBJ01\n", 8);
	manual_says(PAGE, "The words of the type and its elements begin at "
	    "512.");
	assert_int_equal(QT__OBJ_BODY, 512);
	manual_says(PAGE, "2 ring, 4 array, 5 queue, 6 spsc, 7 stack, 8 map, 9 set, "
	    "10 pool, 11 value, 12 semaphore, 13 mutex, 14 rwlock, 15 latch, "
	    "16 barrier, 17 event, 18 once, 19 skiplist, 20 cache.");
	assert_int_equal(QT_TYPE_RING, 2);
	assert_int_equal(QT_TYPE_ARRAY, 4);
	assert_int_equal(QT_TYPE_VALUE, 11);
	assert_int_equal(QT_TYPE_CACHE, 20);
}

QT_TEST(the_manual_has_the_ring)
{
	static const struct manual_row ring[] = {
		RING(magic), RING(id), RING(owner), RING(limit),
		RING(chunk_max), RING(slot_count), RING(head), RING(tail),
		RING(slot),
	};

	(void)state;
	manual_has_table(PAGE, "Ring", 0, ring, COUNT(ring));
	assert_memory_equal(QT__RING_MAGIC, "QTRING1\n", 8);
	assert_int_equal(QT__RING_SLOTS, 48);
}

QT_TEST(the_manual_has_the_nodes_of_maps_and_sets)
{
	static const struct manual_row node[] = {
		NODE(word), NODE(next), NODE(hash), NODE(lens),
	};

	(void)state;
	manual_has_table(PAGE, "Maps and sets", 0, node, COUNT(node));
	manual_says(PAGE, "The key follows at 32,");
	assert_int_equal(offsetof(struct qt__node, data), 32);
	manual_says(PAGE, "state 0 free, 1 being filled, 2 in use, 3 being "
	    "freed");
	assert_int_equal(QT__NODE_TAKEN, 3);
	assert_true(qt__link_after(UINT64_C(5) << 34, QT__MARK_REPLACED, 7) ==
	    (UINT64_C(6) << 34 | UINT64_C(2) << 32 | 7));
	assert_int_equal(QT__MARK_FREED, 3);
}

QT_TEST(the_manual_has_the_words_of_caches)
{
	static const struct manual_row words[] = {
		CACHE(head), CACHE(tail), CACHE(hand), CACHE(count),
	};

	(void)state;
	manual_has_table(PAGE, "Cache", 0, words, COUNT(words));
	manual_says(PAGE, "Parts are nodes of state 4:");
	assert_int_equal(QT__NODE_PART, 4);
	manual_says(PAGE, "uses in bits 0 and 1, 4 in main, 8 seen by the "
	    "hand, 16 an entry;");
	assert_int_equal(QT__META_USES, 3);
	assert_int_equal(QT__META_MAIN, 4);
	assert_int_equal(QT__META_SEEN, 8);
	assert_int_equal(QT__META_ENTRY, 16);
}

QT_TEST(the_manual_has_the_words_of_skip_lists)
{
	static const struct manual_row words[] = { SKIP(head) };

	(void)state;
	manual_has_table(PAGE, "Skip list", 0, words, COUNT(words));
	manual_says(PAGE, "its other links begin at 32,");
	assert_int_equal(offsetof(struct qt__node, data), 32);
	assert_int_equal(QT__SKIP_LEVELS, 16);
}
