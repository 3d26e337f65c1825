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

/* What version sees of a key, of an array; NULL: nothing. */
static const struct record *
see(const struct record *at, size_t count, const char *key, uint64_t version,
    uint64_t now_ms)
{
	size_t	i;

	for (i = 0; i < count; i++) {
		if (strcmp(at[i].key, key) != 0 || at[i].version > version)
			continue;
		return (at[i].flags & QT__DEL) != 0 || (at[i].expires_ms != 0 &&
		    at[i].expires_ms <= now_ms) ? NULL : &at[i];
	}
	return NULL;
}

static void
assert_all_see_the_same(size_t count, size_t n, const struct qt__keep *rule)
{
	const struct record	*a, *b;
	uint64_t		 version, now;
	size_t			 s, i;

	for (s = 0; s < rule->keep_count; s++) {
		for (i = 0; i < count; i++) {
			version = rule->keep[s];
			/* A snapshot may be older than what expired. */
			now = version == UINT64_MAX ? NOW : NOW - 1;
			a = see(all, count, all[i].key, version, now);
			b = see(kept, n, all[i].key, version, now);
			assert_int_equal(a == NULL, b == NULL);
			if (a != NULL)
				assert_memory_equal(a, b, sizeof(*a));
		}
	}
}

QT_TEST(every_snapshot_sees_the_same_after_a_compaction)
{
	static const uint64_t	keeps[][4] = {
		{ UINT64_MAX }, { 20, UINT64_MAX }, { 0, 20, 41, UINT64_MAX },
		{ 7, 7, 60, UINT64_MAX },
	};
	static const size_t	counts[] = { 1, 2, 4, 4 };
	struct qt__keep		rule = { .now_ms = NOW, .drop = drop };
	uint32_t		seed = 17;
	unsigned int		round;
	size_t			n;

	(void)state;
	for (round = 0; round < 160; round++) {
		fill(RECORDS, 1 + test_random(&seed) % 20, &seed);
		rule.keep = keeps[round % 4];
		rule.keep_count = counts[round % 4];
		rule.is_bottom = round / 4 % 2 != 0;
		n = compact(RECORDS, &rule);
		assert_all_see_the_same(RECORDS, n, &rule);
		if (!rule.is_bottom)
			assert_true(n + drops >= RECORDS);
	}
}

/* No more than needed: what nobody sees is gone. */
QT_TEST(without_snapshots_the_bottom_holds_one_live_record_of_a_key)
{
	const uint64_t	last = UINT64_MAX;
	struct qt__keep	rule = { .keep = &last, .keep_count = 1,
	    .is_bottom = true, .now_ms = NOW, .drop = drop };
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

QT_TEST(a_deletion_stays_while_a_snapshot_sees_what_it_deleted)
{
	const uint64_t	both[] = { 5, UINT64_MAX };
	struct qt__keep	rule = { .keep = both, .keep_count = 2,
	    .is_bottom = true, .now_ms = NOW };

	(void)state;
	memset(all, 0, sizeof(all));
	all[0] = (struct record){ .key = "k", .version = 7, .flags = QT__DEL };
	all[1] = (struct record){ .key = "k", .version = 3, .value = "v" };
	assert_int_equal(compact(2, &rule), 2);
	assert_int_equal(kept[0].flags, QT__DEL);
	rule.keep++;
	rule.keep_count--;
	assert_int_equal(compact(2, &rule), 0);
}

QT_TEST(what_expired_becomes_a_deletion_above_the_bottom_and_is_told)
{
	const uint64_t	last = UINT64_MAX;
	struct qt__keep	rule = { .keep = &last, .keep_count = 1,
	    .now_ms = NOW, .drop = drop };

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
	const uint64_t		 last = UINT64_MAX;
	struct qt__keep		 rule = { .keep = &last, .keep_count = 1,
	    .now_ms = NOW, .drop = drop, .arg = &drops };
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
