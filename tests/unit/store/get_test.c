/* SPDX-License-Identifier: Apache-2.0 */
/* Reading one key: what is asked of it, and nothing else. */

#include <limits.h>

#include <qt/base/sys.h>

#include "../../../libcommon/store/big_priv.h"
#include "world.h"

#define LEN	(300u << 10)	/* more than a quarter of 1 MiB */

static const char *const	plain[] = { "mode", "async", NULL };
static char			large[LEN];

static int
has(struct qt_store *s, const struct qt_store_snap *snap, const char *key)
{
	return qt_store_has(s, snap, key, strlen(key), NULL);
}

static void
expect_keys(struct qt_store *s, const struct qt_store_snap *snap)
{
	assert_int_equal(has(s, NULL, "small"), 0);
	assert_int_equal(has(s, NULL, "gone"), -ENOENT);
	assert_int_equal(has(s, NULL, "over"), -ENOENT);
	assert_int_equal(has(s, NULL, "none"), -ENOENT);
	assert_int_equal(has(s, NULL, "new"), 0);
	assert_int_equal(has(s, snap, "gone"), 0);
	assert_int_equal(has(s, snap, "new"), -ENOENT);
	assert_int_equal(qt_store_has(s, NULL, "", 0, NULL), -EMSGSIZE);
}

QT_TEST(has_says_what_get_says)
{
	struct world		 w;
	struct qt_store		*s;
	struct qt_store_snap	*snap;
	struct qt_store_put	 over = { .key = "over", .key_len = 4,
	    .expires_ms = 1 };

	(void)state;
	world_begin(&w, plain);
	s = world_open(&w);
	assert_int_equal(put(s, "small", "1", 1, 0), 0);
	assert_int_equal(put(s, "gone", "1", 1, 0), 0);
	assert_int_equal(qt_store_put(s, NULL, &over, NULL), 0);
	assert_int_equal(qt_store_snap_open(s, &snap, NULL), 0);
	assert_int_equal(put(s, "gone", "", 0, QT_STORE_DEL), 0);
	assert_int_equal(put(s, "new", "1", 1, 0), 0);
	expect_keys(s, snap);
	assert_int_equal(qt_store_checkpoint(s, NULL, NULL), 0);
	expect_keys(s, snap);
	qt_store_snap_close(snap);
	world_end(&w, s);
}

/* A value of a gigabyte costs it no more than one of a byte. */
QT_TEST(has_does_not_look_at_the_value)
{
	struct world		 w;
	struct qt_store		*s;
	struct qt_store_value	 v;

	(void)state;
	world_begin(&w, plain);
	s = world_open(&w);
	assert_int_equal(put(s, "big", large, LEN, 0), 0);
	assert_int_equal(qt__big_remove(s->big_fd, 1), 0);
	assert_int_equal(qt_store_get(s, NULL, &v, "big", 3, NULL),
	    -QT_ECORRUPT);
	assert_int_equal(has(s, NULL, "big"), 0);
	assert_int_equal(qt_store_checkpoint(s, NULL, NULL), 0);
	assert_int_equal(has(s, NULL, "big"), 0);
	world_end(&w, s);
}

/* Once, to compare it; who prints it has it in memory then. */
QT_TEST(get_maps_a_large_value_once)
{
	struct world		 w;
	struct qt_store		*s;
	struct qt_store_value	 v;

	(void)state;
	world_begin(&w, plain);
	s = world_open(&w);
	assert_int_equal(put(s, "big", large, LEN, 0), 0);
	expect(s, "big", large, LEN);
	qt_sys_fault(QT_SYS_MMAP, UINT_MAX, EIO);
	assert_int_equal(qt_store_get(s, NULL, &v, "big", 3, NULL), 0);
	assert_int_equal(qt_sys_calls(QT_SYS_MMAP), 1);
	qt_store_value_clear(&v);
	assert_int_equal(has(s, NULL, "big"), 0);
	assert_int_equal(qt_sys_calls(QT_SYS_MMAP), 1);
	qt_sys_fault(QT_SYS_MMAP, 0, 0);
	world_end(&w, s);
}
