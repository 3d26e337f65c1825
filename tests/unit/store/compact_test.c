/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memtables into runs, runs into one, in steps: libcommon/store/flush.c and
 * compact.c. Each step is followed by a look at everything from disk.
 */

#include "../test.h"

#include "compact_world.h"

/* All that is due, without a look. */
static void
settle(struct world *w, uint64_t whole)
{
	while (w->m->first_wal < w->next_mem)
		world_flush_step(w, 1 << 20);
	while (world_merge_step(w, 1 << 20, whole) == 1)
		;
}

static void
live_through(uint32_t seed, size_t per_mem, unsigned int keys, uint32_t level,
    unsigned int threads)
{
	struct world	*w = world_new();
	unsigned int	 turn;

	w->work.level = level;
	w->work.threads = threads;
	for (turn = 0; turn < 80; turn++) {
		switch (test_random(&seed) % 7) {
		case 0: case 1:
			if (w->count + per_mem <= WORLD_RECORDS &&
			    w->next_mem < w->m->first_wal + 4 &&
			    w->next_mem + 1 < WORLD_MEMS)
				world_fill(w, per_mem, keys, &seed);
			break;
		case 2: case 3: case 4:
			if (w->m->first_wal < w->next_mem)
				world_flush_step(w, test_random(&seed) % 4000);
			break;
		default:
			world_merge_step(w, test_random(&seed) % (threads > 0 ?
			    12000 : 4000), test_random(&seed) % 16 == 0 ? UINT64_MAX : 0);
		}
		world_check(w);
	}
	settle(w, w->m->next_file);
	world_check(w);
	assert_int_equal(files_count(w->g.fd, "run"), w->m->slice_count);
	world_end(w);
}

QT_TEST(what_is_read_is_the_same_after_every_step)
{
	(void)state;
	live_through(1, 40, 60, 0, 0);
	live_through(2, 25, 200, 0, 0);
	live_through(3, 60, 900, 1, 0);
	live_through(4, 10, 5, 0, 0);
}

QT_TEST(what_is_read_is_the_same_after_steps_in_several_threads)
{
	(void)state;
	live_through(11, 60, 900, 0, 4);
	live_through(12, 90, 300, 0, 2);
	live_through(13, 80, 900, 1, 3);
}

/* One run of many slices and one above it are merged by one step of threads. */
QT_TEST(parts_of_a_merge_are_one_change_of_the_manifest)
{
	struct world	*w = world_new();
	uint32_t	 seed = 14;
	uint64_t	 number;

	(void)state;
	w->work.threads = 4;
	world_fill(w, 700, 900, &seed);
	settle(w, 0);
	world_fill(w, 400, 900, &seed);
	while (w->m->first_wal < w->next_mem)
		world_flush_step(w, 1 << 20);
	number = w->m->number;
	assert_int_equal(world_merge_step(w, 6000, UINT64_MAX), 1);
	assert_true(w->m->merge.output != 0);
	assert_true(w->m->merge.key_len > 0);
	assert_int_equal(w->m->runs[0].id, w->m->merge.output);
	assert_true(w->m->runs[0].count >= 4);
	assert_true(w->m->number == number + 1);
	world_check(w);
	settle(w, 0);
	world_check(w);
	assert_int_equal(w->m->run_count, 1);
	assert_int_equal(files_count(w->g.fd, "run"), w->m->slice_count);
	world_end(w);
}

QT_TEST(a_merge_above_the_bottom_keeps_deletions_of_what_lies_below)
{
	struct world	*w = world_new();
	uint32_t	 seed = 9;
	uint64_t	 bottom;
	unsigned int	 merges = 0;

	(void)state;
	world_fill(w, 1150, 2000, &seed);
	settle(w, 0);
	bottom = w->m->runs[0].id;
	for (unsigned int i = 0; i < 4; i++)
		world_fill(w, 6, 2000, &seed);
	while (w->m->first_wal < w->next_mem)
		world_flush_step(w, 1 << 20);
	assert_int_equal(w->m->run_count, 5);
	for (; world_merge_step(w, 0, 0) == 1; merges++)
		world_check(w);
	assert_true(merges > 0);
	assert_int_equal(w->m->run_count, 2);
	assert_int_equal(w->m->runs[0].level, 1);
	assert_int_equal(w->m->runs[1].id, bottom);
	world_end(w);
}

QT_TEST(all_in_one_run_is_what_is_seen_and_no_more)
{
	struct world	*w = world_new();
	uint32_t	 seed = 77;
	size_t		 n, bigs = 0;
	uint64_t	 records = 0;

	(void)state;
	for (unsigned int i = 0; i < 9; i++)
		world_fill(w, 100, 150, &seed);
	settle(w, 0);
	settle(w, w->m->next_file);
	world_check(w);
	n = world_model(w);
	assert_int_equal(w->m->run_count, 1);
	assert_int_equal(w->m->first_wal, w->next_mem);
	assert_true(w->m->version == w->log[w->count - 1].version);
	for (uint32_t i = 0; i < w->m->slice_count; i++) {
		records += w->m->slices[i].info.records;
		assert_int_equal(w->m->slices[i].info.dels, 0);
	}
	assert_int_equal(records, n);
	/* Big files go with the manifest behind the one that dropped them. */
	world_fill(w, 1, 1, &seed);
	settle(w, 0);
	settle(w, w->m->next_file);
	world_check(w);
	for (size_t i = 0; i < (n = world_model(w)); i++)
		bigs += (w->seen[i].flags & QT__BIG) != 0;
	assert_int_equal(w->m->drop_count, files_count(w->g.fd, "big") - bigs);
	for (uint32_t i = 0; i < w->m->drop_count; i++)
		assert_true(w->m->drops[i].since == w->m->number);
	world_end(w);
}

QT_TEST(what_is_all_deleted_leaves_no_run)
{
	struct world	*w = world_new();
	uint32_t	 seed = 5;

	(void)state;
	world_fill(w, 50, 20, &seed);
	for (size_t i = 0; i < w->count; i++) {
		w->log[i].flags = w->at[i].flags = QT__DEL;
		w->log[i].expires_ms = w->at[i].expires_ms = 0;
	}
	settle(w, 0);
	assert_int_equal(w->m->run_count, 0);
	assert_int_equal(w->m->first_wal, 2);
	assert_int_equal(w->m->flush.output, 0);
	assert_int_equal(files_count(w->g.fd, "run"), 0);
	assert_int_equal(world_merge_step(w, 1000, w->m->next_file), 0);
	world_end(w);
}

QT_TEST(another_memtable_than_the_one_under_way_is_refused)
{
	struct world		*w = world_new();
	struct qt__manifest	*to;
	struct qt_err		 err = QT_ERR_INIT;
	uint32_t		 seed = 6;

	(void)state;
	world_fill(w, 200, 900, &seed);
	world_fill(w, 200, 900, &seed);
	assert_int_equal(world_flush_step(w, 0), 1);
	assert_int_equal(qt__flush_step(&w->work, w->m, world_mem_cursor(w, 2),
	    2, 1000, 0, &to, &err), -EINVAL);
	assert_string_equal(err.text, "flush: flush memtable 2, where 1 is due");
	assert_null(to);
	settle(w, 0);
	assert_int_equal(qt__flush_step(&w->work, w->m, world_mem_cursor(w, 1),
	    1, 1000, 0, &to, &err), -EINVAL);
	world_check(w);
	world_end(w);
}

/* --- The world fails ------------------------------------------------------ */

/* Runs of a first part, a memtable that is flushed half, a merge half done. */
static struct world *
world_midway(unsigned int threads)
{
	struct world	*w = world_new();
	uint32_t	 seed = 12;

	for (unsigned int i = 0; i < 3; i++) {
		world_fill(w, 90, 100, &seed);
		while (world_flush_step(w, 1 << 20) == 1)
			;
	}
	assert_int_equal(world_merge_step(w, 0, UINT64_MAX), 1);
	assert_true(w->m->merge.output != 0);
	world_fill(w, 90, 100, &seed);
	assert_int_equal(world_flush_step(w, 0), 1);
	w->work.threads = threads;
	return w;
}

static int
one_step(struct world *w, int is_flush, struct qt__manifest **to)
{
	struct qt_err	err = QT_ERR_INIT;
	int		rc;

	rc = is_flush ? world_flush(w, 3000, to, &err) :
	    qt__merge_step(&w->work, w->m, 3000, 0, to, &err);
	if (rc < 0)
		assert_true(err.text[0] != '\0');
	return rc;
}

/* The nth call of a kind fails: 1 when there was such a call. */
static int
fail_step(enum qt_sys_call call, unsigned int nth, int is_flush,
    unsigned int threads)
{
	struct world		*w = world_midway(threads);
	struct qt__manifest	*to;
	unsigned int		 files = files_count(w->g.fd, "run");
	int			 rc, was_called;

	qt_sys_fault(call, nth, ENOSPC);
	rc = one_step(w, is_flush, &to);
	was_called = qt_sys_calls(call) >= nth;
	qt_sys_fault(call, 0, 0);
	if (rc >= 0) {		/* removing what is left may fail quietly */
		world_take(w, to);
	} else {
		assert_true(was_called);
		assert_null(to);
		to = must_load(w->g.fd, 0);
		if (rc == -ENOTRECOVERABLE) {
			assert_int_equal(to->number, w->m->number + 1);
		} else {
			assert_int_equal(to->number, w->m->number);
			assert_int_equal(files_count(w->g.fd, "run"), files);
		}
		qt__manifest_free(w->m);
		w->m = to;
	}
	world_check(w);
	settle(w, w->m->next_file);
	world_check(w);
	world_end(w);
	return was_called;
}

QT_TEST(whichever_call_fails_the_old_manifest_stays_and_no_file_behind)
{
	static const enum qt_sys_call	calls[] = { QT_SYS_OPEN, QT_SYS_WRITE,
	    QT_SYS_PWRITE, QT_SYS_PREAD, QT_SYS_FSYNC, QT_SYS_MMAP,
	    QT_SYS_RENAME };
	unsigned int			nth, sum = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		for (nth = 1; fail_step(calls[i], nth, 1, 0); nth++)
			sum++;
		for (nth = 1; fail_step(calls[i], nth, 0, 0); nth++)
			sum++;
		for (nth = 1; fail_step(calls[i], nth, 0, 4); nth++)
			sum++;
	}
	assert_true(sum > 50);
}

QT_TEST(a_damaged_input_is_named_and_nothing_changes)
{
	struct world		*w = world_midway(0);
	struct qt_err		 err = QT_ERR_INIT;
	struct qt__manifest	*to;
	char			 name[40], text[80];
	uint64_t		 number;
	int			 fd;

	(void)state;
	number = w->m->slices[w->m->runs[w->m->run_count - 1].first].info.number;
	snprintf(name, sizeof(name), "run/%012llu.run",
	    (unsigned long long)number);
	fd = openat(w->g.fd, name, O_WRONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, "damage", 6, 200), 6);
	close(fd);
	assert_int_equal(qt__merge_step(&w->work, w->m, 3000, 0, &to, &err),
	    -QT_ECORRUPT);
	snprintf(text, sizeof(text), "merge runs: read %s", name);
	assert_string_equal(err.text, text);
	assert_null(to);
	world_end(w);
}
