/* SPDX-License-Identifier: Apache-2.0 */
/* Huge pages and NUMA nodes: what is asked for, and what comes of it. */

#include <errno.h>
#include <sys/mman.h>

#include <qt/base/sys.h>
#include <qt/shm/segment.h>

#include "../../../libcommon/shm/segment_priv.h"
#include "../test.h"
#include "shm_test.h"

#define MB	(UINT64_C(1) << 20)

static struct qt_seg *
make(uint64_t size, uint32_t flags, uint32_t node)
{
	struct qt_seg_spec	 spec = test_spec;
	struct qt_seg		*seg = NULL;
	struct qt_err		 err = QT_ERR_INIT;

	spec.size = size;
	spec.flags = flags;
	spec.node = node;
	if (qt_seg_create(NULL, &spec, &seg, &err) < 0)
		fail_msg("%s", err.text);
	return seg;
}

static bool
has_file(const char *path)
{
	return access(path, F_OK) == 0;
}

/* Whether the kernel makes huge pages of shared memory at all, and now. */
static bool
can_collapse(uint64_t huge)
{
	int	 fd = qt_sys_memfd("probe", (size_t)huge, 0), rc;
	void	*map;

	if (huge == 0)
		return false;
	assert_true(fd >= 0);
	assert_int_equal(qt_sys_mmap_aligned(fd, (size_t)huge,
	    PROT_READ | PROT_WRITE, (size_t)huge, &map), 0);
	memset(map, 1, (size_t)huge);
	rc = madvise(map, (size_t)huge, 25);	/* MADV_COLLAPSE */
	munmap(map, (size_t)huge);
	close(fd);
	return rc == 0;
}

QT_TEST(a_large_extent_gets_huge_pages_and_costs_no_more_than_without)
{
	uint64_t		 huge = qt__huge_size(), at, plain_at;
	struct qt_seg		*seg, *plain, *reader;
	struct qt_seg_memory	 m;
	uint64_t		 size = 8 * huge, empty;
	const unsigned char	*p;

	(void)state;
	if (huge == 0 || huge > 64 * MB)
		skip();
	seg = make(16 * huge, QT_SEG_HUGE, 0);
	plain = make(16 * huge, 0, 0);
	empty = qt_seg_used(seg);
	/* So that its ends are not where a huge page begins. */
	assert_int_equal(qt_seg_alloc(seg, 1, &at), 0);
	assert_int_equal(qt_seg_alloc(plain, 1, &plain_at), 0);
	assert_int_equal(qt_seg_alloc(seg, size, &at), 0);
	assert_int_equal(qt_seg_alloc(plain, size, &plain_at), 0);
	assert_int_equal(qt_seg_used(seg), qt_seg_used(plain));
	p = qt_seg_at(seg, at, size);
	assert_int_equal((uintptr_t)(p - at) % huge, 0);
	for (uint64_t i = 0; i < size; i += 512)
		assert_int_equal(p[i], 0);

	reader = test_join(seg, QT_SEG_RDONLY);
	assert_int_equal(qt_seg_pages(reader, &m), 0);
	assert_int_equal(m.flags, QT_SEG_HUGE);
	assert_int_equal(m.huge_size, huge);
	/* Seven lie whole in it. */
	assert_true(m.huge_used <= 7 * huge);
	assert_int_equal(m.huge_used % huge, 0);
	if (m.huge_used == 0 && can_collapse(huge))
		fail_msg("there are huge pages, but not here: %s", m.why);
	assert_true((m.why == NULL) == (m.huge_used > 0));
	assert_int_equal(qt_seg_used(seg), qt_seg_used(plain));
	qt_seg_close(reader);

	assert_int_equal(qt_seg_free(seg, at), 0);
	assert_int_equal(qt_seg_free(plain, plain_at), 0);
	assert_int_equal(qt_seg_used(seg), qt_seg_used(plain));
	assert_true(qt_seg_used(seg) <= empty + 3 * seg->page);
	assert_int_equal(qt_seg_fsck(seg, NULL), 0);
	qt_seg_close(plain);
	qt_seg_close(seg);
}

QT_TEST(small_extents_and_small_segments_have_none_and_say_so)
{
	uint64_t		 huge = qt__huge_size(), at;
	struct qt_seg		*seg;
	struct qt_seg_memory	 m;
	uint64_t		 sizes[] = { MB, 16 * MB };

	(void)state;
	for (int i = 0; i < 2; i++) {
		seg = make(sizes[i], QT_SEG_HUGE, 0);
		assert_int_equal(qt_seg_alloc(seg, MB / 2, &at), 0);
		memset(qt_seg_at(seg, at, MB / 2), 1, MB / 2);
		assert_true(qt_seg_used(seg) < MB);
		assert_int_equal(qt_seg_pages(seg, &m), 0);
		assert_int_equal(m.flags, QT_SEG_HUGE);
		assert_int_equal(m.huge_used, 0);
		assert_int_equal(m.huge_size, huge);
		assert_string_equal(m.why, huge > 0 ?
		    "no structure is large enough" : "the kernel has none");
		qt_seg_close(seg);
	}
}

QT_TEST(nothing_is_asked_unless_it_is_wanted)
{
	struct qt_seg		*seg = test_seg();
	struct qt_seg_memory	 m;

	(void)state;
	assert_int_equal(seg->huge, 0);
	assert_int_equal(qt_seg_pages(seg, &m), 0);
	assert_int_equal(m.flags, 0);
	assert_int_equal(m.huge_size, 0);
	assert_int_equal(m.looked, 0);
	qt_seg_close(seg);
}

QT_TEST(memory_comes_from_the_node_and_the_segment_says_so)
{
	struct qt_seg		*seg, *reader;
	struct qt_seg_memory	 m;
	uint64_t		 at;

	(void)state;
	if (!has_file("/sys/devices/system/node/node0/meminfo"))
		skip();
	seg = make(16 * MB, QT_SEG_ON_NODE, 0);
	assert_int_equal(qt_seg_alloc(seg, MB, &at), 0);
	memset(qt_seg_at(seg, at, MB), 1, MB);
	reader = test_join(seg, QT_SEG_RDONLY);
	assert_int_equal(qt_seg_pages(reader, &m), 0);
	assert_int_equal(m.flags, QT_SEG_ON_NODE);
	assert_int_equal(m.node, 0);
	/* What was touched is looked at: the extent, and the tables. */
	assert_true(m.looked > MB / seg->page && m.looked <= 4096);
	if (!has_file("/sys/devices/system/node/node1"))
		assert_int_equal(m.on_node, m.looked);
	else
		assert_true(m.on_node > 0 && m.on_node <= m.looked);
	qt_seg_close(reader);
	qt_seg_close(seg);
}

QT_TEST(a_node_that_is_not_there_and_a_flag_that_is_none_are_refused)
{
	struct qt_seg_spec	 spec = test_spec;
	const char		*name = test_name();
	struct qt_seg		*seg;
	struct qt_err		 err = QT_ERR_INIT;
	uint32_t		 nodes[] = { 1023, 1024, UINT32_MAX };
	bool			 is_numa =
	    has_file("/sys/devices/system/node/online");
	char			 path[100];

	(void)state;
	if (has_file("/sys/devices/system/node/node1023"))
		skip();
	snprintf(path, sizeof(path), "/dev/shm%s", name);
	spec.flags = QT_SEG_ON_NODE;
	for (int i = 0; i < 3; i++) {
		spec.node = nodes[i];
		assert_int_equal(qt_seg_create(name, &spec, &seg, &err),
		    is_numa ? -EINVAL : -EOPNOTSUPP);
		assert_null(seg);
		assert_non_null(strstr(err.text, is_numa ? "no NUMA node" :
		    "no NUMA nodes"));
		assert_false(has_file(path));
	}
	spec.flags = 4;
	assert_int_equal(qt_seg_create(name, &spec, &seg, &err), -EINVAL);
	assert_non_null(strstr(err.text, "flag"));
	assert_false(has_file(path));
}
