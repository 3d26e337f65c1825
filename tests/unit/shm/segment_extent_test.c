/* SPDX-License-Identifier: Apache-2.0 */
/* Extents: zeros, merging, memory given back, many of them, and limits. */

#include <errno.h>
#include <stdlib.h>

#include "../test.h"
#include "shm_test.h"

#define MANY 60000

QT_TEST(an_extent_is_zero_and_keeps_what_is_written)
{
	struct qt_seg	*seg = test_seg();
	uint64_t	 at;
	unsigned char	*p;

	(void)state;
	for (int round = 0; round < 3; round++) {
		assert_int_equal(qt_seg_alloc(seg, 10000, &at), 0);
		assert_int_equal(at % 4096, 0);
		p = qt_seg_at(seg, at, 12288);
		assert_non_null(p);
		assert_int_equal(qt_seg_offset(seg, p), at);
		for (int i = 0; i < 12288; i++)
			assert_int_equal(p[i], 0);
		memset(p, 0xaa, 12288);
		assert_int_equal(qt_seg_free(seg, at), 0);
	}
	qt_seg_close(seg);
}

QT_TEST(freeing_gives_the_memory_back_at_once)
{
	struct qt_seg	*seg = test_seg();
	uint64_t	 before = qt_seg_used(seg), at;

	(void)state;
	assert_int_equal(qt_seg_alloc(seg, 1u << 20, &at), 0);
	assert_true(qt_seg_used(seg) >= before + (1u << 20));
	assert_int_equal(qt_seg_free(seg, at), 0);
	assert_true(qt_seg_used(seg) <= before + 8192);
	qt_seg_close(seg);
}

QT_TEST(neighbours_merge_in_every_order_of_freeing)
{
	static const int	order[6][3] = { { 0, 1, 2 }, { 0, 2, 1 },
	    { 1, 0, 2 }, { 1, 2, 0 }, { 2, 0, 1 }, { 2, 1, 0 } };
	struct qt_seg	*seg = test_seg();
	uint64_t	 at[3], all;

	(void)state;
	for (int i = 0; i < 6; i++) {
		for (int j = 0; j < 3; j++)
			assert_int_equal(qt_seg_alloc(seg, 4096u << j, &at[j]),
			    0);
		for (int j = 0; j < 3; j++)
			assert_int_equal(qt_seg_free(seg, at[order[i][j]]), 0);
		/* Only possible when everything is one extent again. */
		assert_int_equal(qt_seg_alloc(seg, 63u << 20, &all), 0);
		assert_int_equal(qt_seg_free(seg, all), 0);
	}
	qt_seg_close(seg);
}

QT_TEST(only_the_start_of_an_extent_can_be_freed)
{
	struct qt_seg	*seg = test_seg();
	uint64_t	 at;

	(void)state;
	assert_int_equal(qt_seg_alloc(seg, 16384, &at), 0);
	assert_int_equal(qt_seg_free(seg, at + 4096), -EINVAL);
	assert_int_equal(qt_seg_free(seg, at + 8), -EINVAL);
	assert_int_equal(qt_seg_free(seg, 0), -EINVAL);
	assert_int_equal(qt_seg_free(seg, qt_seg_size(seg)), -EINVAL);
	assert_int_equal(qt_seg_free(seg, UINT64_MAX), -EINVAL);
	assert_int_equal(qt_seg_free(seg, at), 0);
	assert_int_equal(qt_seg_free(seg, at), -EINVAL);
	qt_seg_close(seg);
}

QT_TEST(a_word_of_the_segment_is_set_and_cleared_with_its_extent)
{
	struct qt_seg	*seg = test_seg();
	uint64_t	 root, *word;

	(void)state;
	assert_int_equal(qt_seg_alloc(seg, 4096, &root), 0);
	word = qt_seg_at(seg, root, 8);
	assert_int_equal(qt_seg_alloc(seg, 4096, word), 0);
	assert_non_null(qt_seg_at(seg, *word, 4096));
	assert_int_equal(qt_seg_free_at(seg, word), 0);
	assert_int_equal(*word, 0);
	assert_int_equal(qt_seg_free_at(seg, word), 0);
	*word = root + 8192;
	assert_int_equal(qt_seg_alloc(seg, 4096, word), -EEXIST);
	assert_int_equal(qt_seg_free_at(seg, word), -EINVAL);
	assert_int_equal(qt_seg_free_at(seg, &root), -EINVAL);
	qt_seg_close(seg);
}

QT_TEST(sixty_thousand_extents_fit_and_all_come_back)
{
	struct qt_seg_spec	 spec = test_spec;
	struct qt_seg		*seg;
	uint64_t		*at = calloc(MANY, sizeof(*at)), used, all;

	(void)state;
	assert_non_null(at);
	spec.size = UINT64_C(1) << 30;
	assert_int_equal(qt_seg_create(NULL, &spec, &seg, NULL), 0);
	used = qt_seg_used(seg);
	for (int i = 0; i < MANY; i++)
		assert_int_equal(qt_seg_alloc(seg, 4096, &at[i]), 0);
	/* Odd ones first, so that nothing can merge, then the others. */
	for (int i = 1; i < MANY; i += 2)
		assert_int_equal(qt_seg_free(seg, at[i]), 0);
	for (int i = 0; i < MANY; i += 2)
		assert_int_equal(qt_seg_free(seg, at[i]), 0);
	assert_int_equal(qt_seg_alloc(seg, 1000u << 20, &all), 0);
	assert_int_equal(qt_seg_free(seg, all), 0);
	/* What stays is the map: 16 bytes for each page. */
	assert_true(qt_seg_used(seg) <= used + MANY * 16 + 8192);
	qt_seg_close(seg);
	free(at);
}

QT_TEST(address_space_and_the_limit_of_extents_run_out_with_enomem)
{
	struct qt_seg_spec	 spec = test_spec;
	struct qt_seg		*seg;
	uint64_t		 at, got = 0;

	(void)state;
	spec.size = 1u << 20;
	spec.extents = 3;
	assert_int_equal(qt_seg_create(NULL, &spec, &seg, NULL), 0);
	assert_int_equal(qt_seg_alloc(seg, 2u << 20, &at), -ENOMEM);
	assert_int_equal(qt_seg_alloc(seg, UINT64_MAX, &at), -ENOMEM);
	assert_int_equal(qt_seg_alloc(seg, 0, &at), -EINVAL);
	for (int i = 0; i < 3; i++)
		assert_int_equal(qt_seg_alloc(seg, 4096, &at), 0);
	assert_int_equal(qt_seg_alloc(seg, 4096, &at), -ENOMEM);
	qt_seg_close(seg);

	spec.extents = 0;
	assert_int_equal(qt_seg_create(NULL, &spec, &seg, NULL), 0);
	while (qt_seg_alloc(seg, 8192, &at) == 0)
		got += 8192;
	assert_in_range(got, 1u << 19, 1u << 20);
	qt_seg_close(seg);
}

QT_TEST(a_random_mix_never_overlaps)
{
	enum { SLOTS = 200, STEPS = 20000 };
	struct qt_seg	*seg = test_seg();
	uint64_t	 at[SLOTS] = { 0 }, size[SLOTS] = { 0 }, used;
	unsigned int	 seed = 12345;

	(void)state;
	used = qt_seg_used(seg);
	for (int i = 0; i < STEPS; i++) {
		unsigned int	k = (unsigned int)rand_r(&seed) % SLOTS;
		unsigned char	*p;

		if (at[k] != 0) {
			p = qt_seg_at(seg, at[k], size[k]);
			/* First and last byte are ours. */
			assert_int_equal(p[0], k & 0xff);
			assert_int_equal(p[size[k] - 1], k & 0xff);
			assert_int_equal(qt_seg_free(seg, at[k]), 0);
			at[k] = 0;
			continue;
		}
		size[k] = 1 + (unsigned int)rand_r(&seed) % 200000;
		assert_int_equal(qt_seg_alloc(seg, size[k], &at[k]), 0);
		p = qt_seg_at(seg, at[k], size[k]);
		assert_int_equal(p[0], 0);
		assert_int_equal(p[size[k] - 1], 0);
		p[0] = p[size[k] - 1] = (unsigned char)k;
	}
	for (int k = 0; k < SLOTS; k++)
		if (at[k] != 0)
			assert_int_equal(qt_seg_free(seg, at[k]), 0);
	assert_true(qt_seg_used(seg) <= used + (64u << 20) / 256 + 8192);
	qt_seg_close(seg);
}
