/* SPDX-License-Identifier: Apache-2.0 */
/* What follows is suggested first, then what is run here, then all else. */

#include "index_world.h"

#include <qt/hist/suggest.h>

/* All suggestions, with a "; " behind each. */
static const char *
suggest(struct world *w, const char *after, const char *prefix,
    const char *cwd)
{
	static char			text[4096];
	uint32_t			of[QT_HIST_SUGGEST_MAX], count;
	struct qt_hist_index_view	view;
	struct qt_hist_suggest		what = { prefix, strlen(prefix), cwd,
	    QT_HIST_NONE };
	size_t				len = 0;

	world_update(w);
	if (after != NULL)
		what.after = qt_hist_index_find(w->ix, after, strlen(after));
	count = qt_hist_suggest(w->ix, &what, of, QT_HIST_SUGGEST_MAX);
	qt_hist_index_view(w->ix, &view);
	text[0] = '\0';
	for (uint32_t i = 0; i < count; i++) {
		struct qt_hist_bytes	b = qt_hist_index_text(&view, of[i]);

		len += (size_t)snprintf(text + len, sizeof(text) - len,
		    "%.*s; ", (int)b.len, b.data);
	}
	return text;
}

/* A session that runs these, one after the other. */
static void
run(struct world *w, uint32_t *number, const char *session, const char *cwd,
    const char *const *commands)
{
	for (; *commands != NULL; commands++)
		world_add(w, ++*number, *commands, session, cwd, 0);
}

#define RUN(w, n, session, cwd, ...)					\
	run(w, n, session, cwd, (const char *const[]){ __VA_ARGS__, NULL })

QT_TEST(what_followed_most_often_is_suggested_first)
{
	struct world	w;
	uint32_t	n = 0;

	(void)state;
	world_begin(&w, 0, 0);
	RUN(&w, &n, "s0", "/a", "make", "make test", "make", "git push",
	    "make", "make test", "ls");
	assert_string_equal(suggest(&w, "make", "", "/b"),
	    "make test; git push; ");
	assert_string_equal(suggest(&w, "ls", "", "/b"), "");
	assert_string_equal(suggest(&w, "nosuch", "", "/b"), "");
	assert_string_equal(suggest(&w, NULL, "", "/a"), "");
	world_end(&w);
}

QT_TEST(what_followed_in_this_folder_counts_more)
{
	struct world	w;
	uint32_t	n = 0;

	(void)state;
	world_begin(&w, 0, 0);
	RUN(&w, &n, "s0", "/a", "make", "one", "make", "one", "make", "one");
	RUN(&w, &n, "s1", "/b", "make", "two", "make", "two");
	assert_string_equal(suggest(&w, "make", "", "/c"), "one; two; ");
	assert_string_equal(suggest(&w, "make", "", "/b"), "two; one; ");
	world_end(&w);
}

QT_TEST(a_prefix_is_completed_by_what_follows_then_this_folder_then_the_rest)
{
	struct world	w;
	uint32_t	n = 0;

	(void)state;
	world_begin(&w, 0, 0);
	RUN(&w, &n, "s0", "/a", "cd x", "git rare");
	RUN(&w, &n, "s1", "/b", "git here", "ls");
	for (int i = 0; i < 5; i++)
		RUN(&w, &n, "s2", "/c", "git often", "ls", "pwd");
	assert_string_equal(suggest(&w, "cd x", "git ", "/b"),
	    "git rare; git here; git often; ");
	assert_string_equal(suggest(&w, NULL, "git ", "/b"),
	    "git here; git often; git rare; ");
	assert_string_equal(suggest(&w, NULL, "git ", NULL),
	    "git often; git here; git rare; ");
	assert_string_equal(suggest(&w, NULL, "git o", "/b"), "git often; ");
	assert_string_equal(suggest(&w, NULL, "git often", "/b"), "");
	assert_string_equal(suggest(&w, NULL, "zzz", "/b"), "");
	world_end(&w);
}

QT_TEST(what_was_mistyped_is_not_suggested)
{
	struct world	w;
	uint32_t	n = 0;

	(void)state;
	world_begin(&w, 0, 0);
	world_add(&w, ++n, "gti push", "s0", "/", 127);
	world_add(&w, ++n, "gti pull", "s0", "/", 1);
	assert_string_equal(suggest(&w, NULL, "gt", "/"), "gti pull; ");
	world_end(&w);
}

QT_TEST(the_last_command_is_that_of_the_session_which_ended)
{
	struct qt_hist_index_view	v;
	struct world			w;
	uint32_t			n = 0, last;

	(void)state;
	world_begin(&w, 0, 0);
	RUN(&w, &n, "s0", "/", "one", "two");
	RUN(&w, &n, "s1", "/", "three");
	world_add(&w, ++n, "runs", "s0", "/", -1);
	world_update(&w);
	qt_hist_index_view(w.ix, &v);
	last = qt_hist_suggest_after(w.ix, "s0");
	assert_int_equal(last, qt_hist_index_find(w.ix, "two", 3));
	last = qt_hist_suggest_after(w.ix, NULL);
	assert_int_equal(last, qt_hist_index_find(w.ix, "three", 5));
	assert_true(qt_hist_suggest_after(w.ix, "s") == QT_HIST_NONE);
	world_end(&w);
}

QT_TEST(thousands_in_a_folder_are_no_more_work_than_some)
{
	struct world	w;
	uint32_t	n = 0;
	char		text[32];

	(void)state;
	world_begin(&w, 0, 0);
	for (; n < 900; n++) {
		snprintf(text, sizeof(text), "cmd %u", n % 700);
		world_add(&w, n + 1, text, "s0", "/a", 0);
	}
	assert_non_null(strstr(suggest(&w, NULL, "cmd ", "/a"), "cmd 199; "));
	world_end(&w);
}
