/* SPDX-License-Identifier: Apache-2.0 */
/* Extents that are reserved: memory piece by piece, all given back at once. */

#include <errno.h>
#include <pthread.h>

#include <qt/base/sys.h>

#include "../test.h"
#include "shm_test.h"
#include "small.h"

#define SPACE	(UINT64_C(40) << 20)

QT_TEST(what_is_reserved_has_memory_where_it_was_asked_for)
{
	struct qt_seg	*seg = test_seg();
	uint64_t	 before, at;
	unsigned char	*p;

	(void)state;
	/* The map's own pages get memory first. */
	assert_int_equal(qt_seg_reserve(seg, SPACE, &at), 0);
	assert_int_equal(qt_seg_free(seg, at), 0);
	before = qt_seg_used(seg);
	assert_int_equal(qt_seg_reserve(seg, SPACE, &at), 0);
	assert_int_equal(qt_seg_used(seg), before);
	assert_int_equal(qt_seg_extent(seg, at), SPACE);
	assert_int_equal(qt_seg_fsck(seg, NULL), 0);

	/* One byte is a page, two may be two. */
	assert_int_equal(qt_seg_back(seg, at + 5000, 1), 0);
	assert_int_equal(qt_seg_used(seg), before + 4096);
	p = qt_seg_at(seg, at + 4096, 4096);
	assert_int_equal(p[0], 0);
	p[0] = 17;
	assert_int_equal(qt_seg_back(seg, at + 4095, 2), 0);
	assert_int_equal(qt_seg_used(seg), before + 8192);
	assert_int_equal(p[0], 17);
	assert_int_equal(qt_seg_back(seg, at + SPACE - 8, 8), 0);
	*(uint64_t *)qt_seg_at(seg, at + SPACE - 8, 8) = 1;
	assert_int_equal(qt_seg_used(seg), before + 12288);
	assert_int_equal(qt_seg_fsck(seg, NULL), 0);

	assert_int_equal(qt_seg_free(seg, at), 0);
	assert_int_equal(qt_seg_used(seg), before);
	assert_int_equal(qt_seg_fsck(seg, NULL), 0);
	/* Whoever has it next finds zeros. */
	assert_int_equal(qt_seg_alloc(seg, SPACE, &at), 0);
	for (uint64_t i = 0; i < SPACE; i += 4096)
		assert_int_equal(*(char *)qt_seg_at(seg, at + i, 1), 0);
	assert_int_equal(*(uint64_t *)qt_seg_at(seg, at + SPACE - 8, 8), 0);
	qt_seg_close(seg);
}

QT_TEST(memory_is_for_the_data_area_and_who_may_write)
{
	struct qt_seg		*seg = test_seg(), *reader;
	struct qt_seg_info	 info;
	uint64_t		 at, size = qt_seg_size(seg);

	(void)state;
	qt_seg_describe(seg, &info);
	assert_int_equal(qt_seg_reserve(seg, 8192, &at), 0);
	assert_int_equal(qt_seg_back(seg, at, 0), -EINVAL);
	assert_int_equal(qt_seg_back(seg, 0, 4096), -EINVAL);
	assert_int_equal(qt_seg_back(seg, info.data_offset - 1, 2), -EINVAL);
	assert_int_equal(qt_seg_back(seg, size - 1, 2), -EINVAL);
	assert_int_equal(qt_seg_back(seg, size, 1), -EINVAL);
	assert_int_equal(qt_seg_back(seg, UINT64_MAX, 1), -EINVAL);
	assert_int_equal(qt_seg_back(seg, at, UINT64_MAX), -EINVAL);
	reader = test_join(seg, QT_SEG_RDONLY);
	assert_int_equal(qt_seg_back(reader, at, 1), -EACCES);
	assert_int_equal(qt_seg_reserve(seg, 0, &at), -EINVAL);
	assert_int_equal(qt_seg_reserve(seg, size, &at), -ENOMEM);
	qt_seg_close(reader);
	qt_seg_close(seg);
}

QT_TEST(a_word_of_the_segment_is_set_with_what_is_reserved)
{
	struct qt_seg	*seg = test_seg();
	uint64_t	 root, *word;

	(void)state;
	assert_int_equal(qt_seg_alloc(seg, 4096, &root), 0);
	word = qt_seg_at(seg, root, 8);
	assert_int_equal(qt_seg_reserve(seg, 8192, word), 0);
	assert_int_equal(qt_seg_extent(seg, *word), 8192);
	assert_int_equal(qt_seg_reserve(seg, 8192, word), -EEXIST);
	assert_int_equal(qt_seg_free_at(seg, word), 0);
	assert_int_equal(*word, 0);
	qt_seg_close(seg);
}

struct backer {
	struct qt_seg	*seg;
	uint64_t	 at;
	unsigned char	 mark;
	int		 bad;
};

/* Every page twice, and a byte of each. */
static void *
back_all(void *arg)
{
	struct backer	*b = arg;

	for (uint64_t i = 0; i < 256; i++) {
		uint64_t	 page = b->at + (i * 37 % 256) * 4096;
		unsigned char	*p = qt_seg_at(b->seg, page, 4096);

		b->bad += qt_seg_back(b->seg, page, 4096) != 0;
		p[b->mark] = b->mark;
	}
	return NULL;
}

QT_TEST(several_may_ask_for_memory_of_the_same_pages)
{
	struct qt_seg	*seg = test_seg();
	struct backer	 b[4];
	pthread_t	 threads[4];
	uint64_t	 at;

	(void)state;
	assert_int_equal(qt_seg_reserve(seg, 256 * 4096, &at), 0);
	for (unsigned char i = 0; i < 4; i++) {
		b[i] = (struct backer){ test_join(seg, QT_SEG_WRITE), at,
		    (unsigned char)(i + 1), 0 };
		assert_int_equal(pthread_create(&threads[i], NULL, back_all,
		    &b[i]), 0);
	}
	for (int i = 0; i < 4; i++) {
		assert_int_equal(pthread_join(threads[i], NULL), 0);
		assert_int_equal(b[i].bad, 0);
		qt_seg_close(b[i].seg);
	}
	for (uint64_t i = 0; i < 256; i++)
		assert_memory_equal(qt_seg_at(seg, at + i * 4096, 5),
		    "\0\1\2\3\4", 5);
	qt_seg_close(seg);
}

/* In a /dev/shm of 1 MiB: address space is no memory. */
static int
fill_it(void *arg)
{
	struct qt_seg	*seg;
	const char	*name = test_name();
	uint64_t	 at, used, n;
	int		 rc;

	(void)arg;
	rc = small_shm();
	if (rc != 0)
		return rc;
	if (qt_seg_create(name, &test_spec, &seg, NULL) < 0 ||
	    qt_seg_reserve(seg, SPACE, &at) < 0)
		return 1;
	used = qt_seg_used(seg);
	if (qt_seg_back(seg, at, SPACE) != -ENOSPC || qt_seg_used(seg) != used)
		return 2;
	for (n = 0; (rc = qt_seg_back(seg, at + n, 4096)) == 0; n += 4096)
		*(uint64_t *)qt_seg_at(seg, at + n, 8) = n;
	if (rc != -ENOSPC || n < 256u << 10 || n > 1u << 20)
		return 3;
	/* What had some before keeps it. */
	if (qt_seg_back(seg, at, n + 4096) != -ENOSPC)
		return 4;
	for (uint64_t i = 0; i < n; i += 4096)
		if (*(uint64_t *)qt_seg_at(seg, at + i, 8) != i)
			return 5;
	if (qt_seg_free(seg, at) < 0 || qt_seg_used(seg) != used ||
	    qt_seg_fsck(seg, NULL) < 0)
		return 6;
	qt_seg_close(seg);
	return 0;
}

QT_TEST(a_full_file_system_is_enospc_and_changes_nothing)
{
	(void)state;
	run_small(fill_it);
}

QT_TEST(a_call_that_is_refused_is_the_answer)
{
	struct qt_seg	*seg = test_seg();
	uint64_t	 at;

	(void)state;
	assert_int_equal(qt_seg_reserve(seg, 8192, &at), 0);
	qt_sys_fault(QT_SYS_FALLOCATE, 1, ENOSPC);
	assert_int_equal(qt_seg_back(seg, at, 1), -ENOSPC);
	qt_sys_fault(QT_SYS_FALLOCATE, 0, 0);
	assert_int_equal(qt_seg_back(seg, at, 1), 0);
	qt_seg_close(seg);
}
