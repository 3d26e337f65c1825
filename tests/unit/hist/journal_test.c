/* SPDX-License-Identifier: Apache-2.0 */
/* Batches have numbers, and an index sees by them what it lacks. */

#include "index_world.h"

static uint64_t
batch_of(const struct world *w)
{
	uint64_t	batch;

	assert_int_equal(qt_hist_db_batch(w->db, &batch, NULL), 0);
	return batch;
}

QT_TEST(each_batch_of_events_has_the_next_number)
{
	struct world	w;

	(void)state;
	world_begin(&w, 0, 0);
	assert_true(batch_of(&w) == 0);
	world_add_random(&w, 3);
	assert_true(batch_of(&w) == 1);
	/* A spool that is gone is none. */
	assert_int_equal(qt_hist_db_add(w.db, NULL, 0, "spool", 0, NULL), 0);
	assert_true(batch_of(&w) == 1);
	for (unsigned int i = 0; i < 2 * QT_HIST_BATCHES; i++)
		world_add_random(&w, 1);
	assert_true(batch_of(&w) == 1 + 2 * QT_HIST_BATCHES);
	world_update(&w);
	assert_true(qt_hist_index_batch(w.ix) == batch_of(&w));
	world_end(&w);
}

QT_TEST(processes_that_add_at_once_have_a_number_for_each_batch)
{
	struct world	w;
	pid_t		child[2];
	int		status;

	(void)state;
	world_begin(&w, 0, 0);
	world_update(&w);
	for (uint32_t i = 0; i < 2; i++) {
		child[i] = fork();
		assert_true(child[i] >= 0);
		if (child[i] != 0)
			continue;
		for (uint32_t n = 0; n < 30; n++)
			world_add(&w, 1 + i * 100 + n, i == 0 ? "a" : "b",
			    i == 0 ? "s0" : "s1", "/", 0);
		_exit(0);
	}
	for (int i = 0; i < 2; i++) {
		assert_int_equal(waitpid(child[i], &status, 0), child[i]);
		assert_int_equal(status, 0);
	}
	assert_true(batch_of(&w) == 60);
	world_update(&w);
	assert_false(world_was_built(&w));
	assert_int_equal(qt_hist_index_last(w.ix), 60);
	world_end(&w);
}

QT_TEST(events_of_another_time_have_the_index_made_anew_in_order)
{
	struct qt_hist_index_event	at;
	struct world_event		m = { "old", "s0", "/", 7, 0 };
	struct qt_hist_event		e;
	struct world			w;

	(void)state;
	world_begin(&w, 0, 0);
	world_add(&w, 50, "new", "s1", "/", 0);
	world_update(&w);
	world_event(&e, &m);
	e.flags = QT_HIST_IMPORTED;
	assert_int_equal(qt_hist_db_add(w.db, &e, 1, NULL, 0, NULL), 0);
	world_update(&w);
	assert_true(world_was_built(&w));
	assert_true(qt_hist_index_event(w.ix, 1, &at));
	assert_int_equal(at.id, 7);
	assert_int_equal(at.flags, QT_HIST_IMPORTED);
	assert_true(qt_hist_index_event(w.ix, 2, &at));
	assert_int_equal(at.id, 50);
	world_end(&w);
}

QT_TEST(a_batch_too_large_for_a_list_has_the_index_made_anew)
{
	const uint32_t		 count = 5000;
	struct world_event	 m = { "same", "s0", "/", 0, 0 };
	struct qt_hist_event	*e = calloc(count, sizeof(*e));
	struct world		 w;

	(void)state;
	assert_non_null(e);
	world_begin(&w, 0, 0);
	world_update(&w);
	for (uint32_t i = 0; i < count; i++) {
		m.number = i + 1;
		world_event(&e[i], &m);
	}
	assert_int_equal(qt_hist_db_add(w.db, e, count, NULL, 0, NULL), 0);
	world_update(&w);
	assert_true(world_was_built(&w));
	assert_int_equal(qt_hist_index_last(w.ix), count);
	free(e);
	world_end(&w);
}

QT_TEST(a_ring_of_no_power_of_two_is_refused)
{
	struct world	w;

	(void)state;
	world_begin(&w, 100, 0);
	assert_int_equal(qt_hist_index_update(&w.ix, w.db, w.path, &w.options,
	    NULL), -EINVAL);
	assert_null(w.ix);
	world_end(&w);
}
