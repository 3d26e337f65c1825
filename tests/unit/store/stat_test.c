/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers for people are those of what was done. */

#include "world.h"

static const char *const	sync_mode[] = { NULL };

static struct qt_store_stat
stat_of(struct qt_store *s)
{
	struct qt_store_stat	st;
	struct qt_err		err = QT_ERR_INIT;

	if (qt_store_stat(s, &st, &err) < 0)
		fail_msg("%s", err.text);
	return st;
}

QT_TEST(an_empty_store_has_no_version_and_nothing_in_it)
{
	struct world		 w;
	struct qt_store		*s;
	struct qt_store_stat	 st;

	(void)state;
	world_begin(&w, sync_mode);
	s = world_open(&w);
	st = stat_of(s);
	assert_int_equal(st.version, 0);
	assert_int_equal(st.durable, 0);
	assert_int_equal(st.memtables, 1);
	assert_int_equal(st.memtable_records + st.memtable_bytes, 0);
	assert_int_equal(st.runs + st.slices + st.run_records, 0);
	assert_int_equal(st.puts + st.dels + st.syncs + st.flushes, 0);
	assert_int_equal(st.snapshots + st.writers + st.poisoned, 0);
	assert_int_equal(st.manifest, 1);
	assert_int_equal(strlen(st.id), 32);
	world_end(&w, s);
}

QT_TEST(what_is_done_is_counted)
{
	struct world		 w;
	struct qt_store		*s;
	struct qt_store_snap	*snap;
	struct qt_store_stat	 st;

	(void)state;
	world_begin(&w, sync_mode);
	s = world_open(&w);
	assert_int_equal(put(s, "a", "1", 1, 0), 0);
	assert_int_equal(put(s, "b", "2", 1, 0), 0);
	assert_int_equal(put(s, "a", NULL, 0, QT_STORE_DEL), 0);
	assert_int_equal(qt_store_snap_open(s, &snap, NULL), 0);
	st = stat_of(s);
	assert_true(st.version > 0);
	assert_int_equal(st.durable, st.version);
	assert_int_equal(st.memtable_records, 3);
	assert_int_equal(st.puts, 2);
	assert_int_equal(st.dels, 1);
	assert_int_equal(st.syncs, 3);
	assert_int_equal(st.snapshots, 1);
	assert_int_equal(st.writers, 1);
	qt_store_snap_close(snap);
	assert_int_equal(qt_store_checkpoint(s, NULL, NULL), 0);
	st = stat_of(s);
	assert_int_equal(st.memtable_records, 0);
	assert_int_equal(st.runs, 1);
	/* b, and nothing that says that a was deleted. */
	assert_int_equal(st.run_records, 1);
	assert_int_equal(st.flushes, 1);
	assert_true(st.run_bytes > 0 && st.disk_bytes >= st.run_bytes);
	assert_int_equal(st.snapshots, 0);
	world_end(&w, s);
}
