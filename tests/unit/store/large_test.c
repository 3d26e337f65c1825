/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A store that holds far more than its memtable, its log and its cache may: what
 * is read, in whatever order, is what was written last.
 */

#include "world.h"

#define KEYS	8192u
#define PUTS	20000u
#define SIZE	400u		/* of a value; 8 MB in all */

static const char *const	small[] = { "mode", "async", "wal-max", "2M",
	"cache-size", "256K", "compression", "1", NULL };

static uint64_t
mix(uint64_t n)
{
	n = (n ^ n >> 31) * UINT64_C(0x9e3779b97f4a7c15);
	return n ^ n >> 29;
}

/* Half of it random, so that it becomes smaller, but not nothing. */
static void
make_value(char value[SIZE], uint32_t key, uint32_t generation)
{
	uint64_t	n = (uint64_t)key << 32 | generation;

	memset(value, 'v', SIZE);
	memcpy(value, &n, sizeof(n));
	for (size_t i = 8; i < SIZE / 2; i += 8) {
		n = mix(n);
		memcpy(value + i, &n, sizeof(n));
	}
}

static void
key_text(char text[16], uint32_t key)
{
	snprintf(text, 16, "key%08u", key);
}

/* model: of each key how often it was written, 0: it is not there. */
static void
write_all(struct qt_store *s, uint32_t *model)
{
	char	key[16], value[SIZE];

	for (uint32_t i = 0; i < PUTS; i++) {
		uint32_t	k = (uint32_t)(mix(i) >> 20) % KEYS;

		key_text(key, k);
		if (i % 8 == 7 && model[k] > 0) {
			assert_int_equal(put(s, key, NULL, 0, QT_STORE_DEL),
			    0);
			model[k] = 0;
			continue;
		}
		model[k] = i + 1;
		make_value(value, k, model[k]);
		assert_int_equal(put(s, key, value, SIZE, 0), 0);
	}
}

static void
get_all(struct qt_store *s, const uint32_t *model)
{
	char	key[16], value[SIZE];

	for (uint32_t i = 0; i < KEYS; i++) {
		uint32_t	k = (uint32_t)(mix(i + 77) >> 20) % KEYS;

		key_text(key, k);
		make_value(value, k, model[k]);
		expect(s, key, model[k] > 0 ? value : NULL, SIZE);
	}
}

static void
scan_all(struct qt_store *s, const uint32_t *model, int is_reverse)
{
	struct qt_store_range	 all = { .is_reverse = is_reverse };
	struct qt_store_scan	*scan;
	struct qt_store_item	 item;
	char			 key[16], value[SIZE];

	assert_int_equal(qt_store_scan_open(s, NULL, &all, &scan, NULL), 0);
	for (uint32_t i = 0; i < KEYS; i++) {
		uint32_t	k = is_reverse ? KEYS - 1 - i : i;

		if (model[k] == 0)
			continue;
		assert_int_equal(qt_store_scan_next(scan, &item, NULL), 1);
		key_text(key, k);
		make_value(value, k, model[k]);
		assert_int_equal(item.key_len, strlen(key));
		assert_memory_equal(item.key, key, item.key_len);
		assert_int_equal(item.value_len, SIZE);
		assert_memory_equal(item.value, value, SIZE);
	}
	assert_int_equal(qt_store_scan_next(scan, &item, NULL), 0);
	qt_store_scan_close(scan);
}

static void
ignore(void *arg, const char *what)
{
	(void)arg;
	print_message("%s\n", what);
}

QT_TEST(what_is_far_larger_than_memory_is_read_as_it_was_written)
{
	static uint32_t		model[KEYS];
	struct world		w;
	struct qt_store		*s;
	struct qt_store_stat	st;

	(void)state;
	world_begin(&w, small);
	s = world_open(&w);
	write_all(s, model);
	assert_int_equal(qt_store_stat(s, &st, NULL), 0);
	assert_true(st.memtable_bytes <= 2u << 20);
	/* Deflated to a half, it is still more than the cache may hold. */
	assert_true(st.run_bytes > 4 * (256u << 10));
	get_all(s, model);
	scan_all(s, model, 0);
	scan_all(s, model, 1);
	world_reboot(s);
	s = world_open(&w);
	get_all(s, model);
	assert_int_equal(qt_store_compact(s, NULL), 0);
	get_all(s, model);
	scan_all(s, model, 1);
	assert_int_equal(qt_store_verify(w.path, ignore, NULL, NULL), 0);
	world_end(&w, s);
}
