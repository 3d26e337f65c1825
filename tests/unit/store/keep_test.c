/* SPDX-License-Identifier: Apache-2.0 */
/* What a compaction keeps: libcommon/store/keep.c. */

#include "../test.h"

#include <errno.h>
#include <stdio.h>

#include "../../../libcommon/store/merge_priv.h"
#include "array_cursor.h"

#define RECORDS	60
#define NOW	1000

static struct record	all[RECORDS], kept[RECORDS];
static uint64_t		dropped[RECORDS];
static size_t		drops;

static int
drop(void *arg, const struct qt__entry *e)
{
	if (arg != NULL)
		return -ENOMEM;
	dropped[drops++] = e->version;
	return 0;
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
		if (test_random(seed) % 3 == 0)
			r->flags = QT__DEL;
		else
			snprintf(r->value, sizeof(r->value), "value %zu", i);
		if (r->flags == 0 && test_random(seed) % 3 == 0)
			r->expires_ms = NOW;
	}
	qsort(all, count, sizeof(all[0]), record_compare);
}

static size_t
compact(size_t count, const struct qt__keep *rule)
{
	struct qt__cursor	*c;
	struct record		*k;
	size_t			 n = 0;
	int			 r;

	assert_int_equal(qt__keep_cursor(&c, array_cursor(all, count, NULL),
	    rule), 0);
	drops = 0;
	for (r = c->ops->seek(c, "", 0); r == 1; r = c->ops->next(c)) {
		k = &kept[n++];
		memset(k, 0, sizeof(*k));
		memcpy(k->key, c->entry.key, c->entry.key_len);
		memcpy(k->value, c->entry.value, c->entry.value_len);
		k->version = c->entry.version;
		k->expires_ms = c->entry.expires_ms;
		k->flags = c->entry.flags;
	}
	assert_int_equal(r, 0);
	assert_int_equal(c->ops->next(c), 0);
	c->ops->close(c);
	return n;
}

/* What is seen of a key, of an array; NULL: nothing. */
static const struct record *
see(const struct record *at, size_t count, const char *key)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(at[i].key, key) == 0)
			return (at[i].flags & QT__DEL) != 0 ||
			    (at[i].expires_ms != 0 &&
			    at[i].expires_ms <= NOW) ? NULL : &at[i];
	return NULL;
}

QT_TEST(the_same_is_seen_after_a_compaction)
{
	struct qt__keep		 rule = { .now_ms = NOW, .drop = drop };
	const struct record	*a, *b;
	uint32_t		 seed = 17;
	unsigned int		 round;
	size_t			 n, i;

	(void)state;
	for (round = 0; round < 80; round++) {
		fill(RECORDS, 1 + test_random(&seed) % 20, &seed);
		rule.is_bottom = round % 2 != 0;
		n = compact(RECORDS, &rule);
		for (i = 0; i < RECORDS; i++) {
			a = see(all, RECORDS, all[i].key);
			b = see(kept, n, all[i].key);
			assert_int_equal(a == NULL, b == NULL);
			if (a != NULL)
				assert_memory_equal(a, b, sizeof(*a));
		}
		if (!rule.is_bottom)
			assert_true(n + drops >= RECORDS);
	}
}

/* No more than needed: what nobody sees is gone. */
QT_TEST(the_bottom_holds_one_live_record_of_a_key)
{
	struct qt__keep	rule = { .is_bottom = true, .now_ms = NOW,
	    .drop = drop };
	uint32_t	seed = 18;
	unsigned int	round;
	size_t		i, n;

	(void)state;
	for (round = 0; round < 50; round++) {
		fill(RECORDS, 15, &seed);
		n = compact(RECORDS, &rule);
		for (i = 0; i < n; i++) {
			assert_int_equal(kept[i].flags, 0);
			assert_int_equal(kept[i].expires_ms, 0);
			assert_true(i == 0 ||
			    strcmp(kept[i - 1].key, kept[i].key) < 0);
		}
	}
}

QT_TEST(a_deletion_stays_above_the_bottom_and_what_it_deleted_does_not)
{
	struct qt__keep	rule = { .now_ms = NOW, .drop = drop };

	(void)state;
	memset(all, 0, sizeof(all));
	all[0] = (struct record){ .key = "k", .version = 7, .flags = QT__DEL };
	all[1] = (struct record){ .key = "k", .version = 3, .value = "v" };
	assert_int_equal(compact(2, &rule), 1);
	assert_int_equal(kept[0].flags, QT__DEL);
	assert_int_equal(drops, 1);
	assert_int_equal(dropped[0], 3);
	rule.is_bottom = true;
	assert_int_equal(compact(2, &rule), 0);
	assert_int_equal(drops, 1);
}

QT_TEST(what_expired_becomes_a_deletion_above_the_bottom_and_is_told)
{
	struct qt__keep	rule = { .now_ms = NOW, .drop = drop };

	(void)state;
	memset(all, 0, sizeof(all));
	all[0] = (struct record){ .key = "k", .version = 9, .value = "v",
	    .expires_ms = NOW };
	all[1] = (struct record){ .key = "k", .version = 3, .value = "w" };
	assert_int_equal(compact(2, &rule), 1);
	assert_int_equal(kept[0].flags, QT__DEL);
	assert_int_equal(kept[0].version, 9);
	assert_string_equal(kept[0].value, "");
	assert_int_equal(drops, 2);
	assert_int_equal(dropped[0], 9);
	assert_int_equal(dropped[1], 3);
}

QT_TEST(a_failing_drop_and_a_failing_source_end_the_compaction)
{
	struct qt__keep		 rule = { .now_ms = NOW, .drop = drop,
	    .arg = &drops };
	struct qt__cursor	*a, *c;
	uint32_t		 seed = 3;
	int			 r;

	(void)state;
	fill(RECORDS, 5, &seed);
	assert_int_equal(qt__keep_cursor(&c, array_cursor(all, RECORDS, NULL),
	    &rule), 0);
	for (r = c->ops->seek(c, "", 0); r == 1;)
		r = c->ops->next(c);
	assert_int_equal(r, -ENOMEM);
	c->ops->close(c);
	rule.arg = NULL;
	drops = 0;
	a = array_cursor(all, RECORDS, NULL);
	((struct array_cursor *)a)->fail_in = 10;
	assert_int_equal(qt__keep_cursor(&c, a, &rule), 0);
	for (r = c->ops->seek(c, "", 0); r == 1;)
		r = c->ops->next(c);
	assert_int_equal(r, -EIO);
	assert_int_equal(c->ops->next(c), 0);
	c->ops->close(c);
}
