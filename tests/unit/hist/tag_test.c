/* SPDX-License-Identifier: Apache-2.0 */
/* Names on events: kept, bounded, listed in the order of time. */

#include "index_world.h"

#include <qt/hist/tag.h>

#define AT(number)	(WORLD_START + (number) * UINT64_C(3600000000))

static int
tag(struct world *w, uint32_t number, const char *name)
{
	return qt_hist_tag_add(w->db, AT(number), number, name, strlen(name),
	    NULL);
}

static int
untag(struct world *w, uint32_t number, const char *name)
{
	return qt_hist_tag_remove(w->db, AT(number), number, name,
	    strlen(name), NULL);
}

/* All of an event's, with a space behind each. */
static const char *
tags_of(struct world *w, uint32_t number)
{
	static char		text[8192];
	struct qt_hist_tags	t;
	size_t			len = 0;

	assert_int_equal(qt_hist_tags_of(w->db, AT(number), number, &t, NULL),
	    0);
	text[0] = '\0';
	for (size_t i = 0; i < t.count; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len,
		    "%.*s ", (int)t.of[i].len, t.of[i].data);
	return text;
}

QT_TEST(a_name_is_letters_digits_and_little_else)
{
	static const char *const	good[] = { "a", "to-do", "v1.2", "A_b/c",
	    "me@home", "c++", "k:v", "r\xc3\xa9p\xc3\xa9t\xc3\xa9",
	    "\xe6\x97\xa5\xe6\x9c\xac" };
	static const char *const	bad[] = { "", "-x", "a b", "a\tb", "a\n",
	    "a,b", "a|b", "'a'", "\xff", "\xc3", "a\xc2\x85", "\x7f", "!a" };
	char				name[QT_HIST_TAG_MAX + 1];

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
		assert_int_equal(qt_hist_tag_check(good[i], strlen(good[i])),
		    0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_int_equal(qt_hist_tag_check(bad[i], strlen(bad[i])),
		    -EINVAL);
	assert_int_equal(qt_hist_tag_check("a\0b", 3), -EINVAL);
	memset(name, 'x', sizeof(name));
	assert_int_equal(qt_hist_tag_check(name, QT_HIST_TAG_MAX), 0);
	assert_int_equal(qt_hist_tag_check(name, sizeof(name)),
	    -ENAMETOOLONG);
}

QT_TEST(tags_of_an_event_are_sorted_and_each_there_once)
{
	struct world	w;

	(void)state;
	world_begin(&w, 0, 0);
	world_add(&w, 1, "make", "s0", "/", 0);
	assert_string_equal(tags_of(&w, 1), "");
	assert_int_equal(tag(&w, 1, "b"), 0);
	assert_int_equal(tag(&w, 1, "ab"), 0);
	assert_int_equal(tag(&w, 1, "c"), 0);
	assert_int_equal(tag(&w, 1, "a"), 0);
	assert_int_equal(tag(&w, 1, "ab"), -EEXIST);
	assert_string_equal(tags_of(&w, 1), "a ab b c ");
	assert_int_equal(untag(&w, 1, "b"), 0);
	assert_int_equal(untag(&w, 1, "b"), -ENOENT);
	assert_string_equal(tags_of(&w, 1), "a ab c ");
	assert_int_equal(untag(&w, 1, "c"), 0);
	assert_int_equal(untag(&w, 1, "a"), 0);
	assert_int_equal(untag(&w, 1, "ab"), 0);
	assert_int_equal(untag(&w, 1, "ab"), -ENOENT);
	assert_string_equal(tags_of(&w, 1), "");
	world_end(&w);
}

QT_TEST(what_is_no_event_or_no_name_gets_no_tag)
{
	struct world	w;
	char		name[16];

	(void)state;
	world_begin(&w, 0, 0);
	assert_int_equal(tag(&w, 1, "a"), -ENOENT);
	world_add(&w, 1, "make", "s0", "/", 0);
	assert_int_equal(tag(&w, 1, "a b"), -EINVAL);
	for (unsigned int i = 0; i < QT_HIST_TAGS_MAX; i++) {
		snprintf(name, sizeof(name), "t%u", i);
		assert_int_equal(tag(&w, 1, name), 0);
	}
	assert_int_equal(tag(&w, 1, "more"), -E2BIG);
	assert_int_equal(tag(&w, 1, "t7"), -EEXIST);
	assert_int_equal(untag(&w, 1, "t7"), 0);
	assert_int_equal(tag(&w, 1, "more"), 0);
	world_end(&w);
}

QT_TEST(an_event_that_ends_keeps_its_tags)
{
	struct world	w;

	(void)state;
	world_begin(&w, 0, 0);
	world_add(&w, 1, "make", "s0", "/", -1);
	assert_int_equal(tag(&w, 1, "build"), 0);
	world_add(&w, 1, "make", "s0", "/", 0);
	assert_string_equal(tags_of(&w, 1), "build ");
	world_end(&w);
}

struct seen {
	char	text[128];
	int	stop_after;
};

static int
see(void *arg, uint64_t start_us, uint64_t id, const struct qt_hist_bytes *tags,
    size_t count)
{
	struct seen	*s = arg;
	size_t		 len = strlen(s->text);

	assert_true(start_us == AT(id));
	len += (size_t)snprintf(s->text + len, sizeof(s->text) - len, "%u:",
	    (unsigned int)id);
	for (size_t i = 0; i < count; i++)
		len += (size_t)snprintf(s->text + len, sizeof(s->text) - len,
		    "%.*s,", (int)tags[i].len, tags[i].data);
	return --s->stop_after == 0 ? 7 : 0;
}

QT_TEST(all_tagged_events_come_in_the_order_of_time)
{
	struct world	w;
	struct seen	s = { "", 0 };

	(void)state;
	world_begin(&w, 0, 0);
	assert_int_equal(qt_hist_tags_each(w.db, see, &s, NULL), 0);
	assert_string_equal(s.text, "");
	for (uint32_t i = 1; i <= 300; i++)
		world_add(&w, i, "make", "s0", "/", 0);
	assert_int_equal(tag(&w, 300, "z"), 0);
	assert_int_equal(tag(&w, 2, "y"), 0);
	assert_int_equal(tag(&w, 2, "x"), 0);
	assert_int_equal(tag(&w, 40, "y"), 0);
	assert_int_equal(qt_hist_tags_each(w.db, see, &s, NULL), 0);
	assert_string_equal(s.text, "2:x,y,40:y,300:z,");
	s = (struct seen){ "", 2 };
	assert_int_equal(qt_hist_tags_each(w.db, see, &s, NULL), 7);
	assert_string_equal(s.text, "2:x,y,40:y,");
	world_end(&w);
}

QT_TEST(many_get_a_tag_at_once_but_those_that_have_it)
{
	struct qt_hist_tag_at	at[4];
	struct world		w;
	struct seen		s = { "", 0 };
	size_t			changed;

	(void)state;
	world_begin(&w, 0, 0);
	for (uint32_t i = 1; i <= 4; i++)
		at[i - 1] = (struct qt_hist_tag_at){ AT(i), i };
	for (uint32_t i = 1; i <= 3; i++)
		world_add(&w, i, "make", "s0", "/", 0);
	assert_int_equal(tag(&w, 2, "x"), 0);
	assert_int_equal(qt_hist_tag_add_all(w.db, at, 4, "x", 1, &changed,
	    NULL), 0);
	assert_int_equal(changed, 2);
	assert_int_equal(qt_hist_tags_each(w.db, see, &s, NULL), 0);
	assert_string_equal(s.text, "1:x,2:x,3:x,");
	assert_int_equal(untag(&w, 1, "x"), 0);
	assert_int_equal(qt_hist_tag_remove_all(w.db, at, 4, "x", 1, &changed,
	    NULL), 0);
	assert_int_equal(changed, 2);
	assert_int_equal(qt_hist_tag_add_all(w.db, at, 4, "x y", 3, &changed,
	    NULL), -EINVAL);
	assert_int_equal(changed, 0);
	world_end(&w);
}

QT_TEST(processes_that_tag_one_event_at_once_lose_nothing)
{
	struct world	w;
	pid_t		child[2];
	char		name[16];
	size_t		count = 0;
	int		status;

	(void)state;
	world_begin(&w, 0, 0);
	world_add(&w, 1, "make", "s0", "/", 0);
	for (int i = 0; i < 2; i++) {
		child[i] = fork();
		assert_true(child[i] >= 0);
		if (child[i] != 0)
			continue;
		for (int n = 0; n < 25; n++) {
			snprintf(name, sizeof(name), "%c%d", 'a' + i, n);
			if (tag(&w, 1, name) != 0)
				_exit(1);
		}
		_exit(0);
	}
	for (int i = 0; i < 2; i++) {
		assert_int_equal(waitpid(child[i], &status, 0), child[i]);
		assert_int_equal(status, 0);
	}
	for (const char *p = tags_of(&w, 1); *p != '\0'; p++)
		count += *p == ' ';
	assert_int_equal(count, 50);
	world_end(&w);
}
