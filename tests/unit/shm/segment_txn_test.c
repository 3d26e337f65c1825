/* SPDX-License-Identifier: Apache-2.0 */
/* The redo log: all or nothing, whoever finishes it, and logs that lie. */

#include "../../../libcommon/shm/segment_priv.h"
#include "../test.h"
#include "shm_test.h"

/* Two words of the data area. */
static void
words(struct qt_seg *seg, uint64_t at[2])
{
	assert_int_equal(qt_seg_alloc(seg, 16, &at[0]), 0);
	at[1] = at[0] + 8;
}

static void
log_word(struct qt_seg *seg, int i, uint64_t offset, uint64_t value)
{
	atomic_store(&seg->ctl->log[i].offset, offset);
	atomic_store(&seg->ctl->log[i].value, value);
}

QT_TEST(a_change_reads_what_it_wrote_and_others_do_not)
{
	struct qt_seg	*seg = test_seg();
	struct qt__txn	 t = { .seg = seg };
	uint64_t	 at[2];

	(void)state;
	words(seg, at);
	qt__txn_set(&t, at[0], 1);
	qt__txn_set(&t, at[0], 2);
	qt__txn_set(&t, at[1], 3);
	assert_int_equal(t.count, 2);
	assert_int_equal(qt__txn_get(&t, at[0]), 2);
	assert_int_equal(atomic_load(qt__word(seg, at[0])), 0);
	assert_int_equal(qt__txn_commit(&t), 0);
	assert_int_equal(atomic_load(qt__word(seg, at[0])), 2);
	assert_int_equal(atomic_load(qt__word(seg, at[1])), 3);
	assert_int_equal(atomic_load(&seg->ctl->log_len), 0);
	qt_seg_close(seg);
}

QT_TEST(a_log_that_was_left_is_applied_before_anything_else)
{
	struct qt_seg	*seg = test_seg();
	uint64_t	 at[2], more;

	(void)state;
	words(seg, at);
	log_word(seg, 0, at[0], 7);
	log_word(seg, 1, at[1], 8);
	atomic_store(&seg->ctl->log_len, 2);
	assert_int_equal(qt_seg_alloc(seg, 1, &more), 0);
	assert_int_equal(atomic_load(qt__word(seg, at[0])), 7);
	assert_int_equal(atomic_load(qt__word(seg, at[1])), 8);
	qt_seg_close(seg);
}

QT_TEST(a_log_that_was_not_decided_is_forgotten)
{
	struct qt_seg	*seg = test_seg();
	uint64_t	 at[2], more;

	(void)state;
	words(seg, at);
	log_word(seg, 0, at[0], 7);
	assert_int_equal(qt_seg_alloc(seg, 1, &more), 0);
	assert_int_equal(atomic_load(qt__word(seg, at[0])), 0);
	qt_seg_close(seg);
}

QT_TEST(a_log_that_points_outside_its_words_is_corrupt_and_not_applied)
{
	struct qt_seg	*seg = test_seg();
	uint64_t	 at[2], more;
	uint64_t	 bad[] = { 0, 8, 3, seg->size, seg->size - 4,
	    UINT64_MAX - 7, seg->head.slot_offset, seg->head.entry_offset + 8,
	    QT__CTL(seg, lock), QT__CTL(seg, log_len) };

	(void)state;
	words(seg, at);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		log_word(seg, 0, at[0], 7);
		log_word(seg, 1, bad[i], 7);
		atomic_store(&seg->ctl->log_len, 2);
		assert_int_equal(qt_seg_alloc(seg, 1, &more), -QT_ECORRUPT);
		assert_int_equal(atomic_load(qt__word(seg, at[0])), 0);
	}
	atomic_store(&seg->ctl->log_len, QT__LOG_MAX + 1);
	assert_int_equal(qt_seg_alloc(seg, 1, &more), -QT_ECORRUPT);
	atomic_store(&seg->ctl->log_len, 0);
	assert_int_equal(qt_seg_alloc(seg, 1, &more), 0);
	qt_seg_close(seg);
}

QT_TEST(a_change_that_is_too_long_is_not_made)
{
	struct qt_seg	*seg = test_seg();
	struct qt__txn	 t = { .seg = seg };
	uint64_t	 at;

	(void)state;
	assert_int_equal(qt_seg_alloc(seg, 4096, &at), 0);
	for (uint64_t i = 0; i < QT__LOG_MAX + 1; i++)
		qt__txn_set(&t, at + i * 8, 1);
	assert_true(t.bad);
	assert_int_equal(qt__txn_commit(&t), -QT_ECORRUPT);
	assert_int_equal(atomic_load(qt__word(seg, at)), 0);
	qt_seg_close(seg);
}
