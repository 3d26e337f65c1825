/* SPDX-License-Identifier: Apache-2.0 */
/* Caches: what is used stays, what is there is right, within its bytes. */

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>

#include <qt/shm/cache.h>

#include "../../../libcommon/shm/cache_priv.h"

#include "../test.h"
#include "shm_test.h"

/* 64 participants' spare units and some 200 more. */
static const struct qt_cache_spec	small = { .bytes = 200u << 10,
    .key_max = 16, .value_max = 4000 };

static struct qt_cache *
cache_with(struct qt_seg *seg, const struct qt_cache_spec *spec)
{
	struct qt_cache	*c = NULL;
	struct qt_err	 err = QT_ERR_INIT;

	if (qt_cache_create(seg, "c", spec, &err) < 0 ||
	    qt_cache_open(seg, "c", &c, &err) < 0)
		fail_msg("%s", err.text);
	return c;
}

/* Bytes that say which key they are of and how many they are. */
static void
fill(unsigned char *value, uint32_t key, uint32_t len)
{
	for (uint32_t i = 0; i < len; i++)
		value[i] = (unsigned char)(key * 31 + len * 7 + i * i);
}

static int
put(struct qt_cache *c, uint32_t key, uint32_t len, uint64_t now, uint64_t ttl)
{
	unsigned char	value[4096];

	fill(value, key, len);
	return qt_cache_put(c, &key, sizeof(key), value, len, now, ttl);
}

/* 1 when it is there and right, 0 not there, -1 wrong. */
static int
get(struct qt_cache *c, uint32_t key, uint64_t now)
{
	unsigned char	value[4096], want[4096];
	ssize_t		len = qt_cache_get(c, &key, sizeof(key), value,
	    sizeof(value), now);

	if (len == -ENOENT)
		return 0;
	if (len < 0)
		return -1;
	fill(want, key, (uint32_t)len);
	return memcmp(value, want, (size_t)len) == 0 ? 1 : -1;
}

static void
check_sound(struct qt_seg *seg, struct qt_cache *c)
{
	uint32_t	state, parts = 0, need = 0;

	for (uint32_t at = 1; at <= c->hash.node_count; at++) {
		struct qt__node	*n = qt__hash_node(&c->hash, at);

		state = qt__owner_state(n->word);
		assert_true(state == QT__NODE_FREE ||
		    state == QT__NODE_LIVE || state == QT__NODE_PART);
		parts += state == QT__NODE_PART;
		if (state == QT__NODE_LIVE)
			need += qt__cache_units(c, (uint32_t)(n->lens >> 32)) -
			    1;
	}
	assert_int_equal(parts, need);
	assert_int_equal(qt_obj_fsck(seg, 0, NULL, NULL), 0);
}

QT_TEST(values_of_any_length_come_back_whole)
{
	struct qt_seg	*seg = test_seg();
	struct qt_cache	*c = cache_with(seg, &small);
	char		 part[3] = "..";

	(void)state;
	for (uint32_t len = 0; len <= 4000; len += len < 600 ? 1 : 97) {
		assert_int_equal(put(c, 1, len, 0, 0), len != 0);
		assert_int_equal(get(c, 1, 0), 1);
	}
	assert_int_equal(put(c, 1, 4001, 0, 0), -EINVAL);
	assert_int_equal(qt_cache_put(c, "abc", 3, "value", 5, 0, 0), 0);
	assert_int_equal(qt_cache_get(c, "abc", 3, part, 2, 0), 5);
	assert_string_equal(part, "va");
	assert_int_equal(qt_cache_get(c, "ab", 2, part, 2, 0), -ENOENT);
	assert_int_equal(qt_cache_del(c, "abc", 3), 0);
	assert_int_equal(qt_cache_del(c, "abc", 3), -ENOENT);
	check_sound(seg, c);
	qt_cache_close(c);
	qt_seg_close(seg);
}

QT_TEST(it_never_uses_more_bytes_and_never_refuses)
{
	struct qt_seg		*seg = test_seg();
	struct qt_cache		*c = cache_with(seg, &small);
	struct qt_obj_stat	 st;
	struct qt_cache_counts	 n;
	unsigned int		 seed = 3;

	(void)state;
	assert_int_equal(qt_obj_stat(seg, "c", &st, NULL), 0);
	assert_true(st.size <= small.bytes && st.size > small.bytes / 2);
	for (uint32_t i = 0; i < 20000; i++) {
		int	len = rand_r(&seed) % 4000;

		if (i % 2 == 0)
			len %= 100;
		assert_true(put(c, i % 3000, (uint32_t)len, 0, 0) >= 0);
		assert_true(get(c, (uint32_t)rand_r(&seed) % 3000, 0) >= 0);
		if (i % 1000 == 0)
			check_sound(seg, c);
	}
	check_sound(seg, c);
	qt_cache_counts(c, &n);
	assert_int_equal(n.puts, 20000);
	assert_int_equal(n.refused, 0);
	assert_int_equal(n.hits + n.misses, 20000);
	assert_true(n.hits > 100 && n.evictions > 1000);
	assert_true(qt_cache_clear(c) > 0);
	assert_int_equal(qt_cache_count(c), 0);
	check_sound(seg, c);
	qt_cache_close(c);
	qt_seg_close(seg);
}

QT_TEST(what_is_used_stays_while_much_comes_by_once)
{
	struct qt_seg	*seg = test_seg();
	struct qt_cache	*c = cache_with(seg, &small);
	uint32_t	 hot, i, kept = 0;

	(void)state;
	for (hot = 0; hot < 100; hot++) {
		assert_int_equal(put(c, hot, 100, 0, 0), 0);
		assert_int_equal(get(c, hot, 0), 1);
	}
	/* Ten caches full of what nobody asks for, one use in 50 puts. */
	for (i = 0; i < 6000; i++) {
		assert_int_equal(put(c, 1000 + i, 100, 0, 0), 0);
		if (i % 5 == 0)
			(void)get(c, i / 5 % 100, 0);
	}
	for (hot = 0; hot < 100; hot++)
		kept += get(c, hot, 0) == 1;
	assert_true(kept >= 95);
	qt_cache_close(c);
	qt_seg_close(seg);
}

QT_TEST(time_takes_entries_out_and_may_go_back)
{
	struct qt_seg		*seg = test_seg();
	struct qt_cache		*c = cache_with(seg, &small);
	struct qt_cache_counts	 n;
	uint32_t		 key = 1;
	size_t			 len = 0;

	(void)state;
	assert_int_equal(put(c, 1, 10, 1000, 50), 0);
	assert_int_equal(put(c, 2, 10, 1000, 0), 0);
	assert_int_equal(put(c, 3, 10, 1000, 50), 0);
	assert_int_equal(get(c, 1, 1049), 1);
	assert_int_equal(get(c, 1, 5), 1);	/* it went back */
	assert_int_equal(qt_cache_touch(c, &key, 4, 1049, 100), 0);
	assert_int_equal(get(c, 1, 1148), 1);
	assert_int_equal(get(c, 1, 1149), 0);
	assert_int_equal(qt_cache_touch(c, &key, 4, 1149, 100), -ENOENT);
	assert_int_equal(get(c, 2, UINT64_MAX), 1);
	assert_int_equal(qt_cache_count(c), 2);
	assert_int_equal(qt_cache_next(c, &key, &len, NULL, 0, NULL, 2000),
	    1);
	assert_int_equal(key, 2);
	/* One whose time has passed is no old value to a put. */
	assert_int_equal(put(c, 3, 10, 2000, UINT64_MAX), 0);
	assert_int_equal(get(c, 3, UINT64_MAX / 2), 0);
	qt_cache_counts(c, &n);
	assert_int_equal(n.expired, 2);
	assert_int_equal(n.hits, 4);
	assert_int_equal(n.misses, 2);
	qt_cache_close(c);
	qt_seg_close(seg);
}

QT_TEST(what_makes_no_sense_is_refused)
{
	struct qt_seg		*seg = test_seg();
	struct qt_seg		*reader = test_join(seg, QT_SEG_RDONLY);
	struct qt_cache_spec	 bad[] = {
		{ .bytes = 1 << 20, .key_max = 0, .value_max = 10 },
		{ .bytes = 1 << 20, .key_max = 2000, .value_max = 10 },
		{ .bytes = 1 << 20, .key_max = 8, .value_max = 1 << 20 },
		{ .bytes = 1 << 20, .key_max = 8, .unit = 100 },
		{ .bytes = 1 << 20, .key_max = 64, .unit = 64 },
		{ .bytes = 1000, .key_max = 8, .value_max = 10 },
		{ .bytes = UINT64_MAX, .key_max = 8, .value_max = 10 },
	};
	struct qt_cache		*c, *r;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(qt_cache_create(seg, "x", &bad[i], NULL),
		    -EINVAL);
	bad[0] = (struct qt_cache_spec){ .bytes = 1 << 30, .key_max = 8 };
	assert_int_equal(qt_cache_create(seg, "x", &bad[0], NULL), -ENOMEM);
	c = cache_with(seg, &small);
	assert_int_equal(put(c, 1, 3000, 0, 0), 0);
	assert_int_equal(qt_cache_open(reader, "c", &r, NULL), 0);
	assert_int_equal(get(r, 1, 0), 1);
	assert_int_equal(put(r, 1, 1, 0, 0), -EACCES);
	assert_int_equal(qt_cache_del(r, "a", 1), -EACCES);
	assert_int_equal(qt_cache_touch(r, "a", 1, 0, 0), -EACCES);
	qt_cache_close(r);
	qt_cache_close(c);
	qt_seg_close(reader);
	qt_seg_close(seg);
}

QT_TEST(a_thousand_caches_one_after_the_other_lose_no_space)
{
	struct qt_seg	*seg = test_seg();
	uint64_t	 used = 0;

	(void)state;
	for (int i = 0; i < 1000; i++) {
		struct qt_cache	*c = cache_with(seg, &small);

		assert_int_equal(put(c, 1, 1000, 0, 0), 0);
		qt_cache_close(c);
		assert_int_equal(qt_obj_erase(seg, "c", NULL), 0);
		if (i == 0)
			used = qt_seg_used(seg);
	}
	assert_int_equal(qt_seg_used(seg), used);
	assert_int_equal(qt_seg_fsck(seg, NULL), 0);
	qt_seg_close(seg);
}

/* --- Many at once --------------------------------------------------------- */

#define THREADS	4

struct crowd {
	struct qt_cache	*c;
	_Atomic int	 next, bad;
};

static void *
work(void *arg)
{
	struct crowd	*w = arg;
	unsigned int	 seed = (unsigned int)atomic_fetch_add(&w->next, 1);

	for (int i = 0; i < 2000; i++) {
		uint32_t	key = (uint32_t)rand_r(&seed) % 300;
		uint32_t	len = (uint32_t)rand_r(&seed) % 2000;
		int		rc = 0;

		switch (rand_r(&seed) % 8) {
		case 0: case 1: case 2:
			rc = put(w->c, key, len, 0, 0);
			break;
		case 3:
			(void)qt_cache_del(w->c, &key, 4);
			break;
		case 4:
			(void)qt_cache_touch(w->c, &key, 4, 0, 10);
			break;
		default:
			rc = get(w->c, key, 0);
		}
		if (rc < 0)
			atomic_fetch_add(&w->bad, 1);
	}
	return NULL;
}

QT_TEST(threads_see_whole_values_while_others_evict_them)
{
	struct qt_seg	*seg = test_seg();
	struct crowd	 w = { .c = cache_with(seg, &small) };
	pthread_t	 thread[THREADS];

	(void)state;
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, work, &w),
		    0);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(thread[i], NULL), 0);
	assert_int_equal(w.bad, 0);
	check_sound(seg, w.c);
	qt_cache_close(w.c);
	qt_seg_close(seg);
}

/* --- Damage --------------------------------------------------------------- */

static void
try_everything(struct qt_seg *seg, struct qt_cache *c)
{
	unsigned char	key[16], value[4096];
	size_t		key_len = 0, len;
	int		rounds = 0;

	for (uint32_t k = 0; k < 40; k++) {
		(void)get(c, k, 0);
		(void)put(c, k, k * 50, 5, k % 3);
		(void)qt_cache_touch(c, &k, 4, 5, 1);
		if (k % 3 == 0)
			(void)qt_cache_del(c, &k, 4);
	}
	while (qt_cache_next(c, key, &key_len, value, sizeof(value), &len,
	    5) > 0)
		assert_true(rounds++ < 5000);
	(void)qt_obj_fsck(seg, 0, NULL, NULL);
	qt__hash_sweep(&c->hash, qt__obj_self(&c->obj));
	qt__cache_sweep_parts(c, qt__obj_self(&c->obj));
	(void)qt_cache_count(c);
}

QT_TEST(damaged_words_are_errors_and_nothing_worse)
{
	struct qt_seg	*seg = test_seg();
	unsigned int	 seed = 1;

	(void)state;
	for (int round = 0; round < 60; round++) {
		struct qt_cache	*c = cache_with(seg, &small);
		uint64_t	 words = (c->obj.size - QT__OBJ_BODY) / 8;
		uint64_t	*body = (void *)(c->obj.base + QT__OBJ_BODY);

		for (uint32_t k = 0; k < 700; k++)
			assert_true(put(c, k, k * 3, 0, 0) >= 0);
		for (int i = 0; i < 50 * (round % 20 + 1); i++) {
			uint64_t	r = (uint64_t)rand_r(&seed);
			uint64_t	*at = &body[r % words];

			*at = i % 3 == 0 ? *at ^ r : i % 3 == 1 ?
			    *at ^ (UINT64_C(1) << r % 64) :
			    (*at >> 32 << 32) | r % 600;
		}
		try_everything(seg, c);
		try_everything(seg, c);
		qt_cache_close(c);
		assert_int_equal(qt_obj_erase(seg, "c", NULL), 0);
	}
	qt_seg_close(seg);
}
