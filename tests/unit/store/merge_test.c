/* SPDX-License-Identifier: Apache-2.0 */
/* Sources read as one: libcommon/store/merge.c. */

#include "../test.h"

#include <stdio.h>

#include "../../../libcommon/store/merge_priv.h"
#include "array_cursor.h"

#define RECORDS	300
#define SOURCES	7

struct world {
	struct record	all[RECORDS];
	size_t		count;
	struct record	part[SOURCES][RECORDS];
	size_t		part_count[SOURCES];
};

/*
 * Records of few keys, so that most have several versions, each in one or two of
 * the sources; the version says which record it is.
 */
static void
fill(struct world *w, size_t count, unsigned int keys, size_t sources,
    uint32_t *seed)
{
	struct record	*r;
	size_t		 i, s, again;

	memset(w, 0, sizeof(*w));
	w->count = count;
	for (i = 0; i < count; i++) {
		r = &w->all[i];
		snprintf(r->key, sizeof(r->key), "k%03u",
		    test_random(seed) % keys);
		snprintf(r->value, sizeof(r->value), "value %zu", i);
		r->version = i + 1;
		r->tag = (uint8_t)i;
		s = test_random(seed) % sources;
		again = test_random(seed) % sources;
		w->part[s][w->part_count[s]++] = *r;
		if (again != s)
			w->part[again][w->part_count[again]++] = *r;
	}
	qsort(w->all, count, sizeof(w->all[0]), record_compare);
	for (s = 0; s < sources; s++)
		qsort(w->part[s], w->part_count[s], sizeof(w->all[0]),
		    record_compare);
}

static struct qt__cursor *
merge_of(const struct world *w, size_t sources, int *closed)
{
	struct qt__cursor	*at[SOURCES], *c;
	size_t			 i;

	for (i = 0; i < sources; i++)
		at[i] = array_cursor(w->part[i], w->part_count[i], closed);
	assert_int_equal(qt__merge_cursor(&c, at, sources), 0);
	return c;
}

QT_TEST(a_merge_gives_all_records_of_all_sources_once_in_order_both_ways)
{
	static struct world	 w;
	struct qt__cursor	*c;
	uint32_t		 seed = 4711;
	size_t			 sources, i;
	int			 r;

	(void)state;
	for (sources = 2; sources <= SOURCES; sources++) {
		fill(&w, RECORDS, 60, sources, &seed);
		c = merge_of(&w, sources, NULL);
		for (i = 0, r = c->ops->seek(c, "", 0); r == 1;
		    r = c->ops->next(c))
			assert_record(c, &w.all[i++]);
		assert_int_equal(r, 0);
		assert_int_equal(i, RECORDS);
		for (r = c->ops->seek_before(c, NULL, 0); r == 1;
		    r = c->ops->prev(c))
			assert_record(c, &w.all[--i]);
		assert_int_equal(r, 0);
		assert_int_equal(i, 0);
		c->ops->close(c);
	}
}

QT_TEST(a_merge_walks_at_random_as_one_array_would)
{
	static struct world	 w;
	struct qt__cursor	*c;
	uint32_t		 seed = 99;
	unsigned int		 round;
	size_t			 sources;

	(void)state;
	for (round = 0; round < 60; round++) {
		sources = 2 + round % (SOURCES - 1);
		fill(&w, test_random(&seed) % 40, 12, sources, &seed);
		c = merge_of(&w, sources, NULL);
		assert_walks_like(c, w.all, w.count, 12, 400, &seed);
		c->ops->close(c);
	}
}

QT_TEST(one_source_is_its_own_merge_and_none_is_empty)
{
	const struct record	 one = { .key = "k", .version = 1 };
	struct qt__cursor	*a = array_cursor(&one, 1, NULL), *c;

	(void)state;
	assert_int_equal(qt__merge_cursor(&c, &a, 1), 0);
	assert_ptr_equal(c, a);
	c->ops->close(c);
	assert_int_equal(qt__merge_cursor(&c, NULL, 0), 0);
	assert_int_equal(c->ops->seek(c, "", 0), 0);
	assert_int_equal(c->ops->next(c), 0);
	assert_int_equal(c->ops->seek_before(c, NULL, 0), 0);
	assert_int_equal(c->ops->prev(c), 0);
	c->ops->close(c);
}

QT_TEST(a_merge_closes_its_sources_once)
{
	static struct world	 w;
	uint32_t		 seed = 5;
	struct qt__cursor	*c;
	int			 closed = 0;

	(void)state;
	fill(&w, 30, 5, 4, &seed);
	c = merge_of(&w, 4, &closed);
	assert_int_equal(c->ops->seek(c, "", 0), 1);
	c->ops->close(c);
	assert_int_equal(closed, 4);
}

/* Whichever call of a source fails, the merge says so and is nowhere. */
QT_TEST(the_error_of_a_source_is_the_error_of_the_merge)
{
	static struct world	 w;
	struct qt__cursor	*at[3], *c;
	uint32_t		 seed = 8;
	size_t			 n, i;
	int			 r, failed;

	(void)state;
	fill(&w, 40, 9, 3, &seed);
	for (n = 1;; n++) {
		for (i = 0; i < 3; i++)
			at[i] = array_cursor(w.part[i], w.part_count[i], NULL);
		((struct array_cursor *)at[n % 3])->fail_in = n;
		assert_int_equal(qt__merge_cursor(&c, at, 3), 0);
		for (r = c->ops->seek(c, "", 0), i = 0; r == 1; i++)
			r = i % 5 == 4 ? c->ops->prev(c) : c->ops->next(c);
		failed = r < 0;
		assert_true(r == 0 || r == -5);
		assert_int_equal(c->ops->next(c), 0);
		assert_int_equal(c->ops->prev(c), 0);
		c->ops->close(c);
		if (!failed)
			break;
	}
	assert_true(n > 20);
}

/* A source that grows, as a memtable does. */
QT_TEST(what_a_source_gets_behind_its_cursor_does_not_break_the_order)
{
	static const struct record	 all[] = {
		{ .key = "a", .version = 1 }, { .key = "c", .version = 2 },
		{ .key = "d", .version = 9 }, { .key = "m", .version = 3 },
	};
	struct record		 some[2] = { all[0], all[1] },
	    grows[2] = { all[3], all[3] };
	struct qt__cursor	*at[2], *c;
	struct array_cursor	*second;

	(void)state;
	at[0] = array_cursor(some, 2, NULL);
	at[1] = array_cursor(grows, 1, NULL);
	second = (struct array_cursor *)at[1];
	assert_int_equal(qt__merge_cursor(&c, at, 2), 0);
	assert_int_equal(c->ops->seek(c, "c", 1), 1);
	assert_record(c, &all[1]);
	/* "d" comes between; the cursor still stands on "m". */
	grows[0] = all[2];
	second->count = 2;
	second->pos = 1;
	assert_int_equal(c->ops->prev(c), 1);
	assert_record(c, &all[0]);
	assert_int_equal(c->ops->next(c), 1);
	assert_record(c, &all[1]);
	assert_int_equal(c->ops->next(c), 1);
	assert_record(c, &all[2]);
	assert_int_equal(c->ops->next(c), 1);
	assert_record(c, &all[3]);
	c->ops->close(c);
}
