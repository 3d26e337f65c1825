/* SPDX-License-Identifier: Apache-2.0 */
/* Scans: all that is there, in order, both ways, of any range. */

#include "../../../libcommon/store/handle_priv.h"
#include "../../../libcommon/store/super_priv.h"
#include "scan_world.h"

QT_TEST(an_empty_store_has_nothing)
{
	struct qt_store_scan	*scan;
	struct qt_store_item	 item;
	struct world		 w;

	(void)state;
	scan_begin(&w, "1M");
	assert_int_equal(qt_store_scan_open(w.s, NULL,
	    &(struct qt_store_range){ .from = NULL }, &scan, NULL), 0);
	assert_int_equal(qt_store_scan_next(scan, &item, NULL), 0);
	qt_store_scan_close(scan);
	scan_end(&w);
}

QT_TEST(a_memtable_is_read_in_order_both_ways_and_in_ranges)
{
	static struct model	m;
	struct world		w;

	(void)state;
	scan_begin(&w, "1M");
	model_begin(&m, 1);
	for (int i = 0; i < 40; i++) {
		for (int j = 0; j < 20; j++)
			model_change(&m, w.s, 0);
		model_scans(&m, w.s, NULL, 40, 0);
	}
	model_gets(&m, w.s, NULL, 0);
	scan_end(&w);
}

QT_TEST(several_memtables_are_read_as_one)
{
	static struct model	m;
	struct world		w;

	(void)state;
	scan_begin(&w, "1M");
	model_begin(&m, 2);
	for (int i = 0; i < 12; i++) {
		for (int j = 0; j < 100; j++)
			model_change(&m, w.s, 1000);
		model_scans(&m, w.s, NULL, 20, 1000);
	}
	assert_true(world_stat(&w).memtables >= 3);
	model_gets(&m, w.s, NULL, 1000);
	scan_end(&w);
}

/* With a scan that is under way while all that changes below it. */
QT_TEST(memtables_and_runs_are_read_as_one)
{
	static struct model	m, then;
	struct qt_store_scan	*scan;
	struct qt_store_item	 item;
	struct qt_store_range	 all = { .from = NULL };
	char			 value[2048];
	struct world		 w;

	(void)state;
	scan_begin(&w, "1M");
	model_begin(&m, 4);
	for (int i = 0; i < 24; i++) {
		then = m;
		assert_int_equal(qt_store_scan_open(w.s, NULL, &all, &scan,
		    NULL), 0);
		for (int j = 0; j < 60; j++)
			model_change(&m, w.s, 600);
		world_maintain(&w, model_random(&m, 16));
		for (uint32_t n = 0; n < m.count; n++) {
			if (!model_has(&then, n))
				continue;
			assert_int_equal(qt_store_scan_next(scan, &item,
			    NULL), 1);
			assert_memory_equal(item.key, m.keys[n].bytes,
			    m.keys[n].len);
			assert_int_equal(item.value_len,
			    model_value(value, then.value[n], 600));
			assert_memory_equal(item.value, value,
			    item.value_len);
		}
		assert_int_equal(qt_store_scan_next(scan, &item, NULL), 0);
		qt_store_scan_close(scan);
		model_scans(&m, w.s, NULL, 10, 600);
		model_gets(&m, w.s, NULL, 600);
	}
	assert_true(world_stat(&w).runs >= 1);
	assert_int_equal(qt_store_compact(w.s, NULL), 0);
	model_scans(&m, w.s, NULL, 40, 600);
	assert_int_equal(qt_store_clear(w.s, NULL), 0);
	memset(m.value, 0, sizeof(m.value));
	model_scans(&m, w.s, NULL, 2, 600);
	scan_end(&w);
}

QT_TEST(who_opens_it_for_reading_sees_the_same_also_after_a_reboot)
{
	static struct model	m;
	struct qt_store		*r;
	struct world		 w;

	(void)state;
	scan_begin(&w, "1M");
	model_begin(&m, 5);
	r = world_open_as(&w, QT_STORE_RDONLY);
	for (int i = 0; i < 8; i++) {
		for (int j = 0; j < 60; j++)
			model_change(&m, w.s, 600);
		world_maintain(&w, model_random(&m, 16));
		model_scans(&m, r, NULL, 10, 600);
		model_gets(&m, r, NULL, 600);
	}
	qt_store_close(r, NULL);
	scan_forget(&w);
	r = world_open_as(&w, QT_STORE_RDONLY);
	model_scans(&m, r, NULL, 10, 600);
	model_gets(&m, r, NULL, 600);
	qt_store_close(r, NULL);
	w.s = world_open_as(&w, QT_STORE_NO_THREADS);
	scan_end(&w);
}

QT_TEST(what_a_reader_without_a_slot_has_open_stays_readable)
{
	static struct model	 m, then;
	struct qt_store_snap	*snap;
	struct qt_store		*r;
	struct world		 w;

	(void)state;
	scan_begin(&w, "1M");
	model_begin(&m, 6);
	for (int j = 0; j < 100; j++)
		model_change(&m, w.s, 600);
	assert_int_equal(qt_store_checkpoint(w.s, NULL, NULL), 0);
	r = world_open_as(&w, QT_STORE_RDONLY);
	then = m;
	assert_int_equal(qt_store_snap_open(r, &snap, NULL), 0);
	for (int j = 0; j < 100; j++)
		model_change(&m, w.s, 600);
	assert_int_equal(qt_store_compact(w.s, NULL), 0);
	model_scans(&then, r, snap, 10, 600);
	model_gets(&then, r, snap, 600);
	model_scans(&m, r, NULL, 10, 600);
	qt_store_snap_close(snap);
	qt_store_close(r, NULL);
	scan_end(&w);
}

QT_TEST(a_file_that_is_missing_is_an_error_and_no_wait)
{
	static struct model	 m;
	struct qt_store_scan	*scan;
	struct qt_store_item	 item;
	struct qt_store_value	 v;
	struct qt_err		 err = QT_ERR_INIT;
	struct world		 w;
	char			 command[128];
	int			 rc;

	(void)state;
	scan_begin(&w, "1M");
	model_begin(&m, 7);
	m.value[0] = 1;
	assert_int_equal(qt_store_put(w.s, NULL, &(struct qt_store_put){
	    .key = m.keys[0].bytes, .key_len = m.keys[0].len }, NULL), 0);
	assert_int_equal(qt_store_checkpoint(w.s, NULL, NULL), 0);
	snprintf(command, sizeof(command), "rm %s/run/*.run", w.path);
	assert_int_equal(system(command), 0);
	rc = qt_store_get(w.s, NULL, &v, m.keys[0].bytes, m.keys[0].len, &err);
	assert_int_equal(rc, -QT_ECORRUPT);
	assert_non_null(strstr(err.text, "missing"));
	assert_non_null(strstr(err.text, ".run"));
	/* Nor is the key, as far as a condition is concerned, not there. */
	rc = qt_store_put(w.s, NULL, &(struct qt_store_put){
	    .key = m.keys[0].bytes, .key_len = m.keys[0].len,
	    .flags = QT_STORE_IF_ABSENT }, &err);
	assert_int_equal(rc, -QT_ECORRUPT);
	rc = qt_store_scan_open(w.s, NULL, &(struct qt_store_range){
	    .from = NULL }, &scan, &err);
	assert_int_equal(rc, 0);
	err.text[0] = '\0';
	assert_int_equal(qt_store_scan_next(scan, &item, &err), -QT_ECORRUPT);
	assert_non_null(strstr(err.text, ".run"));
	assert_int_equal(qt_store_scan_next(scan, &item, &err), -QT_ECORRUPT);
	qt_store_scan_close(scan);
	scan_end(&w);
}

/* Somebody who is stopped with the lock of the order holds no scan up. */
QT_TEST(a_memtable_that_somebody_else_puts_in_order_is_sorted_in_private)
{
	static struct model	m;
	struct qt_store		*other;
	struct qt__stripe	*stripe;
	struct qt__mem_head	*head;
	struct world		 w;

	(void)state;
	scan_begin(&w, "1M");
	model_begin(&m, 8);
	w.s->set.lock_timeout_ms = 1;
	for (int j = 0; j < 40; j++)
		model_change(&m, w.s, 0);
	other = world_open_as(&w, QT_STORE_NO_THREADS);
	assert_int_equal(qt__store_user(other, NULL), 0);
	assert_int_equal(qt__super_get(other, &stripe, NULL), 0);
	head = stripe->super->mems[0]->head;
	assert_int_equal(qt__lock_take(&head->order, &other->user, 0, NULL),
	    0);
	model_scans(&m, w.s, NULL, 10, 0);
	assert_int_equal(head->node_count, 0);
	qt__lock_give(&head->order, &other->user);
	model_scans(&m, w.s, NULL, 10, 0);
	assert_true(head->node_count > 0);
	qt__super_release(stripe);
	qt_store_close(other, NULL);
	scan_end(&w);
}

/* --- Threads -------------------------------------------------------------- */

#define THREADS	4u
#define ROUNDS	40u

struct thread {
	pthread_t	 id;
	struct qt_store	*s;
	char		 prefix;
	const char	*wrong;
};

static int
put_own(struct thread *t, uint32_t i)
{
	char	key[16], value[600];

	snprintf(key, sizeof(key), "%c%06u", t->prefix, i * 7919 % 100000);
	memset(value, t->prefix, sizeof(value));
	return qt_store_put(t->s, NULL, &(struct qt_store_put){ .key = key,
	    .key_len = 7, .value = value, .value_len = sizeof(value) }, NULL);
}

static uint32_t
count_own(struct thread *t, const struct qt_store_snap *snap, int is_reverse)
{
	struct qt_store_range	 r = { .prefix = &t->prefix, .prefix_len = 1,
	    .is_reverse = is_reverse };
	struct qt_store_scan	*scan;
	struct qt_store_item	 item;
	uint32_t		 n = 0;
	int			 rc;

	if (qt_store_scan_open(t->s, snap, &r, &scan, NULL) < 0) {
		t->wrong = "cannot scan";
		return 0;
	}
	while ((rc = qt_store_scan_next(scan, &item, NULL)) == 1) {
		if (*(const char *)item.key != t->prefix ||
		    *(const char *)item.value != t->prefix)
			t->wrong = "somebody else's";
		n++;
	}
	if (rc < 0)
		t->wrong = "a scan ended early";
	qt_store_scan_close(scan);
	return n;
}

static void *
work(void *arg)
{
	struct thread		*t = arg;
	struct qt_store_snap	*snap;
	uint32_t		 n = 0;

	for (uint32_t i = 0; i < ROUNDS; i++) {
		if (qt_store_snap_open(t->s, &snap, NULL) < 0) {
			t->wrong = "no snapshot";
			break;
		}
		for (uint32_t j = 0; j < 20; j++)
			if (put_own(t, i * 20 + j) < 0)
				t->wrong = "cannot put";
		if (count_own(t, snap, i % 2) != n)
			t->wrong = "a snapshot changed";
		n += 20;
		if (count_own(t, NULL, i % 2) != n)
			t->wrong = "not all is there";
		qt_store_snap_close(snap);
	}
	return NULL;
}

QT_TEST(threads_of_one_handle_scan_and_put_at_once)
{
	struct thread	threads[THREADS];
	struct world	w;

	(void)state;
	scan_begin(&w, "1M");
	qt_store_close(w.s, NULL);
	w.s = world_open_as(&w, 0);
	for (uint32_t i = 0; i < THREADS; i++) {
		threads[i] = (struct thread){ .s = w.s,
		    .prefix = (char)('a' + i) };
		assert_int_equal(pthread_create(&threads[i].id, NULL, work,
		    &threads[i]), 0);
	}
	for (uint32_t i = 0; i < THREADS; i++) {
		assert_int_equal(pthread_join(threads[i].id, NULL), 0);
		if (threads[i].wrong != NULL)
			fail_msg("thread %u: %s", i, threads[i].wrong);
	}
	scan_end(&w);
}
