/* SPDX-License-Identifier: Apache-2.0 */
/* What a snapshot sees: libcommon/store/view.c. */

#include "../test.h"

#include <errno.h>
#include <stdio.h>

#include "../../../libcommon/store/merge_priv.h"
#include "array_cursor.h"

#define RECORDS	400
#define NOW	1000

static struct record	all[RECORDS], seen[RECORDS], part[3][RECORDS];

/* Of records in order, what is seen, by the words of the contract. */
static size_t
model(size_t count, uint64_t version, uint64_t now_ms)
{
	const struct record	*r;
	size_t			 i, n = 0;
	const char		*done = "";

	for (i = 0; i < count; i++) {
		r = &all[i];
		if (r->version > version || strcmp(r->key, done) == 0)
			continue;
		done = r->key;
		if ((r->flags & QT__DEL) == 0 &&
		    (r->expires_ms == 0 || r->expires_ms > now_ms))
			seen[n++] = *r;
	}
	return n;
}

static void
fill(size_t count, unsigned int keys, uint32_t *seed)
{
	struct record	*r;
	size_t		 i;

	for (i = 0; i < count; i++) {
		r = &all[i];
		memset(r, 0, sizeof(*r));
		snprintf(r->key, sizeof(r->key), "k%03u",
		    test_random(seed) % keys);
		r->version = i + 1;
		r->tag = (uint8_t)i;
		if (test_random(seed) % 3 == 0)
			r->flags = QT__DEL;
		else
			snprintf(r->value, sizeof(r->value), "value %zu", i);
		if (r->flags == 0 && test_random(seed) % 3 == 0)
			r->expires_ms = NOW - 1 + test_random(seed) % 3;
	}
	qsort(all, count, sizeof(all[0]), record_compare);
}

static struct qt__cursor *
view_of(struct qt__cursor *source, uint64_t version)
{
	struct qt__cursor	*c;

	assert_int_equal(qt__view_cursor(&c, source, version, NOW), 0);
	return c;
}

QT_TEST(a_view_walks_at_random_as_what_the_snapshot_sees)
{
	uint32_t		 seed = 31;
	struct qt__cursor	*c;
	unsigned int		 round;
	size_t			 count, n;
	uint64_t		 version;

	(void)state;
	for (round = 0; round < 100; round++) {
		count = test_random(&seed) % 60;
		version = test_random(&seed) % (count + 5);
		fill(count, 1 + test_random(&seed) % 20, &seed);
		n = model(count, version, NOW);
		c = view_of(array_cursor(all, count, NULL), version);
		assert_walks_like(c, seen, n, 20, 300, &seed);
		c->ops->close(c);
	}
}

QT_TEST(a_view_over_a_merge_walks_as_over_one_array)
{
	struct qt__cursor	*at[3], *c;
	size_t			 counts[3], i, s, n;
	uint32_t		 seed = 32;
	unsigned int		 round;

	(void)state;
	for (round = 0; round < 50; round++) {
		fill(RECORDS / 4, 20, &seed);
		memset(counts, 0, sizeof(counts));
		for (i = 0; i < RECORDS / 4; i++) {
			s = test_random(&seed) % 3;
			part[s][counts[s]++] = all[i];
		}
		for (s = 0; s < 3; s++)
			at[s] = array_cursor(part[s], counts[s], NULL);
		n = model(RECORDS / 4, 70, NOW);
		assert_int_equal(qt__merge_cursor(&c, at, 3), 0);
		c = view_of(c, 70);
		assert_walks_like(c, seen, n, 20, 300, &seed);
		c->ops->close(c);
	}
}

QT_TEST(a_view_before_its_first_seek_or_past_its_end_is_nowhere)
{
	const struct record	 one = { .key = "k", .version = 1 };
	struct qt__cursor	*c = view_of(array_cursor(&one, 1, NULL), 1);

	(void)state;
	assert_int_equal(c->ops->next(c), 0);
	assert_int_equal(c->ops->prev(c), 0);
	assert_int_equal(c->ops->seek(c, "", 0), 1);
	assert_int_equal(c->ops->next(c), 0);
	assert_int_equal(c->ops->prev(c), 0);
	assert_int_equal(c->ops->seek_before(c, NULL, 0), 1);
	assert_int_equal(c->ops->prev(c), 0);
	assert_int_equal(c->ops->next(c), 0);
	c->ops->close(c);
}

QT_TEST(the_error_of_the_source_is_the_error_of_the_view)
{
	struct qt__cursor	*a, *c;
	uint32_t		 seed = 6;
	size_t			 n, i;
	int			 r, failed;

	(void)state;
	fill(60, 15, &seed);
	for (n = 1;; n++) {
		a = array_cursor(all, 60, NULL);
		((struct array_cursor *)a)->fail_in = n;
		c = view_of(a, 50);
		for (r = c->ops->seek(c, "", 0), i = 0; r == 1; i++)
			r = i % 3 == 2 ? c->ops->prev(c) : c->ops->next(c);
		failed = r < 0;
		assert_true(r == 0 || r == -EIO);
		assert_int_equal(c->ops->next(c), 0);
		assert_int_equal(c->ops->prev(c), 0);
		c->ops->close(c);
		if (!failed)
			break;
	}
	assert_true(n > 20);
}
