/* SPDX-License-Identifier: Apache-2.0 */
/* A damaged item of a queue or a stack stands in nobody's way. */

#include <errno.h>

#include <qt/shm/object.h>
#include <qt/shm/queue.h>
#include <qt/shm/stack.h>
#include <qt/shm/wait.h>

#include "../test.h"
#include "shm_test.h"

/* The length of the item that begins so is 16 bytes before it. */
static void
spoil_length(struct qt_seg *seg, const char *name, const char *item)
{
	struct qt_obj_stat	 st;
	const uint32_t		 bad = UINT32_MAX;
	unsigned char		*base, *at;

	assert_int_equal(qt_obj_stat(seg, name, &st, NULL), 0);
	base = qt_seg_at(seg, st.offset, st.size);
	assert_non_null(base);
	at = memmem(base, st.size, item, strlen(item));
	assert_non_null(at);
	memcpy(at - 16, &bad, sizeof(bad));
}

QT_TEST(an_item_of_a_queue_that_is_too_long_to_be_true_is_popped)
{
	struct qt_queue_spec	 spec = { .item_max = 8, .capacity = 4 };
	struct qt_seg		*seg = test_seg();
	struct qt_queue		*q;
	char			 out[8], small[4];

	(void)state;
	assert_int_equal(qt_queue_create(seg, "q", &spec, NULL), 0);
	assert_int_equal(qt_queue_open(seg, "q", NULL, &q, NULL), 0);
	assert_int_equal(qt_queue_push(q, "damaged", 7, QT_WAIT_NEVER), 0);
	assert_int_equal(qt_queue_push(q, "sound", 5, QT_WAIT_NEVER), 0);
	spoil_length(seg, "q", "damaged");
	/* With less room than items may have, it is too long as any is. */
	assert_int_equal(qt_queue_pop(q, small, 4, QT_WAIT_NEVER), -EMSGSIZE);
	assert_int_equal(qt_queue_pop(q, out, 8, QT_WAIT_NEVER), 8);
	assert_memory_equal(out, "damaged", 7);
	assert_int_equal(qt_queue_pop(q, out, 8, QT_WAIT_NEVER), 5);
	assert_memory_equal(out, "sound", 5);
	qt_queue_close(q);
	qt_seg_close(seg);
}

QT_TEST(an_item_of_a_stack_that_is_too_long_to_be_true_is_popped)
{
	struct qt_stack_spec	 spec = { .item_max = 8, .capacity = 4 };
	struct qt_seg		*seg = test_seg();
	struct qt_stack		*s;
	char			 out[8], small[4];

	(void)state;
	assert_int_equal(qt_stack_create(seg, "s", &spec, NULL), 0);
	assert_int_equal(qt_stack_open(seg, "s", NULL, &s, NULL), 0);
	assert_int_equal(qt_stack_push(s, "sound", 5, QT_WAIT_NEVER), 0);
	assert_int_equal(qt_stack_push(s, "damaged", 7, QT_WAIT_NEVER), 0);
	spoil_length(seg, "s", "damaged");
	assert_int_equal(qt_stack_pop(s, small, 4, QT_WAIT_NEVER), -EMSGSIZE);
	assert_int_equal(qt_stack_pop(s, out, 8, QT_WAIT_NEVER), 8);
	assert_memory_equal(out, "damaged", 7);
	assert_int_equal(qt_stack_pop(s, out, 8, QT_WAIT_NEVER), 5);
	assert_memory_equal(out, "sound", 5);
	qt_stack_close(s);
	qt_seg_close(seg);
}
