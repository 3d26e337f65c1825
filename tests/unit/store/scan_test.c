/* SPDX-License-Identifier: Apache-2.0 */
/* Scans: all that is there, in order, both ways, of any range. */

#include "scan_world.h"

QT_TEST(an_empty_store_has_nothing)
{
	struct qt_store_scan	*scan;
	struct qt_store_item	 item;
	struct world		 w;

	(void)state;
	world_begin(&w, "1M");
	assert_int_equal(qt_store_scan_open(w.s, NULL,
	    &(struct qt_store_range){ .from = NULL }, &scan, NULL), 0);
	assert_int_equal(qt_store_scan_next(scan, &item, NULL), 0);
	qt_store_scan_close(scan);
	world_end(&w);
}

QT_TEST(a_memtable_is_read_in_order_both_ways_and_in_ranges)
{
	static struct model	m;
	struct world		w;

	(void)state;
	world_begin(&w, "1M");
	model_begin(&m, 1);
	for (int i = 0; i < 40; i++) {
		for (int j = 0; j < 20; j++)
			model_change(&m, w.s, 0);
		model_scans(&m, w.s, NULL, 40, 0);
	}
	model_gets(&m, w.s, NULL, 0);
	world_end(&w);
}

QT_TEST(several_memtables_are_read_as_one)
{
	static struct model	m;
	struct qt_store_stat	stat;
	struct world		w;

	(void)state;
	world_begin(&w, "1M");
	model_begin(&m, 2);
	for (int i = 0; i < 12; i++) {
		for (int j = 0; j < 100; j++)
			model_change(&m, w.s, 1000);
		model_scans(&m, w.s, NULL, 20, 1000);
	}
	assert_int_equal(qt_store_stat(w.s, &stat, NULL), 0);
	assert_true(stat.memtables >= 3);
	model_gets(&m, w.s, NULL, 1000);
	world_end(&w);
}
