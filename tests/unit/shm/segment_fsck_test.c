/* SPDX-License-Identifier: Apache-2.0 */
/* The checker sees what is wrong; and any call that fails leaves nothing. */

#include <errno.h>

#include <qt/base/sys.h>
#include <qt/shm/ring.h>

#include "../../../libcommon/shm/segment_priv.h"
#include "../test.h"
#include "shm_test.h"

QT_TEST(every_damaged_word_of_the_allocator_is_seen)
{
	struct qt_seg_spec	 spec = test_spec;
	struct qt_seg		*seg;
	struct qt_err		 err = QT_ERR_INIT;
	uint64_t		 at[4], ring, n = 0;

	(void)state;
	spec.size = 256 << 10;
	assert_int_equal(qt_seg_create(NULL, &spec, &seg, NULL), 0);
	for (int i = 0; i < 4; i++)
		assert_int_equal(qt_seg_alloc(seg, 4096u << i, &at[i]), 0);
	assert_int_equal(qt_ring_create(seg, 1 << 20, &ring), 0);
	assert_int_equal(qt_seg_free(seg, at[1]), 0);
	assert_int_equal(qt_seg_fsck(seg, &err), 0);
	/* Each word that is not 0 says something, so a change must show. */
	for (uint64_t i = 0; i < seg->head.page_count * UINT64_C(16); i += 8) {
		_Atomic uint64_t	*word = qt__word(seg,
		    seg->head.map_offset + i);
		uint64_t		 was = atomic_load(word);

		/* The owner is for people to read: nothing depends on it. */
		if (was == 0 || (i % 16 == 8 && (uint16_t)(was >> 48) ==
		    QT__PAGE_NONE))
			continue;
		atomic_store(word, was ^ (i % 16 == 8 ? UINT64_C(7) << 48 : 1));
		assert_int_equal(qt_seg_fsck(seg, &err), -QT_ECORRUPT);
		assert_true(err.text[0] != '\0');
		atomic_store(word, was);
		n++;
	}
	assert_true(n > 10);
	for (int i = 0; i < QT__CLASSES; i++) {
		uint64_t	was = atomic_load(&seg->ctl->class_first[i]);

		atomic_store(&seg->ctl->class_first[i], was ^ 1);
		assert_int_equal(qt_seg_fsck(seg, &err), -QT_ECORRUPT);
		atomic_store(&seg->ctl->class_first[i], was);
	}
	atomic_fetch_add(&seg->ctl->used_pages, 1);
	assert_int_equal(qt_seg_fsck(seg, &err), -QT_ECORRUPT);
	atomic_fetch_sub(&seg->ctl->used_pages, 1);
	assert_int_equal(qt_seg_fsck(seg, &err), 0);
	qt_seg_close(seg);
}

/* Everything that changes the allocator, in some order. 0 or a code. */
static int
life(struct qt_seg *seg, uint64_t *words)
{
	struct qt_ring_writer	*w;
	char			 data[9000] = "x";
	int			 rc = qt_seg_alloc(seg, 20000, &words[0]);

	if (rc == 0)
		rc = qt_ring_create(seg, 16 << 10, &words[1]);
	if (rc == 0)
		rc = qt_seg_alloc(seg, 4096, &words[2]);
	if (rc == 0)
		rc = qt_seg_free_at(seg, &words[0]);
	if (rc == 0)
		rc = qt_ring_writer_open(seg, words[1], &w, NULL);
	if (rc == 0) {
		rc = qt_ring_write(w, data, sizeof(data));
		qt_ring_writer_close(w);
	}
	return rc;
}

QT_TEST(a_call_that_fails_anywhere_loses_no_page)
{
	static const enum qt_sys_call	calls[] = { QT_SYS_FALLOCATE,
	    QT_SYS_LOCK };
	struct qt_seg	*seg = test_seg();
	uint64_t	 root, used, *words;
	int		 failed = 0;

	(void)state;
	assert_int_equal(qt_seg_alloc(seg, 64, &root), 0);
	words = qt_seg_at(seg, root, 64);
	used = qt_seg_used(seg);
	for (int i = 0; i < 2; i++) {
		unsigned int	n = 0, count;

		do {
			qt_sys_fault(calls[i], ++n, ENOSPC);
			failed += life(seg, words) < 0;
			count = qt_sys_calls(calls[i]);
			qt_sys_fault(calls[i], 0, 0);
			assert_int_equal(qt_seg_fsck(seg, NULL), 0);
			assert_int_equal(qt_ring_destroy_at(seg, &words[1]), 0);
			assert_int_equal(qt_seg_free_at(seg, &words[0]), 0);
			assert_int_equal(qt_seg_free_at(seg, &words[2]), 0);
			assert_int_equal(qt_seg_fsck(seg, NULL), 0);
			assert_int_equal(qt_seg_used(seg), used);
		} while (count >= n);
	}
	assert_true(failed >= 3);
	qt_seg_close(seg);
}
