/* SPDX-License-Identifier: Apache-2.0 */
/* Maps: what is put is got, and nothing else, by many at once and when full. */

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>

#include <qt/shm/map.h>

#include "../../../libcommon/shm/map_priv.h"

#include "../test.h"
#include "shm_test.h"

static const struct qt_map_spec	bytes = { .key_max = 24, .value_max = 40,
    .capacity = 100 };

static struct qt_map *
map_with(struct qt_seg *seg, const char *name, const struct qt_map_spec *spec)
{
	struct qt_map	*m = NULL;
	struct qt_err	 err = QT_ERR_INIT;

	if (qt_map_create(seg, name, spec, &err) < 0 ||
	    qt_map_open(seg, name, NULL, NULL, &m, &err) < 0)
		fail_msg("%s", err.text);
	return m;
}

static int
put(struct qt_map *m, const char *key, const char *value)
{
	return qt_map_put(m, key, strlen(key), value, strlen(value));
}

static const char *
get(const struct qt_map *m, const char *key)
{
	static char	value[64];
	ssize_t		len = qt_map_get(m, key, strlen(key), value, 63);

	if (len == -ENOENT)
		return NULL;
	assert_true(len >= 0 && len < 64);
	value[len] = '\0';
	return value;
}

static void
check_sound(struct qt_seg *seg, struct qt_map *m)
{
	for (uint32_t at = 1; at <= m->hash.node_count; at++) {
		uint32_t	state = qt__owner_state(qt__hash_node(&m->hash,
		    at)->word);

		assert_true(state == QT__NODE_FREE || state == QT__NODE_LIVE);
	}
	assert_int_equal(qt_obj_fsck(seg, 0, NULL, NULL), 0);
}

QT_TEST(what_is_put_is_got_until_it_is_replaced_or_deleted)
{
	struct qt_seg	*seg = test_seg();
	struct qt_map	*m = map_with(seg, "m", &bytes);

	(void)state;
	assert_int_equal(put(m, "key", "one"), 0);
	assert_int_equal(put(m, "other key of 20 byte", ""), 0);
	assert_string_equal(get(m, "key"), "one");
	assert_string_equal(get(m, "other key of 20 byte"), "");
	assert_null(get(m, "ke"));
	assert_int_equal(put(m, "key", "another value, a longer one"), 1);
	assert_string_equal(get(m, "key"), "another value, a longer one");
	assert_int_equal(qt_map_count(m), 2);
	assert_int_equal(qt_map_has(m, "key", 3), 1);
	assert_int_equal(qt_map_del(m, "key", 3), 0);
	assert_int_equal(qt_map_del(m, "key", 3), -ENOENT);
	assert_int_equal(qt_map_has(m, "key", 3), 0);
	assert_int_equal(qt_map_count(m), 1);
	check_sound(seg, m);
	qt_map_close(m);
	qt_seg_close(seg);
}

QT_TEST(a_put_may_ask_for_what_was_there)
{
	struct qt_seg	*seg = test_seg();
	struct qt_map	*m = map_with(seg, "m", &bytes);

	(void)state;
	assert_int_equal(qt_map_put_old(m, "k", 1, "a", 1), -ENOENT);
	assert_int_equal(qt_map_put_new(m, "k", 1, "a", 1), 0);
	assert_int_equal(qt_map_put_new(m, "k", 1, "b", 1), -EEXIST);
	assert_int_equal(qt_map_put_old(m, "k", 1, "a longer one", 12), 0);
	assert_int_equal(qt_map_cas(m, "k", 1, "a longer on", 11, "c", 1), 0);
	assert_int_equal(qt_map_cas(m, "k", 1, "a longer onE", 12, "c", 1), 0);
	assert_int_equal(qt_map_cas(m, "k", 1, "a longer one", 12, "c", 1), 1);
	assert_int_equal(qt_map_cas(m, "l", 1, "c", 1, "d", 1), -ENOENT);
	assert_string_equal(get(m, "k"), "c");
	check_sound(seg, m);
	qt_map_close(m);
	qt_seg_close(seg);
}

QT_TEST(numbers_are_added_as_their_type_says)
{
	struct qt_seg		*seg = test_seg();
	struct qt_map_spec	 spec = { .key_dtype = "<u4", .dtype = "i1",
	    .capacity = 8 };
	struct qt_map		*m = map_with(seg, "m", &spec);
	struct qt_map		*b = map_with(seg, "b", &bytes);
	uint32_t		 key = 7;
	int64_t			 sum;

	(void)state;
	assert_int_equal(qt_map_add(m, &key, 4, 100, &sum), 0);
	assert_int_equal(sum, 100);
	assert_int_equal(qt_map_add(m, &key, 4, 100, &sum), 0);
	assert_int_equal(sum, -56);
	assert_int_equal(qt_map_add(m, &key, 3, 1, NULL), -EINVAL);
	assert_int_equal(qt_map_add(b, "n", 1, INT64_MIN, &sum), 0);
	assert_int_equal(qt_map_add(b, "n", 1, -1, &sum), 0);
	assert_true(sum == INT64_MAX);
	assert_int_equal(put(b, "text", "four"), 0);
	assert_int_equal(qt_map_add(b, "text", 4, 1, NULL), -EINVAL);
	assert_int_equal(qt_map_count(m), 1);
	qt_map_close(m);
	qt_map_close(b);
	qt_seg_close(seg);
}

QT_TEST(lengths_and_types_that_do_not_match_are_refused)
{
	struct qt_seg		*seg = test_seg();
	struct qt_seg		*reader = test_join(seg, QT_SEG_RDONLY);
	struct qt_map_spec	 spec = { .key_dtype = "<u4", .dtype = "<f8",
	    .capacity = 8 }, none = { .key_max = 8 };
	struct qt_map		*m = map_with(seg, "m", &spec), *r;
	struct qt_err		 err = QT_ERR_INIT;
	char			 long_text[64] = { 0 };
	uint32_t		 key = 7;

	(void)state;
	assert_int_equal(qt_map_put(m, &key, 3, long_text, 8), -EINVAL);
	assert_int_equal(qt_map_put(m, &key, 5, long_text, 8), -EINVAL);
	assert_int_equal(qt_map_put(m, &key, 4, long_text, 9), -EINVAL);
	assert_int_equal(qt_map_add(m, &key, 4, 1, NULL), -EINVAL);
	assert_int_equal(qt_map_get(m, &key, 0, NULL, 0), -EINVAL);
	assert_int_equal(qt_map_put(m, &key, 4, long_text, 8), 0);
	assert_int_equal(qt_map_open(seg, "m", "<u4", "<f4", &r, &err),
	    -EINVAL);
	assert_string_equal(err.text, "open map 'm': its values are '<f8', "
	    "not '<f4'");
	assert_int_equal(qt_map_open(seg, "m", "S4", NULL, &r, NULL), -EINVAL);
	assert_int_equal(qt_map_create(seg, "n", &none, &err), -EINVAL);
	none.capacity = UINT64_C(1) << 40;
	assert_int_equal(qt_map_create(seg, "n", &none, &err), -EINVAL);
	none.capacity = UINT64_C(1) << 30;
	assert_int_equal(qt_map_create(seg, "n", &none, &err), -ENOMEM);
	assert_int_equal(qt_map_open(reader, "m", "u4", "f8", &r, NULL), 0);
	assert_int_equal(qt_map_get(r, &key, 4, long_text, 8), 8);
	assert_int_equal(qt_map_put(r, &key, 4, long_text, 8), -EACCES);
	assert_int_equal(qt_map_del(r, &key, 4), -EACCES);
	assert_int_equal(qt_map_clear(r), -EACCES);
	assert_int_equal(qt_map_count(r), 1);
	qt_map_close(r);
	qt_map_close(m);
	qt_seg_close(reader);
	qt_seg_close(seg);
}

QT_TEST(a_full_map_refuses_new_keys_and_replaces_old_ones)
{
	struct qt_seg	*seg = test_seg();
	struct qt_map	*m = map_with(seg, "m", &bytes);
	int		 i, lap;

	(void)state;
	for (lap = 0; lap < 3; lap++) {
		for (i = 0; i < 100; i++)
			assert_int_equal(qt_map_put(m, &i, 4, &lap, 4), 0);
		assert_int_equal(qt_map_put(m, &i, 4, &lap, 4), -QT_EFULL);
		assert_int_equal(qt_map_put_new(m, &i, 4, &lap, 4),
		    -QT_EFULL);
		for (i = 0; i < 100; i++)
			assert_int_equal(qt_map_put(m, &i, 4, &i, 4), 1);
		i = 50;
		assert_int_equal(qt_map_del(m, &i, 4), 0);
		assert_int_equal(qt_map_put(m, &i, 4, &lap, 4), 0);
		assert_int_equal(qt_map_count(m), 100);
		check_sound(seg, m);
		assert_int_equal(qt_map_clear(m), 100);
		assert_int_equal(qt_map_count(m), 0);
		check_sound(seg, m);
	}
	qt_map_close(m);
	qt_seg_close(seg);
}

QT_TEST(going_through_a_map_sees_each_entry_once)
{
	struct qt_seg	*seg = test_seg();
	struct qt_map	*m = map_with(seg, "m", &bytes);
	int		 seen[100] = { 0 }, i, value;
	char		 key[24];
	size_t		 key_len = 0, len;

	(void)state;
	assert_int_equal(qt_map_next(m, key, &key_len, NULL, 0, NULL), 0);
	for (i = 0; i < 100; i++)
		assert_int_equal(qt_map_put(m, &i, 4, &i, 4), 0);
	while (qt_map_next(m, key, &key_len, &value, 4, &len) > 0) {
		assert_int_equal(key_len, 4);
		assert_int_equal(len, 4);
		assert_memory_equal(key, &value, 4);
		assert_true(value >= 0 && value < 100);
		seen[value]++;
		/* What is deleted under it, and put again, does not stop it. */
		assert_int_equal(qt_map_del(m, key, 4), 0);
		if (value % 2 == 0)
			assert_int_equal(qt_map_put(m, key, 4, &value, 4), 0);
	}
	for (i = 0; i < 100; i++)
		assert_int_equal(seen[i], 1);
	assert_int_equal(qt_map_count(m), 50);
	qt_map_close(m);
	qt_seg_close(seg);
}

QT_TEST(a_thousand_maps_one_after_the_other_lose_no_space)
{
	struct qt_seg	*seg = test_seg();
	uint64_t	 used = 0;

	(void)state;
	for (int i = 0; i < 1000; i++) {
		struct qt_map	*m = map_with(seg, "m", &bytes);

		assert_int_equal(put(m, "k", "v"), 0);
		qt_map_close(m);
		assert_int_equal(qt_obj_erase(seg, "m", NULL), 0);
		if (i == 0)
			used = qt_seg_used(seg);
	}
	assert_int_equal(qt_seg_used(seg), used);
	assert_int_equal(qt_seg_fsck(seg, NULL), 0);
	qt_seg_close(seg);
}

/* --- Many at once --------------------------------------------------------- */

#define THREADS	4
#define TURNS	3000

struct crowd {
	struct qt_map	*m;
	_Atomic int	 next, bad;
};

/* Values are three times one number: torn ones are not. */
static void
turn(struct crowd *c, unsigned int *seed)
{
	int		 r = rand_r(seed), key = r >> 4 & 15;
	uint64_t	 v[3] = { (uint64_t)r, (uint64_t)r, (uint64_t)r };
	ssize_t		 len;

	switch (r & 7) {
	case 0: case 1:
		if (qt_map_put(c->m, &key, 4, v, sizeof(v)) < 0)
			atomic_fetch_add(&c->bad, 1);
		break;
	case 2:
		(void)qt_map_put_new(c->m, &key, 4, v, sizeof(v));
		break;
	case 3: case 4:
		(void)qt_map_del(c->m, &key, 4);
		break;
	case 5:
		if (qt_map_add(c->m, "sum", 3, 1, NULL) < 0)
			atomic_fetch_add(&c->bad, 1);
		break;
	default:
		len = qt_map_get(c->m, &key, 4, v, sizeof(v));
		if (len != -ENOENT && (len != sizeof(v) || v[0] != v[1] ||
		    v[1] != v[2]))
			atomic_fetch_add(&c->bad, 1);
	}
}

static void *
work(void *arg)
{
	struct crowd	*c = arg;
	unsigned int	 seed = (unsigned int)atomic_fetch_add(&c->next, 1);

	for (int i = 0; i < TURNS; i++)
		turn(c, &seed);
	return NULL;
}

static int64_t
adds_of(unsigned int seed)
{
	int64_t	n = 0;

	for (int i = 0; i < TURNS; i++)
		n += (rand_r(&seed) & 7) == 5;
	return n;
}

QT_TEST(threads_see_whole_values_and_lose_no_sum)
{
	struct qt_seg	*seg = test_seg();
	struct crowd	 c = { .m = map_with(seg, "m", &bytes) };
	pthread_t	 thread[THREADS];
	char		 key[24];
	size_t		 len = 0;
	int64_t		 sum = 0, want = 0;
	uint64_t	 count = 0;

	(void)state;
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, work, &c),
		    0);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(thread[i], NULL), 0);
	for (unsigned int i = 0; i < THREADS; i++)
		want += adds_of(i);
	assert_int_equal(c.bad, 0);
	assert_int_equal(qt_map_get(c.m, "sum", 3, &sum, 8), 8);
	assert_int_equal(sum, want);
	while (qt_map_next(c.m, key, &len, NULL, 0, NULL) > 0)
		count++;
	assert_int_equal(qt_map_count(c.m), count);
	check_sound(seg, c.m);
	qt_map_close(c.m);
	qt_seg_close(seg);
}

/* --- Damage --------------------------------------------------------------- */

static void
try_everything(struct qt_seg *seg, struct qt_map *m)
{
	unsigned char	key[24], value[40] = { 1 };
	size_t		key_len = 0, len;
	int		rounds = 0;

	for (int k = 0; k < 24; k++) {
		(void)qt_map_get(m, &k, 4, value, sizeof(value));
		(void)qt_map_put(m, &k, 4, value, (size_t)k);
		(void)qt_map_cas(m, &k, 4, value, (size_t)k, value, 3);
		(void)qt_map_add(m, &k, 4, 1, NULL);
		if (k % 3 == 0)
			(void)qt_map_del(m, &k, 4);
	}
	while (qt_map_next(m, key, &key_len, value, sizeof(value), &len) > 0)
		assert_true(rounds++ < 2000);
	(void)qt_obj_fsck(seg, 0, NULL, NULL);
	qt__hash_sweep(&m->hash, qt__obj_self(&m->obj));
	(void)qt_map_count(m);
	(void)qt_map_clear(m);
}

QT_TEST(damaged_words_are_errors_and_nothing_worse)
{
	struct qt_seg		*seg = test_seg();
	struct qt_map_spec	 spec = { .key_max = 24, .value_max = 40,
	    .capacity = 16 };
	unsigned int		 seed = 1;

	(void)state;
	for (int round = 0; round < 300; round++) {
		struct qt_map	*m = map_with(seg, "m", &spec);
		uint64_t	 words = (m->obj.size - QT__OBJ_BODY) / 8;
		uint64_t	*body = (void *)(m->obj.base + QT__OBJ_BODY);

		for (int k = 0; k < 16; k++)
			assert_int_equal(qt_map_put(m, &k, 4, &k, 4), 0);
		for (int i = 0; i < 1 + round % 64; i++) {
			uint64_t	r = (uint64_t)rand_r(&seed);
			uint64_t	*at = &body[r % words];

			/* Links to what is there are the worst. */
			*at = i % 3 == 0 ? *at ^ r : i % 3 == 1 ?
			    *at ^ (UINT64_C(1) << r % 64) :
			    (*at >> 32 << 32) | r % 24;
		}
		try_everything(seg, m);
		try_everything(seg, m);
		qt_map_close(m);
		assert_int_equal(qt_obj_erase(seg, "m", NULL), 0);
	}
	qt_seg_close(seg);
}
