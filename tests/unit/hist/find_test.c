/* SPDX-License-Identifier: Apache-2.0 */
/* Finding commands, beside one that asks every event. */

#include "index_world.h"

#include <qt/hist/find.h>
#include <qt/hist/tag.h>

#define FOUND	1024u

static const struct qt_hist_here	here = {
	.now_us = WORLD_START + UINT64_C(3600000000) * 2000, .home = "/0",
	.cwd = "/3", .host = "host", .session = "s1",
};

struct search {
	struct qt_hist_find		*f;
	struct qt_hist_finding		 q;
	struct qt_hist_found		 found[FOUND];
	struct qt_hist_index_view	 view;
};

static void
search_begin(struct search *s, struct world *w, const struct qt_hist_here *at)
{
	memset(s, 0, sizeof(*s));
	assert_int_equal(qt_hist_find_new(&s->f, w->ix, w->db, at, NULL), 0);
	s->q.found = s->found;
	s->q.max = FOUND;
	qt_hist_index_view(w->ix, &s->view);
}

static int
search(struct search *s, const char *query)
{
	s->q.query = query;
	s->q.len = strlen(query);
	return qt_hist_find(s->f, &s->q, NULL);
}

/* The command in that place, or "". */
static const char *
text_of(const struct search *s, uint32_t i)
{
	static char		text[64];
	struct qt_hist_bytes	b = { "", 0 };

	if (i < s->q.count)
		b = qt_hist_index_text(&s->view, s->found[i].command);
	snprintf(text, sizeof(text), "%.*s", (int)b.len, b.data);
	return text;
}

QT_TEST(without_words_the_latest_come_first_and_each_once)
{
	struct world	w;
	struct search	s;

	(void)state;
	world_begin(&w, 0, 0);
	world_add(&w, 1, "one", "s1", "/a", 0);
	world_add(&w, 2, "two", "s1", "/a", 0);
	world_add(&w, 3, "one", "s2", "/b", 0);
	world_update(&w);
	search_begin(&s, &w, &here);
	assert_int_equal(search(&s, ""), 0);
	assert_int_equal(s.q.count, 2);
	assert_int_equal(s.q.matched, 2);
	assert_string_equal(text_of(&s, 0), "one");
	assert_string_equal(text_of(&s, 1), "two");
	/* As many as there is room for. */
	s.q.max = 1;
	assert_int_equal(search(&s, ""), 0);
	assert_int_equal(s.q.count, 1);
	assert_int_equal(s.q.matched, 2);
	qt_hist_find_free(s.f);
	world_end(&w);
}

QT_TEST(a_better_match_comes_before_what_ran_more)
{
	struct world	w;
	struct search	s;

	(void)state;
	world_begin(&w, 0, 0);
	for (uint32_t i = 1; i <= 20; i++)
		world_add(&w, i, "cargo fmt; ls", "s1", "/3", 0);
	world_add(&w, 21, "cat fls", "s9", "/9", 0);
	world_update(&w);
	search_begin(&s, &w, &here);
	assert_int_equal(search(&s, "fls"), 0);
	assert_int_equal(s.q.count, 2);
	assert_string_equal(text_of(&s, 0), "cat fls");
	assert_true(s.found[0].match > s.found[1].match);
	assert_true(s.found[0].prior < s.found[1].prior);
	qt_hist_find_free(s.f);
	world_end(&w);
}

/* Three that match as well, of which one ran here, one follows what ran last. */
QT_TEST(folder_and_what_follows_speak_for_a_command)
{
	struct world		w;
	struct search		s;
	struct qt_hist_reasons	r;
	uint32_t		n = 1;

	(void)state;
	world_begin(&w, 0, 0);
	for (int i = 0; i < 3; i++)
		world_add(&w, n++, "run x", "s2", "/3", 0);
	for (int i = 0; i < 6; i++) {
		world_add(&w, n++, "build", "s2", "/8", 0);
		world_add(&w, n++, "run y", "s2", "/8", 0);
	}
	for (int i = 0; i < 6; i++)
		world_add(&w, n++, "run z", "s3", "/8", 0);
	world_add(&w, n++, "build", "s1", "/3", 0);
	world_update(&w);
	search_begin(&s, &w, &here);
	assert_int_equal(search(&s, "run"), 0);
	assert_int_equal(s.q.count, 3);
	assert_string_equal(text_of(&s, 0), "run y");
	qt_hist_find_reasons(s.f, s.found[0].command, &r);
	assert_int_equal(r.runs, 6);
	assert_int_equal(r.runs_follows, 6);
	assert_true(r.follows > 2 << 20);
	assert_int_equal(r.runs_folder, 0);
	assert_int_equal(s.found[0].prior, r.frecency + r.folder +
	    r.repository + r.follows);
	qt_hist_find_free(s.f);
	/* Elsewhere, with nothing before: that which ran most. */
	search_begin(&s, &w, &(struct qt_hist_here){ .cwd = "/none" });
	assert_int_equal(search(&s, "run"), 0);
	assert_string_equal(text_of(&s, 0), "run z");
	qt_hist_find_free(s.f);
	/* Here, without a session: 3 runs here are 4 halvings. */
	search_begin(&s, &w, &(struct qt_hist_here){ .cwd = "/3" });
	assert_int_equal(search(&s, "run"), 0);
	assert_string_equal(text_of(&s, 0), "run x");
	qt_hist_find_reasons(s.f, s.found[0].command, &r);
	assert_int_equal(r.folder, 2 << 20);
	qt_hist_find_free(s.f);
	world_end(&w);
}

QT_TEST(a_scope_is_a_filter_that_nobody_typed)
{
	struct world	w;
	struct search	s;

	(void)state;
	world_begin(&w, 0, 0);
	world_add(&w, 1, "a1", "s1", "/3", 0);
	world_add(&w, 2, "a2", "s2", "/3", 0);
	world_add(&w, 3, "a3", "s1", "/4", 0);
	world_update(&w);
	search_begin(&s, &w, &here);
	s.q.scope = QT_HIST_THIS_SESSION;
	assert_int_equal(search(&s, "a"), 0);
	assert_int_equal(s.q.count, 2);
	/* What is typed does not widen it. */
	assert_int_equal(search(&s, "a session:s2"), 0);
	assert_int_equal(s.q.count, 0);
	s.q.scope = QT_HIST_THIS_FOLDER;
	assert_int_equal(search(&s, ""), 0);
	assert_int_equal(s.q.count, 2);
	assert_string_equal(text_of(&s, 0), "a2");
	s.q.scope = QT_HIST_THIS_HOST;
	assert_int_equal(search(&s, ""), 0);
	assert_int_equal(s.q.count, 3);
	/* There is no repository here. */
	s.q.scope = QT_HIST_THIS_REPOSITORY;
	assert_int_equal(search(&s, ""), -EINVAL);
	assert_string_equal(s.q.mistake.expected, "a repository to be in");
	qt_hist_find_free(s.f);
	world_end(&w);
}

QT_TEST(tags_are_the_historys)
{
	struct world		w;
	struct search		s;
	struct qt_hist_event	e;

	(void)state;
	world_begin(&w, 0, 0);
	world_add(&w, 1, "a1", "s1", "/3", 0);
	world_add(&w, 2, "a2", "s2", "/3", 0);
	world_update(&w);
	assert_int_equal(qt_hist_tag_add(w.db, WORLD_START + UINT64_C(2) *
	    3600000000, 2, "good", 4, NULL), 0);
	search_begin(&s, &w, &here);
	assert_int_equal(search(&s, "tag:good"), 0);
	assert_int_equal(s.q.count, 1);
	assert_string_equal(text_of(&s, 0), "a2");
	assert_true(qt_hist_find_event(s.f, s.found[0].event, &e));
	assert_int_equal(e.id, 2);
	assert_true(world_is(e.cwd, "/3"));
	assert_true(world_is(e.session, "s2"));
	assert_int_equal(search(&s, "!tag:good"), 0);
	assert_string_equal(text_of(&s, 0), "a1");
	assert_int_equal(search(&s, "tag:bad"), 0);
	assert_int_equal(s.q.count, 0);
	qt_hist_find_free(s.f);
	world_end(&w);
}

/* --- Beside one that asks every event ------------------------------------- */

/* A command's last event that passes, or 0. */
static uint32_t
slow_last(const struct world *w, const struct qt_hist_query *q,
    const char *text)
{
	struct qt_hist_event	e;
	uint32_t		last = 0;

	for (uint32_t i = 0; i < w->count; i++) {
		world_event(&e, &w->e[i]);
		if (strcmp(w->e[i].text, text) == 0 &&
		    qt_hist_query_passes(q, &e, NULL, 0))
			last = w->e[i].number;
	}
	return last;
}

static void
compare(const struct world *w, struct search *s, const char *query)
{
	struct qt_hist_query	 q;
	struct qt_hist_match	*m;
	uint32_t		 expected = 0;

	assert_int_equal(qt_hist_query_parse(&q, query, strlen(query), &here,
	    NULL, NULL), 0);
	assert_int_equal(qt_hist_match_new(&m, &q, NULL, NULL), 0);
	assert_int_equal(search(s, query), 0);
	for (uint32_t id = 0; id < s->view.commands; id++) {
		struct qt_hist_bytes	b = qt_hist_index_text(&s->view, id);
		char			text[64];
		uint32_t		last;

		snprintf(text, sizeof(text), "%.*s", (int)b.len, b.data);
		last = slow_last(w, &q, text);
		if (last == 0 || qt_hist_match_one(m, b.data, b.len, NULL) ==
		    0)
			continue;
		expected++;
		for (uint32_t i = 0; i < s->q.count; i++)
			if (s->found[i].command == id) {
				assert_int_equal(s->found[i].event, last);
				last = 0;
			}
		if (last != 0)
			fail_msg("'%s' does not find '%s'", query, text);
	}
	assert_int_equal(s->q.count, expected);
	assert_int_equal(s->q.matched, expected);
	qt_hist_match_free(m);
}

static void
compare_order(const struct search *s)
{
	for (uint32_t i = 1; i < s->q.count; i++) {
		const struct qt_hist_found	*a = &s->found[i - 1];
		const struct qt_hist_found	*b = &s->found[i];

		if (s->q.order == QT_HIST_LATEST)
			assert_true(a->event > b->event);
		else
			assert_true(a->match > b->match ||
			    (a->match == b->match && a->prior >= b->prior));
	}
}

QT_TEST(queries_find_what_asking_every_event_finds)
{
	static const char *const	queries[] = {
		"git", "g 1", "git exit:0", "!git exit:!0", "cwd:/3",
		"dir:/ g", "session:s1", "session:s1 session:s2 !cwd:/2",
		"host:host", "host:other", "!host:host", "exit:1 | exit:2",
		"dur:>100ms", "dur:<300ms make", "shell:zsh a",
		"before:2023-11-20", "after:2023-11-20 word", "cwd:. g",
		"!session:s1 !session:s2", "^make", "word$", "re:[0-9]{2}",
		"exit:running", "cwd:/1 cwd:/2 session:s0", "",
	};
	struct world	w;
	struct search	s;

	(void)state;
	world_begin(&w, 0, 0);
	for (int i = 0; i < 6; i++)
		world_add_random(&w, 64);
	world_update(&w);
	search_begin(&s, &w, &here);
	for (size_t i = 0; i < sizeof(queries) / sizeof(*queries); i++) {
		s.q.order = i % 2 ? QT_HIST_BEST : QT_HIST_LATEST;
		compare(&w, &s, queries[i]);
		compare_order(&s);
		/* Typed on, with the filters remembered. */
		s.q.order = QT_HIST_BEST;
		compare(&w, &s, queries[i]);
		compare_order(&s);
	}
	qt_hist_find_free(s.f);
	world_end(&w);
}

/* Typed, taken back, and with a filter between: what was found before is used
   where it may be. */
QT_TEST(who_types_on_finds_what_one_who_asks_anew_finds)
{
	static const char *const	queries[] = {
		"", "g", "gi", "git", "git ", "git 1", "git", "git 2",
		"git 2 exit:0", "git 2 exit:0 1", "git 2", "gi", "m", "ma",
		"ma w", "ma w !x", "ma", "Ma", "ma", "zzz", "zzzz", "g",
		"g | m", "g", "'g", "'gi", "g", "^g", "^gi", "1$", "11$", "g",
	};
	struct world	w;
	struct search	s;

	(void)state;
	world_begin(&w, 0, 0);
	for (int i = 0; i < 6; i++)
		world_add_random(&w, 64);
	world_update(&w);
	search_begin(&s, &w, &here);
	for (int order = QT_HIST_AUTO; order <= QT_HIST_LATEST; order++)
		for (size_t i = 0; i < sizeof(queries) / sizeof(*queries);
		    i++) {
			s.q.order = (enum qt_hist_order)order;
			compare(&w, &s, queries[i]);
		}
	qt_hist_find_free(s.f);
	world_end(&w);
}

static bool
is_over_now(void *arg)
{
	return arg != NULL;
}

QT_TEST(who_gave_up_half_way_is_nobody_to_go_on_from)
{
	struct world	w;
	struct search	s;

	(void)state;
	world_begin(&w, 0, 0);
	world_add(&w, 1, "git log", "s1", "/a", 0);
	world_add(&w, 2, "git diff", "s1", "/a", 0);
	world_update(&w);
	search_begin(&s, &w, &here);
	s.q.is_over = is_over_now;
	assert_int_equal(search(&s, "g"), 0);
	s.q.arg = &w;
	assert_int_equal(search(&s, "gi"), -ECANCELED);
	s.q.arg = NULL;
	assert_int_equal(search(&s, "git"), 0);
	assert_int_equal(s.q.matched, 2);
	qt_hist_find_free(s.f);
	world_end(&w);
}

QT_TEST(few_of_many_are_the_best_of_all)
{
	struct world		w;
	struct search		s;
	struct qt_hist_found	all[FOUND];
	uint32_t		count;

	(void)state;
	world_begin(&w, 0, 0);
	for (int i = 0; i < 6; i++)
		world_add_random(&w, 64);
	world_update(&w);
	search_begin(&s, &w, &here);
	for (int order = QT_HIST_BEST; order <= QT_HIST_LATEST; order++) {
		s.q.order = (enum qt_hist_order)order;
		s.q.max = FOUND;
		assert_int_equal(search(&s, "g 1"), 0);
		memcpy(all, s.found, sizeof(all));
		count = s.q.count;
		for (s.q.max = 1; s.q.max < count; s.q.max++) {
			assert_int_equal(search(&s, "g 1"), 0);
			assert_int_equal(s.q.count, s.q.max);
			assert_int_equal(s.q.matched, count);
			assert_memory_equal(s.found, all, s.q.count *
			    sizeof(*all));
		}
	}
	qt_hist_find_free(s.f);
	world_end(&w);
}

QT_TEST(mistakes_have_a_place)
{
	struct world	w;
	struct search	s;

	(void)state;
	world_begin(&w, 0, 0);
	world_add(&w, 1, "a1", "s1", "/3", 0);
	world_update(&w);
	search_begin(&s, &w, &here);
	assert_int_equal(search(&s, "a exit:zz"), -EINVAL);
	assert_int_equal(s.q.mistake.at, 7);
	assert_int_equal(s.q.count, 0);
	/* A pattern that PCRE2 does not take. */
	assert_int_equal(search(&s, "a re:("), -EINVAL);
	assert_true(s.q.mistake.at >= 2);
	s.q.is_typing = true;
	assert_int_equal(search(&s, "a exit:"), 0);
	assert_int_equal(s.q.count, 1);
	qt_hist_find_free(s.f);
	world_end(&w);
}
