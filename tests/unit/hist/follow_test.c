/* SPDX-License-Identifier: Apache-2.0 */
/* Who follows a history is told what comes, once, and what ends. */

#include "index_world.h"

#include <qt/hist/erase.h>
#include <qt/hist/follow.h>

struct told {
	char	text[256];
	int	stop_after;
};

static int
note(void *arg, const struct qt_hist_event *e)
{
	struct told	*t = arg;
	size_t		 len = strlen(t->text);

	snprintf(t->text + len, sizeof(t->text) - len, "%.*s%s ",
	    (int)e->text.len, e->text.data,
	    e->flags & QT_HIST_RUNNING ? "..." : "");
	return --t->stop_after == 0 ? 7 : 0;
}

static const char *
what_came(struct world *w, struct qt_hist_follow *f)
{
	static struct told	t;

	t = (struct told){ "", 0 };
	assert_int_equal(qt_hist_follow_each(f, w->db, note, &t, NULL), 0);
	return t.text;
}

QT_TEST(what_comes_is_told_once_in_the_order_in_which_it_came)
{
	struct qt_hist_follow	f;
	struct world		w;

	(void)state;
	world_begin(&w, 0, 0);
	world_add(&w, 5, "old", "s0", "/", 0);
	assert_int_equal(qt_hist_follow_init(&f, w.db, NULL), 0);
	assert_string_equal(what_came(&w, &f), "");
	world_add(&w, 9, "nine", "s0", "/", 0);
	world_add(&w, 7, "seven", "s1", "/", 0);
	assert_string_equal(what_came(&w, &f), "nine seven ");
	assert_string_equal(what_came(&w, &f), "");
	world_end(&w);
}

QT_TEST(a_command_is_told_when_it_begins_and_when_it_ends)
{
	struct qt_hist_follow	f;
	struct world		w;

	(void)state;
	world_begin(&w, 0, 0);
	assert_int_equal(qt_hist_follow_init(&f, w.db, NULL), 0);
	world_add(&w, 1, "make", "s0", "/", -1);
	assert_string_equal(what_came(&w, &f), "make... ");
	world_add(&w, 1, "make", "s0", "/", 0);
	assert_string_equal(what_came(&w, &f), "make ");
	/* Both since: once. */
	world_add(&w, 2, "ls", "s0", "/", -1);
	world_add(&w, 3, "pwd", "s1", "/", 0);
	world_add(&w, 2, "ls", "s0", "/", 0);
	assert_string_equal(what_came(&w, &f), "ls pwd ");
	world_end(&w);
}

QT_TEST(who_was_away_for_long_is_told_what_is_newer)
{
	struct qt_hist_follow	f;
	struct world		w;
	char			want[256] = "";

	(void)state;
	world_begin(&w, 0, 0);
	world_add(&w, 100, "x", "s0", "/", 0);
	assert_int_equal(qt_hist_follow_init(&f, w.db, NULL), 0);
	for (uint32_t i = 0; i <= QT_HIST_BATCHES; i++)
		world_add(&w, 70 + i, "y", "s0", "/", 0);
	for (int i = 101; i <= 134; i++)
		strcat(want, "y ");
	assert_string_equal(what_came(&w, &f), want);
	assert_string_equal(what_came(&w, &f), "");
	world_end(&w);
}

static int
judge(void *arg, struct qt_hist_event *e)
{
	return e->id == *(uint64_t *)arg ? QT_HIST_GOES : QT_HIST_STAYS;
}

QT_TEST(what_is_erased_is_not_told_and_harms_nobody)
{
	struct qt_hist_follow	f;
	struct qt_hist_erased	out;
	struct world		w;
	uint64_t		id = 3;

	(void)state;
	world_begin(&w, 0, 0);
	world_add(&w, 1, "one", "s0", "/", 0);
	assert_int_equal(qt_hist_follow_init(&f, w.db, NULL), 0);
	world_add(&w, 2, "two", "s0", "/", 0);
	world_add(&w, 3, "three", "s0", "/", 0);
	assert_int_equal(qt_hist_erase(w.db, judge, &id, 0, &out, NULL), 0);
	assert_true(out.gone == 1);
	assert_string_equal(what_came(&w, &f), "two ");
	world_add(&w, 4, "four", "s0", "/", 0);
	assert_string_equal(what_came(&w, &f), "four ");
	world_end(&w);
}

QT_TEST(imports_of_older_ones_are_not_told)
{
	struct world_event	m = { "old", "s0", "/", 1, 0 };
	struct qt_hist_event	e;
	struct qt_hist_follow	f;
	struct world		w;

	(void)state;
	world_begin(&w, 0, 0);
	world_add(&w, 5, "five", "s0", "/", 0);
	assert_int_equal(qt_hist_follow_init(&f, w.db, NULL), 0);
	world_event(&e, &m);
	e.flags = QT_HIST_IMPORTED;
	assert_int_equal(qt_hist_db_add(w.db, &e, 1, NULL, 0, NULL), 0);
	assert_string_equal(what_came(&w, &f), "");
	world_end(&w);
}

QT_TEST(another_history_in_its_place_is_followed_from_its_beginning)
{
	struct qt_hist_follow	f;
	struct world		w;

	(void)state;
	world_begin(&w, 0, 0);
	for (uint32_t i = 1; i <= 3; i++)
		world_add(&w, i, "x", "s0", "/", 0);
	assert_int_equal(qt_hist_follow_init(&f, w.db, NULL), 0);
	assert_int_equal(qt_hist_db_close(w.db, NULL), 0);
	assert_int_equal(qt_store_remove(w.path, NULL), 0);
	assert_int_equal(qt_hist_db_open(&w.db, w.path, false, NULL), 0);
	world_add(&w, 2, "new", "s0", "/", 0);
	assert_string_equal(what_came(&w, &f), "new ");
	world_end(&w);
}

QT_TEST(who_is_told_may_end_it)
{
	struct qt_hist_follow	f;
	struct told		t = { "", 2 };
	struct world		w;

	(void)state;
	world_begin(&w, 0, 0);
	assert_int_equal(qt_hist_follow_init(&f, w.db, NULL), 0);
	for (uint32_t i = 1; i <= 3; i++)
		world_add(&w, i, "x", "s0", "/", 0);
	assert_int_equal(qt_hist_follow_each(&f, w.db, note, &t, NULL), 7);
	assert_string_equal(t.text, "x x ");
	world_end(&w);
}
