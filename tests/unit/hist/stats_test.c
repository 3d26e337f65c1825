/* SPDX-License-Identifier: Apache-2.0 */
/* Figures of a small history, all of which are known. */

#include "index_world.h"

#include <qt/hist/stats.h>

#define AT(number)	(WORLD_START + (number) * UINT64_C(3600000000))

static const struct qt_hist_period	all = { 0, UINT64_MAX };

/* "name:runs/failed " of each. */
static const char *
rows(const struct qt_hist_stats *s, enum qt_hist_stats_of of)
{
	static char	text[1024];
	size_t		len = 0;

	text[0] = '\0';
	for (uint32_t i = 0; i < s->count[of]; i++) {
		const struct qt_hist_stats_row	*r = &s->list[of][i];

		len += (size_t)snprintf(text + len, sizeof(text) - len,
		    "%.*s:%u/%u ", (int)r->name.len, r->name.data,
		    (unsigned int)r->n.runs, (unsigned int)r->n.failed);
	}
	return text;
}

QT_TEST(what_was_run_is_counted_by_command_program_and_folder)
{
	struct qt_hist_stats	s;
	struct world		w;

	(void)state;
	world_begin(&w, 0, 0);
	world_add(&w, 1, "git push", "s0", "/a", 0);
	world_add(&w, 2, "git push -f", "s0", "/b", 1);
	world_add(&w, 3, "ls", "s1", "/a", 0);
	world_add(&w, 4, "git push", "s1", "/a", 2);
	world_add(&w, 5, "make", "s1", "/b", -1);
	world_update(&w);
	assert_int_equal(qt_hist_stats_make(&s, w.ix, &all, NULL, NULL), 0);
	assert_string_equal(rows(&s, QT_HIST_STATS_COMMANDS),
	    "git push:2/1 git push -f:1/1 ls:1/0 make:1/0 ");
	assert_string_equal(rows(&s, QT_HIST_STATS_PROGRAMS),
	    "git push:3/2 ls:1/0 make:1/0 ");
	assert_string_equal(rows(&s, QT_HIST_STATS_FOLDERS), "/a:3/1 /b:2/1 ");
	assert_true(s.all.runs == 5 && s.all.ended == 4 && s.all.failed == 2);
	assert_true(s.all.took_us == 1000 + 2000 + 3000 + 4000);
	assert_int_equal(s.sessions, 2);
	assert_int_equal(s.days, 2);
	assert_true(s.first_us == AT(1) && s.last_us == AT(5));
	assert_false(s.is_cut);
	qt_hist_stats_clear(&s);
	qt_hist_stats_clear(&s);
	world_end(&w);
}

static int32_t
zone(int64_t unix_s)
{
	(void)unix_s;
	return 2 * 3600;
}

/* It starts at 2023-11-14 22:13:20, a Tuesday. */
QT_TEST(hours_and_days_are_those_of_the_zone)
{
	struct qt_hist_stats	s;
	struct world		w;

	(void)state;
	world_begin(&w, 0, 0);
	for (uint32_t i = 1; i <= 3; i++)
		world_add(&w, i, "ls", "s0", "/", 0);
	world_update(&w);
	assert_int_equal(qt_hist_stats_make(&s, w.ix, &all, NULL, NULL), 0);
	assert_true(s.hour[23].runs == 1 && s.hour[0].runs == 1 &&
	    s.hour[1].runs == 1 && s.hour[2].runs == 0);
	assert_true(s.weekday[1].runs == 1 && s.weekday[2].runs == 2);
	assert_int_equal(s.days, 2);
	qt_hist_stats_clear(&s);
	assert_int_equal(qt_hist_stats_make(&s, w.ix, &all, zone, NULL), 0);
	assert_true(s.hour[1].runs == 1 && s.hour[2].runs == 1 &&
	    s.hour[3].runs == 1);
	assert_true(s.weekday[2].runs == 3);
	assert_int_equal(s.days, 1);
	qt_hist_stats_clear(&s);
	world_end(&w);
}

QT_TEST(a_period_has_what_began_in_it)
{
	struct qt_hist_period	p = { AT(2), AT(4) };
	struct qt_hist_event	e;
	struct world_event	m = { "when?", "s0", "/", 9, 0 };
	struct qt_hist_stats	s;
	struct world		w;

	(void)state;
	world_begin(&w, 0, 0);
	for (uint32_t i = 1; i <= 5; i++)
		world_add(&w, i, i % 2 ? "odd" : "even", "s0", "/", 0);
	world_event(&e, &m);
	e.start_us = 0;
	assert_int_equal(qt_hist_db_add(w.db, &e, 1, NULL, 0, NULL), 0);
	world_update(&w);
	assert_int_equal(qt_hist_stats_make(&s, w.ix, &p, NULL, NULL), 0);
	assert_string_equal(rows(&s, QT_HIST_STATS_COMMANDS),
	    "even:1/0 odd:1/0 ");
	qt_hist_stats_clear(&s);
	assert_int_equal(qt_hist_stats_make(&s, w.ix, &all, NULL, NULL), 0);
	assert_string_equal(rows(&s, QT_HIST_STATS_COMMANDS),
	    "odd:3/0 even:2/0 when?:1/0 ");
	assert_true(s.first_us == AT(1) && s.hour[0].runs < 6);
	qt_hist_stats_clear(&s);
	p = (struct qt_hist_period){ AT(100), AT(200) };
	assert_int_equal(qt_hist_stats_make(&s, w.ix, &p, NULL, NULL), 0);
	assert_true(s.all.runs == 0 && s.count[QT_HIST_STATS_COMMANDS] == 0);
	qt_hist_stats_clear(&s);
	world_end(&w);
}

QT_TEST(figures_are_those_of_a_list_of_all_that_was_run)
{
	struct qt_hist_stats	s;
	struct world		w;
	uint64_t		runs = 0, failed = 0;

	(void)state;
	world_begin(&w, 0, 0);
	for (int i = 0; i < 50; i++)
		world_add_random(&w, 8);
	world_update(&w);
	assert_int_equal(qt_hist_stats_make(&s, w.ix, &all, NULL, NULL), 0);
	for (uint32_t i = 0; i < w.count; i++)
		failed += w.e[i].status > 0;
	assert_true(s.all.runs == w.count && s.all.failed == failed);
	for (int of = 0; of < QT_HIST_STATS_LISTS; of++) {
		runs = 0;
		for (uint32_t i = 0; i < s.count[of]; i++)
			runs += s.list[of][i].n.runs;
		assert_true(runs == w.count);
	}
	for (uint32_t i = 0; i < s.count[QT_HIST_STATS_COMMANDS]; i++) {
		const struct qt_hist_stats_row	*r =
		    &s.list[QT_HIST_STATS_COMMANDS][i];

		runs = 0;
		for (uint32_t j = 0; j < w.count; j++)
			runs += strlen(w.e[j].text) == r->name.len && memcmp(
			    w.e[j].text, r->name.data, r->name.len) == 0;
		assert_true(r->n.runs == runs);
	}
	qt_hist_stats_clear(&s);
	world_end(&w);
}
