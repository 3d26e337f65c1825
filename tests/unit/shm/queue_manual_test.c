/* SPDX-License-Identifier: Apache-2.0 */
/* qt-segment(5) says of queues, stacks and pools what the code does. */

#include "../../../libcommon/shm/pool_priv.h"
#include "../../../libcommon/shm/queue_priv.h"
#include "../../../libcommon/shm/spsc_priv.h"
#include "../../../libcommon/shm/stack_priv.h"

#include "../manual.h"
#include "../test.h"

#define PAGE	"qt-segment.5"
#define PART	"Queues, stacks and pools"
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
/* Words of a type lie behind the head. */
#define BODY(type, field) { QT__OBJ_BODY + offsetof(type, field),	\
	sizeof(((type *)NULL)->field) }

QT_TEST(the_manual_has_chunks_and_queues)
{
	static const struct manual_row	chunk[] = {
		MANUAL_FIELD(struct qt__chunk, word),
		MANUAL_FIELD(struct qt__chunk, place),
		MANUAL_FIELD(struct qt__chunk, len),
	};
	static const struct manual_row	queue[] = {
		BODY(struct qt__queue_body, tail),
		BODY(struct qt__queue_body, head),
		{ QT__QUEUE_CELLS, 8 },
	};

	(void)state;
	manual_has_table(PAGE, PART, 0, chunk, COUNT(chunk));
	manual_says(PAGE, "The item follows at 32.");
	assert_int_equal(sizeof(struct qt__chunk), 32);
	manual_says(PAGE, "a multiple of 64 bytes");
	assert_int_equal(QT__CHUNK_ALIGN, 64);
	manual_says(PAGE, "States: 0 free, 1 owned, 2 taken, 3 again, "
	    "4 linked, 5 shared, 6 orphan.");
	assert_int_equal(QT__CHUNK_OWNED, 1);
	assert_int_equal(QT__CHUNK_AGAIN, 3);
	assert_int_equal(QT__CHUNK_SHARED, 5);
	assert_int_equal(QT__CHUNK_ORPHAN, 6);
	manual_has_table(PAGE, PART, 1, queue, COUNT(queue));
	manual_says(PAGE, "There are 64 cells, or the next power of two");
	assert_int_equal(QT__QUEUE_CELLS_MIN, 64);
	manual_says(PAGE, "20 bits of that chunk's generation");
	assert_int_equal(QT__QUEUE_GEN_BITS, 20);
}

QT_TEST(the_manual_has_spsc_queues_stacks_and_pools)
{
	static const struct manual_row	spsc[] = {
		BODY(struct qt__spsc_body, producer.role),
		BODY(struct qt__spsc_body, producer.at),
		BODY(struct qt__spsc_body, consumer.role),
		BODY(struct qt__spsc_body, consumer.at),
	};
	static const struct manual_row	stack[] = {
		BODY(struct qt__stack_body, top),
		BODY(struct qt__stack_body, hints),
		{ QT__STACK_CHUNKS, 64 },
	};

	(void)state;
	manual_has_table(PAGE, PART, 2, spsc, COUNT(spsc));
	manual_says(PAGE, "At 768 are as many places");
	assert_int_equal(QT__SPSC_ITEMS, 768);
	assert_int_equal(offsetof(struct qt__spsc_item, data), 8);
	manual_has_table(PAGE, PART, 3, stack, COUNT(stack));
	assert_int_equal(qt__chunk_stride(32), 64);
	manual_says(PAGE, "13 bits, the participant that pops it");
	assert_int_equal(QT__STACK_POPPER_BITS, 13);
	assert_true(QT__SEG_SLOTS_MAX < 1u << QT__STACK_POPPER_BITS);
	manual_says(PAGE, "has such hints at 512 and chunks from 576 on");
	assert_int_equal(QT__OBJ_BODY + sizeof(struct qt__chunk_hints), 576);
	manual_says(PAGE, "With flag 1 the first number of the type is a "
	    "number of records: an area of epochs with so many lies at 576,");
	assert_int_equal(QT_POOL_EPOCHS, 1);
	assert_int_equal(QT__POOL_EPOCHS_AT, 576);
}
