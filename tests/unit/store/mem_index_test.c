/* SPDX-License-Identifier: Apache-2.0 */
/* Keys of one hash in a memtable's index: libcommon/store/mem_index.c. */

#include "../../../libcommon/store/super_priv.h"
#include "world.h"

#define KEYS	500000u		/* of which 29 pairs have one hash */

struct hashed {
	uint32_t	hash, key;
};

static int
compare(const void *a, const void *b)
{
	const struct hashed	*x = a, *y = b;

	return x->hash < y->hash ? -1 : x->hash > y->hash;
}

static void
key_of(char out[24], uint32_t n)
{
	snprintf(out, 24, "key %u", n);
}

/* Two keys that the store's memtables cannot tell apart by their hash. */
static void
find_pair(struct qt_store *s, char a[24], char b[24])
{
	struct hashed		*all = calloc(KEYS, sizeof(*all));
	struct qt__stripe	*stripe;
	const struct qt__mem	*m;
	uint32_t		 i;

	assert_non_null(all);
	assert_int_equal(qt__super_get(s, &stripe, NULL), 0);
	m = stripe->super->mems[0];
	for (i = 0; i < KEYS; i++) {
		key_of(a, i);
		all[i] = (struct hashed){ qt__mem_hash(&m->hash, a,
		    strlen(a)), i };
	}
	qt__super_release(stripe);
	qsort(all, KEYS, sizeof(*all), compare);
	for (i = 1; i < KEYS && all[i].hash != all[i - 1].hash; i++)
		continue;
	assert_true(i < KEYS);
	key_of(a, all[i].key);
	key_of(b, all[i - 1].key);
	free(all);
}

static void
expect_seen(struct qt_store *s, const struct qt_store_snap *snap,
    const char *key, const char *text)
{
	struct qt_store_value	v;

	assert_int_equal(qt_store_get(s, snap, &v, key, strlen(key), NULL), 0);
	assert_int_equal(v.len, strlen(text));
	assert_memory_equal(v.data, text, v.len);
	qt_store_value_clear(&v);
}

QT_TEST(keys_of_one_hash_are_two)
{
	const char		*settings[] = { NULL };
	struct world		 w;
	struct qt_store_snap	*snap;
	struct qt_store_stat	 st;
	char			 a[24], b[24];

	(void)state;
	world_begin(&w, settings);
	w.s = world_open_as(&w, QT_STORE_NO_THREADS);
	find_pair(w.s, a, b);
	assert_int_equal(put_text(w.s, a, "a1", QT_STORE_IF_ABSENT), 0);
	expect_text(w.s, b, NULL);
	assert_int_equal(put_text(w.s, b, "b1", QT_STORE_IF_ABSENT), 0);
	assert_int_equal(put_text(w.s, a, "a2", 0), 0);
	assert_int_equal(qt_store_snap_open(w.s, &snap, NULL), 0);
	assert_int_equal(put_text(w.s, b, "b2", 0), 0);
	assert_int_equal(put_text(w.s, a, "", QT_STORE_DEL), 0);
	expect_text(w.s, a, NULL);
	expect_text(w.s, b, "b2");
	expect_seen(w.s, snap, a, "a2");
	expect_seen(w.s, snap, b, "b1");
	qt_store_snap_close(snap);
	/* And what is recovered, and what is in a run. */
	assert_int_equal(put_text(w.s, a, "a3", QT_STORE_IF_ABSENT), 0);
	world_reboot(w.s);
	w.s = world_open_as(&w, QT_STORE_NO_THREADS);
	expect_text(w.s, a, "a3");
	expect_text(w.s, b, "b2");
	assert_int_equal(qt_store_compact(w.s, NULL), 0);
	assert_int_equal(qt_store_stat(w.s, &st, NULL), 0);
	assert_int_equal(st.run_records, 2);
	expect_text(w.s, a, "a3");
	expect_text(w.s, b, "b2");
	qt_store_close(w.s, NULL);
	assert_int_equal(qt_store_remove(w.path, NULL), 0);
	world_rm(&w);
}
