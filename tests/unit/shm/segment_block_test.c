/* SPDX-License-Identifier: Apache-2.0 */
/* Blocks: four to a page, zero or as given, and the page goes with the last. */

#include <errno.h>

#include "../../../libcommon/shm/segment_priv.h"
#include "../test.h"
#include "shm_test.h"

QT_TEST(four_blocks_share_a_page_and_a_fifth_takes_another)
{
	struct qt_seg	*seg = test_seg();
	uint64_t	 used = qt_seg_used(seg), at[5];

	(void)state;
	for (int i = 0; i < 4; i++) {
		assert_int_equal(qt__block_add(seg, "abc", 3, 0, &at[i]), 0);
		assert_int_equal(at[i] / 4096, at[0] / 4096);
	}
	assert_int_equal(qt_seg_used(seg), used + 4096);
	assert_int_equal(qt__block_add(seg, "abc", 3, 0, &at[4]), 0);
	assert_int_equal(qt_seg_used(seg), used + 8192);
	assert_int_equal(qt_seg_fsck(seg, NULL), 0);
	for (int i = 0; i < 5; i++)
		assert_int_equal(qt__block_del(seg, at[i], 0), 0);
	assert_int_equal(qt_seg_used(seg), used);
	assert_int_equal(qt_seg_fsck(seg, NULL), 0);
	qt_seg_close(seg);
}

QT_TEST(a_block_that_was_used_before_is_clean)
{
	struct qt_seg	*seg = test_seg();
	uint64_t	 keep, at, again;
	unsigned char	*p;

	(void)state;
	assert_int_equal(qt__block_add(seg, "", 0, 0, &keep), 0);
	assert_int_equal(qt__block_add(seg, "", 0, 0, &at), 0);
	memset(qt_seg_at(seg, at, 1024), 0xff, 1024);
	assert_int_equal(qt__block_del(seg, at, 0), 0);
	assert_int_equal(qt__block_add(seg, "abc", 3, 0, &again), 0);
	assert_int_equal(again, at);
	p = qt_seg_at(seg, again, 1024);
	assert_memory_equal(p, "abc", 3);
	for (int i = 3; i < 1024; i++)
		assert_int_equal(p[i], 0);
	qt_seg_close(seg);
}

QT_TEST(only_a_block_in_use_can_be_freed_as_one)
{
	struct qt_seg	*seg = test_seg();
	uint64_t	 at, extent;

	(void)state;
	assert_int_equal(qt__block_add(seg, "", 0, 0, &at), 0);
	assert_int_equal(qt_seg_alloc(seg, 4096, &extent), 0);
	assert_int_equal(qt__block_del(seg, at + 1024, 0), -EINVAL);
	assert_int_equal(qt__block_del(seg, at + 8, 0), -EINVAL);
	assert_int_equal(qt__block_del(seg, extent, 0), -EINVAL);
	assert_int_equal(qt__block_del(seg, 0, 0), -EINVAL);
	assert_int_equal(qt__block_del(seg, UINT64_MAX, 0), -EINVAL);
	assert_int_equal(qt_seg_free(seg, at), -EINVAL);
	assert_int_equal(qt__block_del(seg, at, 0), 0);
	assert_int_equal(qt__block_del(seg, at, 0), -EINVAL);
	assert_int_equal(qt_seg_fsck(seg, NULL), 0);
	qt_seg_close(seg);
}

QT_TEST(blocks_come_and_go_in_any_order)
{
	enum { COUNT = 64 };
	struct qt_seg	*seg = test_seg();
	uint64_t	 at[COUNT] = { 0 }, used = qt_seg_used(seg);
	unsigned int	 seed = 7;

	(void)state;
	for (int i = 0; i < 5000; i++) {
		unsigned int	k;

		seed = seed * 1103515245 + 12345;
		k = seed >> 16 & (COUNT - 1);
		if (at[k] != 0) {
			assert_int_equal(qt__block_del(seg, at[k], 0), 0);
			at[k] = 0;
		} else {
			assert_int_equal(qt__block_add(seg, &k, sizeof(k), 0,
			    &at[k]), 0);
		}
		if (i % 100 == 0)
			assert_int_equal(qt_seg_fsck(seg, NULL), 0);
	}
	for (unsigned int k = 0; k < COUNT; k++) {
		if (at[k] == 0)
			continue;
		assert_memory_equal(qt_seg_at(seg, at[k], 4), &k, sizeof(k));
		assert_int_equal(qt__block_del(seg, at[k], 0), 0);
	}
	assert_int_equal(qt_seg_used(seg), used);
	qt_seg_close(seg);
}
