/* SPDX-License-Identifier: Apache-2.0 */
/* Skip lists: a map whose keys have an order. */

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include <qt/shm/skiplist.h>

#include "../../../libcommon/shm/skiplist_priv.h"

#include "../test.h"
#include "shm_test.h"

static const struct qt_skiplist_spec	bytes = { .key_max = 24,
    .value_max = 40, .capacity = 200 };

static struct qt_skiplist *
list_with(struct qt_seg *seg, const struct qt_skiplist_spec *spec)
{
	struct qt_skiplist	*s = NULL;
	struct qt_err		 err = QT_ERR_INIT;

	if (qt_skiplist_create(seg, "s", spec, &err) < 0)
		fail_msg("%s", err.text);
	if (qt_skiplist_open(seg, "s", NULL, NULL, &s, &err) < 0)
		fail_msg("%s", err.text);
	return s;
}

/* Every level is in order, and has only what level 0 has. */
static void
check_sound(struct qt_seg *seg, struct qt_skiplist *s)
{
	unsigned char	key[2][QT_SKIPLIST_KEY_MAX];
	uint32_t	len[2], at, n, below = UINT32_MAX;

	for (uint32_t l = 0; l < s->levels; l++) {
		n = 0;
		for (uint64_t link = s->head[l];
		    (at = qt__link_index(link)) != 0;
		    link = *qt__skip_link(s, at, l), n++) {
			assert_int_equal(qt__link_mark(*qt__skip_link(s, at,
			    0)), QT__MARK_LIVE);
			assert_true(qt__skip_copy_key(s, at, key[n % 2],
			    &len[n % 2]));
			if (n > 0)
				assert_true(qt__skip_compare(s,
				    key[(n - 1) % 2], len[(n - 1) % 2],
				    key[n % 2], len[n % 2]) < 0);
		}
		assert_true(n <= below);
		below = n;
	}
	for (at = 1; at <= s->nodes.node_count; at++) {
		uint32_t	state = qt__owner_state(qt__hash_node(
		    &s->nodes, at)->word);

		assert_true(state == QT__NODE_FREE || state == QT__NODE_LIVE);
	}
	assert_int_equal(qt_obj_fsck(seg, 0, NULL, NULL), 0);
}

QT_TEST(what_is_put_is_got_until_it_is_replaced_or_deleted)
{
	struct qt_seg		*seg = test_seg();
	struct qt_skiplist	*s = list_with(seg, &bytes);
	int			 i, v;

	(void)state;
	for (int lap = 0; lap < 3; lap++) {
		for (i = 0; i < 200; i++) {
			v = i * 7919 % 200;
			assert_int_equal(qt_skiplist_put(s, &v, 4, &v, 4), 0);
		}
		assert_int_equal(qt_skiplist_put(s, &i, 4, &i, 4), -QT_EFULL);
		assert_int_equal(qt_skiplist_count(s), 200);
		i = 5;
		assert_int_equal(qt_skiplist_put_new(s, &i, 4, &i, 4),
		    -EEXIST);
		assert_int_equal(qt_skiplist_put(s, &i, 4, "four", 4), 1);
		assert_int_equal(qt_skiplist_get(s, &i, 4, &v, 4), 4);
		assert_memory_equal(&v, "four", 4);
		check_sound(seg, s);
		for (i = 0; i < 200; i += 2)
			assert_int_equal(qt_skiplist_del(s, &i, 4), 0);
		assert_int_equal(qt_skiplist_del(s, &v, 4), -ENOENT);
		for (i = 0; i < 200; i++)
			assert_int_equal(qt_skiplist_has(s, &i, 4), i % 2);
		check_sound(seg, s);
		assert_int_equal(qt_skiplist_clear(s), 100);
		assert_int_equal(qt_skiplist_count(s), 0);
		check_sound(seg, s);
	}
	qt_skiplist_close(s);
	qt_seg_close(seg);
}

static const char *
seek(struct qt_skiplist *s, enum qt_seek how, const char *key)
{
	static char	out[25];
	size_t		len;

	if (qt_skiplist_seek(s, how, key, strlen(key), out, &len, NULL, 0,
	    NULL) == 0)
		return "-";
	out[len] = '\0';
	return out;
}

QT_TEST(entries_are_found_by_their_order)
{
	struct qt_seg		*seg = test_seg();
	struct qt_skiplist	*s = list_with(seg, &bytes);
	static const char *const words[] = { "b", "ab", "a", "abc", "c",
	    "abb" };
	char			 key[24], all[64] = "";
	size_t			 len = 0;

	(void)state;
	assert_string_equal(seek(s, QT_SEEK_FIRST, ""), "-");
	assert_string_equal(seek(s, QT_SEEK_LAST, ""), "-");
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		assert_int_equal(qt_skiplist_put(s, words[i],
		    strlen(words[i]), NULL, 0), 0);
	assert_string_equal(seek(s, QT_SEEK_FIRST, ""), "a");
	assert_string_equal(seek(s, QT_SEEK_LAST, ""), "c");
	assert_string_equal(seek(s, QT_SEEK_FROM, "ab"), "ab");
	assert_string_equal(seek(s, QT_SEEK_FROM, "aba"), "abb");
	assert_string_equal(seek(s, QT_SEEK_AFTER, "ab"), "abb");
	assert_string_equal(seek(s, QT_SEEK_AFTER, "c"), "-");
	assert_string_equal(seek(s, QT_SEEK_TO, "ab"), "ab");
	assert_string_equal(seek(s, QT_SEEK_TO, "aba"), "ab");
	assert_string_equal(seek(s, QT_SEEK_BEFORE, "ab"), "a");
	assert_string_equal(seek(s, QT_SEEK_BEFORE, "a"), "-");
	while (qt_skiplist_next(s, key, &len, NULL, 0, NULL) > 0) {
		strncat(all, key, len);
		strcat(all, " ");
	}
	len = 0;
	while (qt_skiplist_prev(s, key, &len, NULL, 0, NULL) > 0) {
		strncat(all, key, len);
		strcat(all, " ");
	}
	assert_string_equal(all, "a ab abb abc b c "
	    "c b abc abb ab a ");
	qt_skiplist_close(s);
	qt_seg_close(seg);
}

QT_TEST(numbers_are_ordered_as_numbers)
{
	struct qt_seg			*seg = test_seg();
	struct qt_skiplist_spec		 spec = { .key_dtype = "<i4",
	    .dtype = "f8", .capacity = 100 };
	struct qt_skiplist		*s = list_with(seg, &spec), *other;
	double				 v = 1.5;
	int32_t				 k, last = INT32_MIN;
	size_t				 len = 0, n = 0;

	(void)state;
	for (k = -50; k < 50; k++)
		assert_int_equal(qt_skiplist_put(s, &k, 4, &v, 8), 0);
	while (qt_skiplist_next(s, &k, &len, &v, 8, NULL) > 0) {
		assert_true(k > last);
		last = k;
		n++;
	}
	assert_int_equal(n, 100);
	k = -1000;
	assert_int_equal(qt_skiplist_seek(s, QT_SEEK_FROM, &k, 4, &k, &len,
	    NULL, 0, NULL), 1);
	assert_int_equal(k, -50);
	assert_int_equal(qt_skiplist_put(s, &k, 3, &v, 8), -EINVAL);
	assert_int_equal(qt_skiplist_put(s, &k, 4, &v, 7), -EINVAL);
	assert_int_equal(qt_skiplist_open(seg, "s", "<u4", NULL, &other,
	    NULL), -EINVAL);
	qt_skiplist_close(s);
	qt_seg_close(seg);
}

QT_TEST(readers_may_look_and_not_change)
{
	struct qt_seg		*seg = test_seg();
	struct qt_seg		*reader = test_join(seg, QT_SEG_RDONLY);
	struct qt_skiplist	*s = list_with(seg, &bytes), *r = NULL;

	(void)state;
	assert_int_equal(qt_skiplist_put(s, "a", 1, "x", 1), 0);
	assert_int_equal(qt_skiplist_open(reader, "s", NULL, NULL, &r, NULL),
	    0);
	assert_int_equal(qt_skiplist_has(r, "a", 1), 1);
	assert_int_equal(qt_skiplist_put(r, "a", 1, "x", 1), -EACCES);
	assert_int_equal(qt_skiplist_del(r, "a", 1), -EACCES);
	assert_int_equal(qt_skiplist_clear(r), -EACCES);
	qt_skiplist_close(r);
	qt_skiplist_close(s);
	qt_seg_close(reader);
	qt_seg_close(seg);
}

QT_TEST(a_thousand_lists_one_after_the_other_lose_no_space)
{
	struct qt_seg	*seg = test_seg();
	uint64_t	 used = 0;

	(void)state;
	for (int i = 0; i < 1000; i++) {
		struct qt_skiplist	*s = list_with(seg, &bytes);

		assert_int_equal(qt_skiplist_put(s, "k", 1, "v", 1), 0);
		qt_skiplist_close(s);
		assert_int_equal(qt_obj_erase(seg, "s", NULL), 0);
		if (i == 0)
			used = qt_seg_used(seg);
	}
	assert_int_equal(qt_seg_used(seg), used);
	assert_int_equal(qt_seg_fsck(seg, NULL), 0);
	qt_seg_close(seg);
}

/* --- Many at once --------------------------------------------------------- */

#define THREADS	4
#define KEYS	60

struct crowd {
	struct qt_skiplist	*s;
	_Atomic int		 next, bad;
};

/* Every tenth key is always there; it is seen once in each round. */
static int
go_through(struct qt_skiplist *s, bool is_back)
{
	int		key, last = is_back ? KEYS : -1, fixed = 0;
	size_t		len = 0;
	uint64_t	v[2];

	while ((is_back ? qt_skiplist_prev : qt_skiplist_next)(s, &key, &len,
	    v, sizeof(v), NULL) > 0) {
		if (v[0] != v[1] || (is_back ? key >= last : key <= last))
			return -1;
		fixed += key % 10 == 0;
		last = key;
	}
	return fixed == KEYS / 10 ? 0 : -1;
}

static void *
work(void *arg)
{
	struct crowd	*c = arg;
	unsigned int	 seed = (unsigned int)atomic_fetch_add(&c->next, 1);

	for (int i = 0; i < 3000; i++) {
		unsigned int	r = (unsigned int)rand_r(&seed);
		int		key = (int)(r >> 6) % KEYS, rc = 0;
		uint64_t	v[2] = { r, r };

		if ((r & 31) == 0)
			rc = go_through(c->s, r >> 5 & 1);
		else if ((r & 3) < 2)
			rc = qt_skiplist_put(c->s, &key, 4, v, sizeof(v));
		else if ((r & 3) == 2 && key % 10 != 0)
			(void)qt_skiplist_del(c->s, &key, 4);
		else if (qt_skiplist_get(c->s, &key, 4, v, sizeof(v)) ==
		    sizeof(v) && v[0] != v[1])
			rc = -1;
		if (rc < 0)
			atomic_fetch_add(&c->bad, 1);
	}
	return NULL;
}

QT_TEST(threads_see_order_and_whole_values)
{
	struct qt_seg			*seg = test_seg();
	struct qt_skiplist_spec		 spec = { .key_dtype = "<i4",
	    .value_max = 16, .capacity = KEYS };
	struct crowd			 c = { .s = list_with(seg, &spec) };
	pthread_t			 thread[THREADS];
	uint64_t			 v[2] = { 0 };

	(void)state;
	for (int k = 0; k < KEYS; k += 10)
		assert_int_equal(qt_skiplist_put(c.s, &k, 4, v, 16), 0);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, work, &c),
		    0);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(thread[i], NULL), 0);
	assert_int_equal(c.bad, 0);
	check_sound(seg, c.s);
	qt_skiplist_close(c.s);
	qt_seg_close(seg);
}

/* --- Damage --------------------------------------------------------------- */

static void
try_everything(struct qt_seg *seg, struct qt_skiplist *s)
{
	unsigned char	key[24], value[40] = { 1 };
	size_t		key_len = 0, len;
	int		rounds = 0;

	for (int k = 0; k < 24; k++) {
		(void)qt_skiplist_get(s, &k, 4, value, sizeof(value));
		(void)qt_skiplist_put(s, &k, 4, value, (size_t)k);
		if (k % 3 == 0)
			(void)qt_skiplist_del(s, &k, 4);
		(void)qt_skiplist_seek(s, QT_SEEK_BEFORE, &k, 4, key, &len,
		    value, 40, &len);
	}
	while (qt_skiplist_next(s, key, &key_len, value, 40, &len) > 0)
		assert_true(rounds++ < 2000);
	(void)qt_obj_fsck(seg, 0, NULL, NULL);
	qt__skip_sweep(s, qt__obj_self(&s->obj));
	(void)qt_skiplist_count(s);
	(void)qt_skiplist_clear(s);
}

QT_TEST(damaged_words_are_errors_and_nothing_worse)
{
	struct qt_seg			*seg = test_seg();
	struct qt_skiplist_spec		 spec = { .key_max = 24,
	    .value_max = 40, .capacity = 16 };
	unsigned int			 seed = 1;

	(void)state;
	for (int round = 0; round < 200; round++) {
		struct qt_skiplist	*s = list_with(seg, &spec);
		uint64_t		 words = (s->obj.size -
		    QT__OBJ_BODY) / 8;
		uint64_t		*body = (void *)(s->obj.base +
		    QT__OBJ_BODY);

		for (int k = 0; k < 16; k++)
			assert_int_equal(qt_skiplist_put(s, &k, 4, &k, 4), 0);
		for (int i = 0; i < 1 + round % 64; i++) {
			uint64_t	r = (uint64_t)rand_r(&seed);
			/* Mostly where something is. */
			uint64_t	*at = &body[r % (i % 4 ? words :
			    words / 16)];

			*at = i % 3 == 0 ? *at ^ r : i % 3 == 1 ?
			    *at ^ (UINT64_C(1) << r % 64) :
			    (*at >> 32 << 32) | r % 24;
		}
		try_everything(seg, s);
		try_everything(seg, s);
		qt_skiplist_close(s);
		assert_int_equal(qt_obj_erase(seg, "s", NULL), 0);
	}
	qt_seg_close(seg);
}
