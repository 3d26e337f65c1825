/* SPDX-License-Identifier: Apache-2.0 */
/* Snapshots: a moment that stays as it was, and the slots that hold it. */

#include "scan_world.h"

QT_TEST(a_snapshot_stays_as_it_was_while_everything_is_overwritten)
{
	static struct model	 m, then[6];
	struct qt_store_snap	*snaps[6];
	struct world		 w;

	(void)state;
	world_begin(&w, "1M");
	model_begin(&m, 3);
	for (int i = 0; i < 6; i++) {
		for (int j = 0; j < 60; j++)
			model_change(&m, w.s, 1000);
		then[i] = m;
		assert_int_equal(qt_store_snap_open(w.s, &snaps[i], NULL), 0);
	}
	for (int j = 0; j < 100; j++)
		model_change(&m, w.s, 1000);
	for (int i = 0; i < 6; i++) {
		model_scans(&then[i], w.s, snaps[i], 10, 1000);
		model_gets(&then[i], w.s, snaps[i], 1000);
		qt_store_snap_close(snaps[i]);
	}
	model_scans(&m, w.s, NULL, 0, 1000);
	world_end(&w);
}

QT_TEST(a_value_and_a_scan_outlive_their_snapshot)
{
	struct qt_store_snap	*snap;
	struct qt_store_scan	*scan;
	struct qt_store_item	 item;
	struct qt_store_value	 v;
	struct world		 w;
	uint64_t		 version;

	(void)state;
	world_begin(&w, "1M");
	assert_int_equal(qt_store_put(w.s, NULL, &(struct qt_store_put){
	    .key = "k", .key_len = 1, .value = "v", .value_len = 1 }, NULL), 0);
	assert_int_equal(qt_store_snap_open(w.s, &snap, NULL), 0);
	assert_int_equal(qt_store_get(w.s, snap, &v, "k", 1, NULL), 0);
	assert_true(v.version <= qt_store_snap_version(snap));
	assert_int_equal(qt_store_put(w.s, &version, &(struct qt_store_put){
	    .key = "k", .key_len = 1, .value = "w", .value_len = 1 }, NULL), 0);
	assert_true(version > qt_store_snap_version(snap));
	assert_int_equal(qt_store_scan_open(w.s, snap,
	    &(struct qt_store_range){ .from = NULL }, &scan, NULL), 0);
	qt_store_snap_close(snap);
	assert_int_equal(w.s->ctl->slots[0].owner, w.s->user.id);
	assert_int_equal(qt_store_scan_next(scan, &item, NULL), 1);
	assert_memory_equal(item.value, "v", 1);
	qt_store_scan_close(scan);
	assert_int_equal(w.s->ctl->slots[0].owner, 0);
	assert_memory_equal(v.data, "v", 1);
	qt_store_value_clear(&v);
	world_end(&w);
}
