/* SPDX-License-Identifier: Apache-2.0 */
/* The index of a history, beside a slow copy of what it should say. */

#include "index_compare.h"

QT_TEST(an_index_says_what_was_run)
{
	struct world			w;
	struct qt_hist_index_event	e;
	struct qt_hist_event		f = { .id = 0 };
	uint32_t			id, last;

	(void)state;
	world_begin(&w, 0, 0);
	world_add(&w, 1, "ls -la", "s1", "/a", 0);
	world_add(&w, 2, "make check", "s1", "/a", 2);
	world_add(&w, 3, "ls -la", "s2", "/b", 0);
	world_update(&w);
	assert_int_equal(qt_hist_index_last(w.ix), 3);
	id = qt_hist_index_find(w.ix, "ls -la", 6);
	assert_int_not_equal(id, QT_HIST_NONE);
	assert_int_equal(qt_hist_index_find(w.ix, "ls -l", 5), QT_HIST_NONE);
	assert_true(qt_hist_index_event(w.ix, 3, &e));
	assert_int_equal(e.command, id);
	assert_int_equal(e.of_command, 1);
	assert_int_equal(e.of_session, 0);
	assert_int_equal(e.of_host, 2);
	assert_true(qt_hist_index_fact(w.ix, QT_HIST_FACT_PLACE, e.place, &f,
	    &last));
	assert_int_equal(last, 3);
	assert_int_equal(f.cwd.len, 2);
	assert_memory_equal(f.cwd.data, "/b", 2);
	assert_true(qt_hist_index_fact(w.ix, QT_HIST_FACT_CONTEXT, e.context, &f,
	    NULL));
	assert_memory_equal(f.session.data, "s2", 2);
	assert_false(qt_hist_index_fact(w.ix, QT_HIST_FACT_HOST, e.place, &f,
	    NULL));
	assert_false(qt_hist_index_event(w.ix, 4, &e));
	assert_false(qt_hist_index_event(w.ix, 0, &e));
	world_end(&w);
}

QT_TEST(random_events_are_found_as_the_slow_copy_has_them)
{
	struct world	w;

	(void)state;
	world_begin(&w, 0, 0);
	for (int round = 0; round < 12; round++) {
		world_add_random(&w, 50);
		world_update(&w);
		/* The first one made it; then it is brought up to date. */
		assert_int_equal(world_was_built(&w), round == 0);
		world_compare(&w);
	}
	/* Made anew it says the same. */
	assert_int_equal(qt_hist_index_remove(w.path), 0);
	world_update(&w);
	assert_true(world_was_built(&w));
	world_compare(&w);
	world_end(&w);
}

QT_TEST(a_ring_keeps_the_last_events_and_commands_stay)
{
	struct world			w;
	struct qt_hist_index_event	e;

	(void)state;
	world_begin(&w, 64, 0);
	for (int round = 0; round < 4; round++) {
		world_add_random(&w, 50);
		world_update(&w);
		assert_int_equal(world_was_built(&w), round == 0);
		world_compare(&w);
	}
	assert_int_equal(qt_hist_index_last(w.ix), 200);
	assert_int_equal(qt_hist_index_first(w.ix), 200 - 64 + 1);
	assert_false(qt_hist_index_event(w.ix, 200 - 64, &e));
	assert_true(qt_hist_index_event(w.ix, 200 - 63, &e));
	world_end(&w);
}

QT_TEST(a_command_that_ends_later_is_the_same_event)
{
	struct world			w;
	struct qt_hist_index_event	e;
	struct qt_hist_index_view	v;

	(void)state;
	world_begin(&w, 0, 0);
	world_add(&w, 1, "true", "s1", "/a", 0);
	world_add_running(&w, 2, "sleep 9", "s1", "/a");
	world_update(&w);
	world_add(&w, 3, "true", "s1", "/a", 0);
	world_update(&w);
	assert_true(qt_hist_index_event(w.ix, 2, &e));
	assert_int_equal(e.flags, QT_HIST_RUNNING);
	assert_true(qt_hist_index_took_us(e.took) == UINT64_MAX);
	world_add(&w, 2, "sleep 9", "s1", "/a", 0);
	world_update(&w);
	assert_false(world_was_built(&w));
	assert_int_equal(qt_hist_index_last(w.ix), 3);
	assert_true(qt_hist_index_event(w.ix, 2, &e));
	assert_int_equal(e.flags, 0);
	assert_int_equal(e.status, 0);
	assert_true(qt_hist_index_took_us(e.took) == 2000);
	qt_hist_index_view(w.ix, &v);
	assert_int_equal(v.count[e.command], 1);
	assert_int_equal(v.successes[e.command], 1);
	world_end(&w);
}

QT_TEST(shells_that_were_used_by_turns_come_in_by_time)
{
	struct world			w;
	struct qt_hist_index_event	e;

	(void)state;
	world_begin(&w, 0, 0);
	world_add(&w, 1, "first", "s1", "/a", 0);
	world_update(&w);
	/* A spool of one shell, then that of another. */
	world_add(&w, 3, "make", "s1", "/a", 0);
	world_add_running(&w, 5, "sleep 9", "s1", "/a");
	world_add(&w, 5, "sleep 9", "s1", "/a", 0);
	world_add(&w, 2, "make", "s2", "/b", 0);
	world_add(&w, 4, "ls", "s2", "/b", 0);
	world_update(&w);
	assert_false(world_was_built(&w));
	assert_int_equal(qt_hist_index_last(w.ix), 5);
	for (uint32_t n = 1; n <= 5; n++) {
		assert_true(qt_hist_index_event(w.ix, n, &e));
		assert_int_equal(e.id, n);
	}
	assert_int_equal(e.of_session, 3);
	assert_int_equal(e.flags, 0);
	world_end(&w);
}

QT_TEST(when_it_is_full_a_larger_one_takes_its_place)
{
	struct world		 w;
	struct qt_hist_index	*reader, *again;
	char			 text[32];
	uint32_t		 n = 0;

	(void)state;
	world_begin(&w, 0, 64);
	world_add(&w, ++n, "first", "s1", "/a", 0);
	world_update(&w);
	assert_int_equal(qt_hist_index_open(&reader, w.path, NULL), 0);
	assert_false(qt_hist_index_is_outdated(reader));
	while (n < 80) {
		snprintf(text, sizeof(text), "command %u", n);
		world_add(&w, ++n, text, "s1", "/a", 0);
	}
	world_update(&w);
	assert_true(world_was_built(&w));
	world_compare(&w);
	/* The old one is still whole, and says that it is old. */
	assert_true(qt_hist_index_is_outdated(reader));
	assert_int_equal(qt_hist_index_last(reader) >= 1, 1);
	assert_int_equal(qt_hist_index_find(reader, "first", 5), 0);
	assert_int_equal(qt_hist_index_open(&again, w.path, NULL), 0);
	assert_int_equal(qt_hist_index_last(again), 80);
	qt_hist_index_close(reader);
	qt_hist_index_close(again);
	world_end(&w);
}

QT_TEST(a_reader_sees_what_another_process_adds)
{
	struct world		 w;
	struct qt_hist_index	*reader;
	int			 status;
	pid_t			 child;

	(void)state;
	world_begin(&w, 0, 0);
	assert_int_equal(qt_hist_index_open(&reader, w.path, NULL), -ENOENT);
	world_add(&w, 1, "first", "s1", "/a", 0);
	world_update(&w);
	assert_int_equal(qt_hist_index_open(&reader, w.path, NULL), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		world_add(&w, 2, "second", "s2", "/a", 0);
		world_update(&w);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_int_equal(qt_hist_index_last(reader), 2);
	assert_int_equal(qt_hist_index_find(reader, "second", 6), 1);
	assert_false(qt_hist_index_is_outdated(reader));
	qt_hist_index_close(reader);
	world_end(&w);
}

QT_TEST(it_is_current_until_the_history_has_more_or_another_takes_its_place)
{
	static struct world	 w, other;
	struct qt_hist_index	*reader;

	(void)state;
	world_begin(&w, 0, 0);
	world_begin(&other, 0, 0);
	world_add(&w, 1, "first", "s1", "/a", 0);
	world_add(&other, 1, "first", "s1", "/a", 0);
	world_update(&w);
	assert_int_equal(qt_hist_index_open(&reader, w.path, NULL), 0);
	assert_true(qt_hist_index_is_current(reader, w.db));
	/* As many batches; but it is of another history. */
	assert_false(qt_hist_index_is_current(reader, other.db));
	world_add(&w, 2, "second", "s1", "/a", 0);
	assert_false(qt_hist_index_is_current(reader, w.db));
	world_update(&w);
	assert_true(qt_hist_index_is_current(reader, w.db));
	assert_int_equal(qt_hist_index_remove(w.path), 0);
	assert_false(qt_hist_index_is_current(reader, w.db));
	qt_hist_index_close(reader);
	world_end(&other);
	world_end(&w);
}

QT_TEST(one_that_lacks_too_much_is_made_anew)
{
	struct world	w;

	(void)state;
	world_begin(&w, 0, 0);
	world_add_random(&w, 5);
	world_update(&w);
	for (unsigned int i = 0; i < QT_HIST_BATCHES; i++)
		world_add_random(&w, 1);
	world_update(&w);
	assert_false(world_was_built(&w));
	world_compare(&w);
	for (unsigned int i = 0; i <= QT_HIST_BATCHES; i++)
		world_add_random(&w, 1);
	world_update(&w);
	assert_true(world_was_built(&w));
	world_compare(&w);
	world_end(&w);
}

QT_TEST(what_followed_is_told_most_often_first)
{
	struct world			w;
	struct qt_hist_index_next	next[QT_HIST_NEXT];
	static const char *const	after[] = { "b", "c", "b", "d", "b",
	    "c", "e" };
	uint32_t			a, n = 0;

	(void)state;
	world_begin(&w, 0, 0);
	for (size_t i = 0; i < sizeof(after) / sizeof(after[0]); i++) {
		world_add(&w, ++n, "a", "s1", "/a", 0);
		world_add(&w, ++n, after[i], "s1", "/a", 0);
	}
	world_update(&w);
	a = qt_hist_index_find(w.ix, "a", 1);
	assert_int_equal(qt_hist_index_next(w.ix, a, next), 4);
	assert_int_equal(next[0].command, qt_hist_index_find(w.ix, "b", 1));
	assert_int_equal(next[0].count, 3);
	assert_int_equal(next[1].command, qt_hist_index_find(w.ix, "c", 1));
	assert_int_equal(next[1].count, 2);
	world_end(&w);
}

/* As world_event() makes them: one that is torn is not so. */
static void
assert_whole(const struct qt_hist_index *ix, uint32_t n)
{
	struct qt_hist_index_event	e;
	struct qt_hist_index_view	v;
	struct qt_hist_bytes		text;
	char				want[32];

	if (!qt_hist_index_event(ix, n, &e))
		return;
	assert_int_equal(e.id, n);
	assert_true(e.start_us == WORLD_START + n * UINT64_C(3600000000));
	assert_true(qt_hist_index_took_us(e.took) == n * UINT64_C(1000));
	qt_hist_index_view(ix, &v);
	text = qt_hist_index_text(&v, e.command);
	snprintf(want, sizeof(want), "command %u", n % 100);
	assert_true(world_is(text, want));
}

static void
write_all(struct world *w, uint32_t events)
{
	struct world_event	m = { .session = "s", .cwd = "/" };
	struct qt_hist_event	e[40];
	struct world_event	all[40];

	for (uint32_t n = w->count + 1; n < events; n += 40) {
		for (uint32_t i = 0; i < 40; i++) {
			snprintf(m.text, sizeof(m.text), "command %u", (n + i)
			    % 100);
			m.number = n + i;
			all[i] = m;
			world_event(&e[i], &all[i]);
		}
		assert_int_equal(qt_hist_db_add(w->db, e, 40, NULL, 0, NULL),
		    0);
		world_update(w);
	}
}

QT_TEST(what_is_overwritten_while_it_is_read_is_never_torn)
{
	struct qt_hist_completion	out[10];
	struct world			w;
	struct qt_hist_index		*ix;
	uint32_t			n;
	int				status;
	pid_t				child;

	(void)state;
	world_begin(&w, 64, 0);
	world_add(&w, 1, "command 1", "s", "/", 0);
	world_update(&w);
	assert_int_equal(qt_hist_index_open(&ix, w.path, NULL), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		write_all(&w, 8000);
		_exit(0);
	}
	do {
		uint32_t	count;

		n = qt_hist_index_last(ix);
		/* The oldest are overwritten next. */
		for (uint32_t i = n > 63 ? n - 63 : 1; i <= n; i++)
			assert_whole(ix, i);
		count = qt_hist_index_complete(ix, QT_HIST_COMMANDS,
		    "command ", 8, out, 10);
		for (uint32_t i = 0; i < count; i++)
			assert_memory_equal(out[i].text.data, "command ", 8);
	} while (waitpid(child, &status, WNOHANG) == 0);
	assert_int_equal(status, 0);
	assert_int_equal(qt_hist_index_last(ix), 8001);
	assert_false(qt_hist_index_is_outdated(ix));
	qt_hist_index_close(ix);
	world_end(&w);
}
