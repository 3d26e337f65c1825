/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of runs: what was written is read, by key and in order. */

#include <errno.h>
#include <pthread.h>

#include <qt/store/store.h>

#include "../../../libcommon/store/cache_priv.h"
#include "run_world.h"

#define ALL UINT64_MAX

/* The first record, in order, not less than key; count: none. */
static size_t
model_seek(const struct world *w, const void *key, size_t len)
{
	size_t	i = 0;

	while (i < w->count && qt__key_compare(w->e[i].key, w->e[i].key_len,
	    key, len) < 0)
		i++;
	return i;
}

static const struct qt__entry *
model_get(const struct world *w, const void *key, size_t len, uint64_t max)
{
	for (size_t i = model_seek(w, key, len); i < w->count &&
	    qt__key_compare(w->e[i].key, w->e[i].key_len, key, len) == 0; i++)
		if (w->e[i].version <= max)
			return &w->e[i];
	return NULL;
}

static void
check_get(const struct world *w, struct qt__run *r, const void *key,
    size_t len, uint64_t max)
{
	const struct qt__entry	*want = model_get(w, key, len, max);
	struct qt__entry	 e;
	void			*own;
	int			 rc = qt__run_get(r, &e, &own, key, len,
	    qt__run_hash(key, len), max, NULL);

	assert_int_equal(rc, want != NULL);
	if (want != NULL)
		world_same(&e, want);
	free(own);
}

static void
check_gets(struct world *w, struct qt__run *r)
{
	uint8_t	*other;

	for (size_t i = 0; i < w->count; i++) {
		const struct qt__entry	*e = &w->e[i];

		check_get(w, r, e->key, e->key_len, ALL);
		check_get(w, r, e->key, e->key_len, e->version);
		check_get(w, r, e->key, e->key_len, e->version - 1);
		check_get(w, r, e->key, e->key_len - (e->key_len > 1), ALL);
		other = world_bytes(w, 1 + i % 9, 3);
		check_get(w, r, other, 1 + i % 9, ALL);
		free(other);
	}
}

static void
check_order(struct world *w, struct qt__run *r)
{
	struct qt__cursor	*c;
	int			 rc;

	assert_int_equal(qt__run_cursor(r, &c, NULL), 0);
	assert_int_equal(c->ops->next(c), 0);
	assert_int_equal(c->ops->prev(c), 0);
	rc = c->ops->seek(c, "", 0);
	for (size_t i = 0; i < w->count; i++) {
		assert_int_equal(rc, 1);
		world_same(&c->entry, &w->e[i]);
		rc = c->ops->next(c);
	}
	assert_int_equal(rc, 0);
	assert_int_equal(c->ops->next(c), 0);
	rc = c->ops->seek_before(c, NULL, 0);
	for (size_t i = w->count; i-- > 0; ) {
		assert_int_equal(rc, 1);
		world_same(&c->entry, &w->e[i]);
		rc = c->ops->prev(c);
	}
	assert_int_equal(rc, 0);
	c->ops->close(c);
}

/* Goes to a key, and then some steps to and fro. */
static void
check_walk(struct world *w, struct qt__cursor *c, const void *key, size_t len)
{
	size_t	at = model_seek(w, key, len);
	int	rc = c->ops->seek(c, key, len);

	for (int i = 0; i < 5 && rc == 1; i++) {
		world_same(&c->entry, &w->e[at]);
		if (world_random(w) % 3 != 0) {
			rc = c->ops->next(c);
			at++;
		} else {
			rc = c->ops->prev(c);
			at--;
		}
	}
	assert_int_equal(rc, at < w->count);
	at = model_seek(w, key, len);
	rc = c->ops->seek_before(c, key, len);
	assert_int_equal(rc, at > 0);
	if (rc > 0)
		world_same(&c->entry, &w->e[at - 1]);
}

static void
check_seeks(struct world *w, struct qt__run *r)
{
	struct qt__cursor	*c;
	uint8_t			*other;

	assert_int_equal(qt__run_cursor(r, &c, NULL), 0);
	for (size_t i = 0; i < w->count; i += 3) {
		check_walk(w, c, w->e[i].key, w->e[i].key_len);
		other = world_bytes(w, 1 + i % 9, 5);
		check_walk(w, c, other, 1 + i % 9);
		free(other);
	}
	check_walk(w, c, "\377\377", 2);
	check_walk(w, c, "", 1);
	c->ops->close(c);
}

static void
check_info(const struct world *w, const struct qt__run_info *info)
{
	struct qt__run_info	sum = { .min_version = ALL };

	for (size_t i = 0; i < w->count; i++) {
		sum.dels += w->e[i].flags & QT__DEL;
		sum.raw_bytes += w->e[i].key_len + w->e[i].value_len;
		if (w->e[i].version < sum.min_version)
			sum.min_version = w->e[i].version;
		if (w->e[i].version > sum.max_version)
			sum.max_version = w->e[i].version;
	}
	assert_int_equal(info->records, w->count);
	assert_int_equal(info->dels, sum.dels);
	assert_int_equal(info->raw_bytes, sum.raw_bytes);
	assert_int_equal(info->min_version, w->count > 0 ? sum.min_version : 0);
	assert_int_equal(info->max_version, sum.max_version);
}

/* Writes what is in the world, reads it in all ways. */
static void
check_all(struct world *w, uint32_t level, uint32_t block_size,
    unsigned int flags)
{
	struct qt__run_info	 info, again;
	struct qt__run		*r;

	world_write(w, 7, level, block_size, &info);
	check_info(w, &info);
	assert_int_equal(qt__run_open(&r, w->dirfd, 7, flags, NULL, NULL), 0);
	qt__run_describe(r, &again);
	assert_memory_equal(&info, &again, sizeof(info));
	check_gets(w, r);
	check_order(w, r);
	check_seeks(w, r);
	qt__run_close(r);
}

QT_TEST(a_run_holds_what_was_written_whatever_the_keys_are)
{
	static const struct {
		size_t		count, key_max;
		unsigned int	letters;
		uint32_t	block_size;
	} cases[] = {
		{ 1, 1, 1, 0 }, { 17, 3, 2, 0 }, { 300, 3, 2, 256 },
		{ 500, 40, 2, 0 }, { 400, 20, 7, 300 }, { 300, 600, 2, 1024 },
		{ 30, 4000, 3, 256 },
	};
	struct world	w;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		world_open(&w, i);
		world_fill(&w, cases[i].count, cases[i].key_max,
		    cases[i].letters);
		check_all(&w, 0, cases[i].block_size, 0);
		check_all(&w, 0, cases[i].block_size, QT__RUN_VERIFY);
		check_all(&w, 1, cases[i].block_size, 0);
		check_all(&w, 9, cases[i].block_size, QT__RUN_VERIFY);
		world_close(&w);
	}
}

QT_TEST(versions_of_one_key_go_on_over_many_blocks)
{
	struct world	w;

	(void)state;
	world_open(&w, 1);
	for (int i = 0; i < 200; i++)
		world_add(&w, 3, 60, 1);
	for (int i = 0; i < 30; i++)
		world_add(&w, 2 + (size_t)i % 3, 60, 2);
	qsort(w.e, w.count, sizeof(*w.e), world_order);
	check_all(&w, 0, 256, 0);
	world_close(&w);
}

QT_TEST(keys_of_the_greatest_bytes_are_found)
{
	struct world	w;

	(void)state;
	world_open(&w, 8);
	for (size_t i = 0; i < 120; i++) {
		struct qt__entry *e = world_add(&w, 1 + i % 40, 30, 2);

		memset((void *)e->key, 0xff, e->key_len);
		if (i % 3 == 0)
			((uint8_t *)e->key)[e->key_len - 1] = (uint8_t)i;
	}
	qsort(w.e, w.count, sizeof(*w.e), world_order);
	check_all(&w, 0, 256, 0);
	world_close(&w);
}

QT_TEST(what_is_hardly_different_is_told_apart)
{
	struct world	w;

	(void)state;
	world_open(&w, 9);
	for (size_t i = 0; i < 200; i++) {
		struct qt__entry *e = world_add(&w, 3 + i % 20, 20, 1);

		/* Zeros, which also fill prefixes in the index. */
		((uint8_t *)e->key)[i % e->key_len] = (uint8_t)(i % 5);
	}
	qsort(w.e, w.count, sizeof(*w.e), world_order);
	check_all(&w, 0, 256, 0);
	world_close(&w);
}

QT_TEST(a_run_may_be_empty)
{
	struct world	w;

	(void)state;
	world_open(&w, 1);
	check_all(&w, 0, 0, QT__RUN_VERIFY);
	check_all(&w, 5, 0, 0);
	world_close(&w);
}

QT_TEST(the_longest_key_and_a_large_value_fit)
{
	struct world	w;

	(void)state;
	world_open(&w, 2);
	world_add(&w, QT_STORE_KEY_MAX, 10, 1);
	world_add(&w, QT_STORE_KEY_MAX, 10, 2);
	world_add(&w, QT_STORE_KEY_MAX - 1, 70000, 1);
	world_add(&w, 5, 3 << 20, 250);
	world_add(&w, 6, 10, 250);
	qsort(w.e, w.count, sizeof(*w.e), world_order);
	check_all(&w, 0, 0, 0);
	check_all(&w, 6, 32768, 0);
	world_close(&w);
}

QT_TEST(records_that_are_alike_are_deflated)
{
	struct qt__run_info	plain, deflated;
	struct world		w;

	(void)state;
	world_open(&w, 3);
	for (int i = 0; i < 500; i++)
		world_add(&w, 16, 100, 2);
	qsort(w.e, w.count, sizeof(*w.e), world_order);
	world_write(&w, 1, 0, 0, &plain);
	world_write(&w, 2, 6, 0, &deflated);
	assert_true(deflated.size < plain.size / 2);
	world_close(&w);
}

QT_TEST(records_out_of_order_are_refused)
{
	struct qt__run_options	 o = { .level = 0 };
	struct qt__run_writer	*out;
	struct qt__run_info	 info;
	struct qt_err		 err = QT_ERR_INIT;
	struct world		 w;

	(void)state;
	world_open(&w, 4);
	world_fill(&w, 20, 10, 3);
	for (size_t i = 1; i < 3; i++) {
		assert_int_equal(qt__run_create(&out, w.dirfd, 1, &o, NULL),
		    0);
		assert_int_equal(qt__run_add(out, &w.e[i], NULL), 0);
		assert_int_equal(qt__run_add(out, &w.e[1], &err),
		    -QT_ECORRUPT);
		assert_non_null(strstr(err.text, "000000000001.run"));
		/* Nothing good comes of it any more. */
		assert_int_equal(qt__run_add(out, &w.e[9], NULL),
		    -QT_ECORRUPT);
		assert_int_equal(qt__run_finish(out, &info, NULL),
		    -QT_ECORRUPT);
		assert_int_equal(faccessat(w.dirfd, "000000000001.run", F_OK,
		    0), -1);
	}
	world_close(&w);
}

QT_TEST(a_run_is_opened_under_its_own_number_only)
{
	struct qt_err		err = QT_ERR_INIT;
	struct qt__run_info	info;
	struct qt__run		*r;
	struct world		w;

	(void)state;
	world_open(&w, 5);
	world_fill(&w, 20, 10, 3);
	world_write(&w, 1, 0, 0, &info);
	assert_int_equal(renameat(w.dirfd, "000000000001.run", w.dirfd,
	    "000000000002.run"), 0);
	assert_int_equal(qt__run_open(&r, w.dirfd, 1, 0, NULL, &err), -ENOENT);
	assert_null(r);
	assert_int_equal(qt__run_open(&r, w.dirfd, 2, 0, NULL, &err),
	    -QT_ECORRUPT);
	assert_null(r);
	assert_non_null(strstr(err.text, "number"));
	world_close(&w);
}

struct reader {
	const struct world *w;
	struct qt__run	*r;
	size_t		 wrong;
};

static void *
read_in_thread(void *arg)
{
	struct reader		*t = arg;
	struct qt__entry	 e;
	void			*own;

	for (size_t i = 0; i < t->w->count; i++) {
		const struct qt__entry	*want = &t->w->e[i];
		int			 rc = qt__run_get(t->r, &e, &own,
		    want->key, want->key_len, qt__run_hash(want->key,
		    want->key_len), want->version, NULL);

		t->wrong += rc != 1 || e.version != want->version;
		free(own);
	}
	return NULL;
}

QT_TEST(threads_read_one_open_run_at_once)
{
	struct qt__run_info	info;
	struct reader		t[3];
	pthread_t		thread[3];
	struct qt__run		*r;
	struct world		w;

	(void)state;
	world_open(&w, 6);
	world_fill(&w, 1000, 10, 3);
	world_write(&w, 1, 1, 0, &info);
	assert_int_equal(qt__run_open(&r, w.dirfd, 1, QT__RUN_VERIFY, NULL,
	    NULL), 0);
	for (int i = 0; i < 3; i++) {
		t[i] = (struct reader) { .w = &w, .r = r };
		assert_int_equal(pthread_create(&thread[i], NULL,
		    read_in_thread, &t[i]), 0);
	}
	for (int i = 0; i < 3; i++) {
		assert_int_equal(pthread_join(thread[i], NULL), 0);
		assert_int_equal(t[i].wrong, 0);
	}
	qt__run_close(r);
	world_close(&w);
}

QT_TEST(the_hash_is_xxh64)
{
	/* As other implementations have it. */
	static const struct {
		const char	*text;
		uint64_t	 hash;
	} cases[] = {
		{ "", UINT64_C(0xef46db3751d8e999) },
		{ "a", UINT64_C(0xd24ec4f1a98c6e5b) },
		{ "abc", UINT64_C(0x44bc2cf5ad770999) },
		{ "Nobody inspects the spammish repetition",
		    UINT64_C(0xfbcea83c8a378bf1) },
	};

	(void)state;
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(qt__run_hash(cases[i].text,
		    strlen(cases[i].text)), cases[i].hash);
}

QT_TEST(blocks_that_a_get_inflates_stay_in_the_cache)
{
	struct qt__block_cache	*cache;
	struct qt__run_info	 info;
	struct qt__cursor	*c;
	struct qt__run		*r;
	struct world		 w;
	uint64_t		 hits, misses, bytes;

	(void)state;
	world_open(&w, 10);
	world_fill(&w, 300, 10, 3);
	world_write(&w, 1, 6, 0, &info);
	assert_int_equal(qt__cache_new(&cache, 1 << 20), 0);
	assert_int_equal(qt__run_open(&r, w.dirfd, 1, QT__RUN_VERIFY, cache,
	    NULL), 0);
	/* A scan leaves nothing there. */
	check_order(&w, r);
	qt__cache_stat(cache, &hits, &misses, &bytes);
	assert_int_equal(bytes, 0);
	check_gets(&w, r);
	qt__cache_stat(cache, &hits, &misses, &bytes);
	assert_in_range(misses, r->index.count, 2 * r->index.count);
	assert_true(hits > w.count);
	assert_true(bytes > 0);
	assert_int_equal(qt__run_cursor(r, &c, NULL), 0);
	check_walk(&w, c, "k", 1);
	c->ops->close(c);
	qt__run_close(r);
	qt__cache_free(cache);
	world_close(&w);
}
